"""Writing the histories of plugins, within limits on their number and size."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from traitlets import Int
from traitlets.config import Configurable

from .config import own_copy
from .history import History, Version
from .record import Record, sources_of
from .render.format import size

if TYPE_CHECKING:
    from .state import Snapshot


class HistoryKeeper(Configurable):
    """Notes each version that runs, and the state that it is left with."""

    versions = Int(
        50, min=1, allow_none=True, help="How many versions of each plugin are kept; None: all."
    ).tag(config=True)
    state_bytes = Int(
        100_000_000,
        min=0,
        allow_none=True,
        help="Bytes that the kept states of all plugins may take together, the oldest go first; None: any.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._histories: list[History] = []

    def grow(self, record: Record) -> None:
        """Add what the running version has imported since it began to run."""
        record.history.grow(sources_of(record.modules))

    def reworded(self, record: Record) -> None:
        """Note the text of what runs, which differs in comments from what was noted."""
        record.history.reword(sources_of(record.modules))

    def begun(self, record: Record, how: str, gone: Collection[str] = ()) -> None:
        """Note what a plugin runs from now on.

        :param how: it came to run: ``load``, ``reload`` or ``revert``.
        :param gone: names of modules that are there no more.
        """
        history, manifest = record.history, record.manifest
        if not any(known is history for known in self._histories):
            self._histories.append(history)
        history.begin(
            sources_of(record.modules),
            record.json,
            own_copy(record.config),
            plugin_version=manifest.version if manifest is not None else "0",
            how=how,
            stateless=not hasattr(record.instance, "save_state"),
            gone=gone,
        )
        if self.versions is not None:
            history.drop(self.versions)

    def left(self, version: Version, state: Snapshot | None) -> None:
        """Note the state that a version was left with, or that it was made to give up."""
        version.leave(state)
        if self.state_bytes is None or state is None:
            return
        if state.size > self.state_bytes:
            version.drop_state(
                f"{size(state.size)}, more than c.HistoryKeeper.state_bytes ({size(self.state_bytes)})"
            )
            return
        kept = [(v, v.state) for h in self._histories for v in h if v.state is not None]
        kept.sort(key=lambda pair: pair[1].header.created)
        total = sum(snapshot.size for _, snapshot in kept)
        for oldest, snapshot in kept:
            if total <= self.state_bytes:
                break
            oldest.drop_state("newer states needed the room: c.HistoryKeeper.state_bytes")
            total -= snapshot.size
