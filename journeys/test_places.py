"""JupyterLab's extension in a browser: the toolbars, the status bar, source files, settings, and German."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from journeys.conftest import Notebook, Server
from journeys.lab import (
    LOAD,
    card_in,
    come_back,
    open_file,
    reload_button,
    side_bar,
    told,
    wait_until_enabled,
    with_plugin,
)
from journeys.language import german

BROKEN = "return (1"
AXE = Path(__file__).parent.parent / "ui" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(autouse=True)
def defaults(server: Server) -> None:
    """Begin with the settings as they come."""
    server.set("themis-jupyter", "plugin", {})


@pytest.fixture
def lab(server: Server, open_notebook: Callable[..., Notebook]) -> Notebook:
    if server.app == "notebook":
        pytest.skip("Notebook 7 has no status bar, and shows a file in a page of its own")
    return open_notebook()


def badge(notebook: Notebook) -> Any:
    return notebook.page.locator(".jp-themis-ReloadButton [data-badge]")


def loaded_notebook(notebook: Notebook) -> Notebook:
    notebook.run(0, LOAD)
    wait_until_enabled(notebook.page, "reload-notebook")
    return notebook


def test_the_button_has_a_badge_and_reloads(notebook: Notebook) -> None:
    page = loaded_notebook(notebook).page
    button = reload_button(notebook)
    expect(button).to_have_accessible_name("Reload Plugins")
    notebook.edit("return 1", "return 2")
    come_back(page)
    expect(button).to_have_accessible_name("Reload Plugins (1 differs from its file)")
    expect(badge(notebook)).to_have_attribute("data-badge", "≠ 1")
    button.click()
    expect(button).to_have_accessible_name("Reload Plugins")
    assert notebook.run(2, "counter.edition()").startswith("2")
    notebook.edit("return 2", BROKEN)
    button.click()
    expect(button).to_have_accessible_name("Reload Plugins (1 failed)")
    expect(badge(notebook)).to_have_attribute("data-badge", "✕ 1")


def test_the_button_shows_what_is_missing(notebook: Notebook) -> None:
    reload_button(notebook).click()
    bar = notebook.page.locator(".jp-themis-Panel")
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("is not loaded in this kernel")


def test_the_status_bar_says_it_and_opens_the_side_bar(lab: Notebook) -> None:
    line = lab.page.locator(".jp-themis-Status").get_by_role("button")
    expect(line).to_have_count(0)
    loaded_notebook(lab)
    expect(line).to_have_text("1 plugin runs as saved")
    lab.edit("return 1", "return 2")
    come_back(lab.page)
    expect(line).to_have_text("1 plugin differs from its file")
    line.click()
    expect(lab.page.locator(".jp-themis-Panel")).to_be_visible()


def test_the_status_bar_tells_the_phase(lab: Notebook) -> None:
    lab.edit(
        "def initialize",
        "def shutdown(self):\n        import time\n        time.sleep(4)\n\n    def initialize",
    )
    loaded_notebook(lab)
    line = lab.page.locator(".jp-themis-Status").get_by_role("button")
    lab.edit("return 1", "return 2")
    reload_button(lab).click()
    expect(line).to_contain_text("plugins: ")
    expect(line).to_have_text("1 plugin runs as saved")


def edit_in_page(lab: Notebook, old: str, new: str) -> None:
    """Type over a piece of the file that is open in an editor, and leave it unsaved."""
    lab.page.evaluate(
        """(old) => {
            const {editor} = window.jupyterapp.shell.currentWidget.content;
            const start = editor.model.sharedModel.getSource().indexOf(old);
            editor.setSelection({
                start: editor.getPositionAt(start),
                end: editor.getPositionAt(start + old.length),
            });
            editor.focus();
        }""",
        old,
    )
    lab.page.keyboard.insert_text(new)


def save(lab: Notebook) -> None:
    lab.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def opened_file(lab: Notebook) -> Any:
    """Open the plugin's file; return what its toolbar says."""
    loaded_notebook(lab)
    file = open_file(lab.page, f"{lab.folder.name}/counter.py")
    item = file.locator(".jp-themis-File")
    expect(item).to_contain_text("✓ runs as saved")
    return item


def test_a_source_file_says_how_it_stands_and_has_a_button(lab: Notebook) -> None:
    item = opened_file(lab)
    edit_in_page(lab, "return 1", "return 2")
    expect(item).to_contain_text("✎ not saved")
    save(lab)
    expect(item).to_contain_text("≠ saved, not running yet")
    item.get_by_role("button", name="Reload").click()
    expect(item).to_contain_text("✓ runs as saved")
    edit_in_page(lab, "return 2", BROKEN)
    save(lab)
    lab.page.keyboard.press("Control+Alt+r")
    told(lab.page, "counter was not reloaded")
    expect(item).to_contain_text("✕ not running: its reload failed")


def test_saving_reloads_where_that_is_set(
    server: Server, open_notebook: Callable[..., Notebook]
) -> None:
    if server.app == "notebook":
        pytest.skip("Notebook 7 shows a file in a page of its own")
    server.set("themis-jupyter", "plugin", {"reloadOnSave": True})
    lab = open_notebook()
    item = opened_file(lab)
    edit_in_page(lab, "return 1", "return 2")
    save(lab)
    expect(item).to_contain_text("✓ runs as saved")
    edit_in_page(lab, "return 2", BROKEN)
    save(lab)
    toast = told(lab.page, "counter was not reloaded")
    # Nobody sees the notebook just now: it is told, once.
    expect(lab.page.locator(".Toastify__toast").filter(has_text="counter")).to_have_count(1)
    toast.get_by_role("button", name="Show Error").click()
    card = card_in(lab.page.locator(".jp-themis-Panel"))
    expect(card.get_by_role("region", name="What went wrong")).to_be_visible()


def settings(page: Page) -> Any:
    """Open our settings beside the notebook; return their form."""
    page.evaluate(
        "() => window.jupyterapp.commands.execute('settingeditor:open', {query: 'themis-jupyter'})"
    )
    form = page.locator(".jp-SettingsPanel")
    for title in ("Side", "Reload on save", "Notifications", "Badge", "Status bar", "Source files"):
        expect(form.get_by_text(title, exact=True).first).to_be_visible()
    return form


def field(form: Any, name: str) -> Any:
    return form.locator(f'[id="jp-SettingsEditor-themis-jupyter:plugin_{name}"]')


def test_settings_are_applied_at_once(lab: Notebook) -> None:
    page = loaded_notebook(lab).page
    bar = side_bar(lab)
    assert page.locator("#jp-right-stack .jp-themis-Panel").count() == 1
    form = settings(page)
    field(form, "position").select_option(label="left")
    expect(page.locator("#jp-left-stack .jp-themis-Panel")).to_be_visible()
    expect(card_in(bar)).to_be_visible()
    line = page.locator(".jp-themis-Status").get_by_role("button")
    expect(line).to_have_count(1)
    field(form, "statusBar").uncheck()
    expect(line).to_have_count(0)
    lab.edit("return 1", "return 2")
    come_back(page)
    expect(badge(lab)).to_have_attribute("data-badge", "≠ 1")
    field(form, "badge").uncheck()
    expect(badge(lab)).to_have_count(0)


def test_the_layout_is_restored(lab: Notebook) -> None:
    with_plugin(lab)
    # It is saved a moment after it changed.
    lab.page.wait_for_function(
        """async () => {
            const all = await window.jupyterapp.serviceManager.workspaces.list();
            return JSON.stringify(all).includes('themis-jupyter:panel');
        }"""
    )
    lab.page.reload()
    lab.ready()
    expect(card_in(lab.page.locator(".jp-themis-Panel"))).to_be_visible()


def test_no_fault_that_axe_finds(lab: Notebook) -> None:
    page = lab.page
    bar = with_plugin(lab)
    card_in(bar).get_by_role("button", name="counter", exact=True).click()
    open_file(page, f"{lab.folder.name}/counter.py")
    lab.edit("return 1", "return 2")
    come_back(page)
    expect(page.locator(".jp-themis-File")).to_contain_text("≠ saved")
    page.add_script_tag(path=AXE)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        light = "true" if "Light" in theme else "false"
        page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        faults = page.evaluate(
            """async () => {
                const ours = ['.jp-themis-Panel', '.jp-themis-Status', '.jp-themis-File'];
                const {violations, passes} = await axe.run({include: ours.map((each) => [each])});
                if (passes.length === 0) throw new Error('nothing was looked at');
                return violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]);
            }"""
        )
        assert faults == [], theme


def test_it_speaks_german(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> None:
    folder = tmp_path_factory.mktemp("german")
    german(folder / "pack")
    server = Server("lab", folder, more={"PYTHONPATH": str(folder / "pack")})
    server.set("@jupyterlab/translation-extension", "plugin", {"locale": "de_DE"})
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    try:
        notebook = Notebook(server, context, "n")
        bar = side_bar(notebook)
        expect(bar).to_contain_text("themis_jupyter ist in diesem Kernel nicht geladen.")
        bar.get_by_role("button", name="Erweiterung laden").click()
        notebook.run(0, "%load_plugin counter.py --as counter;")
        expect(bar.get_by_role("button", name="Neu laden: counter")).to_be_visible()
        expect(reload_button(notebook)).to_have_accessible_name("Plugins neu laden")
    finally:
        context.close()
        server.stop()
