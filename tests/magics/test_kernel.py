"""The magics in a real kernel, as a notebook uses them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from tests.magics.session import BROKEN, COUNTER
from tests.watch.conftest import until
from themis_jupyter.testing import dedent

#: Seconds after which a kernel that does not answer counts as dead.
PATIENCE = 60


class Kernel:
    """A kernel and the folder that it works in."""

    def __init__(self, client: Any, folder: Path) -> None:
        self.client = client
        self.folder = folder

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.write_text(dedent(text))
        os.utime(path, (1, path.stat().st_size))  # long ago: nobody is still writing it

    def edit(self, file: str, old: str, new: str) -> None:
        self.write(file, (self.folder / file).read_text().replace(old, new))

    def run(self, code: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run a cell; return the reply and what was sent to be shown."""
        sent: list[dict[str, Any]] = []

        def hook(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("execute_result", "display_data", "stream", "error"):
                sent.append({"kind": message["msg_type"], **message["content"]})

        reply = self.client.execute_interactive(code, output_hook=hook, timeout=PATIENCE)
        return reply["content"], sent

    def value(self, code: str) -> dict[str, str]:
        """Run a cell that must succeed; return the one thing that it shows."""
        reply, sent = self.run(code)
        assert reply["status"] == "ok", reply
        [shown] = sent
        data: dict[str, str] = shown["data"]
        return data


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager(kernel_name="python3")
    environment = {**os.environ, "IPYTHONDIR": str(folder / ".ipython")}
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        yield Kernel(client, folder)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture
def kernel(running: Kernel) -> Iterator[Kernel]:
    """The kernel with the extension loaded anew, and ``counter`` as ``c``."""
    running.write("counter.py", COUNTER)
    reply, sent = running.run("%load_ext themis_jupyter\n%load_plugin counter --as c;")
    assert (reply["status"], sent) == ("ok", []), sent
    yield running
    running.run("%unload_ext themis_jupyter\n%reset -f")
    for file in running.folder.glob("*.py"):
        file.unlink()


def test_the_rich_display(kernel: Kernel) -> None:
    kernel.edit("counter.py", "LIMIT = 10", "LIMIT = 11")
    shown = kernel.value("%reload_plugin counter")
    assert "Reloaded" in shown["text/html"]
    assert shown["text/plain"].startswith("counter reloaded in ")
    assert "Steps" in shown["text/plain"]
    for line in ("%plugins", "%plugins counter", "%plugin_events", "%plugin_errors"):
        assert set(kernel.value(line)) >= {"text/plain", "text/html"}
    assert "Unloaded" in kernel.value("%unload_plugin counter")["text/html"]
    assert "Loaded" in kernel.value("%load_plugin counter")["text/html"]


def test_a_failure_in_the_middle_of_a_cell(kernel: Kernel) -> None:
    kernel.edit("counter.py", "LIMIT = 10", "LIMIT = 1 / 0")
    reply, sent = kernel.run("%reload_plugin counter\nprint('on')")
    assert reply["status"] == "ok"
    assert [each["kind"] for each in sent] == ["display_data", "stream"]
    assert "ZeroDivisionError" in sent[0]["data"]["text/html"]


def test_imported_names_follow(kernel: Kernel) -> None:
    kernel.run("from counter import LIMIT, double\nmine = 10")
    kernel.edit("counter.py", "LIMIT = 10", "LIMIT = 99")
    kernel.edit("counter.py", "2 * value", "3 * value")
    kernel.run("%reload_plugin counter")
    assert kernel.value("LIMIT, double(1), mine")["text/plain"] == "(99, 3, 10)"


def test_usage_errors(kernel: Kernel) -> None:
    reply, sent = kernel.run("%reload_plugin countr")
    assert reply["status"] == "error"
    assert reply["ename"] == "UsageError"
    text = "UsageError: no plugin 'countr'; did you mean 'counter'? (loaded: counter)\n"
    assert [each.get("text") for each in sent] == [text]


def test_a_load_that_fails(kernel: Kernel) -> None:
    kernel.write("broken.py", BROKEN)
    reply, sent = kernel.run("%load_plugin broken")
    assert reply["ename"] == "PluginLoadError"
    [error] = sent
    shown = "\n".join(error["traceback"])
    assert shown.startswith("'broken' was not loaded: ValueError: no good")
    assert 'broken.py", line 5, in initialize' in shown
    assert "themis_jupyter/" not in shown
    assert "interactiveshell" not in shown


@pytest.mark.parametrize(
    ("code", "typed", "text"),
    [
        ("%reload_plugin co", "co", "counter"),
        ("x = 1\nr = %reload_plugin co", "co", "counter"),
        ("%unload_plugin counter --ca", "--ca", "--cascade"),
        ("%load_plugin ./co", "./co", "./counter.py"),
        ("%load_plug", "%load_plug", "%load_plugin"),
    ],
)
def test_completion(kernel: Kernel, code: str, typed: str, text: str) -> None:
    reply = kernel.client.complete(code, reply=True, timeout=PATIENCE)["content"]
    assert reply["matches"] == [text]
    assert code[reply["cursor_start"] : reply["cursor_end"]] == typed


@pytest.mark.parametrize("code", ["%reload_plugin", "%reload_plugin?"])
def test_help(kernel: Kernel, code: str) -> None:
    reply = kernel.client.inspect(code, reply=True, timeout=PATIENCE)["content"]
    assert reply["found"]
    assert "--cascade" in reply["data"]["text/plain"]


def test_unloading_the_extension(kernel: Kernel) -> None:
    reply, sent = kernel.run("%unload_ext themis_jupyter")
    assert reply["status"] == "ok"
    [told] = sent
    assert told["text"].startswith("themis_jupyter: counter was shut down and unloaded. Variables")
    reply, sent = kernel.run("%plugins")
    assert "`%plugins` not found" in sent[0]["text"]
    assert "not loaded" in kernel.value("c")["text/plain"]
    reply = kernel.client.complete("%reload_plugin co", reply=True, timeout=PATIENCE)["content"]
    assert "counter" not in reply["matches"]


def test_a_notebook_runs_without_a_browser(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text(dedent(COUNTER))
    cells = [
        "%load_ext themis_jupyter\n%load_plugin counter.py --as counter",
        "counter.add()\nfrom counter import LIMIT",
        "p = __import__('pathlib').Path('counter.py')\n"
        "_ = p.write_text(p.read_text().replace('LIMIT = 10', 'LIMIT = 11'))",
        "report = %reload_plugin\nassert report, report",
        "assert (LIMIT, counter.add()) == (11, 2)",
        "%unload_ext themis_jupyter",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    folder = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=folder).execute()
    [loaded] = notebook.cells[0].outputs
    assert loaded.data["text/plain"].startswith("counter 1.0 loaded in")
    assert notebook.cells[3].outputs == []


def test_saving_is_all_it_takes(kernel: Kernel) -> None:
    kernel.run("%watch_plugins")
    path = kernel.folder / "counter.py"
    path.write_text(path.read_text().replace("+= self.step", "+= 10"))
    reply, sent = kernel.run("c.add()")
    assert reply["status"] == "ok"
    result, note = (each["data"] for each in sent)
    assert result["text/plain"] == "10"
    assert note["text/plain"].startswith("· counter reloaded in ")
    path.write_text(path.read_text().replace("LIMIT = 10", "LIMIT = ("))
    reply, sent = kernel.run("c.add()")
    assert [each["kind"] for each in sent] == ["execute_result", "display_data"]
    assert "was aborted. %plugin_errors shows why" in sent[1]["data"]["text/plain"]
    assert "themis-warn" in sent[1]["data"]["text/html"]
    assert kernel.run("1 + 1")[1][0]["data"]["text/plain"] == "2"


def test_a_cell_that_runs_for_long_sees_one_version(kernel: Kernel) -> None:
    kernel.run("%watch_plugins")
    cell = """
        import pathlib, time
        path = pathlib.Path("counter.py")
        path.write_text(path.read_text().replace("+= self.step", "+= 10"))
        waits = lambda: get_ipython().run_line_magic("watch_plugins", "status")[0].waiting
        deadline = time.monotonic() + 20
        while not waits() and time.monotonic() < deadline:
            time.sleep(0.01)
        print(c.add(), waits())
    """
    reply, sent = kernel.run(dedent(cell))
    assert (reply["status"], sent[0]["text"]) == ("ok", "1 the cell that is running\n")
    assert kernel.run("c.add()")[1][0]["data"]["text/plain"] == "11"


def test_a_saved_plugin_comes_in_in_the_thread_of_the_cells(kernel: Kernel) -> None:
    """A connection to a database is bound to the thread that opened it. Nobody runs a cell meanwhile."""
    text = """
        import pathlib
        import sqlite3
        import threading
        from themis_jupyter import StatefulPlugin

        class Notes(StatefulPlugin):
            transient = ("connection",)

            def initialize(self, config):
                self.connection = sqlite3.connect(":memory:")
                thread = threading.current_thread().name
                pathlib.Path("started.txt").write_text(f"{self.edition()} {thread}")

            def edition(self):
                return 1, self.connection.execute("select 7").fetchone()
    """
    kernel.write("notes.py", text)
    kernel.run("%load_plugin notes --as notes --watch;")
    started = kernel.folder / "started.txt"
    assert started.read_text() == "(1, (7,)) MainThread"
    (kernel.folder / "notes.py").write_text(dedent(text.replace("return 1,", "return 2,")))
    until(lambda: started.read_text() == "(2, (7,)) MainThread")
    assert kernel.run("print(notes.edition())")[1][0]["text"] == "(2, (7,))\n"


def test_a_front_end_opens_a_comm(kernel: Kernel) -> None:
    """As JupyterLab's extension does it: no code is run for that."""

    def send(kind: str, **content: Any) -> None:
        client = kernel.client
        client.shell_channel.send(client.session.msg(kind, {"comm_id": "page-1", **content}))

    def heard(wanted: str) -> dict[str, Any]:
        while True:
            message = kernel.client.get_iopub_msg(timeout=PATIENCE)
            content: dict[str, Any] = message["content"]
            if message["msg_type"] == "comm_close":
                return {"kind": "closed"}
            if message["msg_type"] == "comm_msg" and content["data"]["kind"] == wanted:
                data: dict[str, Any] = content["data"]
                return data

    send("comm_open", target_name="themis_jupyter", data={})
    send("comm_msg", data={"kind": "hello", "id": "1", "protocol": 1})
    assert [each["name"] for each in heard("state")["plugins"]] == ["counter"]
    kernel.edit("counter.py", "LIMIT = 10", "LIMIT = 11")
    send("comm_msg", data={"kind": "reload", "id": "2", "plugins": ["counter"]})
    assert (
        "counter reloaded in" in heard("reply")["text"]
        or "counter reloaded in" in heard("reply")["text"]
    )
    kernel.run("%unload_ext themis_jupyter")
    send("comm_open", target_name="themis_jupyter", data={})
    assert heard("nothing") == {"kind": "closed"}
