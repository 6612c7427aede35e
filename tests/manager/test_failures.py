"""Each step of a reload, each kind of failure: everything is as before, and the next reload works."""

from __future__ import annotations

import encodings.latin_1  # noqa: F401 - a codec is imported when first needed
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.manager.conftest import FROZEN, Faults, Lab, check_ends_once, counter, in_thread
from themis_jupyter import Outcome, Phase, StatefulPlugin
from themis_jupyter.closure import Closure
from themis_jupyter.errors import PhaseTimeoutError, PluginNotLoadedError
from themis_jupyter.gate import Gate
from themis_jupyter.operation import Operation
from themis_jupyter.reload import Staged


class Catastrophe(BaseException):
    """What no one has heard of."""


def raising(kind: type[BaseException]) -> Callable[[], Any]:
    def action() -> Any:
        raise kind("boom")

    return action


def recursing() -> Any:
    return recursing()


def interrupt() -> Any:
    signal.raise_signal(signal.SIGINT)


def interrupt_by_kill() -> Any:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(0.01)


KINDS: dict[str, tuple[Callable[[], Any], Any]] = {
    "ValueError": (raising(ValueError), ValueError),
    "KeyboardInterrupt": (raising(KeyboardInterrupt), KeyboardInterrupt),
    "SystemExit": (raising(SystemExit), SystemExit),
    "GeneratorExit": (raising(GeneratorExit), GeneratorExit),
    # A write that raises it ends the run of writes without a word; that is told as a RuntimeError.
    "StopIteration": (raising(StopIteration), (StopIteration, RuntimeError)),
    "Catastrophe": (raising(Catastrophe), Catastrophe),
    "MemoryError": (raising(MemoryError), MemoryError),
    "RecursionError": (recursing, RecursionError),
    "SIGINT": (interrupt, KeyboardInterrupt),
    "SIGINT by kill": (interrupt_by_kill, KeyboardInterrupt),
}

#: In which phases the plugin's own code runs: name of the place, and whether it is the new code.
PLACES = {
    Phase.STAGE: ("body", 2),
    Phase.SAVE_STATE: ("save_state", 1),
    Phase.UNLOAD: ("shutdown", 1),
    Phase.CREATE: ("__init__", 2),
    Phase.INITIALIZE: ("initialize", 2),
    Phase.RESTORE_STATE: ("restore_state", 2),
}
ABORTED = (Phase.CHECK, Phase.VERIFY, Phase.STAGE, Phase.SAVE_STATE)
STEPS = [phase for phase in Phase if phase is not Phase.ROLLBACK]


class RaisingPolicy:
    def __init__(self, action: Callable[[], Any]) -> None:
        self.action = action

    def check(self, item: object) -> None:
        self.action()


def inject(
    phase: Phase,
    action: Callable[[], Any],
    lab: Lab,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let ``action`` run in that step of the next reload."""
    if phase in PLACES:
        faults.arm(*PLACES[phase], action)
    elif phase is Phase.VERIFY:
        monkeypatch.setattr(lab.manager, "policy", RaisingPolicy(action))
    elif phase is Phase.CHECK:
        monkeypatch.setattr(Gate, "entered_by_current_thread", lambda gate: action())
    elif phase is Phase.BEFORE_UNLOAD:
        monkeypatch.setattr(Closure, "drain", lambda closure, timeout: action())
    elif phase is Phase.LOAD:
        stage = Staged.stage

        def stage_and_add(staged: Staged, *args: Any) -> None:
            stage(staged, *args)
            staged.writes.add((action,), (int,))
            staged.writes.item(vars(sys.modules["counter"]), "AFTERWARDS", 1)

        monkeypatch.setattr(Staged, "stage", stage_and_add)
    else:
        announce = Operation.announce

        def announce_and_act(operation: Operation, plugin: str, step: Phase) -> None:
            announce(operation, plugin, step)
            if step is phase and operation.kind == "reload":
                action()

        monkeypatch.setattr(Operation, "announce", announce_and_act)


class World:
    """All that has to be the same after a reload that was not made."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        module = lab.module("counter")
        self.module = module
        self.namespace = _without_builtins(vars(module))
        self.order = list(vars(module))
        self.classes = {
            cls: dict(vars(cls)) for cls in (module.Counter, module.Base) if isinstance(cls, type)
        }
        self.describe = module.describe
        self.code = {
            function: (function.__code__, function.__defaults__, dict(vars(function)))
            for function in (module.describe, module.Counter.add, module.Counter.initialize)
        }
        self.shelf, self.shelf_items = module.SHELF, list(module.SHELF)
        self.table = module.TABLE
        self.instance = lab.instance("counter")
        self.attributes = _values(self.instance)
        self.handle = lab.get("counter")
        self.add = self.handle.add
        self.bound = self.instance.add
        self.modules = dict(sys.modules)
        self.path = list(sys.path)
        self.meta_path = list(sys.meta_path)
        self.environ = _environ()
        self.handler = signal.getsignal(signal.SIGINT)
        self.listeners = len(lab.manager._listeners), len(lab.manager.events)
        gc.collect()
        self.subclasses = set(StatefulPlugin.__subclasses__())
        self.sha = lab.manager.get_record("counter").manifest

    def check(self, runs: bool = True) -> None:
        """Assert that it all is the same.

        :param runs: whether the plugin is in service.
        """
        lab, module = self.lab, self.module
        assert lab.module("counter") is module
        assert _without_builtins(vars(module)) == self.namespace
        assert {k: id(v) for k, v in vars(module).items()} == {
            k: id(v) for k, v in self.namespace.items()
        } | {"__builtins__": id(vars(module)["__builtins__"])}
        assert list(vars(module)) == self.order
        for cls, attributes in self.classes.items():
            assert dict(vars(cls)) == attributes
            assert list(vars(cls)) == list(attributes)
        for function, (code, defaults, attributes) in self.code.items():
            assert function.__code__ is code
            assert (function.__defaults__, dict(vars(function))) == (defaults, attributes)
        assert module.SHELF is self.shelf and self.shelf == self.shelf_items
        assert module.TABLE is self.table == {"size": 3}
        assert dict(sys.modules) == self.modules
        assert sys.path == self.path
        assert sys.meta_path == self.meta_path
        assert _environ() == self.environ
        assert signal.getsignal(signal.SIGINT) is self.handler
        assert (len(lab.manager._listeners), len(lab.manager.events)) == self.listeners
        assert gc.get_freeze_count() == FROZEN and gc.isenabled()
        gc.collect()
        assert set(StatefulPlugin.__subclasses__()) == self.subclasses
        if runs:
            assert lab.instance("counter") is self.instance
            assert type(self.instance) is module.Counter
            assert _values(self.instance) == self.attributes
            assert lab.manager.get_record("counter").manifest is self.sha
            self.check_runs("1")

    def check_runs(self, version: str) -> None:
        """The gate is open, and calls by all ways run this version, on the state."""
        total = self.attributes["total"]
        assert in_thread(self.handle.add) == (version, total + 5)
        assert in_thread(self.add) == (version, total + 10)
        assert self.bound() == (version, total + 15)
        assert self.handle.double == ((total + 15) * 2, int(version))
        assert self.describe() == f"counter {version}"
        self.handle.total = total


def _without_builtins(namespace: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in namespace.items() if key != "__builtins__"}


def _environ() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}


def _values(instance: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(instance).items() if key != "lock"}


@pytest.fixture
def world(lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("COUNTER", "0")
    handle = lab.load("counter", counter(1), {"step": 5})
    handle.add()
    handle.add()
    handle.notes["second"] = (1, 2)
    handle.later = "set by the user"
    world = World(lab)
    lab.write("counter.py", counter(2))
    return world


def check_repaired(lab: Lab, world: World, faults: Faults) -> None:
    """Once the fault is gone, the same edit comes in, with the state."""
    faults.disarm()
    report = lab.reload("counter").raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    check_ends_once(lab, report)
    assert lab.instance("counter") is world.instance
    assert world.instance.total == world.attributes["total"]
    assert world.instance.later == "set by the user"
    shelf = [*world.shelf_items, 2]
    assert shelf == world.module.SHELF, "nothing that was built up is lost"
    assert world.module.TABLE is world.table
    assert os.environ["COUNTER"] == "2"
    world.check_runs("2")
    assert lab.reload("counter").outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", STEPS, ids=[p.name for p in STEPS])
def test_any_failure_at_any_step(
    phase: Phase,
    kind: str,
    lab: Lab,
    faults: Faults,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action, error = KINDS[kind]
    with monkeypatch.context() as patches:
        inject(phase, action, lab, faults, patches)
        report = lab.reload("counter")
    assert report.outcome is (Outcome.ABORTED if phase in ABORTED else Outcome.ROLLED_BACK)
    assert not report and not report.warnings
    check_ends_once(lab, report)
    step = report.failed_step
    assert step is not None
    if not (kind.startswith("SIGINT") and phase in (Phase.CHECK, Phase.LOAD, Phase.AFTER_LOAD)):
        assert step.phase is phase
    assert isinstance(report.error, error) or isinstance(
        getattr(report.error, "__cause__", None), error
    )
    assert report.hashes == {}
    assert report.headline() and repr(report)
    assert lab.manager.get_record("counter").failure is report
    world.check()
    check_repaired(lab, world, faults)


# -- other ways to fail ----------------------------------------------------------------------------

HANGING = [Phase.SAVE_STATE, Phase.UNLOAD, Phase.CREATE, Phase.INITIALIZE, Phase.RESTORE_STATE]


def hang() -> Any:
    time.sleep(30)


def hang_stubbornly() -> Any:
    """Hang, and catch what would end it, once."""
    try:
        time.sleep(30)
    except BaseException:  # noqa: BLE001 - as plugins do
        return None


def hang_and_wrap() -> Any:
    try:
        time.sleep(30)
    except BaseException as error:
        raise ValueError("wrapped") from error


@pytest.mark.parametrize("way", [hang, hang_stubbornly, hang_and_wrap], ids=lambda f: f.__name__)
@pytest.mark.parametrize("phase", HANGING, ids=[p.name for p in HANGING])
def test_a_step_that_hangs_is_stopped(
    phase: Phase, way: Callable[[], Any], lab: Lab, faults: Faults, world: World
) -> None:
    lab.manager.step_timeout = 0.2
    faults.arm(*PLACES[phase], way)
    started = time.monotonic()
    report = lab.reload("counter")
    assert time.monotonic() - started < 5
    assert report.outcome is (Outcome.ABORTED if phase in ABORTED else Outcome.ROLLED_BACK)
    assert isinstance(report.error, PhaseTimeoutError)
    assert "did not end within 0.2 s" in str(report.error)
    assert "c.PluginManager.step_timeout" in str(report.error)
    assert report.failed_step is not None
    assert report.failed_step.phase is phase
    if way is hang:
        assert "hang" in report.traceback and "time.sleep(30)" in report.traceback
    check_ends_once(lab, report)
    world.check()
    lab.manager.step_timeout = 20.0
    check_repaired(lab, world, faults)


@pytest.mark.parametrize("phase", HANGING, ids=[p.name for p in HANGING])
def test_a_step_that_hangs_in_another_thread_is_stopped(
    phase: Phase, lab: Lab, faults: Faults, world: World
) -> None:
    def spin() -> Any:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            pass

    lab.manager.step_timeout = 0.2
    faults.arm(*PLACES[phase], spin)
    report = in_thread(lambda: lab.reload("counter"))
    assert isinstance(report.error, PhaseTimeoutError)
    assert report.failed_step is not None
    assert report.failed_step.phase is phase
    check_ends_once(lab, report)
    world.check()
    lab.manager.step_timeout = 20.0
    check_repaired(lab, world, faults)


def test_a_body_that_hangs_is_interrupted_by_the_user(
    lab: Lab, faults: Faults, world: World
) -> None:
    def hang_until_interrupted() -> Any:
        threading.Timer(0.1, interrupt_by_kill).start()
        time.sleep(30)

    faults.arm("body", 2, hang_until_interrupted)
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, KeyboardInterrupt)
    world.check()
    check_repaired(lab, world, faults)


ANSWERS = {"False": False, "a word": "no", "zero": 0, "an instance": object()}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("phase", [Phase.INITIALIZE, Phase.RESTORE_STATE], ids=lambda p: p.name)
def test_answers_that_refuse_or_say_nothing(
    phase: Phase, answer: str, lab: Lab, faults: Faults, world: World
) -> None:
    faults.arm(*PLACES[phase], lambda: ANSWERS[answer])
    report = lab.reload("counter")
    assert report.outcome is Outcome.ROLLED_BACK
    assert report.failed_step is not None
    assert report.failed_step.phase is phase
    if answer == "False":
        assert "refuses" in str(report.error)
    else:
        assert "expected None or True, or False to refuse" in str(report.error)
    world.check()
    check_repaired(lab, world, faults)


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("I stay here")


class LoadsBadly:
    def __reduce__(self) -> Any:
        return int, ("not a number",)


class KillsWhenLoaded:
    def __reduce__(self) -> Any:
        return sys.exit, ("gone",)


STATES: dict[str, tuple[Any, str]] = {
    "unpicklable": ({"model": {"weights": Unpicklable()}}, "state.model.weights"),
    "does not load": ({"model": LoadsBadly()}, "does not load again"),
    "kills when loaded": ({"model": KillsWhenLoaded()}, "gone"),
    "a generator": ((i for i in range(3)), "cannot be saved"),
}


@pytest.mark.parametrize("state", STATES)
def test_state_that_cannot_be_kept_is_told_before_anything_is_touched(
    state: str, lab: Lab, faults: Faults, world: World
) -> None:
    value, told = STATES[state]
    faults.arm("save_state", 1, lambda: value)
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.SAVE_STATE
    assert told in str(report.error)
    assert ("shutdown", 1) not in faults.visited
    world.check()
    check_repaired(lab, world, faults)


@pytest.mark.parametrize("method", ["initialize", "shutdown", "save_state", "restore_state"])
def test_a_method_written_with_async_def(method: str, lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin

        class P(StatefulPlugin):
            def initialize(self, config): self.n = 1
            def shutdown(self): pass
            def save_state(self): return {"n": self.n}
            def restore_state(self, state): self.n = state["n"]
            def version_(self): return 1
    """
    asynchronous = text.replace(f"def {method}", f"async def {method}")
    if method in ("save_state", "shutdown"):  # these are asked of the old code
        handle = lab.load("waits", asynchronous)
        lab.write("waits.py", asynchronous.replace("return 1", "return 2"))
    else:
        handle = lab.load("waits", text)
        lab.write("waits.py", asynchronous.replace("return 1", "return 2"))
    handle.n = 5
    report = lab.reload("waits")
    assert not report
    assert f"{method}() of 'waits' is a coroutine: write it with def" in str(report.error)
    assert (handle.n, handle.version_()) == (5, 1)


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "syntax error": (b"class P(:\n", "line 1"),
    "unfinished": (b"from themis_jupyter import Plugin\nclass P(Plugin):\n", "line 2"),
    "null bytes": (b"x = 1\n\0\0\0", "null byte"),
    "not utf-8": (b"x = '\xff'\n", "cannot be decoded"),
    "unknown encoding": (b"# -*- coding: klingon -*-\n", "cannot be decoded"),
    "wrong bom": (b"\xef\xbb\xbf# coding: latin-1\n", "cannot be decoded"),
    "nothing": (b"", "no plugin"),
    "no plugin": (b"x = 1\n", "no plugin"),
    "two plugins": (
        b"from themis_jupyter import Plugin\nclass P(Plugin): ...\nclass Q(Plugin): ...\n",
        "'P'",
    ),
    "abstract": (
        b"import abc\nfrom themis_jupyter import Plugin\nclass P(Plugin, abc.ABC):\n"
        b"    @abc.abstractmethod\n    def f(self): ...\n",
        "abstract",
    ),
    "too deep": (b"x = " + b"(" * 500 + b")" * 500 + b"\n", ""),
    "another name": (
        b"from themis_jupyter import Plugin\nclass P(Plugin):\n    name = 'other'\n",
        "calls itself 'other'",
    ),
    "bad manifest": (
        b"from themis_jupyter import Plugin\nclass P(Plugin):\n    version = 'one'\n",
        "version",
    ),
}


@pytest.mark.parametrize("content", BAD_FILES)
def test_a_file_that_is_no_plugin(content: str, lab: Lab, faults: Faults, world: World) -> None:
    data, told = BAD_FILES[content]
    lab.write("counter.py", data)
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert report.failed_step is not None
    assert report.failed_step.phase in (Phase.VERIFY, Phase.STAGE)
    assert told in str(report.error)
    check_ends_once(lab, report)
    world.check()
    lab.write("counter.py", counter(2))
    check_repaired(lab, world, faults)


def test_an_init_with_arguments(lab: Lab, faults: Faults, world: World) -> None:
    lab.edit("counter.py", "def __init__(self):", "def __init__(self, a, b):")
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert "Counter.__init__ of 'counter' is called without arguments" in str(report.error)
    assert "settings come to initialize(config)" in str(report.error)
    world.check()
    lab.write("counter.py", counter(2))
    check_repaired(lab, world, faults)


def test_a_syntax_error_shows_the_line_that_is_wrong(lab: Lab, world: World) -> None:
    lab.edit("counter.py", 'return "counter 2"', 'return "counter 2')
    report = lab.reload("counter")
    assert 'return "counter 2\n' in report.traceback
    assert "counter 1" not in report.traceback


@pytest.mark.parametrize("method", ["shutdown", "save_state"])
def test_a_traceback_from_the_old_code_shows_the_old_code(
    method: str, lab: Lab, faults: Faults, world: World
) -> None:
    lab.write("counter.py", "# one\n# two\n# three\n" + (lab.folder / "counter.py").read_text())
    faults.arm(method, 1, raising(ValueError))
    report = lab.reload("counter")
    assert f'faults.hit("{method}", 1)' in report.traceback


def test_an_unreadable_file(lab: Lab, faults: Faults, world: World) -> None:
    path = lab.folder / "counter.py"
    path.unlink()
    path.mkdir()
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert "cannot be read" in str(report.error)
    world.check()
    path.rmdir()
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert "no longer there" in str(report.error)
    world.check()
    lab.write("counter.py", counter(2))
    check_repaired(lab, world, faults)


# -- listeners -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_raises_harms_nothing(
    kind: str, lab: Lab, faults: Faults, world: World
) -> None:
    if kind.startswith("SIGINT"):
        pytest.skip("Ctrl-C is no error of the listener's: see the next test")
    action, _ = KINDS[kind]
    after: list[Phase | Outcome] = []
    lab.manager.register_reload_listener(lambda event: action())
    lab.manager.events.subscribe(lambda event: action())
    lab.manager.register_reload_listener(lambda event: after.append(event.phase))
    report = lab.reload("counter")
    assert report.outcome is Outcome.RELOADED
    assert any("a listener raised at 'before unload'" in w for w in report.warnings)
    assert any("a listener raised at 'reloaded'" in w for w in report.warnings)
    assert after == [
        Phase.BEFORE_UNLOAD,
        Phase.AFTER_UNLOAD,
        Phase.AFTER_LOAD,
        Outcome.RELOADED,
    ]
    assert lab.manager.get_record("counter").last is report
    check_ends_once(lab, report)
    world.check_runs("2")


@pytest.mark.parametrize("phase", [Phase.BEFORE_UNLOAD, Phase.AFTER_UNLOAD, Phase.AFTER_LOAD])
def test_ctrl_c_in_a_listener_stops_it_and_the_reload(
    phase: Phase, lab: Lab, faults: Faults, world: World
) -> None:
    ended: list[str] = []

    def hanging(event: Any) -> None:
        if event.phase is phase:
            interrupt_by_kill()
            time.sleep(30)
            ended.append("not stopped")

    remove = lab.manager.register_reload_listener(hanging)
    report = lab.reload("counter")
    remove()
    assert report.outcome is Outcome.ROLLED_BACK
    assert isinstance(report.error, KeyboardInterrupt)
    assert report.failed_step is not None
    assert report.failed_step.phase is phase
    assert not ended
    world.check()
    check_repaired(lab, world, faults)


def test_ctrl_c_at_the_very_end_reaches_the_user(lab: Lab, faults: Faults, world: World) -> None:
    def late(event: Any) -> None:
        if event.terminal:
            interrupt()

    remove = lab.manager.register_reload_listener(late)
    with pytest.raises(KeyboardInterrupt):
        lab.reload("counter")
    remove()
    assert lab.manager.get_record("counter").last is not None
    assert lab.manager.get_record("counter").last.outcome is Outcome.RELOADED  # type: ignore[union-attr]
    world.check_runs("2")


# -- when the old plugin cannot be brought back ----------------------------------------------------


@pytest.fixture
def broken(lab: Lab, faults: Faults, world: World) -> World:
    """A plugin whose reload failed, and whose old version could not be started again."""
    faults.arm("initialize", 2, raising(ValueError))
    faults.arm("initialize", 1, raising(OSError))
    report = lab.reload("counter")
    assert report.outcome is Outcome.FAILED
    check_ends_once(lab, report)
    assert isinstance(report.error, ValueError)
    assert any("OSError: boom" in warning for warning in report.warnings)
    assert "the next successful reload receives it" in report.headline()
    assert lab.manager.get_record("counter").is_broken
    world.check(runs=False)
    with pytest.raises(PluginNotLoadedError, match=r"since its last reload failed.*%reload_plugin"):
        world.handle.add()
    assert "%reload_plugin counter" in repr(world.handle)
    return world


def test_failed_state_is_kept_for_the_next_reload(lab: Lab, faults: Faults, broken: World) -> None:
    check_repaired(lab, broken, faults)
    assert not lab.manager.get_record("counter").is_broken
    assert lab.manager.get_record("counter").kept is None


def test_failed_state_is_kept_over_further_failures(
    lab: Lab, faults: Faults, broken: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for phase in STEPS:
        if phase in (Phase.UNLOAD,):  # there is nothing to shut down
            continue
        faults.disarm()
        with monkeypatch.context() as patches:
            action = raising(ValueError)
            if phase is Phase.SAVE_STATE:
                lab.write("counter.py", b"x = (\n")
            else:
                inject(phase, action, lab, faults, patches)
            report = lab.reload("counter")
        assert report.outcome is Outcome.FAILED, phase
        assert "the next successful reload receives it" in report.headline()
        check_ends_once(lab, report)
        broken.check(runs=False)
        lab.write("counter.py", counter(2))
    check_repaired(lab, broken, faults)


def test_a_broken_plugin_is_tried_again_without_an_edit(
    lab: Lab, faults: Faults, broken: World
) -> None:
    lab.write("counter.py", counter(1))
    faults.disarm()
    assert lab.reload("counter").outcome is Outcome.RELOADED
    assert lab.instance("counter") is broken.instance
    broken.check_runs("1")


def test_loading_a_broken_plugin_tells_what_to_do(lab: Lab, broken: World) -> None:
    with pytest.raises(Exception, match="%reload_plugin counter"):
        lab.load("counter")


def test_a_broken_plugin_can_be_unloaded_and_loaded(
    lab: Lab, faults: Faults, broken: World
) -> None:
    faults.disarm()
    lab.manager.unload_plugin("counter")
    assert not lab.manager.is_plugin_loaded("counter")
    handle = lab.load("counter")
    assert handle is broken.handle
    assert handle.add() == ("2", 1)


def test_pressing_ctrl_c_twice_does_not_break_the_plugin(
    lab: Lab, faults: Faults, world: World
) -> None:
    """Who presses it again while the old version comes back is impatient, no more."""
    faults.arm("initialize", 2, interrupt)
    faults.arm("initialize", 1, interrupt)
    assert lab.reload("counter").outcome is Outcome.ROLLED_BACK
    world.check()
    check_repaired(lab, world, faults)


def test_pressing_ctrl_c_a_third_time_gives_the_old_version_up(
    lab: Lab, faults: Faults, world: World
) -> None:
    faults.arm("initialize", 2, interrupt)
    faults.arm("initialize", 1, lambda: (interrupt(), interrupt()))
    assert lab.reload("counter").outcome is Outcome.FAILED
    check_repaired(lab, world, faults)


def test_an_old_version_that_hangs_when_started_again(
    lab: Lab, faults: Faults, world: World
) -> None:
    lab.manager.step_timeout = 0.2
    faults.arm("initialize", 2, raising(ValueError))
    faults.arm("initialize", 1, hang)
    assert lab.reload("counter").outcome is Outcome.FAILED
    lab.manager.step_timeout = 20.0
    check_repaired(lab, world, faults)


# -- fresh -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ValueError, SystemExit, GeneratorExit])
def test_a_fault_in_save_state_can_be_mended_by_a_fresh_reload(
    lab: Lab, faults: Faults, world: World, kind: type[BaseException]
) -> None:
    """Otherwise the mended save_state() could never come in: the old one is asked first."""
    faults.arm("save_state", 1, raising(kind))
    report = lab.reload("counter")
    assert report.outcome is Outcome.ABORTED
    assert "mending the file is not enough: reload with --fresh" in report.headline()
    report = lab.reload("counter", fresh=True)
    assert report.outcome is Outcome.RELOADED
    assert "could not be saved" in report.warnings[0]
    assert world.instance.total == 0
    assert not hasattr(world.instance, "later")


def test_a_fault_in_shutdown_can_be_mended_by_loading_anew(
    lab: Lab, faults: Faults, world: World
) -> None:
    """As with save_state(): it is the old one that is called."""
    faults.arm("shutdown", 1, raising(ValueError))
    report = lab.reload("counter", fresh=True)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "mending the file is not enough: %unload_plugin, then load it" in report.headline()
    faults.arm("shutdown", 1, interrupt)
    assert "%unload_plugin" not in lab.reload("counter").headline()


def test_ctrl_c_in_save_state_is_no_fault_of_it(lab: Lab, faults: Faults, world: World) -> None:
    faults.arm("save_state", 1, interrupt)
    report = lab.reload("counter", fresh=True)
    assert report.outcome is Outcome.ABORTED
    assert "--fresh" not in report.headline()
    world.check()


def test_a_fresh_reload_that_fails_gives_the_state_back(
    lab: Lab, faults: Faults, world: World
) -> None:
    faults.arm("initialize", 2, raising(ValueError))
    assert lab.reload("counter", fresh=True).outcome is Outcome.ROLLED_BACK
    world.check()


ELSEWHERE = """
    import logging

    import elsewhere
    from themis_jupyter import Plugin

    VERSION = 1
    elsewhere.SEEN.append(VERSION)
    elsewhere.TABLE["version"] = VERSION

    class Listening(Plugin):
        def initialize(self, config):
            elsewhere.HANDLERS.append(self.hear)
            elsewhere.TABLE["heard"] = self.hear
            elsewhere.NAMES.add("listening")
            self.handler = logging.NullHandler()
            logging.getLogger("elsewhere").addHandler(self.handler)

        def shutdown(self):
            elsewhere.HANDLERS.remove(self.hear)
            del elsewhere.TABLE["heard"]
            elsewhere.NAMES.remove("listening")
            logging.getLogger("elsewhere").removeHandler(self.handler)

        def hear(self):
            return VERSION
"""


def test_what_is_registered_elsewhere_is_there_once_after_a_rollback(lab: Lab) -> None:
    """shutdown() takes out what initialize() put in: a rollback must not put that back as well."""
    lab.write("elsewhere.py", "SEEN, HANDLERS, TABLE, NAMES = [], [], {}, set()\n")
    sys.path.insert(0, str(lab.folder))
    try:
        import elsewhere  # type: ignore[import-not-found]

        lab.load("listening", ELSEWHERE)
        lab.edit("listening.py", "VERSION = 1\n", "VERSION = 2\n")
        line = 'logging.getLogger("elsewhere").addHandler(self.handler)'
        lab.edit("listening.py", line, f"{line}\n{' ' * 8}raise ValueError")
        assert lab.reload("listening").outcome is Outcome.ROLLED_BACK
        assert elsewhere.SEEN == [1]
        assert [hear() for hear in elsewhere.HANDLERS] == [1]
        assert elsewhere.TABLE["heard"]() == elsewhere.TABLE["version"] == 1
        assert {"listening"} == elsewhere.NAMES
        assert len(logging.getLogger("elsewhere").handlers) == 1
        lab.manager.unload_plugin("listening")
        assert not elsewhere.HANDLERS and not elsewhere.NAMES
        assert logging.getLogger("elsewhere").handlers == []
    finally:
        sys.path.remove(str(lab.folder))
        sys.modules.pop("elsewhere", None)
