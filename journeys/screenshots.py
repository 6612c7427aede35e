"""Takes the two pictures of the README anew: python -m journeys.screenshots, after make ui."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from journeys.conftest import FLAGS, PATIENCE, Notebook, Server
from tools.browser import find

FOLDER = Path(__file__).parent.parent / "docs" / "images"
THEMES = {"panel-light.png": "JupyterLab Light", "panel-dark.png": "JupyterLab Dark"}


def main() -> None:
    """Write both."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server("lab", Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            context = browser.new_context(viewport={"width": 1180, "height": 760})
            notebook = Notebook(server, context, "demo")
            card = notebook.panel()
            notebook.edit("return 1", "return 2")
            card.get_by_role("button", name="Reload: counter").click()
            expect(card).to_contain_text("counter reloaded in", timeout=PATIENCE)
            # Neither questions of JupyterLab's nor the folder of this machine belong into the picture.
            notebook.page.add_style_tag(
                content=".Toastify, .tp-file { display: none !important } .tp-app { max-width: 760px }"
            )
            shown = notebook.page.locator(".tp-app").first
            for file, theme in THEMES.items():
                change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
                notebook.page.evaluate(change, theme)
                light = "true" if "Light" in theme else "false"
                notebook.page.wait_for_selector(
                    f'body[data-jp-theme-light="{light}"]', state="attached"
                )
                shown.scroll_into_view_if_needed()
                shown.screenshot(path=FOLDER / file, animations="disabled")
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
