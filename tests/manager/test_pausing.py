"""Blocks that must not see a swap: ``with manager.paused(...)``."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from tests import gates
from tests.gates import SOON, end, start
from tests.manager.conftest import Lab
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import (
    PluginBusyError,
    PluginNotFoundError,
    PluginNotLoadedError,
    ReentrantReloadError,
)

waits, drains = gates.waits, gates.drains

PLAIN = """
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def bump(self):
            self.n += 1
            return edition()
        def reload(self, manager): return manager.reload_plugin("plain")
        async def later(self): return edition()

    def edition(): return 0
"""


@pytest.fixture
def plain(lab: Lab) -> Any:
    handle = lab.load("plain", PLAIN)
    lab.write("plain.py", PLAIN.replace("return 0", "return 1"))
    return handle


class Swap:
    """A reload in another thread, held in the middle of the swap."""

    def __init__(self, lab: Lab, *names: str) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()

        def hold(event: Any) -> None:
            if event.phase is Phase.AFTER_UNLOAD and event.plugin == names[0]:
                self.inside.set()
                assert self.go_on.wait(SOON)

        self.remove = lab.manager.register_reload_listener(hold)
        self.report = start(lambda: lab.manager.reload_plugins(names), "plugin swap")
        assert self.inside.wait(SOON)

    def finish(self) -> Any:
        self.go_on.set()
        self.remove()
        return end(self.report)


def in_flight(lab: Lab, name: str = "plain") -> list[Any]:
    return lab.manager.get_record(name).gate.in_flight()


def test_a_reload_waits_for_the_block(lab: Lab, plain: Any, drains: Any) -> None:
    with lab.manager.paused("plain") as pause:
        assert pause.plugins == ("plain",)
        reloading = start(lambda: lab.reload("plain"))
        assert drains.acquire(timeout=SOON)
        assert plain.bump() == plain.bump() == 0, "calls from within the block pass"
        calling = start(plain.bump)  # from elsewhere they wait
    assert end(reloading).outcome is Outcome.RELOADED
    assert end(calling) in (0, 1)
    assert plain.n == 3, "what the block did is in the state"
    assert not lab.manager.is_paused("plain")


def test_a_block_that_does_not_end_aborts_the_reload(lab: Lab, plain: Any) -> None:
    lab.manager.drain_timeout = 0.05
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with lab.manager.paused("plain"):
            entered.set()
            assert leave.wait(SOON)

    working = start(work, "crunching")
    assert entered.wait(SOON)
    report = lab.reload("plain")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PluginBusyError)
    assert "paused() of plain in crunching" in str(report.error)
    [info] = lab.manager.pauses.of("plain")
    assert (info.kind, info.thread) == ("paused() block", "crunching")
    with pytest.raises(PluginBusyError, match="crunching"):
        lab.manager.unload_plugin("plain")
    assert plain.bump() == 0
    leave.set()
    end(working)
    assert lab.reload("plain") and plain.bump() == 1


def test_a_reload_from_inside_is_refused(lab: Lab, plain: Any) -> None:
    with lab.manager.paused("plain"):
        report = lab.reload("plain")
        assert report.outcome is Outcome.ABORTED
        assert isinstance(report.error, ReentrantReloadError)
        assert "paused('plain')" in str(report.error) and "after the block" in str(report.error)
        with pytest.raises(PluginBusyError, match="this very thread"):
            lab.manager.unload_plugin("plain")
    assert "its own reload()" in str(plain.reload(lab.manager).error)
    assert lab.reload("plain")


def test_entering_waits_for_the_end_of_a_swap(lab: Lab, plain: Any, waits: Any) -> None:
    swap = Swap(lab, "plain")
    seen: list[int] = []

    def work() -> None:
        with lab.manager.paused("plain"):
            seen.append(plain.bump())

    working = start(work)
    assert waits.acquire(timeout=SOON)
    assert not lab.manager.is_paused("plain")
    assert swap.finish()
    end(working)
    assert seen == [1]


def test_ctrl_c_while_waiting_leaves_nothing(
    lab: Lab, plain: Any, waits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = Swap(lab, "plain")
    main = threading.main_thread().ident or 0

    def press() -> None:
        assert waits.acquire(timeout=SOON)
        signal.pthread_kill(main, signal.SIGINT)

    pressing = start(press)
    with pytest.raises(KeyboardInterrupt), lab.manager.paused("plain"):
        pytest.fail("entered")
    end(pressing)
    assert not lab.manager.is_paused("plain") and in_flight(lab) == []
    assert swap.finish()


def test_unloading_while_one_waits_to_enter(lab: Lab, plain: Any, waits: Any) -> None:
    def work() -> None:
        with lab.manager.paused("plain"):
            pytest.fail("entered")

    gate = lab.manager.get_record("plain").gate
    shutdown, down = threading.Event(), threading.Event()

    def go_down() -> None:
        down.set()
        assert shutdown.wait(SOON)

    lab.instance("plain").shutdown = go_down
    unloading = start(lambda: lab.manager.unload_plugin("plain"))
    assert down.wait(SOON)
    waiting = start(work)
    assert waits.acquire(timeout=SOON)
    shutdown.set()
    end(unloading)
    with pytest.raises(PluginNotLoadedError):
        end(waiting)
    assert gate.in_flight() == []


def test_nesting_and_any_order_of_the_ends(lab: Lab, plain: Any) -> None:
    manager = lab.manager
    first, second = manager.paused("plain"), manager.paused("plain")
    first.__enter__()
    second.__enter__()
    with pytest.raises(RuntimeError, match="entered already"):
        second.__enter__()
    first.__exit__(None, None, None)
    assert manager.is_paused("plain")
    assert plain.bump() == 0
    end(start(lambda: second.__exit__(None, None, None)))  # in another thread, too
    assert not manager.is_paused("plain") and in_flight(lab) == []
    with manager.paused("plain"), manager.paused("plain"), second:
        assert len(manager.pauses.of("plain")) == 3
    assert lab.reload("plain")


def test_a_pause_begun_inside_a_call_outlives_it(lab: Lab) -> None:
    handle = lab.load("plain", PLAIN + "    P.call = lambda self, function: function()")
    pause = lab.manager.paused("plain")
    handle.call(pause.__enter__)
    assert [call.kind for call in in_flight(lab)] == ["paused() block"]
    handle.call(lambda: pause.__exit__(None, None, None))
    assert in_flight(lab) == []


def test_several_plugins_are_paused_together_or_not_at_all(
    lab: Lab, plain: Any, waits: Any
) -> None:
    """Who holds one while he waits for the other would keep a reload of both waiting for himself."""
    lab.load("other", PLAIN)
    lab.write("other.py", PLAIN.replace("return 0", "return 1"))
    swap = Swap(lab, "other")
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with lab.manager.paused("plain", "other", "plain"):
            entered.set()
            assert leave.wait(SOON)

    working = start(work)
    assert waits.acquire(timeout=SOON)
    assert not lab.manager.is_paused("plain")
    assert swap.finish()
    assert entered.wait(SOON)
    assert lab.manager.is_paused("plain") and lab.manager.is_paused("other")
    leave.set()
    end(working)
    with lab.manager.paused() as pause:
        assert pause.plugins == ("plain", "other")
    assert lab.reload("plain", "other")


def test_what_is_not_loaded(lab: Lab, plain: Any) -> None:
    with pytest.raises(PluginNotFoundError, match="did you mean 'plain'"):
        lab.manager.paused("plain", "plan").__enter__()
    assert in_flight(lab) == []
    lab.manager.unload_plugin("plain")
    with pytest.raises(PluginNotLoadedError), lab.manager.paused("plain"):
        pass
    assert not lab.manager.is_paused("plain") and not lab.manager.is_paused("no such")
    with lab.manager.paused() as pause:
        assert pause.plugins == ()


def test_a_broken_plugin(lab: Lab, plain: Any) -> None:
    lab.instance("plain").initialize = None
    lab.edit("plain.py", "self.n = 0", "1 / 0")
    assert lab.reload("plain").outcome is Outcome.FAILED
    with pytest.raises(PluginNotLoadedError, match="Mend its file"), lab.manager.paused("plain"):
        pass
    with lab.manager.paused() as pause:
        assert pause.plugins == ()
    lab.edit("plain.py", "1 / 0", "self.n = 0")
    assert lab.reload("plain")


def test_a_block_that_raises(lab: Lab, plain: Any) -> None:
    with pytest.raises(ZeroDivisionError), lab.manager.paused("plain"):
        1 / 0  # noqa: B018
    assert in_flight(lab) == []
    assert lab.reload("plain")


def test_a_lost_pause_keeps_nothing_away(lab: Lab, plain: Any) -> None:
    def worker() -> Iterator[int]:
        with lab.manager.paused("plain"):
            yield 1

    generator = worker()
    next(generator)
    assert lab.manager.is_paused("plain")
    del generator
    lost = lab.manager.paused("plain")
    lost.__enter__()
    del lost
    gc.collect()
    assert not lab.manager.is_paused("plain")
    assert lab.reload("plain")


def test_across_an_await(lab: Lab, plain: Any, drains: Any) -> None:
    """Another task of the thread may call the plugin, or the loop would block and the block never end."""

    async def main() -> Any:
        leave = asyncio.Event()

        async def block() -> None:
            with lab.manager.paused("plain"):
                await leave.wait()

        blocking = asyncio.create_task(block())
        await asyncio.sleep(0)
        assert lab.manager.is_paused("plain")
        here = lab.reload("plain")  # this thread could not wait for the block
        assert isinstance(here.error, ReentrantReloadError)
        reloading = start(lambda: lab.reload("plain"))
        assert drains.acquire(timeout=SOON)
        assert (plain.bump(), await plain.later()) == (0, 0)
        leave.set()
        await blocking
        return await asyncio.wrap_future(reloading)

    assert asyncio.run(main())
    assert plain.bump() == 1


def test_who_waits_for_the_end(lab: Lab, plain: Any, caplog: pytest.LogCaptureFixture) -> None:
    pauses, heard = lab.manager.pauses, []

    def broken(names: tuple[str, ...]) -> None:
        raise ValueError(names)

    def listen(names: tuple[str, ...]) -> None:
        heard.append((names, lab.manager.is_paused("plain")))

    remove_broken, remove, again = map(pauses.on_end, (broken, listen, listen))
    with caplog.at_level(logging.CRITICAL, "themis_jupyter"), lab.manager.paused("plain"):
        with lab.manager.paused():
            assert heard == []
        assert heard == [(("plain",), True)] * 2
    assert heard[2:] == [(("plain",), False)] * 2
    for take in (remove_broken, remove, again, remove):
        take()
    with lab.manager.paused("plain"):
        pass
    assert len(heard) == 4


def test_a_listener_of_the_end_may_reload(lab: Lab, plain: Any) -> None:
    reports: list[Any] = []
    remove = lab.manager.pauses.on_end(lambda names: reports.append(lab.reload(*names)))
    with lab.manager.paused("plain"):
        pass
    remove()
    assert [report.outcome for report in reports] == [Outcome.RELOADED]


def test_the_plugin_may_pause_itself_while_it_comes_up(lab: Lab) -> None:
    text = (
        PLAIN.replace("self.n = 0", "self.n = 0; self.pause(config)")
        + """
    def pause(self, config):
        with MANAGER[0].paused("plain"):
            self.n = len(MANAGER[0].pauses.of("plain"))
    P.pause = pause
    MANAGER = []
"""
    )
    lab.load("plain", PLAIN.replace("def edition", "MANAGER = []\n\n    def edition"))
    lab.module("plain").MANAGER.append(lab.manager)
    lab.write("plain.py", text)
    report = lab.reload("plain", fresh=True)
    assert report, report
    assert lab.get("plain").n == 1 and in_flight(lab) == []


def test_many_threads_pause_while_others_reload(lab: Lab, plain: Any) -> None:
    lab.manager.drain_timeout = SOON
    done = threading.Event()

    def work() -> int:
        blocks = 0
        while not done.is_set() or blocks < 50:
            with lab.manager.paused("plain"):
                edition = plain.bump()
                assert plain.bump() == edition, "a swap came between"
            blocks += 1
        return blocks

    working: list[Future[int]] = [start(work) for _ in range(3)]
    for number in range(2, 8):
        lab.write("plain.py", PLAIN.replace("return 0", f"return {number}"))
        assert lab.reload("plain")
    done.set()
    assert all(end(each) >= 50 for each in working)
    assert in_flight(lab) == []
