"""Measuring on a machine that others use too: pairs taken next to each other, and medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median


def seconds(function: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def timed(function: Callable[[], object], times: list[float]) -> Callable[[], None]:
    """Return ``function``, made to note how long each call takes."""

    def call() -> None:
        times.append(seconds(function))

    return call


class Pairs:
    """Times of something, each with the time of a yardstick that was measured right before it."""

    def __init__(self, yardstick: Callable[[], object]) -> None:
        self._yardstick = yardstick
        self.times: list[float] = []
        self.yards: list[float] = []

    def measure_yard(self) -> None:
        """Measure the yardstick."""
        self.yards.append(seconds(self._yardstick))

    @property
    def ratio(self) -> float:
        """Median of the ratios, pair by pair."""
        # A warm-up round measures the yardstick, too.
        return median(
            t / y for t, y in zip(self.times, self.yards[-len(self.times) :], strict=True)
        )

    @property
    def milliseconds(self) -> float:
        """Median of the times."""
        return median(self.times) * 1e3


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
