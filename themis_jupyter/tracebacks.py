"""Tracebacks that begin in the plugin's file and show the source that was *running*.

Python looks source lines up on disk, when a traceback is printed. A plugin's file is edited while
the plugin runs, so the lines on disk may be others. :func:`plugin_traceback` is given the running
source and needs no global state; :mod:`themis_jupyter.pinning` tells the rest of Python: ordinary
tracebacks, ``logging``, ``inspect.getsource``, ``pdb`` and IPython's tracebacks.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from .errors import describe
from .pinning import split_lines

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

# A recursion that goes round over several functions is not folded by the traceback module.
_FIRST, _LAST = 12, 18


def plugin_traceback(error: BaseException, sources: Mapping[str, str]) -> str:
    """Return the traceback of ``error`` as Python would print it, seen from the plugin.

    It begins at the first frame in a file of ``sources``; frames of this package are left out. With
    no such frame it is the whole traceback without this package's frames. Never raises, whatever
    ``error`` does when it is asked for its message. Safe to call from any thread.

    :param error: what was raised; its causes, contexts, groups and notes are shown as well.
    :param sources: text of the source that was running, by file name as in ``co_filename``.
    :returns: lines, each ending in a newline; the error's own message is in the last ones.
    """
    lines = {name: split_lines(text) for name, text in sources.items()}
    for positions in (True, False):
        try:
            return _formatted(error, lines, positions)
        except Exception:  # noqa: BLE001 - foreign attributes; source that does not fit the code
            continue
    return describe(error) + "\n"


def failing_line(error: BaseException, sources: Mapping[str, str]) -> tuple[str, int] | None:
    """Return file name and line (from 1) in the plugin where ``error`` arose; None if nowhere.

    A syntax error points at the line that cannot be compiled. Where the error itself never passed
    through the plugin, the errors it was raised from are searched, then those of a group. Never
    raises, whatever the attributes of ``error`` do.
    """
    try:
        return _place(error, sources)
    except Exception:  # noqa: BLE001 - attributes of a foreign class may raise anything
        return None


def _place(error: BaseException, sources: Mapping[str, str]) -> tuple[str, int] | None:
    queue, seen = [error], set()
    while queue:
        each = queue.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        place = syntax_place(each)
        if place is None or place[0] not in sources:
            place = _innermost(each.__traceback__, sources)
        if place is not None:
            return place
        if each.__cause__ is not None:
            queue.append(each.__cause__)
        elif each.__context__ is not None and not each.__suppress_context__:
            queue.append(each.__context__)
        if isinstance(each, BaseExceptionGroup):
            queue.extend(each.exceptions)
    return None


def syntax_place(error: BaseException) -> tuple[str, int] | None:
    """Return file name and line (from 1) that cannot be compiled; None where ``error`` tells of none."""
    if not isinstance(error, SyntaxError):
        return None
    name, line = error.filename, error.lineno
    if isinstance(name, str) and isinstance(line, int) and line > 0:
        return name, line
    return None


def _innermost(tb: TracebackType | None, sources: Mapping[str, str]) -> tuple[str, int] | None:
    place = None
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        # An instruction that the compiler made up has no line, whatever typeshed says.
        line: int | None = tb.tb_lineno
        if name in sources and line is not None:
            place = name, line
        tb = tb.tb_next
    return place


# --- the running source, for the rest of Python ------------------------------------------------


# --- how the traceback is made -----------------------------------------------------------------


class _Stack(traceback.StackSummary):
    """Frames that print their first and last ones only, if they are very many."""

    def format(self, **options: Any) -> list[str]:
        shown = super().format(**options)
        hidden = len(shown) - _FIRST - _LAST
        if hidden < 2:
            return shown
        return [*shown[:_FIRST], f"  [{hidden} more calls not shown]\n", *shown[-_LAST:]]


def _formatted(error: BaseException, lines: Mapping[str, list[str]], positions: bool) -> str:
    # Lines are not looked up: those of the plugin come from ``lines``, without touching linecache,
    # which other threads read; those of other files are read when they are printed.
    whole = traceback.TracebackException(
        type(error), error, error.__traceback__, lookup_lines=False, compact=True
    )
    # Decided before frames are dropped: whether an error that Python chained on arose inside us.
    for each in list(_walk(whole)):
        while each.__context__ is not None and _arose_here(each.__context__, lines):
            each.__context__ = each.__context__.__context__
    for each in _walk(whole):
        frames = _visible(each.stack, lines, _set_text(each, lines))
        each.stack = _Stack(_frame(frame, lines, positions) for frame in frames)
    return "".join(whole.format())


def _walk(whole: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield every exception of the tree; not recursive, as chains may be long."""
    todo = [whole]
    while todo:
        each = todo.pop()
        yield each
        todo += [e for e in (each.__cause__, each.__context__) if e is not None]
        todo += each.exceptions or ()


def _ours(frame: traceback.FrameSummary, lines: Mapping[str, list[str]]) -> bool:
    return frame.filename not in lines and frame.filename.startswith(_PACKAGE)


def _arose_here(each: traceback.TracebackException, lines: Mapping[str, list[str]]) -> bool:
    """True for an error of our own housekeeping, which no frame but ours has seen."""
    return (
        each.__cause__ is None
        and bool(each.stack)
        and all(_ours(frame, lines) for frame in each.stack)
    )


def _visible(
    frames: traceback.StackSummary, lines: Mapping[str, list[str]], syntax: bool
) -> list[traceback.FrameSummary]:
    # With a syntax error in the plugin, frames that lead to the compiler only are of no use.
    whole = len(frames) if syntax else 0
    first = next((n for n, frame in enumerate(frames) if frame.filename in lines), whole)
    return [
        frame
        for frame in frames[first:]
        if not _ours(frame, lines) and not frame.filename.startswith("<frozen importlib.")
    ]


def _frame(
    frame: traceback.FrameSummary, lines: Mapping[str, list[str]], positions: bool
) -> traceback.FrameSummary:
    """Return ``frame`` with the running source in it; the columns, and so the carets, stay."""
    known = lines.get(frame.filename)
    if known is None or frame.lineno is None:
        return frame
    last = frame.lineno
    # From 3.13 on, all lines of the expression are marked; before, the first one only.
    if sys.version_info >= (3, 13) and positions:
        last = frame.end_lineno or last
    text = [line.rstrip() for line in known[frame.lineno - 1 : last]]
    text += [""] * (last - frame.lineno + 1 - len(text))
    return traceback.FrameSummary(
        frame.filename,
        frame.lineno,
        frame.name,
        lookup_line=False,
        line="\n".join(text) + "\n",
        end_lineno=frame.end_lineno if positions else None,
        colno=frame.colno if positions else None,
        end_colno=frame.end_colno if positions else None,
    )


def _set_text(each: traceback.TracebackException, lines: Mapping[str, list[str]]) -> bool:
    """Show the running line of a syntax error: the compiler's later passes read it from disk.

    :returns: whether ``each`` is a syntax error in a file of ``lines``.
    """
    known = lines.get(getattr(each, "filename", None) or "")
    if known is None:
        return False
    number = int(each.lineno or 0)
    # On 3.11 an error inside an f-string counts its columns in a text of its own.
    if 1 <= number <= len(known) and not (each.msg or "").startswith("f-string: "):
        each.text = known[number - 1]
    return True
