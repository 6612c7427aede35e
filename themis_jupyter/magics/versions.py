"""What ``%plugin_history`` and ``%plugin_diff`` return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..render.format import number, size
from ..render.moments import lately
from .results import Result
from .tables import Table

if TYPE_CHECKING:
    from ..comparing import Comparison
    from ..history import Version
    from ..record import Record
    from ..render.diff import RowsOf, Section


@dataclass(frozen=True)
class VersionRow:
    """One version that ran.

    :param began: when it began to run the last time, in seconds since 1970.
    :param how: it came to run: by ``load``, ``reload`` or ``revert``.
    :param plugin_version: as the plugin's manifest says.
    :param source: lines that differ from the version above it, as ``+3 -1``.
    :param config: ``changed`` where the configuration differs from that of the version above it.
    :param state: with which it was left, or why there is none.
    :param now: ``running``, ``on disk``, both, or nothing.
    """

    number: int
    began: float
    how: str
    plugin_version: str
    source: str
    config: str
    state: str
    now: str


class Versions(Table):
    """What ``%plugin_history`` found: a sequence of :class:`VersionRow`, the newest number last."""

    columns = ("version", "began", "by", "calls itself", "source", "configuration", "state", "now")
    empty = "No version of it has run yet."

    def __init__(self, found: Sequence[VersionRow]) -> None:
        self._found = tuple(found)

    def __iter__(self) -> Iterator[VersionRow]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: int) -> VersionRow:
        return self._found[index]

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return [
            (v.number, lately(v.began), v.how, v.plugin_version, v.source, v.config, v.state, v.now)
            for v in self._found
        ]


class Difference(Result):
    """What ``%plugin_diff`` found; false where nothing differs.

    :param found: what differs.
    """

    def __init__(self, found: Comparison) -> None:
        self.found = found

    def __bool__(self) -> bool:
        return bool(self.found)

    def text(self) -> str:
        """Return unified diffs, and tables of what else differs."""
        from ..render.diff import diff_text

        return diff_text(*self._parts())

    def html(self) -> str:
        """Return the same, coloured."""
        from ..render.diff import diff_html

        return diff_html(*self._parts())

    def _parts(self) -> tuple[str, list[Section], list[RowsOf], Sequence[str]]:
        found = self.found
        title = f"{found.plugin}: {found.old} → {found.new}"
        sections: list[Section] = [
            (f"{m.module} ({m.word}, +{m.added} -{m.removed})", m.lines) for m in found.modules
        ]
        tables: list[RowsOf] = [("configuration", list(found.config)), ("state", list(found.state))]
        return title if found else f"{title}: nothing differs", sections, tables, found.notes


def version_rows(record: Record) -> Iterator[VersionRow]:
    """Yield a row for each kept version of a plugin."""
    from ..comparing import counted
    from ..config import alike
    from ..drift import version_on_disk

    history, on_disk = record.history, version_on_disk(record)
    above = None
    for version in sorted(history, key=lambda v: v.number):
        runs = version is history.current and record.is_loaded
        if above is None:
            source, config = "the first that is kept", ""
        else:
            source = counted(above.sources, version.sources)
            config = "" if alike(above.config, version.config) else "changed"
            if not source and version.json != above.json:
                source = "plugin.json"
        words = [*(["running"] if runs else []), *(["on disk"] if version is on_disk else [])]
        yield VersionRow(
            version.number,
            version.again,
            version.how,
            version.plugin_version,
            source,
            config,
            _state(version, runs),
            ", ".join(words),
        )
        above = version


def _state(version: Version, runs: bool) -> str:
    if version.stateless:
        return "none"
    if version.left is None:
        return "in use" if runs else version.not_kept or "not saved"
    header = version.left
    what = f"{number(len(header.fields), 'field')}, {size(header.size)}"
    when = f"in use; before: {what}" if runs else what
    return when if version.state is not None else f"{when}, no longer kept"
