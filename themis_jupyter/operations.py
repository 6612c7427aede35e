"""Loading, unloading and reloading plugins: each operation has its turn, and its answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from traitlets import Float

from .dependencies import auto_load_order
from .errors import (
    DependentsError,
    PluginError,
    ThemisError,
)
from .handle import Handle
from .history_keeper import HistoryKeeper
from .interrupts import InterruptGuard
from .inventory import Inventory
from .keeper import StateKeeper
from .operation import Kind, Operation
from .policy import AllowAll, Policy
from .report import ReloadReport
from .request import Request
from .reverting import Revert
from .turns import TURNS

if TYPE_CHECKING:
    # What works with plugins is imported when there is one: loading the extension does not wait for it.
    from .loader import Loader
    from .loading import SubmoduleFinder
    from .planning import ReloadPlan
    from .running import Runner

log = logging.getLogger("themis_jupyter.manager")


class Operations(Inventory):
    """What changes plugins; :class:`.manager.PluginManager` has it, and what goes beyond."""

    drain_timeout = Float(
        5.0, min=0.0, help="Seconds that a reload waits for calls in flight before it gives up."
    ).tag(config=True)
    step_timeout = Float(
        300.0,
        min=0.0,
        allow_none=True,
        help="Seconds that one call of a plugin's own initialize(), shutdown() … may take; None: any.",
    ).tag(config=True)
    request_timeout = Float(
        5.0,
        min=0.0,
        help="Seconds that a plugin's on_reload_requested() may delay its reload; 0: it is not asked.",
    ).tag(config=True)
    wait_notice = Float(
        2.0, min=0.0, help="Seconds after which a reload that waits for another one says so."
    ).tag(config=True)

    def __init__(self, *, policy: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        #: Decides which bytes may run.
        self.policy: Policy = policy or AllowAll()
        #: Where states are kept beyond this kernel.
        self.keeper = StateKeeper(parent=self)
        #: Notes the versions that ran.
        self.history_keeper = HistoryKeeper(parent=self)
        self._finder: SubmoduleFinder | None = None

    # -- loading ---------------------------------------------------------------------------------

    def load_plugin(
        self,
        name_or_path: str | os.PathLike[str],
        config: dict[str, Any] | None = None,
    ) -> Handle:
        """Load a plugin, its dependencies first.

        Loading again what is loaded from the same file gives its handle, and changes nothing.

        :param config: handed to ``initialize``; checked against ``config_schema``.
        :raises ThemisError: it cannot be loaded; nothing is left behind.
        """
        with self._turn(f"loading {os.fspath(name_or_path)!r}") as loader:
            return loader.load(name_or_path, config).handle

    def auto_load_plugins(self) -> dict[str, ThemisError]:
        """Load all plugins that ask for it, by priority, dependencies first.

        :returns: those that could not be loaded, with the reason; the others are loaded.
        """
        self._catalog.refresh(self.plugin_folders)
        plan = auto_load_order(self._catalog.manifests(self._registry.manifests()))
        failed: dict[str, ThemisError] = {p.plugin: p for p in plan.problems}
        for name in plan.order:
            if not self.is_plugin_loaded(name):
                try:
                    self.load_plugin(name)
                except ThemisError as error:
                    failed[name] = error
        return failed

    def _operation(self, kind: Kind, guard: InterruptGuard) -> Operation:
        return Operation(kind, self.events, self._listeners, guard)

    def _runner(self, guard: InterruptGuard) -> Runner:
        from .running import Runner

        return Runner(guard, self.step_timeout, self.request_timeout)

    def _loader(self, guard: InterruptGuard) -> Loader:
        from .loader import Loader
        from .loading import SubmoduleFinder

        if self._finder is None:
            self._finder = SubmoduleFinder(lambda: self.policy)
        return Loader(
            self._registry,
            self.plugin_folders,
            lambda: self.policy,
            self._finder,
            self._runner(guard),
            lambda kind: self._operation(kind, guard),
            self.history_keeper,
        )

    @contextmanager
    def _turn(self, what: str) -> Iterator[Loader]:
        """Hold the turn; Ctrl-C does not come between."""
        with InterruptGuard() as guard, TURNS.take(what, guard, self.wait_notice):
            yield self._loader(guard)

    # -- unloading -------------------------------------------------------------------------------

    def unload_plugin(self, name: str, cascade: bool = False) -> list[str]:
        """Shut a plugin down and take its module out of ``sys.modules``.

        A module that was imported before the plugin was loaded stays there.

        :param cascade: unload those that need it first.
        :returns: the names of what was unloaded, in order.
        :raises DependentsError: others need it, and ``cascade`` is not set.
        :raises PluginBusyError: calls in flight do not end; everything goes on running.
        :raises PluginError: its ``shutdown`` raised; it is unloaded all the same.
        """
        with self._turn(f"unloading {name!r}") as loader:
            last = self._registry.get(name)
            dependents = self.get_dependents(name)
            if dependents and not cascade:
                names = ", ".join(dependents)
                raise DependentsError(
                    name,
                    f"plugin {name!r} cannot be unloaded: {names} "
                    f"need{'s' * (len(dependents) == 1)} it. "
                    f"Unload them as well: %unload_plugin {name} --cascade",
                    dependents,
                )
            records = [*map(self._registry.get, dependents), last]
            loader.unload(records, self.drain_timeout)
            return [record.name for record in records]

    def unload_all_plugins(self) -> list[str]:
        """Unload everything, dependents first; go on where one of them raises.

        :returns: the names of what was unloaded.
        :raises ExceptionGroup: what was raised, after all were tried.
        """
        unloaded: list[str] = []
        errors: list[Exception] = []
        for name in reversed(self.list_loaded_plugins()):
            if self.is_plugin_loaded(name):
                try:
                    unloaded += self.unload_plugin(name, cascade=True)
                except PluginError as error:
                    errors.append(error)
        if errors:
            raise ExceptionGroup("some plugins could not be unloaded", errors)
        return unloaded

    # -- reloading -------------------------------------------------------------------------------

    def reload_plugin(
        self,
        name: str,
        *,
        config: dict[str, Any] | None = None,
        cascade: bool = False,
        full: bool = False,
        fresh: bool = False,
        source: str | os.PathLike[str] | None = None,
    ) -> ReloadReport:
        """Bring the edits of a plugin in, in place, with its state; never raises.

        :param config: a new configuration; by default the old one.
        :param source: another file that the plugin is read from, now and later.
        :param cascade: take those that need it along, down in reverse order and up in order.
        :param full: run every statement again, as a fresh import does.
        :param fresh: start without the old state.
        :returns: what happened. False where the plugin does not run what is on disk.
        """
        configs = {} if config is None else {name: config}
        request = Request([name], configs, cascade, full, fresh, self.drain_timeout)
        if source is None:
            return self._reload(request)
        return self._reload_from(name, source, request)

    def _reload_from(
        self, name: str, source: str | os.PathLike[str], request: Request
    ) -> ReloadReport:
        """Reload a plugin from another file, and know it by that one from then on."""
        from .loading import rehome
        from .other_place import place_of

        try:
            record = self._registry.get(name)
            place = place_of(record, source)
        except ThemisError as error:
            return self._reload(request, error)
        if place.path == record.candidate.path:
            return self._reload(request)
        report = self._reload(replace(request, places={name: place}))
        if report and record.module is not None:
            self._catalog.candidates[name] = place
            rehome(record.module, place, lambda: self.policy)
        return report

    def reload_plugins(
        self,
        names: Sequence[str],
        *,
        configs: Mapping[str, dict[str, Any]] | None = None,
        cascade: bool = False,
        full: bool = False,
        fresh: bool = False,
    ) -> ReloadReport:
        """Bring the edits of several plugins in, as one transaction; see :meth:`reload_plugin`.

        :param configs: new configurations, by plugin name; the others keep theirs.
        """
        asked = [names] if isinstance(names, str) else list(names)
        return self._reload(Request(asked, configs or {}, cascade, full, fresh, self.drain_timeout))

    def plan_reload(
        self,
        *names: str,
        cascade: bool = False,
        full: bool = False,
        fresh: bool = False,
    ) -> ReloadPlan:
        """Tell what a reload would do, without doing it. See :meth:`reload_plugin`.

        Nothing of the new code runs. To tell of the state, ``save_state()`` is called.

        :raises PluginError: one of them is not loaded.
        """
        from .loading import check
        from .planning import Planner

        request = Request(list(names), {}, cascade, full, fresh, self.drain_timeout)
        what = f"planning the reload of {', '.join(map(repr, names)) or 'nothing'}"
        with InterruptGuard() as guard, TURNS.take(what, guard, self.wait_notice):
            runner = self._runner(guard)
            checked = partial(check, self.policy)
            return Planner(self._registry, runner, checked).plan(request)

    def _reload(
        self,
        request: Request,
        refused: BaseException | None = None,
        revert: Revert | None = None,
    ) -> ReloadReport:
        what = f"the reload of {', '.join(map(repr, request.asked)) or 'nothing'}"
        with InterruptGuard() as guard, ExitStack() as stack:
            try:
                stack.enter_context(TURNS.take(what, guard, self.wait_notice))
            except BaseException as error:  # noqa: BLE001 - told in the report
                refused = error
            from .reloading import Reloader

            reloader = Reloader(
                self._registry,
                lambda: self.policy,
                self._loader(guard),
                self._runner(guard),
                self._operation("reload", guard),
                self.history_keeper,
            )
            if revert is not None and refused is None:
                try:
                    request = revert.request(self._registry, self.drain_timeout)
                except Exception as error:  # noqa: BLE001 - told in the report
                    refused = error
            report = reloader.answer(request, refused)
            told = self.keeper.after_reload(report, self._registry.loaded(), self._runner(guard))
            if revert is not None:
                told = revert.written(told, self._registry)
            if told is not report:
                reloader.remember(told)
            return told
