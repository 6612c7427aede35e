"""What the checks of a plugin have found: rows, each with what was seen and what to do."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..render.format import number, printable, seconds


class Verdict(enum.Enum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Row:
    """One check.

    :param seen: what was seen, in a line or a few.
    :param advice: what to do; empty where there is nothing to do.
    """

    check: str
    verdict: Verdict
    seen: str = ""
    advice: str = ""

    def __str__(self) -> str:
        advice = f"\n  → {self.advice}" if self.advice else ""
        return printable(f"{self.check}: {self.verdict.value}: {self.seen}{advice}")

    def as_dict(self) -> dict[str, str]:
        """Return it as plain data, for another process."""
        return {
            "check": self.check,
            "verdict": self.verdict.value,
            "seen": self.seen,
            "advice": self.advice,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, str]) -> Row:
        """Return the row that :meth:`as_dict` gave the data of."""
        return cls(data["check"], Verdict(data["verdict"]), data["seen"], data["advice"])


def ok(check: str, seen: str = "", advice: str = "") -> Row:
    """Return the row of a check that passed."""
    return Row(check, Verdict.OK, seen, advice)


def failed(check: str, seen: str, advice: str = "") -> Row:
    """Return the row of a check that failed."""
    return Row(check, Verdict.FAILED, seen, advice)


def skipped(check: str, seen: str, advice: str = "") -> Row:
    """Return the row of a check that was not made."""
    return Row(check, Verdict.SKIPPED, seen, advice)


_COLUMNS = ("check", "verdict", "seen", "what to do")


@dataclass(frozen=True)
class SafetyReport:
    """Whether a plugin can be reloaded safely. True if no check failed.

    :param plugin: its name.
    :param elapsed: seconds that the checks took.
    """

    plugin: str
    rows: tuple[Row, ...] = ()
    elapsed: float = 0.0

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows of what failed."""
        return tuple(row for row in self.rows if row.verdict is Verdict.FAILED)

    def __bool__(self) -> bool:
        return not self.failures

    def headline(self) -> str:
        """Return the result in a line."""
        took = f"in {seconds(self.elapsed)}"
        checks = number(len(self.rows), "check")
        if not self:
            return printable(f"{self.plugin}: {len(self.failures)} of {checks} failed, {took}")
        left = sum(row.verdict is Verdict.SKIPPED for row in self.rows)
        but = f", {left} of them skipped" if left else ""
        return printable(f"{self.plugin} is reload-safe: {checks}{but}, {took}")

    def problems(self) -> str:
        """Return headline and what failed, in plain words: the message of an ``AssertionError``."""
        return "\n".join([self.headline(), *(f"- {row}" for row in self.failures)])

    def _cells(self) -> list[tuple[str, ...]]:
        return [(row.check, row.verdict.value, row.seen, row.advice) for row in self.rows]

    def __repr__(self) -> str:
        from ..render.text import table

        # Long texts below each other, not in columns that no terminal is wide enough for.
        short = [(row.check, row.verdict.value) for row in self.rows]
        lines = table(short, _COLUMNS[:2]).splitlines() if short else []
        told: list[str] = []
        for line, row in zip(lines[2:], self.rows, strict=True):
            told.append(f"{line.rstrip()}  {printable(row.seen)}".rstrip())
            told += [f"    → {printable(row.advice)}"] if row.advice else []
        return "\n".join([self.headline(), "", *told])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from ..render.html import escape, html_table

        sign = "✓" if self else "✗"
        head = f"<div><strong><span aria-hidden='true'>{sign}</span> {escape(self.headline())}</strong></div>"
        body = html_table(self._cells(), _COLUMNS) if self.rows else ""
        return {"text/plain": repr(self), "text/html": head + body}
