"""Live-reload of notebook plugins: edits come in in place, state survives, failures roll back.

In a notebook::

    %load_ext themis_jupyter
    %load_plugin ./counter.py --as counter
    %reload_plugin counter
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ThemisError
from .events import DriftEvent, PhaseEvent
from .manager import PluginManager
from .phases import Outcome, Phase
from .plugin import Capability, Plugin, PluginType, StatefulPlugin, migrates, reconnects
from .policy import AllowAll, PinnedHashes, Policy
from .report import ReloadReport

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .reload import reload_in_place, track

__version__ = "0.1.0"

__all__ = [
    "AllowAll",
    "Capability",
    "DriftEvent",
    "Outcome",
    "Phase",
    "PhaseEvent",
    "PinnedHashes",
    "Plugin",
    "PluginManager",
    "PluginType",
    "Policy",
    "ReloadReport",
    "StatefulPlugin",
    "ThemisError",
    "__version__",
    "load_ipython_extension",
    "migrates",
    "reconnects",
    "reload_in_place",
    "track",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    # The engine is imported when it is first asked for.
    if name in ("reload_in_place", "track"):
        from . import reload

        return getattr(reload, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by ``%load_ext themis_jupyter``."""
    from .magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by ``%unload_ext themis_jupyter``; leaves nothing behind."""
    from .magics import unload

    unload(shell)
