"""What is no state: refused where it is, in words that say what to do; locks come back open."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import io
import multiprocessing
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest

from themis_jupyter.errors import StateError
from themis_jupyter.state import Rules, Snapshot


class Holder:
    def __init__(self, thing: object) -> None:
        self.thing = thing


class Slotted:
    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing


@contextmanager
def running_thread() -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield thread
    stop.set()
    thread.join()


@contextmanager
def held(lock: Any) -> Iterator[Any]:
    with lock:
        yield lock


@contextmanager
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@contextmanager
def mapped() -> Iterator[Any]:
    with tempfile.TemporaryFile() as file:
        yield np.memmap(file, mode="w+", shape=3)


@contextmanager
def coroutine() -> Iterator[Any]:
    async def later() -> None:
        """Nothing."""

    made = later()
    yield made
    made.close()


@contextmanager
def closing(thing: Any) -> Iterator[Any]:
    yield thing
    thing.close()


@contextmanager
def just(thing: Any) -> Iterator[Any]:
    yield thing


GHOSTS: dict[str, tuple[Any, str]] = {
    "running thread": (running_thread, "thread"),
    "new thread": (lambda: just(threading.Thread()), "thread"),
    "held lock": (lambda: held(threading.Lock()), "lock that is held"),
    "held rlock": (lambda: held(threading.RLock()), "lock that is held"),
    "held condition": (lambda: held(threading.Condition()), "lock that is held"),
    "thread local": (lambda: just(threading.local()), "data of a thread"),
    "process": (process, "process"),
    "multiprocessing": (lambda: just(multiprocessing.Process()), "process"),
    "future": (lambda: just(concurrent.futures.Future()), "future"),
    "executor": (lambda: concurrent.futures.ThreadPoolExecutor(1), "pool of threads"),
    "event loop": (event_loop, "event loop"),
    "socket": (lambda: closing(socket.socket()), "socket"),
    "text file": (partial(tempfile.TemporaryFile, "w"), "open file"),
    "binary file": (partial(tempfile.TemporaryFile, "wb"), "open file"),
    "database": (lambda: closing(sqlite3.connect(":memory:")), "connection to a database"),
    "generator": (lambda: just(i for i in [1]), "generator"),
    "coroutine": (coroutine, "coroutine"),
    "view": (lambda: just(memoryview(b"x")), "view of other memory"),
    "array in a file": (mapped, "array in a file"),
    "context": (lambda: just(contextvars.copy_context()), "context"),
}


@pytest.mark.parametrize("make", [m for m, _ in GHOSTS.values()], ids=GHOSTS)
def test_ghosts_are_refused_where_they_are(make: Any, request: pytest.FixtureRequest) -> None:
    what = GHOSTS[request.node.callspec.id][1]
    with make() as ghost:
        for wrap, path in (
            (lambda g: [1, {"a b": Holder(g)}], r"state\.it\[1\]\['a b'\]\.thing"),
            (lambda g: (Slotted(g),), r"state\.it\[0\]\.thing"),
            (lambda g: g, r"state\.it"),
        ):
            with pytest.raises(StateError, match=rf"{path}(\._lock)? is .*{what}") as caught:
                Snapshot.capture({"fine": [1], "it": wrap(ghost)}, plugin="p")
            assert "Instead, " in str(caught.value)
            assert "'p'" in str(caught.value)


def test_open_locks_come_back_open_and_are_told() -> None:
    state = {
        "lock": threading.Lock(),
        "deep": [threading.RLock()],
        "event": threading.Event(),
        "buffer": io.BytesIO(b"text"),
    }
    state["event"].set()  # type: ignore[attr-defined]
    snapshot = Snapshot.capture(state)
    assert {"state.lock", "state.deep[0]"} <= {path for path, _ in snapshot.reset}
    back = snapshot.restore()
    assert back["lock"] is not state["lock"]
    assert back["lock"].acquire(blocking=False)
    assert back["event"].is_set()
    assert back["buffer"].getvalue() == b"text"


class Unpicklable:
    def __reduce_ex__(self, protocol: object) -> Any:
        raise ValueError("I stay here")


class DoesNotLoad:
    def __reduce__(self) -> Any:
        return int, ("no number",)


class Lies:
    def __reduce__(self) -> Any:
        return "no_such_name"


@pytest.mark.parametrize(
    ("thing", "told"),
    [
        (Unpicklable(), r"state\.it\[0\]\.thing \(Unpicklable\).*ValueError: I stay here"),
        (DoesNotLoad(), r"state\.it of 'p' was saved but does not load again.*ValueError"),
        (Lies(), r"state\.it\[0\]\.thing \(Lies\).*no_such_name"),
        ({}.keys(), r"state\.it\[0\]\.thing \(dict_keys\)"),
    ],
    ids=["raises", "does not load", "lies", "of python's own"],
)
def test_what_does_not_serialise_is_named(thing: Any, told: str) -> None:
    with pytest.raises(StateError, match=told):
        Snapshot.capture({"it": [Holder(thing)]}, plugin="p")


def test_a_state_a_million_deep() -> None:
    node: Any = None
    for _ in range(1_000_000):
        node = {"next": node}
    with pytest.raises(StateError, match=r"state\.it of 'p' is nested too deeply.*flat data"):
        Snapshot.capture({"it": node}, plugin="p")
    while node is not None:  # or freeing it goes as deep
        node = node.pop("next")


def test_a_circle_a_hundred_thousand_long_in_a_list_is_no_problem() -> None:
    nodes: list[dict[str, Any]] = [{} for _ in range(100_000)]
    assert len(Snapshot.capture({"nodes": nodes}).restore()["nodes"]) == 100_000


def test_recipes_make_again_what_cannot_be_saved() -> None:
    opened: list[str] = []

    def recipe(connection: sqlite3.Connection) -> Any:
        return opened.append, ("x",)

    with sqlite3.connect(":memory:") as connection:
        rules = Rules(recipes={sqlite3.Connection: recipe})
        snapshot = Snapshot.capture({"db": {"main": connection}}, rules=rules)
    connection.close()
    assert snapshot.rebuilt == ("state.db['main']",)
    assert opened == [], "the proof opens nothing"
    snapshot.restore()
