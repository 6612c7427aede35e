"""Which plugins a cell uses: by handles, by what was imported from them, by objects that they made."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..handle import Handle, target_of


def plugins_used(
    cell: str, namespace: Mapping[str, Any], modules: Mapping[str, str]
) -> frozenset[str]:
    """Return the names of the plugins that a cell uses, as far as its text and these names tell.

    Functions of the notebook count for what they use. Containers are not looked into.

    :param cell: Python source.
    :param namespace: the notebook's names.
    :param modules: by module name, the plugin that it belongs to.
    """
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    pending: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            pending.append(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found.update(modules[name] for name in _imported(node) if name in modules)
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
