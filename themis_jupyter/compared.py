"""Two versions of a plugin compared, by the words that users have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import HistoryError
from .record import Record

if TYPE_CHECKING:
    from .comparing import Comparison, Side
    from .manager import PluginManager

#: What stands for a version, besides its number.
RUNNING, FILE = "running", "file"


def compared(
    manager: PluginManager, record: Record, old: str | None = None, new: str | None = None
) -> Comparison:
    """Return what differs between two versions of a plugin.

    To tell of the state that the plugin has now, its ``save_state()`` is called, unless it is compared with
    what is on disk, which has none.

    :param old: number of a version, ``running`` or ``file``. Without both: what runs and what is on disk or,
        where they are the same, the version before and what runs.
    :raises HistoryError: there is no such version.
    """
    return compared_sides(manager, record, old, new)[0]


def compared_sides(
    manager: PluginManager, record: Record, old: str | None = None, new: str | None = None
) -> tuple[Comparison, Side, Side]:
    """Return the same, and the two sides with their whole texts."""
    from .comparing import compare
    from .masking import masked

    words = _usual(record) if old is None else (old, new or RUNNING)
    notes: list[str] = []
    one, other = (_side(manager, record, word, notes) for word in words)
    if FILE not in words:
        notes += [_no_fields(side) for side in (one, other) if side.fields is None]
    schema = record.manifest.config_schema if record.manifest is not None else None
    found = compare(
        record.name, one, other, notes=notes, mask=lambda config: masked(config, schema)
    )
    return found, one, other


def _usual(record: Record) -> tuple[str, str]:
    from .drift import drift_of

    before, current = record.history.previous(), record.history.current
    if current is not None and not record.is_loaded:
        return str(current.number), FILE
    if before is None or (record.is_loaded and drift_of(record)):
        return RUNNING, FILE
    return str(before.number), RUNNING


def _side(manager: PluginManager, record: Record, word: str, notes: list[str]) -> Side:
    from .sides import file_side, running_side, side_of

    if word == FILE:
        side, told = file_side(record)
        notes += told
        return side
    history = record.history
    if word == RUNNING:
        if not record.is_loaded:
            raise HistoryError(
                record.name, f"{record.name!r} is not loaded: it has no {RUNNING!r}."
            )
        return running_side(record, manager.state_fields(record.name))
    if not (word.isascii() and word.isdigit()):
        raise HistoryError(
            record.name, f"{word!r} is not the number of a version, {RUNNING!r} or {FILE!r}."
        )
    version = history.get(int(word))
    if version is history.current and record.is_loaded:
        return _side(manager, record, RUNNING, notes)
    return side_of(version)


def _no_fields(side: Side) -> str:
    return f"What was in the state of {side.label} is not known, so the states are not compared."
