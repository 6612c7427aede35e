"""Widgets: the panel of all plugins, and small ones for dashboards of one's own.

They need ``anywidget`` (``pip install themis-jupyter[widgets]``), and no extension of the front end.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .panel import PluginPanel
    from .small import (
        PhaseTimeline,
        PluginStatus,
        ReloadButton,
        phase_timeline,
        plugin_status,
        reload_button,
    )

__all__ = [
    "PhaseTimeline",
    "PluginPanel",
    "PluginStatus",
    "ReloadButton",
    "phase_timeline",
    "plugin_status",
    "reload_button",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(".panel" if name == "PluginPanel" else ".small", __name__)
    value = globals()[name] = getattr(module, name)
    return value
