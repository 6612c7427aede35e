"""Ctrl-C at any moment of a reload: either all is as before, or all is new."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.reload import snapshot
from tests.reload.everything import World, repaired
from themis_jupyter.errors import ReloadError
from themis_jupyter.interrupts import InterruptGuard
from themis_jupyter.reload.writes import Writes
from themis_jupyter.testing import Workspace

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals go to the main thread",
)

MOMENTS = 100


@pytest.fixture
def world(workspace: Workspace) -> World:
    world = World(workspace)
    world.edit()
    return world


def at_event(number: int, act: Callable[[], Any], body: Callable[[], Any]) -> int:
    """Run ``body``; call ``act`` at its ``number``-th call or return; return how many there are."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += 1
        if count == number:
            act()

    sys.setprofile(profile)
    try:
        body()
    finally:
        sys.setprofile(None)
    return count


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_interrupt_at_any_moment(workspace: Workspace) -> None:
    trial = World(workspace)
    trial.edit()
    handler = signal.getsignal(signal.SIGINT)
    original = trial.ws.path("everything.py").read_bytes()

    def reload() -> None:
        trial.ws.reload(trial.module)

    # How many moments there are; the reload is the real one.
    total = at_event(0, ctrl_c, reload)
    trial.check_new()
    wrong = []
    for step in range(1, MOMENTS):
        moment = total * step // MOMENTS
        # Something to change each time, in many places.
        text = original if step % 2 == 0 else original.replace(b"20", b"30").replace(b"LAST", b"L")
        trial.ws.write("everything.py", text)
        before = trial.picture()
        interrupted = False
        try:
            at_event(moment, ctrl_c, reload)
        except KeyboardInterrupt:
            interrupted = True
        sys.setprofile(None)
        as_before = snapshot.difference(before, trial.picture()) == []
        as_new = (20 if step % 2 == 0 else 30) == trial.module.LIMIT and trial.module.last() == (
            "LAST" if step % 2 == 0 else "L"
        )
        if not (as_before or as_new):
            wrong.append(f"moment {moment} of {total}: a mixture")
        if not interrupted and as_before:
            wrong.append(f"moment {moment} of {total}: neither interrupted nor reloaded")
        if signal.getsignal(signal.SIGINT) is not handler or InterruptGuard._active is not None:
            wrong.append(f"moment {moment} of {total}: the handler was not put back")
            InterruptGuard._active = None
            signal.signal(signal.SIGINT, handler)
        if gc.get_freeze_count() > 1000 or not gc.isenabled():
            wrong.append(f"moment {moment} of {total}: the collector was not put back")
            gc.unfreeze()
            gc.enable()
        trial.ws.reload(trial.module)  # what was interrupted is taken now
    assert not wrong
    trial.ws.write("everything.py", original)
    trial.ws.reload(trial.module)
    trial.check_new()


def test_interrupt_inside_the_commit_is_deferred_and_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Writes.apply
    seen: list[bool] = []

    def tampered(self: Writes) -> None:
        middle = len(self._do) // 2
        self._do.insert(middle, (ctrl_c,))
        self._undo.insert(middle, ())
        apply(self)
        seen.append(True)

    before = world.picture()
    with monkeypatch.context() as patch:
        patch.setattr(Writes, "apply", tampered)
        with pytest.raises(KeyboardInterrupt):
            world.ws.reload(world.module)
    assert seen == [True], "the commit itself is never cut short"
    if snapshot.difference(before, world.picture()):
        world.check_new()
    else:
        repaired(world)


def test_interrupt_of_a_body_that_hangs(world: World) -> None:
    world.ws.edit(
        "everything.py",
        "INSTANCE = Child(5)",
        "import signal\nsignal.raise_signal(signal.SIGINT)\nwhile True:\n    pass",
    )
    before = world.picture()
    with pytest.raises(KeyboardInterrupt):
        world.ws.reload(world.module)
    assert snapshot.difference(before, world.picture()) == []
    repaired(world)


def test_body_that_catches_the_interrupt(world: World) -> None:
    world.ws.edit(
        "everything.py",
        "INSTANCE = Child(5)",
        "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\n    CAUGHT = False\n"
        "except KeyboardInterrupt:\n    CAUGHT = True\nINSTANCE = Child(5)",
    )
    world.ws.reload(world.module)
    assert world.module.CAUGHT is True
    world.check_new()


def test_interrupt_while_the_exception_of_the_body_is_handled(world: World) -> None:
    world.ws.edit(
        "everything.py",
        "INSTANCE = Child(5)",
        "import signal\nclass Slow(Exception):\n    def __str__(self):\n"
        "        signal.raise_signal(signal.SIGINT)\n        return 'slow'\nraise Slow",
    )
    before = world.picture()
    with pytest.raises((ReloadError, KeyboardInterrupt)):
        world.ws.reload(world.module)
    assert snapshot.difference(before, world.picture()) == []
