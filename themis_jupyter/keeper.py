"""Keeping states beyond the life of a kernel: saved on request or of itself, and brought back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Float, Int
from traitlets.config import Configurable

from .errors import StateError, describe
from .phases import Outcome
from .record import Record, about
from .report import ReloadReport

if TYPE_CHECKING:
    from .running import Runner
    from .state import Header, Snapshot, SnapshotStore

log = logging.getLogger("themis_jupyter.state")

#: The folder of a user's snapshots is this user's own; it never comes with a notebook.
StoreFactory = Callable[[str], "SnapshotStore"]


def store_in_files(plugin: str) -> SnapshotStore:
    """Return the store of a plugin's snapshots in this user's data directory."""
    from .state import FileStore

    return FileStore(None, plugin)


class StateKeeper(Configurable):
    """Saves the states of plugins to stores, and finds them again.

    :ivar store_of: makes the store of a plugin.
    """

    save_after_reload = Bool(
        False, help="Save the state of a plugin to a file after each reload that succeeds."
    ).tag(config=True)
    save_at_exit = Bool(
        False, help="Save the states of all loaded plugins when the kernel ends."
    ).tag(config=True)
    interval = Float(
        30.0, min=0.0, help="Seconds within which a state is not saved of itself once more."
    ).tag(config=True)
    limit = Int(
        1 << 30, min=0, allow_none=True, help="Bytes; larger states are not saved of themselves."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.store_of: StoreFactory = store_in_files
        self._stores: dict[str, SnapshotStore] = {}
        self._saved: dict[str, float] = {}

    def store(self, plugin: str) -> SnapshotStore:
        """Return the store of a plugin's snapshots."""
        if plugin not in self._stores:
            self._stores[plugin] = self.store_of(plugin)
        return self._stores[plugin]

    def capture(self, record: Record, runner: Runner) -> Snapshot:
        """Return the state of a plugin, fit for another process.

        :raises StateError: it has none, or it cannot be saved.
        """
        if record.instance is None:
            raise StateError(
                record.name,
                f"{record.name!r} is broken since its last reload failed: mend it first. Its state is "
                "kept for the next reload that succeeds.",
            )
        snapshot = runner.save_state(
            record.name, record.instance, about=about(record), portable=True
        )
        if snapshot is None:
            raise StateError(
                record.name,
                f"{record.name!r} has no state to save: derive its class from StatefulPlugin.",
            )
        return snapshot

    def save(self, record: Record, runner: Runner, label: str | None = None) -> str:
        """Save the state of a plugin, and return the label that it is saved under.

        :raises StateError: it cannot be saved.
        """
        saved = self.store(record.name).save(self.capture(record, runner), label)
        self._saved[record.name] = time.monotonic()
        return saved

    def load(self, plugin: str, label: str | None, trust: bool = False) -> tuple[str, Snapshot]:
        """Return a saved state, by default the newest, with its label.

        :param trust: also if it is not signed with this user's secret.
        :raises StateError: there is none, or it cannot be trusted or read.
        """
        store = self.store(plugin)
        chosen = label if label is not None else store.newest()
        if chosen is None:
            raise StateError(
                plugin,
                f"no state of {plugin!r} was saved. Save one: %plugin_state {plugin} save",
            )
        return chosen, store.load(chosen, trust=trust)

    def header(self, plugin: str, label: str | None) -> Header | None:
        """Return what a saved state says of itself, without loading it; None where there is none."""
        store = self.store(plugin)
        chosen = label if label is not None else store.newest()
        return store.headers().get(chosen) if chosen is not None else None

    def in_words(self, plugin: str, words: Callable[[Header], str]) -> str:
        """Return ``words`` of the newest saved state, or why it cannot be read; empty where there is none."""
        try:
            header = self.header(plugin, None)
        except StateError as error:
            return str(error)
        return words(header) if header is not None else ""

    # -- of itself -------------------------------------------------------------------------------

    def after_reload(
        self, report: ReloadReport, loaded: Iterable[Record], runner: Runner
    ) -> ReloadReport:
        """Save the states of what was reloaded, if that is set; return the report, with what went wrong."""
        if not self.save_after_reload or report.outcome is not Outcome.RELOADED:
            return report
        told = self._save_some(
            [r for r in loaded if r.name in report.plugins], runner, self.interval
        )
        return report.with_warnings(*told) if told else report

    def at_exit(self, loaded: Iterable[Record], runner: Runner) -> None:
        """Save the states of all plugins, if that is set; what goes wrong is logged."""
        if self.save_at_exit:
            self._save_some(loaded, runner, 0.0)

    def _save_some(self, records: Iterable[Record], runner: Runner, interval: float) -> list[str]:
        """Save what was not saved lately; return in words what could not be."""
        limit = self.limit
        told: list[str] = []
        now = time.monotonic()
        for record in records:
            if now - self._saved.get(record.name, -interval) < interval:
                continue
            if record.instance is None or not hasattr(record.instance, "save_state"):
                continue
            try:
                snapshot = self.capture(record, runner)
                if limit is not None and snapshot.size > limit:
                    told.append(
                        f"the state of {record.name!r} was not saved of itself: it has {snapshot.size:,} "
                        f"bytes, more than c.StateKeeper.limit ({limit:,})."
                    )
                    continue
                self.store(record.name).save(snapshot)
                self._saved[record.name] = now
            except BaseException as error:  # noqa: BLE001 - the reload has succeeded, and has its report
                told.append(
                    f"the state of {record.name!r} was not saved of itself: {describe(error)}"
                )
                if isinstance(error, KeyboardInterrupt):
                    break  # whoever pressed Ctrl-C does not want to wait for the others
        for line in told:
            log.warning("%s", line)
        return told
