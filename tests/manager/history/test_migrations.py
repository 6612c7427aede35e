"""A state is brought down to the layout of the version that comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.conftest import Lab
from tests.manager.history.conftest import TALLY, numbers, revert, running, version
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import MigrationError

COUNTS = """
    from themis_jupyter import StatefulPlugin, migrates

    class P(StatefulPlugin):
        state_version = 1

        def initialize(self, config):
            self.count = 0
"""
TOTALS = """
    from themis_jupyter import StatefulPlugin, migrates

    class P(StatefulPlugin):
        state_version = 3

        def initialize(self, config):
            self.total = 0

        @staticmethod
        @migrates(1, 3)
        def up(state):
            return {"total": state["count"]}

        @migrates(3, 1)
        def down(self, state):
            return {"count": state["total"]}
"""
SET_TOTAL = """
        def set(self, total):
            self.total = total
"""
NO_WAY_DOWN = TOTALS.replace("@migrates(3, 1)", "# no way down")


def both(lab: Lab, text: str) -> Any:
    """Version 1 was left with a count of 2, version 2 runs with a total of 5."""
    plugin = lab.load("p", COUNTS)
    plugin.count = 2
    lab.write("p.py", text)
    lab.reload("p").raise_for_outcome()
    assert plugin.total == 2
    plugin.total = 5
    return plugin


def test_down_by_the_class_that_goes(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    report = revert(lab, "p", 1, code_only=True).raise_for_outcome()
    assert plugin.count == 5
    assert not hasattr(plugin, "total")
    assert report.state[0].fields == ("count",)
    kept = version(lab, 2, "p").state
    assert kept is not None and kept.restore() == {"total": 5}
    assert kept.header.state_version == 3
    revert(lab, "p").raise_for_outcome()
    assert plugin.total == 5


def test_what_a_last_call_did_is_brought_down_as_well(lab: Lab) -> None:
    """A call that ends after the state was saved has it saved, and migrated, once more."""
    plugin = both(lab, TOTALS + SET_TOTAL)
    called: list[int] = []

    def listener(event: Any) -> None:
        if event.phase is Phase.BEFORE_UNLOAD and not called:
            called.append(1)
            plugin.set(9)

    lab.manager.register_reload_listener(listener)
    revert(lab, "p", 1, code_only=True).raise_for_outcome()
    assert plugin.count == 9


def test_what_is_reset_is_told_of_the_state_that_came(lab: Lab) -> None:
    text = TALLY.replace('version = "1.0"', 'version = "1.0"\n        transient = ("step",)')
    lab.load("tally", text)
    lab.edit("tally.py", '("step",)', '("parts",)')
    lab.reload("tally").raise_for_outcome()
    (state,) = revert(lab, "tally", 1).raise_for_outcome().state
    assert state.fields == ("total", "parts")
    assert state.reset == ()


def test_also_in_a_plain_reload(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    lab.write("p.py", COUNTS)
    assert lab.manager.plan_reload("p").problems == ()
    lab.reload("p").raise_for_outcome()
    assert plugin.count == 5
    assert numbers(lab, "p") == [1, 2]


def test_up_with_an_old_state(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    assert revert(lab, "p", 1, state_only=True)
    assert plugin.total == 2
    assert running(lab, "p") == 2


def test_the_state_as_it_was_left_needs_no_way(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    assert revert(lab, "p", 1)
    assert plugin.count == 2
    assert revert(lab, "p", 2)
    assert plugin.total == 5


def test_no_way_down(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, MigrationError)
    assert "has version 3, the code wants version 1" in str(report.error)
    assert "@migrates(3, 1) in P, reload that" in str(report.error)
    step = report.failed_step
    assert step is not None and step.phase is Phase.SAVE_STATE
    assert plugin.total == 5
    lab.write("p.py", COUNTS)
    assert "there is no way from 3 to 1" in lab.manager.plan_reload("p").problems[0]
    assert lab.reload("p").outcome is Outcome.ABORTED
    assert lab.reload("p", fresh=True).outcome is Outcome.RELOADED
    # The state of version 2 has a layout that version 1 does not know.
    report = revert(lab, "p", 2, state_only=True)
    assert isinstance(report.error, MigrationError)
    assert report.outcome is Outcome.ABORTED


@pytest.mark.parametrize(
    ("wrong", "says"),
    [('return {"count": 1 / 0}', "ZeroDivisionError"), ("pass", "a 'return' missing")],
)
def test_a_way_down_that_fails_aborts(wrong: str, says: str, lab: Lab) -> None:
    plugin = both(lab, TOTALS.replace('return {"count": state["total"]}', wrong))
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ABORTED
    assert says in f"{report.error!r}"
    assert plugin.total == 5


def test_a_rollback_gives_the_state_back_as_it_was(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    kept = version(lab, 1, "p").sources
    source = kept["p"]
    kept["p"] = type(source)(source.filename, source.data.replace(b"= 0", b"= 1 / 0"))
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "self.count = 1 / 0" in report.traceback
    assert plugin.total == 5
    assert not hasattr(plugin, "count")
    assert running(lab, "p") == 2
    kept["p"] = source
    assert revert(lab, "p", 1, code_only=True)
    assert plugin.count == 5


def test_versions_without_any_state(lab: Lab) -> None:
    plain = "from themis_jupyter import Plugin\nclass P(Plugin):\n    def where(self): return 1\n"
    plugin = lab.load("p", plain)
    lab.write("p.py", COUNTS)
    lab.reload("p").raise_for_outcome()
    plugin.count = 4
    report = revert(lab, "p", 1).raise_for_outcome()
    assert report.state[0].dropped == (("count", "started without the old state"),)
    assert report.words == "reverted to version 1"
    assert plugin.where() == 1
    report = revert(lab, "p", 1, state_only=True)
    assert "Kept are the states of: 2." in str(report.error)
    assert revert(lab, "p", 2)
    assert plugin.count == 4
