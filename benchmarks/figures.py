"""What was measured, next to what it may be; and the table that ends ``make bench``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number.

    :param section: heading in the table.
    :param unit: such as ``ms``, or ``F``: times the time of a plain full run; empty for counts.
    :param bar: what it may be at most; None for a number that is there to compare with.
    :param note: a remark.
    """

    section: str
    name: str
    value: float
    unit: str = ""
    bar: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        return None if self.bar is None else self.value <= self.bar

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The texts of its row."""
        verdict = {True: "holds", False: "falls short", None: ""}[self.holds]
        bar = "" if self.bar is None else f"≤ {_number(self.bar)} {self.unit}".rstrip()
        measured = f"{_number(self.value)} {self.unit}".rstrip()
        return self.name, measured, bar, verdict, self.note


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as text, under their headings, bars that are missed counted at the end."""
    figures = list(figures)
    if not figures:
        return ""
    widths = [max(len(row[column]) for row in _rows(figures)) for column in range(4)]
    lines: list[str] = []
    for section in dict.fromkeys(figure.section for figure in figures):
        lines += ["", section]
        for name, measured, bar, verdict, note in _rows(f for f in figures if f.section == section):
            cells = (
                f"  {name:{widths[0]}}",
                f"{measured:>{widths[1]}}",
                f"{bar:{widths[2]}}",
                f"{verdict:{widths[3]}}",
                note,
            )
            lines.append("  ".join(cells).rstrip())
    judged = [figure for figure in figures if figure.holds is not None]
    short = [figure for figure in judged if not figure.holds]
    lines += ["", f"{len(judged) - len(short)} of {len(judged)} bars hold."]
    return "\n".join(lines)


def _rows(figures: Iterable[Figure]) -> list[tuple[str, str, str, str, str]]:
    return [figure.cells for figure in figures]


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:,.{digits}f}"
