"""Shutting the gates of several plugins together, draining them, and opening them again."""

from __future__ import annotations

import contextlib
import gc
import queue
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from threading import get_ident
from time import monotonic
from types import TracebackType

from . import inflight
from .errors import PluginBusyError
from .gate import Gate, in_flight
from .inflight import CallInfo, Stack, Ticket
from .turns import WAITING

#: Guards "is one of them shut already? then shut them all".
_shutting = threading.Lock()

#: How many calls an error message names.
_NAMED = 5

#: How often a drain looks whether what it waits for can end at all, in seconds.
_POLL = 0.1


class Closure:
    """One swap: the gates that are shut together, and the thread that reloads behind them.

    Made by :func:`close_gates`; a context manager that opens the gates when it is left.
    """

    def __init__(self, gates: Iterable[Gate]) -> None:
        self.gates = frozenset(gates)
        #: One item for each thing that ends. Its ``put`` is atomic and may be used by finalisers.
        self.bell: queue.SimpleQueue[object] = queue.SimpleQueue()
        #: Setting this is what opens the gates; the rest of :meth:`open` is tidying up.
        self.is_open = False
        self._drained = False
        self._spares_tasks = False
        self._watched: list[weakref.ref[Ticket]] = []
        self._passing = {get_ident()}
        self._owner = get_ident()
        self._condition = threading.Condition()
        self._waiting_tasks: list[Callable[[], object]] = []

    def __enter__(self) -> Closure:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.open()

    # --- the side of the reload -------------------------------------------------------------------

    def shut(self) -> None:
        """Shut all gates, or none.

        :raises RuntimeError: another closure holds one of them; reloads have to take turns.
        """
        with _shutting:
            if held := sorted(gate.plugin for gate in self.gates if gate.is_shut):
                raise RuntimeError(f"already shut by another reload: {', '.join(held)}")
            try:
                for gate in self.gates:
                    if not gate.is_retired:
                        gate.closure = self
            except BaseException:
                self.open()
                raise

    def drain(self, timeout: float | None) -> None:
        """Wait until nothing is in flight behind the gates.

        :param timeout: in seconds; None waits for ever.
        :raises PluginBusyError: something did not end in time, or cannot end at all while this
            thread waits: this very thread holds it suspended, or one whose next cell waits for the
            reload. It names what it was.
        """
        deadline = None if timeout is None else monotonic() + timeout
        collected = False
        while calls := self._left_over():
            left = None if deadline is None else deadline - monotonic()
            stuck = {call.thread_id for call in calls} <= {self._owner, *tuple(WAITING)}
            if stuck or (left is not None and left <= 0):
                if not collected and any(call.kind != "call" for call in calls):
                    gc.collect()  # a generator that nobody can reach must not stop a reload
                    collected = True
                    continue
                raise _busy(calls, timeout, stuck)
            with contextlib.suppress(queue.Empty):
                # Nobody rings when a thread begins to wait for this reload.
                self.bell.get(timeout=_POLL if left is None else min(left, _POLL))

    def drain_calls(self, timeout: float | None) -> None:
        """Do the same as :meth:`drain`, but leave aside background tasks and what they call.

        A task of this very thread counts: it could not end.
        """
        self._spares_tasks = True
        try:
            self.drain(timeout)
        finally:
            self._spares_tasks = False

    def _in_flight(self) -> list[CallInfo]:
        calls = in_flight(self.gates)
        if not self._spares_tasks:
            return calls
        threads = {call.thread_id for call in calls if call.kind == "background task"}
        return [call for call in calls if call.thread_id not in threads - {self._owner}]

    def _left_over(self) -> list[CallInfo]:
        # What is collected rings the bell without running Python code, see Ticket.
        tickets = inflight.tickets_in(self.gates)
        self._watched = [weakref.ref(ticket, self.bell.put) for ticket in tickets]
        del tickets
        if calls := self._in_flight():
            return calls
        # From here on nobody is let in for what he holds suspended. Who was let in just before
        # either shows up in the second look, or has ended.
        self._drained = True
        calls = self._in_flight()
        self._drained = not calls
        return calls

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Let the current thread through as well: one that does a step for the reloading thread."""
        ident = get_ident()
        known = ident in self._passing
        self._passing.add(ident)
        try:
            yield
        finally:
            if not known:
                self._passing.discard(ident)

    def open(self) -> None:
        """Open the gates and wake who waits. May be called again."""
        try:
            if not self.is_open:
                for gate in self.gates:
                    gate.call_hooks()
        finally:
            self.is_open = True
            try:
                self._let_go()
            except BaseException:  # one interrupt must not leave callers waiting
                self._let_go()
                raise

    def _let_go(self) -> None:
        for gate in self.gates:
            if gate.closure is self:
                gate.closure = None
        self.wake()

    def wake(self) -> None:
        """Make who waits look again whether it still has to."""
        with self._condition:
            self._condition.notify_all()
        while self._waiting_tasks:
            self._waiting_tasks.pop()()

    # --- the side of the calls --------------------------------------------------------------------

    def knows(self, stack: Stack) -> bool:
        """Whether the current thread is part of the swap, or inside a call that must end first."""
        if self.is_open or stack[0] in self._passing:
            return True
        if any(token[0] in self.gates for token in stack[1:-1]):
            return True
        tickets = inflight.tickets_in(self.gates)
        frames = inflight.frames_here() if tickets else []
        running = any(ticket.is_running_in(frames) for ticket in tickets)
        frames.clear()  # it holds this very frame, which holds it
        return running

    def admits(self, gate: Gate, stack: Stack) -> bool:
        """Whether the call on top of ``stack`` may pass ``gate`` now."""
        if self.knows(stack):
            return True
        # Blocking a thread that holds a generator or a running event loop would block the drain.
        if any(ticket.thread_id == stack[0] for ticket in inflight.tickets_in(self.gates)):
            return not self._drained
        return False

    def wait(self, gate: Gate) -> None:
        """Block until the gate opens or is retired; may be interrupted."""
        with self._condition:
            while gate.closure is self and not self.is_open:
                self._condition.wait()

    async def opened(self, gate: Gate) -> None:
        """Wait until there may be a change, without blocking asyncio's event loop.

        Without a running asyncio loop the thread is blocked.
        """
        try:
            # Who has not imported asyncio has no loop of it, and the import is not free.
            loop = sys.modules["asyncio"].get_running_loop()
        except (KeyError, RuntimeError):
            self.wait(gate)
            return
        future = loop.create_future()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(lambda: future.done() or future.set_result(None))

        self._waiting_tasks.append(wake)
        if self.is_open or gate.closure is not self:  # before it could know of us
            return
        await future


def close_gates(gates: Iterable[Gate], timeout: float | None) -> Closure:
    """Shut a group of gates and wait until nothing is in flight behind them.

    The current thread becomes the one that passes. Ask
    :meth:`Gate.entered_by_current_thread` first: it could not wait for itself.

    :param timeout: how long to drain, in seconds; None waits for ever.
    :return: to be opened by leaving it as a context manager, or by its ``open()``.
    :raises PluginBusyError: naming what did not end. As after any other error or an interrupt, the
        gates are open again.
    """
    closure = Closure(gates)
    closure.shut()
    try:
        closure.drain(timeout)
    except BaseException:
        closure.open()
        raise
    return closure


def _busy(calls: list[CallInfo], timeout: float | None, stuck: bool) -> PluginBusyError:
    plugins = sorted({call.plugin for call in calls})
    named = [str(call) for call in calls[:_NAMED]]
    if len(calls) > _NAMED:
        named.append(f"and {len(calls) - _NAMED} more")
    if stuck:
        mine = any(call.thread_id == get_ident() for call in calls)
        who = "this very thread" if mine else "a thread whose next cell waits for this"
        why = f"are held by {who}, so they cannot end while it waits"
        cure = (
            "Finish or close them first (a generator: `.close()`; a task: await it; a paused() block: "
            "leave it)"
        )
    else:
        why = f"did not end within {timeout:g} s"
        cure = "Let them end or stop them, then try again"
        if any(call.kind == "background task" for call in calls):
            cure = (
                "Give the function of a background task a parameter `stop`: it gets an event that is "
                "set when it is to end, to be looked at often (`while not stop.wait(1): …`)"
            )
    which = ", ".join(map(repr, plugins))
    what = "these calls" if {call.kind for call in calls} == {"call"} else "these"
    return PluginBusyError(
        calls[0].plugin, f"{which} busy: {what} {why}: {'; '.join(named)}. {cure}."
    )
