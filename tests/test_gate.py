"""Gates: what passes, what waits, what drains, and that the counts are right whatever happens."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests import gates
from tests.gates import SOON, Body, check_interrupts, end, looks_of_a_call, plain, start
from themis_jupyter import inflight
from themis_jupyter.closure import close_gates
from themis_jupyter.errors import PluginBusyError, PluginNotLoadedError
from themis_jupyter.gate import Gate

waits, drains, stack = gates.waits, gates.drains, gates.stack


@pytest.fixture
def gate() -> Gate:
    return Gate("counter")


# --- the open gate --------------------------------------------------------------------------------


def test_a_call_is_in_flight_while_it_runs(gate):
    before = time.monotonic()
    (call,) = gate.run("add", gate.in_flight)
    assert (call.plugin, call.name, call.kind) == ("counter", "add", "call")
    assert call.thread == threading.current_thread().name
    assert call.thread_id == threading.get_ident()
    assert before <= call.since <= time.monotonic()
    assert gate.in_flight() == []


def test_a_call_that_raises_is_not_left_in_flight(gate):
    with pytest.raises(ZeroDivisionError):
        gate.run("divide", lambda: 1 / 0)
    assert gate.in_flight() == []


def test_calls_of_other_threads_are_named_oldest_first(gate):
    first, second = Body(gate), Body(gate)
    futures = [first.start("first"), second.start("second")]
    assert [call.thread for call in gate.in_flight()] == ["first", "second"]
    first.leave.set()
    second.leave.set()
    assert [end(future) for future in futures] == ["done", "done"]
    assert gate.in_flight() == []


def test_threads_that_end_leave_nothing_behind(gate):
    before = len(inflight._stacks)
    for _ in range(20):
        thread = threading.Thread(target=plain, args=(gate,))
        thread.start()
        thread.join()
    assert len(inflight._stacks) == before


def test_repr_tells_the_state(gate):
    assert repr(gate) == "<gate of 'counter', open, 0 in flight>"
    with close_gates([gate], SOON):
        assert "shut" in repr(gate)
    gate.retire()
    assert "retired" in repr(gate)


def test_a_call_is_counted_before_it_looks_and_looks_again_when_it_is_not():
    # The order on which everything rests; no number of swaps would find it wrong for certain.
    assert looks_of_a_call(lambda gate: lambda: plain(gate)) == [["plain"], []]


# --- the shut gate --------------------------------------------------------------------------------


def test_other_threads_wait_until_it_opens(gate, waits):
    log: list[str] = []
    with close_gates([gate], SOON):
        futures = [start(lambda: plain(gate, log)) for _ in range(3)]
        for _ in futures:
            assert waits.acquire(timeout=SOON)
        assert gate.in_flight() == []
        assert log == []
    assert [end(future) for future in futures] == ["ran"] * 3
    assert log == ["body"] * 3


def test_the_reloading_thread_passes(gate):
    with close_gates([gate], SOON):
        assert plain(gate) == "ran"


def test_a_helper_of_the_reloading_thread_passes_when_allowed(gate, waits):
    with close_gates([gate], SOON) as closure:

        def helper():
            with closure.passing():
                assert plain(gate) == "ran"
            return plain(gate)

        future = start(helper)
        assert waits.acquire(timeout=SOON)  # the second call, no longer allowed
        assert not future.done()
    assert end(future) == "ran"


def test_passing_does_not_take_the_owners_own_right_away(gate):
    with close_gates([gate], SOON) as closure:
        with closure.passing():
            pass
        assert plain(gate) == "ran"


def test_a_thread_inside_the_group_passes_so_that_the_drain_ends(gate, drains):
    other = Gate("other")
    body = Body(gate)
    future = start(lambda: gate.run("work", lambda: (body(), plain(other))))
    assert body.entered.wait(SOON)
    closing = start(lambda: close_gates([gate, other], SOON))
    assert drains.acquire(timeout=SOON)
    body.leave.set()
    assert end(future) == ("done", "ran")
    end(closing).open()


def test_a_thread_inside_another_group_waits(gate, waits):
    other = Gate("other")
    with close_gates([gate], SOON):
        future = start(lambda: other.run("work", lambda: plain(gate)))
        assert waits.acquire(timeout=SOON)
        assert [call.name for call in other.in_flight()] == ["work"]
    assert end(future) == "ran"


def test_draining_is_woken_by_the_last_call(gate, drains):
    body = Body(gate)
    future = body.start()
    closing = start(lambda: close_gates([gate], None))  # for ever: only a bell can end it
    assert drains.acquire(timeout=SOON)
    assert not closing.done()
    body.leave.set()
    closure = end(closing)
    assert gate.in_flight() == []
    closure.open()
    assert end(future) == "done"


def test_a_call_that_does_not_end_is_named_and_the_gates_open_again(gate):
    body, other = Body(gate), Gate("other")
    future = body.start("stubborn")
    with pytest.raises(PluginBusyError) as caught:
        close_gates([gate, other], 0.05)
    assert caught.value.plugin == "counter"
    for part in ("counter.work", "stubborn", "0.05 s"):
        assert part in str(caught.value)
    assert not gate.is_shut
    assert not other.is_shut
    assert end(start(lambda: plain(gate))) == "ran"
    body.leave.set()
    assert end(future) == "done"


def test_who_slips_in_by_a_generator_that_then_ends_is_still_seen(gate, monkeypatch):
    # The thread is let in for the generator that it holds, ends that generator, and is still at
    # work: a closer that looked at the calls before, and at the generators after, sees neither.
    body, proceed = Body(gate), threading.Event()

    def finish(generator):
        generator.close()
        return body()

    def loop():
        generator = tracked(gate, numbers())
        next(generator)
        holding.set()
        assert proceed.wait(SOON)
        return gate.run("late", finish, generator)

    holding = threading.Event()
    looping = start(loop)
    assert holding.wait(SOON)
    calls_in, looks = inflight.calls_in, []

    def look(gates):
        calls = calls_in(gates)
        looks.append(calls)
        if len(looks) == 1:
            proceed.set()
            assert body.entered.wait(SOON)
        elif len(looks) > 2:
            body.leave.set()
        return calls

    monkeypatch.setattr(inflight, "calls_in", look)
    with close_gates([gate], None):
        waited = body.leave.is_set()
        body.leave.set()
    assert waited
    assert end(looping) == "done"


def test_many_calls_are_not_all_named(gate):
    bodies = [Body(gate) for _ in range(7)]
    futures = [body.start() for body in bodies]
    with pytest.raises(PluginBusyError, match="and 2 more"):
        close_gates([gate], 0)
    for body in bodies:
        body.leave.set()
    assert [end(future) for future in futures] == ["done"] * 7


def test_calls_that_waited_for_an_aborted_swap_go_on(gate, waits, drains):
    body = Body(gate)
    holding = body.start()
    closing = start(lambda: close_gates([gate], 0.2))
    assert drains.acquire(timeout=SOON)
    waiting = start(lambda: plain(gate))
    assert waits.acquire(timeout=SOON)
    with pytest.raises(PluginBusyError):
        end(closing)
    assert end(waiting) == "ran"
    body.leave.set()
    end(holding)


def test_two_closures_cannot_share_a_gate(gate):
    other = Gate("other")
    with close_gates([gate], SOON):
        with pytest.raises(RuntimeError, match="shut by another reload: counter"):
            close_gates([other, gate], SOON)
        assert gate.is_shut
        assert not other.is_shut
    assert not gate.is_shut


def test_opening_twice_is_harmless(gate):
    first = close_gates([gate], SOON)
    first.open()
    with close_gates([gate], SOON):
        first.open()
        assert gate.is_shut


def test_hooks_run_before_the_gate_opens_and_cannot_keep_it_shut(gate, caplog):
    seen = []
    gate.before_open += [lambda: 1 / 0, lambda: seen.append(gate.is_shut)]
    with caplog.at_level(logging.ERROR), close_gates([gate], SOON):
        assert seen == []
    assert seen == [True]
    assert not gate.is_shut
    assert "counter" in caplog.text


def test_a_hook_that_interrupts_does_not_keep_it_shut(gate):
    def interrupt() -> None:
        raise KeyboardInterrupt

    gate.before_open.append(interrupt)
    closure = close_gates([gate], SOON)
    with pytest.raises(KeyboardInterrupt):
        closure.open()
    assert not gate.is_shut


# --- an unloaded plugin ---------------------------------------------------------------------------


def test_retiring_ends_the_wait_of_calls(gate, waits):
    other = Gate("other")
    with close_gates([gate, other], SOON):
        future = start(lambda: plain(gate))
        still = start(lambda: plain(other))
        assert waits.acquire(timeout=SOON)
        assert waits.acquire(timeout=SOON)
        gate.retire()
        with pytest.raises(PluginNotLoadedError, match="%load_plugin counter"):
            end(future)
        assert not still.done()
    assert end(still) == "ran"
    with pytest.raises(PluginNotLoadedError):  # opening the group did not bring it back
        plain(gate)
    assert gate.in_flight() == []


def test_a_retired_gate_can_be_revived(gate):
    gate.retire()
    gate.retire()
    with pytest.raises(PluginNotLoadedError):
        plain(gate)
    gate.revive()
    assert plain(gate) == "ran"
    gate.revive()
    assert plain(gate) == "ran"


def test_reviving_while_the_group_is_shut_does_not_open_it(gate, waits):
    with close_gates([gate], SOON):
        gate.retire()
        gate.revive()
        future = start(lambda: plain(gate))
        assert waits.acquire(timeout=SOON)
    assert end(future) == "ran"


def test_reviving_after_the_group_opened_opens_it(gate):
    with close_gates([gate], SOON):
        gate.retire()
    gate.revive()
    assert end(start(lambda: plain(gate))) == "ran"


def test_a_retired_gate_may_be_part_of_a_group_and_revived_in_it(gate):
    gate.retire()
    with close_gates([gate, Gate("other")], SOON):
        gate.revive()
    assert plain(gate) == "ran"


# --- generators, coroutines, async generators -----------------------------------------------------


def tracked(gate: Gate, obj: Any, settle: Callable[[Any], Any] = lambda result: result) -> Any:
    return inflight.track(obj, gate, "make", settle)


def numbers() -> Iterator[int]:
    yield 1
    yield 2


async def fetch() -> int:
    return 5


async def stream():
    yield 1
    yield 2


async def exhaust(stream: Any) -> list[Any]:
    return [item async for item in stream]


def run_once(coroutine: Any) -> Any:
    """Run a coroutine that never really waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something")


def raise_into(throw: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        run_once(throw) if inspect.iscoroutine(throw) or hasattr(throw, "__await__") else throw


ENDINGS: dict[str, tuple[Callable[[], Any], str, Callable[[Any], Any]]] = {
    "generator exhausted": (numbers, "generator", list),
    "generator closed": (numbers, "generator", lambda g: (next(g), g.close())),
    "generator closed unstarted": (numbers, "generator", lambda g: g.close()),
    "coroutine awaited": (fetch, "coroutine", run_once),
    "coroutine closed unstarted": (fetch, "coroutine", lambda c: c.close()),
    "async generator exhausted": (stream, "async generator", lambda a: run_once(exhaust(a))),
    "async generator closed": (
        stream,
        "async generator",
        lambda a: (run_once(exhaust_one(a)), run_once(a.aclose())),
    ),
    "async generator closed unstarted": (
        stream,
        "async generator",
        lambda a: run_once(a.aclose()),
    ),
}


async def exhaust_one(stream: Any) -> Any:
    return await anext(stream)


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_counts_until_it_ends(gate, ending):
    make, kind, finish = ENDINGS[ending]
    obj = tracked(gate, make())
    (info,) = gate.in_flight()
    assert (info.kind, info.name) == (kind, "make")
    finish(obj)
    assert gate.in_flight() == []  # while the object itself is still referred to
    assert obj is not None


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("make", [numbers, stream])
def test_it_counts_until_it_is_collected(gate, make, started):
    obj = tracked(gate, make())
    if started:
        next(obj) if make is numbers else run_once(anext(obj))
    assert len(gate.in_flight()) == 1
    del obj
    gc.collect()
    assert gate.in_flight() == []
    assert not gate.tickets


def test_a_coroutine_that_is_never_awaited_warns_once_and_by_its_name(gate):
    obj = tracked(gate, fetch())
    assert len(gate.in_flight()) == 1
    with warnings.catch_warnings(record=True, action="always") as warned:
        del obj
        gc.collect()
    assert ["'fetch' was never awaited" in str(each.message) for each in warned] == [True]
    warned.clear()  # each warning refers to the coroutine
    gc.collect()
    assert gate.in_flight() == []


@pytest.mark.parametrize("started", [False, True])
def test_one_that_failed_is_over_although_the_traceback_holds_it(gate, started):
    obj = tracked(gate, numbers())
    if started:
        next(obj)
    with pytest.raises(ZeroDivisionError) as caught:
        obj.throw(ZeroDivisionError())
    assert gate.in_flight() == []
    assert caught.tb is not None


def test_the_objects_are_real(gate):
    generator, coroutine = tracked(gate, numbers()), tracked(gate, fetch())
    async_generator = tracked(gate, stream())
    assert inspect.isgenerator(generator)
    assert inspect.iscoroutine(coroutine)
    assert inspect.isawaitable(coroutine)
    assert inspect.isasyncgen(async_generator)
    assert (generator.__name__, coroutine.__name__) == ("numbers", "fetch")
    assert async_generator.__qualname__ == "stream"
    assert inspect.getgeneratorstate(generator) == inspect.GEN_CREATED
    coroutine.close()


def echo():
    """Yield what is sent, catch what is thrown, return the number of steps."""
    steps, got = 0, None
    while got != "stop":
        try:
            got = yield got
        except LookupError as error:
            got = f"caught {error.args[0]}"
        steps += 1
    return steps


def test_a_generator_takes_what_is_sent_and_thrown(gate):
    generator = tracked(gate, echo())
    assert next(generator) is None
    assert generator.send("a") == "a"
    assert generator.throw(LookupError("b")) == "caught b"
    with pytest.raises(StopIteration) as stop:
        generator.send("stop")
    assert stop.value.value == 3


async def async_echo(closed):
    got = None
    try:
        while True:
            try:
                got = yield got
            except LookupError as error:
                got = f"caught {error.args[0]}"
    finally:
        closed.append(True)


def test_an_async_generator_takes_what_is_sent_and_thrown(gate):
    closed: list[bool] = []

    async def use():
        generator = tracked(gate, async_echo(closed))
        assert await anext(generator) is None
        assert await generator.asend("a") == "a"
        assert await generator.athrow(LookupError("b")) == "caught b"
        assert len(gate.in_flight()) == 1
        await generator.aclose()
        assert closed == [True]
        with pytest.raises(StopAsyncIteration):
            await anext(generator)

        generator = tracked(gate, async_echo(closed))
        await anext(generator)
        with pytest.raises(ZeroDivisionError):
            await generator.athrow(ZeroDivisionError())
        assert closed == [True, True]
        assert gate.in_flight() == []

    asyncio.run(use())


def test_an_abandoned_async_generator_is_closed_by_its_loop(gate):
    closed: list[bool] = []

    async def use():
        async for _ in tracked(gate, async_echo(closed)):
            break
        assert len(gate.in_flight()) <= 1

    asyncio.run(use())
    gc.collect()
    assert closed == [True]
    assert gate.in_flight() == []


def test_what_a_coroutine_returns_is_settled_before_it_ends(gate):
    coroutine = tracked(gate, fetch(), lambda result: (result, len(gate.in_flight())))
    assert run_once(coroutine) == (5, 1)


def test_a_generator_made_awaitable_stays_so(gate):
    import types

    @types.coroutine
    def pause():
        yield "paused"
        return 7

    async def use():
        return await tracked(gate, pause())

    coroutine = use()
    assert coroutine.send(None) == "paused"
    assert len(gate.in_flight()) == 1
    assert run_once(coroutine) == 7
    assert gate.in_flight() == []


def test_a_generator_another_thread_holds_is_drained(gate, drains):
    generator = tracked(gate, numbers())
    closing = start(lambda: close_gates([gate], None))
    assert drains.acquire(timeout=SOON)
    assert not closing.done()
    assert list(generator) == [1, 2]
    end(closing).open()


@pytest.mark.parametrize("started", [False, True])
def test_collecting_a_generator_ends_the_drain(gate, drains, started):
    generator = tracked(gate, numbers())
    if started:
        next(generator)
    closing = start(lambda: close_gates([gate], None))
    assert drains.acquire(timeout=SOON)
    del generator
    end(closing).open()


def test_a_loop_over_a_generator_may_use_the_plugin_while_it_is_drained(gate, drains):
    proceed = threading.Event()

    def loop():
        found = []
        for number in tracked(gate, numbers()):
            begun.set()
            assert proceed.wait(SOON)
            found.append((number, plain(gate)))
        return found

    begun = threading.Event()
    looping = start(loop)
    assert begun.wait(SOON)
    closing = start(lambda: close_gates([gate], None))
    assert drains.acquire(timeout=SOON)
    proceed.set()
    assert end(looping) == [(1, "ran"), (2, "ran")]
    end(closing).open()


def test_a_generator_that_runs_may_use_the_group_while_it_is_drained(gate, drains):
    other, proceed, begun = Gate("other"), threading.Event(), threading.Event()

    def body():
        begun.set()
        assert proceed.wait(SOON)
        yield plain(other)

    # Made here and run elsewhere: only its frame tells who is inside it.
    generator = tracked(gate, body())
    running = start(lambda: list(generator))
    assert begun.wait(SOON)
    closing = start(lambda: close_gates([gate, other], None))
    assert drains.acquire(timeout=SOON)
    proceed.set()
    assert end(running) == ["ran"]
    end(closing).open()


def test_what_this_very_thread_holds_is_refused_at_once(gate):
    generator = tracked(gate, numbers())
    next(generator)
    began = time.monotonic()
    with pytest.raises(PluginBusyError, match=r"held by this very .*generator of counter\.make"):
        close_gates([gate], 60)
    assert time.monotonic() - began < 30
    assert list(generator) == [2]
    close_gates([gate], 0).open()


def test_garbage_does_not_stop_a_reload(gate):
    gc.collect()
    gc.disable()
    try:
        cycle: list[Any] = [tracked(gate, numbers())]
        cycle.append(cycle)
        del cycle
        assert len(gate.in_flight()) == 1
        close_gates([gate], 0).open()
    finally:
        gc.enable()


# --- "is this thread inside a call?" --------------------------------------------------------------


def test_entered_names_the_innermost_call_to_this_plugin(gate):
    other = Gate("other")
    assert gate.entered_by_current_thread() is None
    inside = gate.run("outer", lambda: other.run("inner", gate.entered_by_current_thread))
    assert inside is not None
    assert inside.name == "outer"
    body = Body(gate)
    future = body.start()
    assert gate.entered_by_current_thread() is None  # only another thread is
    body.leave.set()
    end(future)


def test_a_running_generator_is_entered_and_a_suspended_one_is_not(gate):
    def body():
        yield gate.entered_by_current_thread()
        yield 2

    generator = tracked(gate, body())
    inside = next(generator)
    assert inside is not None
    assert inside.kind == "generator"
    assert gate.entered_by_current_thread() is None


def test_a_coroutine_that_awaits_is_in_flight_but_not_entered(gate):
    async def use():
        reached, proceed = asyncio.Event(), asyncio.Event()

        async def body():
            reached.set()
            await proceed.wait()
            return gate.entered_by_current_thread()

        task = asyncio.create_task(tracked(gate, body()))
        await reached.wait()
        assert gate.entered_by_current_thread() is None
        with pytest.raises(PluginBusyError, match=r"coroutine of counter\.make"):
            close_gates([gate], 60)
        proceed.set()
        inside = await task
        assert inside.kind == "coroutine"
        assert gate.in_flight() == []

    asyncio.run(use())


# --- interrupts, and many threads -----------------------------------------------------------------

needs_signals = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system cannot deliver a signal by a timer"
)


@pytest.fixture
def interrupts() -> Iterator[SimpleNamespace]:
    """Set ``armed`` to have the next signal raise KeyboardInterrupt, once."""
    state = SimpleNamespace(armed=False)

    def handler(number: int, frame: object) -> None:
        if state.armed:
            state.armed = False
            raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, handler)
    yield state
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


def test_an_interrupt_between_two_operations_leaves_the_counts_right(gate, drains, stack):
    check_interrupts(stack, gate, drains, lambda body: gate.run("work", body))


@needs_signals
def test_an_interrupt_while_waiting_leaves_the_counts_right(gate, waits, interrupts):
    shut, done = threading.Event(), threading.Event()

    def swap():
        with close_gates([gate], SOON):
            shut.set()
            assert waits.acquire(timeout=SOON)
            interrupts.armed = True
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            assert done.wait(SOON)

    swapping = start(swap)
    assert shut.wait(SOON)
    with pytest.raises(KeyboardInterrupt):
        plain(gate)
    assert gate.in_flight() == []
    done.set()
    end(swapping)
    assert plain(gate) == "ran"


@needs_signals
def test_an_interrupt_while_draining_opens_the_gates(gate, drains, interrupts):
    body = Body(gate)
    future = body.start()
    interrupts.armed = True
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    with pytest.raises(KeyboardInterrupt):
        close_gates([gate], None)
    assert not gate.is_shut
    body.leave.set()
    assert end(future) == "done"


@needs_signals
def test_interrupts_at_any_moment_leave_the_counts_right(gate, interrupts):
    hits = 0

    def rounds():
        nonlocal hits
        signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            try:
                interrupts.armed = True
                gate.run("a", plain, gate)
                list(gate.run("b", lambda: tracked(gate, numbers())))
                interrupts.armed = False
            except KeyboardInterrupt:
                hits += 1
        interrupts.armed = False

    rounds()
    assert hits > 10
    gc.collect()
    assert gate.in_flight() == []
    close_gates([gate], 0).open()


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Let threads take turns often, so that few calls meet many interleavings."""
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(old)


def test_no_call_fails_or_runs_during_500_swaps_under_8_threads(gate, quick_switches):
    swapping = False
    intruders: list[str] = []
    stop = threading.Event()
    progress = threading.Semaphore(0)

    def body():
        if swapping:
            intruders.append(threading.current_thread().name)
        return 1

    def worker() -> int:
        made = 0
        while not stop.is_set():
            made += gate.run("body", body)
            made += sum(gate.run("each", lambda: tracked(gate, iter_once(body))))
            progress.release()
        return made

    workers = [start(worker, f"worker {n}") for n in range(8)]
    for _ in range(500):
        assert progress.acquire(timeout=SOON)  # no two swaps without a call between them
        with close_gates([gate], SOON):
            swapping = True
            time.sleep(0)  # offer the others the interpreter
            swapping = False
    stop.set()
    assert sum(end(each) for each in workers) > 500
    assert intruders == []
    assert gate.in_flight() == []


def iter_once(body: Callable[[], int]) -> Iterator[int]:
    yield body()
