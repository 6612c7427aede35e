"""A long step tells how far it has come; who does not listen costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.board.conftest import Page
from tests.manager.conftest import Lab
from themis_jupyter import operation
from themis_jupyter.board import Board
from themis_jupyter.board.board import LOG_AT_ONCE, Changes
from themis_jupyter.board.journal import OPERATIONS
from themis_jupyter.events import PhaseEvent
from themis_jupyter.phases import Phase

MakePage = Callable[[], Page]

BIG = """
    import os
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        def initialize(self, config):
            self.pieces = [os.urandom(100_000) for _ in range(20)]
            self.area = bytearray(os.urandom(300_000))

        def edition(self):
            return 1
"""


def test_saving_a_big_state_tells_bytes(
    lab: Lab, page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "PACE", 0.0)
    lab.load("counter", BIG)
    shown = page()
    told: list[PhaseEvent] = []
    seen: list[dict[str, Any]] = []

    def listener(event: Any) -> None:
        if event.passing:
            told.append(event)
            now = shown.feed._board.state(Changes())
            seen.append(now["operations"][-1]["steps"][-1])

    lab.manager.events.subscribe(listener)
    lab.edit("counter.py", "return 1", "return 2")
    report = lab.reload("counter")
    assert report, report
    (size,) = [state.size for state in report.state]
    done = [event.done or 0 for event in told]
    assert done == sorted(done) and len(set(done)) > 10, done
    assert told[-1].done == size and "loads" in told[-1].detail
    assert {event.detail for event in told[:-1]} >= {"state.pieces", "state.area"}
    assert told[0].total is None  # the first time, nobody knows
    assert all(step["status"] == "started" and step["done"] for step in seen)
    assert {step["phase"] for step in seen} == {"save state"}
    # ... the next time, it is known, and what is over is not remembered.
    lab.edit("counter.py", "return 2", "return 3")
    lab.reload("counter")
    assert told[-1].total == size
    assert not [event for event in lab.manager.events.history if event.passing]
    shown.settled()
    last = shown.state["operations"][-1]["steps"]
    assert all(step["done"] is None and step["status"] == "finished" for step in last)
    assert not [entry for entry in shown.state["log"] if entry["status"] == "progress"]


def test_a_listener_that_fails_at_progress_harms_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "PACE", 0.0)
    lab.load("counter", BIG)
    lab.manager.events.subscribe(lambda event: 1 / 0 if event.passing else None)
    lab.edit("counter.py", "return 1", "return 2")
    report = lab.reload("counter")
    assert report and lab.get("counter").edition() == 2
    assert len(report.warnings) == 1 and "ZeroDivisionError" in report.warnings[0], report.warnings


def test_short_steps_tell_no_progress(lab: Lab) -> None:
    lab.load("counter", BIG.replace("range(20)", "range(2)"))
    told: list[Any] = []
    lab.manager.events.subscribe(told.append)
    lab.edit("counter.py", "return 1", "return 2")
    assert lab.reload("counter")
    assert told and not [event for event in told if event.passing]


def test_what_nobody_reads_is_not_kept_for_ever(lab: Lab, board: Board) -> None:
    """A widget that was never shown, or whose page was closed, reads nothing."""
    lab.load("counter", BIG)
    silent = board.open(lambda: None)
    for number in range(3 * OPERATIONS):
        board._on_event(PhaseEvent("counter", 9000 + number, "reload", Phase.CHECK, "started", 0.0))
    assert len(silent.log) == LOG_AT_ONCE
    assert silent.missed == 3 * OPERATIONS - LOG_AT_ONCE
    assert len(silent.operations) <= 2 * OPERATIONS
    patch = board.patch(silent)
    assert patch is not None
    assert (len(patch["log"]), patch["dropped"]) == (LOG_AT_ONCE, 3 * OPERATIONS - LOG_AT_ONCE)
