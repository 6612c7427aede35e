"""The two sides of a comparison: a kept version, what runs, what is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .comparing import Side
from .drift import version_on_disk
from .errors import PluginError, SourceError
from .history import Version
from .placing import placed
from .record import Record, sources_of

if TYPE_CHECKING:
    from .reload.source import Source
    from .state.header import Field


def side_of(version: Version) -> Side:
    """Return a kept version, with the fields of the state that it was left with."""
    fields: Sequence[Field] | None = version.left.fields if version.left is not None else None
    if version.stateless:
        fields = ()
    return Side(
        f"version {version.number}", version.sources, version.json or {}, version.config, fields
    )


def running_side(record: Record, fields: Sequence[Field] | None) -> Side:
    """Return what a loaded plugin runs.

    :param fields: of its state as it is now; None where that is not known.
    """
    current = record.history.current
    number = f" version {current.number}" if current is not None else ""
    sources = sources_of(record.modules)
    if current is not None:  # what it imports when first used is a part of it, too
        sources = {**current.sources, **sources}
    return Side(f"running{number}", sources, record.json or {}, record.config, fields)


def file_side(record: Record) -> tuple[Side, list[str]]:
    """Return what is on disk, and in words what of it cannot be read.

    Files that no version has ever run are not known to belong to the plugin.
    """
    current, kept = record.history.current, version_on_disk(record)
    known: dict[str, Source] = sources_of(record.modules)
    for version in (current, kept):
        if version is not None:
            known = {**placed(record, version), **known}
    found, notes = {}, []
    for name, source in known.items():
        try:
            found[name] = _read(source.filename)
        except FileNotFoundError:
            continue
        except (SourceError, OSError) as error:
            notes.append(str(error))
    try:
        json = record.candidate.json_fields() or {}
    except PluginError as error:
        json = record.json or {}
        notes.append(str(error))
    number = f" (version {kept.number})" if kept is not None else ""
    return Side(f"file{number}", found, json), notes


def _read(filename: str) -> Source:
    from pathlib import Path

    from .reload.source import read_source

    Path(filename).stat()  # raises FileNotFoundError
    return read_source(filename)
