"""Threads see the old version, then the new one, never a mixture."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

SOON = 30.0

GATE = """
    import threading

    entered = threading.Event()
    leave = threading.Event()

    def hold():
        entered.set()
        assert leave.wait(30)
    """


class Watching:
    """Calls a function over and over in threads while the body of the ``with`` runs."""

    def __init__(self, look: Callable[[], Any], threads: int = 2) -> None:
        self.look = look
        self.seen: list[set[Any]] = [set() for _ in range(threads)]
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._looked = threading.Barrier(threads + 1)
        self._threads = [
            threading.Thread(target=self._run, args=(seen,), daemon=True) for seen in self.seen
        ]

    def _run(self, seen: set[Any]) -> None:
        try:
            seen.add(self.look())
            self._looked.wait(SOON)
            while not self._stop.is_set():
                seen.add(self.look())
            seen.add(self.look())
        except BaseException as error:  # noqa: BLE001 - shown by the test
            self.errors.append(error)

    def __enter__(self) -> Watching:
        for thread in self._threads:
            thread.start()
        self._looked.wait(SOON)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(SOON)
        assert not self.errors, self.errors

    @property
    def all(self) -> set[Any]:
        return set().union(*self.seen)


def test_never_a_mixture_of_names_of_a_module(workspace: Workspace) -> None:
    names = [f"n{i}" for i in range(40)]

    def source(version: int) -> str:
        functions = "".join(f"def {n}():\n    return {version}\n" for n in names)
        return functions + f"VERSION = {version}\nONE = {version}\nTWO = {version}\n"

    m = workspace.load("m", source(0))
    namespace = vars(m)

    def look() -> tuple[int, ...]:
        copied = namespace.copy()  # one step for other threads
        return (copied["ONE"], copied["TWO"], copied["VERSION"])

    with Watching(look) as watching:
        for version in range(1, 15):
            workspace.rewrite(m, source(version))
    assert all(len(set(seen)) == 1 for seen in watching.all)
    assert (0, 0, 0) in watching.all
    assert (14, 14, 14) in watching.all


def test_never_a_mixture_of_attributes_of_a_class(workspace: Workspace) -> None:
    def source(version: int) -> str:
        values = "".join(f"    a{i} = {version}\n" for i in range(30))
        return f"class A:\n    first = {version}\n{values}    last = {version}\n"

    m = workspace.load("m", source(0))
    cls = m.A

    def look() -> tuple[int, int]:
        copied = cls.__dict__.copy()
        return copied["first"], copied["last"]

    with Watching(look) as watching:
        for version in range(1, 15):
            workspace.rewrite(m, source(version))
    assert all(first == last for first, last in watching.all)
    assert (14, 14) in watching.all


def test_calls_during_staging_see_the_old_version(workspace: Workspace) -> None:
    gate = workspace.import_("gate", GATE)
    m = workspace.load(
        "m", "class A:\n    def f(self):\n        return g()\n\ndef g():\n    return 'old'\n"
    )
    a = m.A()
    before = dict(vars(m))
    workspace.edit("m.py", "return g()", "return g() + '!'")
    workspace.edit("m.py", "'old'\n", "'new'\n\nimport gate\ngate.hold()\nADDED = 1\n")
    with ThreadPoolExecutor(1) as pool:
        reload = pool.submit(workspace.reload, m)
        assert gate.entered.wait(SOON)
        assert a.f() == "old"
        assert m.A().f() == "old"
        assert dict(vars(m)) == before
        assert importlib.import_module("m") is m
        gate.leave.set()
        assert reload.result(SOON)
    assert a.f() == "new!"
    assert m.ADDED == 1


def test_long_call_finishes_on_the_code_it_began_with(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        "def f(entered, leave):\n    x = 1\n    entered.set()\n    leave.wait(30)\n    return x\n",
    )
    entered, leave = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(m.f, entered, leave)
        assert entered.wait(SOON)
        workspace.replace(m, "x = 1", "x = 2")
        leave.set()
        assert call.result(SOON) == 1
    assert m.f(entered, leave) == 2


def test_worker_thread_that_holds_a_bound_method(workspace: Workspace) -> None:
    m = workspace.load("m", "class Worker:\n    def step(self):\n        return 0\n")
    step = m.Worker().step
    with Watching(step) as watching:
        for version in range(1, 20):
            workspace.replace(m, f"return {version - 1}", f"return {version}")
    assert watching.all <= set(range(20))
    assert {0, 19} <= watching.all


def test_imports_in_other_threads_get_whole_modules(workspace: Workspace) -> None:
    filler = "".join(f"v{i} = {i}\n" for i in range(300))
    for n in range(4):
        workspace.write(f"fresh{n}.py", f"{filler}END = {n}\n")
    m = workspace.load("m", "X = 0\n")

    def look() -> int:
        for n in (3, 2, 1):
            if f"fresh{n}" in sys.modules:
                assert n == importlib.import_module(f"fresh{n}").END
                return n
        return 0

    with Watching(look):
        for n in range(1, 4):
            workspace.rewrite(m, f"import fresh{n}\n\nX = fresh{n}.END\n")
    assert m.X == 3


def test_reloads_from_several_threads(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 0\n")
    f = m.f
    workspace.edit("m.py", "return 0", "return 1")
    with ThreadPoolExecutor(4) as pool:
        reports = [pool.submit(workspace.reload, m) for _ in range(8)]
        outcomes = sorted(r.result(SOON).outcome.value for r in reports)
    assert m.f is f
    assert f() == 1
    assert outcomes == ["reloaded"] + ["unchanged"] * 7


def test_reloads_of_different_modules_from_several_threads(workspace: Workspace) -> None:
    modules = [workspace.load(f"m{i}", "def f():\n    return 0\nSEEN = []\n") for i in range(4)]
    for module in modules:
        workspace.edit(f"{module.__name__}.py", "return 0", "return 1")
    with ThreadPoolExecutor(4) as pool:
        reports = [r.result(SOON) for r in [pool.submit(workspace.reload, m) for m in modules]]
    assert all(reports)
    assert [m.f() for m in modules] == [1] * 4


def test_reload_from_inside_the_body_is_refused(workspace: Workspace) -> None:
    m = workspace.load("m", "X = 1\n")
    workspace.write(
        "m.py",
        "import m\nfrom themis_jupyter.reload import reload_in_place\n\nreload_in_place(m)\n",
    )
    with pytest.raises(ReloadError) as caught:
        workspace.reload(m)
    assert "RecursionError" not in str(caught.value)
    assert m.X == 1
    workspace.rewrite(m, "X = 2\n")
    assert m.X == 2


def test_what_other_threads_did_meanwhile_stays_after_a_failure(workspace: Workspace) -> None:
    gate = workspace.import_("gate", GATE)
    m = workspace.load("m", "ITEMS = []\n\ndef f():\n    return ITEMS\n")
    workspace.edit(
        "m.py", "return ITEMS\n", "return list(ITEMS)\n\nimport gate\ngate.hold()\n1 / 0\n"
    )
    with ThreadPoolExecutor(1) as pool:
        reload = pool.submit(workspace.reload, m)
        assert gate.entered.wait(SOON)
        m.ITEMS.append("by another thread")
        m.SET_MEANWHILE = 1
        gate.leave.set()
        with pytest.raises(ReloadError):
            reload.result(SOON)
    assert m.ITEMS == ["by another thread"]
    assert m.SET_MEANWHILE == 1
