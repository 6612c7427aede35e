"""What is alike is written once, what nothing needs goes, and memory is taken once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.state.samples import PLUGIN, SECRET, files, noise, snapshot
from themis_jupyter.state import (
    FileStore,
    Snapshot,
    disk,
    export_snapshot,
    housekeeping,
    import_snapshot,
)

MB = 2**20


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list with the number of bytes of each write."""
    sizes: list[int] = []
    real = disk.os_write

    def write(fd: int, data: bytes | memoryview) -> int:
        sizes.append(real(fd, data))
        return sizes[-1]

    monkeypatch.setattr(disk, "os_write", write)
    return sizes


def test_a_second_save_writes_what_changed(store: FileStore, written: list[int]) -> None:
    arrays = [np.random.default_rng(i).random(MB // 2) for i in range(8)]  # 4 MB each
    total = sum(array.nbytes for array in arrays)
    store["first"] = snapshot(b"d", *(array.tobytes() for array in arrays))
    assert total <= sum(written) < 1.01 * total
    arrays[3][100_000 : 100_000 + total // 100 // 8] += 1  # 1 % in one place
    written.clear()
    store["second"] = snapshot(b"d", *(array.tobytes() for array in arrays))
    assert total / 100 <= sum(written) < 0.04 * total
    assert store["second"].buffers == tuple(array.tobytes() for array in arrays)
    written.clear()
    store["third"] = store["second"]
    assert sum(written) < 0.001 * total
    assert len(files(store, ".pack")) == 2


def test_alike_pieces_of_one_snapshot_are_written_once(
    store: FileStore, written: list[int]
) -> None:
    store["zeros"] = snapshot(b"", bytes(8 * MB), bytes(4 * MB))
    assert sum(written) < MB
    assert store["zeros"].buffers == (bytes(8 * MB), bytes(4 * MB))


def test_many_small_buffers_take_few_writes(store: FileStore, written: list[int]) -> None:
    buffers = [noise(100, seed) for seed in range(5000)]
    store["a"] = snapshot(b"d", *buffers)
    assert len(written) < 30
    assert store["a"].buffers == tuple(buffers)


def test_packs_go_with_the_last_snapshot_that_needs_them(store: FileStore) -> None:
    store["a"] = snapshot(b"a", noise(MB, 1))
    (first,) = files(store, ".pack")
    store["b"] = snapshot(b"b", noise(MB, 1), noise(MB, 2))
    del store["a"]
    assert first in files(store, ".pack")
    del store["b"]
    assert files(store) == []


def test_mostly_dead_packs_are_moved(store: FileStore) -> None:
    store["all"] = snapshot(b"all", *(noise(MB, seed) for seed in range(8)))
    store["one"] = snapshot(b"one", noise(MB, 3), noise(MB, 20))
    store["two"] = snapshot(b"two", noise(MB, 3), noise(MB, 5))
    del store["all"]
    before = sum(path.stat().st_size for path in files(store))
    done = store.gc()
    after = sum(path.stat().st_size for path in files(store))
    assert done.freed == before - after > 5 * MB
    assert [name for name in done.removed if name.endswith(".pack")]
    assert after < 3.1 * MB
    assert list(store) == ["one", "two"]
    assert store["one"].buffers == (noise(MB, 3), noise(MB, 20))
    assert FileStore(store.folder.parent, PLUGIN, SECRET)["two"].buffers == (
        noise(MB, 3),
        noise(MB, 5),
    )
    assert store.gc().freed == 0


def test_a_save_moves_what_is_left_where_it_pays(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "MUCH_DEAD", MB)
    store.max_snapshots = 2
    buffers = [noise(MB, seed) for seed in range(8)]
    for i in range(30):
        buffers[i % 8] = noise(MB, 100 + i)
        store.save(snapshot(bytes([i]), *buffers))
        disk_space = sum(path.stat().st_size for path in files(store, ".pack"))
        assert disk_space < 2 * 9 * MB + 2 * MB
    assert store[list(store)[-1]].buffers == tuple(buffers)


def test_packs_with_foreign_content_are_left(store: FileStore) -> None:
    store["all"] = snapshot(b"all", *(noise(MB, seed) for seed in range(4)))
    store["one"] = snapshot(b"one", noise(MB, 3))
    other = FileStore(store.folder.parent, PLUGIN, bytes(32))
    del store["all"]
    other.gc()
    assert store["one"].buffers == (noise(MB, 3),)
    store.gc()
    assert store["one"].buffers == (noise(MB, 3),)
    assert other.load("one", trust=True) == store["one"]


def test_a_damaged_piece_does_not_keep_gc_from_its_work(store: FileStore) -> None:
    store["all"] = snapshot(b"all", *(noise(MB, seed) for seed in range(4)))
    store["one"] = snapshot(b"one", noise(MB, 3))
    (path,) = files(store, ".pack")[:1]
    store["other"] = snapshot(b"other", noise(MB, 9), noise(MB, 8))
    store["good"] = snapshot(b"good", noise(MB, 9))
    bad = bytearray(path.read_bytes())
    for place in range(0, len(bad), 1000):
        bad[place] ^= 1
    path.write_bytes(bad)
    del store["all"], store["other"]
    assert store.gc().freed > 0
    assert store["good"].buffers == (noise(MB, 9),)


def peak_of(action: Callable[[], object]) -> int:
    """Return the most bytes that were in use at a time, beyond those before."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory(store: FileStore, tmp_path: Path) -> None:
    """Writing copies nothing to speak of; reading takes the memory of the content once."""
    data, *buffers = (noise(4 * MB, seed) for seed in range(4))
    saved = snapshot(data, *buffers)
    size = 16 * MB
    file = tmp_path / "x.state"
    for write in (lambda: store.save(saved, "a"), lambda: export_snapshot(saved, file, SECRET)):
        assert peak_of(write) < MB
    for read in (lambda: store["a"], lambda: import_snapshot(file, SECRET)):
        assert read() == saved
        assert size <= peak_of(read) < size + MB


def test_other_kinds_of_buffers(store: FileStore) -> None:
    """The serializer may hand out anything that has bytes."""
    array = np.arange(100_000, dtype="<f8").reshape(100, 1000)
    parts: list[Any] = [array, bytearray(b"abc"), np.zeros((0, 3)), array.T, np.array(3.5)]
    views = tuple(memoryview(part) for part in parts)
    store["a"] = Snapshot(snapshot().header, b"d", views)
    assert store["a"].buffers == tuple(view.tobytes() for view in views)
