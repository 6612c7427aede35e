"""Names that others took with ``from m import X``, whose object cannot stay the same.

Of a module, its source tells what it took. Of a namespace without a file, such as a notebook's, a
provider tells: see :func:`add_provider`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .objects import is_a
from .writes import Writes

_ABSENT: Any = object()

#: Given a module's name, yields who took what from it: namespace, local name, name in the module.
Provider = Callable[[str], Iterable[tuple[dict[str, Any], str, str]]]

_providers: list[tuple[object, Provider]] = []
_cache: dict[str, tuple[tuple[int, int], list[tuple[str, int, str, str]]]] = {}


def add_provider(provider: Provider) -> Callable[[], None]:
    """Let ``provider`` say which names outside of modules were taken; return what ends that.

    It is asked in the middle of a reload, in whichever thread that runs, and must not raise.
    """
    entry = (object(), provider)
    _providers.append(entry)

    def remove() -> None:
        _providers[:] = [e for e in _providers if e[0] is not entry[0]]

    return remove


def follow(writes: Writes, module: ModuleType, values: Mapping[str, tuple[Any, Any]]) -> list[str]:
    """Add writes that give importers of ``module`` its new values.

    A name is written only where the importer's own source says that it came from ``module``, and where
    the old value is still there: two modules may hold the same small number for reasons of their own.

    :param values: for each name of ``module``, its old and its new value.
    :returns: the qualified names that follow.
    """
    followed: list[str] = []
    if not values:
        return followed
    ids = {id(old) for old, _ in values.values()}
    modules: list[Any] = list(sys.modules.values())  # people put all kinds of things there
    for importer in modules:
        if not is_a(importer, ModuleType) or importer is module:
            continue
        namespace = vars(importer)
        if not any(id(value) in ids for value in list(namespace.values())):
            continue
        for local, name in taken_names(importer, module.__name__, values):
            old, new = values[name]
            if namespace.get(local, _ABSENT) is old:
                writes.item(namespace, local, new)
                followed.append(f"{importer.__name__}.{local}")
    for _, provider in list(_providers):
        for namespace, local, name in provider(module.__name__):
            old, new = values.get(name, (_ABSENT, None))
            if old is not _ABSENT and namespace.get(local, _ABSENT) is old:
                writes.item(namespace, local, new)
                followed.append(f"{namespace.get('__name__', '?')}.{local}")
    return followed


def taken_names(
    importer: ModuleType, module: str, names: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield (local name, name in ``module``) for what ``importer``'s source takes from ``module``."""
    for source, level, name, local in _imports(importer, module.rpartition(".")[2]):
        if absolute(importer, source, level) != module:
            continue
        if name == "*":
            yield from ((public, public) for public in names if not public.startswith("_"))
        elif name in names:
            yield local, name


def absolute(importer: ModuleType, source: str, level: int) -> str:
    """Return the absolute name of what a relative import names."""
    if not level:
        return source
    package = getattr(importer, "__package__", None) or ""
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{source}" if source else base


def _imports(importer: ModuleType, mentioned: str) -> list[tuple[str, int, str, str]]:
    """Return the ``from`` imports in a module's file: module, level, name, local name.

    :param mentioned: a word that the file holds if it imports what is looked for.
    """
    filename = getattr(importer, "__file__", None)
    if not filename or not filename.endswith(".py"):
        return []
    path = Path(filename)
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = _cache.get(filename)
        if known is not None and known[0] == stamp:
            return known[1]
        data = path.read_bytes()
        # Most modules that hold an equal number have nothing to do with ours.
        if mentioned.encode() not in data and b"from ." not in data:
            return []
        tree = ast.parse(data)
    except (OSError, SyntaxError, ValueError):
        # Its file is gone or broken: then it cannot be told where its names came from.
        return []
    found = [
        (node.module or "", node.level, alias.name, alias.asname or alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    _cache[filename] = (stamp, found)
    return found
