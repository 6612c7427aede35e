"""Random histories of a store in files, beside a plain dictionary.

``THEMIS_EXAMPLES=1000 pytest tests/state/test_store_properties.py`` looks longer.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.state.samples import PLUGIN, SECRET, files, noise, snapshot
from themis_jupyter.state import FileStore, MemoryStore, Snapshot, SnapshotStore

EXAMPLES = int(os.environ.get("THEMIS_EXAMPLES", "0"))

labels = st.sampled_from(["a", "b", "c", "d"])
# Few contents, which share pieces, so that snapshots lean on each other's packs.
contents = st.tuples(
    st.integers(0, 3).map(lambda seed: noise(1000 * seed, seed)),
    st.lists(st.integers(0, 4).map(lambda seed: noise(90_000 * seed, seed)), max_size=3),
)


class Histories(RuleBasedStateMachine):
    """A store in files does what one in memory does, whoever opens it and whenever gc() runs."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.limits: dict[str, Any] = {"max_snapshots": 5, "max_bytes": None}
        self.store = self.opened()
        self.model: SnapshotStore = MemoryStore(PLUGIN, **self.limits)
        self.renamed: dict[str, str] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    def opened(self) -> FileStore:
        return FileStore(self.root / "states", PLUGIN, SECRET, **self.limits)

    def made(self, content: tuple[bytes, list[bytes]]) -> Snapshot:
        return snapshot(content[0], *content[1])

    @rule(label=labels, content=contents)
    def save_named(self, label: str, content: tuple[bytes, list[bytes]]) -> None:
        self.store[label] = self.model[label] = self.made(content)

    @rule(content=contents)
    def save(self, content: tuple[bytes, list[bytes]]) -> None:
        # Labels that the stores find differ once numbers were used again.
        here, there = self.store.save(self.made(content)), self.model.save(self.made(content))
        self.renamed[here] = there

    @rule(label=labels)
    def delete(self, label: str) -> None:
        assert self.store.pop_quietly(label) == self.model.pop_quietly(label)

    @rule(label=labels)
    def get(self, label: str) -> None:
        assert self.store.get(label) == self.model.get(label)

    @rule()
    def pop_oldest(self) -> None:
        if self.model:
            assert self.store.popitem()[1] == self.model.popitem()[1]

    @rule()
    def restart(self) -> None:
        self.store = self.opened()

    @rule()
    def gc(self) -> None:
        assert self.store.gc().dropped == ()
        assert self.store.gc().removed == ()
        needed = {piece for each in self.model.values() for piece in each_piece(each)}
        # What is dead is not worth moving.
        packs = sum(path.stat().st_size for path in files(self.store, ".pack"))
        assert packs <= sum(len(piece) for piece in needed) * 4 / 3 + 64 * 1024 * 10

    @invariant()
    def same(self) -> None:
        named = [self.renamed.get(label, label) for label in self.store]
        assert named == list(self.model)
        assert self.store.problems() == []
        assert [snap.data for snap in self.store.values()] == [
            snap.data for snap in self.model.values()
        ]

    @invariant()
    def no_leftovers(self) -> None:
        assert files(self.store, ".tmp") == []


def each_piece(snap: Snapshot) -> list[bytes | memoryview]:
    return [
        part[i : i + 262144]
        for part in (snap.data, *snap.buffers)
        for i in range(0, len(part), 262144)
    ]


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=EXAMPLES or 40,
    stateful_step_count=25,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
