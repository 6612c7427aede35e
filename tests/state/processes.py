"""Processes that save, are killed, and come into each other's way; run by ``test_processes.py``.

A process of its own, as it forks: ``python -m tests.state.processes WHAT FOLDER SEED COUNT``. It fails by
an assertion.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.state.samples import PLUGIN, SECRET, files, snapshot
from themis_jupyter.errors import SnapshotNotFoundError
from themis_jupyter.state import FileStore, Snapshot, disk, housekeeping, locking

POOL = random.Random(0).randbytes(2_000_000)
LIMIT = 3


def numbered(number: int, who: int = 0) -> Snapshot:
    """Return a snapshot that shares most of its content with the ones before, and is known by its number."""
    pieces = [POOL[(number - i) * 97 % 1_000_000 :][:270_000] for i in range(2)]
    return snapshot(b"%d %d" % (number, who), *pieces, b"%d" % number * 100)


def number_of(snap: Snapshot) -> int:
    """Return the number of a snapshot, of which every byte is looked at."""
    number, who = map(int, snap.data.split())
    assert snap == numbered(number, who), "its content is not that of its header"
    return number


def opened(folder: Path) -> FileStore:
    return FileStore(folder, PLUGIN, SECRET, max_snapshots=LIMIT)


def fork(work: Callable[[int], object]) -> tuple[int, int]:
    """Start a child that is given a pipe to write to; return its id, and our end of the pipe."""
    here, there = os.pipe()
    child = os.fork()
    if child:
        os.close(there)
        return child, here
    status = 1
    try:
        os.close(here)
        work(there)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def save_for_ever(store: FileStore, first: int, label: str | None, pipe: int) -> None:
    """Save one after the other; tell each number when it is saved."""
    rng = random.Random(first)
    number = first
    while True:
        store.save(numbered(number), label)
        os.write(pipe, number.to_bytes(8, "big"))
        number += 1
        if rng.random() < 0.3:
            store.gc()


def check(folder: Path, acknowledged: int, before: int = LIMIT) -> int:
    """Check that all snapshots are whole, and the last is the one acknowledged or the next; return it.

    :param before: how many there were before the crash. One may have been saved since and nothing dropped, also
        several times in a row.
    """
    store = opened(folder)
    assert store.problems() == []
    numbers = [number_of(store[label]) for label in store]
    assert numbers == sorted(numbers), numbers
    assert len(numbers) <= max(LIMIT, before) + 1, (numbers, before)
    newest = number_of(store[store.newest() or ""]) if numbers else 0
    assert newest in (acknowledged, acknowledged + 1), (newest, acknowledged)
    return newest


def check_clean(folder: Path) -> None:
    """Check that gc() leaves nothing that a crash left, and the snapshots as they were."""
    store = opened(folder)
    before = {label: number_of(snap) for label, snap in store.items()}
    for label in store.gc().dropped:  # beyond the limit, as the crash came between
        del before[label]
    assert {label: number_of(snap) for label, snap in store.items()} == before
    assert files(store, ".tmp") == []
    assert len(files(store, ".json")) == len(store)
    needed = {path.name for path in files(store, ".pack")}
    text = "".join(path.read_text() for path in files(store, ".json"))
    assert all(name.removesuffix(".pack") in text for name in needed)


def kill_at_random(folder: Path, seed: int, count: int) -> None:
    """Kill a child at ``count`` random moments, and see each time what is there."""
    rng = random.Random(seed)
    store = opened(folder)
    started = time.perf_counter()
    last = 0
    for last in range(1, 6):
        store.save(numbered(last), "state")
    a_save = (time.perf_counter() - started) / 5  # seconds
    for _ in range(count):
        label = rng.choice(["state", None])
        before = len(opened(folder))
        child, pipe = fork(lambda there, n=last + 1, to=label: save_for_ever(store, n, to, there))  # type: ignore[misc]
        acknowledged = last
        for _ in range(rng.randrange(3)):
            acknowledged = read_number(pipe)
        # A moment within the next two saves: spinning is more exact than sleeping.
        end = time.perf_counter() + rng.random() * 2 * a_save
        while time.perf_counter() < end:
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while number := read_number(pipe):
            acknowledged = number
        os.close(pipe)
        last = check(folder, acknowledged, before)
        if rng.random() < 0.1:
            check_clean(folder)
    check_clean(folder)


def read_number(pipe: int) -> int:
    """Return the next number; 0 at the end."""
    return int.from_bytes(os.read(pipe, 8), "big")


def kill_at_each_step(folder: Path, seed: int, count: int) -> None:
    """Let a child die right before, and right after, each call that changes something on the disk."""
    store = opened(folder)
    last = 1
    store.save(numbered(last), "state")
    for action in ("named", "auto", "delete", "gc"):
        if action == "gc":
            housekeeping.MUCH_DEAD = 10**12  # so that saves leave it all to gc()
        for step in range(10_000):
            store.save(numbered(last), "other")
            last += 1
            # What is needed lies between what is not: work for gc().
            mixed = (POOL[-600_000:], *numbered(last).buffers, POOL[-900_000:-600_000])
            store.save(snapshot(b"mixed", *mixed), "mixed")
            store.save(numbered(last), "state")
            del store["mixed"]

            def work(pipe: int, step: int = step, action: str = action, number: int = last) -> None:
                die_at(step)
                if action == "gc":
                    store.gc()
                elif action == "delete":
                    del store["other"]
                else:
                    store.save(numbered(number + 1), "state" if action == "named" else None)

            child, pipe = fork(work)
            _, status = os.waitpid(child, 0)
            os.close(pipe)
            last = check(folder, last)
            check_clean(folder)
            if not os.WIFSIGNALED(status):
                assert status == 0
                break
        assert step >= (4 if action == "delete" else 10), (action, step)


def die_at(step: int) -> None:
    """Let this process die at a call: before it for even steps, after it for odd ones."""
    calls = -1

    def deadly(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if 2 * calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if 2 * calls + 1 == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    disk.os_write = deadly(disk.os_write)
    for name in ("replace", "unlink", "fsync"):
        setattr(os, name, deadly(getattr(os, name)))


def work_together(folder: Path, seed: int, count: int) -> None:
    """Two that save, one that cleans up and one that reads, all at the same time."""
    children = [fork(lambda _, who=who: save_many(folder, who, seed, count)) for who in (1, 2)]  # type: ignore[misc]
    for number in (1, 2):
        opened(folder).save(numbered(number, 9), "early")
    end = os.pipe()
    others = [
        fork(lambda _: until(end, lambda: opened(folder).gc())),
        fork(lambda _: until(end, lambda: read_all(folder))),
    ]
    assert [wait(child) for child in children] == [0, 0]
    os.close(end[1])
    os.close(end[0])
    assert [wait(child) for child in others] == [0, 0]
    store = opened(folder)
    store.gc()
    assert {number_of(store[f"saver {who}"]) for who in (1, 2)} == {count}
    assert files(store, ".tmp") == [] and store.problems() == []


def wait(child: tuple[int, int]) -> int:
    os.close(child[1])
    return os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1])


def save_many(folder: Path, who: int, seed: int, count: int) -> None:
    rng = random.Random(seed * 10 + who)
    store = opened(folder)
    mine = f"saver {who}"
    for number in range(1, count + 1):
        store.save(numbered(number, who), mine)
        assert store[mine] == numbered(number, who)
        if rng.random() < 0.3:
            # Unless the other one has dropped it for the limit.
            label = store.save(numbered(number, who))
            if (found := store.get(label)) is not None:
                assert found.data.endswith(b"%d" % who)
                number_of(found)
        if rng.random() < 0.1:
            store.gc()
        if rng.random() < 0.1:
            store = opened(folder)


def until(pipe: tuple[int, int], action: Callable[[], object]) -> None:
    """Do it again and again, until the other end of the pipe is closed, or the parent is gone."""
    here, there = pipe
    os.close(there)
    parent = os.getppid()
    while not select.select([here], [], [], 0)[0] and os.getppid() == parent:
        action()


def read_all(folder: Path) -> None:
    store = opened(folder)
    assert store.problems() == []
    for label in store:
        try:
            number_of(store[label])
        except SnapshotNotFoundError:  # dropped meanwhile, which only those without a name are
            assert label.startswith(("auto-", "early")), label


def main() -> None:
    what, folder, seed, count, way = sys.argv[1:]
    housekeeping.MUCH_DEAD = 300_000  # so that saves move what is left, too
    if way == "no flock":
        locking.fcntl = None
    action = {
        "random": kill_at_random,
        "steps": kill_at_each_step,
        "together": work_together,
    }[what]
    action(Path(folder), int(seed), int(count))


if __name__ == "__main__":
    main()
