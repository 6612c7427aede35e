"""One load, reload or unload as it goes: its steps are timed, told to listeners, and written down."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from .errors import describe
from .events import EventStream, Listener, PhaseEvent, Status
from .interrupts import InterruptGuard
from .phases import ANNOUNCED, Outcome, Phase
from .report import StepRecord

Kind = Literal["load", "reload", "unload"]

#: Seconds between two events that tell of progress, and before the first.
PACE = 0.1

_numbers = itertools.count(1)


class Operation:
    """Tells one event stream, and for announced steps the reload listeners, what happens.

    :param listeners: hear of ``ANNOUNCED`` steps and of how the operation ended.
    :param guard: lets Ctrl-C stop a listener; it then acts on the operation.
    """

    def __init__(
        self,
        kind: Kind,
        events: EventStream,
        listeners: EventStream,
        guard: InterruptGuard,
    ) -> None:
        self.kind = kind
        self.number = next(_numbers)
        self.steps: list[StepRecord] = []
        self.warnings: list[str] = []
        self.started = time.perf_counter()
        self._events = events
        self._listeners = listeners
        self._guard = guard

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.started

    @contextmanager
    def step(self, plugin: str, phase: Phase) -> Iterator[Note]:
        """Run the body as one step of one plugin; what it raises is noted and goes on."""
        began = time.perf_counter()
        note = Note()
        self.tell(plugin, phase, "started")
        try:
            yield note
        except BaseException as error:
            elapsed = time.perf_counter() - began
            message = describe(error)
            self.steps.append(StepRecord(plugin, phase, elapsed, message, note.text))
            self.tell(plugin, phase, "failed", elapsed, message, note.text)
            raise
        elapsed = time.perf_counter() - began
        self.steps.append(StepRecord(plugin, phase, elapsed, "", note.text))
        self.tell(plugin, phase, "finished", elapsed, None, note.text)

    def announce(self, plugin: str, phase: Phase) -> None:
        """Tell the reload listeners that an announced step is there."""
        assert phase in ANNOUNCED
        self._deliver(self._listeners, self._event(plugin, phase, "started"))

    def progress(self, plugin: str, phase: Phase, total: int | None) -> Callable[[int, str], None]:
        """Return what a long step calls with the bytes so far, and with what it is at, as often as it likes.

        :param total: bytes that it will be, as far as known.
        """
        due = time.perf_counter() + PACE

        def tell(done: int, detail: str) -> None:
            nonlocal due
            now = time.perf_counter()
            if now < due:
                return
            due = now + PACE
            known = total if total is not None and done <= total else None
            self._deliver(
                self._events,
                self._event(plugin, phase, "progress", detail=detail, done=done, total=known),
            )
            self._guard.check()

        return tell

    def tell(
        self,
        plugin: str,
        phase: Phase | Outcome,
        status: Status,
        elapsed: float | None = None,
        error: str | None = None,
        detail: str = "",
    ) -> None:
        """Send one event to the stream; reload listeners hear how the operation ended, too."""
        event = self._event(plugin, phase, status, elapsed, error, detail)
        self._deliver(self._events, event)
        if status == "ended":
            self._deliver(self._listeners, event)

    def _event(
        self,
        plugin: str,
        phase: Phase | Outcome,
        status: Status,
        elapsed: float | None = None,
        error: str | None = None,
        detail: str = "",
        done: int | None = None,
        total: int | None = None,
    ) -> PhaseEvent:
        return PhaseEvent(
            plugin,
            self.number,
            self.kind,
            phase,
            status,
            time.time(),
            elapsed,
            error,
            detail,
            done,
            total,
        )

    def _deliver(self, stream: EventStream, event: PhaseEvent) -> None:
        for error in stream.emit(event, self._call):
            self.warnings.append(
                f"a listener raised at {event.phase.value!r}: {describe(error)}; nothing else was harmed"
            )

    def _call(self, listener: Listener, event: PhaseEvent) -> None:
        with self._guard.passing():
            listener(event)


class Note:
    """What a step adds to its record."""

    text = ""
