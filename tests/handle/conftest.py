"""A record as a manager keeps one, an instance of all kinds of members, and a handle of it."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from tests import gates
from themis_jupyter.gate import Gate
from themis_jupyter.handle import make_handle, target_of

drains, stack = gates.drains, gates.stack


class Record:
    """What a manager keeps of a plugin, as far as a handle cares."""

    def __init__(self, instance: object | None, name: str = "counter") -> None:
        self.name = name
        self.instance = instance
        self.gate = Gate(name)

    def unload(self) -> None:
        self.instance = None
        self.gate.retire()

    def load(self, instance: object) -> None:
        self.instance = instance
        self.gate.revive()


def handle_of(instance: object | None) -> Any:
    return make_handle(Record(instance))


def gate_of(handle: Any) -> Gate:
    return target_of(handle).gate


def names_in_flight(handle: Any) -> list[str]:
    return [call.name for call in gate_of(handle).in_flight()]


class Counter:
    """Counts."""

    version = "1.2"
    handle: Any  # set by who wants to be seen

    def __init__(self, total: int = 0) -> None:
        self.total = total

    def add(self, step: int = 1, *, twice: bool = False) -> int:
        """Add to the total."""
        self.total += step * (2 if twice else 1)
        return self.total

    def seen(self) -> list[str]:
        return names_in_flight(self.handle)

    @property
    def half(self) -> float:
        """Half of the total."""
        return self.total / 2

    @half.setter
    def half(self, value: float) -> None:
        self.total = int(value * 2)

    @classmethod
    def make(cls, total: int) -> Counter:
        return cls(total)

    @staticmethod
    def triple(number: int) -> int:
        return number * 3

    @functools.lru_cache(maxsize=8)  # noqa: B019 - what users write
    def cached(self, number: int) -> int:
        return number + 1

    def added(self, step: int, factor: int) -> int:
        return self.add(step * factor)

    tenfold = functools.partialmethod(added, factor=10)

    def numbers(self, upto: int):
        """Yield numbers."""
        yield from range(upto)

    async def fetch(self, number: int = 1) -> int:
        """Fetch a number."""
        await asyncio.sleep(0)
        return number

    async def stream(self):
        yield 1
        yield 2

    def me(self) -> Counter:
        return self


class Bag:
    """A container that also is a number, a callable and a context."""

    def __init__(self, *items: int) -> None:
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __delitem__(self, key):
        del self.items[key]

    def __iter__(self):
        yield from self.items

    def __contains__(self, item):
        return item in self.items

    def __reversed__(self):
        return reversed(self.items)

    def __call__(self, *args, **kwargs):
        return args, kwargs

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.left = exc[0]
        return exc[0] is LookupError

    def __add__(self, other):
        return Bag(*self.items, *other.items) if type(other) is Bag else NotImplemented

    def __radd__(self, other):
        return ("radd", other)

    def __iadd__(self, other):
        self.items.append(other)
        return self

    def __neg__(self):
        return Bag(*(-item for item in self.items))

    def __eq__(self, other):
        return type(other) is Bag and other.items == self.items

    def __hash__(self):
        return hash(tuple(self.items))

    def __lt__(self, other):
        return len(self.items) < len(other.items)

    def __bool__(self):
        return sum(self.items) > 0

    def __int__(self):
        return sum(self.items)

    def __format__(self, spec):
        return f"bag:{spec}"

    def __str__(self):
        return f"Bag{self.items}"


@pytest.fixture
def record() -> Record:
    return Record(Counter())


@pytest.fixture
def handle(record: Record) -> Any:
    return make_handle(record)
