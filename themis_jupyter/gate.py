"""A gate per plugin: calls pass it uncounted by any lock, and a reload can shut it.

How it is safe without a lock on the way in (after Dekker's algorithm): a call first pushes its
token, then looks whether the gate is shut; who shuts it first marks it shut, then looks for tokens.
Whichever comes first, one sees the other. CPython's interpreter lock gives the ordering this needs;
without that lock (the free-threaded build) it is not promised.

A shut gate lets through whom it must, or the drain could never end: the thread that reloads, a
thread that is inside a call to a plugin of the same group, and, while draining, a thread that holds
a suspended generator or coroutine of it. Everyone else waits until it opens.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterable
from threading import get_ident
from time import monotonic
from typing import Any, Protocol, TypeVar

from . import inflight
from .errors import PluginNotLoadedError
from .inflight import CallInfo, Stack, Ticket

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Bell(Protocol):
    """Takes one item, whichever, for each thing that ends behind a shut gate."""

    def put(self, item: object) -> None:
        """Be told; must be atomic, so that finalisers may use it too."""


class Doorkeeper(Protocol):
    """Who stands at a shut gate: a :class:`~themis_jupyter.closure.Closure`, or a retirement."""

    @property
    def bell(self) -> Bell: ...
    @property
    def is_open(self) -> bool:
        """Whether the gate is open after all, and only the doorkeeper not yet gone."""

    def knows(self, stack: Stack) -> bool:
        """Whether a call from this thread need not wait, whatever it holds suspended."""

    def admits(self, gate: Gate, stack: Stack) -> bool:
        """Whether the call on top of ``stack`` may pass ``gate`` now."""

    def wait(self, gate: Gate) -> None:
        """Block until the gate opens or is retired; may be interrupted."""

    def wake(self) -> None:
        """Make who waits look again whether it still has to."""


class Gate:
    """The gate of one plugin, from its first load on, over reloads and unloads.

    :param plugin: the plugin's name, for messages.
    """

    __slots__ = (
        "__weakref__",
        "_shut_by",
        "before_open",
        "broken",
        "closure",
        "plugin",
        "tickets",
        "used",
    )

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        #: None while open: the one thing that a call looks at.
        self.closure: Doorkeeper | None = None
        #: Generators and the like that have not ended.
        self.tickets: set[weakref.ref[Ticket]] = set()
        #: Called, while still shut, each time before the gate opens.
        self.before_open: list[Callable[[], object]] = []
        self._shut_by: Doorkeeper | None = None
        #: Whether it is retired because a failed reload could not be taken back.
        self.broken = False
        #: Set when a call ends: what was saved of the plugin before may be out of date.
        self.used = False

    def __repr__(self) -> str:
        if self.closure is _retirement:
            state = "retired"
        else:
            state = "shut" if self.is_shut else "open"
        return f"<gate of {self.plugin!r}, {state}, {len(self.in_flight())} in flight>"

    def run(self, name: str, function: Callable[..., _T], *args: Any) -> _T:
        """Call ``function(*args)`` as a call in flight, waiting first while the gate is shut.

        :param name: what :meth:`in_flight` calls it.
        :raises PluginNotLoadedError: the plugin is unloaded, or becomes so during the wait.
        """
        __tracebackhide__ = True
        # forwarding.gated() has these same steps, written out to save a call.
        stack = inflight.this_stack()
        token = (self, name, monotonic())
        try:
            stack.append(token)
            if self.closure is not None:
                self.admit(stack, token)
            return function(*args)
        finally:
            self.used = True
            try:
                if stack[-1] is token:
                    stack.pop()
            finally:
                if self.closure is not None:
                    self.left()

    def admit(self, stack: Stack, token: object) -> None:
        """Return when the call, whose token is the last one on ``stack``, may go on.

        While it waits, the token is off the stack, and also if the wait is interrupted.
        """
        while (closure := self.closure) is not None:
            if closure.admits(self, stack):
                return
            if stack[-1] is token:
                stack.pop()
            closure.bell.put(None)  # the closer may have seen the token
            closure.wait(self)
            stack.append(token)

    def left(self) -> None:
        """Tell whoever drains this gate that something has ended."""
        self.used = True
        closure = self.closure
        if closure is not None:
            closure.bell.put(None)

    @property
    def is_shut(self) -> bool:
        """Whether a new call from a thread of its own would have to wait."""
        closure = self.closure
        return closure is not None and closure is not _retirement and not closure.is_open

    def would_wait(self, stack: Stack) -> bool:
        """Whether a new call would wait, leaving aside what the thread holds suspended.

        :param stack: the thread's stack, with the token of this very call on it.
        """
        closure = self.closure
        return closure is not None and not closure.knows(stack)

    def in_flight(self) -> list[CallInfo]:
        """Return what is in flight here, oldest first: calls, and generators not ended."""
        return in_flight((self,))

    def entered_by_current_thread(self) -> CallInfo | None:
        """Return the innermost call to this plugin that the current thread is in; None if in none.

        A generator or coroutine counts while it *runs* in this thread, not while it is suspended.
        So a reload started by one asyncio task, while another task of the same thread awaits inside
        the plugin, is not taken for re-entrant; what awaits is in flight, and is named as such.
        """
        for gate, name, since in reversed(inflight.this_stack()[1:]):
            if gate is self:
                thread = threading.current_thread().name
                return CallInfo(self.plugin, name, thread, get_ident(), since)
        frames = inflight.frames_here()
        tickets = inflight.tickets_in((self,))
        running = next((ticket for ticket in tickets if ticket.is_running_in(frames)), None)
        frames.clear()  # it holds this very frame: a cycle that would keep the user's cell alive
        return None if running is None else running.info()

    def retire(self, *, broken: bool = False) -> None:
        """Mark the plugin as unloaded: calls that wait, and all that come, raise at once.

        :param broken: it waits for the reload that mends it.
        """
        self.broken = broken
        closure = self.closure
        if closure is _retirement:
            return
        self._shut_by = closure
        self.closure = _retirement
        if closure is not None:
            closure.wake()

    def revive(self) -> None:
        """Take :meth:`retire` back, once the plugin is loaded again.

        A gate that was retired while shut is shut again, if its group still is.
        """
        if self.closure is not _retirement:
            return
        shut_by, self._shut_by = self._shut_by, None
        if shut_by is not None and not shut_by.is_open:
            self.closure = shut_by
            return
        self.call_hooks()
        self.closure = None

    @property
    def is_retired(self) -> bool:
        """Whether the plugin is unloaded."""
        return self.closure is _retirement

    def call_hooks(self) -> None:
        """Call what has to happen before the gate opens; a hook that fails is logged."""
        for hook in list(self.before_open):
            try:
                hook()
            except Exception:  # noqa: BLE001 - a gate has to open whatever a hook does
                _log.exception("a hook of the gate of %r failed", self.plugin)


class _Retirement:
    """Stands in for a closure at the gate of an unloaded plugin: refuses everyone."""

    class _NoBell:
        def put(self, item: object) -> None:
            """Nobody drains an unloaded plugin."""

    bell = _NoBell()
    is_open = False

    def knows(self, stack: Stack) -> bool:
        return True  # nothing to wait for: the call itself raises

    def admits(self, gate: Gate, stack: Stack) -> bool:
        raise not_loaded(gate)

    def wait(self, gate: Gate) -> None:
        raise not_loaded(gate)

    def wake(self) -> None:
        """Nobody waits."""


_retirement: Doorkeeper = _Retirement()


def not_loaded(gate: Gate) -> PluginNotLoadedError:
    """Return the error for the use of a plugin that does not run."""
    plugin = gate.plugin
    if gate.broken:
        return PluginNotLoadedError(
            plugin,
            f"plugin {plugin!r} does not run since its last reload failed. Mend it and reload it: "
            f"%reload_plugin {plugin}. (%plugin_errors shows what is wrong.)",
        )
    return PluginNotLoadedError(
        plugin,
        f"plugin {plugin!r} is not loaded: it was unloaded, or has not been loaded yet. Load it "
        f"with `%load_plugin {plugin}`; this handle and the methods taken from it then work again.",
    )


def in_flight(gates: Iterable[Gate]) -> list[CallInfo]:
    """Return what is in flight behind any of ``gates``, oldest first."""
    gates = frozenset(gates)
    # In this order: a call that makes a generator has its ticket before its token goes.
    calls = inflight.calls_in(gates)
    calls += [ticket.info() for ticket in inflight.tickets_in(gates)]
    return sorted(calls, key=lambda call: call.since)
