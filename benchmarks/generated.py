"""Modules made to measure: sources of any size, and edits that really change them."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

HEADER = '''\
"""A module made for benchmarks."""

from __future__ import annotations

import math
from collections.abc import Iterable

LIMIT = 1_000
TABLE = {index: index * index for index in range(50)}
CACHE: dict[str, float] = {}

'''

FUNCTION = """\
def function_{index}(values: Iterable[float], scale: float = 1, *, offset: int = {index}) -> float:
    total = math.fsum(values) * scale
    return total + offset{call} + {constant}

"""

CLASS = """\
class Class{index}{base}:
    def __init__(self, number: int = 0) -> None:
        self.number = number
"""

METHOD = '''\
    def method_{index}(self, other: int) -> int:
        """Return a number that depends on another one."""
        return self.number if other > LIMIT else self.number + other * {constant}
'''

METHODS = 4  # of each class, __init__ among them


def source(functions: int = 200, classes: int = 40, *, constant: int = 1) -> str:
    """Return a source. Another ``constant`` changes the code of every function and class.

    The default is the module that the bars are about: 200 functions, 40 classes of four methods.
    """
    parts = [HEADER]
    for index in range(functions):
        call = f" + function_{index // 2}(values)" if index % 3 == 2 else ""
        parts.append(FUNCTION.format(index=index, call=call, constant=constant))
    for index in range(classes):
        base = f"(Class{index - 1})" if index % 4 == 3 else ""
        parts.append(CLASS.format(index=index, base=base))
        parts += [METHOD.format(index=method, constant=constant) for method in range(1, METHODS)]
        parts.append("\n")
    return "".join(parts)


def edit_method(text: str, number: int, *, index: int = 20) -> str:
    """Return the text with one method of a class changed; each ``number`` gives other code."""
    head, title, rest = text.partition(f"class Class{index}:")
    assert title, f"there is no Class{index} without a base"
    return head + title + rest.replace("other * 1\n", f"other * {number + 2}\n", 1)


def grow_method(text: str, number: int) -> str:
    """Return the text with another method body, longer every other time: what follows moves."""
    extra = "        other += 0\n" * (number % 2)
    body = "        return self.number if other > LIMIT else"
    head, title, rest = edit_method(text, number).partition("class Class20:")
    return head + title + rest.replace(body, extra + body, 1)


def insert_lines(text: str, number: int) -> str:
    """Return the text with one or two comment lines more above all definitions, by turns."""
    comments = "# a comment\n" * (1 + number % 2)
    return text.replace("LIMIT = ", f"{comments}LIMIT = ", 1)


TEXT = source()

#: Edits of the module, each as a function from a version's number to its text.
EDITS: dict[str, Callable[[int], str]] = {
    "one edited method": lambda n: edit_method(TEXT, n),
    "a method that grew by a line": lambda n: grow_method(TEXT, n),
    "one edited method, and lines at the top": lambda n: edit_method(insert_lines(TEXT, n), n),
    "an unchanged file, saved again": lambda n: TEXT,
    "everything changed": lambda n: source(constant=n + 2),
}


def runs_edit(module: Any, number: int) -> bool:
    """Whether an object of the module's class has the edited method of version ``number``."""
    return bool(module.Class20(0).method_1(1) == number + 2)


class Project:
    """A folder of modules that is importable while the ``with`` block runs.

    Each version of a file gets a modification time of its own: caches count in whole seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._moments = itertools.count(int(time.time()) - 1_000_000, 2)

    def __enter__(self) -> Project:
        sys.path.insert(0, str(self.folder))
        return self

    def __exit__(self, *_: object) -> None:
        sys.path.remove(str(self.folder))
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and Path(file).parent == self.folder:
                del sys.modules[name]
        sys.path_importer_cache.pop(str(self.folder), None)

    def path(self, name: str) -> Path:
        """Return the file of a module."""
        return self.folder / f"{name}.py"

    def write(self, name: str, text: str) -> Path:
        """Write a module's file."""
        path = self.path(name)
        path.write_text(text, encoding="utf-8")
        moment = next(self._moments)
        os.utime(path, (moment, moment))
        return path

    def load(self, name: str, text: str) -> ModuleType:
        """Write and import a module."""
        self.write(name, text)
        importlib.invalidate_caches()
        return importlib.import_module(name)


def run_whole(path: Path) -> None:
    """Read, compile and execute a file into an empty dict: the time of this is F."""
    exec(compile(path.read_bytes(), path, "exec"), {})
