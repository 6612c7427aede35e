"""Reports and tables as HTML for notebooks.

No script, no identifiers, no colour that says what no word says. Where a front end strips styles
(GitHub, an untrusted notebook) the words, lists and tables remain. All text is escaped here:
:func:`escape` is the only way by which a value enters the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from ..phases import Outcome, Phase
from ..report import ReloadReport, StepRecord
from .format import names, number, one_line, printable, seconds, size
from .style import STYLE
from .text import (
    MOST,
    aftermath,
    cause,
    cell,
    changes_title,
    done,
    facts,
    failure,
    numeric,
    ran_title,
    sentence,
    step_note,
)

# U+FE0E: as a sign of text, not as a coloured picture.
_SYMBOLS = {
    Outcome.RELOADED: ("✓", "good", "Reloaded"),
    Outcome.UNCHANGED: ("=", "calm", "Unchanged"),
    Outcome.ABORTED: ("⊘", "warn", "Aborted"),
    Outcome.ROLLED_BACK: ("↩\ufe0e", "warn", "Rolled back"),
    Outcome.FAILED: ("✗", "bad", "Failed"),
}

# Characters that a table's cell shows in one line, however narrow the page is.
_SHORT = 24


def escape(text: object) -> str:
    """Return ``text`` fit for an element or a quoted attribute, without control characters."""
    return html.escape(printable(str(text)), quote=True)


def prose(text: object) -> str:
    """Return ``text`` escaped, with what it has between backticks as code."""
    return re.sub("`([^`\n]+)`", r"<code>\1</code>", escape(text))


def framed(tone: str, body: str) -> str:
    """Return HTML as one styled ``<div>``.

    Its classes keep MathJax out (the name is version 3's in JupyterLab, and version 2's): it would
    typeset what is between two dollar signs, as in ``$HOME/a:$HOME/b``.

    :param tone: ``good``, ``warn``, ``bad``, ``calm`` or ``plain``.
    """
    classes = f"themis themis-{tone} mathjax_ignore tex2jax_ignore"
    return f"{STYLE}<div class='{classes}'>{body}</div>"


def report_html(report: ReloadReport) -> str:
    """Return the report as one ``<div>``; what failed is shown open, the rest folds away."""
    symbol, tone, word = _SYMBOLS[report.outcome]
    what = f"not {done(report)} " if report.words and not report else ""
    if report.words and report.outcome is Outcome.RELOADED:
        word = done(report)[:1].upper() + done(report)[1:]
    parts = [
        f"<div class='themis-head'><strong class='themis-chip'>"
        f"<span aria-hidden='true'>{symbol}</span> {escape(word)}</strong> "
        f"<strong class='themis-name'>{escape(names(report.plugins))}</strong> "
        f"{escape(what)}"
        f"<span class='themis-dim'>in {escape(seconds(report.elapsed))}</span></div>",
        _lead(report),
        _traceback(report),
        _warnings(report),
        _changes(report),
        _ran(report),
        _state(report),
        _steps(report),
        _hashes(report),
    ]
    return framed(tone, "".join(parts))


def html_table(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> str:
    """Return a table, escaped; columns of numbers are right-aligned.

    :param rows: one value per column each; None is shown as nothing.
    :param columns: the headings.
    """
    texts = [[cell(value) for value in row] for row in rows]
    body = [[escape(text) for text in row] for row in texts]
    right = {n for n in range(len(columns)) if numeric(rows, n)}
    wide = {n for row in texts for n, text in enumerate(row) if len(text) > _SHORT} - right
    return framed("plain", _table(body, columns, right, wide))


def _table(
    body: Iterable[Sequence[str]],
    columns: Sequence[str],
    right: Iterable[int] = (),
    wide: Iterable[int] = (),
) -> str:
    """Return a table whose cells are HTML already.

    :param right: columns of numbers.
    :param wide: columns of long texts: only these are broken, and none to a sliver. A page too
        narrow for the rest scrolls the table.
    """
    numbers = dict.fromkeys(right, " class='themis-number'")
    classes = numbers | dict.fromkeys(wide, " class='themis-wide'")
    head = "".join(
        f"<th scope='col'{numbers.get(n, '')}>{escape(cell(name))}</th>"
        for n, name in enumerate(columns)
    )
    lines = "".join(
        "<tr>" + "".join(f"<td{classes.get(n, '')}>{c}</td>" for n, c in enumerate(row)) + "</tr>"
        for row in body
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f"<div class='themis-scroll'>{table}</div>"


def _lead(report: ReloadReport) -> str:
    """Return the sentence below the outcome."""
    if report.outcome is Outcome.UNCHANGED:
        return ""
    if report:
        return f"<div class='themis-lead'>{escape(facts(report))}</div>"
    what = sentence(failure(report))
    what = what[:1].upper() + what[1:]
    return (
        f"<div class='themis-lead'>{escape(what)}</div>"
        f"<div class='themis-lead'><strong>{escape(aftermath(report))}</strong></div>"
    )


def _fold(title: str, body: str, note: str = "", opened: bool = False) -> str:
    dim = f" <span class='themis-dim'>{escape(note)}</span>" if note else ""
    return (
        f"<details{' open' if opened else ''}><summary>{escape(title)}{dim}</summary>"
        f"<div class='themis-body'>{body}</div></details>"
    )


def _list(items: Sequence[str]) -> str:
    """Return a list of HTML items, cut where it would bury the rest of the report."""
    more = [f"… and {len(items) - MOST} more"] if len(items) > MOST else []
    return "<ul>" + "".join(f"<li>{item}</li>" for item in [*items[:MOST], *more]) + "</ul>"


def _code(text: str) -> str:
    return f"<code>{escape(one_line(text))}</code>"


def _dim(text: str) -> str:
    return f" <span class='themis-dim'>{escape(one_line(text))}</span>" if text else ""


def _traceback(report: ReloadReport) -> str:
    if report.traceback:
        body = f"<pre tabindex='0'>{escape(report.traceback.rstrip())}</pre>"
        return _fold("Traceback", body, opened=not report)
    whole = cause(report, most=10_000)
    if len(whole) > 300:
        return _fold("Error", f"<pre tabindex='0'>{escape(whole)}</pre>", opened=True)
    return ""


def _warnings(report: ReloadReport) -> str:
    if not report.warnings:
        return ""
    items = [escape(one_line(warning)) for warning in report.warnings]
    return _fold("Warnings", _list(items), str(len(items)), opened=True)


def _several(report: ReloadReport) -> bool:
    return len({c.module for c in report.changes} | {r.module for r in report.ran}) > 1


def _changes(report: ReloadReport) -> str:
    if not report.changes:
        return ""
    several = _several(report)
    items = [
        f"<span class='themis-verb'>{escape(one_line(f'{change.verb} {change.kind}'))}</span> "
        + _code(f"{change.module}.{change.name}" if several and change.module else change.name)
        + _dim(change.detail)
        for change in report.changes
    ]
    opened = bool(report) and len(items) <= 8
    return _fold(changes_title(report), _list(items), str(len(items)), opened)


def _ran(report: ReloadReport) -> str:
    if not report.ran:
        return ""
    several = _several(report)
    items = [
        f"{_dim(f'{ran.module}, ' * several + f'line {ran.line}')} {_code(ran.text)}{_dim(ran.why)}"
        for ran in report.ran
    ]
    return _fold(ran_title(report), _list(items), str(len(items)))


def _state(report: ReloadReport) -> str:
    if not report.state:
        return ""
    items = []
    for state in report.state:
        of = f"{_code(state.plugin)}: " if len(report.plugins) > 1 else ""
        kept = ", ".join(_code(name) for name in state.fields[:MOST])
        if len(state.fields) > MOST:
            kept += f" and {len(state.fields) - MOST} more"
        if kept or state.size:
            items.append(
                f"<span class='themis-verb'>kept</span> {of}{kept}{_dim(size(state.size))}"
            )
        items += [
            f"<span class='themis-verb'>not kept</span> {of}{_code(name)}{_dim(why)}"
            for name, why in state.dropped
        ]
        items += [
            f"<span class='themis-verb'>reset</span> {of}{_code(name)}{_dim(why)}"
            for name, why in state.reset
        ]
    fields = sum(len(state.fields) for state in report.state)
    dropped = sum(len(state.dropped) for state in report.state)
    note = number(fields, "field") + (f", {dropped} not kept" if dropped else "")
    return _fold("State", _list(items), note, opened=bool(dropped))


def _steps(report: ReloadReport) -> str:
    if not report.steps:
        return ""
    longest = max(step.elapsed for step in report.steps) or 1.0
    several = len(report.plugins) > 1
    columns = ["Step", *(["Plugin"] if several else []), "Time", "", "Note"]
    rows = [
        [
            escape(step.phase.value),
            *([escape(cell(step.plugin))] if several else []),
            escape(seconds(step.elapsed)),
            _bar(step, longest),
            _note(step),
        ]
        for step in report.steps
    ]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    wide = {n for n, name in enumerate(columns) if name == "Note"}
    table = _table(rows, columns, {columns.index("Time")}, wide)
    return _fold("Steps", table, number(len(rows), "step"))


def _bar(step: StepRecord, longest: float) -> str:
    share = 100 * max(step.elapsed, 0.0) / longest
    tone = " themis-bad" if step.error else " themis-back" * (step.phase is Phase.ROLLBACK)
    return (
        f"<div class='themis-track' aria-hidden='true'>"
        f"<div class='themis-bar{tone}' style='width:{share:.1f}%'></div></div>"
    )


def _note(step: StepRecord) -> str:
    text = escape(step_note(step))
    return f"<strong>✗ {text}</strong>" if step.error else text


def _hashes(report: ReloadReport) -> str:
    if not report.hashes:
        return ""
    items = [f"{_code(k)} sha256 {_code(v)}" for k, v in report.hashes.items()]
    return _fold("Source that runs", _list(items), number(len(items), "module"))
