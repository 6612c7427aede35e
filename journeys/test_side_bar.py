"""JupyterLab's extension in a browser: the side bar."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from journeys.conftest import LABEXTENSION, PATIENCE, Notebook


@pytest.fixture(autouse=True)
def built() -> None:
    if not (LABEXTENSION / "package.json").is_file():
        pytest.fail("JupyterLab's extension is not built: make labextension", pytrace=False)


def side_bar(notebook: Notebook) -> Any:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('themis-jupyter:open')")
    bar = notebook.page.locator(".jp-themis-Panel")
    expect(bar).to_be_visible(timeout=PATIENCE)
    return bar


def card_in(bar: Any) -> Any:
    card = bar.get_by_role("article", name="Plugin: counter")
    expect(card).to_be_visible(timeout=PATIENCE)
    return card


def loaded(bar: Any) -> None:
    """Wait until the card is that of a loaded plugin."""
    expect(bar.get_by_role("button", name="Reload: counter")).to_be_visible(timeout=PATIENCE)


def test_it_says_what_to_do_and_a_button_loads_the_extension(notebook: Notebook) -> None:
    bar = side_bar(notebook)
    expect(bar).to_contain_text("is not loaded in this kernel")
    bar.get_by_role("button", name="Load the extension").click()
    expect(card_in(bar)).to_contain_text("not loaded")
    notebook.run(0, "%load_plugin counter.py --as counter;")
    loaded(bar)


def test_a_click_reloads_while_a_cell_runs(notebook: Notebook) -> None:
    bar = side_bar(notebook)
    notebook.run(0, "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;")
    card = card_in(bar)
    notebook.edit("return 1", "return 2")
    notebook.begin(
        2, "import time\nfor _ in range(80): time.sleep(0.1)\nprint('end', counter.edition())"
    )
    card.get_by_role("button", name="Reload: counter").click()
    expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
    assert notebook.is_running()
    assert "end 2" in notebook.end(2)


def test_a_restarted_kernel(notebook: Notebook) -> None:
    bar = side_bar(notebook)
    notebook.run(0, "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;")
    loaded(bar)
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(bar).to_contain_text("is not loaded in this kernel", timeout=PATIENCE)
    notebook.run(0, "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;")
    loaded(bar)
