"""Versions that ran are kept, and can be brought back: their code, their state, or both."""

from __future__ import annotations

from tests.manager.conftest import Lab
from themis_jupyter import Outcome

TALLY = """
    from themis_jupyter import StatefulPlugin

    UNIT = "old"
    SEEN = []

    def label():
        return UNIT

    class Tally(StatefulPlugin):
        version = "1.0"

        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += 1
            return label(), self.total
"""


def numbers(lab: Lab, name: str = "tally") -> list[int]:
    return [version.number for version in lab.manager.history(name)]


def running(lab: Lab, name: str = "tally") -> int:
    current = lab.manager.history(name).current
    assert current is not None
    return current.number


def test_smoke(lab: Lab) -> None:
    tally = lab.load("tally", TALLY)
    tally.add()
    lab.edit("tally.py", '"old"', '"new"')
    lab.reload("tally").raise_for_outcome()
    tally.add()
    assert numbers(lab) == [1, 2]
    report = lab.manager.revert_plugin("tally").raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    assert "reverted to version 1" in report.headline()
    assert tally.add() == ("old", 2)
    assert running(lab) == 1
    lab.manager.revert_plugin("tally").raise_for_outcome()
    assert tally.add() == ("new", 3)
    report = lab.manager.revert_plugin("tally", 2)
    assert report.outcome is Outcome.UNCHANGED
    lab.reload("tally")
    assert numbers(lab) == [1, 2]
