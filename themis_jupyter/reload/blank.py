"""An object of another class with the value of a given one, and nothing else yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ..errors import UnpatchableError
from .objects import HEAP_TYPE, of_type


def blank(item: Any, cls: type, substitute: Callable[[Any], Any]) -> Any:
    """Return an object of ``cls`` with the value of ``item`` and without attributes.

    Python lets an object change its class only between classes that it knows to be laid out alike: not
    with ``__slots__`` and weak references, and not where the object is a number, a tuple or bytes.

    :raises UnpatchableError: the class is built on something that cannot be copied here.
    """
    solid = next(base for base in of_type(cls, "__mro__") if not base.__flags__ & HEAP_TYPE)
    if solid in HOLDERS:
        return solid.__new__(cls, map(substitute, solid.__iter__(item)))
    if solid in _VALUES:
        return solid.__new__(cls, _VALUES[solid](item))
    if issubclass(solid, BaseException):
        return solid.__new__(cls, *substitute(item.args))
    if solid is not object and solid not in _FILLERS:
        raise UnpatchableError(
            f"{cls.__module__}.{cls.__qualname__}",
            f"the module makes an object of its class {cls.__qualname__}, and Python cannot let that "
            f"be one of the live class, which is built on {solid.__qualname__}. Make the object in a "
            "function that is called later, or restart the kernel.",
        )
    made: Any = solid.__new__(cls)
    if solid in _FILLERS:
        _FILLERS[solid](made, item)
    return made


#: What is made from what it holds, and holds the same for ever.
HOLDERS: tuple[Any, ...] = (tuple, frozenset)

# The plain value of an object that is one, past any method of its class.
_VALUES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    bytes: lambda item: bytes(bytes.__iter__(item)),
    str: str.__str__,
    float: float.__float__,
    complex: complex.__complex__,
}

_FILLERS: dict[type, Callable[[Any, Any], object]] = {
    dict: dict.update,
    list: list.extend,
    set: set.update,
    deque: deque.extend,
}
