"""Many reloads in a row: nothing piles up."""

from __future__ import annotations

import gc
import sys
import threading
from collections import Counter

import pytest

from tests.reload.everything import SOURCE, World
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace


def living() -> Counter[str]:
    gc.collect()
    return Counter(type(item).__qualname__ for item in gc.get_objects())


def grown(before: Counter[str], after: Counter[str], limit: int) -> dict[str, int]:
    return {name: count for name, count in (after - before).items() if count > limit}


def test_many_reloads(workspace: Workspace) -> None:
    world = World(workspace)

    def there_and_back() -> None:
        workspace.write("everything.py", SOURCE)
        world.edit()
        workspace.reload(world.module)
        workspace.write("everything.py", SOURCE)
        workspace.reload(world.module)

    for _ in range(3):
        there_and_back()
    before, threads, modules = living(), threading.active_count(), set(sys.modules)
    rounds = 15
    for _ in range(rounds):
        there_and_back()
    # A handful may be cached; one object of a kind for each reload would be a leak.
    assert grown(before, living(), rounds) == {}
    assert threading.active_count() == threads
    assert set(sys.modules) == modules
    assert world.user.OBJECTS[1].step() == 3


def test_many_failures(workspace: Workspace) -> None:
    world = World(workspace)
    world.edit()
    workspace.edit("everything.py", "INSTANCE = Child(5)", "INSTANCE = Child(5)\n1 / 0")

    def fail() -> None:
        with pytest.raises(ReloadError):
            workspace.reload(world.module)

    for _ in range(3):
        fail()
    before = living()
    rounds = 20
    for _ in range(rounds):
        fail()
    assert grown(before, living(), rounds // 2) == {}


def test_edits_there_and_back_give_the_same_module(workspace: Workspace) -> None:
    world = World(workspace)
    names = {n: id(v) for n, v in vars(world.module).items() if callable(v)}
    for _ in range(5):
        workspace.write("everything.py", SOURCE)
        world.edit()
        workspace.reload(world.module)
        workspace.write("everything.py", SOURCE)
        workspace.reload(world.module)
    assert {n: id(v) for n, v in vars(world.module).items() if callable(v)} == names
    assert [world.module.cached, world.module.Child] == world.shared.REGISTRY
    assert world.module.Base.subclasses == [world.module.Child, world.user.Further]
    assert world.module.Meta.made.count("Child") >= 1
