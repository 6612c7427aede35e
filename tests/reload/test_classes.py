"""Classes keep their identity; instances, bound methods and subclasses follow."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

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
