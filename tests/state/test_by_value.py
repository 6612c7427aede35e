"""Classes and functions of a notebook that go to another kernel by value: nothing is lost on the way."""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
import sys
import threading
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest

from themis_jupyter.errors import StateError
from themis_jupyter.state import Rules, Snapshot

PORTABLE = Rules(portable=True)


def moved(state: Any) -> Any:
    """Return a state as it arrives in another kernel, twice the same."""
    snapshot = Snapshot.capture({"it": state}, plugin="p", rules=PORTABLE)
    snapshot.restore()
    return snapshot.restore()["it"]


def test_a_dataclass_keeps_its_fields() -> None:
    @dataclasses.dataclass
    class Point:
        x: int
        tags: list[str] = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(frozen=True, slots=True)
    class Slotted:
        x: int
        y: int = 2

    point, cls, slotted = moved((Point(1, ["a"]), Point, Slotted(3)))
    assert [field.name for field in dataclasses.fields(point)] == ["x", "tags"]
    assert dataclasses.asdict(point) == {"x": 1, "tags": ["a"]}
    assert dataclasses.replace(point, x=2) == cls(2, ["a"])
    assert cls(1).tags == []
    assert dataclasses.astuple(slotted) == (3, 2)


def test_members_of_an_enum_keep_their_attributes() -> None:
    class Planet(enum.Enum):
        EARTH = (6, 2)
        MARS = (4, 1)

        def __init__(self, mass: int, radius: int) -> None:
            self.mass, self.radius = mass, radius

    class Labelled(enum.Enum):
        ONE = (1, "one")

        def __new__(cls, value: int, label: str) -> Any:
            made = object.__new__(cls)
            made._value_ = value
            made.label = label  # type: ignore[attr-defined]
            return made

    planet, one = moved((Planet.MARS, Labelled.ONE))
    assert (planet.mass, planet.radius, planet.value) == (4, 1, (4, 1))
    assert (type(planet).EARTH.mass, type(planet)((6, 2)).name) == (6, "EARTH")
    assert (one.value, one.label, type(one)(1) is one) == (1, "one", True)


def test_functions_of_one_notebook_share_its_variables() -> None:
    cells = """
count = 0
def add():
    global count
    count += 1
    return count
def show():
    return count
class Reader:
    def read(self):
        return count
"""
    notebook: dict[str, Any] = {"__name__": "notebook"}
    exec(cells, notebook)
    add, show, reader = moved((notebook["add"], notebook["show"], notebook["Reader"]()))
    assert (add(), add()) == (1, 2)
    assert show() == reader.read() == 2
    assert notebook["count"] == 0


def test_a_generic_class_with_its_type_variable() -> None:
    T = TypeVar("T", bound=int)

    class Stack(Generic[T]):
        def __init__(self) -> None:
            self.items: list[T] = []

    stack, cls, variable = moved((Stack[int](), Stack, T))
    assert stack.items == []
    assert cls.__parameters__ == (variable,)
    assert (variable.__name__, variable.__bound__) == ("T", int)
    assert cls[bool].__args__ == (bool,)


def test_what_a_base_class_did_to_its_subclass_is_not_done_again() -> None:
    seen = []

    class Base:
        def __init_subclass__(cls, *, tag: str) -> None:
            seen.append(tag)

    class Derived(Base, tag="derived"):
        pass

    base, derived, seen_then = moved((Base, Derived, seen))
    assert (derived.__mro__[1], seen_then) == (base, ["derived"])
    type("Another", (base,), {}, tag="another")
    assert seen_then == ["derived", "another"]


def test_what_only_this_notebook_knows_by_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @functools.lru_cache
    def slow(x: int) -> int:
        return 2 * x

    slow.__module__, slow.__qualname__ = "__main__", "slow"
    monkeypatch.setattr(sys.modules["__main__"], "slow", slow, raising=False)
    assert Snapshot.capture({"it": slow}, plugin="p").restore()["it"] is slow
    with pytest.raises(StateError, match=r"state\.it of 'p'.*'slow' is in the notebook") as caught:
        moved(slow)
    assert "another kernel" in str(caught.value)


def test_where_something_is_in_functions_and_classes() -> None:
    notebook: dict[str, Any] = {"__name__": "notebook", "lock": threading.Lock()}
    exec("def inner():\n    return lock\ndef function():\n    return lambda: inner()", notebook)

    class Holder:
        lock = threading.RLock()

    def where(state: Any) -> str:
        with pytest.raises(StateError, match="lock that is held") as caught:
            moved(state)
        return str(caught.value)

    with notebook["lock"], Holder.lock:
        assert "state.it[0](global inner)(global lock) is a lock" in where([notebook["function"]])
        assert "state.it['a'].__class__.lock is a lock" in where({"a": Holder()})


def test_what_was_registered_with_an_abstract_class_stays_registered() -> None:
    class Base(abc.ABC):
        @abc.abstractmethod
        def close(self) -> None: ...

    Base.register(Decimal)
    back = moved(Base)
    assert back is not Base
    assert issubclass(Decimal, back)
    assert not issubclass(int, back)
