"""Blocks of code that must not see a swap: ``with manager.paused("plugin"):``.

A pause is in flight in the plugin's gate like a generator that has not ended. It is no entry in the
list of its thread's calls, so that blocks may end in any order, and in another thread. The gate knows
it weakly: one that is lost (never left, then collected) keeps no reload away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType

from .errors import PluginNotLoadedError
from .gate import Gate
from .holds import Hold, holds_of
from .inflight import CallInfo, this_stack
from .registry import Registry

log = logging.getLogger("themis_jupyter.manager")

#: Called with the names of the plugins that a pause was of.
PauseListener = Callable[[tuple[str, ...]], object]


class Pauses:
    """All pauses of one manager's plugins."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._listeners: list[PauseListener] = []

    def of(self, name: str) -> list[CallInfo]:
        """Return who has paused a plugin right now, oldest first; nothing where it is not loaded."""
        record = self._registry.find(name)
        holds = [] if record is None else holds_of([record.gate], "paused() block")
        return sorted((hold.info() for hold in holds), key=lambda info: info.since)

    def on_end(self, listener: PauseListener) -> Callable[[], None]:
        """Call ``listener(names)`` each time that a pause has ended, in the thread that ended it.

        Others may still have paused the same plugins: ask :meth:`of`. What it raises is logged.

        :returns: what removes the listener.
        """
        entry = partial(listener)  # another object for each subscription
        self._listeners.append(entry)

        def remove() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return remove

    def pause(self, names: tuple[str, ...]) -> Pause:
        """Return a context manager that keeps reloads away; see :meth:`.Inventory.paused`."""
        return Pause(self._registry, names, self._tell)

    def _tell(self, names: tuple[str, ...]) -> None:
        for listener in list(self._listeners):
            try:
                listener(names)
            except Exception:
                log.exception("a listener of the end of pauses failed")


class Pause:
    """Keeps plugins from being reloaded or unloaded while its block runs."""

    def __init__(
        self, registry: Registry, names: tuple[str, ...], tell: Callable[[tuple[str, ...]], None]
    ) -> None:
        self._registry = registry
        self._names = names
        self._tell = tell
        self._holds: tuple[Hold, ...] | None = None
        #: The plugins that it holds.
        self.plugins: tuple[str, ...] = ()

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self.plugins or self._names))
        return f"<pause of {names or 'all plugins'}{'' if self._holds is None else ', entered'}>"

    def __enter__(self) -> Pause:
        if self._holds is not None:
            raise RuntimeError(
                f"{self!r} is entered already: take another one for another block, "
                "`with manager.paused(...)`."
            )
        while (shut := self._try_to_enter()) is not None:
            closure = shut.closure
            if closure is not None:
                closure.wait(shut)
        return self

    def _try_to_enter(self) -> Gate | None:
        """Enter all gates or none: who waited at one while he holds another would hold up the drain.

        :returns: a gate to wait at; None: entered.
        """
        gates = self._gates()
        holds = tuple(Hold(gate, "", "paused() block") for gate in gates)
        try:
            shut = next((gate for gate in gates if not _may_pass(gate)), None)
            if shut is None:
                for hold in holds:
                    hold.begin()
                self.plugins = tuple(gate.plugin for gate in gates)
                self._holds = holds
                return None
        except BaseException as error:  # Ctrl-C, say
            _end(holds)
            if isinstance(error, PluginNotLoadedError) and not self._names:
                return self._try_to_enter()  # unloaded just now: it was not asked for by its name
            raise
        _end(holds)  # the closer may have seen them
        return shut

    def _gates(self) -> list[Gate]:
        """Return the gates of what was named, each once.

        :raises PluginError: one of them is not loaded, or does not run.
        """
        if not self._names:
            return [record.gate for record in self._registry.loaded() if not record.is_broken]
        records = {name: self._registry.get(name) for name in self._names}
        for name, record in records.items():
            if record.is_broken:
                raise PluginNotLoadedError(
                    name,
                    f"plugin {name!r} does not run since its last reload failed, so there is nothing "
                    f"to pause. Mend its file and reload it: %reload_plugin {name}",
                )
        return [record.gate for record in records.values()]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        holds, self._holds = self._holds or (), None
        _end(holds)
        self._tell(self.plugins)


def _end(holds: Iterable[Hold]) -> None:
    for hold in holds:
        hold.end()


def _may_pass(gate: Gate) -> bool:
    """Whether the current thread may enter now: as part of the swap, or inside what must end first."""
    closure = gate.closure
    # The stack's last token is left out as the very call that asks; this is none.
    return closure is None or closure.admits(gate, [*this_stack(), None])
