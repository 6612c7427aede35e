"""A real JupyterLab and a real Notebook 7, offline, in a real Chromium."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tools.browser import find

#: Milliseconds that anything may take on a busy machine.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing outside is needed
]  # fmt: skip

PLUGIN = '''
from themis_jupyter import StatefulPlugin


class Counter(StatefulPlugin):
    """Counts."""

    version = "1.0"

    def initialize(self, config):
        self.total = 0

    def add(self):
        self.total += 1
        return self.total

    def edition(self):
        return 1
'''


#: What make labextension builds, where JupyterLab looks for it.
LABEXTENSION = Path(sys.prefix, "share", "jupyter", "labextensions", "themis-jupyter")

#: Kernels by name, each with its language and what starts it.
KERNELS = {
    # Takes what a page asks for only between cells, as other kernels do.
    "plain": (
        "python",
        "from ipykernel import kernelapp, kernelbase; "
        "kernelbase.Kernel._supports_kernel_subshells = False; "
        "kernelapp.launch_new_instance()",
    ),
    # As where our package is not installed.
    "bare": (
        "python",
        "import sys\n"
        "class Nowhere:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'themis_jupyter': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Nowhere)\n"
        "from ipykernel import kernelapp; kernelapp.launch_new_instance()",
    ),
    "other": (
        "R",
        "from ipykernel import ipkernel, kernelapp; "
        "ipkernel.IPythonKernel.language_info = {'name': 'R', 'mimetype': 'text/x-r', 'file_extension': '.r'}; "
        "kernelapp.launch_new_instance()",
    ),
}


class Server:
    """A Jupyter server with a folder of its own."""

    def __init__(
        self,
        app: str,
        folder: Path,
        python: str | Path = sys.executable,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.app = app
        self.folder = folder / "work"
        self.folder.mkdir(parents=True)
        self.token = secrets.token_hex(8)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {
            **os.environ,
            **{
                name: str(folder / name.lower())
                for name in (
                    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                    "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
                )
            },
            **(more or {}),
        }  # fmt: skip
        self.settings = folder / "jupyterlab_settings_dir"
        self.set("@jupyterlab/apputils-extension", "notification", {"fetchNews": "false"})
        for name, (language, code) in KERNELS.items():
            kernel = folder / "jupyter_data_dir" / "kernels" / name
            kernel.mkdir(parents=True)
            spec = {
                "argv": [str(python), "-c", code, "-f", "{connection_file}"],
                "display_name": name,
                "language": language,
            }
            (kernel / "kernel.json").write_text(json.dumps(spec))
        self._log = (folder / "server.log").open("w")
        expose = "LabApp" if app == "lab" else "JupyterNotebookApp"
        self.process = subprocess.Popen(
            [
                python, "-m", f"jupyter{'lab' if app == 'lab' else ''}",
                *(["notebook"] if app == "notebook" else []),
                "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.folder}",
                f"--{expose}.expose_app_in_browser=True", "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
            ],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait()

    def set(self, extension: str, plugin: str, values: Mapping[str, object]) -> None:
        """Write a user's settings, for pages that open from now on."""
        folder = self.settings / extension
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE / 1000
        while True:
            assert self.process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(self.url("api/status"), timeout=5).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._log.close()


def write_notebook(file: Path, kernel: str) -> None:
    """Write a notebook with six empty cells."""
    notebook = {
        "cells": [
            {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "source": "",
             "outputs": [], "execution_count": None}
            for n in range(6)
        ],
        "metadata": {"kernelspec": {"display_name": kernel, "language": "python", "name": kernel}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip
    file.write_text(json.dumps(notebook))


class Notebook:
    """A notebook that is open in a page, and the plugin ``counter`` beside it."""

    def __init__(
        self, server: Server, context: BrowserContext, name: str, kernel: str = "python3"
    ) -> None:
        self.server = server
        self.folder = server.folder / name
        self.folder.mkdir()
        self.file = self.folder / "counter.py"
        self.write(PLUGIN)
        write_notebook(self.folder / "n.ipynb", kernel)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        where = f"lab/workspaces/{name}/tree" if server.app == "lab" else "notebooks"
        self.page.goto(server.url(f"{where}/{name}/n.ipynb"))
        self.ready()

    def ready(self) -> None:
        """Wait until the kernel is there."""
        self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
        self.page.evaluate(
            """async () => {
                const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
                await context.ready;
                await sessionContext.ready;
                await sessionContext.session.kernel.info;
            }"""
        )

    def write(self, text: str) -> None:
        self.file.write_text(text)
        os.utime(self.file, (1e9 + len(text), 1e9 + len(text)))

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert text.count(old) == 1
        self.write(text.replace(old, new))

    def begin(self, number: int, source: str) -> None:
        """Run a cell, and do not wait for it."""
        self.page.evaluate(
            """([number, source]) => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = number;
                notebook.deselectAll();
                notebook.activeCell.model.sharedModel.setSource(source);
                window.themisRun = window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            [number, source],
        )

    def run(self, number: int, source: str) -> str:
        """Run a cell; return the text of its outputs."""
        self.begin(number, source)
        return self.end(number)

    def end(self, number: int) -> str:
        self.page.evaluate("() => window.themisRun")
        text: str = self.page.evaluate(
            """(n) => {
                const { node } = window.jupyterapp.shell.currentWidget.content.widgets[n].outputArea;
                const outputs = [...node.querySelectorAll('.jp-OutputArea-output')];
                return outputs.map((output) => output.innerText).join('\\n');
            }""",
            number,
        )
        return text

    def is_running(self) -> bool:
        """Return whether the cell that was begun last has not ended."""
        running: bool = self.page.evaluate(
            "() => Promise.race([window.themisRun.then(() => false), Promise.resolve(true)])"
        )
        return running

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def saved(self, number: int) -> dict[str, str]:
        """Return what a cell of the saved notebook shows, by its kind."""
        cell = json.loads((self.folder / "n.ipynb").read_text())["cells"][number]
        data = cell["outputs"][0]["data"]
        return {kind: "".join(text) for kind, text in data.items() if kind.startswith("text/")}

    def panel(self, number: int = 1) -> Any:
        """Show a panel below a cell; return its card of the plugin."""
        self.run(0, "%load_ext themis_jupyter\n%load_plugin counter.py --as counter;")
        self.run(number, "from themis_jupyter.widgets import PluginPanel\nPluginPanel()")
        return self.card()

    def card(self, name: str = "counter", nth: int = 0) -> Any:
        card = self.page.get_by_role("article", name=f"Plugin: {name}").nth(nth)
        expect(card).to_be_visible()
        return card


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="session", params=["lab", "notebook"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if not (LABEXTENSION / "package.json").is_file():
        pytest.fail("JupyterLab's extension is not built: make labextension", pytrace=False)
    made = Server(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.stop()


@pytest.fixture
def open_notebook(server: Server, browser: Browser) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook in a browser of its own; its kernel goes with it."""
    contexts: list[BrowserContext] = []
    opened: list[Notebook] = []

    def make(kernel: str = "python3") -> Notebook:
        contexts.append(browser.new_context(viewport={"width": 1200, "height": 1000}))
        opened.append(Notebook(server, contexts[-1], secrets.token_hex(4), kernel))
        return opened[-1]

    yield make
    for notebook in opened:
        notebook.page.evaluate(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.shutdown?.()"
        )
    for context in contexts:
        context.close()


@pytest.fixture
def notebook(open_notebook: Callable[..., Notebook]) -> Notebook:
    return open_notebook()
