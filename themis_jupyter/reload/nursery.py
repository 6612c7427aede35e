"""Which objects came into being since a moment, without walking the heap.

New objects belong to the collector's youngest generation until it looks at them. So that generation is
emptied first (its objects, a few hundred, go on to the next), and automatic collections are put off; should
the body ask for one, the young objects are noted before it begins.
"""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Collection

from ..collector import CollectorPaused
from .heap import young_objects
from .objects import IMMUTABLE_TYPE, of_type, set_bases


class Nursery:
    """A context in which new objects can be told from old ones; to be left soon."""

    def __init__(self) -> None:
        self._paused = CollectorPaused()
        self._earlier: list[object] = []
        #: Whether a collection has made new objects look old.
        self.was_disturbed = False

    def __enter__(self) -> Nursery:
        self._paused.__enter__()
        gc.collect(0)
        gc.callbacks.append(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._note)
        self._earlier = []
        self._paused.__exit__(None, None, None)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self.was_disturbed = True
            self._earlier += young_objects()

    def objects(self) -> list[object]:
        """Return the container objects made since the context was entered, but for tuples."""
        mine = id(self._earlier)
        return self._earlier + [item for item in young_objects() if id(item) != mine]


def bury(classes: Collection[weakref.ref[type]], *, thorough: bool = False) -> None:
    """See to it that new classes, dropped by now, are no longer among ``__subclasses__()``.

    Classes live in cycles. They are young, so a look at the young objects mostly frees them. One that is
    still there has been looked at too often to count as young; it gets other bases until it is freed.

    :param classes: none of them in use.
    :param thorough: look at all objects, old ones as well.
    """
    if not classes:
        return
    gc.collect(2 if thorough else 1)
    for reference in classes:
        dead = reference()
        if dead is None or of_type(dead, "__bases__") == (object,):
            continue
        solid = next(
            base for base in of_type(dead, "__mro__")[1:] if base.__flags__ & IMMUTABLE_TYPE
        )
        with contextlib.suppress(TypeError):  # its layout forbids it: it stays until it is freed
            grave = _Grave if solid is object else type("_Grave", (solid,), {})
            set_bases(dead, (grave,))


class _Grave:
    """Base of classes that are no longer in use."""
