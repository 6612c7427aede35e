"""After a failed reload everything is as before, and the repaired file reloads."""

from __future__ import annotations

import codecs
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.reload import snapshot
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace, dedent

#: A module with one of everything.
RICH = dedent('''
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
    from rich import Base, Child, Color, LIMIT, Point, cached, make, plain

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
        self.rich = ws.load("rich", RICH)
        self.user = ws.load("user", USER)
        self.rich.cached(1)
        self.user.OBJECTS[1].step()
        self.rich.extra = "set from outside"
        self.rich.Base.note = "set from outside"

    def picture(self) -> snapshot.Picture:
        return snapshot.take(modules=(self.shared, self.rich, self.user))

    def edit(self) -> None:
        for old, new in EDITS:
            self.ws.edit("rich.py", old, new)

    def check_new(self) -> None:
        """Check that the edits are what runs now, for all who hold something of the module."""
        rich, user = self.rich, self.user
        assert rich.LIMIT == user.LIMIT == rich.TABLE["limit"] == 20
        assert user.plain is rich.plain
        assert user.plain(1) == (1, 20, 4)
        assert rich.add3(5) == 15
        assert [o.step() for o in user.OBJECTS[:3]] == [1, 4, 105]
        assert [m() for m in user.METHODS] == [1, 4, 105]
        assert user.OBJECTS[0].double == 3
        assert isinstance(user.OBJECTS[2], rich.Child)
        assert rich.Point() == rich.Point(2, 3, [])
        assert rich.Pair(1) == (1, 3)
        assert rich.last() == "LAST"
        assert rich.extra == rich.Base.note == "set from outside"


@pytest.fixture
def world(workspace: Workspace) -> World:
    for name in ("ascii", "latin-1", "utf-16"):
        codecs.lookup(name)  # Python imports a codec when it is first used, and keeps it
    return World(workspace)


def failing(world: World, error: type[BaseException] = ReloadError) -> ReloadError:
    """Reload, which must fail and leave no trace; return the error."""
    before = world.picture()
    with pytest.raises(error) as caught:
        world.ws.reload(world.rich)
    assert snapshot.difference(before, world.picture()) == []
    value: Any = caught.value
    return value


def repaired(world: World, text: str = RICH) -> None:
    """Write the file without the failure, and check that the next reload takes it."""
    world.ws.write("rich.py", text)
    world.edit()
    assert world.ws.reload(world.rich)
    world.check_new()


def test_the_edit_itself_is_fine(world: World) -> None:
    repaired(world)
    rich, user = world.rich, world.user
    assert user.Color.RED is user.OBJECTS[4] is rich.Color.RED is rich.Color(1)
    assert rich.Color.BLUE.value == 3


IN_THE_BODY = {
    "exception": "raise ValueError('x')",
    "system exit": "raise SystemExit(3)",
    "generator exit": "raise GeneratorExit",
    "bare BaseException": "raise BaseException('x')",
    "memory error": "raise MemoryError",
    "recursion error": "def deep():\n    return deep()\ndeep()",
    "stop iteration": "next(iter(()))",
    "name error": "nothing_of_this_name",
    "assertion": "assert LIMIT == 0, 'no'",
    "own exception class": "class Trouble(Exception):\n    pass\nraise Trouble(plain)",
    "exception group": "raise ExceptionGroup('x', [ValueError(1)])",
    "unprintable": "class Odd(Exception):\n    def __str__(self):\n"
    "        raise KeyError\nraise Odd",
    "missing module": "import no_module_of_this_name",
    "missing name": "from shared import no_such_name",
    "class body": "class New(Base):\n    x = 1\n    y = 1 / 0",
    "subclass body": "class Extra(Child):\n    def step(self):\n"
    "        return 1\n    z = LIMIT.nothing",
    "decorator": "@shared.register\n@(lambda f: 1 / 0)\ndef g():\n    pass",
    "class decorator": "@(lambda c: 1 / 0)\nclass New(Base):\n    pass",
    "default": "def g(x=1 / 0):\n    pass",
    "annotation": "def g(x: nothing):\n    pass",
    "base": "class New(Base, LIMIT):\n    pass",
    "metaclass": "class New(metaclass=lambda *a: 1 / 0):\n    pass",
    "metaclass conflict": "class M2(type):\n    pass\nclass New(Base, metaclass=M2):\n    pass",
    "__set_name__": "class D:\n    def __set_name__(self, o, n):\n        1 / 0\n"
    "class New(Base):\n    d = D()",
    "__init_subclass__": "class P(Base):\n    def __init_subclass__(cls):\n"
    "        super().__init_subclass__()\n        1 / 0\nclass Q(P):\n    pass",
    "dataclass": "@dataclass\nclass New:\n    x: list = []",
    "enum": "class Other(Color):\n    BLUE = 4",
    "deep in calls": "list(map(lambda v: v / 0, [1]))",
}


@pytest.mark.parametrize("tail", IN_THE_BODY.values(), ids=IN_THE_BODY)
def test_raised_at_the_end_of_the_body(world: World, tail: str) -> None:
    world.edit()
    text = world.ws.path("rich.py").read_text()
    world.ws.write("rich.py", f"{text}\n\n{tail}\n")
    failing(world)
    repaired(world)


LATER = ("Base", "Child", "Color")


@pytest.mark.parametrize(
    "tail", [t for t in IN_THE_BODY.values() if not any(name in t for name in LATER)]
)
def test_raised_in_the_middle_of_the_body(world: World, tail: str) -> None:
    world.edit()
    world.ws.edit("rich.py", "class Meta(type):", f"{tail}\n\n\nclass Meta(type):")
    failing(world)
    repaired(world)


def test_keyboard_interrupt_of_the_body_is_passed_on(world: World) -> None:
    world.edit()
    world.ws.edit("rich.py", "INSTANCE = Child(5)", "raise KeyboardInterrupt")
    failing(world, KeyboardInterrupt)
    repaired(world)


def test_error_names_what_was_raised_and_keeps_it_as_cause(world: World) -> None:
    world.ws.edit("rich.py", "LIMIT = 10", "LIMIT = 1 / 0")
    error = failing(world)
    assert "ZeroDivisionError" in str(error)
    assert isinstance(error.__cause__, ZeroDivisionError)


BYTES = {
    "null byte": b"x = 1\0\n",
    "null bytes only": b"\0\0\0",
    "not utf-8": b"x = '\xff\xfe'\n",
    "unknown encoding": b"# -*- coding: no-such-thing -*-\nx = 1\n",
    "wrong encoding": b"# -*- coding: ascii -*-\nx = '\xc3\xa4'\n",
    "encoding against bom": b"\xef\xbb\xbf# -*- coding: latin-1 -*-\nx = 1\n",
    "utf-16": "x = 1\n".encode("utf-16"),
    "syntax": b"def broken(:\n",
    "unfinished string": b'x = """ and so on\n',
    "indentation": b"if 1:\nx = 1\n",
    "tabs and spaces": b"if 1:\n\tx = 1\n        y = 1\n",
    "return outside": b"return 1\n",
    "await outside": b"await x\n",
    "late future": b"x = 1\nfrom __future__ import annotations\n",
    "unknown future": b"from __future__ import braces\n",
    "nonlocal": b"nonlocal x\n",
    "duplicate argument": b"def f(a, a):\n    pass\n",
    "nested too deeply": b"x = " + b"(" * 300 + b"1" + b")" * 300 + b"\n",
    "long chain": b"x = " + b"-" * 100_000 + b"1\n",
}


@pytest.mark.parametrize("data", BYTES.values(), ids=BYTES)
def test_bytes_that_are_not_source(world: World, data: bytes) -> None:
    world.ws.write("rich.py", data)
    error = failing(world)
    assert "rich.py" in str(error), "it says which file"
    repaired(world)


@pytest.mark.parametrize("data", [data for data in BYTES.values() if b"coding:" not in data])
def test_bytes_that_are_not_source_at_the_end(world: World, data: bytes) -> None:
    world.edit()
    world.ws.write("rich.py", world.ws.path("rich.py").read_bytes() + data)
    failing(world)
    repaired(world)


def test_deleted_file(world: World) -> None:
    world.ws.delete("rich.py")
    error = failing(world)
    assert "rich.py" in str(error)
    repaired(world)


def test_file_became_a_folder(world: World) -> None:
    world.ws.delete("rich.py")
    world.ws.path("rich.py").mkdir()
    failing(world)
    world.ws.path("rich.py").rmdir()
    repaired(world)


def test_module_that_is_not_the_imported_one(world: World) -> None:
    other = ModuleType("rich")
    other.__file__ = world.rich.__file__
    with pytest.raises(ReloadError):
        world.ws.reload(other)
    assert sys.modules["rich"] is world.rich


def test_module_without_a_file() -> None:
    from themis_jupyter.reload import reload_in_place

    with pytest.raises(ReloadError):
        reload_in_place(sys)


def test_two_failures_in_a_row(world: World) -> None:
    for tail in ("1 / 0", "raise SystemExit", "import no_module_of_this_name"):
        world.ws.write("rich.py", RICH)
        world.edit()
        world.ws.edit("rich.py", "INSTANCE = Child(5)", f"INSTANCE = Child(6)\n{tail}")
        failing(world)
    repaired(world)
