"""``%load_plugin`` and ``%unload_plugin``."""

from __future__ import annotations

import sys

import pytest

from tests.magics.session import BROKEN, COUNTER, Session
from themis_jupyter.errors import PluginError, PluginLoadError, SourceError
from themis_jupyter.handle import Handle


def test_the_result_says_what_was_loaded(session: Session) -> None:
    result = session.run("%load_plugin counter")
    assert repr(result).startswith("counter 1.0 loaded in ")
    assert "\n" not in repr(result)
    assert result.plugin.add() == 1
    assert result
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == repr(result)
    assert "<strong class='themis-name'>counter 1.0</strong>" in bundle["text/html"]
    assert result.sha256 in bundle["text/html"]


def test_a_version_that_was_never_stated_is_not_shown(session: Session) -> None:
    session.edit('version = "1.0"', "")
    result = session.run("%load_plugin counter")
    assert repr(result).startswith("counter loaded in ")
    assert "<strong class='themis-name'>counter</strong>" in result.html()
    assert result.version == "0"
    assert repr(result.plugin) == "<plugin counter: Counter object>"


def test_assigned_it_shows_nothing(session: Session) -> None:
    assert session.run("r = %load_plugin counter") is None
    assert session.shown() == []
    assert session.names["r"].name == "counter"


def test_a_result_that_would_be_dropped_is_shown(session: Session) -> None:
    session.run("%load_plugin counter\n1")
    [shown] = session.shown()
    assert shown["text/plain"].startswith("counter 1.0 loaded")
    assert "text/html" in shown


def test_a_semicolon_silences(session: Session) -> None:
    assert session.run("%load_plugin counter;") is None
    session.run("%plugins ;\n1")
    assert session.shown() == []


def test_as_binds_the_handle(session: Session) -> None:
    result = session.run("%load_plugin ./counter.py --as c")
    assert "as `c`" in repr(result)
    assert "as <code>c</code>" in result.html()
    assert type(session.names["c"]).__name__ == "CounterHandle"
    assert session.run("c.add()") == 1
    assert "c" in session.shell.run_line_magic("who_ls", "")


def test_who_takes_the_result_for_the_plugin_is_told(session: Session) -> None:
    session.run("c = %load_plugin counter")
    with pytest.raises(AttributeError, match=r"--as NAME, or \.plugin"):
        session.names["c"].add()


def test_loading_again_changes_nothing_and_says_so(session: Session) -> None:
    session.run("%load_plugin counter --as c")
    session.run("c.add()")
    again = session.run("%load_plugin counter --as d")
    assert repr(again) == "counter 1.0 was loaded already, as `d`"
    assert session.names["d"] is session.names["c"]
    session.edit("LIMIT = 10", "LIMIT = 11")
    assert "edited by now: %reload_plugin counter" in repr(session.run("%load_plugin counter"))


def test_what_it_needs_is_named(session: Session) -> None:
    session.workspace.write("index.py", """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["counter"]
    """)  # fmt: skip
    assert "with counter, which it needs" in repr(session.run("%load_plugin index"))


@pytest.mark.parametrize(
    "config",
    ['{"step": 3}', "'{\"step\": 3}'", "@config.json", "'@my config.json'", "$settings"],
)
def test_a_configuration(session: Session, config: str) -> None:
    for name in ("config.json", "my config.json"):
        session.workspace.write(name, '{"step": 3}')
    session.run("settings = {'step': 3}")
    session.run(f"%load_plugin counter --config {config} --as c")
    assert session.run("c.add()") == 3


def test_a_variable_of_the_function_that_calls(session: Session) -> None:
    session.run("""
        def load(settings):
            %load_plugin counter --config $settings --as c
            return c

        load({"step": 4})
    """)  # fmt: skip
    assert session.run("c.add()") == 4


@pytest.mark.parametrize(
    "name",
    [
        "'my plugins/third.py'",
        "my\\ plugins/third.py",
        "$path",
        "{path}",
        "{folder}/third.py",
        '"my plugins"/third.py  # a comment',
    ],
)
def test_paths(session: Session, name: str) -> None:
    session.workspace.write("my plugins/third.py", COUNTER)
    session.run("from pathlib import Path; folder = 'my plugins'; path = Path(folder, 'third.py')")
    assert session.run(f"%load_plugin {name}").name == "third"


def test_a_plugin_that_fails_to_load_is_shown_without_frames_of_ours(session: Session) -> None:
    session.workspace.write("broken.py", BROKEN)
    error = session.error("%load_plugin broken --as b")
    assert isinstance(error, PluginLoadError)
    words, _, traceback = error._render_traceback_()
    assert words.startswith("'broken' was not loaded: ValueError: no good")
    assert 'broken.py", line 5, in initialize' in traceback
    assert 'raise ValueError("no good")' in traceback
    assert "themis_jupyter/" not in traceback
    assert "b" not in session.names
    assert "broken" not in sys.modules


def test_a_shutdown_that_raises_is_shown_as_it_ran(session: Session) -> None:
    text = BROKEN.replace("initialize(self, config)", "shutdown(self)")
    session.workspace.write("broken.py", text)
    session.run("%load_plugin broken;")
    session.workspace.write("broken.py", "\n# edited since\n" * 4)
    error = session.error("%unload_plugin broken")
    assert isinstance(error, PluginError)
    words, _, traceback = error._render_traceback_()
    assert words == "'broken' is unloaded, but its shutdown() raised ValueError: no good."
    assert 'broken.py", line 5, in shutdown\n    raise ValueError("no good")' in traceback
    assert "themis_jupyter/" not in traceback


def test_a_syntax_error_is_shown_with_its_line(session: Session) -> None:
    session.workspace.write("broken.py", "def f(:\n")
    error = session.error("%load_plugin ./broken.py")
    assert isinstance(error, SourceError)
    shown = "\n".join(error._render_traceback_())
    assert "def f(:" in shown
    assert "themis_jupyter/" not in shown


def test_an_error_in_a_library_is_shown_from_the_plugin_on(session: Session) -> None:
    session.workspace.write("broken.py", "import json\n\nCONFIG = json.loads('{')\n")
    error = session.error("%load_plugin ./broken.py")
    shown = "\n".join(error._render_traceback_())  # type: ignore[attr-defined]
    frames = [line for line in shown.splitlines() if line.startswith("  File")]
    assert 'broken.py", line 3' in frames[0]
    assert "json" in frames[-1]


def test_an_unusable_schema_is_told_in_words(session: Session) -> None:
    text = COUNTER.replace('version = "1.0"', 'config_schema = {"type": "nothing"}')
    session.workspace.write("third.py", text)
    assert "config_schema" in session.usage_error("%load_plugin third")


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "SystemExit(3)"])
def test_what_stops_more_than_a_plugin(session: Session, kind: str) -> None:
    session.workspace.write("broken.py", f"raise {kind}\n")
    error = session.error("%load_plugin ./broken.py")
    shown = "\n".join(error._render_traceback_())  # type: ignore[attr-defined]
    assert 'broken.py", line 1' in shown
    assert "themis_jupyter/" not in shown


def test_the_variable_is_checked_before_anything_is_loaded(session: Session) -> None:
    session.usage_error("%load_plugin counter --as 1st")
    assert session.manager.list_loaded_plugins() == []


def test_a_name_that_hides_a_builtin_is_warned_of(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.run("%load_plugin counter --as list")
    assert "hides Python's own 'list'" in capsys.readouterr().err
    assert isinstance(session.names["list"], Handle)
    session.run("del list")


def test_unloading(session: Session) -> None:
    session.run("%load_plugin counter --as c")
    result = session.run("%unload_plugin counter")
    assert repr(result) == "counter was shut down and unloaded"
    assert result.names == ("counter",)
    assert "Unloaded" in result._repr_mimebundle_()["text/html"]
    assert "not loaded" in repr(session.names["c"])


def test_unloading_by_path_and_with_dependents(session: Session) -> None:
    session.workspace.write("index.py", """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["counter"]
    """)  # fmt: skip
    session.run("%load_plugin index")
    assert "%unload_plugin counter --cascade" in session.usage_error("%unload_plugin counter")
    result = session.run("%unload_plugin ./counter.py --cascade")
    assert result.names == ("index", "counter")


def test_a_plugin_that_fails_to_shut_down_is_unloaded_all_the_same(session: Session) -> None:
    text = BROKEN.replace("initialize(self, config)", "shutdown(self)")
    session.workspace.write("broken.py", text)
    session.run("%load_plugin broken")
    error = session.error("%unload_plugin broken")
    shown = "\n".join(error._render_traceback_())  # type: ignore[attr-defined]
    assert "is unloaded, but its shutdown() raised ValueError" in shown
    assert "in shutdown" in shown
    assert session.manager.list_loaded_plugins() == []


def test_a_page_is_not_written_by_a_plugin(session: Session) -> None:
    session.workspace.write("counter.py", """
        from themis_jupyter import Plugin

        class Counter(Plugin):
            name = "x"
            version = "1"
            description = "<script>"
    """)  # fmt: skip
    session.run("%load_plugin ./counter.py")
    assert "<script>" not in session.run("%plugins x")._repr_mimebundle_()["text/html"]
