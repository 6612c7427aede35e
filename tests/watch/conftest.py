"""A lab whose plugins are watched: what happens of itself is waited for, never slept for."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.manager.conftest import Lab, lab
from themis_jupyter import Outcome, PhaseEvent
from themis_jupyter.events import DriftEvent

__all__ = ["lab"]

PLUGIN = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        def initialize(self, config):
            self.total = 0

        def add(self):
            self.total += 1
            return self.total

        def edition(self):
            return 1
"""

#: Seconds that anything may take on a busy machine.
PATIENCE = 20.0


class Live:
    """A lab that hears what happens of itself."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.manager = lab.manager
        self.heard: queue.SimpleQueue[PhaseEvent | DriftEvent] = queue.SimpleQueue()
        self.manager.events.subscribe(self.heard.put)

    @property
    def watcher(self) -> Any:
        return self.manager.watcher

    def load(self, name: str = "counter", text: str = PLUGIN, *, watch: bool = True) -> Any:
        """Load a plugin as one that was written long ago."""
        self.lab.write(f"{name}.py", text)
        handle = self.manager.load_plugin(self.lab.folder / f"{name}.py", watch=watch)
        self.forget()
        return handle

    def path(self, name: str = "counter") -> Path:
        return self.lab.folder / f"{name}.py"

    def save(self, edition: object, name: str = "counter") -> None:
        """Save another edition, as most editors do: in place."""
        self.path(name).write_text(self.text(edition, name))

    def text(self, edition: object, name: str = "counter") -> str:
        text = self.path(name).read_text()
        head, _, tail = text.partition("def edition(self):\n")
        indent = " " * (len(tail) - len(tail.lstrip()))
        return f"{head}def edition(self):\n{indent}return {edition}\n"

    def forget(self) -> None:
        """Forget what was heard so far."""
        while not self.heard.empty():
            self.heard.get()

    def ended(self, count: int = 1) -> list[Outcome]:
        """Wait until so many reloads have ended; return how."""
        found: list[Outcome] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count:
            event = self.heard.get(timeout=max(deadline - time.monotonic(), 0.01))
            if isinstance(event, PhaseEvent) and event.terminal and event.kind == "reload":
                assert isinstance(event.phase, Outcome)
                found.append(event.phase)
        return found

    def drifted(self, word: str) -> DriftEvent:
        """Wait until a drift of that word is told."""
        deadline = time.monotonic() + PATIENCE
        while True:
            event = self.heard.get(timeout=max(deadline - time.monotonic(), 0.01))
            if isinstance(event, DriftEvent) and event.drift == word:
                return event

    def reloads(self) -> list[PhaseEvent]:
        """Return all reloads that have ended so far."""
        return [
            e
            for e in self.manager.events.history
            if isinstance(e, PhaseEvent) and e.terminal and e.kind == "reload"
        ]

    def cell(self) -> Cell:
        """Return a cell that runs while the ``with`` does."""
        return Cell(self)


class Cell:
    """What an extension does around a cell."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def __enter__(self) -> Cell:
        self._live.manager.cells.begin(self._live.watcher.before_cell)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.manager.cells.end()
        self._live.watcher.after_cell()


@pytest.fixture
def live(lab: Lab) -> Iterator[Live]:
    """Give a lab that watches; no thread is left at the end."""
    made = Live(lab)
    yield made
    lab.manager.stop_watching()
    assert not watching()


def watching() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "themis_jupyter watch"]


def until(condition: Callable[[], object]) -> None:
    """Wait for what no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)
