"""What still holds after a reload, with us and with our peers: ``python -m benchmarks.comparison``.

Each line of the table is run: a module is written, imported, used, edited and reloaded.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.generated import Project
from benchmarks.peers import ALL, Tool

Check = Callable[["Scene"], object]  # truthy: it holds
_checks: dict[str, Check] = {}

SHAPES = """
LIMIT = 10
CACHE = {}

def area(side):
    return side * 1

class Shape:
    def name(self):
        return "old"
"""


class Scene:
    """One tool, one folder; modules by name."""

    def __init__(self, tool: Tool, project: Project, prefix: str) -> None:
        self._tool, self._project, self._prefix = tool, project, prefix

    def load(self, text: str, name: str = "shapes") -> ModuleType:
        """Write and import a module; ``HERE_`` in the text stands for the prefix of all names."""
        module = self._project.load(self._prefix + name, text.replace("HERE_", self._prefix))
        self._tool.watch(module)
        return module

    def edit(self, module: ModuleType, old: str, new: str) -> None:
        """Replace a piece of a module's text, and reload it."""
        path = self._project.path(module.__name__)
        text = path.read_text()
        assert text.count(old) == 1, old
        self._project.write(module.__name__, text.replace(old, new))
        self._tool.apply(module)


def behaviour(name: str) -> Callable[[Check], Check]:
    """Add a line to the table."""

    def add(check: Check) -> Check:
        _checks[name] = check
        return check

    return add


@behaviour("a class is still the same object")
def same_class(scene: Scene) -> object:
    module = scene.load(SHAPES)
    held = module.Shape
    scene.edit(module, '"old"', '"new"')
    return held is module.Shape and module.Shape().name() == "new"


@behaviour("an old instance has the new method")
def old_instance(scene: Scene) -> object:
    module = scene.load(SHAPES)
    shape = module.Shape()
    scene.edit(module, '"old"', '"new"')
    return shape.name() == "new" and isinstance(shape, module.Shape)


@behaviour("a bound method that was taken runs the new code")
def bound_method(scene: Scene) -> object:
    module = scene.load(SHAPES)
    name = module.Shape().name
    scene.edit(module, '"old"', '"new"')
    return name() == "new"


@behaviour("from m import function: the name follows")
def imported_function(scene: Scene) -> object:
    module = scene.load(SHAPES)
    user = scene.load("from HERE_shapes import area", "user")
    scene.edit(module, "side * 1", "side * 2")
    return user.area(1) == 2


@behaviour("from m import Class: the name follows")
def imported_class(scene: Scene) -> object:
    module = scene.load(SHAPES)
    user = scene.load("from HERE_shapes import Shape", "user")
    scene.edit(module, '"old"', '"new"')
    shape = user.Shape()
    return shape.name() == "new" and isinstance(shape, module.Shape)


@behaviour("from m import CONSTANT: the name follows")
def imported_constant(scene: Scene) -> object:
    module = scene.load(SHAPES)
    user = scene.load("from HERE_shapes import LIMIT", "user")
    scene.edit(module, "LIMIT = 10", "LIMIT = 20")
    return module.LIMIT == user.LIMIT == 20


REGISTERED = """
from HERE_registry import register

@register
def first():
    return 1

def second():
    return 1
"""
REGISTRY = "KNOWN = []\n\ndef register(f):\n    KNOWN.append(f)\n    return f\n"


@behaviour("a registry holds each function once, and calls the new code")
def registry(scene: Scene) -> object:
    known = scene.load(REGISTRY, "registry").KNOWN
    module = scene.load(REGISTERED)
    scene.edit(module, "def first():\n    return 1", "def first():\n    return 2")
    return [f() for f in known] == [2] and known[0] is module.first


@behaviour("what a module's dict was filled with stays")
def kept_cache(scene: Scene) -> object:
    module = scene.load(SHAPES)
    module.CACHE["answer"] = 42
    scene.edit(module, "side * 1", "side * 2")
    return module.CACHE == {"answer": 42} and module.area(1) == 2


@behaviour("an expensive statement is not repeated by an edit elsewhere")
def expensive(scene: Scene) -> object:
    counter = scene.load("COUNT = []\n", "counter")
    module = scene.load("from HERE_counter import COUNT\nDATA = COUNT.append(1)\n" + SHAPES)
    scene.edit(module, "side * 1", "side * 2")
    return counter.COUNT == [1] and module.area(1) == 2


@behaviour("but a constant that it is computed from makes it run again")
def dependent_constant(scene: Scene) -> object:
    module = scene.load("SIZE = 2\nTABLE = [SIZE] * SIZE\n" + SHAPES)
    scene.edit(module, "SIZE = 2", "SIZE = 3")
    return module.TABLE == [3, 3, 3]


@behaviour("an error in the body leaves everything as it was")
def broken_body(scene: Scene) -> object:
    module = scene.load(SHAPES)
    before, shape = dict(vars(module)), module.Shape()
    scene.edit(module, 'return "old"', 'return "new"\n\nLIMIT = 11\nraise ValueError')
    same = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    return shape.name() == "old" and same == {
        k: before[k] for k in before if not k.startswith("__")
    }


@behaviour("a syntax error leaves everything as it was")
def broken_syntax(scene: Scene) -> object:
    module = scene.load(SHAPES)
    names, shape = set(vars(module)), module.Shape()
    scene.edit(module, 'return "old"', 'return "new"\n\ndef half(')
    return shape.name() == "old" and names == set(vars(module)) and module.Shape is type(shape)


@behaviour("an enum's members are the same after one is added")
def enum_member(scene: Scene) -> object:
    module = scene.load("import enum\n\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n")
    red = module.Color.RED
    scene.edit(module, "BLUE = 2", "BLUE = 2\n    GREEN = 3")
    return red is module.Color.RED and red is module.Color(1) and module.Color.GREEN.value == 3


@behaviour("a subclass in another module has the new method")
def subclass(scene: Scene) -> object:
    module = scene.load(SHAPES)
    user = scene.load("from HERE_shapes import Shape\n\nclass Square(Shape):\n    pass\n", "user")
    square = user.Square()
    scene.edit(module, '"old"', '"new"')
    return square.name() == "new" and issubclass(user.Square, module.Shape)


@behaviour("super() works in a method that was edited")
def super_call(scene: Scene) -> object:
    module = scene.load(
        "class Base:\n    def name(self):\n        return 'base'\n\n"
        "class Child(Base):\n    def name(self):\n        return 'old ' + super().name()\n"
    )
    child = module.Child()
    scene.edit(module, "'old '", "'new '")
    return child.name() == "new base"


@behaviour("a cached function (lru_cache) that was held gives the new answers")
def decorated(scene: Scene) -> object:
    module = scene.load(
        "import functools\n\n@functools.lru_cache\ndef double(number):\n    return number * 2\n"
    )
    double = module.double
    assert double(1) == 2
    scene.edit(module, "number * 2", "number * 3")
    return double(1) == 3


@behaviour("a name that was deleted is gone")
def deleted(scene: Scene) -> object:
    module = scene.load(SHAPES)
    scene.edit(module, "def area(side):\n    return side * 1\n", "")
    return not hasattr(module, "area") and hasattr(module, "Shape")


@behaviour("a name that was set from outside stays")
def set_from_outside(scene: Scene) -> object:
    module = scene.load(SHAPES)
    vars(module)["mine"] = 1
    scene.edit(module, "side * 1", "side * 2")
    return getattr(module, "mine", None) == 1 and module.area(1) == 2


def holds(check: Check, make_tool: type[Any], prefix: str) -> bool:
    """Run one line with one tool. An exception means that it does not hold."""
    quiet = contextlib.redirect_stderr(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, Project(Path(folder)) as project, quiet:
        tool = make_tool()
        try:
            return bool(check(Scene(tool, project, prefix)))
        except Exception:  # noqa: BLE001 - whatever it is, the line does not hold
            return False
        finally:
            tool.close()


def results() -> dict[str, list[bool]]:
    """Return, for each behaviour, whether it holds with each tool."""
    return {
        name: [
            holds(check, tool, f"t{number}_{check.__name__}_") for number, tool in enumerate(ALL)
        ]
        for name, check in _checks.items()
    }


def table(found: dict[str, list[bool]]) -> str:
    """Return the answers as text."""
    titles = [tool.name for tool in ALL]
    width = max(map(len, found))
    lines = ["  ".join([" " * width, *titles])]
    for name, answers in found.items():
        cells = [
            ("yes" if answer else "no").ljust(len(t))
            for answer, t in zip(answers, titles, strict=True)
        ]
        lines.append("  ".join([name.ljust(width), *cells]).rstrip())
    sums = [
        str(sum(answers[i] for answers in found.values())).ljust(len(t))
        for i, t in enumerate(titles)
    ]
    lines.append("  ".join([f"of {len(found)}".rjust(width), *sums]).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(table(results()))
    sys.stdout.flush()
