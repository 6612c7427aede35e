"""Moments as people read them, by the clock on the wall; given in seconds since 1970."""

from __future__ import annotations

import time

_DAY = "%Y-%m-%d"


def minute(moment: float) -> str:
    """Return a moment as ``2026-11-24 12:03``."""
    return time.strftime(f"{_DAY} %H:%M", time.localtime(moment))


def second(moment: float) -> str:
    """Return a moment as ``2026-11-24 12:03:21``."""
    return time.strftime(f"{_DAY} %H:%M:%S", time.localtime(moment))


def lately(moment: float) -> str:
    """Return a moment as ``12:03:21``, with the day before it if that is not today."""
    day, today = (time.strftime(_DAY, time.localtime(m)) for m in (moment, time.time()))
    return second(moment).removeprefix(f"{day} ") if day == today else second(moment)
