"""Reports and tables as plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ..errors import PluginNotFoundError, PluginNotLoadedError, describe
from ..events import DriftEvent, Event
from ..phases import Outcome, Phase
from ..report import ReloadReport, StepRecord
from .format import names, number, one_line, printable, seconds, shortened, size

#: How many entries of a section are shown; the report itself has all of them.
MOST = 40


def headline(report: ReloadReport) -> str:
    """Return how the reload ended, in one line of plain words."""
    who, many = names(report.plugins), len(report.plugins) > 1
    step, reason = report.failed_step, failure(report)
    match report.outcome:
        case Outcome.RELOADED:
            return f"{who} {done(report)} in {seconds(report.elapsed)}: {facts(report)}"
        case Outcome.UNCHANGED:
            what = f" ({done(report)})" if report.words else ""
            return f"{who} {'are' if many else 'is'} unchanged{what}"
        case Outcome.ABORTED:
            head = f"{who} {'were' if many else 'was'} not {done(report)}"
            if step:
                head += f" (aborted {_where(step, report)})"
                reason = cause(report)
        case Outcome.ROLLED_BACK:
            head = f"{who} rolled back"
            if report.words:
                head = f"{who} {'were' if many else 'was'} not {done(report)}, but rolled back"
        case Outcome.FAILED:
            head = f"{who} FAILED"
    return f"{sentence(f'{head}: {reason}' if reason else head)} {aftermath(report)}".rstrip()


def done(report: ReloadReport) -> str:
    """Return what was to be done: ``reloaded``, ``reverted to version 2``."""
    return one_line(report.words) or "reloaded"


def facts(report: ReloadReport) -> str:
    """Return what a successful reload did: ``2 changes, state kept (3 fields, 1.2 kB)``."""
    parts = []
    if report.changes or not report.ran:
        parts.append(number(len(report.changes), "change") if report.changes else "no changes")
    else:
        parts.append(number(len(report.ran), "statement") + " ran again")
    fields = sum(len(state.fields) for state in report.state)
    kept = sum(state.size for state in report.state)
    dropped = sum(len(state.dropped) for state in report.state)
    if fields or kept:
        amount = [number(fields, "field")] if fields else []
        parts.append(f"state kept ({', '.join([*amount, size(kept)])})")
    if dropped:
        parts.append(number(dropped, "field") + " not kept")
    if report.warnings:
        parts.append(number(len(report.warnings), "warning"))
    return ", ".join(parts)


def failure(report: ReloadReport) -> str:
    """Return what failed, and why: ``initialize failed: ValueError: bad``, without a full stop."""
    step, reason = report.failed_step, cause(report)
    if step is None:
        return reason
    where = _where(step, report)
    if report.outcome is not Outcome.ABORTED and where.startswith("at "):
        text = f"{where.removeprefix('at ')} failed: {reason}"
    else:
        text = f"stopped {where}: {reason}"
    last = next((s for s in reversed(report.steps) if s.phase is Phase.ROLLBACK and s.error), None)
    if last and last is not step:
        text += f"; then the rollback failed: {shortened(one_line(last.error))}"
    return text


def sentence(text: str) -> str:
    """Return ``text`` with a full stop, unless it ends like a sentence."""
    return text if not text or text.endswith((".", "!", "?", "…")) else text + "."


def cause(report: ReloadReport, most: int = 300) -> str:
    """Return in one line of at most ``most`` characters what went wrong; empty if nothing did."""
    step = report.failed_step
    text = step.error if step else describe(report.error) if report.error else ""
    return shortened(one_line(text), most)


_MOMENTS = (Phase.BEFORE_UNLOAD, Phase.AFTER_UNLOAD, Phase.AFTER_LOAD)


def _where(step: StepRecord, report: ReloadReport) -> str:
    """Return ``at verify``, ``before unload``, ``at initialize of index``."""
    place = step.phase.value if step.phase in _MOMENTS else f"at {step.phase.value}"
    return f"{place} of {one_line(step.plugin)}" if len(report.plugins) > 1 else place


def aftermath(report: ReloadReport) -> str:
    """Return what is true now, after a reload that did not succeed; empty for one that did."""
    many = len(report.plugins) > 1
    match report.outcome:
        case Outcome.ABORTED if isinstance(
            report.error, PluginNotFoundError | PluginNotLoadedError
        ):
            return ""  # nothing of that name runs
        case Outcome.ABORTED:
            on = "The old versions go on running." if many else "The old version goes on running."
            return f"{on} {_WITHOUT_STATE}" if _cannot_save(report) else on
        case Outcome.ROLLED_BACK:
            again = f"The old {'versions are' if many else 'version is'} running again."
            return f"{again} {_UNLOAD_INSTEAD}" if _cannot_stop(report) else again
        case Outcome.FAILED if report.state:
            whose = "Their" if many else "Its"
            return (
                f"{whose} saved state is kept; the next successful reload receives it, "
                "or goes on without it (--fresh)."
            )
        case Outcome.FAILED:
            return f"The next successful reload starts {'them' if many else 'it'} again."
    return ""


# Who mends save_state() in the file, or names an attribute in `transient`, and reloads, would meet the
# same error again: the old plugin is asked for its state.
_WITHOUT_STATE = (
    "It is the running version that cannot save its state, so mending the file is not enough: "
    "reload with --fresh, which goes on without that state."
)


_UNLOAD_INSTEAD = (
    "It is the running version that cannot shut down, so mending the file is not enough: "
    "%unload_plugin, then load it again."
)


def _cannot_stop(report: ReloadReport) -> bool:
    step = report.failed_step
    failed = step is not None and step.phase is Phase.UNLOAD
    return failed and not isinstance(report.error, KeyboardInterrupt)


def _cannot_save(report: ReloadReport) -> bool:
    step = report.failed_step
    failed = step is not None and step.phase is Phase.SAVE_STATE
    return failed and report.unsaved and not isinstance(report.error, KeyboardInterrupt)


def report_lines(report: ReloadReport) -> Iterator[str]:
    """Yield the whole report as lines of text: the headline first, the traceback last."""
    yield headline(report)
    for title, lines in sections(report):
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)
    if report.traceback:
        yield ""
        yield from printable(report.traceback).rstrip("\n").split("\n")


def changes_title(report: ReloadReport) -> str:
    """Return ``Changes``, and what became of them where they are not in force."""
    match report.outcome:
        case Outcome.ABORTED:
            return "Changes (not made)"
        case Outcome.ROLLED_BACK | Outcome.FAILED:
            return "Changes (undone)"
    return "Changes"


def ran_title(report: ReloadReport) -> str:
    """Return ``Statements that ran again``, unless one of them failed and the rest never ran."""
    step = report.failed_step
    ended = step is not None and step.phase is Phase.STAGE
    return f"Statements that {'were to run' if ended else 'ran'} again"


def sections(report: ReloadReport) -> Iterator[tuple[str, list[str]]]:
    """Yield title and lines of each section that has something to say; the traceback is not one."""
    if not report.traceback and len(cause(report, most=10_000)) > 300:
        yield "Error", [cause(report, most=10_000)]
    several = len({c.module for c in report.changes} | {r.module for r in report.ran}) > 1
    if report.changes:
        lines = [_in(c.module if several else "", str(c)) for c in report.changes]
        yield changes_title(report), first(lines)
    if report.ran:
        lines = [_in(r.module if several else "", str(r)) for r in report.ran]
        yield ran_title(report), first(lines)
    if report.state:
        yield "State", _state_lines(report)
    if report.steps:
        yield "Steps", _step_lines(report)
    if report.hashes:
        width = max(map(len, report.hashes))
        lines = [f"{one_line(k):{width}}  sha256 {one_line(v)}" for k, v in report.hashes.items()]
        yield "Source that runs", first(lines)
    if report.warnings:
        yield "Warnings", [one_line(warning) for warning in report.warnings]


def first(lines: list[str]) -> list[str]:
    """Return the first lines, and how many there are beyond them."""
    return lines if len(lines) <= MOST else [*lines[:MOST], f"… and {len(lines) - MOST} more"]


def _in(module: str, text: str) -> str:
    return one_line(f"{module}: {text}" if module else text)


def _state_lines(report: ReloadReport) -> list[str]:
    lines = []
    for state in report.state:
        of = f"{one_line(state.plugin)}: " if len(report.plugins) > 1 else ""
        kept = names(state.fields, MOST)
        if kept or state.size:
            amount = size(state.size)
            lines.append(f"{of}kept {kept} ({amount})" if kept else f"{of}{amount}")
        lines += [f"{of}not kept {one_line(n)}: {one_line(why)}" for n, why in state.dropped]
        lines += [f"{of}reset {one_line(n)}: {one_line(why)}" for n, why in state.reset]
    return lines


def _step_lines(report: ReloadReport) -> list[str]:
    rows = [
        (
            step.phase.value,
            *((one_line(step.plugin),) if len(report.plugins) > 1 else ()),
            seconds(step.elapsed),
            step_note(step),
        )
        for step in report.steps
    ]
    return _aligned(rows, {len(rows[0]) - 2})


def step_note(step: StepRecord) -> str:
    """Return what a step adds: its error, marked by a word, or its detail."""
    return f"FAILED: {shortened(one_line(step.error))}" if step.error else one_line(step.detail)


# --- tables ------------------------------------------------------------------------------------


def cell(value: object) -> str:
    """Return a table's cell as one line of text; None is empty."""
    return "" if value is None else one_line(str(value))


def numeric(rows: Sequence[Sequence[object]], column: int) -> bool:
    """True where every value of a column is a number: such columns are right-aligned."""
    values = [row[column] for row in rows]
    return bool(values) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )


def table(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> str:
    """Return a table with a heading, columns aligned; without a newline at the end.

    :param rows: one value per column each; None is shown as nothing.
    :param columns: the headings.
    """
    right = {n for n in range(len(columns)) if numeric(rows, n)}
    body = [[cell(value) for value in row] for row in rows]
    head = [cell(name) for name in columns]
    rule = ["-" * max(map(_width, column)) for column in zip(head, *body, strict=True)]
    return "\n".join(_aligned([head, rule, *body], right))


def _aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for n, text in enumerate(row):
            blank = " " * (widths[n] - _width(text))
            cells.append(blank + text if n in right else text + blank)
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    """Return how many columns ``text`` takes where characters are equally wide."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


EVENT_COLUMNS = ("time", "plugin", "operation", "step", "status", "took", "note")


def event_rows(events: Iterable[Event]) -> list[tuple[str, ...]]:
    """Return a row per event, for :func:`table` or ``html_table`` with :data:`EVENT_COLUMNS`.

    The time is the local one, to the millisecond.
    """
    return [
        (
            f"{datetime.fromtimestamp(event.time):%H:%M:%S.%f}"[:-3],
            event.plugin,
            *_event_cells(event),
        )
        for event in events
    ]


def _event_cells(event: Event) -> tuple[str, str, str, str, str]:
    if isinstance(event, DriftEvent):
        return "", event.title, event.drift or "same", "", shortened(one_line(event.text))
    return (
        f"{event.kind} {event.operation}",
        event.phase.value,
        event.status,
        "" if event.elapsed is None else seconds(event.elapsed),
        shortened(one_line(event.error or event.detail)),
    )
