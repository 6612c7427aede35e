"""What comes back from a snapshot, whatever it was, and that it is nobody else's."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import math
import pickle
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest

from themis_jupyter.errors import StateError
from themis_jupyter.state import Rules, Snapshot

np = pytest.importorskip("numpy")


class Point:
    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    name: str
    values: tuple[int, ...]


class Color(enum.Enum):
    RED = 1


def named(x: int) -> int:
    return x + 1


def copy(state: Any, **options: Any) -> Any:
    return Snapshot.capture({"it": state}, plugin="p", **options).restore()["it"]


VALUES: dict[str, Any] = {
    "plain": {"a": [1, 2.5, "x", b"y", None, True], "b": {1, 2}, "c": (1, (2,))},
    "object": [Point(1), Point(2)],
    "frozen dataclass with slots": Record("n", (1, 2)),
    "enum": [Color.RED],
    "ordered": collections.OrderedDict(b=1, a=2),
    "counter": collections.Counter("hello"),
    "deque": collections.deque([1, 2], maxlen=5),
    "named function": named,
    "class": Point,
    "builtin": [len, print, int, type(None), type(named)],
    "partial": functools.partial(named, 1).args,
    "bytes of a megabyte": b"x" * (1 << 20),
    "module": math,
    "range": range(3),
    "mapping proxy": dict(types.MappingProxyType({"a": 1})),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("portable", [False, True])
def test_it_comes_back(value: Any, portable: bool) -> None:
    assert copy(value, rules=Rules(portable=portable)) == value


def test_nan_keys() -> None:
    back = copy({math.nan: 1, (math.nan,): 2})
    assert sorted(back.values()) == [1, 2]


def test_a_state_that_is_no_mapping() -> None:
    assert Snapshot.capture([1, [2]]).restore() == [1, [2]]
    assert Snapshot.capture({1: 2, "a": 3}).restore() == {1: 2, "a": 3}
    assert len(Snapshot.capture({str(i): i for i in range(2000)}).restore()) == 2000


def test_what_fields_share_they_share_afterwards() -> None:
    shared: list[int] = []
    snapshot = Snapshot.capture({"a": shared, "b": {"c": shared}})
    back = snapshot.restore()
    assert back["a"] is back["b"]["c"]
    assert back["a"] is not shared


def test_circles_also_through_the_state_itself() -> None:
    state: dict[str, Any] = {}
    state["me"] = state
    state["list"] = [state]
    back = Snapshot.capture(state).restore()
    assert back["me"] is back is back["list"][0]


# -- functions and classes without a name --------------------------------------------------------------


def test_closures_share_their_variables() -> None:
    def make() -> tuple[Callable[[], int], Callable[[], int]]:
        count = [0]

        def add() -> int:
            count[0] += 1
            return count[0]

        return add, lambda: count[0]

    add, show = make()
    add_2, show_2 = copy((add, show))
    assert add_2() == show_2() == 1
    assert show() == 0


def test_a_function_that_calls_itself() -> None:
    def make() -> Callable[[int], int]:
        def factorial(n: int) -> int:
            return 1 if n == 0 else n * factorial(n - 1)

        return factorial

    back = copy(make())
    assert back(5) == 120
    assert back.__closure__[0].cell_contents is back


def test_a_lambda_shares_with_the_rest_of_the_state() -> None:
    data = [1]
    snapshot = Snapshot.capture({"data": data, "show": (lambda: lambda: data)()})
    back = snapshot.restore()
    back["data"].append(2)
    assert back["show"]() == [1, 2]
    assert data == [1]


def test_the_attributes_of_a_function() -> None:
    def outer() -> Any:
        variable = 1

        def function(a: int, b: int = 2, *, c: int = 3) -> list[int]:
            """Doc."""
            return [a, b, c, variable]

        function.mark = [1]  # type: ignore[attr-defined]
        return function

    back = copy(outer())
    assert back(1) == [1, 2, 3, 1]
    assert (back.__doc__, back.__name__, back.mark) == ("Doc.", "function", [1])
    assert back.__qualname__.endswith("outer.<locals>.function")


def local_class() -> type:
    class Local:
        kind = "local"

        def __init__(self, x: int) -> None:
            self.x = x

        def show(self) -> Any:
            return super().__repr__()[:1], self.x

        @property
        def double(self) -> int:
            return 2 * self.x

        @staticmethod
        def static() -> str:
            return "static"

        @classmethod
        def make(cls) -> Any:
            return cls(9)

    return Local


def test_within_a_process_a_local_class_is_the_same_class() -> None:
    cls: Any = local_class()
    back = copy(cls(3))
    assert type(back) is cls
    assert back.show() == ("<", 3)


def test_for_another_process_a_local_class_goes_by_value() -> None:
    cls: Any = local_class()
    one, other = copy((cls(3), cls), rules=Rules(portable=True))
    assert type(one) is other is not cls
    assert (one.show(), one.double, other.static(), other.make().x) == (("<", 3), 6, "static", 9)


def test_for_another_process_a_local_enum_goes_by_value() -> None:
    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 2

        def up(self) -> int:
            return self + 1

    low, cls = copy((Level.LOW, Level), rules=Rules(portable=True))
    assert low is cls.LOW
    assert (low.up(), cls(2).name, [m.name for m in cls]) == (2, "HIGH", ["LOW", "HIGH"])


def test_what_pickle_can_do_and_dill_cannot() -> None:
    class Meta(type):
        def __reduce__(cls) -> Any:  # never asked: a class is known by its name
            raise AssertionError

    class Odd:
        def __reduce_ex__(self, protocol: Any) -> Any:
            return Point, (7,)

    assert copy(Odd()) == Point(7)


# -- isolation -----------------------------------------------------------------------------------------


def test_nothing_of_it_is_shared() -> None:
    array = np.arange(100_000)
    state = {"array": array, "list": [1], "bytes": bytearray(b"x" * 100_000)}
    snapshot = Snapshot.capture(state)
    array[0], state["list"][0], state["bytes"][0] = 99, 99, 99
    for _ in range(3):
        back = snapshot.restore()
        assert back["array"][0] == 0
        assert back["list"] == [1]
        assert back["bytes"][0] == ord("x")
        # A restore that fails half-way may have changed what it got.
        back["array"][:], back["list"][:] = -1, []
        back["bytes"][0] = 0


def test_large_arrays_are_out_of_band_and_writable() -> None:
    arrays = {
        "c": np.random.default_rng(1).random((300, 300)),
        "f": np.asfortranarray(np.arange(90_000.0).reshape(300, 300)),
        "sliced": np.arange(200_000)[::2],
        "small": np.arange(3),
        "objects": np.array([1, "a", [2], None], dtype=object),
        "empty": np.zeros((0, 3)),
        "structured": np.zeros(20_000, dtype=[("a", "f8"), ("b", "i4")]),
        "read-only": np.arange(30_000),
    }
    arrays["read-only"].flags.writeable = False
    snapshot = Snapshot.capture(arrays)
    assert len(snapshot.buffers) >= 4
    back = snapshot.restore()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].tolist() == array.tolist(), name
    assert all(back[name].flags.writeable for name in ("c", "f", "sliced", "small", "structured"))


def test_threads_restore_at_once() -> None:
    snapshot = Snapshot.capture({"list": [1, 2, 3]})
    got: list[Any] = []
    threads = [threading.Thread(target=lambda: got.append(snapshot.restore())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{"list": [1, 2, 3]}] * 8
    assert len({id(state["list"]) for state in got}) == 8


def test_what_stays_is_told_by_the_rules() -> None:
    class Handle:
        def __reduce__(self) -> Any:
            raise AssertionError("it belongs to this process")

    handle = Handle()
    rules = Rules(stays=lambda obj: obj is handle, asked=(Handle,))
    assert copy([handle, handle], rules=rules) == [handle, handle]
    with pytest.raises(StateError, match=r"state\.it\[1\] \(Handle\)"):
        copy([handle, Handle()], rules=rules)


# -- what the header says ------------------------------------------------------------------------------


def test_the_header() -> None:
    state = {"array": np.zeros(100_000), "text": "x" * 1000, "point": Point(1)}
    told: list[tuple[str, int]] = []
    snapshot = Snapshot.capture(
        state,
        plugin="p",
        about={"plugin_version": "2.0", "state_version": 3, "source_sha256": "ab"},
        watch=lambda name, size, seconds: told.append((name, size)),
    )
    header = snapshot.header
    assert (header.plugin, header.plugin_version, header.state_version) == ("p", "2.0", 3)
    assert [(f.name, f.type) for f in header.fields] == [
        ("array", "numpy.ndarray"),
        ("text", "str"),
        ("point", f"{__name__}.Point"),
    ]
    sizes = {f.name: f.size for f in header.fields}
    assert sizes["array"] > 800_000
    assert 1000 < sizes["text"] < 1100
    assert told == [(f.name, f.size) for f in header.fields]
    assert header.size == sum(header.sizes) == len(snapshot.data) + sum(map(len, snapshot.buffers))
    assert header.libraries["numpy"] == np.__version__
    assert type(header).from_json(header.as_json()) == header


def test_renamed_classes() -> None:
    snapshot = Snapshot.capture([Point(1)], changing={__name__})
    back = snapshot.restore({f"{__name__}.Point": f"{__name__}.Renamed"})
    assert type(back[0]) is Renamed
    assert back[0].x == 1


class Renamed:
    x: int


def test_what_may_change_is_made_anew_from_the_bytes() -> None:
    """``__setstate__`` of the new code is to see what the old code saved."""
    snapshot = Snapshot.capture([Point(1)], changing={__name__})
    seen: list[Any] = []
    Point.__setstate__ = lambda self, state: seen.append(state)  # type: ignore[attr-defined]
    try:
        snapshot.restore()
    finally:
        del Point.__setstate__  # type: ignore[attr-defined]
    assert seen == [{"x": 1}]


def test_a_plain_pickle_of_the_same_is_no_smaller() -> None:
    records = {i: {"a": i, "b": [i, str(i)]} for i in range(1000)}
    assert Snapshot.capture(records).size <= len(pickle.dumps(records, 5)) + 100


def test_code_by_value_is_bound_to_its_python() -> None:
    def make() -> Callable[[], int]:
        number = 3
        return lambda: number

    snapshot = Snapshot.capture([make()], plugin="p", rules=Rules(portable=True))
    assert snapshot.header.code
    assert snapshot.restore()[0]() == 3
    foreign = dataclasses.replace(snapshot.header, python="3.9.1")
    with pytest.raises(StateError, match=r"saved by Python 3\.9\.1 and holds functions"):
        dataclasses.replace(snapshot, header=foreign).restore()
    plain = Snapshot.capture([1], plugin="p")
    moved = dataclasses.replace(plain.header, python="3.9.1")
    assert dataclasses.replace(plain, header=moved).restore() == [1]
