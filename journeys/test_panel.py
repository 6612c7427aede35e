"""The panel in a browser: what users see and click."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from journeys.conftest import PATIENCE, PLUGIN, Notebook


def button(card: Any, name: str) -> Any:
    return card.get_by_role("button", name=f"{name}: counter")


def test_a_click_reloads(notebook: Notebook) -> None:
    card = notebook.panel()
    expect(card).to_contain_text("loaded")
    assert notebook.run(2, "held = counter.edition\nheld(), counter.add()").strip() == "(1, 1)"
    notebook.edit("return 1", "return 2")
    button(card, "Reload").click()
    expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    assert notebook.run(3, "held(), counter.add()").strip() == "(2, 2)"
    steps = card.get_by_role("list", name=re.compile("Steps of this reload"))
    expect(steps).to_contain_text("restore state")


def test_the_steps_fill_in_live_and_a_busy_kernel_answers(notebook: Notebook) -> None:
    card = notebook.panel()
    notebook.edit("return 1", "return 2")
    notebook.begin(
        2, "import time\nfor _ in range(80): time.sleep(0.1)\nprint('end', counter.edition())"
    )
    button(card, "Reload").click()
    expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    # The cell is still running: the click did not wait for it, and the cell has the new code.
    assert (
        notebook.page.evaluate(
            "() => Promise.race([window.themisRun.then(() => 'ended'), Promise.resolve('running')])"
        )
        == "running"
    )
    assert "end 2" in notebook.end(2)


def test_a_broken_file(notebook: Notebook) -> None:
    card = notebook.panel()
    notebook.edit("return 1", "return 1 / 0\n\n    print('(")
    button(card, "Reload").click()
    expect(card).to_contain_text("is not valid Python (line", timeout=PATIENCE)
    expect(card).to_contain_text("The old version goes on running")
    assert notebook.run(2, "counter.edition()").startswith("1\n⚠")
    notebook.write(PLUGIN.replace("return 1\n", "return 3\n"))
    button(card, "Reload").click()
    expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    assert notebook.run(3, "counter.edition()").strip() == "3"


def test_two_panels_stay_in_step(notebook: Notebook) -> None:
    notebook.panel(1)
    notebook.run(2, "PluginPanel()")
    one, other = notebook.card(nth=0), notebook.card(nth=1)
    notebook.edit("return 1", "return 2")
    button(one, "Reload").click()
    for card in (one, other):
        expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    notebook.run(3, "%unload_plugin counter")
    for card in (one, other):
        expect(card).to_contain_text("not loaded")


def test_a_restarted_kernel(notebook: Notebook) -> None:
    notebook.panel()
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(notebook.page.get_by_text("%load_plugin counter --restore").first).to_be_visible(
        timeout=PATIENCE
    )


def test_hostile_names(notebook: Notebook) -> None:
    name = "<img src=x onerror=window.pwned=1>"
    notebook.write(PLUGIN.replace('"""Counts."""', f'description = "{name}"'))
    card = notebook.panel()
    button_of_card = card.get_by_role("button", name="counter", exact=True)
    button_of_card.click()
    expect(card).to_contain_text(name)
    assert notebook.page.evaluate("() => window.pwned") is None


def test_keyboard(notebook: Notebook) -> None:
    card = notebook.panel()
    notebook.edit("return 1", "return 2")
    button(card, "Reload").focus()
    notebook.page.keyboard.press("Enter")
    expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    status = notebook.page.get_by_role("status").filter(has_text="counter")
    expect(status.first).to_contain_text("counter")
