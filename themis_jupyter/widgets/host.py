"""What all widgets here are: a view of the board, on a comm of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
from traitlets import Unicode

from ..board import Desk, Feed
from ..board.board import Changes
from ..board.boards import board_of
from ..board.static import static_html, static_text
from ..errors import WidgetError
from ..manager import PluginManager
from ..subshells import keep_its_shell

#: Built from ui/ by npm. Wheels have it; in a checkout, ``make ui`` makes it.
SCRIPT = Path(__file__).parent / "static" / "panel.js"


def script() -> str:
    """Return what the page runs.

    :raises WidgetError: it was not built.
    """
    try:
        return SCRIPT.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WidgetError(
            f"{SCRIPT} is not there: the panel was not built. In a checkout: make ui (it needs Node)."
        ) from None


class Host(anywidget.AnyWidget):
    """A widget that shows something of the board.

    :ivar plugin: name of the one plugin that it shows; empty for all.
    """

    #: What the script shows: ``panel``, ``timeline``, ``status`` or ``button``.
    view = Unicode("panel").tag(sync=True)
    plugin = Unicode("").tag(sync=True)
    #: What is shown where no kernel answers: HTML, escaped.
    saved = Unicode("").tag(sync=True)

    _feed: Feed | None = None

    def __init__(self, manager: PluginManager | None = None, **kwargs: Any) -> None:
        self._manager = manager if manager is not None else PluginManager.instance()
        self._board = board_of(self._manager)
        self._esm = script()
        kwargs.setdefault("saved", self._static()[1])
        super().__init__(**kwargs)
        keep_its_shell(self.comm)
        self._feed = Feed(self._board, self.send)
        self._desk = Desk(self._board, self._feed, self.send)
        self.on_msg(self._on_message)

    def close(self) -> None:
        """Show nothing any more."""
        if self._feed is not None:  # a widget whose making failed is closed, too
            self._feed.end()
        super().close()

    def _on_message(self, widget: object, content: object, buffers: object) -> None:
        self._desk.handle(content)

    def _static(self) -> tuple[str, str]:
        """Return the state now as text and as HTML."""
        state = self._board.state(Changes())
        if self.plugin:
            state["plugins"] = [p for p in state["plugins"] if p["name"] == self.plugin]
        return static_text(state), static_html(state)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, *rest = super()._repr_mimebundle_(**kwargs) or ({},)
        text, html = self._static()
        return ({**data, "text/plain": text, "text/html": html}, *rest)
