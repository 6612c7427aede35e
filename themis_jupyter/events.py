"""The one event stream that magics, widgets, logs and JupyterLab read."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .phases import Outcome, Phase

log = logging.getLogger("themis_jupyter.events")

Status = Literal["started", "finished", "failed", "ended"]


@dataclass(frozen=True, slots=True)
class PhaseEvent:
    """Something happened to a plugin.

    :param plugin: name of the plugin.
    :param operation: number of the load, reload or unload that this belongs to; grows by one.
    :param kind: ``load``, ``reload`` or ``unload``.
    :param phase: the step; for the terminal event the outcome, or the last step of a load or unload.
    :param status: ``started``, ``finished`` or ``failed`` for a step; ``ended`` for the terminal event.
    :param time: seconds since the epoch.
    :param elapsed: seconds that the step took (whole operation for an outcome); None at its start.
    :param error: one line, for a failed step or outcome.
    :param detail: what the step adds, such as ``8 attributes, 1.2 MB``.
    """

    plugin: str
    operation: int
    kind: Literal["load", "reload", "unload"]
    phase: Phase | Outcome
    status: Status
    time: float
    elapsed: float | None = None
    error: str | None = None
    detail: str = ""

    @property
    def terminal(self) -> bool:
        """True for the one event that ends an operation."""
        return self.status == "ended"


Listener = Callable[[PhaseEvent], object]


class EventStream:
    """Delivers events to subscribers, in order, and remembers the last ones.

    :param history: how many events are remembered.
    """

    def __init__(self, history: int = 1000) -> None:
        self._listeners: list[tuple[object, Listener]] = []
        self._lock = threading.Lock()
        self.history: deque[PhaseEvent] = deque(maxlen=history)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(event)`` for each event from now on; return what ends that."""
        entry = (object(), listener)
        with self._lock:
            self._listeners.append(entry)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [e for e in self._listeners if e[0] is not entry[0]]

        return unsubscribe

    def clear(self) -> None:
        """Forget all subscribers."""
        with self._lock:
            self._listeners = []

    def __len__(self) -> int:
        return len(self._listeners)

    def emit(self, event: PhaseEvent) -> list[BaseException]:
        """Deliver ``event``; return what listeners raised, which harms nothing else."""
        self.history.append(event)
        with self._lock:
            listeners = list(self._listeners)
        raised: list[BaseException] = []
        for _, listener in listeners:
            try:
                listener(event)
            except BaseException as error:  # noqa: BLE001 - a listener harms nothing, whatever it raises
                log.warning("listener %r raised at %s", listener, event.phase.value, exc_info=True)
                raised.append(error)
        return raised
