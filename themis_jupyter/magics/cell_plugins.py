"""Plugins that are written in cells: ``%%plugin``, and ``%plugin_edit`` to bring one into a cell."""

from __future__ import annotations

import os
import re
import warnings
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import magics_class

from ..names import check_module_name
from ..report import ReloadReport
from .arguments import AS, CASCADE, CONFIG, check_variable, takes, warn_of_hidden
from .base import ManagerMagics
from .cell_text import over
from .command import cell_command, command
from .config_value import read_config
from .results import Done

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..manager import PluginManager
    from .magics import PluginMagics
    from .results import Loaded

_HEAD = re.compile(r"\s*# (%%plugin\b[^\n]*)\n")
_MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)


@magics_class
class CellMagics(ManagerMagics):
    """Magics for plugins that are written in cells.

    :param plugins: loads what a cell defines for the first time.
    :param raw_cell: returns the text of the cell that is running, as the user sees it.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        manager: PluginManager,
        plugins: PluginMagics,
        raw_cell: Callable[[], str],
    ) -> None:
        super().__init__(shell, manager)
        self._plugins = plugins
        self._raw_cell = raw_cell

    @cell_command(
        takes("name", metavar="NAME", help="name of the plugin, and of its module"),
        CONFIG,
        AS,
        CASCADE,
        takes(
            "--save",
            metavar="PATH",
            nargs="?",
            const="",
            help="write the cell to a file (default: NAME.py), which is the plugin's from then on",
        ),
    )
    def plugin(self, request: Namespace) -> Loaded | ReloadReport:
        """Define a plugin in this cell. Running the cell again reloads it, with its state.

        Examples::

            %%plugin counter
            %%plugin counter --as counter --config {"step": 2}
            %%plugin counter --save

        The cell holds what would be in the plugin's file: imports, and one class that derives from
        Plugin or StatefulPlugin. If it fails, the version before goes on running. Without --config, a
        reload keeps the configuration.
        """
        name = _module_name(request.name)
        variable = None if request.variable is None else check_variable(request.variable)
        config = None
        if request.config is not None:
            config = read_config(request.config, request.namespace)
        _check_text(name, request.cell)
        bring_in: Callable[[Path], Any] = lambda path: self._bring_in(  # noqa: E731
            name, path, config, variable, request.cascade
        )
        if request.save is None:
            return bring_in(self._write(name, request.cell))  # type: ignore[no-any-return]
        return self._save(name, request, bring_in)

    @command(takes("name", metavar="NAME", help="name of a plugin that has one file"))
    def plugin_edit(self, request: Namespace) -> Done:
        """Bring the source of a plugin's file into a new cell.

        Example::

            %plugin_edit counter

        Running that cell writes the file and reloads the plugin. What came from a cell comes back as
        that cell.
        """
        from ..reload.source import read_source

        name = request.name
        if self.manager.is_plugin_loaded(name):
            candidate = self.manager.get_record(name).candidate
        else:
            self._known(name, (), request)
            candidate = self.manager.find_candidate(name)
        if candidate.is_package:
            raise UsageError(
                f"{name!r} is a package with several files, in {candidate.path.parent}: a cell holds "
                "one. Open them in an editor."
            )
        text = read_source(candidate.path).text
        head = _HEAD.match(text) if self._plugins.files.holds(candidate.path) else None
        if head is not None:
            cell = f"{head[1]}\n{text[head.end() :]}"
        else:
            path = _relative(candidate.path)
            where = "" if path == f"{candidate.module}.py" else f" {_quoted(path)}"
            cell = f"%%plugin {candidate.module} --save{where}\n{text}"
        self._shell.set_next_input(cell.rstrip("\n"), replace=False)
        return Done("Edit", name, "its source is in the next cell: change it, and run that cell")

    # -- steps -----------------------------------------------------------------------------------

    def _write(self, name: str, text: str) -> Path:
        """Write a cell's text to the file of this kernel that is behind it."""
        lines = self._raw_cell().splitlines()
        at = next((n for n, line in enumerate(lines) if line.lstrip().startswith("%%plugin")), 0)
        line = lines[at].strip() if lines else f"%%plugin {name}"
        return self._plugins.files.write(name, line, at, text)

    def _bring_in(
        self,
        name: str,
        path: Path,
        config: dict[str, Any] | None,
        variable: str | None,
        cascade: bool,
    ) -> Loaded | ReloadReport:
        """Load, or reload, a plugin from a file."""
        record = self.manager.loaded_module(name)
        if record is None:
            return self._plugins.bring_up(str(path), config, variable)
        report = self.manager.reload_plugin(
            record.name, config=config, cascade=cascade, source=path
        )
        if variable is not None and report:
            self._shell.push({variable: record.handle})
            warn_of_hidden(variable)
        return report

    def _save(
        self, name: str, request: Namespace, bring_in: Callable[[Path], Any]
    ) -> Loaded | ReloadReport:
        """Write the user's file and bring it in; if that fails, the file is what it was."""
        from ..write_source import write_source

        path = _target(name, request.save)
        try:
            before = path.read_bytes() if path.is_file() else None
            beside = write_source(path, over(name, request.cell, before), self._hashes(name))
        except OSError as error:
            raise UsageError(
                f"%%plugin {name} --save: {path} cannot be written: {error.strerror or error}. Save the cell "
                "elsewhere: --save PATH."
            ) from None
        result: Loaded | ReloadReport | None = None
        try:
            result = bring_in(path)
        finally:
            if result is None or not result:
                _put_back(path, before)
                if beside is not None:
                    beside.unlink(missing_ok=True)
        if beside is not None and isinstance(result, ReloadReport):
            result = result.with_warnings(
                f"what {path.name} held had never run here; it is in {beside.name}"
            )
        return result

    def _hashes(self, module: str) -> list[str]:
        record = self.manager.loaded_module(module)
        return self.manager.known_hashes(record.name if record is not None else module)


def _module_name(name: str) -> str:
    """Return the name if a cell's plugin may have it.

    :raises UsageError: it may not.
    """
    try:
        return check_module_name(name, name)
    except ValueError as error:
        hint = " To write a file: --save PATH." if "/" in name or name.endswith(".py") else ""
        raise UsageError(f"%%plugin: {error}.{hint}") from None


def _check_text(name: str, text: str) -> None:
    """Tell what a cell holds that no file of Python can.

    :raises UsageError: it does.
    """
    if not text.strip():  # blanks only: IPython itself refuses nothing at all
        raise UsageError(
            f"%%plugin {name}: the cell is empty. Below the first line comes what would be in the "
            f"plugin's file; %new_plugin {name} writes one to begin with."
        )
    if _MAGIC.search(text) is None:
        return
    try:
        with warnings.catch_warnings():  # they are for who loads the plugin
            warnings.simplefilter("ignore")
            compile(text, "<cell>", "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        if re.search(r"^%%plugin\b", text, re.MULTILINE):
            raise UsageError(
                f"%%plugin {name}: there is a second %%plugin in the cell. Each plugin needs a cell of its "
                "own."
            ) from None
        if line.startswith(("%", "!")):
            raise UsageError(
                f"%%plugin {name}: {line!r} is for a notebook, and does not work in a plugin, which is "
                "plain Python. Put it into a cell of its own."
            ) from None
    except (ValueError, RecursionError, MemoryError):  # who loads it says so
        return


def _target(name: str, given: str) -> Path:
    """Return the file that a cell is to be saved to.

    :raises UsageError: the plugin could not be imported from it.
    """
    path = Path(os.path.abspath(os.path.expanduser(given or f"{name}.py")))
    if path.is_dir():
        path = path / f"{name}.py"
    if path.exists() and not path.is_file():
        raise UsageError(f"%%plugin {name} --save: '{path}' is there, and is not a file.")
    if path.name != f"{name}.py":
        raise UsageError(
            f"%%plugin {name} --save {given}: the file has to be called {name}.py, as the plugin is; or "
            f"call the plugin {path.stem!r}."
        )
    if not path.parent.is_dir():
        raise UsageError(f"%%plugin {name} --save {given}: there is no folder '{path.parent}'.")
    return path


def _put_back(path: Path, before: bytes | None) -> None:
    from ..write_source import write_source

    if before is None:  # a link to a file that was not there stays one
        Path(os.path.realpath(path)).unlink(missing_ok=True)
    else:
        write_source(path, before, known_anyway(path))


def known_anyway(path: Path) -> list[str]:
    """Return the hash of what a file holds: nobody misses what is written over it."""
    from ..watch.looks import content_hash

    return [content_hash(path)]


def _relative(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
