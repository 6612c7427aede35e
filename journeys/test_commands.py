"""JupyterLab's extension in a browser: its commands, from the palette, the menu, the keyboard and a click."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from journeys.conftest import Notebook
from journeys.lab import (
    LOAD,
    answer,
    card_in,
    come_back,
    enabled,
    execute,
    loaded,
    open_beside,
    side_bar,
    told,
    wait_until_enabled,
    with_plugin,
)

BROKEN = "return 1 / 0\n\n    def broken(self):\n        return ("


def test_no_command_can_be_used_that_has_nothing_to_do(notebook: Notebook) -> None:
    expect(side_bar(notebook)).to_contain_text("is not loaded in this kernel")
    for command in ("reload-notebook", "reload-all", "reload-file", "watch", "revert",
                    "show-errors", "show-diff", "new-plugin", "open-source"):  # fmt: skip
        assert not enabled(notebook.page, command)


def test_a_shortcut_reloads_the_plugins_of_the_notebook(notebook: Notebook) -> None:
    card = card_in(with_plugin(notebook))
    notebook.edit("return 1", "return 2")
    notebook.page.locator(".jp-Notebook .jp-Cell").first.click()
    notebook.page.keyboard.press("Control+Alt+r")
    expect(card).to_contain_text("reloaded")
    assert notebook.run(2, "counter.edition()").startswith("2")


def test_no_shortcut_belongs_to_somebody_else(notebook: Notebook) -> None:
    twice = notebook.page.evaluate(
        """() => {
            const all = window.jupyterapp.commands.keyBindings;
            const isOurs = ({command}) => command.startsWith('themis-jupyter:');
            const keys = new Set(all.filter(isOurs).map(({keys}) => keys.join()));
            if (keys.size === 0) throw new Error('there are no shortcuts');
            return all.filter((each) => !isOurs(each) && keys.has(each.keys.join()));
        }"""
    )
    assert twice == []


def test_the_menu_reloads(notebook: Notebook) -> None:
    card = card_in(with_plugin(notebook))
    notebook.edit("return 1", "return 2")
    page = notebook.page
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator(".lm-Menu-item").filter(has_text="Plugins").hover()
    page.get_by_role("menuitem", name="Reload Plugins of This Notebook").click()
    expect(card).to_contain_text("reloaded")


def test_the_palette_and_the_context_menu_have_it(notebook: Notebook) -> None:
    with_plugin(notebook)
    page = notebook.page
    page.locator(".jp-Notebook .jp-Cell").first.click(button="right")
    expect(page.get_by_role("menuitem", name="Reload Plugins of This Notebook")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:activate-command-palette')")
    palette = page.locator(".lm-CommandPalette-input")
    palette.fill("reload all plugins")
    expect(page.locator(".lm-CommandPalette-item").first).to_contain_text("Reload All Plugins")


def test_watching_is_switched_on_and_off(notebook: Notebook) -> None:
    card = card_in(with_plugin(notebook))
    execute(notebook.page, "watch")
    expect(card).to_contain_text("watched")
    notebook.edit("return 1", "return 2")
    expect(card).to_contain_text("reloaded")
    assert notebook.run(2, "counter.edition()").startswith("2")
    toggled = "() => window.jupyterapp.commands.isToggled('themis-jupyter:watch')"
    assert notebook.page.evaluate(toggled)
    execute(notebook.page, "watch")
    expect(card).not_to_contain_text("watched")
    assert not notebook.page.evaluate(toggled)


def test_a_version_is_brought_back_once_that_is_confirmed(notebook: Notebook) -> None:
    card = card_in(with_plugin(notebook))
    notebook.edit("return 1", "return 2")
    execute(notebook.page, "reload-notebook")
    expect(card).to_contain_text("reloaded")
    wait_until_enabled(notebook.page, "revert")
    execute(notebook.page, "revert")
    answer(notebook.page, "Cancel")
    assert notebook.run(2, "counter.edition()").startswith("2")
    execute(notebook.page, "revert")
    answer(notebook.page, "Revert")
    # Its file says more than what runs, again.
    expect(card).to_contain_text("reverted")
    assert notebook.run(3, "counter.edition()").startswith("1")


def test_a_failure_is_told_with_what_can_be_done(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run(0, LOAD)
    wait_until_enabled(page, "reload-notebook")
    notebook.edit("return 1", BROKEN)
    execute(page, "reload-notebook")
    toast = told(page, "counter was not reloaded")
    expect(page.locator(".Toastify__toast").filter(has_text="counter")).to_have_count(1)
    toast.get_by_role("button", name="Show Error").click()
    card = card_in(page.locator(".jp-themis-Panel"))
    expect(card.get_by_role("region", name="What went wrong")).to_be_visible()
    expect(card.get_by_role("button", name="counter").first).to_be_focused()
    # The kernel goes on with what it had.
    assert notebook.run(2, "counter.edition()").startswith("1")


def test_the_failing_line_is_opened(notebook: Notebook) -> None:
    page = notebook.page
    bar = with_plugin(notebook)
    notebook.edit("return 1", BROKEN)
    execute(page, "reload-notebook")
    expect(card_in(bar)).to_contain_text("line 21")
    position = """() => {
        const widget = window.jupyterapp.shell.currentWidget;
        return widget?.content.editor?.getCursorPosition().line;
    }"""
    if notebook.server.app == "lab":
        execute(page, "open-source")
        page.wait_for_function(f"() => ({position})() === 20")
        return
    with page.expect_popup() as popup:
        execute(page, "open-source")
    opened = popup.value
    opened.wait_for_function(f"() => window.jupyterapp && ({position})() === 20")


def test_a_new_plugin_is_written_and_loaded(notebook: Notebook) -> None:
    page = notebook.page
    bar = with_plugin(notebook)
    execute(page, "new-plugin")
    answer(page, "Ok", "no name")
    told(page, "no name")
    execute(page, "new-plugin")
    answer(page, "Ok", "counter")
    told(page, "There is a file")
    execute(page, "new-plugin")
    answer(page, "Ok", "greeter.py")
    toast = told(page, "greeter.py is written")
    assert "class Greeter" in (notebook.folder / "greeter.py").read_text()
    toast.get_by_role("button", name="Load it").click()
    expect(card_in(bar, "greeter")).to_contain_text("loaded")
    expect(bar.get_by_role("button", name="Reload: greeter")).to_be_visible()


def test_what_runs_and_what_is_saved_are_compared_in_an_editor(notebook: Notebook) -> None:
    page = notebook.page
    card = card_in(with_plugin(notebook))
    notebook.edit("return 1", "return 2")
    come_back(page)
    expect(card).to_contain_text("edited")
    execute(page, "show-diff")
    editor = page.locator(".jp-themis-Diff .cm-content")
    expect(editor.locator(".jp-themis-deleted")).to_contain_text("return 1")
    expect(editor.locator(".jp-themis-inserted")).to_contain_text("return 2")
    page.locator(".jp-themis-Diff").get_by_role("button", name="Reload").click()
    expect(editor).to_contain_text("What runs is what is saved.")


def test_all_kernels_of_the_page_are_reloaded(notebook: Notebook) -> None:
    if notebook.server.app == "notebook":
        pytest.skip("Notebook 7 shows one notebook per page")
    bar = with_plugin(notebook)
    open_beside(notebook, "m.ipynb")
    expect(bar).to_contain_text("m.ipynb")
    notebook.run(0, LOAD)
    loaded(bar)
    notebook.edit("return 1", "return 2")
    execute(notebook.page, "reload-all")
    expect(card_in(bar)).to_contain_text("reloaded")
    assert notebook.run(1, "counter.edition()").startswith("2")
    open_beside(notebook, "n.ipynb")
    expect(bar).to_contain_text("n.ipynb")
    assert notebook.run(1, "counter.edition()").startswith("2")
