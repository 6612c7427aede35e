"""Unified diffs as text and as HTML. The signs + and - stay: no colour says anything alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .format import printable
from .html import escape, framed, prose
from .text import table

#: Heading and lines of one module.
Section = tuple[str, Sequence[str]]
Row = tuple[str, str, str]
#: What a table is about, and its rows.
RowsOf = tuple[str, Sequence[Row]]

#: More lines of one module are not shown in a notebook: a front end would come to a halt.
MOST = 2000

_TONES = {"+": "themis-added", "-": "themis-removed", "@": "themis-hunk"}


def diff_text(
    title: str,
    sections: Iterable[Section],
    tables: Iterable[RowsOf],
    notes: Sequence[str],
) -> str:
    """Return title, diffs, tables of what else differs (name, before, after), and remarks."""
    parts = [title]
    for heading, lines in sections:
        parts.append("\n".join([heading, *map(printable, _first(lines))]))
    parts += [table(rows, (name, "before", "after")) for name, rows in tables if rows]
    return "\n\n".join([*parts, *notes])


def diff_html(
    title: str,
    sections: Iterable[Section],
    tables: Iterable[RowsOf],
    notes: Sequence[str],
) -> str:
    """Return the same as HTML, escaped, lines in colour."""
    from .html import html_table

    body = f"<div class='themis-lead'><strong>{escape(title)}</strong></div>"
    for heading, lines in sections:
        inner = "".join(map(_line, _first(lines)))
        body += (
            f"<div class='themis-lead'>{escape(heading)}</div>"
            f"<pre class='themis-diff' tabindex='0'>{inner}</pre>"
        )
    whole = framed(
        "calm", body + "".join(f"<div class='themis-lead'>{prose(note)}</div>" for note in notes)
    )
    return whole + "".join(
        html_table(rows, (name, "before", "after")) for name, rows in tables if rows
    )


def _line(text: str) -> str:
    tone = _TONES.get(text[:1], "")
    # Each line is a block: the newline would be a second one, but a page without styles needs it.
    return f"<span class='{tone}'>{escape(text)}</span>\n" if tone else f"{escape(text)}\n"


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST
    return [*lines[:MOST], *([f"… and {more} more lines"] if more > 0 else [])]
