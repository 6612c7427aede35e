"""Loading and unloading single plugins, with all or nothing left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal

from .candidate import Candidate
from .catalog import Catalog, is_path
from .closure import close_gates
from .config import check_config
from .dependencies import load_order
from .errors import PluginDefinitionError, PluginError, PluginLoadError, ThemisError, describe
from .gate import Gate
from .loading import SubmoduleFinder, drop_modules, import_candidate
from .manifest import Manifest
from .operation import Operation
from .phases import Outcome, Phase
from .plugin_source import find_plugin
from .policy import Policy
from .record import Record
from .reload.surroundings import Surroundings
from .reload.tracking import restore as restore_tracking
from .reload.tracking import tracked
from .running import Runner


class Loader:
    """Brings plugins up, their dependencies first, and takes them down.

    :param records: of all plugins that were ever loaded, by name.
    :param folders: searched for names.
    :param operation: makes the operation of one load.
    """

    def __init__(
        self,
        records: dict[str, Record],
        catalog: Catalog,
        folders: Sequence[str],
        policy: Callable[[], Policy],
        finder: SubmoduleFinder,
        runner: Runner,
        operation: Callable[[], Operation],
    ) -> None:
        self._records = records
        self._catalog = catalog
        self._folders = folders
        self._policy = policy
        self._finder = finder
        self._runner = runner
        self._operation = operation

    # -- up --------------------------------------------------------------------------------------

    def load(
        self, name_or_path: str | os.PathLike[str], config: dict[str, Any] | None
    ) -> Record:
        """Load a plugin and what it needs; if one of them fails, unload those that were loaded for it.

        :raises ThemisError: it cannot be loaded.
        """
        candidate = self._candidate(name_or_path)
        present = self._present(candidate, config)
        if present is not None:
            return present
        loaded: list[Record] = []
        try:
            self._load_all(candidate, config, loaded)
        except BaseException:
            for record in reversed(loaded):
                with suppress(Exception):  # the first error is the one to tell
                    self.unload(record, None, 0.0)
            raise
        return self._records[candidate.name]

    def _candidate(self, name_or_path: str | os.PathLike[str]) -> Candidate:
        record = None if is_path(name_or_path) else self._records.get(os.fspath(name_or_path))
        if record is not None and record.is_loaded:
            return record.candidate
        return self._catalog.find(name_or_path, self._folders)

    def _present(self, candidate: Candidate, config: dict[str, Any] | None) -> Record | None:
        """Return the record if this very plugin is loaded already.

        :raises PluginDefinitionError: another one has its name.
        """
        record = self._records.get(candidate.name)
        if record is None or not record.is_loaded:
            return None
        if record.candidate.path != candidate.path:
            raise PluginDefinitionError(
                candidate.name,
                f"a plugin {candidate.name!r} is loaded already, from {record.candidate.path}; "
                f"{candidate.path} has the same name. Unload that one first, or give this one another "
                "`name`.",
            )
        if config is not None and config != record.config:
            raise PluginError(
                candidate.name,
                f"{candidate.name!r} is loaded already, with another configuration. To change it: "
                f"pm.reload_plugin({candidate.name!r}, config=...).",
            )
        return record

    def _load_all(
        self, candidate: Candidate, config: dict[str, Any] | None, loaded: list[Record]
    ) -> None:
        self._catalog.candidates.setdefault(candidate.name, candidate)
        for need in self._order(candidate.name, candidate.manifest):
            if need == candidate.name or self._is_loaded(need):
                continue
            self._load_all(self._catalog.find(need, self._folders), None, loaded)
        loaded.append(self._load_one(candidate, config, loaded))

    def _order(self, name: str, manifest: Manifest) -> list[str]:
        """Return what ``name`` needs, itself last; look for what is not known yet."""
        manifests = self._manifests() | {name: manifest}
        if any(dependency.name not in manifests for dependency in manifest.dependencies):
            self._catalog.refresh(self._folders)
            manifests = self._manifests() | {name: manifest}
        return load_order(name, manifests)

    def _manifests(self) -> dict[str, Manifest]:
        loaded = {
            name: record.manifest
            for name, record in self._records.items()
            if record.is_loaded and record.manifest is not None
        }
        return self._catalog.manifests(loaded)

    def _is_loaded(self, name: str) -> bool:
        record = self._records.get(name)
        return record is not None and record.is_loaded

    def load_needed(self, record: Record, manifest: Manifest) -> Iterable[Callable[[], None]]:
        """Load what a reloaded plugin newly needs.

        :returns: for each plugin that was loaded, what unloads it.
        :raises DependencyError: it cannot be had.
        """
        undo: list[Callable[[], None]] = []
        for need in self._order(record.name, manifest):
            if need != record.name and not self._is_loaded(need):
                made = self.load(need, None)
                undo.append(lambda made=made: self.unload(made, None, 0.0))  # type: ignore[misc]
        return undo

    def _load_one(
        self, candidate: Candidate, config: dict[str, Any] | None, loaded: list[Record]
    ) -> Record:
        operation = self._operation()
        name = candidate.name
        surroundings = Surroundings()
        before = sys.modules.get(candidate.module)
        remembered = tracked(before) if before is not None else None
        record = self._records.get(name)
        fresh = record is None
        if record is None:
            record = Record(name, candidate, Gate(name))
        try:
            self._bring_up(record, candidate, config, operation, loaded)
        except BaseException as error:
            record.instance = record.module = None
            present = sys.modules.get(candidate.module)
            if before is None and present is not None:
                drop_modules([present])
            elif before is not None:
                restore_tracking(before, remembered)
            if candidate.is_package:
                self._finder.remove(candidate.module)
            surroundings.restore()
            operation.tell(name, Outcome.ABORTED, "ended", operation.elapsed, describe(error))
            if isinstance(error, ThemisError | KeyboardInterrupt):
                raise
            raise _failed(name, candidate, error) from error
        if fresh:
            self._records[name] = record
        else:  # the order of loading is the order of the records
            self._records[name] = self._records.pop(name)
        operation.tell(name, Phase.AFTER_LOAD, "ended", operation.elapsed)
        return record

    def _bring_up(
        self,
        record: Record,
        candidate: Candidate,
        config: dict[str, Any] | None,
        operation: Operation,
        loaded: list[Record],
    ) -> None:
        name = record.name
        with operation.step(name, Phase.LOAD):
            if candidate.is_package:
                self._finder.add(candidate.module)
            module = self._runner.call(
                name, "the body", import_candidate, candidate, self._policy
            )
        with operation.step(name, Phase.CREATE):
            source = find_plugin(vars(module), candidate.module, candidate.attr)
            instance = self._runner.call(name, f"{source.kind}", source.create)
            manifest = candidate.manifest_of(instance)
            given = check_config(name, config, manifest.config_schema)
            if manifest.name != name and self._is_loaded(manifest.name):
                raise PluginDefinitionError(
                    manifest.name, f"a plugin {manifest.name!r} is loaded already."
                )
            for need in self._order(manifest.name, manifest):
                if need != manifest.name and not self._is_loaded(need):
                    self._load_all(self._catalog.find(need, self._folders), None, loaded)
        with operation.step(name, Phase.INITIALIZE):
            self._runner.initialize(name, instance, given, None)
        with operation.step(name, Phase.AFTER_LOAD):
            operation.announce(name, Phase.AFTER_LOAD)
            record.candidate, record.module, record.manifest = candidate, module, manifest
            record.config, record.instance = given, instance
            record.last = record.failure = record.kept = record.dormant = None
            record.gate.revive()

    # -- down ------------------------------------------------------------------------------------

    def unload(
        self, record: Record, operation: Operation | None, drain_timeout: float
    ) -> None:
        """Shut a plugin down and drop its modules.

        :raises PluginBusyError: calls in flight do not end; it goes on running.
        :raises PluginError: its ``shutdown`` raised; it is unloaded all the same.
        """
        operation = operation or self._operation()
        operation.kind = _UNLOAD
        name = record.name
        raised: BaseException | None = None
        with operation.step(name, Phase.BEFORE_UNLOAD):
            operation.announce(name, Phase.BEFORE_UNLOAD)
            with self._runner.guard.allowed():
                closure = close_gates([record.gate], drain_timeout)
        with closure:
            instance = record.instance
            if instance is not None:
                try:
                    with operation.step(name, Phase.UNLOAD):
                        self._runner.call(name, "shutdown()", instance.shutdown)
                except BaseException as error:  # noqa: BLE001 - told below; a user wants it gone
                    raised = error
            with operation.step(name, Phase.AFTER_UNLOAD):
                drop_modules(record.modules)
                if record.candidate.is_package:
                    self._finder.remove(record.candidate.module)
                record.instance = record.dormant = record.module = record.kept = None
                record.gate.retire()
                operation.announce(name, Phase.AFTER_UNLOAD)
        operation.tell(name, Phase.AFTER_UNLOAD, "ended", operation.elapsed)
        if raised is not None:
            raise PluginError(
                name, f"{name!r} is unloaded, but its shutdown() raised {describe(raised)}."
            ) from raised


_UNLOAD: Literal["unload"] = "unload"


def _failed(name: str, candidate: Candidate, error: BaseException) -> PluginLoadError:
    return PluginLoadError(
        name,
        f"{name!r} was not loaded: {describe(error)} ({candidate.path}). Nothing was left behind; mend "
        "the file and load it again.",
    )
