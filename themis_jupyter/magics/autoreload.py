"""Keeps IPython's ``%autoreload`` away from plugins.

It would run a plugin's edited file before the next cell: with new classes, without the plugin's
state, and with nothing to go back to. A later reload would find classes that nobody's instances have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PluginError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..manager import PluginManager


class Autoreload:
    """Marks the modules of loaded plugins as ``%aimport -module`` does, while they are loaded."""

    def __init__(self, shell: InteractiveShell, manager: PluginManager) -> None:
        self._shell: Any = shell
        self._manager = manager
        self._marked: set[str] = set()

    def install(self) -> None:
        """Begin to look after each cell."""
        self._shell.events.register("post_run_cell", self._after)

    def remove(self) -> None:
        """Take the marks away."""
        self._shell.events.unregister("post_run_cell", self._after)
        self._mark(set())

    def _after(self, result: object) -> None:
        self._mark(None)

    def _mark(self, modules: set[str] | None) -> None:
        """Mark these modules, and no others; None: those of loaded plugins."""
        # Loaded at any time, or never. What marks a module is not public, and may change.
        magics = self._shell.magics_manager.registry.get("AutoreloadMagics")
        skipped = getattr(getattr(magics, "_reloader", None), "skip_modules", None)
        if not isinstance(skipped, dict):
            return
        wanted = self._modules() if modules is None else modules
        for name in self._marked - wanted:
            skipped.pop(name, None)
        new = wanted - skipped.keys()  # what the user has marked stays marked in the end
        skipped.update(dict.fromkeys(new, True))
        self._marked = (self._marked & wanted) | new

    def _modules(self) -> set[str]:
        found: set[str] = set()
        for name in self._manager.list_loaded_plugins():
            try:
                found.update(module.__name__ for module in self._manager.get_record(name).modules)
            except PluginError:  # unloaded just now, by another thread
                continue
        return found
