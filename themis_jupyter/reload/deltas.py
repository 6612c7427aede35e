"""Taking a change back that others have changed further: only what it did, and is still there, goes."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

ABSENT: Any = object()

K = TypeVar("K")


def same_elements(one: list[Any], other: list[Any]) -> bool:
    """Return whether two lists hold the same objects, in the same order."""
    return len(one) == len(other) and all(map(operator.is_, one, other))


def without_change(now: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    """Return a list as it would be if ``before`` had not become ``after``.

    :param now: what became of ``after`` since.
    """
    if same_elements(now, after):
        return before
    added, removed = _more(after, before), _more(before, after)
    result: list[Any] = []
    for item in now:
        if added.get(id(item), 0):
            added[id(item)] -= 1
        else:
            result.append(item)
    for index, item in enumerate(before):
        if removed.get(id(item), 0):
            removed[id(item)] -= 1
            result.insert(min(index, len(result)), item)
    return result


def keys_to_undo(
    now: Mapping[K, Any], before: Mapping[K, Any], after: Mapping[K, Any]
) -> dict[K, Any]:
    """Return, by key, what is to be put back, :data:`ABSENT` for what is to go.

    What others have set since is theirs.
    """
    found: dict[K, Any] = {}
    for key in {**before, **after}:
        old, new = before.get(key, ABSENT), after.get(key, ABSENT)
        if old is not new and now.get(key, ABSENT) is new:
            found[key] = old
    return found


def _more(one: Iterable[Any], other: Iterable[Any]) -> dict[int, int]:
    """Return, by the id of an object, how many times more it is in one than in the other."""
    counts: dict[int, int] = {}
    for item in one:
        counts[id(item)] = counts.get(id(item), 0) + 1
    for item in other:
        if id(item) in counts:
            counts[id(item)] -= 1
    return {key: count for key, count in counts.items() if count > 0}
