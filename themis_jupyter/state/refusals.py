"""What is no state although it may seem to be saved: things that run, wait, or are open.

dill makes ghosts of many of them: a thread that does not run, a lock that is another lock. So they are
refused by their type, with what to do instead.
"""

from __future__ import annotations

import io
import sys
import types
from dataclasses import dataclass

_TRANSIENT = "name it in `transient`, and make it anew in initialize()"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why objects of a type are not saved.

    :param what: what such an object is, with its article.
    :param instead: what to do instead.
    """

    what: str
    instead: str = _TRANSIENT


# By module and name, so that nothing is imported for it: who has such an object has imported its module.
_BY_NAME: dict[tuple[str, str], Refusal] = {
    ("threading", "Thread"): Refusal(
        "a thread", "start it with self.background(...), or end it in shutdown() and start it in "
        "initialize(); " + _TRANSIENT
    ),
    ("threading", "Timer"): Refusal("a timer"),
    ("threading", "local"): Refusal("data of a thread"),
    ("multiprocessing.process", "BaseProcess"): Refusal("a process"),
    ("multiprocessing.connection", "_ConnectionBase"): Refusal("a connection to a process"),
    ("multiprocessing.pool", "Pool"): Refusal("a pool of processes"),
    ("multiprocessing.shared_memory", "SharedMemory"): Refusal("shared memory"),
    ("subprocess", "Popen"): Refusal("a process"),
    ("concurrent.futures._base", "Future"): Refusal(
        "a future", "keep its result() instead, or " + _TRANSIENT
    ),
    ("concurrent.futures._base", "Executor"): Refusal("a pool of threads or processes"),
    ("asyncio.events", "AbstractEventLoop"): Refusal("an event loop"),
    ("_asyncio", "Future"): Refusal("a future", "keep its result() instead, or " + _TRANSIENT),
    ("_asyncio", "Task"): Refusal("a task", "keep its result() instead, or " + _TRANSIENT),
    ("socket", "socket"): Refusal("a socket"),
    ("ssl", "SSLContext"): Refusal("the settings of encrypted connections"),
    ("mmap", "mmap"): Refusal("a file mapped to memory"),
    ("selectors", "BaseSelector"): Refusal("a selector"),
    ("sqlite3", "Connection"): Refusal(
        "a connection to a database",
        "write a method with @reconnects(sqlite3.Connection) that tells how to open it again, or "
        + _TRANSIENT,
    ),
    ("sqlite3", "Cursor"): Refusal("a cursor of a database", "keep the rows, or " + _TRANSIENT),
    ("numpy", "memmap"): Refusal(
        "an array in a file", "keep its path, and open it again in initialize(), or keep a copy of it"
    ),
    ("contextvars", "Context"): Refusal("a context of variables"),
}  # fmt: skip

_GENERATORS: dict[type, str] = {
    types.GeneratorType: "a generator",
    types.CoroutineType: "a coroutine",
    types.AsyncGeneratorType: "an asynchronous generator",
}


def refusal_of(kind: type) -> Refusal | None:
    """Return why objects of a type are refused; None where they are not."""
    for generator, what in _GENERATORS.items():
        if issubclass(kind, generator):
            return Refusal(what, "keep what it is made from, or " + _TRANSIENT)
    if issubclass(kind, types.FrameType | types.TracebackType):
        return Refusal(
            "a part of a running program", "keep its text (traceback.format_exc()), or leave it out"
        )
    if issubclass(kind, memoryview):
        return Refusal("a view of other memory", "keep bytes(view)")
    if issubclass(kind, io.IOBase) and not issubclass(kind, io.BytesIO | io.StringIO):
        return Refusal(
            "an open file",
            "keep its path, and the position from tell(), and open it in initialize()",
        )
    for (module, name), refusal in _BY_NAME.items():
        base = getattr(sys.modules.get(module), name, None)
        if isinstance(base, type) and issubclass(kind, base):
            return refusal
    return None
