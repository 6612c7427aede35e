"""Which objects came into being since a moment, without walking the heap.

``gc.freeze()`` sets everything that exists aside in constant time; ``gc.get_objects()`` then lists only
what came after. Collecting while frozen looks at the new objects alone, so classes that a reload made
and threw away are gone at once, also from their bases' ``__subclasses__()``.
"""

from __future__ import annotations

import gc
from types import TracebackType


class Nursery:
    """A context in which new objects can be told from old ones.

    Where the user has frozen objects of their own, freezing again and thawing would undo that; then the
    youngest generation, emptied at the start, serves instead.
    """

    def __init__(self) -> None:
        self._frozen = False
        self._was_enabled = False
        self._open = False

    def __enter__(self) -> Nursery:
        self._was_enabled = gc.isenabled()
        self._frozen = gc.get_freeze_count() == 0
        if self._frozen:
            gc.freeze()
        else:
            gc.disable()
            gc.collect(1)
        self._open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def objects(self) -> list[object]:
        """Return the container objects made since the context was entered."""
        if not self._open:
            return []
        return gc.get_objects() if self._frozen else gc.get_objects(generation=0)

    def collect(self) -> None:
        """Free what was made since and is no longer referred to."""
        if self._open:
            gc.collect() if self._frozen else gc.collect(1)

    def close(self) -> None:
        """Let the collector see all objects again. May be called twice."""
        if not self._open:
            return
        self._open = False
        if self._frozen:
            gc.unfreeze()
        elif self._was_enabled:
            gc.enable()
