"""Measuring on a machine that others use too: pairs taken next to each other, and medians."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def seconds(function: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def timed(function: Callable[..., object], times: list[float]) -> Callable[..., None]:
    """Return ``function``, made to note how long each call takes."""

    def call(*args: object) -> None:
        began = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - began)

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
    def ratios(self) -> list[float]:
        """The ratios, pair by pair."""
        # A warm-up round measures the yardstick, too.
        return [t / y for t, y in zip(self.times, self.yards[-len(self.times) :], strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def milliseconds(self) -> float:
        """Median of the times."""
        return median(self.times) * 1e3
