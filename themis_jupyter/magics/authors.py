"""The magics for who writes plugins: a file to start from, and whether it can be reloaded safely."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import magics_class

from ..catalog import is_path
from ..errors import PluginNotFoundError, did_you_mean
from .arguments import CONFIG, NAME_OR_PATH, check_variable, expand, takes
from .base import ManagerMagics, check_no_variable
from .command import command
from .config_value import read_config
from .results import Done

if TYPE_CHECKING:
    from ..handle import Handle
    from ..testing import SafetyReport


@magics_class
class AuthorMagics(ManagerMagics):
    """Magics that write and test plugins."""

    @command(
        NAME_OR_PATH,
        CONFIG,
        takes(
            "--use",
            metavar="CODE",
            help='statements that build up state; the plugin is `plugin`, as in "plugin.add()"',
        ),
        takes(
            "--reloads",
            metavar="N",
            type=int,
            default=20,
            help="how many reloads to look for leaks in (default: 20)",
        ),
        takes(
            "--timeout",
            metavar="SECONDS",
            type=float,
            default=120.0,
            help="how long it may take (default: 120)",
        ),
    )
    def test_plugin(self, request: Namespace) -> SafetyReport:
        """Check that a plugin can be reloaded safely, and tell what to do where it cannot.

        A copy of it is edited, reloaded and broken in each step, in a process of its own; a plugin
        that is loaded is not touched. It gets the configuration of the loaded one.

        Examples::

            %test_plugin counter
            %test_plugin ./plugins/counter.py --use "plugin.add()"
            report = %test_plugin counter --reloads 100

        The result is true if nothing failed. In a test: `themis_jupyter.testing.assert_reload_safe`.
        """
        if request.reloads < 2:
            raise UsageError(
                f"%test_plugin: --reloads {request.reloads}: expected a number from 2 on."
            )
        if not 0 < request.timeout < math.inf:
            raise UsageError(f"%test_plugin: --timeout {request.timeout}: expected seconds.")
        _check_code(request.use)
        plugin = self._plugin(request)
        config = None
        if request.config is not None:
            config = read_config(request.config, request.namespace)
        # Both are slow to import.
        from ..testing.apart import check_apart
        from ..testing.safety import request_for

        wanted = request_for(
            plugin,
            config=config,
            use=request.use,
            reloads=request.reloads,
            manager=self.manager,
        )
        return check_apart(wanted, request.timeout)

    def _plugin(self, request: Namespace) -> Path | Handle:
        """Return the handle of a loaded plugin, or the path of one that is not."""
        name: str = request.name
        if is_path(name):
            from .facts import loaded_from

            loaded = loaded_from(self.manager, name)
            return Path(name) if loaded is None else self.manager.get_plugin(loaded)
        if self.manager.is_plugin_loaded(name):
            return self.manager.get_plugin(name)
        try:
            path = self.manager.get_manifest(name).path
        except PluginNotFoundError:
            check_no_variable(name, request)
            raise
        assert path is not None
        return path

    @command(
        takes("name", metavar="NAME", help="how it is to be called; the file will be NAME.py"),
        takes("--stateful", action="store_true", help="one whose state survives reloads"),
        takes("--folder", metavar="FOLDER", default=".", help="where to write it (default: here)"),
    )
    def new_plugin(self, request: Namespace) -> Done:
        """Write a plugin to start from: a short file that works, with comments.

        Examples::

            %new_plugin greeter
            %new_plugin counter --stateful --folder plugins

        What exists already is left as it is.
        """
        from ..starter import write_starter

        name: str = request.name
        head, slash, tail = name.replace("\\", "/").rpartition("/")
        if slash:
            raise UsageError(
                f"%new_plugin: {name!r} is a path. Give the name, and the folder by itself: "
                f"%new_plugin {tail.removesuffix('.py') or 'NAME'} --folder {head or '/'}"
            )
        folder = _folder(expand(request.folder, request.namespace))
        path = write_starter(folder, name, stateful=request.stateful)
        found = any(
            Path(each).expanduser().resolve() == folder.resolve()
            for each in self.manager.plugin_folders
        )
        load = name if found else _quoted(path if path.is_absolute() else f"./{path}")
        return Done("Written", str(path), f"next: %load_plugin {load} --as {_variable(name)}")


def _folder(text: str) -> Path:
    try:
        folder = Path(text).expanduser()
    except RuntimeError as error:  # ~nobody
        raise UsageError(f"%new_plugin: --folder {text}: {error}") from None
    if not folder.exists():
        parent = folder.parent
        near = [e.name for e in parent.iterdir() if e.is_dir()] if parent.is_dir() else []
        raise UsageError(
            f"%new_plugin: there is no folder '{folder}'{did_you_mean(folder.name, near) or '.'} "
            "Make it first, or leave --folder out to write here."
        )
    return folder


def _variable(name: str) -> str:
    """Return a variable to suggest for the plugin."""
    try:
        return check_variable(name)
    except UsageError:
        return "my_plugin"


def _quoted(path: Any) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text


def _check_code(code: str | None) -> None:
    if code is None:
        return
    try:
        compile(code, "<--use>", "exec")
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise UsageError(
            f"%test_plugin: --use {code!r} is not valid Python: {reason}. Statements belong in quotes, "
            'as in --use "plugin.add(); plugin.add()"'
        ) from None
