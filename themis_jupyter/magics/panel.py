"""The panel, for the magics that show it: the widgets are imported only then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython

from ..errors import WidgetError

if TYPE_CHECKING:
    from ..manager import PluginManager

log = logging.getLogger("themis_jupyter.panel")


def panel(manager: PluginManager) -> Any:
    """Return a new panel.

    :raises UsageError: what it needs is not installed.
    :raises WidgetError: its script was not built.
    """
    try:
        from ..widgets import PluginPanel
    except ImportError as error:
        raise UsageError(
            f"the panel needs anywidget ({error}). Install it: pip install themis-jupyter[widgets]"
        ) from None
    return PluginPanel(manager)


def panel_where_it_shows(manager: PluginManager) -> Any:
    """Return a new panel; None in a terminal, and where widgets are not installed."""
    if getattr(get_ipython(), "kernel", None) is None:
        return None
    try:
        return panel(manager)
    except UsageError:  # not installed: the table says the same, and --panel says what is missing
        return None
    except WidgetError as error:  # installed, but broken: nobody chose that
        log.info("no panel: %s", error)
        return None
