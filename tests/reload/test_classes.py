"""Classes keep their identity; instances, bound methods and subclasses follow."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import sys
import weakref
from typing import Any

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

SHAPES = """
    class Shape:
        sides = 0
        made = []

        def __init__(self, name="shape"):
            self.name = name
            Shape.made.append(name)

        def area(self):
            return 1

        @staticmethod
        def kind():
            return "old kind"

        @classmethod
        def build(cls, *args):
            return cls(*args)

        @property
        def label(self):
            return "old " + self.name
    """


def test_methods_of_all_kinds(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    user = workspace.import_("user", "from m import Shape\nONE = Shape('one')\nAREA = ONE.area\n")
    cls, one = m.Shape, user.ONE
    kind, build, area = cls.kind, cls.build, cls.area
    workspace.edit("m.py", "return 1", "return 2")
    workspace.edit("m.py", "old kind", "new kind")
    workspace.edit("m.py", "old ", "new ")
    workspace.replace(m, "cls(*args)", "[cls(*args)]")
    assert m.Shape is user.Shape is cls is type(one)
    assert isinstance(one, m.Shape)
    assert cls.area is area
    assert (one.area(), user.AREA(), area(one)) == (2, 2, 2)
    assert kind() == one.kind() == "new kind"
    assert one.label == "new one"
    assert type(build("x")[0]) is cls
    assert m.Shape.made == ["one", "x"], "what a class collected stays"
    assert user.AREA.__self__ is one


def test_method_added_removed_renamed(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    one = m.Shape()
    area = one.area
    report = workspace.replace(m, "def area(self)", "def size(self)")
    assert one.size() == 1
    assert not hasattr(one, "area")
    assert area() == 1, "who holds the bound method can still call it"
    told = {(c.verb, c.name) for c in report.changes}
    assert told >= {("added", "Shape.size"), ("removed", "Shape.area")}
    workspace.replace(m, "def size(self)", "def area(self)")
    assert m.Shape().area() == one.area() == 1


def test_kind_of_method_changes(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    one = m.Shape("one")
    workspace.replace(m, "@staticmethod\n    def kind()", "def kind(self)")
    assert one.kind() == "old kind"
    workspace.replace(m, "def kind(self)", "@classmethod\n    def kind(cls)")
    assert m.Shape.kind() == one.kind() == "old kind"
    workspace.replace(m, "@classmethod\n    def kind(cls)", "@property\n    def kind(self)")
    assert one.kind == "old kind"
    workspace.replace(m, "@property\n    def kind(self)", "@staticmethod\n    def kind()")
    assert m.Shape.kind() == one.kind() == "old kind"


def test_property_setter_and_deleter_added_and_removed(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    one = m.Shape("one")
    with pytest.raises(AttributeError):
        one.label = "x"
    getter = '    def label(self):\n        return "old " + self.name\n'
    setter = "\n    @label.setter\n    def label(self, value):\n        self.name = value\n"
    workspace.replace(m, getter, getter + setter)
    one.label = "two"
    assert one.label == "old two"
    workspace.replace(m, "self.name = value", "self.name = value.upper()")
    one.label = "two"
    assert one.label == "old TWO"
    workspace.replace(m, setter.replace("value\n", "value.upper()\n"), "")
    with pytest.raises(AttributeError):
        one.label = "x"


@pytest.mark.parametrize("new", ["attribute", "method", "property", "cached_property"])
@pytest.mark.parametrize("old", ["attribute", "method", "property", "cached_property"])
def test_member_becomes_something_else(workspace: Workspace, old: str, new: str) -> None:
    bodies = {
        "attribute": "    x = {}\n",
        "method": "    def x(self):\n        return {}\n",
        "property": "    @property\n    def x(self):\n        return {}\n",
        "cached_property": "    @cached_property\n    def x(self):\n        return {}\n",
    }
    head = "from functools import cached_property\n\nclass A:\n"
    m = workspace.load("m", head + bodies[old].format(1))
    used, fresh = m.A(), m.A()
    assert (used.x() if old == "method" else used.x) == 1
    workspace.rewrite(m, head + bodies[new].format(2))
    assert (fresh.x() if new == "method" else fresh.x) == 2
    assert (m.A().x() if new == "method" else m.A().x) == 2
    if old != "cached_property" or new == "property":
        assert (used.x() if new == "method" else used.x) == 2
    assert type(used) is m.A


def test_cached_property_of_new_and_old_instances(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        "from functools import cached_property\n\nclass A:\n"
        "    @cached_property\n    def x(self):\n        return [1]\n",
    )
    warm, cold = m.A(), m.A()
    kept = warm.x
    workspace.replace(m, "[1]", "[2]")
    assert warm.x is kept, "what is cached in an instance is the instance's state"
    assert cold.x == [2]


def test_class_attributes(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    one = m.Shape()
    workspace.replace(m, "sides = 0", "sides = 4\n    colour = 'red'")
    assert (one.sides, one.colour) == (4, "red")
    workspace.replace(m, "    sides = 4\n", "")
    assert not hasattr(one, "sides")


def test_class_state_survives_an_edit_of_a_method(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    made = m.Shape.made
    m.Shape("a")
    m.Shape.sides = 7
    m.Shape.note = "set from outside"
    workspace.replace(m, "return 1", "return 2")
    assert m.Shape.made is made == ["a"]
    assert m.Shape.sides == 7
    assert m.Shape.note == "set from outside"


def test_method_patched_from_outside_and_not_edited_stays(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)

    def patched(self: Any) -> str:
        return "patched"

    m.Shape.extra = patched
    workspace.replace(m, "return 1", "return 2")
    assert m.Shape().extra() == "patched"


def test_nested_classes(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Outer:
            class Inner:
                def f(self):
                    return "old"

                class Core:
                    x = 1

            inner = Inner()

            def make(self):
                return self.Inner()
        """,
    )
    outer, inner, core = m.Outer(), m.Outer.Inner, m.Outer.Inner.Core
    made, kept = outer.make(), m.Outer.inner
    workspace.edit("m.py", "x = 1", "x = 2")
    workspace.replace(m, '"old"', '"new"')
    assert m.Outer.Inner is inner is type(made) is type(m.Outer.inner)
    assert m.Outer.Inner.Core is core
    assert (made.f(), kept.f(), m.Outer.inner.f(), core.x) == ("new", "new", "new", 2)


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


def test_pickle_and_copy_of_old_instances(workspace: Workspace) -> None:
    m = workspace.load("m", SHAPES)
    one = m.Shape("one")
    stored = pickle.dumps(one)
    workspace.replace(m, "return 1", "return 2")
    for other in (pickle.loads(pickle.dumps(one)), pickle.loads(stored), copy.deepcopy(one)):
        assert type(other) is m.Shape
        assert (other.name, other.area()) == ("one", 2)
    assert pickle.loads(pickle.dumps(m.Shape)) is m.Shape


def test_containers_of_instances_and_classes(workspace: Workspace) -> None:
    m = workspace.load("m", "class K:\n    def __hash__(self):\n        return 1\n"
                       "    def __eq__(self, o):\n        return self is o\n")  # fmt: skip
    key = m.K()
    table, classes = {key: "value"}, {m.K}
    workspace.replace(m, "return 1", "return  1 + 0")
    assert table[key] == "value"
    assert m.K in classes


def test_doc_qualname_and_annotations(workspace: Workspace) -> None:
    m = workspace.load("m", 'class A:\n    """Old."""\n    x: int = 1\n')
    cls = m.A
    workspace.replace(m, '"""Old."""\n    x: int', '"""New."""\n    x: str')
    assert cls.__doc__ == "New."
    assert cls.__annotations__ == {"x": str}
    workspace.replace(m, '"""New."""\n    x: str = 1', "pass")
    assert cls.__doc__ is None
    assert inspect.get_annotations(cls) == {}
    assert m.A is cls


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


def test_class_becomes_a_function_and_goes(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    pass\n\nclass B:\n    pass\n")
    user = workspace.import_("user", "from m import A, B\n")
    a, b = m.A(), m.B
    workspace.rewrite(m, "def A():\n    return 1\n")
    assert user.A is m.A
    assert m.A() == 1
    assert not hasattr(m, "B")
    assert user.B is b
    assert type(a).__name__ == "A"


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
