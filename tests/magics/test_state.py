"""``%plugin_state``: shown, saved, brought back, also in another kernel; and what is typed wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.magics.session import Session
from themis_jupyter import Outcome
from themis_jupyter.state import FileStore, MemoryStore


@pytest.fixture
def saved(session: Session, tmp_path: Path) -> Session:
    """A session whose snapshots are in a folder of their own."""
    secret = b"0123456789abcdef0123456789abcdef"
    session.manager.keeper.store_of = lambda plugin: FileStore(tmp_path / "state", plugin, secret)
    session.run("%load_plugin counter.py --as c;")
    session.run("c.add(); c.add()")
    return session


def test_show(saved: Session) -> None:
    shown = saved.run("%plugin_state counter")
    assert {field.name: field.type for field in shown} == {"step": "int", "total": "int"}
    assert "total" in shown._repr_mimebundle_()["text/html"]


def test_save_and_restore(saved: Session) -> None:
    done = saved.run("%plugin_state counter save two")
    assert "'two'" in repr(done)
    saved.run("c.add()")
    saved.run("%plugin_state counter save")
    saved.run("c.add()")
    listed = saved.run("%plugin_state counter list")
    assert next(iter(listed)) == "two"
    assert len(listed) == 2
    assert listed["two"].plugin == "counter"
    assert saved.run("%plugin_state counter restore")  # the newest
    assert saved.run("c.total") == 3
    assert saved.run("%plugin_state counter restore two")
    assert saved.run("c.total") == 2
    assert saved.run("%plugin_state counter reset")
    assert saved.run("c.total") == 0
    assert saved.run("%plugin_state gc")


def test_in_another_kernel(saved: Session) -> None:
    saved.run("%plugin_state counter save")
    saved.run("%unload_plugin counter")
    assert saved.run("%load_plugin counter.py --as c --restore").notes == ()
    assert saved.run("c.total") == 2
    saved.run("%unload_plugin counter")
    saved.run("%load_plugin counter.py --as c;")
    assert saved.run("c.total") == 0


def test_nothing_to_restore_is_told(saved: Session) -> None:
    saved.run("%unload_plugin counter")
    loaded = saved.run("%load_plugin counter.py --restore")
    assert "no state of 'counter' was saved" in loaded.notes[0]
    report = saved.run("%plugin_state counter restore")
    assert not report
    assert "no state of 'counter' was saved" in str(report.error)
    report = saved.run("%plugin_state counter restore monday")
    assert not report
    assert "monday" in str(report.error)


def test_export_and_import(saved: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    file = tmp_path / "counter.state"
    saved.run(f"%plugin_state counter export {file}")
    saved.run("c.add()")
    done = saved.run(f"%plugin_state counter import {file}")
    assert "Imported" in repr(done)
    assert saved.run("%plugin_state counter restore")
    assert saved.run("c.total") == 2


def test_what_somebody_else_has_signed(
    saved: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved.run("%plugin_state counter save theirs")
    saved.manager.keeper._stores["counter"] = FileStore(
        tmp_path / "state", "counter", b"another" * 5
    )
    report = saved.run("%plugin_state counter restore theirs")
    assert not report
    assert "trust" in str(report.error)
    assert saved.run("%plugin_state counter list").rows()[0][-1] == "not signed by you"
    saved.run("c.add()")
    capsys.readouterr()
    assert saved.run("%plugin_state counter restore theirs --trust")
    assert "total (int)" in capsys.readouterr().out, "what it says of itself is shown first"
    assert saved.run("c.total") == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("countr", "did you mean 'counter'?"),
        ("counter sav", "did you mean 'save'?"),
        ("counter show me", "show takes no 'me'"),
        ("counter export", "the file is missing"),
        ("counter import no/such/file", "no/such/file"),
        ("", "required: NAME|gc"),
    ],
)
def test_what_is_typed_wrong(saved: Session, line: str, told: str) -> None:
    assert told in saved.usage_error(f"%plugin_state {line}")


def test_saved_of_itself(saved: Session) -> None:
    keeper = saved.manager.keeper
    keeper.store_of = MemoryStore
    keeper._stores.clear()
    keeper.save_after_reload, keeper.interval = True, 0.0
    saved.edit("LIMIT = 10", "LIMIT = 11")
    assert saved.run("%reload_plugin counter")
    assert len(keeper.store("counter")) == 1
    keeper.limit = 1
    saved.edit("LIMIT = 11", "LIMIT = 12")
    report = saved.run("%reload_plugin counter")
    assert report
    assert "c.StateKeeper.limit" in report.warnings[-1]
    assert len(keeper.store("counter")) == 1
    keeper.save_at_exit, keeper.limit = True, None
    saved.manager.save_at_exit()
    assert len(keeper.store("counter")) == 2


@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "KeyboardInterrupt"])
def test_the_report_survives_what_saving_of_itself_raises(saved: Session, error: str) -> None:
    saved.manager.keeper.save_after_reload = True
    saved.edit("    def add(", f"    def save_state(self): raise {error}\n\n    def add(")
    report = saved.manager.reload_plugin("counter")
    assert report.outcome is Outcome.RELOADED
    assert "was not saved of itself" in report.warnings[-1]
    assert error in report.warnings[-1]
    assert saved.manager.get_record("counter").last is report


def test_what_cannot_be_saved_is_told(saved: Session) -> None:
    saved.run("c.me = [c]")
    error = saved.usage_error("%plugin_state counter save")
    assert "belongs to this kernel" in error


def test_show_tells_why_there_is_nothing_to_show(saved: Session) -> None:
    saved.run("c.gen = (i for i in [])")
    (field,) = saved.run("%plugin_state counter")
    assert (field.name, field.becomes) == ("state", "refused")
    assert "state.gen is a generator" in field.why


def test_of_a_plugin_without_state(saved: Session) -> None:
    saved.workspace.write(
        "plain.py", "from themis_jupyter import Plugin\n\nclass P(Plugin):\n    pass\n"
    )
    saved.run("%load_plugin plain.py;")
    assert not saved.run("%plugin_state plain")
    assert "derive its class from StatefulPlugin" in saved.usage_error("%plugin_state plain save")


def test_the_first_plugins_says_that_a_state_is_there(saved: Session) -> None:
    saved.run("%plugin_state counter save")
    saved.run("%unload_plugin counter")
    first: Any = saved.run("%plugins")
    assert "--restore" in repr(first)
    assert "--restore" not in repr(saved.run("%plugins"))
