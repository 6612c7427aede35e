"""The checks in a process of their own: the plugin is loaded, hangs, crashes, or cannot be sent over."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from themis_jupyter import PluginManager
from themis_jupyter.errors import PluginError
from themis_jupyter.testing import Workspace, check_reload_safety
from themis_jupyter.testing.safety_report import Verdict

TEXT = """
    from themis_jupyter import StatefulPlugin

    class Subject(StatefulPlugin):
        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += self.step
"""


@pytest.fixture
def ended() -> Iterator[None]:
    yield
    with pytest.raises(ChildProcessError):  # no child is left
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.usefixtures("ended")
def test_a_loaded_plugin_is_checked_and_not_touched(workspace: Workspace) -> None:
    handle = workspace.plugin("subject", TEXT, {"step": 3})
    handle.add()
    report = check_reload_safety(handle, use="plugin.add(); assert plugin.total == 3", reloads=4)
    assert report, report
    assert (report.plugin, len(report.rows)) == ("subject", 27)
    assert handle.total == 3
    with pytest.raises(PluginError, match=r"a function cannot be sent to\. Give `use` as text"):
        check_reload_safety(handle, use=lambda plugin: plugin.add())


@pytest.mark.usefixtures("ended")
def test_a_crash_is_told(workspace: Workspace) -> None:
    handle = workspace.plugin("subject", """
        import os
        from themis_jupyter import Plugin

        class Subject(Plugin):
            def shutdown(self):
                if os.environ.get("WORLD") != "mine":
                    print("last words", flush=True)
                    os._exit(7)
    """)  # fmt: skip
    report = check_reload_safety(handle)
    (row,) = report.failures
    assert row.check == "the process"
    assert row.seen == "it ended with code 7, in the check 'edit: a comment on top': …last words"
    assert [r.check for r in report.rows[:3]] == [
        "loads and starts",
        "saves its state",
        "nothing edited",
    ]
    os.environ["WORLD"] = "mine"
    try:
        workspace.manager.unload_all_plugins()
    finally:
        del os.environ["WORLD"]


@pytest.mark.usefixtures("ended")
def test_what_does_not_end_is_ended(workspace: Workspace) -> None:
    handle = workspace.plugin("subject", TEXT)
    report = check_reload_safety(handle, use="import time; time.sleep(60)", timeout=3)
    (row,) = report.failures
    assert row.seen == "it did not end within 3 s, in the check 'loads and starts'"


@pytest.mark.usefixtures("ended")
def test_a_configuration_that_cannot_be_sent(workspace: Workspace) -> None:
    handle = workspace.plugin("subject", TEXT, {"step": 1})
    report = check_reload_safety(handle, config={"lock": threading.Lock()}, reloads=2)
    row = report.rows[0]
    assert (row.check, row.verdict) == ("configuration", Verdict.SKIPPED)
    assert "cannot pickle" in row.seen and "checked with an empty one" in row.seen
    assert report, report


@pytest.mark.usefixtures("ended")
def test_ctrl_c_ends_the_process(workspace: Workspace) -> None:
    handle = workspace.plugin("subject", TEXT)
    timer = threading.Timer(
        1.0, signal.pthread_kill, [threading.main_thread().ident or 0, signal.SIGINT]
    )
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        check_reload_safety(handle, use="import time; time.sleep(60)")
    timer.join()


# -- which plugin is meant --------------------------------------------------------------------------


def test_names_and_paths(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.folder)
    workspace.write("subject.py", TEXT)
    assert not PluginManager.initialized()
    assert check_reload_safety("subject", reloads=2)
    for wrong, says in {
        "subjet": "did you mean 'subject'",
        "./subjet.py": "did you mean 'subject.py'",
        "./nowhere/x.py": "there is no folder",
    }.items():
        with pytest.raises(PluginError, match=says):
            check_reload_safety(wrong)
    with pytest.raises(ValueError, match="takes 2 at least"):
        check_reload_safety("subject", reloads=1)


def test_a_plugin_whose_file_is_gone(workspace: Workspace) -> None:
    handle: Any = workspace.plugin("subject", TEXT)
    workspace.delete("subject.py")
    with pytest.raises(PluginError, match="is not there any more"):
        check_reload_safety(handle)
