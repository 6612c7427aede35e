"""What a call through a handle costs beyond a direct one."""

from __future__ import annotations

import timeit
from statistics import median

import pytest

from benchmarks.generated import Project
from themis_jupyter import PluginManager

SECTION = "A call through a handle, beyond the same call on the instance"
BAR = 1.0

PLUGIN = """
from themis_jupyter import StatefulPlugin


class Adder(StatefulPlugin):
    def initialize(self, config):
        self.total = 0

    def add(self, number, times=1):
        return number * times

    def __call__(self, number):
        return number

    def __getitem__(self, key):
        return key
"""

#: Statements with ``it`` for the instance or the handle, and ``bound`` for its method.
CALLS = {
    "it.add(1)": "a method",
    "it.add(1, times=2)": "a method, with a keyword argument",
    "bound(1)": "a method that was taken from it",
    "it(1)": "the plugin itself",
}
ACCESSES = {"it.total": "an attribute is read", "it[1]": "an item is read"}


@pytest.fixture
def plugin(project: Project):
    manager = PluginManager()
    handle = manager.load_plugin(project.write("adder", PLUGIN))
    yield handle, manager.get_record("adder").instance
    manager.unload_all_plugins()


@pytest.mark.parametrize("statement", [*CALLS, *ACCESSES])
def test_overhead(report, plugin, statement: str):
    handle, instance = plugin
    number, rounds = 5_000, 61
    through, direct = (
        timeit.Timer(statement, globals={"it": it, "bound": it.add}) for it in (handle, instance)
    )
    differences, directs = [], []
    for _ in range(rounds):
        base = direct.timeit(number)
        directs.append(base / number * 1e6)
        differences.append((through.timeit(number) - base) / number * 1e6)
    what = {**CALLS, **ACCESSES}[statement]
    bar = BAR if statement in CALLS else None
    note = f"a direct one takes {median(directs):.2f} µs"
    report(SECTION, f"{what}: {statement}", median(differences), "µs", bar, note)


@pytest.mark.parametrize("way", ["handle", "direct"])
def test_call(benchmark, plugin, way: str):
    """For pytest-benchmark's own table, and its history."""
    handle, instance = plugin
    benchmark.group = "a call"
    benchmark((handle if way == "handle" else instance).add, 1)
