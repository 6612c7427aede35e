"""Background tasks of plugins: stopped for a reload, started after it, whatever happens in between."""

from __future__ import annotations

import gc
import queue
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gates import SOON, end, start
from tests.manager.conftest import Faults, Lab, check_ends_once, counter, in_thread
from tests.manager.test_failures import (
    ABORTED,
    KINDS,
    STEPS,
    World,
    inject,
)
from themis_jupyter import Outcome, Phase, Plugin, background
from themis_jupyter.background import tasks_of
from themis_jupyter.errors import (
    PluginBusyError,
    PluginError,
    PluginLoadError,
    ReentrantReloadError,
)
from themis_jupyter.magics.facts import details


class Signs:
    """What tasks of a test tell, and wait for."""

    def __init__(self) -> None:
        self._queues: dict[str, queue.SimpleQueue[Any]] = {}
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def _queue(self, name: str) -> queue.SimpleQueue[Any]:
        with self._lock:
            return self._queues.setdefault(name, queue.SimpleQueue())

    def event(self, name: str) -> threading.Event:
        with self._lock:
            return self._events.setdefault(name, threading.Event())

    def tell(self, name: str, value: Any = None) -> None:
        self._queue(name).put(value)

    def next(self, name: str) -> Any:
        return self._queue(name).get(timeout=SOON)

    def forget(self) -> None:
        with self._lock:
            self._queues.clear()

    def none(self, name: str) -> bool:
        return self._queue(name).empty()


@pytest.fixture
def signs(faults: Faults) -> Iterator[Signs]:
    signs = Signs()
    sys.modules["faults"].signs = signs  # type: ignore[attr-defined]
    yield signs
    for event in list(signs._events.values()):
        event.set()


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[Any]:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    monkeypatch.setattr(
        threading, "excepthook", lambda args: told.put((args.exc_value, args.thread.name))
    )
    return told


def tasks_alive() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("themis_jupyter ")} - {
        "themis_jupyter time limits"
    }


POLLER = """
    import threading
    import faults
    from themis_jupyter import StatefulPlugin

    signs = faults.signs

    class P(StatefulPlugin):
        def initialize(self, config):
            self.n = 0
            self.poller = self.background(self.poll, every=0.01)

        def poll(self):
            self.n += 1
            signs.tell("poll", edition())

        def listen(self, stop, where="anywhere"):
            signs.tell("listens", (edition(), where))
            stop.wait()
            signs.tell("stopped")

        def stubborn(self):
            signs.tell("stubborn", edition())
            assert signs.event("let go").wait(20)
            signs.tell("gave in")

        def fail(self):
            raise ValueError("no more")

        def listen_at(self, where):
            return self.background(self.listen, where=where)

    def edition(): return 0
"""


def edited(number: int, *pairs: tuple[str, str]) -> str:
    text = POLLER.replace("return 0", f"return {number}")
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture
def poller(lab: Lab, signs: Signs) -> Any:
    return lab.load("poller", POLLER)


def until(signs: Signs, name: str, value: Any) -> None:
    while signs.next(name) != value:
        pass


# -- without a reload --------------------------------------------------------------------------------


def test_tasks_run_once_or_again_and_again(lab: Lab, poller: Any, signs: Signs) -> None:
    task = poller.listen_at("here")
    assert signs.next("listens") == (0, "here")
    for _ in range(3):
        assert signs.next("poll") == 0
    assert task.running and task.name == "listen" and task.error is None
    assert poller.poller.running
    assert tasks_alive() == {"themis_jupyter poller: listen", "themis_jupyter poller: poll"}
    assert details(lab.manager, "poller")["background"] == "poll (every 0.01 s), listen"
    task.stop()
    assert task.join(SOON) and not task.running
    assert "listen (ended)" in details(lab.manager, "poller")["background"]
    lab.manager.unload_plugin("poller")
    assert tasks_alive() == set()


def test_the_error_that_ends_a_task(lab: Lab, poller: Any, hooked: queue.SimpleQueue[Any]) -> None:
    task = poller.background(poller.fail, every=0.01)
    error, thread = hooked.get(timeout=SOON)
    assert task.join(SOON)
    assert error is task.error and repr(error) == "ValueError('no more')"
    assert thread == "themis_jupyter poller: fail"
    assert "fail (ended: ValueError: no more)" in details(lab.manager, "poller")["background"]
    again = poller.background(poller.poll, name="fail")
    assert again is task and task.join(SOON) and task.error is None
    lab.write("poller.py", edited(1))
    assert not lab.reload("poller").warnings, "what has ended is not started again"
    assert not task.running


def test_the_same_name_replaces(poller: Any, signs: Signs) -> None:
    first = poller.listen_at("here")
    assert signs.next("listens") == (0, "here")
    second = poller.listen_at("there")
    assert second is first
    signs.next("stopped")  # before the other one begins
    assert signs.next("listens") == (0, "there")
    other = poller.background(poller.listen, name="other")
    assert signs.next("listens") == (0, "anywhere")
    assert other is not first and other.running and first.running


def test_a_task_starts_others_stops_itself_and_starts_itself_anew(
    poller: Any, signs: Signs
) -> None:
    instance = poller.__class__ and poller
    rounds = iter(range(3))

    def body(stop: threading.Event) -> None:
        number = next(rounds)
        signs.tell("round", number)
        if number == 0:
            assert not mine().join(SOON), "it cannot wait for itself"
            instance.background(body, every=0.001, name="body")  # replaces itself
        elif number == 2:
            poller.listen_at("from a task")
            mine().stop()

    tasks: list[Any] = []
    mine = lambda: tasks[0]  # noqa: E731
    ready = threading.Event()

    def first(stop: threading.Event) -> None:
        assert ready.wait(SOON)
        body(stop)

    tasks.append(poller.background(first, name="body"))
    ready.set()
    assert [signs.next("round") for _ in range(3)] == [0, 1, 2]
    assert mine().join(SOON)
    assert signs.next("listens") == (0, "from a task")


async def coroutine() -> None:
    """Do nothing."""


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((None,), {}, TypeError, "cannot be called"),
        ((coroutine,), {}, TypeError, "asyncio.run"),
        ((generator,), {}, TypeError, "generator"),
        ((print,), {"every": -1}, ValueError, "seconds"),
        ((print,), {"every": float("nan")}, ValueError, "seconds"),
        ((print,), {"every": "1"}, ValueError, "seconds"),
        ((lambda: None,), {}, ValueError, "name="),
        ((lambda a: None,), {"name": "x"}, TypeError, "'a'"),
        ((lambda stop: None, 1, 2), {"name": "x"}, TypeError, "too many"),
    ],
)
def test_what_cannot_be_a_task(
    arguments: Any, options: Any, error: Any, words: str, poller: Any
) -> None:
    with pytest.raises(error, match=words):
        poller.background(*arguments, **options)


def test_the_parameter_stop(poller: Any, signs: Signs) -> None:
    def positional(stop: Any) -> None:
        signs.tell("got", stop)

    poller.background(positional, "mine", name="a")
    assert signs.next("got") == "mine"
    poller.background(positional, stop="mine", name="b")
    assert signs.next("got") == "mine"
    poller.background(positional, name="c")
    assert isinstance(signs.next("got"), threading.Event)


def test_a_plugin_nobody_manages(signs: Signs) -> None:
    class Loose(Plugin):
        name = "loose"
        __hash__ = None  # type: ignore[assignment]

        def work(self, stop: threading.Event) -> None:
            signs.tell("works")
            stop.wait(SOON)

    loose = Loose()
    task = loose.background(loose.work)
    signs.next("works")
    assert tasks_alive() == {"themis_jupyter loose: work"}
    assert vars(loose) == {}
    task.stop()
    assert task.join(SOON)
    reference = weakref.ref(loose)
    key = id(loose)
    del loose
    gc.collect()
    assert reference() is None
    assert key not in background._known


# -- reloads -----------------------------------------------------------------------------------------


def test_a_reload_stops_and_starts_them(lab: Lab, poller: Any, signs: Signs) -> None:
    task = poller.listen_at("here")
    assert signs.next("listens") == (0, "here")
    signs.next("poll")
    down: list[Any] = []
    lab.manager.register_reload_listener(
        lambda event: (
            down.append((event.phase, tasks_alive(), poller.n)) if not event.terminal else 0
        )
    )
    lab.write("poller.py", edited(1))
    report = lab.reload("poller")
    assert report and not report.warnings
    before, stopped, up = down
    assert len(before[1]) == 2 and stopped[1] == up[1] == set()
    assert up[2] >= stopped[2], "what the tasks did until they stopped is in the state"
    signs.next("stopped")
    assert signs.next("listens") == (1, "here")
    until(signs, "poll", 1)
    assert task.running and poller.poller.running, "the same tasks"
    assert sum(t.name.endswith(": poll") for t in threading.enumerate()) == 1
    assert len(lab.manager.get_record("poller").gate.in_flight()) == 2


def test_no_task_sees_a_plugin_that_is_not_up(lab: Lab, signs: Signs) -> None:
    """A task that began in initialize() would count from 0 while the state comes back."""
    text = (
        edited(0, ("self.n = 0\n", "self.n = 0\n            self.background(self.look)\n"))
        + """
    def look(self): signs.tell("sees", self.n)
    def restore_state(self, state):
        super(P, self).restore_state(state)
        self.n = 1000
    P.look, P.restore_state = look, restore_state
"""
    )
    handle = lab.load("poller", text)
    signs.next("sees")
    lab.write("poller.py", text.replace("return 0", "return 1"))
    assert lab.reload("poller")
    assert signs.next("sees") >= 1000
    assert handle.poller.running


def test_in_init_and_restore_state(lab: Lab, signs: Signs) -> None:
    text = """
        import faults
        from themis_jupyter import StatefulPlugin
        class P(StatefulPlugin):
            def __init__(self): self.first = self.background(self.work, "init", name="init")
            def restore_state(self, state):
                super().restore_state(state)
                self.background(self.work, "restore", name="restore")
            def work(self, where, stop):
                faults.signs.tell(where, edition())
                stop.wait()
        def edition(): return 0
    """
    handle = lab.load("early", text)
    assert signs.next("init") == 0 and handle.first.running
    for number in (1, 2):
        lab.write("early.py", text.replace("return 0", f"return {number}"))
        assert lab.reload("early")
        assert signs.next("init") == signs.next("restore") == number
        assert signs.none("init") and signs.none("restore"), "one of each"


def test_other_arguments_of_the_new_code_win(lab: Lab, poller: Any, signs: Signs) -> None:
    poller.listen_at("here")
    assert signs.next("listens") == (0, "here")
    lab.write("poller.py", edited(1, ("self.n = 0", "self.n = 0; self.listen_at('new')")))
    assert lab.reload("poller")
    assert signs.next("listens") == (1, "new")
    assert signs.none("listens")


def test_a_task_that_the_plugin_stops_while_it_comes_up(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    poller.listen_at("here")
    lab.write("poller.py", edited(1, ("every=0.01)", "every=0.01); self.poller.stop()")))
    assert lab.reload("poller")
    assert tasks_alive() == {"themis_jupyter poller: listen"}


def test_a_task_that_the_plugin_stops_while_it_goes_down(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    """That says nothing: going down stops them all."""
    shutdown = "def shutdown(self): self.listener.stop()\n\n        def poll"
    text = edited(1, ("def poll", shutdown))
    lab.write("poller.py", text)
    assert lab.reload("poller")
    poller.listener = poller.listen_at("here")
    signs.next("listens")
    lab.write("poller.py", text.replace("self.n = 0", "self.background(self.listen).stop(); 1 / 0"))
    assert lab.reload("poller").outcome is Outcome.ROLLED_BACK
    assert signs.next("listens") == (1, "here")
    lab.write("poller.py", text.replace("return 1", "return 2"))
    assert lab.reload("poller")
    assert signs.next("listens") == (2, "here")
    assert poller.listener.running


def test_work_that_was_done_while_it_was_to_stop_is_not_done_twice(
    lab: Lab, poller: Any, signs: Signs, hooked: queue.SimpleQueue[Any]
) -> None:
    lab.manager.drain_timeout = SOON
    gate = lab.manager.get_record("poller").gate
    go_on = signs.event("go on")

    def job(name: str) -> None:
        signs.tell("begins", name)
        assert go_on.wait(SOON)
        signs.tell("done", name)
        if name == "fails":
            raise ValueError

    def watching(stop: threading.Event) -> None:
        stop.wait()
        go_on.set()  # all have been asked to stop by now, or are going to be

    for name in ("works", "fails"):
        poller.background(job, name, name=name)
        signs.next("begins")
    poller.background(watching, name="watching")
    lab.write("poller.py", edited(1))
    assert lab.reload("poller")
    assert {signs.next("done"), signs.next("done")} == {"works", "fails"}
    assert signs.none("begins")
    assert {call.name for call in gate.in_flight()} == {"poll", "watching"}
    hooked.get(timeout=SOON)


def test_a_method_that_is_gone(lab: Lab, poller: Any, signs: Signs) -> None:
    poller.listen_at("here")
    poller.background(lab.module("poller").edition, every=5)
    signs.next("listens")
    lab.write(
        "poller.py",
        edited(1, ("def listen(", "def hear("), ("def edition()", "def issue()")).replace(
            "edition()", "issue()"
        ),
    )
    report = lab.reload("poller")
    assert report
    assert [w for w in report.warnings if "'listen'" in w and "has no listen()" in w]
    assert [w for w in report.warnings if "'edition'" in w and "has no edition()" in w]
    assert tasks_alive() == {"themis_jupyter poller: poll"}


def test_arguments_that_do_not_fit_any_more(lab: Lab, poller: Any, signs: Signs) -> None:
    poller.listen_at("here")
    signs.next("listens")
    lab.write(
        "poller.py",
        edited(1, ('where="anywhere"', 'whereabouts="anywhere"')).replace(
            "(edition(), where)", "(edition(), whereabouts)"
        ),
    )
    report = lab.reload("poller")
    assert report
    [warning] = report.warnings
    assert "'listen' could not be started" in warning and "'where'" in warning


def test_a_new_parameter_stop(lab: Lab, poller: Any, signs: Signs) -> None:
    lab.write(
        "poller.py",
        edited(
            1,
            ("def poll(self):", "def poll(self, stop):"),
            ('tell("poll", edition())', 'tell("poll", stop.is_set())'),
        ),
    )
    assert lab.reload("poller")
    until(signs, "poll", False)


def test_a_fresh_reload_starts_only_what_the_plugin_starts(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    poller.listen_at("here")
    signs.next("listens")
    lab.write("poller.py", edited(1))
    assert lab.reload("poller", fresh=True)
    assert tasks_alive() == {"themis_jupyter poller: poll"}


def test_what_a_factory_makes(lab: Lab, signs: Signs) -> None:
    text = (
        edited(0, ("def initialize(self, config):", "def __init__(self):"))
        + """
    def create_plugin(): return P()
"""
    )
    handle = lab.load("made", text)
    instance = lab.instance("made")
    assert signs.next("poll") == 0
    lab.write("made.py", text.replace("return 0", "return 1"))
    assert lab.reload("made")
    until(signs, "poll", 1)
    assert lab.instance("made") is instance and handle.poller.running
    assert tasks_alive() == {"themis_jupyter made: poll"}
    assert lab.reload("made", full=True, fresh=True)
    assert handle.poller.running
    n = handle.n
    signs.forget()
    signs.next("poll"), signs.next("poll")
    assert handle.n > n, "it works on the instance that goes on"


# -- tasks that do not end ---------------------------------------------------------------------------


def test_a_task_that_does_not_end_aborts_the_reload(lab: Lab, poller: Any, signs: Signs) -> None:
    """The hardest case: the other one was stopped already, and a third thread waits to pause."""
    lab.manager.drain_timeout = 0.2
    listening = poller.listen_at("here")
    assert signs.next("listens") == (0, "here")
    stubborn = poller.background(poller.stubborn)
    assert signs.next("stubborn") == 0
    lab.write("poller.py", edited(1))
    paused: list[Any] = []

    def work() -> None:
        with lab.manager.paused("poller"):
            paused.append(poller.listen_at.__name__)

    gate = lab.manager.get_record("poller").gate
    reloading = start(lambda: lab.reload("poller"))
    signs.next("stopped")
    working = start(work)
    report = end(reloading)
    end(working)
    assert report.outcome is Outcome.ABORTED
    check_ends_once(lab, report)
    assert isinstance(report.error, PluginBusyError)
    assert "background task poller.stubborn in themis_jupyter poller: stubborn" in str(report.error)
    assert "a parameter `stop`" in str(report.error)
    assert paused == ["listen_at"]
    assert signs.next("listens") == (0, "here"), "it was started again"
    signs.forget()
    assert signs.next("poll") == 0
    assert listening.running and stubborn.running
    assert {call.name for call in gate.in_flight()} == {"poll", "listen", "stubborn"}
    assert signs.none("stubborn"), "it was not started twice"
    signs.event("let go").set()
    signs.next("gave in")
    assert lab.reload("poller")
    assert signs.next("listens") == (1, "here")


def test_a_task_that_sees_too_late_that_it_was_to_stop_begins_anew(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    """It has seen `stop`, but did not end in time: it ends, and is wanted."""
    lab.manager.drain_timeout = 0.1
    go_on = signs.event("go on")

    def slow(stop: threading.Event) -> None:
        signs.tell("slow")
        stop.wait(SOON)
        signs.tell("saw it")
        assert go_on.wait(SOON)

    task = poller.background(slow, name="slow")
    signs.next("slow")
    lab.write("poller.py", edited(1))
    assert lab.reload("poller").outcome is Outcome.ABORTED
    signs.next("saw it")
    assert task.running
    go_on.set()
    signs.next("slow")
    assert task.running
    task.stop()
    assert task.join(SOON)


def test_unloading_goes_on_without_a_task_that_does_not_end(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    lab.manager.drain_timeout = 0.1
    poller.background(poller.stubborn)
    signs.next("stubborn")
    instance = lab.instance("poller")
    with pytest.raises(PluginError, match=r"unloaded, but its background task 'stubborn'.*stop"):
        lab.manager.unload_plugin("poller")
    assert not lab.manager.is_plugin_loaded("poller")
    assert tasks_alive() == {"themis_jupyter poller: stubborn"}
    assert not instance.background(instance.poll).running, "nothing starts any more"
    signs.event("let go").set()
    signs.next("gave in")
    lab.load("poller")


def test_a_call_that_does_not_end_leaves_the_tasks_alone(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    lab.manager.drain_timeout = 0.05
    poller.listen_at("here")
    signs.next("listens")
    calling = start(poller.stubborn)
    signs.next("stubborn")
    lab.write("poller.py", edited(1))
    report = lab.reload("poller")
    assert report.outcome is Outcome.ABORTED and "poller.stubborn in" in str(report.error)
    assert signs.none("stopped")
    with pytest.raises(PluginBusyError):
        lab.manager.unload_plugin("poller")
    assert signs.none("stopped")
    signs.event("let go").set()
    end(calling)


def test_ctrl_c_while_tasks_are_waited_for(lab: Lab, poller: Any, signs: Signs) -> None:
    main = threading.main_thread().ident or 0
    lab.manager.drain_timeout = SOON
    poller.listen_at("here")
    signs.next("listens")
    poller.background(poller.stubborn)
    signs.next("stubborn")

    def press() -> None:
        signs.next("stopped")
        signal.pthread_kill(main, signal.SIGINT)

    lab.write("poller.py", edited(1))
    pressing = start(press)
    report = lab.reload("poller")
    end(pressing)
    assert isinstance(report.error, KeyboardInterrupt)
    assert signs.next("listens") == (0, "here")
    pressing = start(press)
    with pytest.raises(KeyboardInterrupt):
        lab.manager.unload_plugin("poller")
    end(pressing)
    assert signs.next("listens") == (0, "here")
    signs.event("let go").set()


# -- tasks that use the plugin -------------------------------------------------------------------------


def test_a_task_in_the_middle_of_calls_through_the_handle(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    """They pass the shut gate, or the task could not end."""

    def busy(stop: threading.Event) -> None:
        signs.tell("busy")
        while not stop.is_set():
            poller.n  # noqa: B018
        for _ in range(10):
            poller.poll()
        with lab.manager.paused("poller"):
            poller.poll()

    poller.background(busy, name="busy")
    poller.background(poller.listen)  # a task that is itself a call
    signs.next("busy"), signs.next("listens")
    for number in (1, 2, 3):
        lab.write("poller.py", edited(number))
        report = lab.reload("poller")
        assert report, report
        signs.next("busy")
        assert signs.next("listens")[0] == number


def test_a_task_that_asks_for_a_reload_or_an_unload(lab: Lab, poller: Any, signs: Signs) -> None:
    lab.write("poller.py", edited(1))

    def ask() -> None:
        signs.tell("asked", lab.manager.reload_plugin("poller"))
        try:
            lab.manager.unload_plugin("poller")
        except PluginBusyError as error:
            signs.tell("asked", error)

    poller.background(ask, name="ask")
    report, error = signs.next("asked"), signs.next("asked")
    assert isinstance(report.error, ReentrantReloadError)
    assert "its own background task 'ask'" in str(report.error)
    assert "this very thread" in str(error)
    until(signs, "poll", 0)
    assert lab.reload("poller")


def test_a_task_that_starts_another_while_it_is_stopped(
    lab: Lab, poller: Any, signs: Signs
) -> None:
    def chain(stop: threading.Event) -> None:
        signs.tell("chain")
        stop.wait(SOON)
        poller.listen_at("chained")

    poller.background(chain, name="chain")
    signs.next("chain")
    lab.write("poller.py", edited(1))
    assert lab.reload("poller")
    assert signs.next("listens") == (1, "chained")
    lab.write("poller.py", edited(2, ("self.n = 0", "1 / 0")))
    assert lab.reload("poller").outcome is Outcome.ROLLED_BACK
    assert signs.next("listens") == (1, "chained")
    signs.next("chain")


def test_a_task_may_be_kept_in_the_state_but_not_in_a_file(lab: Lab, poller: Any) -> None:
    task = poller.poller
    lab.write("poller.py", edited(1))
    assert lab.reload("poller")
    assert poller.poller is task and task.running
    with pytest.raises(PluginError, match="poller"):
        lab.manager.capture_state("poller")


# -- loads that fail ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["__init__", "initialize"])
def test_a_load_that_fails_starts_nothing(where: str, lab: Lab, signs: Signs) -> None:
    text = f"""
        import faults
        from themis_jupyter import Plugin
        class P(Plugin):
            def {where}(self, *args):
                self.background(self.work, every=0.01)
                1 / 0
            def work(self): faults.signs.tell("works")
    """
    with pytest.raises(PluginLoadError):
        lab.load("fails", text)
    assert tasks_alive() == set() and signs.none("works")


# -- failures at each step -----------------------------------------------------------------------------

WITH_TASKS = (
    """        def add(self):""",
    """        def start(self):
            self.background(self.tick, every=0.001)
            self.background(self.wait)

        def tick(self):
            faults.signs.tell("tick", VERSION)

        def wait(self, stop):
            faults.signs.tell("waits", VERSION)
            stop.wait()

        def add(self):""",
)


def with_tasks(version: int) -> str:
    text = counter(version)
    old, new = WITH_TASKS
    assert text.count(old) == 1
    return text.replace(old, new.replace("VERSION", str(version)))


def check_tasks(signs: Signs, version: int) -> None:
    """Both run, once each, in that version."""
    assert tasks_alive() == {"themis_jupyter counter: tick", "themis_jupyter counter: wait"}
    names = [t.name for t in threading.enumerate()]
    assert len(names) == len({*names})
    signs.forget()
    assert signs.next("tick") == version


@pytest.fixture
def ticking(lab: Lab, faults: Faults, signs: Signs, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("COUNTER", "0")
    handle = lab.load("counter", with_tasks(1), {"step": 5})
    handle.add()
    handle.start()
    assert signs.next("waits") == 1 and signs.next("tick") == 1
    world = World(lab)
    lab.write("counter.py", with_tasks(2))
    return world


@pytest.mark.parametrize("kind", ["ValueError", "Catastrophe", "SIGINT", "SystemExit"])
@pytest.mark.parametrize("phase", STEPS, ids=[p.name for p in STEPS])
def test_tasks_run_as_before_after_any_failure(
    phase: Phase,
    kind: str,
    lab: Lab,
    faults: Faults,
    signs: Signs,
    ticking: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patches:
        inject(phase, KINDS[kind][0], lab, faults, patches)
        report = lab.reload("counter")
    assert report.outcome is (Outcome.ABORTED if phase in ABORTED else Outcome.ROLLED_BACK)
    assert not report.warnings
    check_ends_once(lab, report)
    ticking.check()
    check_tasks(signs, 1)
    faults.disarm()
    assert lab.reload("counter")
    ticking.check_runs("2")
    check_tasks(signs, 2)


def test_a_failed_rollback_stops_them_until_the_plugin_is_mended(
    lab: Lab, faults: Faults, signs: Signs, ticking: World
) -> None:
    for version in (1, 2):
        faults.arm("initialize", version, lambda: 1 / 0)
    assert lab.reload("counter").outcome is Outcome.FAILED
    assert tasks_alive() == set()
    assert lab.reload("counter").outcome is Outcome.FAILED
    assert tasks_alive() == set()
    faults.disarm()
    assert lab.reload("counter")
    check_tasks(signs, 2)
    for version in (1, 2):
        faults.arm("initialize", version, lambda: 1 / 0)
    lab.write("counter.py", with_tasks(1))
    assert lab.reload("counter").outcome is Outcome.FAILED
    instance = lab.manager.get_record("counter").dormant
    lab.manager.unload_plugin("counter")
    tasks = tasks_of(instance)
    assert tasks is not None and not [*tasks.resume()] and tasks_alive() == set()


def test_a_shutdown_that_raises_at_unload(
    lab: Lab, faults: Faults, signs: Signs, ticking: World
) -> None:
    faults.arm("shutdown", 1, lambda: 1 / 0)
    with pytest.raises(PluginError, match="shutdown"):
        lab.manager.unload_plugin("counter")
    assert tasks_alive() == set()


def test_reloads_from_many_threads_with_tasks_running(lab: Lab, poller: Any, signs: Signs) -> None:
    poller.listen_at("here")
    for number in range(1, 6):
        lab.write("poller.py", edited(number))
        reports = [start(lambda: lab.manager.reload_plugin("poller")) for _ in range(3)]
        assert all(end(report) for report in reports)
        assert in_thread(lambda: poller.poller.running)
    assert tasks_alive() == {"themis_jupyter poller: poll", "themis_jupyter poller: listen"}
    until(signs, "poll", 5)


def test_plugins_that_go_down_together(lab: Lab, poller: Any, signs: Signs) -> None:
    head = "class P(StatefulPlugin):\n"
    needing = POLLER.replace(head, f"{head}        dependencies = ['poller']\n")
    needing = needing.replace('"poll"', '"top"')
    lab.load("top", needing)
    lab.write("poller.py", edited(1))
    lab.write("top.py", needing.replace("self.n = 0", "1 / 0"))
    report = lab.reload("poller", cascade=True)
    assert report.outcome is Outcome.ROLLED_BACK and not report.warnings
    both = {"themis_jupyter poller: poll", "themis_jupyter top: poll"}
    assert tasks_alive() == both
    lab.write("top.py", needing.replace("return 0", "return 1"))
    assert lab.reload("poller", cascade=True)
    assert tasks_alive() == both
    until(signs, "poll", 1)
    until(signs, "top", 1)


def test_no_thread_can_be_started(
    lab: Lab, poller: Any, signs: Signs, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller.listen_at("here")
    signs.next("listens")
    begin = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.endswith(": listen"):
            raise RuntimeError("can't start new thread")
        begin(thread)

    lab.write("poller.py", edited(1))
    with monkeypatch.context() as patches:
        patches.setattr(threading.Thread, "start", refuse)
        report = lab.reload("poller")
        with pytest.raises(RuntimeError, match="can't start"):
            poller.listen_at("there")
    assert report
    [warning] = report.warnings
    assert "'listen' could not be started" in warning and "can't start new thread" in warning
    assert [call.name for call in lab.manager.get_record("poller").gate.in_flight()] == ["poll"]
    lab.write("poller.py", edited(2))
    assert lab.reload("poller")
