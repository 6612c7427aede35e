"""Moments."""

import time

import pytest

from themis_jupyter.render.moments import lately, minute, second

# By the clock on the wall, whatever the time zone is.
THEN = time.mktime((2026, 11, 24, 9, 3, 7, 0, 0, -1))


def test_a_moment_has_its_day() -> None:
    assert minute(THEN) == "2026-11-24 09:03"
    assert second(THEN + 0.9) == "2026-11-24 09:03:07"


@pytest.mark.parametrize(
    ("hours", "text"), [(0, "09:03:07"), (14, "09:03:07"), (16, "2026-11-24 09:03:07")]
)
def test_the_day_is_left_out_until_midnight(
    monkeypatch: pytest.MonkeyPatch, hours: int, text: str
) -> None:
    monkeypatch.setattr(time, "time", lambda: THEN + hours * 3600)
    assert lately(THEN) == text


def test_now_and_the_beginning() -> None:
    assert len(lately(time.time())) == 8
    assert lately(0.0).startswith(("1970-01-01", "1969-12-31"))
