"""Puts the table of what still holds after a reload into the output of ``make bench``."""

from __future__ import annotations

from benchmarks.programs import output_of


def test_comparison(show):
    show(output_of("benchmarks.comparison").rstrip())
