"""After a failed reload everything is as before, and the repaired file reloads."""

from __future__ import annotations

import codecs
import sys
from types import ModuleType

import pytest

from tests.reload.everything import SOURCE, World, failing, repaired
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace


@pytest.fixture
def world(workspace: Workspace) -> World:
    for name in ("ascii", "latin-1", "utf-16"):
        codecs.lookup(name)  # Python imports a codec when it is first used, and keeps it
    return World(workspace)


def test_the_edit_itself_is_fine(world: World) -> None:
    repaired(world)
    m, user = world.module, world.user
    assert user.Color.RED is user.OBJECTS[4] is m.Color.RED is m.Color(1)
    assert m.Color.BLUE.value == 3


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
    text = world.ws.path("everything.py").read_text()
    world.ws.write("everything.py", f"{text}\n\n{tail}\n")
    failing(world)
    repaired(world)


LATER = ("Base", "Child", "Color")


@pytest.mark.parametrize(
    "tail", [t for t in IN_THE_BODY.values() if not any(name in t for name in LATER)]
)
def test_raised_in_the_middle_of_the_body(world: World, tail: str) -> None:
    world.edit()
    world.ws.edit("everything.py", "class Meta(type):", f"{tail}\n\n\nclass Meta(type):")
    failing(world)
    repaired(world)


def test_keyboard_interrupt_of_the_body_is_passed_on(world: World) -> None:
    world.edit()
    world.ws.edit("everything.py", "INSTANCE = Child(5)", "raise KeyboardInterrupt")
    failing(world, KeyboardInterrupt)
    repaired(world)


def test_error_names_what_was_raised_and_keeps_it_as_cause(world: World) -> None:
    world.ws.edit("everything.py", "LIMIT = 10", "LIMIT = 1 / 0")
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
    world.ws.write("everything.py", data)
    error = failing(world)
    assert "everything.py" in str(error), "it says which file"
    repaired(world)


@pytest.mark.parametrize("data", [data for data in BYTES.values() if b"coding:" not in data])
def test_bytes_that_are_not_source_at_the_end(world: World, data: bytes) -> None:
    world.edit()
    world.ws.write("everything.py", world.ws.path("everything.py").read_bytes() + data)
    failing(world)
    repaired(world)


def test_deleted_file(world: World) -> None:
    world.ws.delete("everything.py")
    error = failing(world)
    assert "everything.py" in str(error)
    repaired(world)


def test_file_became_a_folder(world: World) -> None:
    world.ws.delete("everything.py")
    world.ws.path("everything.py").mkdir()
    failing(world)
    world.ws.path("everything.py").rmdir()
    repaired(world)


def test_module_that_is_not_the_imported_one(world: World) -> None:
    other = ModuleType("everything")
    other.__file__ = world.module.__file__
    with pytest.raises(ReloadError):
        world.ws.reload(other)
    assert sys.modules["everything"] is world.module


def test_module_without_a_file() -> None:
    from themis_jupyter.reload import reload_in_place

    with pytest.raises(ReloadError):
        reload_in_place(sys)


def test_two_failures_in_a_row(world: World) -> None:
    for tail in ("1 / 0", "raise SystemExit", "import no_module_of_this_name"):
        world.ws.write("everything.py", SOURCE)
        world.edit()
        world.ws.edit("everything.py", "INSTANCE = Child(5)", f"INSTANCE = Child(6)\n{tail}")
        failing(world)
    repaired(world)
