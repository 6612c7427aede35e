"""Errors of ours as words: no stack trace of this package reaches a notebook."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from IPython.core.error import UsageError

from ..errors import PluginError, ThemisError

_LIBRARIES = sys.stdlib_module_names | {
    *("themis_jupyter", "IPython", "dill", "jsonschema", "packaging", "referencing", "traitlets")
}


@contextmanager
def in_words() -> Iterator[None]:
    """Let errors leave the body in a form that IPython shows without frames of ours.

    What the user got wrong becomes a ``UsageError``. Where code of a plugin raised, the error stays
    what it is, for ``except`` to find, and is shown as our words and the plugin's own traceback.
    """
    try:
        yield
    except ThemisError as error:
        shown = plugin_part(error)
        if not shown:
            raise UsageError(sentence(error)) from error
        _show_as(error, sentence(error), shown)
        raise
    except KeyboardInterrupt as interrupt:
        words = "KeyboardInterrupt: interrupted; nothing was left half done."
        _show_as(interrupt, words, plugin_part(interrupt))
        raise


def _show_as(error: BaseException, words: str, traceback: str) -> None:
    """Let IPython show an error in these words, where it would show the stack."""
    from ..render.format import printable  # what a plugin raises may hold escape sequences

    lines = list(map(printable, [words, "", traceback] if traceback else [words]))
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]


def sentence(error: ThemisError) -> str:
    """Return what an error says."""
    return str(error) or type(error).__name__


def plugin_part(error: BaseException) -> str:
    """Return the traceback as seen from the plugin; empty where no code of a plugin was running."""
    from ..tracebacks import plugin_traceback

    cause = error.__cause__ if isinstance(error, ThemisError) else error
    if cause is None:
        return ""
    sources = (isinstance(error, PluginError) and error.sources) or _sources(cause)
    return plugin_traceback(cause, sources).rstrip("\n") if sources else ""


def _sources(error: BaseException) -> dict[str, str]:
    """Return the texts of the files of the plugin that ``error`` came through.

    The magics call nothing but this package and, through it, libraries and plugins: the first frame
    that belongs to neither of the former is the plugin's.
    """
    found: dict[str, str] = {}
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        name = each.filename if isinstance(each, SyntaxError) else _first_file(each.__traceback__)
        if isinstance(name, str) and name not in found:
            linecache.checkcache(name)  # what runs is pinned there and stays
            lines = linecache.getlines(name)
            if lines:
                found[name] = "".join(lines)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return found


def _first_file(tb: TracebackType | None) -> str | None:
    for frame, _ in traceback.walk_tb(tb):
        top = str(frame.f_globals.get("__name__")).partition(".")[0]
        if top not in _LIBRARIES:
            return frame.f_code.co_filename
    return None
