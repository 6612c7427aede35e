"""Between cells the files are looked at, as long as that takes no noticeable part of the time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.conftest import Lab, lab
from tests.watch.conftest import PLUGIN
from themis_jupyter.watch import monitor

__all__ = ["lab"]


class Clock:
    """A clock that goes on by itself only a little, and by more while files are looked at."""

    def __init__(self) -> None:
        self.now, self.slow = 0.0, 0.0

    def perf_counter(self) -> float:
        self.now += 1e-6 + self.slow
        return self.now

    def time(self) -> float:
        return 1e9 + self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(monitor, "time", made)
    return made


def test_one_look_that_waited_for_the_processor_keeps_none_from_being_taken(
    lab: Lab, clock: Clock
) -> None:
    lab.load("counter", PLUGIN)
    watched = monitor.Monitor(lab.manager)
    clock.slow = 0.005
    watched.look_between_cells()
    clock.slow = 0.0
    lab.edit("counter.py", "return 1", "return 2")
    watched.look_between_cells()
    assert watched.take_changed() == {"counter"}
    watched.close()


def test_looks_that_are_slow_are_taken_less_often(
    lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.load("counter", PLUGIN)
    watched = monitor.Monitor(lab.manager)
    taken: list[int] = []
    look = watched.look

    def counted() -> None:
        taken.append(1)
        look()

    monkeypatch.setattr(watched, "look", counted)
    clock.slow = 0.005
    for _ in range(100):
        watched.look_between_cells()
    assert 3 <= len(taken) <= 10, taken
    clock.now += 60
    before: Any = len(taken)
    watched.look_between_cells()
    assert len(taken) == before + 1
    watched.close()
