"""From a method to a magic: arguments are parsed, errors put into words, results shown.

A result that the user's code does not take is shown. Where the magic is the last line of a cell,
IPython does that; where more lines follow, IPython would drop the value, and with it the news
that a reload has failed: there we show it ourselves, at once. ``r = %reload_plugin x`` shows
nothing.
"""

from __future__ import annotations

import dis
import enum
import functools
import sys
import textwrap
from argparse import Namespace
from collections import ChainMap
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_magic,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..report import ReloadReport
from .arguments import parse
from .problems import in_words

Method = Callable[[Any, Namespace], Any]


def command(*arguments: argument) -> Callable[[Method], Callable[..., Any]]:
    """Make a method that gets parsed arguments a line magic with these arguments.

    Variables are not expanded by IPython: that would put a dict's ``repr`` in place of
    ``--config $VAR``, and read JSON as an expression.
    """

    def decorate(method: Method) -> Callable[..., Any]:
        @functools.wraps(method)
        def magic(self: Magics, line: str, local_ns: dict[str, Any] | None = None) -> Any:
            return _answer(magic, "%", method, self, line, None, local_ns)

        line_magic(needs_local_scope(no_var_expand(_described(magic, arguments))))
        return magic

    return decorate


def cell_command(*arguments: argument) -> Callable[[Method], Callable[..., Any]]:
    """Make a method a cell magic with these arguments; its request has the cell's text as ``cell``."""

    def decorate(method: Method) -> Callable[..., Any]:
        @functools.wraps(method)
        def magic(
            self: Magics, line: str, cell: str, local_ns: dict[str, Any] | None = None
        ) -> Any:
            return _answer(magic, "%%", method, self, line, cell, local_ns)

        cell_magic(needs_local_scope(no_var_expand(_described(magic, arguments))))
        return magic

    return decorate


def _described(magic: Any, arguments: Iterable[argument]) -> Any:
    for each in reversed(tuple(arguments)):
        each(magic)
    magic_arguments()(magic)  # type: ignore[no-untyped-call]
    magic.__doc__ = _without_markup(magic.__doc__ or "")
    return magic


def _answer(
    magic: Any,
    sign: str,
    method: Method,
    self: Magics,
    line: str,
    cell: str | None,
    local_ns: dict[str, Any] | None,
) -> Any:
    assert self.shell is not None
    namespace = ChainMap(local_ns or {}, self.shell.user_ns)
    with in_words():
        request = parse(sign + method.__name__, magic.parser, line, namespace)
        request.namespace, request.cell = namespace, cell
        result = method(self, request)
    return _hand_over(self.shell, result, request)


def _without_markup(text: str) -> str:
    """Return the help that IPython composes for Sphinx as ``%magic?`` is to show it."""
    text = text.removeprefix("::\n\n").replace("::\n", ":\n").replace("``", "`")
    usage, blank, rest = text.partition("\n\n")
    return textwrap.dedent(usage) + blank + rest


def _hand_over(shell: Any, result: Any, request: Namespace) -> Any:
    """Return a magic's result, or show it, or neither, if it was asked to be quiet."""
    use = use_of_result()
    failed = isinstance(result, ReloadReport) and not result
    if (request.silent or getattr(request, "quiet", False)) and not failed:
        return result if use is Use.TAKEN else None
    if use is not Use.DROPPED or result is None:
        return result
    shell.display_pub.publish(*shell.display_formatter.format(result))
    return result


class Use(enum.Enum):
    """What the code that called a magic does with the value."""

    TAKEN = "taken"
    SHOWN = "shown"
    DROPPED = "dropped"


_CALLERS = ("run_line_magic", "run_cell_magic")

# Printing is an instruction of its own on 3.11, and number 1 of the "intrinsics" from 3.12 on.
_PRINTS = {"PRINT_EXPR": None, "CALL_INTRINSIC_1": 1}


def use_of_result() -> Use:
    """Return what becomes of the value of the magic that is running.

    The instruction after the call tells. Called by other code than a cell's, the value counts as
    taken.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name not in _CALLERS:
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    if caller is None:
        return Use.TAKEN
    for instruction in dis.get_instructions(caller.f_code):
        if instruction.offset > caller.f_lasti:
            if instruction.opname == "POP_TOP":
                return Use.DROPPED
            prints = (instruction.opname, instruction.arg) in _PRINTS.items()
            return Use.SHOWN if prints else Use.TAKEN
    return Use.TAKEN
