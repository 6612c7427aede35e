"""Loading plugins, their dependencies first, with all or nothing left behind."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

from . import background
from .background import ComingUp
from .candidate import Candidate
from .catalog import is_path
from .config import check_config, differ, own_copy
from .dependencies import load_order
from .errors import (
    PluginDefinitionError,
    PluginError,
    PluginLoadError,
    ThemisError,
    describe,
)
from .gate import Gate
from .history import LOAD
from .history_keeper import HistoryKeeper
from .loading import SubmoduleFinder, drop_modules, import_candidate, prepare_present
from .manifest import Manifest
from .operation import Kind, Operation
from .phases import Outcome, Phase
from .plugin import Plugin
from .plugin_source import find_plugin
from .policy import Policy
from .record import Record, submodules
from .registry import Registry
from .reload import Staged
from .reload.surroundings import Surroundings
from .running import Runner
from .unloading import unload

log = logging.getLogger("themis_jupyter.manager")


@dataclass(eq=False)
class _Attempt:
    """How far one load has come.

    :param present: the module, where others had imported it before.
    :param instance: set when its ``initialize`` is about to run.
    :param coming: holds back background tasks until it is loaded.
    """

    candidate: Candidate
    present: ModuleType | None
    staged: Staged | None = None
    committed: bool = False
    instance: Plugin | None = None
    coming: ComingUp = field(default_factory=ComingUp)


class Loader:
    """Brings plugins up.

    :param folders: searched for names.
    :param operation: makes the operation of one load or unload.
    """

    def __init__(
        self,
        registry: Registry,
        folders: Sequence[str],
        policy: Callable[[], Policy],
        finder: SubmoduleFinder,
        runner: Runner,
        operation: Callable[[Kind], Operation],
        history: HistoryKeeper,
    ) -> None:
        self._registry = registry
        self._catalog = registry.catalog
        self._folders = folders
        self._policy = policy
        self.finder = finder
        self.runner = runner
        self._operation = operation
        self._history = history

    # -- what is loaded --------------------------------------------------------------------------

    def load(self, name_or_path: str | os.PathLike[str], config: dict[str, Any] | None) -> Record:
        """Load a plugin and what it needs; if one of them fails, unload those that were loaded for it.

        :raises ThemisError: it cannot be loaded.
        """
        candidate = self._candidate(name_or_path)
        present = self._present(candidate, config)
        if present is not None:
            return present
        loaded: list[Record] = []
        try:
            return self._load_all(candidate, config, loaded)
        except BaseException as error:
            for record in reversed(loaded):
                self._unload_again(record)
            if isinstance(error, PluginDefinitionError):
                self._catalog.forget(candidate, error.plugin)
            raise

    def load_needed(
        self, name: str, manifests: Mapping[str, Manifest], undo: list[Callable[[], object]]
    ) -> None:
        """Load what a plugin needs and is not loaded yet.

        :param manifests: of plugins that are being reloaded, it among them, as they are going to be.
        :param undo: gets what unloads each that was loaded.
        :raises DependencyError: it cannot be had.
        """
        for need in self._order(name, manifests):
            if need not in manifests and not self._registry.is_loaded(need):
                record = self.load(need, None)
                undo.append(lambda record=record: self._unload_again(record))  # type: ignore[misc]

    def _candidate(self, name_or_path: str | os.PathLike[str]) -> Candidate:
        record = None if is_path(name_or_path) else self._registry.find(os.fspath(name_or_path))
        if record is not None and record.is_loaded:
            return record.candidate
        if record is not None and record.name not in self._catalog.candidates:
            return self._catalog.find(record.candidate.path, self._folders)
        return self._catalog.find(name_or_path, self._folders)

    def _present(self, candidate: Candidate, config: dict[str, Any] | None) -> Record | None:
        """Return the record if this very plugin is loaded already.

        :raises PluginError: it is, but not as asked for; or another one has its name.
        """
        # By path as well: running it may have told another name than reading it.
        loaded = self._registry.loaded()
        same = [r for r in loaded if r.candidate.path == candidate.path]
        record = next(iter(same or [r for r in loaded if r.name == candidate.name]), None)
        if record is None:
            return None
        name = record.name
        if record.candidate.path != candidate.path:
            raise _taken(name, record, candidate)
        if record.is_broken:
            raise PluginError(
                name,
                f"{name!r} is loaded, but broken since its last reload failed. Mend the file and "
                f"reload it, which gives it its state back: %reload_plugin {name}. Or start anew: "
                f"%unload_plugin {name}, then load it.",
            )
        if config is not None and differ(config, record.config):
            raise PluginError(
                name,
                f"{name!r} is loaded already, with another configuration. To start anew: "
                f"%unload_plugin {name}, then load it. To keep its state: "
                f"PluginManager.instance().reload_plugin({name!r}, config=...).",
            )
        return record

    def unload(self, records: Sequence[Record], drain_timeout: float) -> None:
        """Unload plugins together; see :func:`.unloading.unload`."""
        told = partial(self._operation, "unload")
        unload(records, self.runner, told, self.finder, drain_timeout)

    # -- what is needed --------------------------------------------------------------------------

    def _load_all(
        self, candidate: Candidate, config: dict[str, Any] | None, loaded: list[Record]
    ) -> Record:
        self._catalog.candidates.setdefault(candidate.name, candidate)
        self._load_dependencies(candidate.name, candidate.manifest, loaded)
        record = self._load_one(candidate, config, loaded)
        loaded.append(record)
        return record

    def _load_dependencies(self, name: str, manifest: Manifest, loaded: list[Record]) -> None:
        for need in self._order(name, {name: manifest}):
            if need != name and not self._registry.is_loaded(need):
                self._load_all(self._catalog.find(need, self._folders), None, loaded)

    def _order(self, name: str, manifests: Mapping[str, Manifest]) -> list[str]:
        """Return what ``name`` needs, itself last; look for what is not known yet."""
        known = self._manifests(manifests)
        if any(dependency.name not in known for dependency in known[name].dependencies):
            self._catalog.refresh([*self._folders, *_beside(known[name])])
            known = self._manifests(manifests)
        return load_order(name, known)

    def _manifests(self, new: Mapping[str, Manifest]) -> dict[str, Manifest]:
        return {**self._catalog.manifests(self._registry.manifests()), **new}

    # -- one plugin ------------------------------------------------------------------------------

    def _load_one(
        self, candidate: Candidate, config: dict[str, Any] | None, loaded: list[Record]
    ) -> Record:
        operation = self._operation("load")
        attempt = _Attempt(candidate, sys.modules.get(candidate.module))
        surroundings = Surroundings()
        try:
            with attempt.coming:
                record = self._bring_up(attempt, config, operation, loaded)
        except BaseException as error:
            self._take_back(attempt, surroundings)
            name = candidate.name
            operation.tell(name, Outcome.ABORTED, "ended", operation.elapsed, describe(error))
            if isinstance(error, ThemisError | KeyboardInterrupt):
                raise
            raise _failed(name, candidate, error) from error
        if attempt.staged is not None:
            attempt.staged.finish()
        self._history.begun(record, LOAD)
        operation.tell(record.name, Phase.AFTER_LOAD, "ended", operation.elapsed)
        return record

    def _bring_up(
        self,
        attempt: _Attempt,
        config: dict[str, Any] | None,
        operation: Operation,
        loaded: list[Record],
    ) -> Record:
        candidate, runner = attempt.candidate, self.runner
        name = candidate.name
        with operation.step(name, Phase.LOAD):
            if candidate.is_package:
                self.finder.add(candidate.module)
            module = self._import(attempt)
        with operation.step(name, Phase.CREATE):
            source = find_plugin(vars(module), candidate.module, candidate.attr)
            source.check()
            instance = runner.call(name, "creating the instance", source.create)
            json = candidate.json_fields()
            manifest = candidate.manifest_of(instance, json)
            name = manifest.name  # running it may tell another one than reading it did
            self._refuse_taken(name, candidate)
            given = own_copy(check_config(name, config, manifest.config_schema))
            self._load_dependencies(name, manifest, loaded)
        with operation.step(name, Phase.INITIALIZE):
            attempt.instance = instance
            background.hold(instance, attempt.coming)
            runner.initialize(name, instance, given, None)
        with operation.step(name, Phase.AFTER_LOAD):
            record = self._registry.find(name) or Record(name, candidate, Gate(name))
            self._registry.put_last(record)
            record.candidate, record.manifest, record.json = candidate, manifest, json
            record.module, record.adopted = module, attempt.present is not None
            record.config = {k: v for k, v in given.items() if k != "restored_state"}
            record.last = record.failure = record.kept = record.dormant = None
            record.instance = instance
            background.attach(instance, record.gate)
            record.gate.revive()
            for words in attempt.coming.begin():
                log.warning("%r: %s", name, words)
            operation.announce(name, Phase.AFTER_LOAD)
        return record

    def _import(self, attempt: _Attempt) -> ModuleType:
        candidate = attempt.candidate
        if attempt.present is None:
            return self.runner.call(
                candidate.name, "the body", import_candidate, candidate, self._policy
            )
        attempt.staged = prepare_present(candidate, attempt.present, self._policy())
        if attempt.staged.unchanged:
            attempt.staged.take_note()
            attempt.staged = None
            return attempt.present
        attempt.staged.stage(partial(self.runner.call, candidate.name, "the body"))
        attempt.staged.commit()
        attempt.committed = True
        return attempt.present

    def _refuse_taken(self, name: str, candidate: Candidate) -> None:
        record = self._registry.find(name)
        if record is not None and record.is_loaded:
            raise _taken(name, record, candidate)

    def _take_back(self, attempt: _Attempt, surroundings: Surroundings) -> None:
        """Leave nothing behind of a load that failed."""
        candidate, module = attempt.candidate, sys.modules.get(attempt.candidate.module)
        attempt.coming.drop()
        if attempt.instance is not None:
            try:
                self.runner.shutdown(candidate.name, attempt.instance)
            except BaseException as error:  # noqa: BLE001 - it never started fully; the rest goes on
                log.info("shutdown() of half-started %r: %s", candidate.name, describe(error))
            for words in background.end(attempt.instance):
                log.warning("%r was not loaded, but %s", candidate.name, words)
            background.retire(attempt.instance)
        if attempt.staged is not None:
            if attempt.committed:
                attempt.staged.undo()
            else:
                attempt.staged.discard()
        if attempt.present is None and module is not None:
            drop_modules([*submodules(candidate.module), module])
        if candidate.is_package:
            self.finder.remove(candidate.module)
        surroundings.restore()

    def _unload_again(self, record: Record) -> None:
        """Unload what was loaded only for something that failed."""
        try:
            self.unload([record], 0.0)
        except Exception as error:  # noqa: BLE001 - the first error is the one to tell
            log.warning("%r, loaded as a dependency: %s", record.name, describe(error))


def _beside(manifest: Manifest) -> list[str]:
    """Return the folder that a plugin lies in: what it needs lies there, too, as a rule."""
    path = manifest.path
    if path is None:
        return []
    return [str(path.parent.parent if path.name == "__init__.py" else path.parent)]


def _taken(name: str, record: Record, candidate: Candidate) -> PluginDefinitionError:
    return PluginDefinitionError(
        name,
        f"a plugin {name!r} is loaded already, from {record.candidate.path}; {candidate.path} has the "
        "same name. Unload that one first, or give this one another `name`.",
    )


def _failed(name: str, candidate: Candidate, error: BaseException) -> PluginLoadError:
    way_out = "mend the file and load it again."
    folder = candidate.path.parent
    if not candidate.is_package and (folder / "__init__.py").is_file():
        way_out = (
            f"the file belongs to the package {folder.name!r}: load that, %load_plugin {folder}, if "
            "it imports from its neighbours; or mend the file and load it again."
        )
    return PluginLoadError(
        name,
        f"{name!r} was not loaded: {describe(error)} ({candidate.path}). Nothing was left behind; "
        f"{way_out}",
    )
