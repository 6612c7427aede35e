"""What the journeys of JupyterLab's extension do in a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from journeys.conftest import Notebook, write_notebook

LOAD = "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;"
#: A cell that keeps the kernel busy for some seconds.
BUSY = "import time\nfor _ in range(80): time.sleep(0.1)\nprint('end', counter.edition())"


def execute(page: Page, command: str, arguments: Mapping[str, object] | None = None) -> None:
    """Run one of our commands, and do not wait for its end: it may ask something."""
    page.evaluate(
        """([id, args]) => {
            window.themisCommand = window.jupyterapp.commands.execute(`themis-jupyter:${id}`, args);
        }""",
        [command, dict(arguments or {})],
    )


def enabled(page: Page, command: str) -> bool:
    answer: bool = page.evaluate(
        "(id) => window.jupyterapp.commands.isEnabled(`themis-jupyter:${id}`)", command
    )
    return answer


def wait_until_enabled(page: Page, command: str) -> None:
    page.wait_for_function(
        "(id) => window.jupyterapp.commands.isEnabled(`themis-jupyter:${id}`)", arg=command
    )


def side_bar(notebook: Notebook) -> Any:
    """Show the side bar."""
    execute(notebook.page, "open")
    bar = notebook.page.locator(".jp-themis-Panel")
    expect(bar).to_be_visible()
    return bar


def card_in(bar: Any, name: str = "counter") -> Any:
    card = bar.get_by_role("article", name=f"Plugin: {name}")
    expect(card).to_be_visible()
    return card


def loaded(bar: Any) -> None:
    """Wait until the card is that of a loaded plugin."""
    expect(bar.get_by_role("button", name="Reload: counter")).to_be_visible()


def with_plugin(notebook: Notebook) -> Any:
    """Show the side bar of a kernel with a plugin; return the bar."""
    bar = side_bar(notebook)
    notebook.run(0, LOAD)
    loaded(bar)
    return bar


def reload_button(notebook: Notebook) -> Any:
    """Return the button in the notebook's toolbar."""
    return notebook.page.locator(".jp-themis-ReloadButton").get_by_role("button")


def told(page: Page, text: str) -> Any:
    """Wait for a notification; return it."""
    toast = page.locator(".Toastify__toast").filter(has_text=text)
    expect(toast).to_be_visible()
    return toast


def answer(page: Page, button: str, text: str | None = None) -> None:
    """Answer the dialog that is open."""
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_be_visible()
    if text is not None:
        dialog.locator("input").fill(text)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def open_file(page: Page, path: str) -> Any:
    """Open a file in an editor of the same page (JupyterLab); return what is around its editor."""
    page.evaluate(
        """async (path) => {
            const widget = await window.jupyterapp.commands.execute('docmanager:open', {path});
            await widget.context.ready;
        }""",
        path,
    )
    return page.locator(".jp-MainAreaWidget:not(.lm-mod-hidden)").filter(
        has=page.locator(".jp-FileEditor")
    )


def open_beside(notebook: Notebook, name: str, kernel: str = "python3") -> None:
    """Open another notebook of the folder in the same page (JupyterLab), or the first one again."""
    file = notebook.folder / name
    if not file.exists():
        write_notebook(file, kernel)
    notebook.page.evaluate(
        "async (path) => { await window.jupyterapp.commands.execute('docmanager:open', {path}); }",
        f"{notebook.folder.name}/{name}",
    )
    notebook.page.wait_for_function(
        "(name) => window.jupyterapp.shell.currentWidget?.context?.path.endsWith(`/${name}`)",
        arg=name,
    )
    notebook.ready()


def come_back(page: Page) -> None:
    """Come back to the page from another program."""
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
