"""``%load_ext`` and ``%unload_ext``."""

from __future__ import annotations

import gc
import linecache
import logging
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.gates import start
from tests.magics.session import BROKEN, COUNTER, Session
from themis_jupyter import PluginManager, ReloadReport, load_ipython_extension
from themis_jupyter.magics import load, unload
from themis_jupyter.testing import Workspace


def traces(shell: Any) -> dict[str, Any]:
    """Return what an extension may change."""
    # Newer versions of IPython import their own magics when they are first used.
    getattr(shell.magics_manager, "load_all_lazy_magics", lambda: None)()
    return {
        "line magics": dict(shell.magics_manager.magics["line"]),
        "cell magics": dict(shell.magics_manager.magics["cell"]),
        "registry": set(shell.magics_manager.registry),
        "events": {name: list(each) for name, each in shell.events.callbacks.items()},
        "configurables": list(shell.configurables),
        "matchers": list(shell.Completer.custom_matchers),
        "printers": dict(shell.display_formatter.formatters["text/plain"].type_printers),
        "transformers": (list(shell.ast_transformers), list(shell.input_transformers_cleanup)),
        "meta_path": list(sys.meta_path),
        "path": list(sys.path),
        "displayhook": sys.displayhook,
        "excepthook": sys.excepthook,
        "handlers": list(logging.getLogger().handlers),
    }


def test_nothing_is_left_behind(shell: InteractiveShell, workspace: Workspace) -> None:
    before = traces(shell)
    shell.run_cell("mine = 1")
    names = set(shell.user_ns)
    workspace.write("pack/__init__.py", COUNTER)
    session = Session(shell, workspace)
    session.run("%load_plugin counter --as c;")
    session.run("%load_plugin ./pack;")
    session.run("from counter import LIMIT")
    session.edit("LIMIT = 10", "LIMIT = 11")
    session.run("%reload_plugin --all")
    session.run("%unload_ext themis_jupyter")
    assert traces(shell) == before
    # IPython itself adds _i1, _2 and the like.
    added = {name for name in set(shell.user_ns) - names if not name.startswith("_")}
    assert added == {"c", "LIMIT"}
    assert not PluginManager.initialized()
    assert not {"counter", "pack"} & set(sys.modules)
    assert not [name for name in linecache.cache if name.startswith(str(workspace.folder))]
    assert logging.getLogger("themis_jupyter").handlers == []
    assert not [t.name for t in threading.enumerate() if t.name.startswith("themis_jupyter")]


def test_what_was_unloaded_is_said(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.workspace.write("index.py", """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["counter"]
    """)  # fmt: skip
    session.run("%load_plugin index --as i;")
    capsys.readouterr()
    session.run("%unload_ext themis_jupyter")
    told = capsys.readouterr().out
    assert told.startswith("themis_jupyter: counter and index were shut down and unloaded. ")
    # As those that are there belong to the manager which has gone.
    assert "need new ones: %load_plugin NAME --as VAR" in told
    assert "not loaded" in repr(session.names["i"])
    session.run("%load_ext themis_jupyter")
    capsys.readouterr()
    session.run("%unload_ext themis_jupyter")
    assert capsys.readouterr().out == ""


def test_a_plugin_that_fails_to_shut_down_is_told_of(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    text = BROKEN.replace("initialize(self, config)", "shutdown(self)")
    session.workspace.write("broken.py", text)
    session.run("%load_plugin broken;")
    session.run("%unload_ext themis_jupyter")
    told = capsys.readouterr().out
    assert "its shutdown() raised ValueError: no good" in told
    assert "broken was shut down and unloaded" in told
    assert "load_plugin" not in session.shell.magics_manager.magics["line"]


def test_a_plugin_whose_calls_do_not_end_keeps_the_extension(session: Session) -> None:
    session.workspace.write("slow.py", """
        import threading
        from themis_jupyter import Plugin

        class Slow(Plugin):
            entered = threading.Event()
            end = threading.Event()

            def work(self):
                self.entered.set()
                self.end.wait(10)
    """)  # fmt: skip
    session.run("%load_plugin slow --as slow;")
    session.run("%config PluginManager.drain_timeout = 0.01")
    slow = session.names["slow"]
    call = start(lambda: slow.work())
    assert sys.modules["slow"].Slow.entered.wait(10)
    end = sys.modules["slow"].Slow.end
    assert "the extension stays loaded" in session.usage_error("%unload_ext themis_jupyter")
    assert session.run("%plugins")["slow"].state == "loaded"
    end.set()
    call.result(10)
    session.run("%unload_ext themis_jupyter")
    assert not PluginManager.initialized()


def test_loading_and_unloading_twice(shell: InteractiveShell) -> None:
    before = traces(shell)
    unload(shell)
    load_ipython_extension(shell)
    first = traces(shell)
    load(shell)
    assert traces(shell) == first
    unload(shell)
    unload(shell)
    assert traces(shell) == before


def test_reload_ext(session: Session) -> None:
    session.run("%load_plugin counter;")
    session.run("%reload_ext themis_jupyter")
    assert session.run("%plugins")["counter"].state == "not loaded"


def test_what_the_user_had_there_comes_back(shell: InteractiveShell) -> None:
    def plugins(line: str) -> str:
        return "mine"

    any_shell: Any = shell
    any_shell.register_magic_function(plugins, "line")
    texts = any_shell.display_formatter.formatters["text/plain"]

    def printer(report: object, p: Any, cycle: bool) -> None:
        p.text("mine")

    texts.for_type(ReloadReport, printer)
    load(shell)
    assert shell.run_line_magic("plugins", "") != "mine"
    unload(shell)
    assert shell.run_line_magic("plugins", "") == "mine"
    assert texts.type_printers[ReloadReport] is printer


def test_a_shell_is_not_kept_alive(shell: InteractiveShell) -> None:
    load(shell)
    magics = weakref.ref(shell.magics_manager.registry["PluginMagics"])
    unload(shell)
    gc.collect()
    assert magics() is None


class TestConfiguration:
    @pytest.fixture
    def shell_config(self, shell_config: Config) -> Config:
        shell_config.PluginManager.drain_timeout = 1.25
        return shell_config

    def test_it_comes_from_the_shell(self, session: Session) -> None:
        assert session.manager.drain_timeout == 1.25

    def test_also_where_the_manager_was_there_first(self, shell: InteractiveShell) -> None:
        manager = PluginManager.instance()
        load(shell)
        assert PluginManager.instance() is manager
        assert manager.drain_timeout == 1.25

    def test_the_magic_lists_and_changes_it(
        self, session: Session, capsys: pytest.CaptureFixture[str]
    ) -> None:
        session.run("%config")
        assert "PluginManager" in capsys.readouterr().out
        session.run("%config PluginManager")
        listed = capsys.readouterr().out
        assert "PluginManager.drain_timeout" in listed
        assert "Current: 1.25" in listed
        session.run("%config PluginManager.drain_timeout = 2")
        assert session.manager.drain_timeout == 2


PROBE = """
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "themis_jupyter")
heavy = {"ipywidgets", "dill", "jsonschema", "numpy", "packaging", "pandas", "watchfiles", "jedi"}
heavy |= {"importlib.metadata", "themis_jupyter.render.html", "themis_jupyter.tracebacks"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_heavy_modules_are_imported_when_they_are_needed(tmp_path: Path) -> None:
    probe = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        timeout=60,
    )
    assert probe.stdout == "[]\n", probe.stdout + probe.stderr


def test_the_help_shows_no_markup(session: Session) -> None:
    """IPython puts ``::`` before a magic's usage, for Sphinx; ``%magic?`` would show it."""
    found = [m for m in session.shell.magics_manager.magics["line"] if "plugin" in m]
    assert len(found) >= 6
    for magic in found:
        text = session.shell.find_line_magic(magic).__doc__
        assert text.startswith(f"%{magic}"), magic
        assert "::" not in text, magic
        assert "``" not in text, magic
