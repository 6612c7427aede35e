"""A version that ran is brought back: its code, its state, or both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.conftest import Lab
from tests.manager.history.conftest import TALLY, numbers, revert, running, version
from themis_jupyter import Outcome, reload_in_place
from themis_jupyter.errors import HistoryError, PluginNotFoundError, PluginNotLoadedError


def test_everything_stays_the_same_object(lab: Lab, tally: Any) -> None:
    module, instance = lab.module("tally"), lab.instance("tally")
    label, cls, add, seen = module.label, module.Tally, tally.add, module.SEEN
    report = revert(lab, "tally", 1).raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    assert report.words == "reverted to version 1 with its state"
    assert "tally reverted to version 1 with its state in" in report.headline()
    assert lab.module("tally") is module
    assert (module.label, module.Tally, module.SEEN) == (label, cls, seen)
    assert module.label is label and module.Tally is cls and module.SEEN is seen
    assert lab.instance("tally") is instance and type(instance) is cls
    assert lab.get("tally") is tally
    assert add() == ("old", 2)  # the state is that of version 1 when it was left
    assert '"new"' in lab.path_of("tally").read_text()
    assert report.hashes == {"tally": version(lab, 1).sources["tally"].sha256}


def test_a_revert_of_a_revert(lab: Lab, tally: Any) -> None:
    tally.add()
    for number, total in ((1, 1), (2, 3), (1, 1), (2, 3)):
        revert(lab, "tally").raise_for_outcome()
        assert (running(lab), tally.total) == (number, total)
    assert numbers(lab) == [1, 2]


def test_code_only_and_state_only(lab: Lab, tally: Any) -> None:
    assert revert(lab, "tally", 1, code_only=True)
    assert tally.add() == ("old", 3)
    assert running(lab) == 1
    assert version(lab, 2).state is not None
    assert revert(lab, "tally", 2, state_only=True)
    assert tally.add() == ("old", 3)
    assert running(lab) == 1


def test_what_is_on_disk_is_not_looked_at(lab: Lab, tally: Any) -> None:
    lab.write("tally.py", "this is no Python (")
    assert revert(lab, "tally", 1)
    assert tally.add() == ("old", 2)
    lab.path_of("tally").unlink()
    assert revert(lab, "tally", 2, state_only=True)
    assert tally.add() == ("old", 3)
    assert revert(lab, "tally", 2)
    assert tally.add()[0] == "new"
    traceback = _traceback_of(tally)
    assert "tally.py" in traceback


def _traceback_of(tally: Any) -> str:
    import traceback

    tally.total = None
    try:
        tally.add()
    except TypeError:
        return traceback.format_exc()
    return ""


def test_to_what_runs_already(lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 2)
    assert report.outcome is Outcome.UNCHANGED
    assert report.headline() == "tally is unchanged (reverted to version 2 with its state)"
    lab.edit("tally.py", '"new"', '"newer"')  # what is on disk does not matter
    assert revert(lab, "tally", 2).outcome is Outcome.UNCHANGED
    assert revert(lab, "tally", 2, code_only=True).outcome is Outcome.UNCHANGED
    assert tally.add() == ("new", 3)


def test_to_the_version_that_would_run_but_for_a_reload_behind_our_back(
    lab: Lab, tally: Any
) -> None:
    lab.edit("tally.py", '"new"', '"newer"')
    reload_in_place(lab.module("tally"))
    assert tally.add() == ("newer", 3)
    assert revert(lab, "tally", 2).outcome is Outcome.RELOADED
    assert tally.add() == ("new", 4)
    assert numbers(lab) == [1, 2]


def test_state_that_is_its_former_self_is_no_part_of_the_history(lab: Lab, tally: Any) -> None:
    """What the plugin does with a state that came back does not reach the kept one."""
    revert(lab, "tally", 1)
    tally.parts.append("added afterwards")
    tally.add()
    kept = version(lab, 1).state
    assert kept is not None
    assert kept.restore() == {"step": 1, "total": 1, "parts": []}


def test_versions_that_are_not_there(lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 7)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, HistoryError)
    assert "version 7 of 'tally' is not there. There are: 1-2" in str(report.error)
    assert "was not reverted" in report.headline()
    assert tally.add() == ("new", 3)
    assert "is not there" in str(revert(lab, "tally", -1).error)


def test_nothing_to_go_back_to(lab: Lab) -> None:
    lab.load("tally", TALLY)
    report = revert(lab, "tally")
    assert report.outcome is Outcome.ABORTED
    assert "no other one has run" in str(report.error)


def test_a_plugin_that_is_not_loaded(lab: Lab, tally: Any) -> None:
    assert isinstance(lab.manager.revert_plugin("talyl").error, PluginNotFoundError)
    lab.manager.unload_plugin("tally")
    report = lab.manager.revert_plugin("tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PluginNotLoadedError)


@pytest.mark.parametrize("other", ["code_only", "write"])
def test_options_that_exclude_each_other(other: str, lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 1, state_only=True, **{other: True})
    assert report.outcome is Outcome.ABORTED
    assert "exclude each other" in str(report.error)
    assert tally.add() == ("new", 3)


NEEDS = """
    from themis_jupyter import StatefulPlugin

    class Needs(StatefulPlugin):
        dependencies = ["tally"]
        def initialize(self, config): self.n = 0
        def where(self): return "needs old"
"""


def test_dependents_come_along_as_they_are(lab: Lab, tally: Any) -> None:
    needs = lab.load("needs", NEEDS)
    needs.n = 3
    report = revert(lab, "tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert "needs needs it" in str(report.error)
    lab.edit("needs.py", "needs old", "needs new")
    report = revert(lab, "tally", 1, cascade=True).raise_for_outcome()
    assert set(report.plugins) == {"tally", "needs"}
    assert (needs.where(), needs.n) == ("needs old", 3)
    assert tally.add() == ("old", 2)
    assert numbers(lab, "needs") == [1]
    lab.reload("tally", cascade=True).raise_for_outcome()
    assert needs.where() == "needs new"
