"""A plugin that says when a reload may come: ``on_reload_requested()``."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.gates import SOON, end, start
from tests.manager.conftest import Faults, Lab, check_ends_once, in_thread
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import PhaseTimeoutError, PluginBusyError, PluginError

ASKED = """
    import faults
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def on_reload_requested(self): return faults.hit("asked", 1)
        def save_state(self):
            faults.hit("save_state", 1)
            return super().save_state()
        def shutdown(self): faults.hit("shutdown", 1)
        def bump(self):
            self.n += 1
            return edition()

    def edition(): return 0
"""


@pytest.fixture
def asked(lab: Lab, faults: Faults) -> Any:
    handle = lab.load("asked", ASKED)
    lab.write("asked.py", ASKED.replace("return 0", "return 1"))
    handle.bump()
    return handle


def answers(*given: Any) -> Callable[[], Any]:
    left = list(given)
    return lambda: left.pop(0)


def places(faults: Faults) -> list[str]:
    return [place for place, _ in faults.visited]


def check_untouched(lab: Lab, faults: Faults, report: Any) -> None:
    """Nothing was touched, and the next reload works."""
    assert report.outcome is Outcome.ABORTED
    assert report.failed_step.phase is Phase.SAVE_STATE
    assert "cannot save its state" not in report.headline()
    check_ends_once(lab, report)
    assert {*places(faults)} <= {"asked", "save_state"}
    assert in_thread(lab.get("asked").bump) == 0
    faults.disarm()
    assert lab.reload("asked")
    assert lab.get("asked").bump() == 1 and lab.get("asked").n == 3


@pytest.mark.parametrize("answer", [None, True])
def test_it_is_asked_once_before_its_state_is_saved(
    answer: Any, lab: Lab, faults: Faults, asked: Any
) -> None:
    faults.arm("asked", 1, lambda: answer)
    report = lab.reload("asked")
    assert report
    assert places(faults) == ["asked", "save_state", "shutdown"]
    assert "delayed" not in str(report)


def test_not_yet_is_asked_again(lab: Lab, faults: Faults, asked: Any) -> None:
    faults.arm("asked", 1, answers(False, False, False, False, True))
    report = lab.reload("asked")
    assert report
    assert places(faults) == ["asked"] * 5 + ["save_state", "shutdown"]
    [step] = [step for step in report.steps if step.phase is Phase.SAVE_STATE]
    assert re.match(r"delayed by 0\.\d s; 1 field", step.detail), step.detail


def test_not_yet_for_too_long(lab: Lab, faults: Faults, asked: Any) -> None:
    lab.manager.request_timeout = 0.1
    faults.arm("asked", 1, lambda: False)
    report = lab.reload("asked")
    assert isinstance(report.error, PluginBusyError)
    assert "'not yet'" in str(report.error) and "request_timeout" in str(report.error)
    assert len(places(faults)) > 2
    check_untouched(lab, faults, report)


@pytest.mark.parametrize("main", [True, False], ids=["main thread", "other thread"])
def test_it_may_block_within_the_limit_only(
    main: bool, lab: Lab, faults: Faults, asked: Any
) -> None:
    lab.manager.request_timeout = 0.1

    def spin() -> None:
        event = threading.Event()
        while not event.wait(0.01):
            pass

    faults.arm("asked", 1, spin)
    reload = lambda: lab.reload("asked")  # noqa: E731
    report = reload() if main else in_thread(reload)
    assert isinstance(report.error, PhaseTimeoutError)
    assert "on_reload_requested()" in str(report.error) and "0.1 s" in str(report.error)
    check_untouched(lab, faults, report)


def test_calls_go_on_while_it_blocks(lab: Lab, faults: Faults, asked: Any) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def block() -> None:
        inside.set()
        assert go_on.wait(SOON)
        assert asked.bump() == 0  # from within, too

    faults.arm("asked", 1, block)
    reloading = start(lambda: lab.reload("asked"))
    assert inside.wait(SOON)
    assert asked.bump() == 0
    go_on.set()
    assert end(reloading)
    assert asked.n == 3 and asked.bump() == 1


def test_ctrl_c_while_it_says_not_yet(lab: Lab, faults: Faults, asked: Any) -> None:
    main = threading.main_thread().ident or 0
    lab.manager.request_timeout = SOON
    pressing: list[Any] = []

    def press() -> None:
        signal.pthread_kill(main, signal.SIGINT)

    def not_yet() -> bool:
        pressing.append(start(press))
        return False

    faults.arm("asked", 1, not_yet)
    report = lab.reload("asked")
    assert isinstance(report.error, KeyboardInterrupt)
    for each in pressing:
        end(each)
    check_untouched(lab, faults, report)


def test_what_it_raises(lab: Lab, faults: Faults, asked: Any) -> None:
    faults.arm("asked", 1, lambda: 1 / 0)
    report = lab.reload("asked")
    assert isinstance(report.error, ZeroDivisionError)
    assert "in on_reload_requested" in report.traceback
    check_untouched(lab, faults, report)


async def coroutine() -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("answer", "words"), [(coroutine, "async def"), (lambda: 7, "returned 7"), (str, "not yet")]
)
def test_other_answers(answer: Any, words: str, lab: Lab, faults: Faults, asked: Any) -> None:
    faults.arm("asked", 1, answer)
    report = lab.reload("asked")
    assert isinstance(report.error, PluginError)
    assert words in str(report.error)
    check_untouched(lab, faults, report)


def test_only_for_reloads_that_really_happen(lab: Lab, faults: Faults, asked: Any) -> None:
    lab.write("asked.py", ASKED)
    assert lab.reload("asked").outcome is Outcome.UNCHANGED
    lab.write("asked.py", ASKED.replace("return 0", "return = 0"))
    assert lab.reload("asked").outcome is Outcome.ABORTED
    lab.write("asked.py", ASKED.replace("def edition", "1 / 0\n\n    def edition"))
    assert lab.reload("asked").outcome is Outcome.ABORTED
    assert places(faults) == []


def test_not_a_plugin_that_does_not_run(lab: Lab, faults: Faults, asked: Any) -> None:
    lab.instance("asked").initialize = None
    lab.edit("asked.py", "self.n = 0", "1 / 0")
    assert lab.reload("asked").outcome is Outcome.FAILED
    faults.visited.clear()
    lab.write("asked.py", ASKED.replace("return 0", "return 1"))
    assert lab.reload("asked")
    assert places(faults) == []


def test_a_plugin_without_state_is_asked(lab: Lab, faults: Faults) -> None:
    text = """
        import faults
        from themis_jupyter import Plugin
        class P(Plugin):
            def on_reload_requested(self): return faults.hit("asked", 1)
        EDITION = 0
    """
    lab.load("bare", text)
    lab.write("bare.py", text.replace("EDITION = 0", "EDITION = 1"))
    faults.arm("asked", 1, answers(False, True))
    assert lab.reload("bare")
    assert places(faults) == ["asked"] * 2


def test_no_time_to_delay_means_not_asked(lab: Lab, faults: Faults, asked: Any) -> None:
    lab.manager.request_timeout = 0.0
    faults.arm("asked", 1, lambda: False)
    assert lab.reload("asked")
    assert places(faults) == ["save_state", "shutdown"]
