"""The magics: each asks the manager for one thing and returns what came of it."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import magics_class

from ..catalog import is_path
from ..errors import PluginError, PluginNotFoundError, ThemisError
from ..handle import target_of
from ..manager import PluginManager
from ..record import Record
from ..report import ReloadReport
from .arguments import (
    ACTIONS,
    AS,
    CASCADE,
    CONFIG,
    NAME,
    NAME_OR_PATH,
    NAMES,
    SOME_NAME,
    check_variable,
    takes,
    warn_of_hidden,
)
from .base import ManagerMagics, check_no_variable
from .cell_files import CellFiles
from .command import command
from .config_value import read_config
from .problems import plugin_part, sentence
from .results import Loaded, Unloaded
from .tables import Details, Errors, Events, Failure, Plugins, finished

if TYPE_CHECKING:
    from ..planning import ReloadPlan


@magics_class
class PluginMagics(ManagerMagics):
    """Magics that load, reload, unload and show plugins."""

    def __init__(self, shell: InteractiveShell, manager: PluginManager) -> None:
        super().__init__(shell, manager)
        #: What put these magics into the shell, for it to find itself again.
        self.extension: Any = None
        # Of loads that failed there is no record in the manager: nothing is left of them.
        self._failed_loads: dict[str, Failure] = {}
        #: The files behind plugins that are written in cells.
        self.files = CellFiles()
        self._looked_for_states = False

    @command(
        NAME_OR_PATH,
        CONFIG,
        AS,
        takes("--restore", action="store_true", help="bring back the state that was saved last"),
        takes("--watch", action="store_true", help="reload it when its file is saved"),
    )
    def load_plugin(self, request: Namespace) -> Loaded | ReloadReport:
        """Load a plugin, and what it needs.

        Examples::

            %load_plugin counter
            %load_plugin ./plugins/counter.py --as counter
            %load_plugin counter --config {"step": 2}
            %load_plugin counter --config @counter.json
            %load_plugin counter --config $settings
            %load_plugin counter --restore
            %load_plugin counter --watch

        If it cannot be loaded, nothing is left behind, and the error is raised. The result has the
        plugin as ``.plugin``. A path with blanks in it needs quotes.
        """
        variable = None if request.variable is None else check_variable(request.variable)
        config = None
        if request.config is not None:
            config = read_config(request.config, request.namespace)
        replaced = self._replaced(request.name)
        if replaced is not None:
            return self.manager.reload_plugin(replaced, config=config, source=request.name)
        loaded = self.bring_up(request.name, config, variable, watch=request.watch)
        if not request.restore:
            return loaded
        report = self.manager.restore_state(loaded.name)
        return loaded if report else replace(loaded, notes=(report.headline(), *loaded.notes))

    def bring_up(
        self,
        target: str,
        config: dict[str, Any] | None,
        variable: str | None,
        *,
        watch: bool = False,
    ) -> Loaded:
        """Load a plugin, and put its handle into a variable.

        :param target: its name or path.
        :raises ThemisError: it cannot be loaded; ``%plugin_errors`` shows why from now on.
        """
        from ..drift import drift_of
        from ..record import source_hash
        from .facts import version_of

        before, began = self.manager.list_loaded_plugins(), time.perf_counter()
        try:
            handle = self.manager.load_plugin(target, config, watch=watch)
        except ThemisError as error:
            self._remember(target, error)
            raise
        elapsed = time.perf_counter() - began
        record = self.manager.get_record(target_of(handle).name)
        self._failed_loads.pop(record.name, None)
        if variable is not None:
            self._shell.push({variable: handle})
            warn_of_hidden(variable)
        return Loaded(
            name=record.name,
            version=version_of(record.manifest),
            plugin=handle,
            variable=variable,
            along=tuple(
                name
                for name in self.manager.list_loaded_plugins()
                if name not in before and name != record.name
            ),
            elapsed=None if record.name in before else elapsed,
            drift=drift_of(record),
            sha256=source_hash(record.module),
            notes=tuple(_mistakes(record)),
        )

    def _replaced(self, target: str) -> str | None:
        """Return the name of the plugin from a cell that is loaded in place of the file at ``target``."""
        if not is_path(target):
            return None
        record = self.manager.loaded_module(Path(target).stem)
        if record is None or not self.files.holds(record.candidate.path):
            return None
        return record.name if Path(target).expanduser().is_file() else None

    def _remember(self, asked: str, error: ThemisError) -> None:
        traceback = plugin_part(error)
        if traceback:  # the rest is about what was asked, not about a plugin
            name = error.plugin if isinstance(error, PluginError) else asked
            self._failed_loads[name] = Failure(name, sentence(error), traceback)

    @command(
        NAMES,
        takes("--all", action="store_true", help="reload all that are loaded"),
        CASCADE,
        CONFIG,
        takes(
            "--full", action="store_true", help="run every statement again, as a new import does"
        ),
        takes("--fresh", action="store_true", help="start without the old state"),
        takes("--plan", action="store_true", help="tell what would happen, and do nothing"),
        takes("-q", "--quiet", action="store_true", help="show the report only if it failed"),
    )
    def reload_plugin(self, request: Namespace) -> ReloadReport | ReloadPlan:
        """Bring what was edited in, in place and with its state.

        Several plugins are reloaded as one transaction: all of them, or none. Without a name: the
        one that is loaded, or, if several are, all of them as with ``--all``.

        Examples::

            %reload_plugin counter
            report = %reload_plugin counter --fresh
            %reload_plugin counter --config {"step": 3}
            %reload_plugin --all -q
            %reload_plugin counter --plan

        The result is a report, and is true if the plugins run what is on disk. A reload that fails
        raises nothing: the old version goes on running, the report is shown and is false. To stop
        the notebook there: ``report.raise_for_outcome()``. ``print(report)`` tells everything.
        """
        names = list(dict.fromkeys(self._loaded(name, request) for name in request.names))
        if names and request.all:
            raise UsageError("%reload_plugin: give names or --all, not both.")
        if not names:
            names = self.manager.list_loaded_plugins()
        if not names:
            raise UsageError("no plugin is loaded. Load one: %load_plugin NAME")
        if request.plan:
            return self.manager.plan_reload(
                *names, cascade=request.cascade, full=request.full, fresh=request.fresh
            )
        configs = {}
        if request.config is not None:
            if len(names) > 1 or request.all:
                raise UsageError("%reload_plugin: --config is for one plugin; name it.")
            configs = {names[0]: read_config(request.config, request.namespace)}
        return self.manager.reload_plugins(
            names, configs=configs, cascade=request.cascade, full=request.full, fresh=request.fresh
        )

    @command(
        NAME,
        takes("--cascade", action="store_true", help="unload the plugins that need it first"),
    )
    def unload_plugin(self, request: Namespace) -> Unloaded:
        """Shut a plugin down and unload it. Its handles stay, and say that it is not loaded.

        Example::

            %unload_plugin counter
        """
        name = self._loaded(request.name, request)
        return Unloaded(tuple(self.manager.unload_plugin(name, cascade=request.cascade)))

    @command(
        takes(
            "name", metavar="NAME|gc", help="name of a plugin; or gc, to tidy up for all of them"
        ),
        takes("action", metavar="ACTION", nargs="?", default="show", help=", ".join(ACTIONS)),
        takes("argument", metavar="LABEL|FILE", nargs="?", help="a saved state, or a file"),
        takes(
            "--trust", action="store_true", help="also what is not signed by you: it can run code"
        ),
    )
    def plugin_state(self, request: Namespace) -> Any:
        """Show, save and bring back the state of a plugin, also over a restart of the kernel.

        Examples::

            %plugin_state counter
            %plugin_state counter save before-the-experiment
            %plugin_state counter list
            %plugin_state counter restore before-the-experiment
            %plugin_state counter reset
            %plugin_state counter export counter.state
            %plugin_state counter import counter.state
            %plugin_state gc

        Saved states are signed. What somebody else has saved is refused, as loading it can run code;
        with ``--trust``, what it says of itself is shown, and it is loaded all the same.
        """
        from .state import StateMagic

        magic = StateMagic(self.manager)
        if request.name == "gc" and not self.manager.is_plugin_loaded("gc"):
            return [
                magic.run(name, "gc", None, False) for name in self.manager.list_loaded_plugins()
            ]
        action = request.action
        # What is saved may be looked at before the plugin is loaded.
        name = request.name if action in ("list", "gc") else self._loaded(request.name, request)
        return magic.run(name, action, request.argument, request.trust)

    @command(
        SOME_NAME,
        takes("--panel", action="store_true", help="show the panel, or say why it cannot be shown"),
        takes("--table", action="store_true", help="show a table, also where the panel could be"),
    )
    def plugins(self, request: Namespace) -> Any:
        """List the plugins that are loaded, and those that could be.

        Where widgets are available this is the panel: cards that follow what happens, with buttons; otherwise,
        and with ``--table``, a table. In both cases the answer is a sequence of the plugins.

        A plugin is *broken* where a failed reload could not be undone. Its file is *edited* or
        *deleted* on disk where other bytes run; *reverted* is told where a former version was
        brought back, and the file has another one. With a name: all that is known of that plugin.

        Examples::

            %plugins
            %plugins counter
            %plugins --panel
            found = %plugins --table
        """
        if request.panel or request.table:
            option = "--panel" if request.panel else "--table"
            if request.panel and request.table:
                raise UsageError("%plugins: --panel and --table exclude each other.")
            if request.name is not None:
                raise UsageError(f"%plugins {option} shows all plugins: leave the name out.")
        if request.panel:
            from .panel import panel

            return panel(self.manager)
        from .facts import details, rows, saved_states

        looked = self._looked_for_states
        if request.name is None:
            found = list(rows(self.manager))
            notes, self._looked_for_states = [], True
            if not looked:
                unloaded = [row.name for row in found if row.state == "not loaded"]
                notes = list(saved_states(self.manager, unloaded))
            return Plugins(found, notes, None if request.table else self._panel)
        name = request.name
        if is_path(name):
            name = self._loaded(name, request)
        try:
            return Details(details(self.manager, name))
        except PluginNotFoundError:
            check_no_variable(name, request)
            raise

    def _panel(self) -> Any:
        from .panel import panel_where_it_shows

        return panel_where_it_shows(self.manager)

    @command(
        SOME_NAME,
        takes(
            "-n",
            "--last",
            metavar="N",
            type=int,
            default=30,
            help="how many, the newest (default: 30)",
        ),
    )
    def plugin_events(self, request: Namespace) -> Events:
        """List what happened: each step of loads, reloads and unloads, with its time and error.

        Examples::

            %plugin_events
            %plugin_events counter -n 5
        """
        if request.last < 1:
            raise UsageError(f"%plugin_events: -n {request.last}: expected a number from 1 on.")
        events = finished(list(self.manager.events.history))
        if request.name is not None:
            known = {event.plugin for event in events}
            if request.name not in known:
                self._known(request.name, known, request)
            events = [event for event in events if event.plugin == request.name]
        return Events(events[-request.last :])

    @command()
    def plugin_errors(self, request: Namespace) -> Errors:
        """Show the errors that are not mended yet, each with the traceback of the plugin.

        They are those of the last load or reload, until one succeeds.
        """
        loaded = self.manager.list_loaded_plugins()
        reports = [self.manager.get_record(name).failure for name in loaded]
        failures = [
            Failure(report.plugin, report.headline(), report.traceback, report)
            for report in {id(r): r for r in reports if r is not None}.values()
        ]
        loads = [f for name, f in self._failed_loads.items() if name not in loaded]
        return Errors([*failures, *loads])


def _mistakes(record: Record) -> list[str]:
    """Return what in a plugin looks like a mistake."""
    from ..hooks import misspelt_hooks

    return [] if record.instance is None else misspelt_hooks(type(record.instance))
