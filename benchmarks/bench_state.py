"""How long saving and restoring a state takes, next to plain pickle, a plain copy, and dill."""

from __future__ import annotations

import os
import pickle
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import dill
import numpy as np

from benchmarks.timing import seconds
from themis_jupyter.state import FileStore, Rules, Snapshot

TIMES = "State: capture (with its proof) and restore, against the measure named"
MEMORY = "State: memory and files"
ROUNDS = 7


def records() -> dict[int, Any]:
    return {
        i: {
            "name": f"record {i}",
            "values": [i, i + 0.5, str(i)],
            "more": {"flag": True, "at": (i,)},
        }
        for i in range(50_000)
    }


def ours(state: Any) -> Callable[[], object]:
    return lambda: Snapshot.capture({"it": state}).restore()


def pickled(state: Any) -> Callable[[], object]:
    return lambda: pickle.loads(pickle.dumps(state, 5))


def ratio(one: Callable[[], object], other: Callable[[], object], rounds: int = ROUNDS) -> float:
    one(), other()
    return median(seconds(one) / seconds(other) for _ in range(rounds))


def test_records(report):
    state = records()
    report(
        TIMES, "50,000 nested records: pickle 5", ratio(ours(state), pickled(state)), "times", 1.3
    )
    both = lambda: dill.loads(dill.dumps(state, protocol=5))  # noqa: E731
    report(TIMES, "    dill", ratio(both, pickled(state), 1), "times", None)


def test_large_arrays(report):
    _touch(2 * 10**9)
    arrays = [np.random.default_rng(n).random(4_000_000) for n in range(8)]
    copies = lambda: [array.copy() for array in arrays]  # noqa: E731
    report(TIMES, "256 MB in eight arrays: a plain copy", ratio(ours(arrays), copies), "times", 2.5)
    report(TIMES, "    pickle 5", ratio(pickled(arrays), copies, 3), "times", None)
    both = lambda: dill.loads(dill.dumps(arrays, protocol=5))  # noqa: E731
    report(TIMES, "    dill", ratio(both, copies, 1), "times", None)


def _touch(size: int) -> None:
    """Use memory once: a virtual machine gets it from its host at the first touch, ten times as slowly."""
    np.ones(size, dtype=np.uint8)


def test_small_arrays(report):
    arrays = [np.arange(n % 50) for n in range(20_000)]
    report(
        TIMES, "20,000 small arrays: pickle 5", ratio(ours(arrays), pickled(arrays)), "times", 1.3
    )


def test_one_lambda(report):
    plain = {n: n for n in range(1_000_000)}
    state: dict[Any, Any] = {**plain, "lambda": lambda: 3}
    report(
        TIMES,
        "a million entries and a lambda: pickle 5 without it",
        ratio(ours(state), pickled(plain), 5),
        "times",
        1.5,
    )


def test_memory(report):
    arrays = {"a": np.zeros(32_000_000)}
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    resident = _resident()
    snapshot = Snapshot.capture(arrays)
    peak = tracemalloc.get_traced_memory()[1] - before + max(0, _resident() - resident)
    tracemalloc.stop()
    size = snapshot.size
    report(MEMORY, "memory above a state of 256 MB", peak / size, "copies", 1.05, "1: the snapshot")


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_second_save(report):
    array = np.random.default_rng(1).random(32_000_000)
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(folder, "bench", b"0123456789abcdef" * 2)
        rules = Rules(portable=True)
        first = seconds(
            lambda: store.save(Snapshot.capture({"a": array}, plugin="bench", rules=rules))
        )
        before = _size(folder)
        for start in range(0, len(array), len(array) // 10):
            array[start : start + len(array) // 1000] += 1  # ten stretches, 1 % in all
        second = seconds(
            lambda: store.save(Snapshot.capture({"a": array}, plugin="bench", rules=rules))
        )
        written = (_size(folder) - before) / before
        note = f"{first:.2f} s, then {second:.2f} s"
        report(MEMORY, "256 MB saved again, 1 % changed: written", 100 * written, "%", 4, note)


def _size(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
