"""What the groups of magics have in common: the manager, and how plugins are named in a line."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics

from ..catalog import is_path
from ..errors import PluginNotFoundError, did_you_mean
from ..handle import Handle, target_of
from ..manager import PluginManager


class ManagerMagics(Magics):
    """Magics that ask a plugin manager for something."""

    def __init__(self, shell: InteractiveShell, manager: PluginManager) -> None:
        super().__init__(shell)
        self.manager = manager
        self._shell: Any = shell

    def _loaded(self, name: str, request: Namespace) -> str:
        """Return the name of a loaded plugin, for its name or path.

        :raises ThemisError: there is none.
        """
        if not is_path(name):
            try:
                return self.manager.get_record(name).name
            except PluginNotFoundError:
                check_no_variable(name, request)
                raise
        from .facts import loaded_from

        found = loaded_from(self.manager, name)
        if found is None:
            loaded = ", ".join(self.manager.list_loaded_plugins()) or "none"
            raise UsageError(f"no plugin is loaded from {name!r} (loaded: {loaded})")
        return found

    def _known(self, name: str, more: Iterable[str], request: Namespace) -> None:
        """Check that there is a plugin of that name, loaded or not.

        :raises UsageError: there is none.
        """
        known = {*self.manager.list_plugins(), *more}
        if name not in known:
            check_no_variable(name, request)
            raise UsageError(f"no plugin {name!r}{did_you_mean(name, known)}")


def check_no_variable(name: str, request: Namespace) -> None:
    """Tell who wrote the name of a variable, where there is no plugin of that name.

    :raises UsageError: the variable holds a plugin.
    """
    held = request.namespace.get(name)
    if isinstance(held, Handle):
        raise UsageError(
            f"no plugin {name!r}: that is the variable which holds the plugin; "
            f"did you mean {target_of(held).name!r}?"
        )
