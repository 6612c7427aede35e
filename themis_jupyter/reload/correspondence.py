"""Which old object each new object is the successor of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """An old object and the new one that gives it its contents.

    :param name: qualified name within the module, for the report.
    :param module: name of the module.
    """

    old: object
    new: object
    name: str
    module: str


class Correspondence:
    """A map from new objects to old ones, by identity. New objects are kept alive by it."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []
        self._old_by_new: dict[int, object] = {}
        self._taken: set[int] = set()

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, new: object) -> bool:
        return id(new) in self._old_by_new

    def pair(self, old: object, new: object, name: str, module: str) -> None:
        """Note that ``new`` is the successor of ``old``.

        One new object may succeed several old ones (two functions became one); the first of them
        stands for it from then on.
        """
        self._pairs.append(Pair(old, new, name, module))
        self._old_by_new.setdefault(id(new), old)
        self._taken.add(id(old))

    def taken(self, old: object) -> bool:
        """Return whether ``old`` has a successor."""
        return id(old) in self._taken

    def old_of(self, new: object) -> object:
        """Return the old object that ``new`` succeeds, or ``new`` itself."""
        return self._old_by_new.get(id(new), new)
