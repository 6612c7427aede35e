"""Small widgets for dashboards of one's own: one plugin each, with traits to observe and to link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Float, Unicode

from ..events import DriftEvent, Event
from .host import Host


class Small(Host):
    """Shows one plugin.

    :ivar life: ``loaded``, ``broken``, ``reloading`` or ``not loaded``.
    :ivar outcome: of its last reload; empty where there was none.
    :ivar phase: the step that runs; empty while none does.
    :ivar drift: empty where what runs is what is on disk.
    :ivar elapsed: seconds that its last reload took.
    """

    life = Unicode("not loaded", read_only=True)
    outcome = Unicode("", read_only=True)
    phase = Unicode("", read_only=True)
    drift = Unicode("", read_only=True)
    elapsed = Float(0.0, read_only=True)

    _unsubscribe: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, plugin: str, **kwargs: Any) -> None:
        super().__init__(plugin=plugin, **kwargs)
        self._look()
        self._unsubscribe = self._manager.events.subscribe(self._on_event)

    def close(self) -> None:
        """Show nothing any more."""
        self._unsubscribe()
        super().close()

    def _on_event(self, event: Event) -> None:
        if event.plugin != self.plugin:
            return
        if isinstance(event, DriftEvent):
            self.set_trait("drift", event.drift)
        elif event.terminal:
            self.set_trait("phase", "")
            self._look()
        elif event.status == "started":
            self.set_trait("phase", event.phase.value)

    def _look(self) -> None:
        from ..board.cards import card_of

        card = card_of(self._manager, self.plugin)
        last = card["last"] if card is not None else None
        self.set_trait("life", card["life"] if card is not None else "not loaded")
        self.set_trait("drift", card["drift"] if card is not None else "")
        self.set_trait("outcome", last["outcome"] if last else "")
        self.set_trait("elapsed", last["elapsed"] if last else 0.0)


class ReloadButton(Small):
    """A button that reloads one plugin, and says how that ended."""

    view = Unicode("button").tag(sync=True)


class PhaseTimeline(Small):
    """The steps of the last operation of one plugin, as they happen."""

    view = Unicode("timeline").tag(sync=True)


class PluginStatus(Small):
    """The state of one plugin in a line."""

    view = Unicode("status").tag(sync=True)


def reload_button(name: str) -> ReloadButton:
    """Return a button that reloads the plugin of that name."""
    return ReloadButton(name)


def phase_timeline(name: str) -> PhaseTimeline:
    """Return the steps of what happens to the plugin of that name."""
    return PhaseTimeline(name)


def plugin_status(name: str) -> PluginStatus:
    """Return the state of the plugin of that name, in a line."""
    return PluginStatus(name)
