"""The state as a card that needs no script: for saved notebooks, and where widgets do not work."""

from __future__ import annotations

from ..render.format import names, size
from ..render.html import escape, html_table
from ..render.text import table
from .protocol import Message

_COLUMNS = ("plugin", "version", "state", "on disk", "state size", "needed by", "last reload")
_EMPTY = "No plugin is loaded. Load one: %load_plugin NAME"


def static_text(state: Message) -> str:
    """Return the plugins of a state as text."""
    rows = _rows(state)
    return table(rows, _COLUMNS) if rows else _EMPTY


def static_html(state: Message) -> str:
    """Return the plugins of a state as HTML, everything escaped."""
    rows = _rows(state)
    if not rows:
        return f"<div>{escape(_EMPTY)}</div>"
    errors = "".join(
        f"<div><strong>{escape(p['name'])}</strong>: {escape(p['error']['words'])} "
        f"{escape(p['error']['advice'])}</div>"
        for p in state["plugins"]
        if p["error"]
    )
    return html_table(rows, _COLUMNS) + errors


def _rows(state: Message) -> list[tuple[str, ...]]:
    return [
        (
            plugin["name"],
            plugin["version"],
            plugin["life"],
            plugin["drift"] or "same",
            "" if plugin["stateSize"] is None else size(plugin["stateSize"]),
            names(plugin["dependents"]),
            plugin["last"]["headline"] if plugin["last"] else "",
        )
        for plugin in state["plugins"]
        if plugin["life"] != "not loaded"
    ]
