"""What differs between two versions, as a page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..compared import compared_sides
from ..errors import SourceError
from ..render.format import printable

if TYPE_CHECKING:
    from ..comparing import Side
    from ..manager import PluginManager

# A page shows so many lines of one module; %plugin_diff shows all.
_LINES = 2000


def diff_data(manager: PluginManager, name: str, a: str | None, b: str | None) -> dict[str, Any]:
    """Return what differs: see ``DiffData`` in ``protocol.json``.

    :raises PluginError: the plugin was never loaded, or there is no such version.
    """
    record = manager.find_record(name) or manager.get_record(name)
    found, one, other = compared_sides(manager, record, a, b)
    return {
        "a": found.old,
        "b": found.new,
        "modules": [
            {
                "name": module.module,
                "word": module.word,
                "a": _text(one, module.module),
                "b": _text(other, module.module),
                "lines": [printable(line) for line in module.lines[:_LINES]],
                "left": max(len(module.lines) - _LINES, 0),
            }
            for module in found.modules
        ],
        "config": [_line(*pair) for pair in found.config],
        "state": [_line(*pair) for pair in found.state],
        "notes": [printable(note) for note in found.notes],
    }


def _text(side: Side, module: str) -> str:
    source = side.sources.get(module)
    try:
        return printable(source.text) if source is not None else ""
    except SourceError as error:
        return str(error)


def _line(name: str, before: str, after: str) -> str:
    return printable(f"{name}: {before or '(not there)'} → {after or '(not there)'}")
