"""JupyterLab's extension in a browser: the side bar."""

from __future__ import annotations

from playwright.sync_api import expect

from journeys.conftest import Notebook
from journeys.lab import BUSY, LOAD, card_in, loaded, side_bar, with_plugin


def test_it_says_what_to_do_and_a_button_loads_the_extension(notebook: Notebook) -> None:
    bar = side_bar(notebook)
    expect(bar).to_contain_text("is not loaded in this kernel")
    bar.get_by_role("button", name="Load the extension").click()
    expect(card_in(bar)).to_contain_text("not loaded")
    notebook.run(0, "%load_plugin counter.py --as counter;")
    loaded(bar)


def test_a_click_reloads_while_a_cell_runs(notebook: Notebook) -> None:
    card = card_in(with_plugin(notebook))
    notebook.edit("return 1", "return 2")
    notebook.begin(2, BUSY)
    card.get_by_role("button", name="Reload: counter").click()
    expect(card).to_contain_text("counter reloaded in")
    assert notebook.is_running()
    assert "end 2" in notebook.end(2)


def test_a_restarted_kernel(notebook: Notebook) -> None:
    bar = with_plugin(notebook)
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(bar).to_contain_text("is not loaded in this kernel")
    notebook.run(0, LOAD)
    loaded(bar)
