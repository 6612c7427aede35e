"""How many versions are kept, and how much of their states."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from tests.manager.conftest import Lab
from tests.manager.history.conftest import TALLY, numbers, revert, running, version
from themis_jupyter import Outcome


def test_the_number_of_versions(lab: Lab) -> None:
    lab.manager.history_keeper.versions = 3
    lab.load("tally", TALLY)
    for word in ("b", "c", "d"):
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    assert numbers(lab) == [2, 3, 4]
    report = revert(lab, "tally", 1)
    assert "version 1 of 'tally' is no longer kept. There are: 2-4" in str(report.error)
    assert revert(lab, "tally", 2)
    lab.write("tally.py", TALLY.replace('"old"', '"e"'))
    assert lab.reload("tally")
    assert numbers(lab) == [2, 4, 5]  # 2 ran after 3
    lab.manager.history_keeper.versions = 1
    assert revert(lab, "tally", 4)
    assert numbers(lab) == [4]
    lab.manager.history_keeper.versions = None
    for word in "fghi":
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    assert len(numbers(lab)) == 5


def test_the_size_of_the_states(lab: Lab) -> None:
    keeper = lab.manager.history_keeper
    tally = lab.load("tally", TALLY)
    tally.parts = ["x" * 1000]
    keeper.state_bytes = 2500
    for word in ("b", "c", "d"):
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    kept = {v.number: v.state is not None for v in lab.manager.history("tally")}
    assert kept == {1: False, 2: True, 3: True, 4: False}
    one = version(lab, 1)
    assert one.left is not None and one.left.size > 1000
    report = revert(lab, "tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert "newer states needed the room: c.HistoryKeeper.state_bytes" in str(report.error)
    assert "%revert_plugin tally 1 --code-only" in str(report.error)
    assert running(lab) == 4
    report = revert(lab, "tally", 1, state_only=True)
    assert "Kept are the states of: 2, 3." in str(report.error)
    assert revert(lab, "tally", 1, code_only=True)
    assert tally.parts == ["x" * 1000]


def test_a_state_that_is_larger_than_all_that(lab: Lab, tally: Any) -> None:
    lab.manager.history_keeper.state_bytes = 500
    tally.parts = ["x" * 1000]
    lab.edit("tally.py", '"new"', '"newer"')
    lab.reload("tally").raise_for_outcome()
    assert version(lab, 2).state is None
    assert "more than c.HistoryKeeper.state_bytes (500 B)" in version(lab, 2).not_kept
    assert version(lab, 1).state is not None  # it did not have to make room


def test_the_limit_is_that_of_all_plugins(lab: Lab) -> None:
    lab.manager.history_keeper.state_bytes = 1500
    for name in ("one", "two"):
        lab.load(name, TALLY).parts = ["x" * 1000]
        lab.edit(f"{name}.py", '"old"', '"new"')
        lab.reload(name).raise_for_outcome()
    assert version(lab, 1, "one").state is None
    assert version(lab, 1, "two").state is not None


def test_no_dead_class_is_kept_alive(lab: Lab) -> None:
    text = TALLY + "\n\n    class Extra:\n        pass\n"
    tally = lab.load("tally", text)
    tally.parts = [lab.module("tally").Extra()]
    extra = weakref.ref(lab.module("tally").Extra)
    lab.write("tally.py", TALLY)
    lab.reload("tally", fresh=True).raise_for_outcome()
    gc.collect()
    assert extra() is None
    assert revert(lab, "tally", 1)
    assert type(tally.parts[0]) is lab.module("tally").Extra
