"""Many reloads: memory and threads stay where they are (for times see benchmarks/)."""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import tracemalloc

from tests.manager.conftest import Faults, Lab, counter
from themis_jupyter import Outcome

ROUNDS = 150


def test_many_reloads_leave_nothing_behind(lab: Lab, faults: Faults) -> None:
    handle = lab.load("counter", counter(1), {"step": 1})
    texts = itertools.cycle([counter(2), counter(1)])
    bad = counter(3).replace("self.step = ", "self.step = 1 / 0 or ")

    def rounds(count: int) -> None:
        for number in range(count):
            lab.events.clear()
            lab.heard.clear()
            faults.visited.clear()
            if number % 10 == 9:
                lab.write("counter.py", bad)
                assert lab.manager.reload_plugin("counter").outcome is Outcome.ROLLED_BACK
            lab.write("counter.py", next(texts))
            assert lab.manager.reload_plugin("counter").outcome is Outcome.RELOADED
            handle.add()

    rounds(30)  # what is imported, cached or interned once is no leak
    lab.manager.events.history.clear()
    gc.collect()
    threads, modules = threading.active_count(), len(sys.modules)
    objects, meta_path = len(gc.get_objects()), len(sys.meta_path)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    rounds(ROUNDS)
    lab.manager.events.history.clear()
    lab.events.clear()
    lab.heard.clear()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 5e6 * ROUNDS / 1000, f"{grown / ROUNDS:.0f} bytes for each reload"
    assert len(gc.get_objects()) - objects < ROUNDS  # less than one for each
    assert threading.active_count() <= threads + 1  # the one that watches time limits
    assert (len(sys.modules), len(sys.meta_path)) == (modules, meta_path)
    assert handle.total == 30 + ROUNDS


def test_loading_and_unloading_leaves_nothing_behind(lab: Lab, faults: Faults) -> None:
    lab.write("counter.py", counter(1))

    def rounds(count: int) -> None:
        for _ in range(count):
            lab.load("counter").add()
            lab.manager.unload_plugin("counter")
            lab.events.clear()
            lab.heard.clear()
            faults.visited.clear()

    rounds(10)
    lab.manager.events.history.clear()
    gc.collect()
    objects, modules = len(gc.get_objects()), len(sys.modules)
    rounds(50)
    lab.manager.events.history.clear()
    lab.events.clear()
    gc.collect()
    assert len(gc.get_objects()) - objects < 50
    assert len(sys.modules) == modules


def test_the_class_that_a_reload_made_is_freed_at_once(lab: Lab, faults: Faults) -> None:
    """One that is looked at while it is in use counts as old, and stays until a full collection."""
    lab.load("counter", counter(1))
    gc.collect()
    known = {id(item) for item in gc.get_objects() if type(item) is type}
    gc.disable()  # or a collection at some moment makes it look old in any case
    try:
        for version in range(2, 5):
            lab.write("counter.py", counter(version))
            assert lab.reload("counter")
        made = [item for item in gc.get_objects() if type(item) is type and id(item) not in known]
    finally:
        gc.enable()
    assert [item for item in made if item.__name__ == "Counter"] == []
