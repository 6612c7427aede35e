"""Which plugins a cell uses: by handles, by what was imported from them, by objects that they made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..handle import Handle, target_of

_RUNS = ("run_line_magic", "run_cell_magic")

#: Magics whose line, or cell, is Python that they run here.
_RUN_PYTHON = frozenset(
    ("time", "timeit", "prun", "capture", "debug", "memit", "mprun", "lprun", "pyinstrument")
)

_NAME = re.compile(r"[^\W\d]\w*")


def plugins_used(
    cell: str, namespace: Mapping[str, Any], modules: Mapping[str, str]
) -> frozenset[str]:
    """Return the names of the plugins that a cell uses, as far as its text and these names tell.

    Functions of the notebook count for what they use, and so does the code that ``%%time`` and its kind run.
    Containers are not looked into.

    :param cell: Python source, as IPython made it of what the user wrote.
    :param namespace: the notebook's names.
    :param modules: by module name, the plugin that it belongs to.
    """
    tree = _parsed(cell)
    if tree is None:
        return frozenset()
    found: set[str] = set()
    pending: list[str] = []
    for node in _nodes(tree):
        if isinstance(node, ast.Name):
            pending.append(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found.update(modules[name] for name in _imported(node) if name in modules)
        elif isinstance(node, ast.Call):
            pending += _words(node)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name not in namespace:
            continue
        seen.add(name)
        value = namespace[name]
        if type(value) is FunctionType and value.__globals__ is namespace:
            pending += _names(value.__code__)
        owner = _owner(value, modules)
        if owner is not None:
            found.add(owner)
    return frozenset(found)


def _parsed(text: str) -> ast.AST | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a tree, and in the cells below magics that run Python."""
    for node in ast.walk(tree):
        yield node
        if isinstance(node, ast.Call) and len(texts := _texts(node)) == 2:
            below = _parsed(texts[1])
            if below is not None:
                yield from _nodes(below)


def _words(node: ast.Call) -> list[str]:
    """Return what may be names in the text of a magic that runs Python, where that text is not plain Python."""
    texts = _texts(node)
    return [
        word
        for number, text in enumerate(texts)
        if number == 0 or _parsed(text) is None
        for word in _NAME.findall(text)
    ]


def _texts(node: ast.Call) -> list[str]:
    """Return a magic's line, and its cell if it has one; nothing for other calls, and other magics."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _RUNS:
        return []
    given = [each.value for each in node.args if isinstance(each, ast.Constant)]
    texts = [each for each in given if isinstance(each, str)]
    return texts[1:] if texts and texts[0] in _RUN_PYTHON else []


def _imported(node: ast.ImportFrom | ast.Import) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""]


def _owner(value: Any, modules: Mapping[str, str]) -> str | None:
    # Only what type() says: an object of the user's may answer anything, and take its time.
    if type(value) is MethodType:
        value = value.__self__
    kind = type(value)
    if issubclass(kind, Handle):
        return target_of(value).name
    if kind is ModuleType:
        module: object = value.__name__
    elif kind is FunctionType or issubclass(kind, type):
        module = value.__module__
    else:
        module = kind.__module__
    return modules.get(module) if isinstance(module, str) else None


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
