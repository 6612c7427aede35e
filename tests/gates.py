"""Threads, holds and interrupts for tests of gates and handles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from themis_jupyter import inflight
from themis_jupyter.closure import Closure, close_gates
from themis_jupyter.gate import Gate

SOON = 10.0  # seconds; a bound on waits that end at once unless something is broken


def start(function: Callable[[], Any], name: str | None = None) -> Future[Any]:
    """Run ``function`` in a thread of its own; the future has its outcome."""
    future: Future[Any] = Future()

    def body() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - handed to who asks for the result
            future.set_exception(error)

    threading.Thread(target=body, name=name, daemon=True).start()
    return future


def end(future: Future[Any]) -> Any:
    return future.result(timeout=SOON)


class Body:
    """The body of a call, which a test can hold inside."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.leave.wait(SOON)
        return "done"

    def start(self, name: str = "worker") -> Future[Any]:
        future = start(lambda: self.gate.run("work", self), name)
        assert self.entered.wait(SOON)
        return future


def plain(gate: Gate, log: list[str] | None = None) -> str:
    """Make a call that does next to nothing."""

    def body() -> str:
        if log is not None:
            log.append("body")
        return "ran"

    return gate.run("plain", body)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """A semaphore, released each time a call begins to wait at a shut gate."""
    begun = threading.Semaphore(0)
    wait = Closure.wait

    def telling(closure: Closure, gate: Gate) -> None:
        begun.release()
        wait(closure, gate)

    monkeypatch.setattr(Closure, "wait", telling)
    return begun


@pytest.fixture
def drains(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """A semaphore, released each time a closer has found something in flight."""
    begun = threading.Semaphore(0)
    left_over = Closure._left_over

    def telling(closure: Closure) -> Any:
        calls = left_over(closure)
        if calls:
            begun.release()
        return calls

    monkeypatch.setattr(Closure, "_left_over", telling)
    return begun


class WatchedGate(Gate):
    """Notes what is in flight each time a call looks whether the gate is shut."""

    def __init__(self, plugin: str) -> None:
        self.looks: list[list[str]] = []
        super().__init__(plugin)

    @property
    def closure(self):
        self.looks.append([call.name for call in self.in_flight()])

    @closure.setter
    def closure(self, value): ...


def looks_of_a_call(make_call: Callable[[Gate], Any]) -> list[list[str]]:
    gate = WatchedGate("counter")
    call = make_call(gate)
    gate.looks.clear()
    call()
    return gate.looks


class InterruptedStack(list[Any]):
    """Raises KeyboardInterrupt right after an operation, as Python may do there."""

    after = ""

    def append(self, item: object) -> None:
        super().append(item)
        if self.after == "append":
            raise KeyboardInterrupt

    def pop(self, *args: Any) -> Any:
        item = super().pop(*args)
        if self.after == "pop":
            raise KeyboardInterrupt
        return item


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> InterruptedStack:
    """The current thread's list of calls, with interrupts."""
    stack = InterruptedStack(inflight.this_stack())
    monkeypatch.setattr(inflight.local, "stack", stack)
    monkeypatch.setitem(inflight._stacks, id(inflight.local.end), stack)
    return stack


def check_interrupts(stack: InterruptedStack, gate: Gate, drains: Any, call: Any) -> None:
    stack.after = "append"
    with pytest.raises(KeyboardInterrupt):
        call(lambda: None)
    assert gate.in_flight() == []

    closing: list[Future[Any]] = []

    def body() -> None:
        closing.append(start(lambda: close_gates([gate], None)))
        assert drains.acquire(timeout=SOON)
        stack.after = "pop"

    stack.after = ""
    with pytest.raises(KeyboardInterrupt):
        call(body)
    stack.after = ""
    end(closing[0]).open()  # it was woken
