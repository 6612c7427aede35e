"""``super()``, ``__class__``, private names, slots, special methods, weak references."""

from __future__ import annotations

import gc
import inspect
import sys
import weakref

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace


def test_private_names(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class A:
            __secret = "old"

            def __init__(self):
                self.__mine = "mine"

            def __hidden(self):
                return self.__secret

            def open(self):
                return self.__hidden(), self.__mine
        """,
    )
    a = m.A()
    workspace.edit("m.py", "return self.__secret", "return self.__secret + '!'")
    workspace.replace(m, '"old"', '"new"')
    assert a.open() == ("new!", "mine")


@pytest.mark.parametrize(
    "call", ["super().f()", "super(B, self).f()", "__class__.__mro__[1].f(self)"]
)
def test_super(workspace: Workspace, call: str) -> None:
    m = workspace.load(
        "m",
        f"""
        class A:
            def f(self):
                return "a"

        class B(A):
            def f(self):
                return {call} + "b"
        """,
    )
    user = workspace.import_("user", "from m import B\nclass C(B):\n    def f(self):\n"
                             "        return super().f() + 'c'\n")  # fmt: skip
    b, c = m.B(), user.C()
    bound = c.f
    workspace.edit("m.py", '"a"', '"A"')
    workspace.replace(m, '"b"', '"B"')
    assert (b.f(), c.f(), bound(), m.B().f()) == ("AB", "ABc", "ABc", "AB")


@pytest.mark.parametrize("call", ["super().f()", "__class__.base"])
def test_method_starts_and_stops_to_use_the_class_cell(workspace: Workspace, call: str) -> None:
    m = workspace.load(
        "m",
        """
        class A:
            base = "a"

            def f(self):
                return "a"

        class B(A):
            def f(self, x=1):
                return ("plain", x)

            def g(self):
                return self.f()
        """,
    )
    user = workspace.import_("user", "from m import B\n\nclass C(B):\n    pass\n")
    b, c, function = m.B(), user.C(), m.B.f
    bound = c.f
    workspace.replace(m, '"plain"', call)
    assert m.B.f is function
    assert (b.f(), c.f(2), bound(3), b.g()) == (("a", 1), ("a", 2), ("a", 3), ("a", 1))
    workspace.replace(m, "x=1", "x=5")
    assert b.f() == c.f() == ("a", 5)
    workspace.replace(m, call, '"plain"')
    assert m.B.f is function
    assert (b.f(), c.f(2), bound(3)) == (("plain", 5), ("plain", 2), ("plain", 3))


def test_weakrefs_and_subclasses(workspace: Workspace) -> None:
    base = workspace.import_("base", "class Base:\n    pass\n")
    m = workspace.load(
        "m", "from base import Base\n\nclass A(Base):\n    x = 1\n\nclass B(A):\n    pass\n"
    )
    cls, one = m.A, m.A()
    refs = weakref.ref(cls), weakref.ref(one), weakref.ref(one.__init__.__self__)
    for value in range(2, 5):
        workspace.edit("m.py", f"x = {value - 1}", f"x = {value}")
        workspace.reload(m)
        assert base.Base.__subclasses__() == [cls]
        assert cls.__subclasses__() == [m.B]
    assert [r() for r in refs] == [cls, one, one]


def test_old_versions_are_collected(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    def f(self):\n        return 0\n")
    for value in range(1, 6):
        workspace.edit("m.py", f"return {value - 1}", f"return {value}")
        workspace.reload(m)
    gc.collect()
    alive = [o for o in gc.get_objects() if isinstance(o, type) and o.__module__ == "m"]
    assert alive == [m.A]
    functions = [o for o in gc.get_objects() if inspect.isfunction(o) and o.__module__ == "m"]
    assert functions == [m.A.f]


def test_slots_unchanged(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class P:
            __slots__ = ("x", "y")

            def __init__(self, x, y):
                self.x, self.y = x, y

            def total(self):
                return self.x + self.y
        """,
    )
    p = m.P(1, 2)
    member = m.P.x
    workspace.replace(m, "self.x + self.y", "self.x * 10 + self.y")
    assert p.total() == 12
    assert (p.x, m.P(3, 4).total()) == (1, 34)
    assert m.P.x is member
    assert not hasattr(p, "__dict__")


def test_slots_changed_is_refused(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "class P:\n    __slots__ = ('x',)\n\n    def f(self):\n        return 1\n"
    )
    p = m.P()
    p.x = 1
    workspace.edit("m.py", "return 1", "return 2")
    with pytest.raises(ReloadError, match=r"m\.P.*__slots__"):
        workspace.replace(m, "('x',)", "('x', 'y')")
    assert (p.f(), p.x, m.P.__slots__) == (1, 1, ("x",))
    workspace.replace(m, "('x', 'y')", "('x',)")
    assert p.f() == 2


def test_special_methods_added_and_removed(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    x = 1\n")
    one, other = m.A(), m.A()
    assert one != other
    workspace.replace(m, "x = 1", "x = 1\n    def __eq__(self, o):\n        return True\n"
                      "    def __len__(self):\n        return 3\n"
                      "    def __getattr__(self, name):\n        return name\n")  # fmt: skip
    assert one == other
    assert (len(one), one.whatever) == (3, "whatever")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    workspace.rewrite(m, "class A:\n    x = 1\n")
    assert one != other
    assert hash(one)
    with pytest.raises(TypeError):
        len(one)
    assert sys.modules["m"] is m
