"""Which source a module runs, and what that source put into its classes and functions."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ..errors import SourceError
from ..pinning import pin_source, unpin_source
from .objects import LruCache, attributes_of, contents_of, is_a, name_of
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
    produced = produced_by(module) if before is None else before.produced
    tracked = Tracked(source, outline.without_nodes(), produced)
    restore(module, tracked)
    return tracked


def look_again(module: ModuleType) -> None:
    """Bring up to date what a module's source has put into its classes and functions."""
    known = tracked(module)
    if known is not None:
        restore(module, replace(known, produced=produced_by(module)))


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


def produced_by(module: ModuleType) -> dict[str, frozenset[str]]:
    """Return, for each class and function of a module, the names in its ``__dict__``.

    What decorators put around a function counts as that function.
    """
    produced: dict[str, frozenset[str]] = {}
    seen: set[int] = set()
    # A class or function counts under its own name, as it does where new ones are matched with old.
    first = sorted(vars(module).items(), key=lambda pair: name_of(pair[1]) != pair[0])
    pending: deque[tuple[str, Any]] = deque(first)
    while pending:
        name, value = pending.popleft()
        if is_a(value, staticmethod | classmethod):
            value = value.__func__
        if id(value) in seen:
            continue
        seen.add(id(value))
        inside: Iterable[Any] = ()
        attributes: Mapping[str, Any] = attributes_of(value) or {}
        if is_a(value, type):
            if value.__module__ != module.__name__:
                continue
            attributes = vars(value)
            pending += [(f"{name}.{key}", member) for key, member in attributes.items()]
        elif is_a(value, FunctionType | LruCache):
            if getattr(value, "__module__", None) != module.__name__:
                continue
            inside = [*attributes.values(), *contents_of(getattr(value, "__closure__", None))]
        elif type(value).__module__ == module.__name__:
            inside, attributes = list(attributes.values()), {}
        else:
            continue
        pending += [(name, item) for item in inside if is_a(item, FunctionType | LruCache)]
        if attributes:
            produced[name] = produced.get(name, frozenset()) | frozenset(attributes)
    return produced
