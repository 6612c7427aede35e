"""What every store does, wherever it keeps the snapshots."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.state.samples import PLUGIN, SECRET, noise, snapshot
from themis_jupyter.errors import (
    IncompatibleSnapshotError,
    SnapshotNotFoundError,
    StateError,
)
from themis_jupyter.state import FileStore, MemoryStore, SnapshotStore

Make = Callable[..., SnapshotStore]


@pytest.fixture(params=["memory", "files"])
def make(request: Any, tmp_path: Path) -> Make:
    if request.param == "memory":
        return lambda **limits: MemoryStore(PLUGIN, **limits)
    return lambda **limits: FileStore(tmp_path / "states", PLUGIN, SECRET, **limits)


@pytest.fixture
def any_store(make: Make) -> SnapshotStore:
    return make()


def test_empty(any_store: SnapshotStore) -> None:
    assert list(any_store) == [] and len(any_store) == 0 and not any_store
    assert any_store.headers() == {}
    assert any_store.entries() == {}
    assert any_store.newest() is None
    assert "a" not in any_store
    assert not any_store.__contains__(3)
    assert any_store.get("a") is None
    assert any_store.pop("a", None) is None
    any_store.clear()
    assert any_store.gc().dropped == ()
    for use in (any_store.load, any_store.__getitem__, any_store.__delitem__, any_store.pop):
        with pytest.raises(SnapshotNotFoundError, match="no snapshot of 'counter' is called 'a'"):
            use("a")


def test_what_is_saved_comes_back(any_store: SnapshotStore) -> None:
    saved = snapshot(b"stream", b"", b"x", noise(700_000), b"\0" * 600_000)
    any_store["a"] = saved
    assert any_store["a"] == saved
    assert any_store.headers() == {"a": saved.header}
    assert type(any_store["a"].data) is bytes
    empty = snapshot(b"")
    any_store["empty"] = empty
    assert any_store["empty"] == empty
    assert list(any_store) == ["a", "empty"]
    assert any_store.newest() == "empty"


def test_the_order_is_that_of_saving(any_store: SnapshotStore) -> None:
    for label in ("b", "a", "c"):
        any_store[label] = snapshot(label.encode())
    any_store["b"] = snapshot(b"anew")
    assert list(any_store) == ["a", "c", "b"]
    assert any_store["b"].data == b"anew"
    assert list(any_store.headers()) == list(any_store.entries()) == ["a", "c", "b"]
    numbers = [entry.sequence for entry in any_store.entries().values()]
    assert numbers == sorted(numbers)


def test_deleting(any_store: SnapshotStore) -> None:
    any_store.update(a=snapshot(b"1"), b=snapshot(b"2"), c=snapshot(b"3"))
    del any_store["b"]
    assert list(any_store) == ["a", "c"]
    assert any_store.pop("a").data == b"1"
    assert list(any_store) == ["c"] and any_store.newest() == "c"
    with pytest.raises(KeyError):
        any_store["a"]
    any_store.clear()
    assert not any_store


def test_a_misspelt_label_is_told(any_store: SnapshotStore) -> None:
    any_store["before lunch"] = snapshot()
    with pytest.raises(SnapshotNotFoundError, match="did you mean 'before lunch'") as caught:
        any_store["before_lunch"]
    assert caught.value.plugin == PLUGIN
    assert not str(caught.value).startswith(("'", '"'))
    with pytest.raises(SnapshotNotFoundError, match="there are: 'before lunch'"):
        any_store["xyz"]


def test_labels_that_the_store_finds(any_store: SnapshotStore) -> None:
    first = any_store.save(snapshot(b"1"))
    any_store["mine"] = snapshot(b"2")
    third = any_store.save(snapshot(b"3"))
    assert list(any_store) == [first, "mine", third]
    assert [entry.named for entry in any_store.entries().values()] == [False, True, False]
    any_store["auto-4"] = snapshot(b"4")
    any_store["auto-5"] = snapshot(b"5")
    any_store["auto-7"] = snapshot(b"x")
    assert any_store.save(snapshot(b"6")) not in ("auto-4", "auto-5", "auto-7")
    assert any_store["auto-7"].data == b"x"


@pytest.mark.parametrize("label", ["", "a\nb", "a\x1b[31m", "x" * 201, "\ud800", 3, None])
def test_labels_that_cannot_be(any_store: SnapshotStore, label: Any) -> None:
    with pytest.raises(StateError, match="A label is a text of 1 to 200 characters"):
        any_store[label] = snapshot()
    assert not any_store


@pytest.mark.parametrize(
    "label", ["ä ö", "../../etc/passwd", "con", ".", "a/b\\c", '"', "😀", "x" * 200]
)
def test_labels_that_can(any_store: SnapshotStore, label: str) -> None:
    any_store[label] = snapshot(b"here")
    assert list(any_store) == [label] and any_store[label].data == b"here"


def test_another_plugin_is_refused(any_store: SnapshotStore) -> None:
    with pytest.raises(IncompatibleSnapshotError, match="the state of 'other', not of 'counter'"):
        any_store["a"] = snapshot(plugin="other")
    assert not any_store


def test_the_number_is_limited(make: Make) -> None:
    store = make(max_snapshots=3)
    store["named"] = snapshot(b"n")
    autos = [store.save(snapshot(bytes([i]))) for i in range(4)]
    assert list(store) == ["named", *autos[2:]]
    store["second"] = snapshot(b"s")
    store["third"] = snapshot(b"t")
    assert list(store) == ["named", "second", "third"]
    # Only named ones are left, so the oldest of those goes.
    store["fourth"] = snapshot(b"u")
    assert list(store) == ["second", "third", "fourth"]
    # The one just written stays, though it is the only one that nobody named.
    auto = store.save(snapshot(b"v"))
    assert list(store) == ["third", "fourth", auto]
    assert all(store[label] for label in store)


def test_the_size_is_limited(make: Make) -> None:
    store = make(max_bytes=100_000)
    autos = [store.save(snapshot(noise(30_000, i))) for i in range(4)]
    assert list(store) == autos[1:]
    store["named"] = snapshot(noise(60_000, 9))
    assert list(store) == [autos[3], "named"]
    # What is larger than all that is allowed is kept: it is the state of now.
    huge = store.save(snapshot(noise(200_000, 10)))
    assert list(store) == [huge]
    assert store[huge].size == 200_000


def test_gc_applies_limits_that_came_later(make: Make) -> None:
    store = make()
    autos = [store.save(snapshot(noise(1000, i))) for i in range(4)]
    store.max_snapshots = 2
    assert store.gc().dropped == tuple(autos[:2])
    assert list(store) == autos[2:]
    assert store.gc().dropped == ()
    store.max_bytes = 1500
    assert store.gc().dropped == (autos[2],)


@pytest.mark.parametrize("limits", [{"max_snapshots": 0}, {"max_bytes": -1}])
def test_limits_that_cannot_be(make: Make, limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="leaves no room"):
        make(**limits)


def test_a_name_that_no_plugin_has(tmp_path: Path) -> None:
    for name in ("../x", "a/b", "", "x\0"):
        with pytest.raises(ValueError, match="cannot be the name of a plugin"):
            MemoryStore(name)
        with pytest.raises(ValueError, match="cannot be the name of a plugin"):
            FileStore(tmp_path, name, SECRET)


def test_threads_may_share_it(any_store: SnapshotStore) -> None:
    errors: list[BaseException] = []
    labels: list[str] = []

    def work(number: int) -> None:
        try:
            for i in range(5):
                labels.append(any_store.save(snapshot(noise(1000, number * 100 + i))))
                any_store["shared"] = snapshot(b"shared")
                assert any_store["shared"].data == b"shared"
                any_store.gc()
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(set(labels)) == 20
    assert len(any_store) == 20  # the limit; the named one and 19 others
    assert "shared" in any_store
