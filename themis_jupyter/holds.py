"""What a thread holds of a plugin without being inside a call: a pause, or a background task.

Both count as in flight from their beginning to their end, and what their thread calls meanwhile passes
a shut gate: the reload waits for them, so they must not wait for the reload.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from threading import get_ident
from typing import Any

from .inflight import CallInfo, Kind, Occupied, Ticket, tickets_in

#: No thread has that ident.
NOBODY = 0


class Hold(Ticket):
    """A ticket of a thread, in place of a generator's.

    :param name: what messages call it.
    """

    __slots__ = ("_thread",)

    def __init__(self, gate: Occupied, name: str, kind: Kind) -> None:
        self._thread = ""
        super().__init__(gate, name, kind, None)
        self.thread_id = NOBODY

    def begin(self, thread: threading.Thread | None = None) -> None:
        """Say whose it is, by default the current thread's. Before that it lets nobody through."""
        if thread is None:
            self._thread, self.thread_id = threading.current_thread().name, get_ident()
        else:
            self._thread, self.thread_id = thread.name, thread.ident or NOBODY

    def info(self) -> CallInfo:
        """Describe it."""
        return CallInfo(
            self._gate.plugin, self._name, self._thread, self.thread_id, self._since, self.kind
        )

    @property
    def ended(self) -> bool:
        """Whether it is over: then nobody has it any more."""
        return False

    def is_running_in(self, frames: Any) -> bool:
        """Whether it is the current thread's."""
        return self.thread_id == get_ident()


def holds_of(gates: Iterable[Any], kind: Kind) -> list[Hold]:
    """Return the holds of one kind that have begun."""
    return [
        ticket
        for ticket in tickets_in(gates)
        if isinstance(ticket, Hold) and ticket.kind == kind and ticket.thread_id != NOBODY
    ]
