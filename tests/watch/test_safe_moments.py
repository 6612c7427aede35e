"""When a reload that comes of itself may begin: between cells, and never in vain."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.watch.conftest import PLUGIN, Live, until, watching
from themis_jupyter import Outcome, Phase, PhaseEvent


def test_a_cell_sees_one_version(live: Live) -> None:
    counter = live.load()
    with live.cell():
        live.save(2)
        live.drifted("edited")
        until(lambda: live.watcher.status()[0].waiting == "the cell that is running")
        assert counter.edition() == 1
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_what_was_saved_before_a_cell_is_in_when_it_runs(live: Live) -> None:
    """Also if no event has come yet: a cell may have written the file just now."""
    counter = live.load()
    for edition in range(2, 8):
        with live.cell():
            live.save(edition)
        with live.cell():
            assert counter.edition() == edition


def test_immediately(live: Live) -> None:
    counter = live.load()
    live.watcher.when = "immediately"
    with live.cell():
        live.save(2)
        assert live.ended() == [Outcome.RELOADED]
        assert counter.edition() == 2


@pytest.mark.parametrize("when", ["between cells", "immediately"])
def test_the_hardest_case(live: Live, when: str) -> None:
    """A save in a cell that uses the plugin, half written, while another reload runs."""
    live.watcher.when = when
    counter = live.load()
    other = live.load("other", watch=False)
    hold, entered = threading.Event(), threading.Event()

    def listener(event: PhaseEvent) -> None:
        if (event.plugin, event.phase) == ("other", Phase.BEFORE_UNLOAD):
            entered.set()
            hold.wait(20)

    remove = live.manager.register_reload_listener(listener)
    slow = threading.Thread(
        target=live.manager.reload_plugin, args=("other",), kwargs={"full": True}
    )
    text = live.text(2)
    seen: list[object] = []
    with live.cell():
        slow.start()
        assert entered.wait(20)
        seen.append(counter.edition())
        live.path().write_text(text[: len(text) // 2])
        seen.append(counter.edition())
        live.path().write_text(text)
        seen.append(counter.edition())
        hold.set()
        slow.join(20)
        remove()
        if when == "between cells":
            until(lambda: live.watcher.status()[0].drift == "edited")
            assert counter.edition() == 1
    assert seen[:2] == [1, 1]
    until(lambda: counter.edition() == 2)
    assert counter.add() == 1
    assert other.edition() == 1
    assert Outcome.RELOADED in live.ended(2)
    assert {event.phase for event in live.reloads()} == {Outcome.RELOADED}


def test_a_cell_waits_for_a_reload_that_has_begun(live: Live) -> None:
    counter = live.load()
    hold, entered = threading.Event(), threading.Event()

    def listener(event: object) -> None:
        entered.set()
        hold.wait(20)

    remove = live.manager.register_reload_listener(listener)
    live.save(2)
    assert entered.wait(20)
    seen: list[int] = []

    def cell() -> None:
        with live.cell():
            seen.append(counter.edition())

    waiting = threading.Thread(target=cell, name="plugin test")
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive() and not seen
    hold.set()
    remove()
    waiting.join(20)
    assert seen == [2]


def test_a_long_call_is_not_disturbed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate is not even shut while it lasts; then the reload comes."""
    monkeypatch.setattr("themis_jupyter.watch.watcher.LONG_CALL", 0.0)
    counter = live.load(text=PLUGIN + """
        def work(self, entered, end):
            entered.set()
            end.wait(20)
            return self.edition()
    """)  # fmt: skip
    gate = live.manager.get_record("counter").gate
    entered, end = threading.Event(), threading.Event()
    found: list[int] = []
    worker = threading.Thread(
        target=lambda: found.append(counter.work(entered, end)), name="plugin worker"
    )
    worker.start()
    assert entered.wait(20)
    text = live.path().read_text().replace("return 1\n", "return 2\n")
    live.path().write_text(text)
    until(lambda: "counter.work in plugin worker" in live.watcher.status()[0].waiting)
    assert not live.reloads() and not gate.is_shut
    end.set()
    worker.join(20)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_a_pause_is_waited_for(live: Live) -> None:
    counter = live.load()
    with live.manager.paused("counter"):
        live.save(2)
        until(lambda: "paused() of counter" in live.watcher.status()[0].waiting)
        assert counter.edition() == 1
        assert not live.reloads() and not live.manager.get_record("counter").gate.is_shut
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_a_reverted_plugin_stays_reverted_until_it_is_saved_again(live: Live) -> None:
    counter = live.load()
    live.save(2)
    live.ended()
    assert live.manager.revert_plugin("counter", 1)
    live.forget()
    with live.cell():
        assert counter.edition() == 1
    (status,) = live.watcher.status()
    assert (status.drift, status.waiting) == ("reverted", "")
    assert live.watcher.notes()["counter"].startswith(
        "counter: running version 1, file has version 2"
    )
    live.save(3)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 3


def test_dependents_come_along(live: Live) -> None:
    counter = live.load()
    live.lab.write("index.py", """
        from themis_jupyter import StatefulPlugin

        class Index(StatefulPlugin):
            dependencies = ["counter"]

            def initialize(self, config):
                self.starts = config.get("restored_state", {}).get("starts", 0) + 1

            def restore_state(self, state):
                pass
    """)  # fmt: skip
    index = live.manager.load_plugin(live.lab.folder / "index.py")
    live.forget()
    live.save(2)
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    assert index.starts == 2


def test_what_is_due_when_watching_begins(live: Live) -> None:
    counter = live.load(watch=False)
    live.save(2)
    live.watcher.watch()
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2
    late = live.load("late", watch=False)
    live.save(2, "late")
    assert live.ended() == [Outcome.RELOADED]
    assert late.edition() == 2


def test_off_means_off(live: Live) -> None:
    counter, other = live.load(), live.load("other")
    live.watcher.unwatch(["counter"])
    live.save(2)
    live.save(2, "other")
    live.ended()
    assert (counter.edition(), other.edition()) == (1, 2)
    assert [status.drift for status in live.watcher.status()] == ["edited", ""]
    live.watcher.unwatch()
    assert not watching()
    live.watcher.watch()
    live.watcher.unwatch(["other"])
    assert live.watcher.is_watching("counter") and not live.watcher.is_watching("other")
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_a_failure_is_told_until_it_is_mended(live: Live) -> None:
    counter = live.load()
    live.save("1 / 0\n        1 +")
    assert live.ended() == [Outcome.ABORTED]
    event = live.drifted("edited")
    assert "was aborted. %plugin_errors shows why" in event.text
    record = live.manager.get_record("counter")
    assert record.failure is not None
    # Saved once more, and once more nothing: it would fail again.
    live.path().write_text(live.path().read_text())
    live.save(1)
    # Back to what runs: nothing to reload, and nothing to complain about.
    assert live.ended() == [Outcome.UNCHANGED]
    until(lambda: not live.watcher.status()[0].drift)
    assert record.failure is None
    assert len(live.reloads()) == 2
    assert counter.edition() == 1


def test_a_plugin_that_reloads_itself_from_a_cell_of_its_own_does_not_hang(live: Live) -> None:
    """Code of a plugin that runs a cell while it is reloaded has the turn: it must not wait for it."""
    live.load(text=PLUGIN + """
        def shutdown(self):
            from themis_jupyter import PluginManager
            import builtins
            manager = builtins.manager_of_this_test
            manager.cells.begin(manager.watcher.before_cell)
            manager.cells.end()
    """)  # fmt: skip
    import builtins

    builtins.manager_of_this_test = live.manager  # type: ignore[attr-defined]
    try:
        live.path().write_text(live.path().read_text().replace("return 1\n", "return 2\n"))
        assert live.ended() == [Outcome.RELOADED]
        live.manager.unload_plugin("counter")
    finally:
        del builtins.manager_of_this_test  # type: ignore[attr-defined]


def test_the_thread_goes_with_the_last_watched_plugin(live: Live) -> None:
    live.load()
    until(watching)
    live.watcher.unwatch(["counter"])
    assert not watching()
    live.watcher.watch(["counter"])
    live.manager.unload_plugin("counter")
    live.manager.load_plugin(live.path())
    live.forget()
    live.save(2)
    assert live.ended() == [Outcome.RELOADED]
    live.manager.stop_watching()
    live.manager.stop_watching()
    assert not watching()


def test_a_coroutine_of_a_loop_that_waits_with_its_next_cell(live: Live) -> None:
    """It cannot end while the cell waits for the reload: the reload gives way, and comes later."""
    counter = live.load(text=PLUGIN + """
        async def work(self):
            import asyncio
            await asyncio.sleep(0.3)
            return self.edition()
    """)  # fmt: skip
    text = live.path().read_text()

    async def kernel() -> None:
        task = asyncio.ensure_future(counter.work())
        await asyncio.sleep(0)
        live.path().write_text(text.replace("return 1\n", "return 2\n"))
        gate = live.manager.get_record("counter").gate
        until(lambda: gate.is_shut)
        began = time.monotonic()
        with live.cell():
            assert time.monotonic() - began < 2
        assert await task == 1

    asyncio.run(kernel())
    until(lambda: counter.edition() == 2)


def test_no_cell_waits_at_its_end(live: Live) -> None:
    """A reload that happens at once, while a cell runs, is no reason for that cell to last longer."""
    counter = live.load()
    live.watcher.when = "immediately"
    hold, entered = threading.Event(), threading.Event()

    def listener(event: object) -> None:
        entered.set()
        hold.wait(20)

    remove = live.manager.register_reload_listener(listener)
    with live.cell():
        live.save(2)
        assert entered.wait(20)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    hold.set()
    remove()
    assert live.ended() == [Outcome.RELOADED]
    assert counter.edition() == 2


def test_what_a_reload_waits_for_is_said_under_cells(live: Live) -> None:
    counter = live.load()
    with live.manager.paused("counter"):
        live.save(2)
        until(lambda: live.watcher.notes())
        assert live.watcher.notes()["counter"].startswith(
            "counter runs an old version: its reload waits for paused() of counter"
        )
        assert counter.edition() == 1
    assert live.ended() == [Outcome.RELOADED]
    until(lambda: not live.watcher.notes())


def test_one_that_is_busy_does_not_hold_up_what_is_saved_later(live: Live) -> None:
    """What was saved together with it waits for it, and says so."""
    counter, other, third = live.load(), live.load("other"), live.load("third")
    with live.manager.paused("counter"):
        live.save(2)
        live.save(2, "other")
        until(lambda: [s.waiting for s in live.watcher.status()][1])
        assert live.watcher.status()[1].waiting == "counter, which was saved with it"
        live.save(2, "third")
        assert live.ended() == [Outcome.RELOADED]
        assert (counter.edition(), other.edition(), third.edition()) == (1, 1, 2)
    assert live.ended() == [Outcome.RELOADED]
    assert (counter.edition(), other.edition(), third.edition()) == (2, 2, 2)


def test_a_plugin_that_writes_its_own_file_is_not_reloaded_all_the_time(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.load(text=PLUGIN.replace("self.total = 0", """
            import pathlib, time
            file = pathlib.Path(__file__)
            text, mark, _ = file.read_text().partition("ST" + "AMP = ")
            file.write_text(f"{text}{mark}{time.time_ns()}")
            self.total = 0""") + "\n    STAMP = 0")  # fmt: skip
    until(lambda: "changes whenever it is reloaded" in live.watcher.status()[0].waiting)
    assert len(live.reloads()) == 5
    assert "whenever it is reloaded" in live.watcher.notes()["counter"]
    monkeypatch.setattr("themis_jupyter.watch.postponed.REST", 0.0)
    live.ended(6)
