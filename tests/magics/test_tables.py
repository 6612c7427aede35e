"""``%plugins``, ``%plugin_events`` and ``%plugin_errors``."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.magics.session import BROKEN, COUNTER, Session
from themis_jupyter import Outcome

INDEX = """
    from themis_jupyter import Plugin

    class Index(Plugin):
        "Finds things."
        dependencies = ["counter"]
"""

TWO = """
    from themis_jupyter import Plugin

    class One(Plugin): ...

    class Two(Plugin): ...
"""


def test_plugins_lists_what_is_and_what_could_be_loaded(session: Session) -> None:
    session.workspace.write("index.py", INDEX)
    session.workspace.write("third.py", COUNTER)
    session.run("%load_plugin index;")
    table = session.run("%plugins")
    assert [(row.name, row.version, row.state, row.dependents) for row in table] == [
        ("counter", "1.0", "loaded", ("index",)),
        ("index", "0", "loaded", ()),
        ("third", "1.0", "not loaded", ()),
    ]
    assert len(table) == 3
    assert table["index"].last == ""
    assert table[0] is table["counter"]
    with pytest.raises(KeyError):
        table["nothing"]
    assert repr(table).splitlines()[0].split("  ")[0] == "name"
    assert "<table>" in table._repr_mimebundle_()["text/html"]


def test_a_file_that_is_no_plugin_is_not_listed_after_an_attempt(session: Session) -> None:
    session.workspace.write("notes.py", "x = 1\n")
    session.workspace.write("both.py", TWO)
    assert "has no plugin" in session.usage_error("%load_plugin notes.py")
    assert "defines 2 plugins" in session.usage_error("%load_plugin both.py")
    # What looks like a plugin still is, as it was before.
    assert [row.name for row in session.run("%plugins")] == ["both", "counter"]
    assert "did you mean" not in session.usage_error("%load_plugin nots")
    session.workspace.write("notes.py", COUNTER)
    assert session.run("%load_plugin notes.py").name == "notes"


def test_without_any_plugin_there_is_a_sentence(session: Session) -> None:
    session.workspace.delete("counter.py")
    table = session.run("%plugins")
    assert not table
    assert "%load_plugin ./plugin.py" in repr(table)
    assert "%load_plugin ./plugin.py" in table._repr_mimebundle_()["text/html"]


def test_the_last_reload_and_drift(session: Session) -> None:
    session.run("%load_plugin counter;")
    assert (session.run("%plugins")["counter"].drift) == ""
    session.edit("LIMIT = 10", "LIMIT = 1 / 0")
    assert session.run("%plugins")["counter"].drift == "edited"
    assert "edited" in repr(session.run("%plugins"))
    session.run("r = %reload_plugin counter")
    assert session.run("%plugins")["counter"].last == "aborted"
    session.workspace.delete("counter.py")
    assert session.run("%plugins")["counter"].drift == "deleted"


def test_a_package_is_edited_if_any_of_its_files_is(session: Session) -> None:
    session.workspace.write("pack/__init__.py", "from .inner import Inner\n" + "X = 1\n")
    session.workspace.write("pack/inner.py", """
        from themis_jupyter import Plugin

        class Inner(Plugin):
            pass
    """)  # fmt: skip
    session.run("%load_plugin ./pack;")
    assert session.run("%plugins")["pack"].drift == ""
    session.edit("pass", "x = 1", "pack/inner.py")
    assert session.run("%plugins")["pack"].drift == "edited"
    details = session.run("%plugins ./pack/")
    assert details["pack.inner runs"].endswith("; on disk: edited")
    assert "on disk" not in details["pack runs"]


def test_a_broken_plugin(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.edit("LIMIT = 10", "import os")
    session.edit("self.total = 0", "self.total = 0; assert 'REFUSE' not in os.environ")
    session.run("%load_plugin counter;")
    # The new version fails to start, and the old one fails to start again.
    monkeypatch.setenv("REFUSE", "1")
    session.edit("return self.total", "return self.total + 1")
    assert session.run("%reload_plugin counter").outcome is Outcome.FAILED
    assert session.run("%plugins")["counter"].state == "broken"
    assert session.run("%plugins counter")["state"] == "broken"
    assert len(session.run("%plugin_errors")) == 1
    monkeypatch.delenv("REFUSE")
    assert session.run("%reload_plugin counter")
    assert session.run("%plugins")["counter"].state == "loaded"


def test_details(session: Session) -> None:
    session.edit('version = "1.0"', """version = "1.0"
    description = "Counts things."
    config_schema = {"properties": {"key": {"writeOnly": True}}}
""")  # fmt: skip
    session.run('%load_plugin counter --config {"step": 2, "key": "secret"};')
    facts = session.run("%plugins counter")
    digest = hashlib.sha256(Path("counter.py").read_bytes()).hexdigest()
    assert facts["counter runs"] == f"sha256 {digest}"
    assert facts["configuration"] == '{"step": 2, "key": "••••"}'
    assert facts["description"] == "Counts things."
    assert facts["file"] == str(session.workspace.path("counter.py"))
    assert facts["on disk"] == "same"
    assert "secret" not in repr(facts)
    assert digest in facts._repr_mimebundle_()["text/html"]
    assert next(iter(facts)) == "name"
    assert len(facts) == len(repr(facts).splitlines())
    session.run("%reload_plugin --full;")
    assert "reloaded in" in session.run("%plugins counter")["last reload"]


def test_details_of_what_is_not_loaded(session: Session) -> None:
    facts = session.run("%plugins counter")
    assert facts["state"] == "not loaded"
    assert "counter runs" not in list(facts)


def test_events(session: Session) -> None:
    assert "Nothing has happened" in repr(session.run("%plugin_events"))
    session.workspace.write("third.py", COUNTER)
    session.run("%load_plugin counter;\n%load_plugin third;")
    session.run("%reload_plugin counter --full;")
    events = session.run("%plugin_events counter -n 5")
    assert len(events) == 5
    assert events[-1].phase.value == "reloaded"
    assert {event.plugin for event in events} == {"counter"}
    everything = session.run("%plugin_events --last 100")
    assert {event.plugin for event in everything} == {"counter", "third"}
    assert all(event.status != "started" for event in events)
    assert repr(events).splitlines()[0].startswith("time")
    assert "<table>" in events._repr_mimebundle_()["text/html"]
    assert list(session.run("%plugin_events third"))[-1].status == "ended"


def test_errors_go_when_they_are_mended(session: Session) -> None:
    errors = session.run("%plugin_errors")
    assert not errors
    assert repr(errors) == "No plugin has an error that is not mended."
    session.run("%load_plugin counter;")
    session.edit("LIMIT = 10", "LIMIT = '<b>' / 0")
    session.run("r = %reload_plugin counter")
    session.workspace.write("broken.py", BROKEN)
    session.error("%load_plugin broken")
    errors = session.run("%plugin_errors")
    assert [failure.plugin for failure in errors] == ["counter", "broken"]
    assert errors[0].report == session.names["r"]
    assert "TypeError" in repr(errors)
    assert "ValueError: no good" in repr(errors)
    html = errors._repr_mimebundle_()["text/html"]
    assert "no good" in html
    assert "<b>" not in html
    session.edit("LIMIT = '<b>' / 0", "LIMIT = 10")
    session.edit('raise ValueError("no good")', "return True", "broken.py")
    session.run("%reload_plugin counter;\n%load_plugin broken;")
    assert not session.run("%plugin_errors")


def test_what_was_asked_wrongly_is_no_error_of_a_plugin(session: Session) -> None:
    session.usage_error("%load_plugin nothing")
    assert not session.run("%plugin_errors")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_place_of_the_file_is_not_waited_for(session: Session) -> None:
    session.run("%load_plugin counter;")
    session.workspace.delete("counter.py")
    os.mkfifo(session.workspace.path("counter.py"))
    assert session.run("%plugins")["counter"].drift == "unreadable"
