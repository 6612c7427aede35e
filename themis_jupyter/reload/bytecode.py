"""What Python's bytecode cache tells of the source that a module runs."""

from __future__ import annotations

import importlib.util
import marshal
import os
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from .objects import is_a, members_of, same_behaviour
from .source import Source

_HEADER = 16  # PEP 552: magic number, flags, then date and size, or a hash
_HASHED = 1


def proves(module: ModuleType, source: Source) -> bool:
    """Return whether a module that nobody has tracked surely runs ``source``, its file as it is now.

    The stamp of the cache says which source its code was compiled from. But another process may have
    written it after this one imported the module: the module's functions have to run the cached code.
    """
    cached = getattr(module, "__cached__", None)
    if not isinstance(cached, str):
        return False
    try:
        data = Path(cached).read_bytes()
        status = os.stat(source.filename)
    except OSError:
        return False
    if data[:4] != importlib.util.MAGIC_NUMBER or not _stamp_fits(data, source, status):
        return False
    try:
        code = marshal.loads(data[_HEADER:])
    except (ValueError, EOFError, TypeError):  # cut short, or no code at all
        return False
    return isinstance(code, CodeType) and _runs(module, code)


def _stamp_fits(data: bytes, source: Source, status: os.stat_result) -> bool:
    flags = int.from_bytes(data[4:8], "little")
    if flags & _HASHED:
        return data[8:16] == importlib.util.source_hash(source.data)
    date, size = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12))
    return (
        date == int(status.st_mtime) & 0xFFFF_FFFF
        and size == len(source.data) & 0xFFFF_FFFF
        and status.st_size == len(source.data)
    )


def _runs(module: ModuleType, code: CodeType) -> bool:
    """Return whether the functions of a module run code that is in ``code``; one of them at least."""
    compiled = {(c.co_qualname, c.co_firstlineno): c for c in _codes(code)}
    found = 0
    for value in list(vars(module).values()):
        members = members_of(value).values() if is_a(value, type) else (value,)
        for member in members:
            if not is_a(member, FunctionType) or member.__globals__ is not vars(module):
                continue
            live = member.__code__
            if live.co_filename != module.__file__ or live.co_name == "<lambda>":
                continue
            cached = compiled.get((live.co_qualname, live.co_firstlineno))
            if cached is None or not same_behaviour(live, cached):
                return False
            found += 1
    return found > 0


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
