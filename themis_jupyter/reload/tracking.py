"""Which source a module runs, and what that source put into its classes and functions."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ..errors import SourceError
from ..pinning import pin_source, unpin_source
from .objects import attributes_of, is_a
from .outline import Outline, outline_of
from .source import Source, read_source, syntax_error


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is remembered of a module.

    :param source: the bytes that it runs.
    :param produced: for each class and function, by qualified name, the names that its source put into
        it; names beyond those were set from outside.
    """

    source: Source
    outline: Outline
    produced: Mapping[str, frozenset[str]] = field(default_factory=dict)


_tracked: weakref.WeakKeyDictionary[ModuleType, Tracked] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def track(module: ModuleType, source: Source | None = None) -> Tracked:
    """Remember the source that ``module`` runs. Call it right after the import.

    :param source: the bytes that run; by default, what the module's file holds now.
    :raises SourceError: the module has no source file, or it cannot be read.
    """
    if source is None:
        source = read_source(source_path(module))
    try:
        outline = outline_of(source.text, source.filename)
    except SyntaxError as error:
        raise syntax_error(source, error) from error
    return remember(module, source, outline)


def remember(
    module: ModuleType, source: Source, outline: Outline, before: Tracked | None = None
) -> Tracked:
    """Remember that ``module`` now runs ``source``.

    :param before: gives what is in its classes for the moment; :func:`look_again` brings that up to date.
    """
    produced = dict(produced_by(module)) if before is None else before.produced
    tracked = Tracked(source, outline.without_nodes(), produced)
    restore(module, tracked)
    return tracked


def look_again(module: ModuleType) -> None:
    """Bring up to date what a module's source has put into its classes and functions."""
    known = tracked(module)
    if known is not None:
        restore(module, replace(known, produced=dict(produced_by(module))))


def restore(module: ModuleType, tracked: Tracked | None) -> None:
    """Remember what was remembered before; None forgets the module."""
    with _lock:
        if tracked is None:
            _tracked.pop(module, None)
        else:
            _tracked[module] = tracked
    if tracked is not None:
        pin_source(tracked.source.filename, tracked.source.text)


def tracked(module: ModuleType) -> Tracked | None:
    """Return what is remembered of ``module``; None where nothing is."""
    with _lock:
        return _tracked.get(module)


def forget(module: ModuleType) -> None:
    """Forget a module, and let ``inspect`` read its file from disk again."""
    with _lock:
        known = _tracked.pop(module, None)
    if known is not None:
        unpin_source(known.source.filename)


def source_path(module: ModuleType) -> Path:
    """Return the file that a module's source is in.

    :raises SourceError: it has none.
    """
    filename = getattr(module, "__file__", None)
    if filename is None or not filename.endswith((".py", ".pyw")):
        raise SourceError(
            f"module {module.__name__!r} has no Python source file ({filename or 'no file at all'}), "
            "so there is nothing to reload it from."
        )
    return Path(filename)


def produced_by(module: ModuleType) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield, for each class and function of a module, the names in its ``__dict__``."""
    seen: set[int] = set()
    pending: list[tuple[str, Any]] = list(vars(module).items())
    while pending:
        name, value = pending.pop()
        if is_a(value, staticmethod | classmethod):
            value = value.__func__
        if not is_a(value, type | FunctionType) or id(value) in seen:
            continue
        if value.__module__ != module.__name__:
            continue
        seen.add(id(value))
        if is_a(value, type):
            names = vars(value)
            yield name, frozenset(names)
            pending += [(f"{name}.{key}", member) for key, member in names.items()]
        elif attributes := attributes_of(value):
            yield name, frozenset(attributes)
