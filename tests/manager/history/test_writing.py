"""The files follow a revert, if that is asked for."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.manager.conftest import Lab
from tests.manager.history.conftest import revert, words
from themis_jupyter import Outcome, PinnedHashes


def test_the_file_follows(lab: Lab, tally: Any) -> None:
    path = lab.path_of("tally")
    path.chmod(0o640)
    new = path.read_bytes()
    report = revert(lab, "tally", 1, write=True)
    assert report.outcome is Outcome.RELOADED and not report.warnings
    assert "written to tally.py" in report.headline()
    assert '"old"' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in lab.folder.iterdir() if p.is_file()) == ["tally.py"]
    assert lab.reload("tally").outcome is Outcome.UNCHANGED
    assert words(lab) == ("", "")
    assert revert(lab, "tally", 2)
    assert '"old"' in path.read_text()
    report = revert(lab, "tally", 2, write=True)  # unchanged, but the file is to follow
    assert report.outcome is Outcome.UNCHANGED
    assert "written to tally.py" in report.headline()
    assert path.read_bytes() == new


def test_an_edit_that_never_ran_is_kept_beside(lab: Lab, tally: Any) -> None:
    path = lab.path_of("tally")
    for number, suffix in ((1, ".orig"), (2, ".orig2")):
        lab.edit("tally.py", "SEEN = []", f"SEEN = [{number}]")
        edit = path.read_bytes()
        report = revert(lab, "tally", 1, write=True)
        assert report
        beside = path.with_name(f"tally.py{suffix}")
        assert beside.read_bytes() == edit
        assert [str(beside) in warning for warning in report.warnings] == [True]
        assert lab.manager.get_record("tally").last is report
        revert(lab, "tally", 2)


def test_a_link_stays_one(lab: Lab, tally: Any) -> None:
    path, real = lab.path_of("tally"), lab.folder / "real.txt"
    os.rename(path, real)
    path.symlink_to(real)
    assert revert(lab, "tally", 1, write=True)
    assert path.is_symlink()
    assert '"old"' in real.read_text()


def test_a_revert_that_fails_writes_nothing(lab: Lab, tally: Any) -> None:
    before = lab.path_of("tally").read_bytes()
    lab.manager.policy = PinnedHashes({})
    assert not revert(lab, "tally", 1, write=True)
    assert lab.path_of("tally").read_bytes() == before


def test_a_folder_that_cannot_be_written(
    lab: Lab, tally: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab.path_of("tally")
    before = path.read_bytes()

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("themis_jupyter.write_source.tempfile.mkstemp", refuse)
    report = revert(lab, "tally", 1, write=True)
    assert report.outcome is Outcome.RELOADED
    assert [f"{path} was not written: Permission denied." == w for w in report.warnings] == [True]
    assert tally.add() == ("old", 2)
    assert path.read_bytes() == before


def test_files_of_a_package(lab: Lab, pack: Any) -> None:
    report = revert(lab, "pack", 1, write=True)
    assert report
    folder = lab.folder / "pack"
    assert "tool" in (folder / "tools.py").read_text()
    assert "core one" in (folder / "core.py").read_text()
    told = " ".join(report.warnings)
    assert "more.py is not in version 1; it was left as it is" in told
    assert "plugin.json was not written" in told


def test_only_what_differs_is_written(lab: Lab, pack: Any) -> None:
    core = lab.folder / "pack/core.py"
    core.write_text("def power(): return 'core one'\n")
    before = core.stat().st_mtime_ns, core.stat().st_ino
    report = revert(lab, "pack", 1, write=True)
    assert (core.stat().st_mtime_ns, core.stat().st_ino) == before
    assert "core.py" not in report.words
    assert "__init__.py" in report.words and "tools.py" in report.words
