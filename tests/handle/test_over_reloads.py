"""A handle stays valid over reloads."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import pydoc
import threading
from typing import Any

import pytest

from tests.gates import SOON, check_interrupts, end, looks_of_a_call, start
from tests.handle.conftest import (
    Counter,
    Record,
    gate_of,
    handle_of,
    names_in_flight,
)
from themis_jupyter.closure import close_gates
from themis_jupyter.errors import PluginBusyError, PluginNotLoadedError
from themis_jupyter.handle import make_handle, refresh


@contextlib.contextmanager
def swap(record: Record):
    with close_gates([record.gate], SOON):
        yield


def test_a_reload_may_add_and_take_away_methods():
    class Methods:
        def old(self):
            return "old"

        def both(self):
            """Say before."""
            return "before"

        def __len__(self):
            return 2

    Plugin: Any = Methods
    record = Record(Plugin())
    handle: Any = make_handle(record)
    both = handle.both

    def after(self, extra=None):
        """Say after."""
        return "after"

    with swap(record):
        del Plugin.old, Plugin.__len__
        Plugin.__call__ = lambda self: "called"
        Plugin.new = lambda self: "new"
        Plugin.both = after

    assert callable(handle)
    assert handle() == "called"
    assert handle.new() == "new"
    assert both() == handle.both() == "after"
    assert both == handle.both
    assert inspect.signature(both) == inspect.signature(Plugin().both)
    assert both.__doc__ == "Say after."
    assert not hasattr(handle, "old")
    with pytest.raises(TypeError):
        len(handle)
    text = pydoc.plain(pydoc.render_doc(handle))
    assert "new" in text
    assert "old" not in text


def test_a_method_may_become_asynchronous_and_back():
    class Methods:
        def work(self):
            return 1

    Plugin: Any = Methods
    record = Record(Plugin())
    handle: Any = make_handle(record)
    work = handle.work
    sync = Plugin.work

    async def later(self):
        return 2

    with swap(record):
        Plugin.work = later
    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(work()) == 2
    with swap(record):
        Plugin.work = sync
    assert not inspect.iscoroutinefunction(work)
    assert work() == 1


def test_a_change_with_the_gate_open_shows_after_refresh():
    Plugin: Any = type("Plugin", (), {})
    handle = handle_of(Plugin())
    Plugin.__len__ = lambda self: 3
    Plugin.new = lambda self: names_in_flight(handle)
    assert handle.new() == ["new"]  # ordinary attributes need none
    refresh(handle)
    assert len(handle) == 3


def test_a_refresh_that_finds_no_change_changes_nothing(handle):
    methods = {name: getattr(handle, name) for name in ("add", "numbers", "fetch")}
    before = dict(vars(type(handle)))
    refresh(handle)
    assert dict(vars(type(handle))) == before
    assert all(getattr(handle, name) is method for name, method in methods.items())


def test_a_reload_may_change_the_class_of_the_instance(record, handle):
    class Other:
        def __call__(self):
            return "other"

    add = handle.add
    with swap(record):
        record.instance = Other()
    assert handle() == "other"
    assert isinstance(handle, Other)
    assert not isinstance(handle, Counter)
    with pytest.raises(AttributeError, match="'Other' object has no attribute 'add'"):
        add()
    assert not hasattr(handle, "add")


def test_reads_and_calls_wait_during_a_swap(record, handle):
    uses = [lambda: handle.total, lambda: handle.add(0), lambda: vars(handle)["total"]]
    with swap(record):
        attributes = dict(record.instance.__dict__)
        record.instance.__dict__.clear()
        futures = [start(use) for use in uses]
        record.instance.total = 0
        record.instance.__dict__.update(attributes, total=41)
    assert [end(future) for future in futures] == [41, 41, 41]


def test_an_asynchronous_call_waits_without_blocking_its_loop(record, handle):
    shut, opening = threading.Event(), threading.Event()

    def swapping():
        with swap(record):
            shut.set()
            assert opening.wait(SOON)

    async def use():
        future = start(swapping)
        await asyncio.to_thread(shut.wait, SOON)
        task = asyncio.create_task(handle.fetch(3))
        for _ in range(20):  # the loop goes on
            await asyncio.sleep(0)
        assert not task.done()
        assert names_in_flight(handle) == []  # it does not hold up the drain either
        cancelled = asyncio.create_task(handle.fetch(4))
        await asyncio.sleep(0)
        cancelled.cancel()
        opening.set()
        assert await task == 3
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await asyncio.to_thread(future.result, SOON)

    asyncio.run(use())
    assert names_in_flight(handle) == []


def test_tasks_that_call_without_pause_do_not_keep_a_reload_from_draining(record, handle):
    swaps = 0

    def swapping():
        nonlocal swaps
        for _ in range(20):
            with swap(record):
                swaps += 1

    async def task(until):
        made = 0
        while not until.done():
            made += await handle.fetch()
        return made

    async def use():
        until = asyncio.create_task(asyncio.to_thread(swapping))
        return await asyncio.gather(*(task(until) for _ in range(5)))

    assert min(asyncio.run(use())) > 0
    assert swaps == 20


def test_an_asynchronous_call_outside_a_loop_waits_too(record, handle):
    with swap(record):
        future = start(lambda: asyncio.run(handle.fetch(2)))
        assert not future.done()
    assert end(future) == 2


def test_an_asynchronous_call_that_waits_for_an_unloaded_plugin_fails(record, handle):
    async def use():
        return await handle.fetch()

    with swap(record):
        future = start(lambda: asyncio.run(use()))
        record.unload()
    with pytest.raises(PluginNotLoadedError):
        end(future)


def test_draining_is_woken_by_the_last_call_through_a_handle(drains):
    class Plugin:
        def work(self):
            entered.set()
            assert leave.wait(SOON)
            return "done"

    entered, leave = threading.Event(), threading.Event()
    handle = handle_of(Plugin())
    working = start(handle.work)
    assert entered.wait(SOON)
    closing = start(lambda: close_gates([gate_of(handle)], None))
    assert drains.acquire(timeout=SOON)
    leave.set()
    assert end(working) == "done"
    end(closing).open()


def test_a_call_is_counted_before_it_looks_through_a_handle_too():
    class Plugin:
        def work(self):
            return 1

    def make_call(gate):
        record = Record(Plugin())
        record.gate = gate
        handle: Any = make_handle(record)
        return handle.work

    assert looks_of_a_call(make_call) == [["work"], []]


def test_an_interrupt_in_a_handle_leaves_the_counts_right(drains, stack):
    class Plugin:
        def work(self, body):
            body()

    handle = handle_of(Plugin())
    check_interrupts(stack, gate_of(handle), drains, handle.work)


def test_a_coroutine_in_flight_may_call_the_plugin_while_it_is_drained(drains):
    class Plugin:
        async def outer(self):
            begun.set()
            await asyncio.to_thread(drains.acquire, timeout=SOON)
            return await handle.inner()

        async def inner(self):
            return "inner"

    begun = threading.Event()
    handle = handle_of(Plugin())
    running = start(lambda: asyncio.run(handle.outer()))
    assert begun.wait(SOON)
    closing = start(lambda: close_gates([gate_of(handle)], None))
    assert end(running) == "inner"
    end(closing).open()


def test_a_generator_in_flight_is_named(record, handle):
    generator = handle.numbers(2)
    with pytest.raises(PluginBusyError, match=r"generator of counter\.numbers"):
        close_gates([record.gate], 0)
    generator.close()
    close_gates([record.gate], 0).open()


def test_no_call_fails_during_swaps_under_8_threads(record, handle):
    stop, progress = threading.Event(), threading.Semaphore(0)

    def worker():
        made = 0
        while not stop.is_set():
            handle.add()
            assert handle.total >= 1
            assert list(handle.numbers(3)) == [0, 1, 2]
            made += 1
            progress.release()
        return made

    handle.add()
    workers = [start(worker) for _ in range(8)]
    for _ in range(100):
        assert progress.acquire(timeout=SOON)
        with swap(record):
            attributes = dict(record.instance.__dict__)
            record.instance.__dict__.clear()
            record.instance.__dict__.update(attributes)
    stop.set()
    assert sum(map(end, workers)) >= 100
    assert names_in_flight(handle) == []
