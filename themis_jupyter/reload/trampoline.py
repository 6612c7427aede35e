"""Code that an old function can take although its successor has other free variables or globals.

CPython refuses to give a function code with another number of free variables, and its globals cannot
be changed at all. So the old function gets code with its own free variables that calls the successor,
which is the default of a keyword argument. (Among the constants of the code, which the collector does not
look into, it could never be freed.)
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from types import CodeType, FunctionType

_SUCCESSOR = "_themis_successor"

_BODIES = {
    "plain": (
        "def trampoline(*args, _themis_successor, **kwargs):\n"
        "  return _themis_successor(*args, **kwargs)\n{keep}"
    ),
    "generator": (
        "def trampoline(*args, _themis_successor, **kwargs):\n"
        "  return (yield from _themis_successor(*args, **kwargs))\n{keep}"
    ),
    "coroutine": (
        "async def trampoline(*args, _themis_successor, **kwargs):\n"
        "  return await _themis_successor(*args, **kwargs)\n{keep}"
    ),
    "async generator": (
        "async def trampoline(*args, _themis_successor, **kwargs):\n"
        "  source = _themis_successor(*args, **kwargs)\n"
        "  try:\n"
        "    value = await source.__anext__()\n"
        "    while True:\n"
        "      try:\n"
        "        sent = yield value\n"
        "      except GeneratorExit:\n"
        "        raise\n"
        "      except BaseException as error:\n"
        "        value = await source.athrow(error)\n"
        "      else:\n"
        "        value = await source.asend(sent)\n"
        "  except StopAsyncIteration:\n"
        "    return\n"
        "  finally:\n"
        "    await source.aclose()\n{keep}"
    ),
}


def can_take_code(old: FunctionType, new: FunctionType, globals_: dict[str, object]) -> bool:
    """Return whether ``old`` can run ``new``'s code itself.

    :param globals_: the namespace that ``new`` is going to run in.
    """
    return (
        old.__globals__ is globals_
        and old.__code__.co_freevars == new.__code__.co_freevars
        and len(old.__closure__ or ()) == len(new.__code__.co_freevars)
    )


def trampoline_code(old: FunctionType, successor: FunctionType) -> CodeType:
    """Return code for ``old`` that calls ``successor``; it goes with :func:`trampoline_defaults`."""
    template = _template(kind_of(successor.__code__), old.__code__.co_freevars)
    return template.replace(
        co_name=successor.__code__.co_name,
        co_filename=successor.__code__.co_filename,
        co_firstlineno=successor.__code__.co_firstlineno,
        co_qualname=successor.__code__.co_qualname,
    )


def trampoline_defaults(successor: FunctionType) -> dict[str, object]:
    """Return the keyword defaults that a function with :func:`trampoline_code` needs."""
    return {_SUCCESSOR: successor}


def direct_successor(function: FunctionType) -> FunctionType | None:
    """Return the function that a trampoline calls; None where ``function`` is none."""
    return (function.__kwdefaults__ or {}).get(_SUCCESSOR)


def successor_of(function: FunctionType) -> FunctionType:
    """Return the function that another one really runs; most run themselves."""
    while (following := direct_successor(function)) is not None:
        function = following
    return function


def kind_of(code: CodeType) -> str:
    """Return what calling the code gives: a value, a generator, a coroutine …"""
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        return "async generator"
    if code.co_flags & inspect.CO_COROUTINE:
        return "coroutine"
    if code.co_flags & inspect.CO_GENERATOR:
        return "generator"
    return "plain"


@lru_cache(maxsize=256)
def _template(kind: str, free: tuple[str, ...]) -> CodeType:
    # Mentioning the names after the return keeps them free variables, in their order.
    keep = "".join(f"  {name}\n" for name in free)
    inner = _BODIES[kind].format(keep=keep)
    indented = "".join(f"  {line}\n" for line in inner.splitlines())
    source = f"def outer({', '.join(free)}):\n{indented}"
    module = compile(source, "<trampoline>", "exec", dont_inherit=True)
    outer = next(c for c in module.co_consts if isinstance(c, CodeType))
    code = next(c for c in outer.co_consts if isinstance(c, CodeType))
    if code.co_freevars != free:
        code = code.replace(co_freevars=free)
    return code
