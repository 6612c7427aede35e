"""Classes that decorators changed, replaced or registered."""

from __future__ import annotations

import pytest

from themis_jupyter.testing import Workspace


def test_total_ordering(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from functools import total_ordering

        @total_ordering
        class V:
            def __init__(self, n):
                self.n = n

            def __eq__(self, o):
                return self.n == o.n

            def __lt__(self, o):
                return self.n < o.n
        """,
    )
    cls, one, two = m.V, m.V(1), m.V(2)
    workspace.replace(m, "self.n < o.n", "self.n > o.n")
    assert m.V is cls
    assert two < one
    assert two <= one
    assert one > two
    workspace.replace(m, "@total_ordering\n", "")
    with pytest.raises(TypeError):
        assert two <= one


DECORATORS = """
    def add(cls):
        cls.added = lambda self: ("added", self.f())
        return cls

    def sub(cls):
        class Sub(cls):
            def f(self):
                return ("sub", super().f())
        Sub.__name__ = cls.__name__
        Sub.__qualname__ = cls.__qualname__
        Sub.__module__ = cls.__module__
        return Sub

    def rebuild(cls):
        return type(cls.__name__, cls.__bases__, {
            k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")
        })
    """


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize(("decorator", "result"), [("add", 2), ("sub", ("sub", 2)), ("rebuild", 2)])
def test_decorated_class(workspace: Workspace, decorator: str, result: object, where: str) -> None:
    body = f"\n    @{decorator}\n    class A:\n        def f(self):\n            return 1\n"
    if where == "here":
        m = workspace.load("m", DECORATORS + body)
    else:
        workspace.import_("decorators", DECORATORS)
        m = workspace.load("m", "    from decorators import *\n" + body)
    user = workspace.import_("user", "from m import A\n\nclass B(A):\n    pass\n")
    cls, a, b = m.A, m.A(), user.B()
    workspace.replace(m, "return 1", "return 2")
    assert m.A is cls is user.A is type(a)
    assert a.f() == b.f() == m.A().f() == result
    if decorator == "add":
        assert b.added() == ("added", 2)
    assert isinstance(b, m.A)
    if decorator == "sub":
        return  # Python does not let a class lose a base of its own making
    workspace.edit("m.py", f"@{decorator}\n", "")
    workspace.reload(m)
    assert user.A is m.A
    assert m.A().f() == 2
    assert not hasattr(m.A, "added")


def test_singleton_decorator(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def singleton(cls):
            return cls()

        @singleton
        class config:
            def __init__(self):
                self.values = {}

            def get(self):
                return "old"

        def f():
            return config.get()
        """,
    )
    user = workspace.import_("user", "from m import config\n")
    workspace.replace(m, '"old"', '"new"')
    assert user.config is m.config
    assert m.f() == user.config.get() == "new"


def test_super_in_a_dataclass_with_slots(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from dataclasses import dataclass

        @dataclass
        class Base:
            __slots__ = ()

            def f(self):
                return 1

        @dataclass(slots=True)
        class A(Base):
            x: int = 1

            def f(self):
                return ("old", Base.f(self))
        """,
    )
    a = m.A()
    workspace.replace(m, '"old"', '"new"')
    assert a.f() == ("new", 1)
    workspace.replace(m, "return 1", "return 2")
    assert a.f() == m.A().f() == ("new", 2)


def test_factory_that_makes_classes(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make(name, n):
            class Made:
                number = n

                def f(self):
                    return ("old", n)
            Made.__name__ = Made.__qualname__ = name
            return Made

        One = make("One", 1)
        Two = make("Two", 2)
        """,
    )
    one, two, instance = m.One, m.Two, m.One()
    workspace.replace(m, '"old"', '"new"')
    assert (m.One, m.Two) == (one, two)
    assert instance.f() == ("new", 1)
    assert m.Two().f() == ("new", 2)
    workspace.replace(m, 'make("One", 1)', 'make("One", 10)')
    assert m.One is one
    assert instance.f() == ("new", 10)
    assert one.number == 10


def test_class_made_by_a_call_of_type(workspace: Workspace) -> None:
    m = workspace.load("m", "def f(self):\n    return 1\n\nA = type('A', (), {'f': f, 'x': 1})\n")
    cls, a = m.A, m.A()
    workspace.replace(m, "return 1", "return 2")
    assert a.f() == 2
    assert m.A is cls
    workspace.replace(m, "'x': 1", "'x': 3")
    assert m.A is cls
    assert a.x == 3
