"""The panel: all plugins of this kernel as cards that follow what happens."""

from __future__ import annotations

from .host import Host


class PluginPanel(Host):
    """Shows all plugins, and lets the user reload, revert, watch and unload them.

    ::

        from themis_jupyter.widgets import PluginPanel

        PluginPanel()

    It is a widget like any other: put it into a layout, close it, show it twice.
    """
