"""``%reload_plugin``: what it returns, what it shows, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.magics.session import Session
from themis_jupyter import Outcome, ReloadReport
from themis_jupyter.errors import ReloadError


@pytest.fixture
def session(session: Session) -> Session:
    session.run("%load_plugin counter --as c;")
    return session


def test_the_report_is_returned(session: Session) -> None:
    session.run("c.add()")
    session.edit("self.total += self.step", "self.total += 100")
    report = session.run("%reload_plugin counter")
    assert isinstance(report, ReloadReport)
    assert report
    assert report.outcome is Outcome.RELOADED
    assert session.run("c.add()") == 101
    assert session.run("%reload_plugin counter").outcome is Outcome.UNCHANGED


def test_it_is_shown_once(session: Session) -> None:
    assert session.run("%reload_plugin counter") is not None  # IPython shows it
    session.run("r = %reload_plugin counter")
    session.run("r = %reload_plugin counter\nr")
    assert session.shown() == []
    session.run("%reload_plugin counter\n1")
    session.run("for _ in range(2):\n    %reload_plugin counter")
    session.run("def f():\n    %reload_plugin counter\nf()")
    assert len(session.shown()) == 4


def test_a_failure_in_the_middle_of_a_cell_is_shown_before_the_rest_runs(session: Session) -> None:
    session.names["shown"] = session.shown
    session.edit("LIMIT = 10", "LIMIT = 1 / 0")
    [seen] = session.run("%reload_plugin counter\nshown()")
    assert "ZeroDivisionError" in seen["text/html"]


def test_a_failure_raises_nothing(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = 1 / 0")
    report = session.run("%reload_plugin counter")
    assert not report
    assert "LIMIT = 1 / 0" in report.traceback
    assert session.run("c.add()") == 1
    with pytest.raises(ReloadError):
        report.raise_for_outcome()


@pytest.mark.parametrize("quiet", ["-q counter", "--quiet", "counter -q;", "counter;", ";"])
def test_quiet_shows_failures_only(session: Session, quiet: str) -> None:
    assert session.run(f"%reload_plugin {quiet}") is None
    assert session.run(f"%reload_plugin {quiet}\n1") == 1
    assert session.shown() == []
    session.run(f"r = %reload_plugin {quiet}")
    assert session.names["r"].outcome is Outcome.UNCHANGED
    session.edit("LIMIT = 10", "LIMIT = 1 / 0")
    assert session.run(f"%reload_plugin {quiet}").outcome is Outcome.ABORTED
    assert session.run(f"%reload_plugin {quiet}\n1") == 1
    assert len(session.shown()) == 1


def test_without_a_name_all_are_reloaded_as_one(session: Session) -> None:
    assert session.run("%reload_plugin").plugins == ("counter",)
    session.workspace.write("third.py", session.workspace.path("counter.py").read_bytes())
    session.run("%load_plugin third")
    assert set(session.run("%reload_plugin").plugins) == {"counter", "third"}
    session.edit("LIMIT = 10", "LIMIT = 11")
    session.edit("LIMIT = 10", "LIMIT = 1 / 0", "third.py")
    assert not session.run("%reload_plugin --all")
    assert session.run("import counter; counter.LIMIT") == 10


@pytest.mark.parametrize("name", ["./counter.py", "{path}", "$name counter"])
def test_names_and_paths(session: Session, name: str) -> None:
    session.run("name = 'counter'")
    session.names["path"] = session.workspace.path("counter.py")
    assert session.run(f"%reload_plugin {name}").plugins == ("counter",)


def test_options_reach_the_manager(session: Session) -> None:
    session.run("c.add()")
    assert len(session.run("%reload_plugin counter --full").ran) > 3
    assert session.run("c.total") == 1
    session.run("%reload_plugin --fresh counter")
    assert session.run("c.total") == 0


def test_dependents(session: Session) -> None:
    session.workspace.write("index.py", """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["counter"]
    """)  # fmt: skip
    session.run("%load_plugin index;")
    session.edit("LIMIT = 10", "LIMIT = 11")
    report = session.run("%reload_plugin counter")
    assert "%reload_plugin counter --cascade" in report.headline()
    assert session.run("%reload_plugin counter --cascade").plugins == ("counter", "index")


def test_in_a_terminal_it_is_one_line(session: Session) -> None:
    formatter = session.shell.display_formatter
    formatter.active_types = ["text/plain"]
    report = session.run("%reload_plugin counter --full")
    assert formatter.format(report)[0]["text/plain"] == report.headline()
    session.edit("LIMIT = 10", "LIMIT = 1 / 0")
    failed = session.run("%reload_plugin counter")
    text = formatter.format(failed)[0]["text/plain"]
    assert text.startswith(failed.headline())
    assert "%plugin_errors" in text
    assert "\n" not in text
    assert "Traceback" in repr(failed)


def test_in_a_notebook_it_is_html_with_all_as_text(session: Session) -> None:
    report = session.run("%reload_plugin counter --full")
    shown = session.shell.display_formatter.format(report)[0]
    assert shown["text/plain"] == repr(report)
    assert "Reloaded" in shown["text/html"]


def test_a_deleted_file(session: Session) -> None:
    Path(session.workspace.path("counter.py")).unlink()
    report = session.run("%reload_plugin")
    assert "no longer there" in report.headline()
    assert session.run("c.add()") == 1


def test_a_new_configuration(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = 11")
    report = session.run('%reload_plugin counter --config {"step": 3}')
    assert report
    # The step is an attribute, and so state, which comes back: the report says so.
    assert session.run("c.add()") == 1
    assert ["`transient`" in warning for warning in report.warnings] == [True]
    session.edit("version =", 'transient = ("step",)\n    version =')
    assert session.run('%reload_plugin counter --config {"step": 3}').warnings == ()
    assert session.run("c.add()") == 4
    assert "one plugin" in session.usage_error('%reload_plugin --all --config {"step": 3}')


def test_a_plan(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = 11")
    plan = session.run("%reload_plugin counter --plan")
    assert [str(change) for change in plan.changes] == ["changed value LIMIT"]
    assert "step" in plan._repr_mimebundle_()["text/html"]
    assert session.run("%reload_plugin counter")
