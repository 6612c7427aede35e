"""What a reload tells: outcome, steps with times, what changed, what became of the state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .errors import ReloadError
from .phases import Outcome, Phase

Verb = Literal["added", "changed", "removed", "moved"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it went.

    :param elapsed: seconds.
    :param error: one line; empty where the step succeeded.
    """

    plugin: str
    phase: Phase
    elapsed: float
    error: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One definition that differs: ``changed function Counter.step``.

    :param kind: ``function``, ``class``, ``value`` …
    :param name: qualified name within the module.
    :param detail: what about it, such as ``body, defaults``; may be empty.
    """

    verb: Verb
    kind: str
    name: str
    module: str = ""
    detail: str = ""

    def __str__(self) -> str:
        text = f"{self.verb} {self.kind} {self.name}"
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True, slots=True)
class RanStatement:
    """One top-level statement that ran again, and why."""

    module: str
    line: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}  ({self.why})"


@dataclass(frozen=True, slots=True)
class StateSummary:
    """What became of a plugin's state.

    :param fields: names that were kept.
    :param size: bytes of the serialised state.
    :param dropped: names that were not kept, each with the reason.
    :param reset: what comes back, but not as it was, or on purpose does not, each with the reason.
    """

    plugin: str
    fields: tuple[str, ...] = ()
    size: int = 0
    dropped: tuple[tuple[str, str], ...] = ()
    reset: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ReloadReport:
    """How a reload went. True only for ``reloaded`` and ``unchanged``.

    :param plugins: names of what was reloaded; the one asked for comes first.
    :param ran: statements that ran again or, where one of them failed, that were to.
    :param unsaved: the running code could not save its state; so mending the file does not help.
    :param error: what made it fail: ours, or the plugin's own.
    :param traceback: readable, beginning in the plugin's file; shows the source that was running.
    :param place: file and line (from 1) in the plugin where it failed; None where that is not known.
    :param hashes: SHA-256 (hexadecimal) of the bytes that run now, by module name.
    :param warnings: what could not be done or undone, and listeners that raised.
    :param elapsed: seconds, from the request to the outcome.
    :param ended: seconds since the epoch.
    :param words: what was to be done, where it was no plain reload: ``reverted to version 2``.
    """

    plugins: tuple[str, ...]
    outcome: Outcome
    steps: tuple[StepRecord, ...] = ()
    changes: tuple[Change, ...] = ()
    ran: tuple[RanStatement, ...] = ()
    state: tuple[StateSummary, ...] = ()
    unsaved: bool = False
    error: BaseException | None = field(default=None, compare=False)
    traceback: str = ""
    place: tuple[str, int] | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    elapsed: float = 0.0
    ended: float = field(default_factory=time.time, compare=False)
    words: str = ""

    @property
    def plugin(self) -> str:
        """Name of the plugin (or module) that was asked for."""
        return self.plugins[0]

    @property
    def failed_step(self) -> StepRecord | None:
        """The step that failed, if one did."""
        return next((s for s in self.steps if s.error), None)

    def __bool__(self) -> bool:
        return self.outcome.ok

    def raise_for_outcome(self) -> ReloadReport:
        """Return this report if all is well.

        :raises ReloadError: the outcome is neither ``reloaded`` nor ``unchanged``.
        """
        if self:
            return self
        if isinstance(self.error, ReloadError):
            self.error.report = self
            raise self.error
        raise ReloadError(self.headline(), self) from self.error

    def with_warnings(self, *more: str) -> ReloadReport:
        """Return a copy with further warnings."""
        return replace(self, warnings=self.warnings + more)

    def headline(self) -> str:
        """Return the outcome in one line of plain words."""
        from .render.text import headline

        return headline(self)

    def lines(self) -> Iterator[str]:
        """Yield the report as lines of plain text."""
        from .render.text import report_lines

        return report_lines(self)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .render.html import report_html

        return {"text/plain": repr(self), "text/html": report_html(self)}
