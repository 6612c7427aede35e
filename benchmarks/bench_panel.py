"""The panel in a real browser: how soon a page shows a phase, and how soon a busy kernel answers a click."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from themis_jupyter.widgets import host
from tools.browser import find

SECTION = "The panel, in JupyterLab in Chromium"
ROUNDS = 12

# Notes when something else than before is to be seen in the card, in milliseconds since the epoch.
WATCH = """(wanted) => {
    const card = document.querySelector('[aria-label="Plugin: counter"]');
    const found = () => (card.innerText.match(wanted) ?? [''])[0];
    const before = found();
    window.themisSeen = new Promise((resolve) => {
        const look = () => {
            const now = found();
            if (now && now !== before) resolve(Date.now());
            else requestAnimationFrame(look);
        };
        look();
    });
}"""

#: The reload takes long enough for its steps to be seen one by one.
SLOW = """
        import time
        time.sleep(0.3)
"""

#: When the last operation began, in milliseconds since the epoch.
BEGAN = (
    "print(1000 * min(e.time for e in pm.events.history "
    "if getattr(e, 'operation', 0) == pm.events.history[-1].operation))"
)


@pytest.mark.skipif(
    find() is None, reason="there is no Chromium: make journeys says how to get one"
)
def test_the_panel_in_a_browser(report: Callable[..., None], tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    from journeys.conftest import FLAGS, PLUGIN, Notebook, Server

    server = Server("lab", tmp_path)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
            notebook = Notebook(server, browser.new_context(), "a1b2c3d4")
            slow = PLUGIN.replace("self.total = 0\n", f"self.total = 0{SLOW}", 1)
            notebook.write(slow)
            card = notebook.panel()
            page = notebook.page
            notebook.run(
                2, "from themis_jupyter import PluginManager\npm = PluginManager.instance()"
            )
            # What a card shows is small until it has been open.
            card.get_by_role("button", name="counter", exact=True).click()
            phases, answers = [], []
            for number in range(1, ROUNDS + 1):
                notebook.edit(f"return {number}", f"return {number + 1}")
                page.evaluate(WATCH, r"\d+\.?\d* m?s so far|reload…")
                notebook.begin(3, "pm.reload_plugin('counter');")
                seen = page.evaluate("() => window.themisSeen")
                notebook.end(3)
                phases.append(seen - float(notebook.run(4, BEGAN).split()[0]))
            notebook.write(PLUGIN.replace("return 1", "return 100"))
            notebook.run(3, "pm.reload_plugin('counter');")
            for number in range(100, 100 + ROUNDS):
                notebook.edit(f"return {number}", f"return {number + 1}")
                notebook.begin(3, "import time\nfor _ in range(20): time.sleep(0.1)")
                page.evaluate(WATCH, "counter reloaded in [^:]*")
                asked = page.evaluate("""() => {
                    document.querySelector('[aria-label="Reload: counter"]').click();
                    return Date.now();
                }""")
                answers.append(page.evaluate("() => window.themisSeen") - asked)
                notebook.end(3)
            browser.close()
    finally:
        server.stop()
    note = f"{min(phases):.0f} to {max(phases):.0f} ms in {ROUNDS} reloads"
    report(SECTION, "from the first phase to the page", median(phases), "ms", 100, note)
    note = f"{min(answers):.0f} to {max(answers):.0f} ms in {ROUNDS} clicks"
    what = "from a click to the end of its reload, while a cell runs"
    report(SECTION, what, median(answers), "ms", 300, note)


def test_the_size_of_the_script(report: Callable[..., None]) -> None:
    size = len(gzip.compress(host.script().encode(), 9))
    report(SECTION, "the panel's script, gzipped", size / 1000, "kB", 60)
