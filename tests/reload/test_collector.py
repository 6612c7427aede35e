"""The engine uses the garbage collector; what the user set or froze in it stays so."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

SOURCE = """
    class Base:
        pass

    class A(Base):
        made = []

        def f(self):
            return (1, helper())

    def helper():
        return len(A.made)

    def make(n):
        def inner():
            return n
        return inner

    inner = make(1)
    """


@pytest.fixture(params=["nothing frozen", "frozen by the user"])
def ws(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Workspace]:
    """A workspace in a process whose user has, or has not, frozen objects."""
    if request.param == "frozen by the user":
        gc.freeze()
    count = gc.get_freeze_count()
    yield workspace
    after = gc.get_freeze_count()
    if request.param == "frozen by the user":
        gc.unfreeze()
        assert after > count - 1000, "a few of them may have died"
    else:
        assert after < count + 1000, "a few hundred of its own, in Python 3.12"


def check(workspace: Workspace, more: str = "") -> None:
    """Reload twice and check identities."""
    m = workspace.load("m", SOURCE)
    cls, a, inner = m.A, m.A(), m.inner
    bound = a.f
    for value in (2, 3):
        workspace.write("m.py", SOURCE)
        if more:
            workspace.edit("m.py", "inner = make(1)", more)
        workspace.edit("m.py", "return n", f"return n + {value}")
        workspace.edit("m.py", "return (1,", f"return ({value},")
        assert workspace.reload(m)
        assert m.A is cls is type(a)
        assert m.inner is inner
        assert bound() == a.f() == (value, 0)
        assert m.inner() == 1 + value
        assert m.Base.__subclasses__() == [cls]
    workspace.edit("m.py", "made = []", "made = 1 / 0")
    with pytest.raises(ReloadError):
        workspace.reload(m)
    assert m.Base.__subclasses__() == [cls]


def test_objects_that_the_user_froze(ws: Workspace) -> None:
    check(ws)


@pytest.mark.parametrize("call", ["gc.collect()", "gc.collect(0)", "gc.collect(1)"])
def test_body_that_collects(ws: Workspace, call: str) -> None:
    check(ws, f"import gc\n{call}\ninner = make(1)\n{call}\n")


def test_collector_that_the_user_switched_off(ws: Workspace) -> None:
    gc.disable()
    try:
        check(ws)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_body_that_makes_many_objects(ws: Workspace) -> None:
    """More than fit into the young generations: the collector runs while the body does."""
    check(ws, "MANY = [[i] for i in range(20_000)]\ninner = make(1)\n")


def test_user_objects_are_freed_as_usual_after_a_reload(workspace: Workspace) -> None:
    class Node:
        pass

    node = Node()
    node.me = node  # type: ignore[attr-defined]
    alive = weakref.ref(node)
    check(workspace)
    del node
    gc.collect()
    assert alive() is None
