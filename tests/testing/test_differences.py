"""States are compared by what they hold, and what differs is named."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict, deque
from typing import Any

import numpy as np
import pytest

from themis_jupyter.testing.differences import differences


class Opaque:
    def __init__(self, value: object) -> None:
        self.value = value


class Slotted:
    __slots__ = ("__hidden", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.__hidden = [1]


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


def circle(value: object) -> list[Any]:
    items: list[Any] = [value]
    items.append({"self": items})
    return items


SAME: dict[str, Any] = {
    "plain": {"a": 1, "b": [1, 2.5, "x", None, (1, 2)]},
    "NaN": [float("nan"), {"deep": float("nan")}],
    "array": {"array": np.array([1.0, np.nan])},
    "sets": [{"a", "b", frozenset("c")}],
    "objects without __eq__": [Opaque(Opaque(1)), Slotted([1])],
    "keys without __eq__": {Opaque(1): 2},
    "elements without __eq__": {Opaque(1), Opaque(2)},
    "a hostile __eq__": [Hostile()],
    "containers": [deque([1, 2]), OrderedDict(a=1), b"x", bytearray(b"y")],
    "a circle": circle(1),
    "definitions": [Opaque, len, int],
}


@pytest.mark.parametrize("name", SAME)
def test_a_copy_is_the_same(name: str) -> None:
    assert list(differences(SAME[name], copy.deepcopy(SAME[name]))) == []


def test_locks_cannot_be_compared() -> None:
    assert list(differences([threading.Lock()], [threading.Lock()])) == []


def test_a_deep_state_is_compared() -> None:
    def nest(value: object) -> object:
        for _ in range(200):
            value = [value]
        return value

    assert list(differences(nest(1), nest(1))) == []
    assert [what for _, what in differences(nest(1), nest(2))] == ["differs, deep inside"]


OTHER: list[tuple[Any, Any, str, str]] = [
    ({"total": 3}, {"total": 0}, "state.total", "was 3, is 0"),
    ({"a": 1}, {}, "state.a", "was 1, is gone"),
    ({}, {"a b": 1}, "state['a b']", "was not there, is 1"),
    ([1, [2]], [1, [2, 3]], "state[1]", "had 1 elements, has 2"),
    ({"c": [0, {"k": 1}]}, {"c": [0, {"k": "1"}]}, "state.c[1].k", "was 1, is '1'"),
    ({1, 2}, {1, 3}, "state", "was {1, 2}, is {1, 3}"),
    (Opaque(1), Opaque(2), "state.value", "was 1, is 2"),
    (Slotted(1), Slotted(2), "state.value", "was 1, is 2"),
    ([np.array([1])], [np.array([2])], "state[0]", "was array([1]), is array([2])"),
    (1.0, float("nan"), "state", "was 1.0, is nan"),
    ([len], [max], "state[0]", "was <built-in function len>, is <built-in function max>"),
    (circle(1), circle(2), "state[0]", "was 1, is 2"),
    ({Opaque(1)}, {Opaque(2)}, "state", "was "),
]


@pytest.mark.parametrize(("before", "after", "path", "what"), OTHER)
def test_what_differs_is_named(before: Any, after: Any, path: str, what: str) -> None:
    ((found, words),) = differences(before, after)
    assert found == path
    assert words.startswith(what)
