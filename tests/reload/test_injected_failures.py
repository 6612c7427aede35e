"""A failure of every single write of the commit, and the undoing of a whole commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from tests.reload import snapshot
from tests.reload.everything import World, repaired
from themis_jupyter.errors import ReloadError
from themis_jupyter.interrupts import InterruptGuard
from themis_jupyter.reload import Staged, prepare
from themis_jupyter.reload.writes import Writes
from themis_jupyter.testing import Workspace


class InjectedError(Exception):
    pass


def boom() -> NoReturn:
    raise InjectedError


@pytest.fixture
def world(workspace: Workspace) -> World:
    world = World(workspace)
    world.edit()
    return world


Tamper = Callable[[list[Any], list[Any], int], None]


def insert(do: list[Any], undo: list[Any], index: int) -> None:
    """A write of its own fails between two others."""
    do.insert(index, (boom,))
    undo.insert(index, ())


def replace(do: list[Any], undo: list[Any], index: int) -> None:
    """A write fails before it does anything."""
    do[index] = (boom,)


def half(do: list[Any], undo: list[Any], index: int) -> None:
    """A write fails after it has done what it was to do."""
    function, *arguments = do[index]

    def done_and_failed() -> NoReturn:
        function(*arguments)
        raise InjectedError

    do[index] = (done_and_failed,)


@pytest.mark.parametrize("tamper", [insert, replace, half])
def test_failure_of_every_single_write(
    world: World, monkeypatch: pytest.MonkeyPatch, tamper: Tamper
) -> None:
    apply = Writes.apply
    wrong: list[str] = []
    before = world.picture()
    index = count = 0
    while index <= count:

        def tampered(self: Writes, index: int = index) -> None:
            nonlocal count
            count = len(self._do) - (tamper is not insert)
            tamper(self._do, self._undo, index)
            apply(self)

        with monkeypatch.context() as patch:
            patch.setattr(Writes, "apply", tampered)
            try:
                with pytest.raises(ReloadError):
                    world.ws.reload(world.module)
            except BaseException as error:  # noqa: BLE001 - all of them are told at once
                wrong.append(f"write {index}: {error!r}")
        differs = snapshot.difference(before, world.picture())
        if differs:
            wrong.append(f"write {index}: {differs[:3]}")
            before = world.picture()
        index += 1
    assert not wrong
    assert count > 30, "the edit is a rich one"
    assert world.ws.reload(world.module)
    world.check_new()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_other_exceptions_inside_the_commit(
    world: World, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fails() -> NoReturn:
        raise error

    apply = Writes.apply

    def tampered(self: Writes) -> None:
        middle = len(self._do) // 2
        self._do.insert(middle, (fails,))
        self._undo.insert(middle, ())
        apply(self)

    before = world.picture()
    with monkeypatch.context() as patch:
        patch.setattr(Writes, "apply", tampered)
        with pytest.raises((ReloadError, error)):
            world.ws.reload(world.module)
    assert snapshot.difference(before, world.picture()) == []
    repaired(world)


def allowed(guard: InterruptGuard) -> Callable[[Callable[[], None]], None]:
    """Return what runs a body while Ctrl-C acts."""

    def run(body: Callable[[], None]) -> None:
        with guard.allowed():
            body()

    return run


@contextmanager
def staging(world: World) -> Iterator[Staged]:
    """Stage the edit; at the end, all must be as it was."""
    with InterruptGuard() as guard:  # holds Ctrl-C back until the end, as it does for users
        before = world.picture()
        change = prepare([world.module])
        change.stage(allowed(guard))
        yield change
        assert snapshot.difference(before, world.picture()) == []
    repaired(world)


def test_commit_is_undone(world: World) -> None:
    with staging(world) as change:
        change.commit()
        base: Any = world.module.Base
        count = base.count
        world.check_new()
        base.count = count  # what the check has done is not the commit's
        assert change.undo() == []


def test_staged_change_is_discarded(world: World) -> None:
    with staging(world) as change:
        change.discard()


def test_staging_writes_to_nothing_of_the_module(world: World) -> None:
    names = dict(vars(world.module))
    members = {name: dict(vars(v)) for name, v in names.items() if isinstance(v, type)}
    with InterruptGuard() as guard:
        change = prepare([world.module])
        change.stage(allowed(guard))
        try:
            assert dict(vars(world.module)) == names
            assert {n: dict(vars(names[n])) for n in members} == members
            assert list(vars(world.module)) == list(names)
        finally:
            change.discard()


def test_committed_and_undone_again_and_again(world: World) -> None:
    with InterruptGuard() as guard:
        for last in (False, False, True):
            change = prepare([world.module])
            change.stage(allowed(guard))
            change.commit()
            world.check_new()
            if last:
                change.finish()
            else:
                change.undo()
    world.check_new()
