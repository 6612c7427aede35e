"""Asking the collector for objects, without a list of them that other threads could suffer from.

A tuple may be one that another thread is still filling, and that Python refuses to finish while anybody
else holds it. So no list that names tuples may be there when another thread runs: listing, choosing and
forgetting the rest are one run in C. Choosing goes by the identity of types: ``isinstance`` may run code of
the object, comparing may run code of its class.
"""

from __future__ import annotations

import gc
import operator
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, compress, starmap
from types import FunctionType
from typing import Any

from .objects import kinds

_TUPLES = kinds(tuple)
_FUNCTIONS = kinds(FunctionType)


def young_objects() -> list[object]:
    """Return the objects of the collector's youngest generation, but for tuples."""
    return _objects((0,), lambda ids: map(operator.not_, map(_TUPLES.__contains__, ids)))


def all_functions() -> list[FunctionType]:
    """Return all Python functions there are. Takes some 30 ms per million objects."""
    return _objects((), lambda ids: map(_FUNCTIONS.__contains__, ids))


def _objects(
    generation: tuple[int, ...], wanted: Callable[[Iterable[int]], Iterable[bool]]
) -> list[Any]:
    """Return objects that the collector knows.

    :param wanted: from the ids of their types to whether they are wanted; it is to run in C.
    """
    every: list[Any] = []
    found: list[Any] = []
    # They begin to read the list when it is full.
    chosen = compress(every, wanted(map(id, map(type, every))))
    steps: list[tuple[Any, ...]] = [
        (every.extend, chain.from_iterable(starmap(gc.get_objects, [generation]))),
        (found.extend, chosen),
        (every.clear,),
    ]
    deque(starmap(operator.call, steps), maxlen=0)
    # These lists are objects, too, and one that holds itself would be there for long.
    result = [item for item in found if item is not found and item is not every]
    found.clear()
    return result
