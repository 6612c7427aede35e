"""The one event stream that magics, widgets, logs and JupyterLab read."""

from __future__ import annotations

import inspect
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .phases import Outcome, Phase

log = logging.getLogger("themis_jupyter.events")

Status = Literal["started", "progress", "finished", "failed", "ended"]


@dataclass(frozen=True, slots=True)
class PhaseEvent:
    """Something happened to a plugin.

    :param plugin: name of the plugin.
    :param operation: number of the load, reload or unload that this belongs to; grows by one.
    :param kind: ``load``, ``reload`` or ``unload``.
    :param phase: the step; for the terminal event the outcome, or the last step of a load or unload.
    :param status: ``started``, ``finished`` or ``failed`` for a step; ``ended`` for the terminal event. A long
        step may tell of its ``progress`` in between; that is not remembered in the history.
    :param time: seconds since the epoch.
    :param elapsed: seconds that the step took (whole operation for an outcome); None at its start.
    :param error: one line, for a failed step or outcome.
    :param detail: what the step adds, such as ``8 attributes, 1.2 MB``; of progress, what it is at.
    :param done: bytes so far, of progress.
    :param total: bytes that it will be, as far as known.
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
    done: int | None = None
    total: int | None = None

    @property
    def terminal(self) -> bool:
        """True for the one event that ends an operation."""
        return self.status == "ended"

    @property
    def passing(self) -> bool:
        """True for what is out of date with the next event: progress."""
        return self.status == "progress"

    @property
    def title(self) -> str:
        """What happened, in a word or two."""
        value: str = self.phase.value
        return value


@dataclass(frozen=True, slots=True)
class DriftEvent:
    """What a plugin runs and what is on disk have parted, or are the same again.

    :param drift: such as ``edited`` or ``deleted``; empty where they are the same.
    :param text: the same as a sentence, with what to do.
    :param time: seconds since the epoch.
    """

    plugin: str
    drift: str
    text: str
    time: float

    @property
    def terminal(self) -> bool:
        """False: it is part of no operation."""
        return False

    @property
    def passing(self) -> bool:
        """False: it says something until the next one."""
        return False

    @property
    def title(self) -> str:
        """What happened, in a word or two."""
        return "drift"


Event = PhaseEvent | DriftEvent
Listener = Callable[[Any], object]


@dataclass(eq=False, slots=True)
class _Subscription:
    listener: Listener
    #: Threads that are inside it.
    running: set[int] = field(default_factory=set)


class EventStream:
    """Delivers events to subscribers, in order, and remembers the last ones.

    :param history: how many events are remembered.
    """

    def __init__(self, history: int = 1000) -> None:
        self._subscriptions: list[_Subscription] = []
        self._lock = threading.Lock()
        self.history: deque[Event] = deque(maxlen=history)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(event)`` for each event from now on; return what ends that.

        :raises TypeError: it cannot be called, or would only make a coroutine.
        """
        if not callable(listener):
            raise TypeError(f"a listener is a function of one event; this is {listener!r}")
        if inspect.iscoroutinefunction(listener):
            raise TypeError(
                f"the listener {listener!r} is a coroutine function, but nobody would await it: "
                "write it with def, not async def"
            )
        entry = _Subscription(listener)
        with self._lock:
            self._subscriptions.append(entry)

        def unsubscribe() -> None:
            with self._lock:
                self._subscriptions = [e for e in self._subscriptions if e is not entry]

        return unsubscribe

    def clear(self) -> None:
        """Forget all subscribers."""
        with self._lock:
            self._subscriptions = []

    def __len__(self) -> int:
        return len(self._subscriptions)

    def emit(
        self, event: Event, call: Callable[[Listener, Any], Any] | None = None
    ) -> list[BaseException]:
        """Deliver ``event``; return what listeners raised, which harms nothing else.

        A listener is not called from inside itself: what it does may cause events.

        :param call: calls a listener with an event; by default, that is all it does.
        """
        if not event.passing:
            self.history.append(event)
        with self._lock:
            subscriptions = list(self._subscriptions)
        raised: list[BaseException] = []
        thread = threading.get_ident()
        for entry in subscriptions:
            if thread in entry.running:
                continue
            entry.running.add(thread)
            try:
                if call is None:
                    entry.listener(event)
                else:
                    call(entry.listener, event)
            except BaseException as error:
                log.warning("listener %r raised at %s", entry.listener, event.title, exc_info=True)
                raised.append(error)
            finally:
                entry.running.discard(thread)
        return raised
