"""Which source a module runs, and what that source put into its classes and functions."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ..errors import SourceError
from ..pinning import pin_source, unpin_source
from .objects import LruCache, attributes_of, contents_of, is_a, members_of, name_of
from .outline import Outline, outline_of
from .source import Source, read_source, syntax_error


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is remembered of a module.

    :param source: the bytes that it runs.
    :param produced: for each class and function that a reload has made, by qualified name, the names that
        the source put into it; names beyond those were set from outside.
    :param seen: what was in the others when the module became known: import-time code of other modules
        may have added to it.
    :param assigned: by the name of a class or function, what statements have set on it (``A.limit = 1``).
    """

    source: Source
    outline: Outline
    produced: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    assigned: Mapping[str, frozenset[str]] = field(default_factory=dict)


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
    found = Tracked(
        source,
        outline.without_nodes(),
        seen=produced_by(vars(module), module),
        assigned=outline.assigned,
    )
    restore(module, found)
    return found


def remember(
    module: ModuleType,
    source: Source,
    outline: Outline,
    before: Tracked | None,
    produced: Mapping[str, frozenset[str]],
) -> None:
    """Remember that ``module`` now runs ``source``.

    :param before: what was remembered until now.
    :param produced: names in the classes and functions that the reload made, by qualified name.
    """
    known = before or Tracked(source, outline)
    live = vars(module)
    now = outline.assigned
    assigned = {
        name: known.assigned.get(name, frozenset()) | now.get(name, frozenset())
        for name in known.assigned.keys() | now
    }
    made = {**known.produced, **produced}
    seen = {name: names for name, names in known.seen.items() if name not in made}
    restore(
        module,
        Tracked(
            source,
            outline.without_nodes(),
            _of_those(live, made),
            _of_those(live, seen),
            _of_those(live, assigned),
        ),
    )


def _of_those(
    live: Mapping[str, object], known: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    return {name: names for name, names in known.items() if name.partition(".")[0] in live}


def restore(module: ModuleType, tracked: Tracked | None) -> None:
    """Remember what was remembered before; None forgets the module."""
    with _lock:
        before = _tracked.pop(module, None)
        if tracked is not None:
            _tracked[module] = tracked
    if tracked is not None:
        if before is not None and before.source.filename != tracked.source.filename:
            unpin_source(before.source.filename)
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


def produced_by(
    namespace: Mapping[str, Any], module: ModuleType, among: Set[int] | None = None
) -> dict[str, frozenset[str]]:
    """Return, for each class and function of a module, the names in its ``__dict__``.

    What decorators put around a function counts as that function.

    :param namespace: where the module's names are.
    :param among: the ids of those that are meant; by default, all.
    """
    produced: dict[str, frozenset[str]] = {}
    seen: set[int] = set()
    # A class or function counts under its own name, as it does where new ones are matched with old.
    first = sorted(namespace.items(), key=lambda pair: name_of(pair[1]) != pair[0])
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
        if is_a(value, type | FunctionType | LruCache):
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if among is not None and id(value) not in among:
                continue
            if is_a(value, type):
                attributes = members_of(value)
                pending += [(f"{name}.{key}", member) for key, member in attributes.items()]
            else:
                inside = [*attributes.values(), *contents_of(getattr(value, "__closure__", None))]
            produced[name] = produced.get(name, frozenset()) | frozenset(attributes)
        elif type(value).__module__ == module.__name__:
            inside = list(attributes.values())
        pending += [(name, item) for item in inside if is_a(item, FunctionType | LruCache)]
    return produced
