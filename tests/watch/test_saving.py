"""Files are saved in all the ways in which editors, git and scripts do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.watch.conftest import PLUGIN, Live, watching
from themis_jupyter import Outcome
from themis_jupyter.testing import dedent


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def renamed_over(path: Path, text: str) -> None:
    new = path.with_suffix(".tmp123")
    new.write_text(text)
    new.replace(path)


def backup_then_write(path: Path, text: str) -> None:
    path.rename(path.with_suffix(".py~"))
    path.write_text(text)


def truncated_first(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.flush()
        os.fsync(file.fileno())
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            file.write(part)
            file.flush()
            os.fsync(file.fileno())


def deleted_first(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def copied_with_its_date(path: Path, text: str) -> None:
    new = path.with_suffix(".old")
    new.write_text(text)
    os.utime(new, (1_000_000_000, 1_000_000_000))
    shutil.copy2(new, path)


def with_a_lock_file(path: Path, text: str) -> None:
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("user@host.1234:5678")
    path.write_text(text)
    lock.unlink()


WAYS = (
    in_place, renamed_over, backup_then_write, truncated_first, deleted_first, copied_with_its_date,
    with_a_lock_file,
)  # fmt: skip


@pytest.mark.parametrize("save", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])
def test_every_way_of_saving(live: Live, save: Callable[[Path, str], None], polling: bool) -> None:
    live.watcher.polling = polling
    live.watcher.poll_interval = 0.02
    counter = live.load()
    counter.add()
    for edition in (2, 3):
        save(live.path(), live.text(edition))
        assert live.ended() == [Outcome.RELOADED]
        assert counter.edition() == edition
    assert counter.add() == 2


def test_a_save_without_a_change_does_nothing(live: Live) -> None:
    counter = live.load()
    live.path().write_text(live.path().read_text())
    os.utime(live.path())
    live.save(2)
    live.ended()
    assert counter.edition() == 2
    assert len(live.reloads()) == 1


def test_after_a_common_reload_none_of_the_plugins_has_drifted(live: Live) -> None:
    """Its last event names the first of them only."""
    live.load("one")
    live.load("two")
    live.manager.cells.begin()
    live.save(2, "one")
    live.save(2, "two")
    live.drifted("edited")
    assert {each.drift for each in live.watcher.status()} == {"edited"}
    live.manager.cells.end()
    live.watcher.before_cell()
    assert {each.drift for each in live.watcher.status()} == {""}
    assert live.watcher.notes() == {}


def test_several_files_saved_together_are_one_transaction(live: Live) -> None:
    live.load("one")
    live.load("two")
    for name in ("one", "two"):
        live.save(2, name)
    assert live.ended() == [Outcome.RELOADED]
    (event,) = live.reloads()
    report = live.manager.get_record("one").last
    assert report is not None
    assert sorted(report.plugins) == ["one", "two"]
    assert event.operation


def test_a_package_comes_in_as_a_whole(live: Live) -> None:
    live.lab.write("pack/__init__.py", PLUGIN.replace("return 1", "return inner.VALUE").replace(
        "from themis", "from . import inner\n    from themis", 1))  # fmt: skip
    live.lab.write("pack/inner.py", "VALUE = 1\n")
    live.lab.write("pack/data.txt", "no plugin's file\n")
    pack = live.manager.load_plugin(live.lab.folder / "pack", watch=True)
    live.forget()
    (live.lab.folder / "pack" / "data.txt").write_text("changed")
    (live.lab.folder / "pack" / "inner.py").write_text("VALUE = 2\n")
    assert live.ended() == [Outcome.RELOADED]
    assert pack.edition() == 2
    (live.lab.folder / "pack" / "plugin.json").write_text('{"description": "of two"}')
    assert live.ended() == [Outcome.RELOADED]
    assert live.manager.get_manifest("pack").description == "of two"


def test_a_module_that_a_package_imports_later_is_watched_too(live: Live) -> None:
    live.lab.write("pack/__init__.py", """
        from themis_jupyter import Plugin

        class Pack(Plugin):
            def value(self):
                from .deep import later
                return later.VALUE
    """)  # fmt: skip
    live.lab.write("pack/deep/__init__.py", "")
    live.lab.write("pack/deep/later.py", "VALUE = 1\n")
    pack = live.manager.load_plugin(live.lab.folder / "pack", watch=True)
    assert pack.value() == 1
    live.forget()
    (live.lab.folder / "pack" / "deep" / "later.py").write_text("VALUE = 2\n")
    assert live.ended() == [Outcome.RELOADED]
    assert pack.value() == 2


def test_half_a_file_is_not_taken_for_the_new_one(live: Live) -> None:
    """The half is valid Python, and so is the whole: only waiting tells them apart."""
    counter = live.load()
    text = live.text(2)
    with live.path().open("w") as file:
        file.write(text[: text.index("    def add")])
        file.flush()
        os.fsync(file.fileno())
        file.write(text[text.index("    def add") :])
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    assert [e.phase for e in live.reloads()] == [Outcome.RELOADED]


def test_an_empty_file_is_reported_only_if_it_stays_empty(live: Live) -> None:
    counter = live.load()
    text = live.text(2)
    live.path().write_text("")
    threading.Timer(0.1, live.path().write_text, [text]).start()
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_a_file_that_is_deleted_and_comes_back(live: Live) -> None:
    counter = live.load()
    old, new = live.path().read_text(), live.text(2)
    live.path().unlink()
    assert "is gone: counter.py" in live.drifted("deleted").text
    assert counter.edition() == 1
    live.path().write_text(old)
    live.drifted("")
    live.path().unlink()
    live.drifted("deleted")
    live.path().write_text(new)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    assert len(live.reloads()) == 1


def test_a_folder_that_vanishes_and_comes_back(live: Live) -> None:
    counter = live.load()
    text = live.text(2)
    aside = live.lab.folder.with_name("aside")
    live.lab.folder.rename(aside)
    live.drifted("deleted")
    assert counter.edition() == 1
    live.lab.folder.mkdir()
    live.path().write_text(text)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    # It is the new folder that is watched now.
    live.save(3)
    assert live.ended() == [Outcome.RELOADED]
    shutil.rmtree(aside)


def test_a_link_to_the_file_and_what_it_points_to(live: Live, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = elsewhere / "real.py"
    real.write_text(dedent(PLUGIN))
    live.path().symlink_to(real)
    counter = live.manager.load_plugin(live.path(), watch=True)
    live.forget()
    real.write_text(live.text(2))
    assert live.ended() == [Outcome.RELOADED]
    other = elsewhere / "other.py"
    other.write_text(live.text(3))
    link = live.path().with_suffix(".new")
    link.symlink_to(other)
    link.replace(live.path())
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 3


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_a_checkout_of_another_branch(live: Live) -> None:
    def git(*words: str) -> None:
        settings = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(
            ["git", *settings, *words], cwd=live.lab.folder, check=True, capture_output=True
        )

    names = [f"plugin{number}" for number in range(5)]
    git("init", "-q", "-b", "main")
    for name in names:
        live.lab.write(f"{name}.py", PLUGIN)
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "other")
    for name in names:
        live.save(2, name)
    git("commit", "-qam", "two")
    git("checkout", "-q", "main")
    handles = [live.manager.load_plugin(live.path(name), watch=True) for name in names]
    for handle in handles:
        handle.add()
    live.forget()
    git("checkout", "-q", "other")
    assert live.ended() == [Outcome.RELOADED]
    assert [handle.edition() for handle in handles] == [2] * 5
    git("checkout", "-q", "main")
    assert live.ended() == [Outcome.RELOADED]
    assert [handle.edition() for handle in handles] == [1] * 5
    assert [handle.add() for handle in handles] == [2] * 5
    assert len(live.reloads()) == 2


def test_a_storm_of_saves(live: Live) -> None:
    """100 saves in a second: at most a handful of reloads, and the last content wins."""
    counter = live.load()
    for edition in range(100):
        live.save(1000 + edition)
        time.sleep(0.01)  # the pace is what is tested
    while counter.edition() != 1099:
        live.ended()
    assert len(live.reloads()) <= 5
    assert not live.watcher.status()[0].drift


def test_thousands_of_other_files(live: Live) -> None:
    counter = live.load()
    for number in range(3000):
        (live.lab.folder / f"{number}.tmp").write_text("")
    live.save(2)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    assert len(live.reloads()) == 1


def test_a_limit_of_watches(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no more room for watching, the files are looked at from time to time."""
    import watchfiles._rust_notify

    def full(*args: object, **kwargs: object) -> None:
        raise OSError('OS file watch limit reached. about ["/tmp"]')

    monkeypatch.setattr(watchfiles._rust_notify, "RustNotify", full)
    live.watcher.poll_interval = 0.02
    counter = live.load()
    live.save(2)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    (status,) = live.watcher.status()
    assert "by polling, as there are no file events: OS file watch limit reached" in status.how


def test_without_threads(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in JupyterLite: what was saved comes in before the next cell."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    live.manager.step_timeout = None  # its limit is a thread as well
    monkeypatch.setattr(threading.Thread, "start", refuse)
    counter = live.load()
    assert "no threads here" in live.watcher.status()[0].how
    with live.cell():
        assert counter.edition() == 1
        live.save(2)
    assert counter.edition() == 1
    with live.cell():
        assert counter.edition() == 2
    with live.cell():
        pass
    assert len(live.reloads()) == 1
    assert not watching()
