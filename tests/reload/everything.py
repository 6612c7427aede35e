"""A module with one of everything, others that use it, and an edit in many places."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reload import snapshot
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace, dedent

#: A module with one of everything.
SOURCE = dedent('''
    """The module's doc."""
    import functools
    import os
    from dataclasses import dataclass, field
    from enum import Enum
    from typing import NamedTuple

    import shared

    LIMIT = 10
    TABLE = {"limit": LIMIT}
    NAMES = ["a", "b"]


    def plain(x, y=LIMIT, *, z=3):
        """Plain."""
        return x + y + z


    def make(n):
        def add(x):
            return x + n
        return add


    add3 = make(3)


    @shared.register
    @functools.lru_cache
    def cached(x):
        return x


    half = functools.partial(plain, y=1)


    class Meta(type):
        made = []

        def __new__(meta, name, bases, namespace):
            cls = super().__new__(meta, name, bases, namespace)
            meta.made.append(name)
            return cls


    class Base(metaclass=Meta):
        subclasses = []
        count = 0

        def __init_subclass__(cls):
            super().__init_subclass__()
            Base.subclasses.append(cls)

        def __init__(self, n):
            self.n = n

        def step(self):
            Base.count += 1
            return self.n

        @property
        def double(self):
            return 2 * self.n

        @staticmethod
        def static():
            return "static"

        @classmethod
        def of(cls, n):
            return cls(n)


    @shared.register
    class Child(Base):
        def step(self):
            return super().step() + 1


    @dataclass
    class Point:
        x: int = 1
        tags: list = field(default_factory=list)


    class Color(Enum):
        RED = 1
        GREEN = 2


    class Pair(NamedTuple):
        left: int
        right: int = 2


    INSTANCE = Child(5)


    def last():
        return "last"
    ''')

SHARED = """
    REGISTRY = []
    BY_NAME = {}

    def register(item):
        REGISTRY.append(item)
        BY_NAME[getattr(item, "__name__", "?")] = item
        return item
    """

USER = """
    from everything import Base, Child, Color, LIMIT, Point, cached, make, plain

    class Further(Child):
        def step(self):
            return super().step() + 100

    OBJECTS = [Base(1), Child(2), Further(3), Point(), Color.RED]
    METHODS = [o.step for o in OBJECTS[:3]]
    TABLE = {plain: cached, Child: OBJECTS}
    """

#: The same edit in many places; a failure is added to it.
EDITS = [
    ("LIMIT = 10", "LIMIT = 20"),
    ("return x + y + z", "return (x, y, z)"),
    ("z=3", "z=4"),
    ("return x + n", "return x * n"),
    ("return 2 * self.n", "return 3 * self.n"),
    ("return super().step() + 1", "return super().step() + 2"),
    ("x: int = 1", "x: int = 2\n    y: int = 3"),
    ("GREEN = 2", "GREEN = 2\n    BLUE = 3"),
    ("right: int = 2", "right: int = 3"),
    ("made = []", "made = []\n    extra = 1"),
    ('return "last"', 'return "LAST"'),
]


class World:
    """The rich module with those that use it."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.shared = ws.load("shared", SHARED)
        self.module = ws.load("everything", SOURCE)
        self.user = ws.load("user", USER)
        self.module.cached(1)
        self.user.OBJECTS[1].step()
        self.module.extra = "set from outside"
        self.module.Base.note = "set from outside"

    def picture(self) -> snapshot.Picture:
        return snapshot.take(modules=(self.shared, self.module, self.user))

    def edit(self) -> None:
        for old, new in EDITS:
            self.ws.edit("everything.py", old, new)

    def check_new(self) -> None:
        """Check that the edits are what runs now, for all who hold something of the module."""
        m, user = self.module, self.user
        assert m.LIMIT == user.LIMIT == m.TABLE["limit"] == 20
        assert user.plain is m.plain
        assert user.plain(1) == (1, 20, 4)
        assert m.add3(5) == 15
        assert [o.step() for o in user.OBJECTS[:3]] == [1, 4, 105]
        assert [m() for m in user.METHODS] == [1, 4, 105]
        assert user.OBJECTS[0].double == 3
        assert isinstance(user.OBJECTS[2], m.Child)
        assert m.Point() == m.Point(2, 3, [])
        assert m.Pair(1) == (1, 3)
        assert m.last() == "LAST"
        assert m.extra == m.Base.note == "set from outside"


def failing(world: World, error: type[BaseException] = ReloadError) -> ReloadError:
    """Reload, which must fail and leave no trace; return the error."""
    before = world.picture()
    with pytest.raises(error) as caught:
        world.ws.reload(world.module)
    assert snapshot.difference(before, world.picture()) == []
    value: Any = caught.value
    return value


def repaired(world: World, text: str = SOURCE) -> None:
    """Write the file without the failure, and check that the next reload takes it."""
    world.ws.write("everything.py", text)
    world.edit()
    assert world.ws.reload(world.module)
    world.check_new()
