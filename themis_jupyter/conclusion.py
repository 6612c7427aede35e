"""From how far a reload has come to its report."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from .errors import SourceError, ThemisError
from .operation import Operation
from .phases import Outcome, Phase, Step
from .progress import Progress, Way
from .record import running_sources
from .report import ReloadReport, StateSummary
from .request import Request
from .state import Snapshot

# In these steps the methods of the plugin that run are the old ones.
_OLD_CODE = frozenset({Phase.SAVE_STATE, Phase.BEFORE_UNLOAD, Phase.UNLOAD, Phase.AFTER_UNLOAD})


def conclude(
    outcome: Outcome,
    error: BaseException | None,
    request: Request,
    operation: Operation,
    progress: Progress,
    failed_at: Step | None,
) -> ReloadReport:
    """Return the report of a reload that has ended.

    :param error: what made it fail.
    :param failed_at: the step that it failed in.
    """
    staged = progress.staged
    text, place = "", None
    if isinstance(error, SourceError) and isinstance(error.__cause__, SyntaxError):
        from .tracebacks import syntax_place

        place = syntax_place(error.__cause__)
        text = "".join(traceback.format_exception_only(error.__cause__))
    elif error is not None:
        from .tracebacks import failing_line, plugin_traceback

        sources = _running_sources(progress, failed_at)
        place = failing_line(error, sources)
        ours = isinstance(error, ThemisError) and error.__cause__ is None
        # What we refuse ourselves says all in its message, unless the plugin's code was running.
        if not ours or place is not None:
            text = plugin_traceback(error, sources)
    names = [*request.asked, *(way.name for way in progress.ways)]
    warnings = [*operation.warnings, *(staged.warnings if staged else ())]
    return ReloadReport(
        plugins=tuple(dict.fromkeys(names)),
        outcome=outcome,
        steps=tuple(operation.steps),
        changes=staged.changes if staged else (),
        ran=staged.ran if staged else (),
        state=tuple(_state_summaries(outcome, request, progress)),
        unsaved=any(way.unsaved for way in progress.ways),
        error=error,
        traceback=text,
        place=place,
        hashes=dict(staged.hashes) if staged and outcome.ok else {},
        warnings=tuple(dict.fromkeys(warnings)),
        elapsed=operation.elapsed,
        words=request.words,
    )


def _running_sources(progress: Progress, failed_at: Step | None) -> dict[str, str]:
    """Return the texts that ran when the reload failed, by file name."""
    if failed_at in (Phase.CHECK, Phase.VERIFY):
        return {}
    running = running_sources(module for way in progress.ways for module in way.record.modules)
    if failed_at not in _OLD_CODE and progress.staged is not None:
        running.update(progress.staged.sources)
    return running


def _state_summaries(
    outcome: Outcome, request: Request, progress: Progress
) -> Iterator[StateSummary]:
    for way in progress.ways:
        state = way.state or way.record.kept
        given_up = request.fresh
        if outcome is Outcome.RELOADED and way.name in request.states:
            given = request.states[way.name]
            state, given_up = given or state, given is None
        elif outcome is Outcome.RELOADED and way.handed is not None:
            state = way.handed
        if state is None:
            continue
        if given_up and outcome is Outcome.RELOADED:
            dropped = tuple((name, "started without the old state") for name in state.fields)
            yield StateSummary(way.name, dropped=dropped)
        else:
            reset = tuple(_reset(way, state))
            fields = tuple(name for name in state.fields if name not in way.transient_now)
            yield StateSummary(way.name, fields, state.size, reset=reset)


def _reset(way: Way, state: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield what of a plugin's state does not come back as it was, each with the reason."""
    for name in way.transient if state is way.state or state is way.handed else ():
        yield name, "named in `transient`: made anew by the plugin"
    for name in way.transient_now:
        yield name, "named in `transient` by the new code, which makes it anew"
    yield from state.reset
    for path in state.rebuilt:
        yield path, "made again by its recipe"
