"""1,000 reloads in a process: ``python -m benchmarks.endurance engine|manager time|trace``.

``time`` takes times and the memory of the process; ``trace`` counts what Python allocated, which is
ten times as slow: it stops after a quarter of the way. Each version changes a method, and has a class
and a function of its own.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import FunctionType
from typing import Any

import psutil  # type: ignore[import-untyped]  # ipykernel brings it

from benchmarks.generated import TEXT, Project, edit_method, source
from benchmarks.timing import Pairs, seconds

RELOADS = 1_000
TRACED = 250
#: Traced growth is the median of that over so many: CPython's table of names doubles now and then.
STRETCH = 50
WARM_UP = 100  # traced, too: what stays is then counted on both sides
MEGABYTE = 1e6

FRESH = """
class Fresh{version}:
    def method(self):
        return {version}


def fresh_{version}():
    return Fresh{version}()


LATEST = (Fresh{version}, fresh_{version})


"""

PLUGIN = """
from themis_jupyter import StatefulPlugin


class Counter(StatefulPlugin):
    version = "1.{version}"

    def initialize(self, config):
        self.total = 0
        self.seen = list(range(100))

    def add(self, number):
        self.total += number * {version}
        return self.total
"""

#: Something that takes a while, and always the same.
YARDSTICK = source(40, 8)

Step = Callable[[int], Any]  # writes a version, reloads, returns the module


def engine_step(project: Project) -> Step:
    """Return the step for ``reload_in_place`` on the large generated module."""
    from themis_jupyter import reload_in_place, track

    def text(version: int) -> str:
        title = "class Class20:"
        return edit_method(TEXT, version).replace(title, FRESH.format(version=version) + title)

    module = project.load("generated", text(0))
    track(module)

    def step(version: int) -> Any:
        project.write("generated", text(version))
        took = seconds(lambda: reload_in_place(module))
        return module, took

    return step


def manager_step(project: Project) -> Step:
    """Return the step for ``PluginManager.reload_plugin`` on a small plugin with state."""
    from themis_jupyter import Outcome, PluginManager

    def text(version: int) -> str:
        return PLUGIN.format(version=version) + FRESH.format(version=version)

    manager = PluginManager()
    handle: Any = manager.load_plugin(project.write("counter", text(0)))

    def step(version: int) -> Any:
        project.write("counter", text(version))
        reports: list[Any] = []
        took = seconds(lambda: reports.append(manager.reload_plugin("counter")))
        assert reports[0].outcome is Outcome.RELOADED, reports[0]
        handle.add(1)
        return manager.get_record("counter").module, took

    return step


def main(what: str, how: str) -> None:
    """Print the figures as JSON; growth in MB for 1,000 reloads, times in seconds."""
    pairs = Pairs(lambda: compile(YARDSTICK, "yardstick", "exec"))
    with tempfile.TemporaryDirectory() as folder, Project(Path(folder)) as project:
        step = {"engine": engine_step, "manager": manager_step}[what](project)
        if how == "trace":
            tracemalloc.start()
        reloads = TRACED if how == "trace" else RELOADS
        stretch = STRETCH if how == "trace" else RELOADS
        levels: list[float] = []
        for version in range(1, WARM_UP + reloads + 1):
            if (version - 1 - WARM_UP) % stretch == 0 and version > WARM_UP:
                levels.append(memory(how))
            pairs.measure_yard()
            module, took = step(version)
            pairs.times.append(took)
            assert module.LATEST[0]().method() == version
        levels.append(memory(how))
        result = {
            "grown": median(b - a for a, b in pairwise(levels)) * RELOADS / stretch,
            "ms": pairs.milliseconds,
            "slower": median(pairs.ratios[-100:]) / median(pairs.ratios[WARM_UP : WARM_UP + 100]),
            "alive": alive() - 2,
        }
    print(json.dumps(result))


def alive() -> int:
    """Return how many of the classes and functions that were ever fresh there are.

    A weak reference to each of them would tell as well, but 2,000 of these lie scattered over the heap, each in
    a page of its own: that was 10 MB.
    """
    gc.collect()
    kinds = (type, FunctionType)
    found = [item for item in gc.get_objects() if type(item) in kinds]
    return sum(item.__name__.lower().startswith("fresh") for item in found)


def memory(how: str) -> float:
    """Return the memory in use, in MB."""
    gc.collect()
    if how == "trace":
        return tracemalloc.get_traced_memory()[0] / MEGABYTE
    return float(psutil.Process().memory_info().rss) / MEGABYTE


if __name__ == "__main__":
    main(*sys.argv[1:])
