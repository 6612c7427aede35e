"""What is on disk, against the versions that ran."""

from __future__ import annotations

import json
from typing import Any

from tests.manager.conftest import Lab
from tests.manager.history.conftest import revert, words
from themis_jupyter import Outcome
from themis_jupyter.comparing import compare
from themis_jupyter.drift import version_on_disk
from themis_jupyter.sides import file_side, running_side


def test_drift(lab: Lab, tally: Any) -> None:
    assert words(lab) == ("", "")
    revert(lab, "tally", 1)
    assert words(lab) == ("reverted", "running version 1, file has version 2")
    lab.edit("tally.py", '"new"', '"newer"')
    assert words(lab) == ("edited", "running version 1, file has an edit that never ran")
    lab.edit("tally.py", '"newer"', '"old"')
    assert words(lab) == ("", "")
    assert lab.reload("tally").outcome is Outcome.UNCHANGED
    lab.path_of("tally").unlink()
    assert words(lab) == ("deleted", "running version 1, file is deleted")
    assert version_on_disk(lab.manager.get_record("tally")) is None


def test_drift_by_a_checkout(lab: Lab, tally: Any) -> None:
    lab.edit("tally.py", '"new"', '"old"')
    assert words(lab) == ("edited", "running version 2, file has version 1")


def test_drift_of_a_package(lab: Lab, pack: Any) -> None:
    assert words(lab, "pack") == ("", "")
    revert(lab, "pack", 1)
    assert words(lab, "pack") == ("reverted", "running version 1, files have version 2")


def test_what_is_on_disk_against_what_runs(lab: Lab, pack: Any) -> None:
    record = lab.manager.get_record("pack")
    lab.write("pack/core.py", b"\xff\n")
    lab.write("pack/plugin.json", "{")
    (lab.folder / "pack/deep/more.py").unlink()
    side, notes = file_side(record)
    found = compare("pack", running_side(record, None), side)
    assert [(m.module, m.word) for m in found.modules] == [
        ("pack.core", "changed"), ("pack.deep.more", "removed"),
    ]  # fmt: skip
    assert found.config == ()
    assert len(notes) == 1 and "plugin.json: not JSON" in notes[0]
    (lab.folder / "pack/core.py").unlink()
    (lab.folder / "pack/core.py").mkdir()
    side, notes = file_side(record)
    assert "core.py cannot be read: it is not a file" in notes[0]
    lab.write("pack/plugin.json", json.dumps({"version": "9"}))
    found = compare("pack", running_side(record, None), file_side(record)[0])
    assert found.config == (("plugin.json: version", "'2.5'", "'9'"),)
