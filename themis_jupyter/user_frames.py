"""What IPython shows of an error: frames of the user and of the plugin, and none of this package.

IPython asks an exception for ``_render_traceback_``. Frames marked ``__tracebackhide__`` would not
do: IPython shows the last frame in any case, and where the user has mistyped a name, that is ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType

_PACKAGE = __name__.partition(".")[0]


def leave_us_out(error: BaseException) -> None:
    """Let IPython show ``error`` without frames of ours; for errors that are not a class of ours."""
    if not hasattr(error, "_render_traceback_"):
        # Not a bound method: that would be a circle, which keeps the frames of the error alive.
        error.__dict__["_render_traceback_"] = _current


def _current() -> list[str]:
    error = sys.exc_info()[1] or getattr(sys, "last_value", None)  # the latter for ``%tb``
    assert error is not None
    return user_traceback(error)


def user_traceback(error: BaseException, instead_of_cause: str = "") -> list[str]:
    """Return the lines that IPython shows.

    :param instead_of_cause: shown in place of what ``error`` was raised from.
    """
    shell = sys.modules["IPython"].get_ipython()
    chain = list(_chain(error))
    whole = [(each, each.__traceback__) for each in chain]
    cause, suppressed = error.__cause__, error.__suppress_context__
    try:
        for each in chain:
            each.__traceback__ = _without_ours(each.__traceback__)
        if instead_of_cause:
            error.__cause__ = None  # which suppresses the context, too
        lines = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    finally:
        error.__cause__, error.__suppress_context__ = cause, suppressed
        for each, tb in whole:
            each.__traceback__ = tb
    before = [*instead_of_cause.rstrip().split("\n"), ""] if instead_of_cause else []
    return [*before, *lines]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from, as far as Python shows it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _without_ours(tb: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    while tb is not None:
        name = str(tb.tb_frame.f_globals.get("__name__"))
        if name.partition(".")[0] != _PACKAGE:
            frames.append(tb)
        tb = tb.tb_next
    kept: TracebackType | None = None
    for each in reversed(frames):
        kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return kept
