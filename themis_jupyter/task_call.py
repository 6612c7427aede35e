"""What a background task runs: a function with its arguments, and what has become of it in new code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import FunctionType, MethodType
from typing import Any


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Call:
    """What a task does.

    :param every: seconds from one beginning to the next; None: once.
    :param wants_stop: whether the function gets the event as ``stop``.
    :param by_name: whether the function is a method of the plugin, or a function of a module, and found
        there by its name.
    """

    function: Callable[..., object]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    every: float | None
    wants_stop: bool
    by_name: bool


def title_of(function: Callable[..., object]) -> str:
    """Return what a function is called: a method its name, another function its qualified name."""
    if isinstance(function, partial):
        return title_of(function.func)
    if hasattr(function, "__self__"):
        return str(getattr(function, "__name__", type(function).__name__))
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def wants_stop(function: Callable[..., object], args: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether a function is to get the event ``stop``.

    :raises TypeError: the arguments do not fit it.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some of those written in C tell nothing
        return False
    parameter = signature.parameters.get("stop")
    takes = parameter is not None and parameter.kind not in (
        parameter.POSITIONAL_ONLY,
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    )
    if takes and "stop" not in signature.bind_partial(*args, **kwargs).arguments:
        signature.bind(*args, **kwargs, stop=None)
        return True
    signature.bind(*args, **kwargs)
    return False


def as_it_is_now(instance: object, call: Call) -> Call | None:
    """Return what is to be called in the present code; None where it is gone.

    :raises TypeError: the arguments do not fit any more.
    """
    function = found(instance, call.function) if call.by_name else call.function
    if function is None:
        return None
    takes_stop = wants_stop(function, call.args, call.kwargs)
    return replace(call, function=function, wants_stop=takes_stop)


def found(instance: object, function: Callable[..., object]) -> Any:
    """Return what has a function's name now, where it is looked for; None if nothing has."""
    if isinstance(function, MethodType) and function.__self__ is instance:
        return getattr(instance, function.__name__, None)
    if isinstance(function, FunctionType) and function.__qualname__ == function.__name__:
        return function.__globals__.get(function.__name__)
    return None
