"""Dataclasses, NamedTuple, TypedDict."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing

import pytest

from themis_jupyter.testing import Workspace

POINT = """
    from dataclasses import dataclass, field

    @dataclass
    class Point:
        x: int
        y: int = 2
        tags: list = field(default_factory=list)

        def total(self):
            return self.x + self.y
    """


def test_method_of_a_dataclass(workspace: Workspace) -> None:
    m = workspace.load("m", POINT)
    user = workspace.import_("user", "from m import Point\nP = Point(1, tags=['a'])\n")
    cls, tags = m.Point, user.P.tags
    workspace.replace(m, "self.x + self.y", "self.x * 10 + self.y")
    assert m.Point is cls is user.Point
    assert user.P.total() == 12
    assert user.P.tags is tags == ["a"]
    assert m.Point(1, 2, ["a"]) == user.P
    assert repr(user.P) == "Point(x=1, y=2, tags=['a'])"
    assert pickle.loads(pickle.dumps(user.P)) == copy.deepcopy(user.P) == user.P


def test_field_added_removed_and_default_changed(workspace: Workspace) -> None:
    m = workspace.load("m", POINT)
    old = m.Point(1)
    workspace.replace(m, "y: int = 2", "y: int = 3\n    z: int = 4")
    assert repr(m.Point(1)) == "Point(x=1, y=3, z=4, tags=[])"
    assert [f.name for f in dataclasses.fields(old)] == ["x", "y", "z", "tags"]
    assert old.y == 2, "an instance has its own values"
    assert old.z == 4, "a new field with a default reads as that default"
    assert repr(old) == "Point(x=1, y=2, z=4, tags=[])"
    assert old != m.Point(1)
    assert old == m.Point(1, 2)
    assert dataclasses.replace(old, x=9) == m.Point(9, 2)
    workspace.replace(m, "z: int = 4", "")
    assert repr(old) == "Point(x=1, y=2, tags=[])"
    assert not hasattr(m.Point, "z")
    with pytest.raises(TypeError):
        m.Point(1, z=3)


def test_instances_of_subclasses_elsewhere(workspace: Workspace) -> None:
    m = workspace.load("m", POINT)
    user = workspace.import_(
        "user",
        "from dataclasses import dataclass\nfrom m import Point\n\n"
        "@dataclass\nclass Point3(Point):\n    z: int = 0\n",
    )
    p = user.Point3(1)
    workspace.replace(m, "self.x + self.y", "-self.x")
    assert p.total() == -1
    assert isinstance(p, m.Point)


def test_frozen(workspace: Workspace) -> None:
    workspace.write("m.py", POINT)
    workspace.edit("m.py", "@dataclass\n", "@dataclass(frozen=True)\n")
    m = workspace.load("m")
    p = m.Point(1, tags=())
    table = {p: "value"}
    workspace.replace(m, "self.x + self.y", "0")
    assert table[p] == table[m.Point(1, tags=())] == "value"
    assert p.total() == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.x = 2
    workspace.replace(m, "(frozen=True)", "")
    p.x = 2
    assert p.x == 2
    workspace.replace(m, "@dataclass\n", "@dataclass(frozen=True)\n")
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.x = 3


def test_order_and_eq_options(workspace: Workspace) -> None:
    m = workspace.load("m", POINT)
    one, two = m.Point(1), m.Point(2)
    with pytest.raises(TypeError):
        assert one < two
    workspace.replace(m, "@dataclass\n", "@dataclass(order=True)\n")
    assert one < two
    workspace.replace(m, "(order=True)", "(eq=False)")
    with pytest.raises(TypeError):
        assert one < two
    assert one != m.Point(1)
    assert hash(one)


def test_slots(workspace: Workspace) -> None:
    workspace.write("m.py", POINT)
    workspace.edit("m.py", "@dataclass\n", "@dataclass(slots=True)\n")
    m = workspace.load("m")
    cls, p = m.Point, m.Point(1)
    workspace.replace(m, "self.x + self.y", "self.x - self.y")
    assert m.Point is cls is type(p)
    assert p.total() == -1
    assert p == m.Point(1)
    assert not hasattr(p, "__dict__")
    workspace.replace(m, "y: int = 2", "y: int = 5")
    assert m.Point(1).y == 5
    assert p.y == 2


def test_post_init_and_init_var(workspace: Workspace) -> None:
    m = workspace.load("m", POINT)
    old = m.Point(1)
    workspace.replace(
        m,
        "    def total",
        "    def __post_init__(self):\n        self.seen = True\n\n    def total",
    )
    assert m.Point(1).seen
    assert not hasattr(old, "seen")
    assert old == m.Point(1)


def test_field_whose_type_is_a_class_of_the_module(workspace: Workspace) -> None:
    m = workspace.load("m", POINT + "\n    @dataclass\n    class Line:\n        a: Point = None\n")
    line = m.Line(m.Point(1))
    workspace.replace(m, "self.x + self.y", "7")
    assert dataclasses.fields(m.Line)[0].type is m.Point
    assert line.a.total() == 7


def test_named_tuple(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from typing import NamedTuple

        class Pair(NamedTuple):
            left: int
            right: int = 2

            def total(self):
                return self.left + self.right
        """,
    )
    user = workspace.import_("user", "from m import Pair\nP = Pair(1)\n")
    cls = m.Pair
    workspace.edit("m.py", "right: int = 2", "right: int = 3")
    workspace.replace(m, "self.left + self.right", "self.left * self.right")
    assert m.Pair is cls is user.Pair is type(user.P)
    assert user.P.total() == 2
    assert m.Pair(1) == (1, 3)
    assert user.P._replace(left=5) == (5, 2)
    assert pickle.loads(pickle.dumps(user.P)) == user.P
    assert type(m.Pair._make([1, 2])) is cls
    workspace.replace(m, "right: int = 3", "right: int = 3\n    third: int = 4")
    assert m.Pair(1) == (1, 3, 4)
    assert m.Pair._fields == ("left", "right", "third")
    assert user.P.left == 1
    assert m.Pair(1).third == 4


def test_functional_namedtuple(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from collections import namedtuple

        P = namedtuple("P", "x y")

        def f():
            return P(1, 2)
        """,
    )
    user = workspace.import_("user", "from m import P\n")
    cls, p = m.P, m.f()
    workspace.replace(m, "P(1, 2)", "P(3, 4)")
    assert m.P is cls
    workspace.replace(m, '"x y"', '"x y z", defaults=[5]')
    assert user.P is m.P
    assert m.f() == (3, 4, 5)
    assert (p.x, p.y) == (1, 2)
    assert m.f().z == 5


def test_typed_dict(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from typing import TypedDict

        class Movie(TypedDict):
            name: str

        class Rated(Movie, total=False):
            stars: int

        def make() -> Movie:
            return Movie(name="x")
        """,
    )
    cls = m.Movie
    workspace.replace(m, "name: str", "name: str\n    year: int")
    assert m.Movie is cls
    assert set(cls.__annotations__) == set(cls.__required_keys__) == {"name", "year"}
    assert set(m.Rated.__annotations__) == {"name", "year", "stars"}
    assert m.Rated.__optional_keys__ == {"stars"}
    assert typing.get_type_hints(m.make)["return"] is cls
    assert m.make() == {"name": "x"}
