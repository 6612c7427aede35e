"""A plan of a reload as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .format import names, number, one_line, seconds, size
from .html import escape, framed, html_table
from .text import table

if TYPE_CHECKING:
    from ..planning import FieldPlan, ReloadPlan

STATE_COLUMNS = ("state", "becomes", "type", "size", "time", "")


def headline(plan: ReloadPlan) -> str:
    """Return the plan in one line."""
    who = names(plan.plugins)
    if plan.problems:
        return f"{who} could not be reloaded"
    if not plan.statements and not plan.changes:
        return f"{who}: nothing would change"
    return (
        f"{who}: {number(len(plan.changes), 'change')}, {number(len(plan.statements), 'statement')} would "
        "run"
    )


def plan_text(plan: ReloadPlan) -> str:
    """Return everything as text."""
    parts = [headline(plan)]
    parts += [f"! {one_line(problem)}" for problem in plan.problems]
    if plan.along:
        parts.append(f"along with it: {names(plan.along)}")
    if plan.changes:
        parts.append("\n".join(["Changes", *(f"  {one_line(str(c))}" for c in plan.changes)]))
    if plan.statements:
        lines = [f"  {one_line(str(statement))}" for statement in plan.statements]
        parts.append("\n".join(["Statements that would run", *lines]))
    if plan.state:
        parts.append(table(_rows(plan), STATE_COLUMNS))
    return "\n\n".join(parts)


def plan_html(plan: ReloadPlan) -> str:
    """Return everything as HTML, escaped."""
    lead = [*plan.problems]
    if plan.along:
        lead.append(f"along with it: {names(plan.along)}")
    body = "".join(f"<div class='themis-lead'>{escape(line)}</div>" for line in lead)
    body += _items("Changes", [str(change) for change in plan.changes])
    body += _items("Statements that would run", [str(s) for s in plan.statements])
    head = f"<div class='themis-head'><strong class='themis-name'>{escape(headline(plan))}</strong></div>"
    state = html_table(_rows(plan), STATE_COLUMNS) if plan.state else ""
    return framed("warn" if plan.problems else "calm", head + body) + state


def _items(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li><code>{escape(line)}</code></li>" for line in lines)
    return f"<div class='themis-lead'>{escape(title)}</div><ul>{items}</ul>"


def _rows(plan: ReloadPlan) -> list[tuple[object, ...]]:
    return field_rows(plan.state, several=len(plan.plugins) > 1)


def field_rows(fields: Iterable[FieldPlan], *, several: bool = False) -> list[tuple[object, ...]]:
    """Return the cells of :data:`STATE_COLUMNS` for parts of states.

    :param several: they are of several plugins.
    """
    return [
        (
            f"{field.plugin}: {field.name}" if several else field.name,
            field.becomes,
            field.type,
            None if field.size is None else size(field.size),
            None if field.seconds is None else seconds(field.seconds),
            field.why,
        )
        for field in fields
    ]
