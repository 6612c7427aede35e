"""What is running in which plugin: a list of calls per thread, a ticket per generator or the like.

A *call* is a token ``(gate, name, since)`` on the list of the thread that makes it; it is pushed
and popped there without a lock, and whoever wants to know reads all threads' lists. A generator, a
coroutine or an async generator outlives the call that made it, so it gets a :class:`Ticket`, kept
by the gate until the object has ended: exhausted, closed, failed, or collected unstarted.

Only what the interpreter lock makes atomic is used here (list, dict and attribute operations), so
that an interrupt, or a finaliser which runs in the middle of anything, can neither deadlock nor
leave a wrong count.
"""

from __future__ import annotations

import inspect
import sys
import threading
import types
import weakref
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass
from threading import get_ident
from time import monotonic
from typing import Any, Literal, Protocol

Kind = Literal[
    "call", "generator", "coroutine", "async generator", "paused() block", "background task"
]

#: ``[thread ident, token, token, …]``, outermost call first.
Stack = list[Any]

#: ``local.stack`` is the current thread's :data:`Stack`, once it has made a call.
local = threading.local()

_stacks: dict[int, Stack] = {}


@dataclass(frozen=True, slots=True)
class CallInfo:
    """One thing in flight.

    :param plugin: name of the plugin.
    :param name: attribute of the plugin that was called, read or written.
    :param thread: name of the thread that called, or that began to run the generator.
    :param thread_id: that thread's ``threading.get_ident()``.
    :param since: when it began, in seconds of ``time.monotonic()``.
    :param kind: a call, or what else has not ended yet.
    """

    plugin: str
    name: str
    thread: str
    thread_id: int
    since: float
    kind: Kind = "call"

    def __str__(self) -> str:
        what = {"call": "", "background task": "background task ", "paused() block": "paused() of "}
        before = what.get(self.kind, f"{self.kind} of ")
        return f"{before}{self.title} in {self.thread}, for {self.age:.1f} s"

    @property
    def title(self) -> str:
        """The plugin, and the name where there is one."""
        return f"{self.plugin}.{self.name}" if self.name else self.plugin

    @property
    def as_obstacle(self) -> str:
        """What a reload was asked for from inside of, and what to do instead."""
        if self.kind == "paused() block":
            return (
                f"a block `with paused({self.plugin!r})` that this thread is in, and which keeps "
                "reloads away until it ends. Reload after the block."
            )
        own = (
            f"background task {self.name!r}" if self.kind == "background task" else f"{self.name}()"
        )
        return f"its own {own}, which would have to end first. Reload from outside the plugin."

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self.since


class Occupied(Protocol):
    """What this module needs of a gate."""

    plugin: str
    tickets: set[weakref.ref[Ticket]]

    def left(self) -> None:
        """Be told that something has ended; must neither block nor raise."""


# --- calls ----------------------------------------------------------------------------------------


class _ThreadEnd:
    """Sits in a thread's local storage, so that its own end is the end of the thread."""

    __slots__ = ("_forget", "_key")

    def __init__(self, stack: Stack) -> None:
        self._forget = _stacks.pop  # at the interpreter's own end the global may be gone
        self._key = id(stack)
        _stacks[self._key] = stack

    def __del__(self) -> None:
        self._forget(self._key, None)


def new_stack() -> Stack:
    """Make and register the current thread's list; it goes away with the thread."""
    stack: Stack = [get_ident()]
    local.end = _ThreadEnd(stack)
    local.stack = stack
    return stack


def this_stack() -> Stack:
    """Return the current thread's list."""
    try:
        stack: Stack = local.stack
    except AttributeError:
        stack = new_stack()
    return stack


def calls_in(gates: frozenset[Any]) -> list[CallInfo]:
    """Return the calls that are inside one of ``gates``, in any thread, outermost first."""
    names = _thread_names()
    found = []
    for stack in list(_stacks.values()):
        ident, *tokens = stack.copy()
        for gate, name, since in tokens:
            if gate in gates:
                thread = names.get(ident) or f"thread {ident}"
                found.append(CallInfo(gate.plugin, name, thread, ident, since))
    return found


def _thread_names() -> dict[int | None, str]:
    return {thread.ident: thread.name for thread in threading.enumerate()}


# --- generators, coroutines, async generators -----------------------------------------------------


class Ticket:
    """Stands for one generator, coroutine or async generator that has not ended.

    Nothing refers to it but the frame of the object that the caller got, so it goes when that frame
    goes. This notices what no ``finally`` can: an object that is closed, or collected, before it
    ran. The gate refers to it weakly, and forgets it without running Python code, for an interrupt
    in a finaliser would be lost.
    """

    __slots__ = (
        "__weakref__",
        "_gate",
        "_name",
        "_reference",
        "_since",
        "inner",
        "kind",
        "outer",
        "thread_id",
    )

    def __init__(self, gate: Occupied, name: str, kind: Kind, inner: Any) -> None:
        self.inner = inner
        self.kind = kind
        self.outer: weakref.ref[Any] | None = None
        self.thread_id = get_ident()
        self._gate = gate
        self._name = name
        self._since = monotonic()
        self._reference = weakref.ref(self, gate.tickets.discard)
        gate.tickets.add(self._reference)

    def end(self) -> None:
        """Take it off the gate's list. May be called again, from any thread or finaliser."""
        self._gate.tickets.discard(self._reference)
        self._gate.left()

    def info(self) -> CallInfo:
        """Describe it."""
        thread = _thread_names().get(self.thread_id, "a thread that has ended")
        return CallInfo(
            self._gate.plugin, self._name, thread, self.thread_id, self._since, self.kind
        )

    @property
    def ended(self) -> bool:
        """Whether the caller's object is over, though a traceback may still hold its frame."""
        outer = None if self.outer is None else self.outer()
        return outer is not None and _frame_of(outer) is None

    def is_running_in(self, frames: list[types.FrameType]) -> bool:
        """Whether one of ``frames``, the current thread's, is the plugin's own frame."""
        frame = _frame_of(self.inner)
        return frame is not None and any(each is frame for each in frames)


class _CoroutineTicket(Ticket):
    __slots__ = ()

    def __del__(self) -> None:
        self.inner.close()  # unstarted, it would warn as well as the caller's object


def tickets_in(gates: Iterable[Any]) -> list[Ticket]:
    """Return the tickets of ``gates`` whose object has not ended."""
    found = (refer() for gate in gates for refer in list(gate.tickets))
    return [ticket for ticket in found if ticket is not None and not ticket.ended]


def frames_here() -> list[types.FrameType]:
    """Return the frames of the current thread, innermost first."""
    frames = []
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _frame_of(obj: Any) -> types.FrameType | None:
    """Return the frame of a generator or the like; None when it is over or gone."""
    for attribute in ("gi_frame", "cr_frame", "ag_frame"):
        frame: types.FrameType | None = getattr(obj, attribute, None)
        if frame is not None:
            return frame
    return None


def _generator(ticket: Ticket) -> Generator[Any, Any, Any]:
    __tracebackhide__ = True
    ticket.thread_id = get_ident()  # who runs it need not be who made it
    try:
        return (yield from ticket.inner)
    finally:
        ticket.end()


@types.coroutine
def _awaitable_generator(ticket: Ticket) -> Generator[Any, Any, Any]:
    """Do the same for a generator made by ``@types.coroutine``, which may be awaited."""
    __tracebackhide__ = True
    ticket.thread_id = get_ident()
    try:
        return (yield from ticket.inner)
    finally:
        ticket.end()


async def _coroutine(ticket: Ticket, settle: Callable[[Any], Any]) -> Any:
    __tracebackhide__ = True
    ticket.thread_id = get_ident()
    try:
        return settle(await ticket.inner)
    finally:
        ticket.end()


async def _async_generator(ticket: Ticket) -> AsyncGenerator[Any, Any]:
    # There is no "yield from" in an async generator: this is what it would do (PEP 380, PEP 525).
    __tracebackhide__ = True
    ticket.thread_id = get_ident()
    inner = ticket.inner
    try:
        item = await anext(inner)
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                await inner.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes to the plugin
                item = await inner.athrow(error)
            else:
                item = await inner.asend(sent)
    except StopAsyncIteration:
        return
    finally:
        ticket.end()


_KINDS: dict[type, Kind] = {
    types.GeneratorType: "generator",
    types.CoroutineType: "coroutine",
    types.AsyncGeneratorType: "async generator",
}

#: The types of which an object counts as in flight until it ends.
TRACKED = frozenset(_KINDS)


def track(inner: Any, gate: Occupied, name: str, settle: Callable[[Any], Any]) -> Any:
    """Return a real generator (coroutine, async generator) that runs ``inner`` and counts.

    To be called while the call that made ``inner`` still counts, so that there is no gap.

    :param inner: an object of a type in :data:`TRACKED`.
    :param name: what :meth:`Gate.in_flight` calls it.
    :param settle: turns what a coroutine returns into what its caller gets.
    """
    kind = _KINDS[type(inner)]
    outer: Any
    if kind == "coroutine":
        ticket: Ticket = _CoroutineTicket(gate, name, kind, inner)
        outer = _coroutine(ticket, settle)
    else:
        ticket = Ticket(gate, name, kind, inner)
        if kind == "async generator":
            outer = _async_generator(ticket)
        elif inner.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE:
            outer = _awaitable_generator(ticket)
        else:
            outer = _generator(ticket)
    outer.__name__ = inner.__name__
    outer.__qualname__ = inner.__qualname__
    ticket.outer = weakref.ref(outer)
    return outer
