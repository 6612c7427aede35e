"""JupyterLab's extension: what a page loads for it, what it adds to the start, how soon a click is answered.

``make bench ARGS="-k bench_lab --few"`` only shows that it works.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.bench_panel import WATCH
from journeys.conftest import FLAGS, PATIENCE, Notebook, Server
from tools.browser import find
from tools.labextension import OUTPUT

SECTION = "The extension, in JupyterLab in Chromium"

pytestmark = pytest.mark.skipif(
    find() is None, reason="there is no Chromium: make journeys says how to get one"
)

#: Notes when Lab has restored what was open, in milliseconds since the navigation began.
NOTE = """
    let app;
    window.themisRestored = new Promise((resolve) => {
        Object.defineProperty(window, 'jupyterapp', {
            get: () => app,
            set: (made) => {
                app = made;
                app.restored.then(() => resolve(performance.now()));
            },
        });
    });
"""

LOADED = """() => performance.getEntriesByType('resource')
    .map((entry) => new URL(entry.name).pathname)
    .filter((path) => path.includes('/extensions/themis-jupyter/'))
    .map((path) => path.split('/').pop())"""

#: A reply whose text is that of the one before it cannot be seen.
SEEN = (
    "() => Promise.race([window.themisSeen, new Promise((end) => setTimeout(end, 10_000, null))])"
)


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        yield made
        made.close()


def zipped(path: Path) -> float:
    """Return the size in kilobytes that is sent."""
    return len(gzip.compress(path.read_bytes(), 9)) / 1000


def disable(folder: Path) -> Path:
    """Make the Lab that is going to use this folder do without the extension."""
    config = folder / "jupyter_config_dir" / "labconfig" / "page_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"disabledExtensions": {"themis-jupyter": True}}))
    return folder


class Lab:
    """A browser's tabs on one Lab; what it loads is in the browser's cache, as on most days."""

    def __init__(self, server: Server, browser: Any, *, has: bool) -> None:
        self.server = server
        self.has = has
        self.context = browser.new_context()
        self.context.add_init_script(NOTE)
        self.files: list[str] = []
        self.start()

    def start(self) -> float:
        """Open Lab in a new tab; return how many milliseconds it took."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(self.server.url("lab"), wait_until="commit")
        took: float = page.evaluate("() => window.themisRestored")
        assert (
            page.evaluate("() => window.jupyterapp.hasPlugin('themis-jupyter:panel')") is self.has
        )
        self.files = page.evaluate(LOADED)
        page.close()
        return took


def test_the_start_of_lab(
    report: Callable[..., None], browser: Any, tmp_path: Path, few: bool
) -> None:
    servers = [Server("lab", tmp_path / "with")]
    try:
        servers.append(Server("lab", disable(tmp_path / "without")))
        enabled = Lab(servers[0], browser, has=True)
        disabled = Lab(servers[1], browser, has=False)
        pairs = []
        for number in range(2 if few else 20):
            first, second = (enabled, disabled) if number % 2 else (disabled, enabled)
            took = {first: first.start(), second: second.start()}
            pairs.append((took[enabled], took[disabled]))
    finally:
        for server in servers:
            server.stop()
    scripts = [path for path in (OUTPUT / "static").iterdir() if path.suffix in {".js", ".css"}]
    eager = [path for path in scripts if path.name in enabled.files]
    names = f"{len(eager)} of {len(scripts)} files"
    report(
        SECTION,
        "scripts that Lab's start loads, gzipped",
        sum(map(zipped, eager)),
        "kB",
        None,
        names,
    )
    report(SECTION, "all scripts, gzipped", sum(map(zipped, scripts)), "kB", 80)
    with_it, without = zip(*pairs, strict=True)
    differences = [one - other for one, other in pairs]
    report(SECTION, "from navigation to restored, disabled", median(without), "ms")
    report(SECTION, "from navigation to restored, enabled", median(with_it), "ms")
    note = f"{min(differences):.0f} to {max(differences):.0f} ms in {len(pairs)} pairs"
    report(SECTION, "what it adds to the start of Lab", median(differences), "ms", 50, note)


def test_a_click_in_the_side_bar(
    report: Callable[..., None], browser: Any, tmp_path: Path, few: bool
) -> None:
    server = Server("lab", tmp_path)
    rounds = 2 if few else 12
    answers = []
    try:
        notebook = Notebook(server, browser.new_context(), "a1b2c3d4")
        page = notebook.page
        page.evaluate("() => window.jupyterapp.commands.execute('themis-jupyter:open')")
        page.get_by_role("button", name="Load the extension").click()
        page.locator(".jp-themis-Panel").get_by_text("counter").first.wait_for()
        notebook.run(0, "%load_plugin counter.py --as counter;")
        button = page.get_by_role("button", name="Reload: counter")
        button.wait_for()
        for number in range(1, rounds + 1):
            notebook.edit(f"return {number}\n", f"return {number + 1}\n")
            notebook.begin(3, "import time\nfor _ in range(20): time.sleep(0.1)")
            page.evaluate(WATCH, "counter reloaded in [^:]*")
            asked = page.evaluate("""() => {
                document.querySelector('[aria-label="Reload: counter"]').click();
                return Date.now();
            }""")
            seen = page.evaluate(SEEN)
            if seen is not None:
                answers.append(seen - asked)
            notebook.end(3)
        assert notebook.run(4, "print(counter.edition())").strip() == str(rounds + 1)
    finally:
        server.stop()
    note = f"{min(answers):.0f} to {max(answers):.0f} ms in {len(answers)} clicks"
    what = "from a click to its reply in the side bar, while a cell runs"
    report(SECTION, what, median(answers), "ms", 300, note)
