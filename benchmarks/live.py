"""Measures reload on save in a process of its own: ``python -m benchmarks.live``."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from themis_jupyter import PluginManager

SAVES = 60

PLUGIN = '''
from themis_jupyter import StatefulPlugin

LIMIT = 10


class Counter(StatefulPlugin):
    """Counts."""

    def initialize(self, config):
        self.total = 0

    def add(self):
        self.total += 1
        return self.total

    def edition(self):
        return 0
'''


def in_place(path: Path, text: str) -> None:
    """Save as a simple editor does."""
    path.write_text(text)


def renamed_over(path: Path, text: str) -> None:
    """Save as a careful editor does."""
    new = path.with_suffix(".tmp")
    new.write_text(text)
    new.replace(path)


def until_seen(handle: Any, edition: int, began: float) -> float:
    """Return how many seconds after ``began`` a call gave that edition."""
    while handle.edition() != edition:
        assert time.perf_counter() - began < 10, "the save was lost"
        time.sleep(0.0005)
    return time.perf_counter() - began


def measure(plugins: int, save: Callable[[Path, str], None]) -> list[float]:
    """Return the times from the last byte of a save to the new behaviour, in seconds.

    :param plugins: how many are watched; one of them is saved.
    """
    folder = Path(tempfile.mkdtemp(prefix="themis-bench-"))
    manager = PluginManager()
    try:
        for number in range(plugins):
            path = folder / f"plugin{number}.py"
            path.write_text(PLUGIN)
            os.utime(path, (1e9, 1e9))
            manager.load_plugin(path, watch=True)
        handle = manager.get_plugin("plugin0")
        path = folder / "plugin0.py"
        save(path, PLUGIN.replace("return 0", "return -1"))
        until_seen(handle, -1, time.perf_counter())
        times = []
        for edition in range(1, SAVES + 1):
            time.sleep(0.1)
            save(path, PLUGIN.replace("return 0", f"return {edition}"))
            times.append(until_seen(handle, edition, time.perf_counter()))
        return times
    finally:
        manager.stop_watching()
        manager.unload_all_plugins()


def idle_processor(seconds: float = 3.0) -> float:
    """Return which part of one processor watching takes while nothing happens."""
    folder = Path(tempfile.mkdtemp(prefix="themis-bench-"))
    path = folder / "plugin0.py"
    path.write_text(PLUGIN)
    manager = PluginManager()
    manager.load_plugin(path, watch=True)
    time.sleep(0.5)
    began = time.process_time()
    time.sleep(seconds)
    used = time.process_time() - began
    manager.stop_watching()
    manager.unload_all_plugins()
    return used / seconds


def main() -> dict[str, Any]:
    """Measure everything."""
    return {
        "one, in place": measure(1, in_place),
        "one, renamed over": measure(1, renamed_over),
        "one of ten, in place": measure(10, in_place),
        "idle": idle_processor(),
    }


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
