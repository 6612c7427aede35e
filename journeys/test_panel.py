"""The panel in a browser: what users see and click."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from journeys.conftest import PLUGIN, Notebook


def button(card: Any, name: str) -> Any:
    return card.get_by_role("button", name=f"{name}: counter")


def test_a_click_reloads(notebook: Notebook) -> None:
    card = notebook.panel()
    expect(card).to_contain_text("loaded")
    assert notebook.run(2, "held = counter.edition\nheld(), counter.add()").strip() == "(1, 1)"
    notebook.edit("return 1", "return 2")
    button(card, "Reload").click()
    expect(card).to_contain_text("counter reloaded in")
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
    expect(card).to_contain_text("counter reloaded in")
    # The cell is still running: the click did not wait for it, and the cell has the new code.
    assert notebook.is_running()
    assert "end 2" in notebook.end(2)


def test_a_kernel_without_subshells_says_that_clicks_wait(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook("plain")
    card = notebook.panel()
    notebook.edit("return 1", "return 2")
    notebook.begin(2, "import time\nfor _ in range(60): time.sleep(0.1)")
    button(card, "Reload").click()
    waits = notebook.page.get_by_text("Requests wait until the cell ends.")
    expect(waits).to_be_visible()
    notebook.end(2)
    expect(card).to_contain_text("counter reloaded in")
    expect(waits).to_have_count(0)


def test_a_broken_file(notebook: Notebook) -> None:
    card = notebook.panel()
    notebook.edit("return 1", "return 1 / 0\n\n    print('(")
    button(card, "Reload").click()
    expect(card).to_contain_text("is not valid Python (line")
    expect(card).to_contain_text("The old version goes on running")
    assert notebook.run(2, "counter.edition()").startswith("1\n⚠")
    notebook.write(PLUGIN.replace("return 1\n", "return 3\n"))
    button(card, "Reload").click()
    expect(card).to_contain_text("counter reloaded in")
    assert notebook.run(3, "counter.edition()").strip() == "3"


def test_two_panels_stay_in_step(notebook: Notebook) -> None:
    notebook.panel(1)
    notebook.run(2, "PluginPanel()")
    one, other = notebook.card(nth=0), notebook.card(nth=1)
    notebook.edit("return 1", "return 2")
    button(one, "Reload").click()
    for card in (one, other):
        expect(card).to_contain_text("counter reloaded in")
    notebook.run(3, "%unload_plugin counter")
    for card in (one, other):
        expect(card).to_contain_text("not loaded")


def test_a_restarted_kernel(notebook: Notebook) -> None:
    notebook.panel()
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(notebook.page.get_by_text("%load_plugin counter --restore").first).to_be_visible()


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
    expect(card).to_contain_text("counter reloaded in")
    status = notebook.page.get_by_role("status").filter(has_text="counter")
    expect(status.first).to_contain_text("counter")


def test_plugins_shows_the_panel_and_a_reloaded_page_the_current_state(notebook: Notebook) -> None:
    notebook.run(0, "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;")
    notebook.run(1, "%plugins")
    notebook.card()
    notebook.save()
    # A saved notebook has the table, for where no widget can be shown.
    saved = notebook.saved(1)
    assert "counter" in saved["text/plain"] and "<table" in saved["text/html"]
    notebook.edit("return 1", "return 2")
    notebook.run(2, "%reload_plugin counter;")
    notebook.page.reload()
    notebook.ready()
    # The kernel still has the widget, and tells it what there is now.
    card = notebook.card()
    expect(card).to_contain_text("reloaded")
    card.get_by_role("button", name="counter", exact=True).click()
    card.get_by_role("button", name="Versions").click()
    notebook.edit("return 2", "return 3")
    button(card, "Reload").click()
    expect(card).to_contain_text("version 3")
    assert notebook.run(3, "counter.edition()").strip() == "3"


def test_a_widget_of_the_plugins_own(notebook: Notebook) -> None:
    own = """
    def widget(self):
        import ipywidgets
        self.slider = ipywidgets.IntSlider(value=3, max=10, description="step")
        return ipywidgets.VBox([self.slider])

    transient = ("slider",)
"""
    notebook.write(PLUGIN + own)
    card = notebook.panel()
    card.get_by_role("button", name="counter", exact=True).click()
    expect(card.get_by_text("step", exact=True)).to_be_visible()
    expect(card.locator(".widget-readout")).to_have_text("3")
    notebook.run(2, "counter.slider.value = 7")
    expect(card.locator(".widget-readout")).to_have_text("7")
    notebook.edit('description="step"', 'description="width"')
    button(card, "Reload").click()
    expect(card.get_by_text("width", exact=True)).to_be_visible()
    expect(card.locator(".widget-readout")).to_have_text("7")
    expect(card.get_by_text("step", exact=True)).to_have_count(0)


def test_saving_a_big_state_shows_bytes(notebook: Notebook) -> None:
    slow = '''

class Slow:
    """Takes its time to be saved."""

    def __reduce__(self):
        import time
        from themis_jupyter import operation
        time.sleep(2 * operation.PACE)
        return Slow, (), {"data": bytes(500_000)}
'''
    notebook.write(
        PLUGIN.replace("self.total = 0", "self.total = 0; self.slow = [Slow() for _ in range(20)]")
        + slow
    )
    card = notebook.panel()
    notebook.edit("return 1", "return 2")
    button(card, "Reload").click()
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"\d MB"))
    expect(card).to_contain_text("counter reloaded in")
    expect(card.get_by_role("progressbar")).to_have_count(0)
