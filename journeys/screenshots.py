"""Takes the pictures of the docs anew: python -m journeys.screenshots, after make ui and make labextension."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from journeys.conftest import FLAGS, Notebook, Server
from journeys.lab import card_in, come_back, execute, open_file, with_plugin
from tools.browser import find

FOLDER = Path(__file__).parent.parent / "docs" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def main() -> None:
    """Write all."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server("lab", Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            take_panel(server, browser)
            take_lab(server, browser)
            browser.close()
        finally:
            server.stop()


def take_panel(server: Server, browser: Browser) -> None:
    """The panel below a cell, after a reload."""
    context = browser.new_context(viewport={"width": 1180, "height": 760})
    notebook = Notebook(server, context, "demo")
    card = notebook.panel()
    notebook.edit("return 1", "return 2")
    card.get_by_role("button", name="Reload: counter").click()
    expect(card).to_contain_text("counter reloaded in")
    # The folder of this machine does not belong into the picture.
    notebook.page.add_style_tag(
        content=".tp-file { display: none !important } .tp-app { max-width: 760px }"
    )
    shown = notebook.page.locator(".tp-app").first
    for name in THEMES:
        change_theme(notebook.page, name)
        shown.scroll_into_view_if_needed()
        shown.screenshot(path=FOLDER / f"panel-{name}.png", animations="disabled")
    context.close()


def take_lab(server: Server, browser: Browser) -> None:
    """JupyterLab with the side bar: an edited file in light, what differs in dark."""
    context = browser.new_context(viewport={"width": 1180, "height": 640})
    notebook = Notebook(server, context, "work")
    page = notebook.page
    bar = with_plugin(notebook)
    notebook.run(1, "counter.add(), counter.edition()")
    notebook.edit("return 1", "return 2")
    come_back(page)
    card = card_in(bar)
    expect(card).to_contain_text("edited")
    page.add_style_tag(content=".tp-file { display: none !important }")
    card.get_by_role("button", name="counter", exact=True).click()
    change_theme(page, "light")
    page.screenshot(path=FOLDER / "lab-light.png", animations="disabled")
    open_file(page, "work/counter.py")
    execute(page, "show-diff")
    expect(page.locator(".jp-themis-Diff .jp-themis-inserted")).to_be_visible()
    page.evaluate(
        """() => {
            const {shell} = window.jupyterapp;
            const diff = [...shell.widgets('main')].find((each) => each.id.includes(':diff:'));
            shell.add(diff, 'main', {mode: 'split-bottom'});
        }"""
    )
    change_theme(page, "dark")
    page.screenshot(path=FOLDER / "lab-dark.png", animations="disabled")
    context.close()


def change_theme(page: Page, name: str) -> None:
    change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page.evaluate(change, THEMES[name])
    light = "true" if name == "light" else "false"
    page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")


if __name__ == "__main__":
    main()
