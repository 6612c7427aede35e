"""Calls, generators and reloads of several threads at once."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.manager.conftest import FROZEN, Lab, check_ends_once, in_thread
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import PluginBusyError

COUNTING = """
    import threading
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        transient = ("lock", "inside", "go_on")
        def initialize(self, config):
            self.lock = threading.Lock()
            self.inside, self.go_on = threading.Event(), threading.Event()
            self.n = 0
            self.ready = True
        def shutdown(self): self.ready = False
        def bump(self):
            assert self.ready
            with self.lock:
                self.n += 1
            return edition()
        def hold(self):
            self.inside.set()
            assert self.go_on.wait(20)
            return edition(), self.n
        def items(self):
            for i in range(3):
                yield edition(), i
        def edition_(self): return edition()

    def edition(): return 0
"""


def edit(lab: Lab, number: int) -> None:
    lab.write("counting.py", COUNTING.replace("return 0", f"return {number}"), just_now=True)


def test_reloads_and_calls_of_many_threads(lab: Lab) -> None:
    """Four threads reload, four call: no call fails, none is lost, reloads take turns."""
    lab.manager.drain_timeout = 20.0
    handle = lab.load("counting", COUNTING)
    instance = lab.instance("counting")
    reports: list[Any] = []
    calls = [0] * 4
    errors: list[BaseException] = []
    edits = threading.Lock()
    number = iter(range(1, 1000))
    done = threading.Event()
    down: list[int] = []
    lab.manager.events.subscribe(
        lambda e: down.append(e.operation) if e.phase is Phase.UNLOAD else None
    )

    def guarded(body: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                body()
            except BaseException as error:  # noqa: BLE001 - counted
                errors.append(error)

        return run

    def reload() -> None:
        for _ in range(5):
            with edits:
                path = lab.write(
                    "counting.new", COUNTING.replace("return 0", f"return {next(number)}")
                )
                path.rename(lab.folder / "counting.py")
            reports.append(lab.manager.reload_plugin("counting"))

    def call(me: int) -> Callable[[], None]:
        def body() -> None:
            while not done.is_set() or calls[me] < 200:
                handle.bump()
                calls[me] += 1
                if calls[me] % 50 == 0:
                    assert len(list(handle.items())) == 3

        return body

    reloading = [threading.Thread(target=guarded(reload), name="plugin r") for _ in range(4)]
    calling = [threading.Thread(target=guarded(call(i)), name="plugin c") for i in range(4)]
    for thread in calling + reloading:
        thread.start()
    for thread in reloading:
        thread.join(60)
    done.set()
    for thread in calling:
        thread.join(60)
    assert not errors
    bad = [r for r in reports if not r]
    assert not bad, bad[0]
    assert len(reports) == 20
    assert handle.n == sum(calls)
    assert lab.instance("counting") is instance
    assert down == sorted(down)  # never two at a time
    assert gc.get_freeze_count() == FROZEN
    lab.reload("counting")


def hold(handle: Any, method: str = "hold") -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(getattr(handle, method)()),
                              name="plugin holder")  # fmt: skip
    inside = handle.inside
    thread.start()
    assert inside.wait(10)
    return thread, results


def test_a_call_that_does_not_end_aborts_the_reload(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)
    handle.n = 3
    lab.manager.drain_timeout = 0.2
    thread, results = hold(handle)
    edit(lab, 1)
    started = time.monotonic()
    report = lab.reload("counting")
    assert 0.2 <= time.monotonic() - started < 2
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PluginBusyError)
    assert "counting.hold in plugin holder" in str(report.error)
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.BEFORE_UNLOAD
    check_ends_once(lab, report)
    assert in_thread(handle.edition_) == 0  # the gate is open
    assert (handle.n, handle.ready) == (3, True)
    handle.go_on.set()
    thread.join(10)
    assert results == [(0, 3)]
    assert lab.reload("counting").outcome is Outcome.RELOADED
    assert handle.edition_() == 1
    thread, results = hold(handle)
    with pytest.raises(PluginBusyError):
        lab.manager.unload_plugin("counting")
    assert lab.manager.is_plugin_loaded("counting")
    handle.go_on.set()
    thread.join(10)


def test_a_call_that_ends_in_time_is_waited_for(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)
    thread, results = hold(handle)
    go_on = handle.go_on
    edit(lab, 1)
    threading.Timer(0.1, go_on.set).start()
    assert lab.reload("counting").outcome is Outcome.RELOADED
    thread.join(10)
    assert results == [(0, 0)]
    assert handle.edition_() == 1


def test_a_generator_in_flight(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)
    items = handle.items()
    assert next(items) == (0, 0)
    edit(lab, 1)
    report = lab.reload("counting")
    assert report.outcome is Outcome.ABORTED
    assert "generator of counting.items" in str(report.error)
    assert next(items) == (0, 1)
    items.close()
    assert lab.reload("counting").outcome is Outcome.RELOADED
    assert next(handle.items()) == (1, 0)


def test_a_generator_of_another_thread_in_flight(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)
    begun, go_on = threading.Event(), threading.Event()

    def iterate() -> None:
        for _ in handle.items():
            begun.set()
            assert go_on.wait(10)

    thread = threading.Thread(target=iterate, name="plugin iterator")
    thread.start()
    assert begun.wait(10)
    lab.manager.drain_timeout = 0.1
    edit(lab, 1)
    assert "generator of counting.items in plugin iterator" in str(lab.reload("counting").error)
    lab.manager.drain_timeout = 5.0
    threading.Timer(0.1, go_on.set).start()
    assert lab.reload("counting").outcome is Outcome.RELOADED
    thread.join(10)


def test_a_generator_that_nobody_can_reach_stops_no_reload(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)

    class Holder:
        me: Any
        items: Any

    def leave_one() -> None:
        holder = Holder()
        holder.me, holder.items = holder, handle.items()
        next(holder.items)

    gc.disable()
    try:
        leave_one()
        edit(lab, 1)
        assert lab.reload("counting").outcome is Outcome.RELOADED
    finally:
        gc.enable()


def test_a_call_that_comes_during_the_swap_waits_and_runs_the_new_code(lab: Lab) -> None:
    handle = lab.load("counting", COUNTING)
    results: list[Any] = []
    threads: list[threading.Thread] = []

    def call() -> None:
        results.append((handle.edition_(), handle.ready))

    def listen(event: Any) -> None:
        if event.phase is Phase.AFTER_UNLOAD:
            threads.append(threading.Thread(target=call, name="plugin caller"))
            threads[0].start()
            time.sleep(0.1)
            assert not results

    lab.manager.register_reload_listener(listen)
    edit(lab, 1)
    report = lab.reload("counting").raise_for_outcome()
    threads[0].join(10)
    assert results == [(1, True)]
    assert not report.warnings


def test_what_others_import_meanwhile_stays(lab: Lab) -> None:
    """A module that another thread imports during a reload that is rolled back."""
    import sys

    lab.load("counting", COUNTING)
    lab.write("counting.py", COUNTING.replace("self.n = 0", "1 / 0"))
    sys.modules.pop("colorsys", None)

    def listen(event: Any) -> None:
        if event.phase is Phase.AFTER_UNLOAD:
            in_thread(lambda: __import__("colorsys"))

    lab.manager.register_reload_listener(listen)
    assert lab.reload("counting").outcome is Outcome.ROLLED_BACK
    assert "colorsys" in sys.modules


def test_two_managers_take_turns(lab: Lab) -> None:
    from themis_jupyter import PluginManager

    other = PluginManager(plugin_folders=[])
    lab.load("counting", COUNTING)
    path = lab.write("second.py", COUNTING)
    other.load_plugin(path)
    failed: list[Any] = []

    def reload(manager: PluginManager, name: str) -> None:
        for number in range(1, 15):
            lab.write(f"{name}.py", COUNTING.replace("return 0", f"return {number}"))
            report = manager.reload_plugin(name)
            if report.outcome is not Outcome.RELOADED:
                failed.append(report)

    threads = [
        threading.Thread(target=reload, args=(lab.manager, "counting"), name="plugin 1"),
        threading.Thread(target=reload, args=(other, "second"), name="plugin 2"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    other.unload_all_plugins()


def test_reading_the_manager_while_plugins_come_and_go(lab: Lab) -> None:
    for number in range(5):
        lab.write(f"p{number}.py", COUNTING)
    done = threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        while not done.is_set():
            try:
                lab.manager.list_loaded_plugins()
                lab.manager.get_dependents("p0")
                lab.manager.is_plugin_loaded("p1")
            except BaseException as error:  # noqa: BLE001 - counted
                errors.append(error)

    thread = threading.Thread(target=read, name="plugin reader")
    thread.start()
    for _ in range(4):
        for number in range(5):
            lab.load(f"p{number}")
        lab.manager.unload_all_plugins()
    done.set()
    thread.join(10)
    assert not errors
