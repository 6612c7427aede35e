"""``%watch_plugins``: reloading plugins when their files are saved."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import magics_class

from ..errors import did_you_mean
from .arguments import takes
from .base import ManagerMagics
from .command import command
from .tables import Table

if TYPE_CHECKING:
    from ..watch import WatchStatus

_ACTIONS = ("on", "off", "status")
_WHEN = ("between cells", "immediately")


class Watched(Table):
    """How plugins are watched: a sequence of :class:`WatchStatus`."""

    columns = ("plugin", "watched", "on disk", "waits for", "last reload")

    def __init__(self, found: Iterable[WatchStatus], all_: bool) -> None:
        self._found = tuple(found)
        self.empty = (
            "No plugin is loaded. Those that you load will be reloaded when you save them."
            if all_
            else "No plugin is loaded. Load one: %load_plugin NAME --watch"
        )

    def __iter__(self) -> Iterator[WatchStatus]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, index: int) -> WatchStatus:
        return self._found[index]

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return [
            (
                each.name,
                each.how or "no",
                each.drift or "same",
                each.waiting,
                each.last.outcome.value if each.last is not None else "",
            )
            for each in self._found
        ]


@magics_class
class LiveMagics(ManagerMagics):
    """Magics about what happens of itself."""

    @command(
        takes("words", metavar="NAME", nargs="*", help="names of loaded plugins; by default, all"),
        takes(
            "--when",
            metavar="WHEN",
            help="when a plugin is reloaded while a cell is running: 'between cells' or immediately",
        ),
    )
    def watch_plugins(self, request: Namespace) -> Watched:
        """Reload plugins when their files are saved.

        Examples::

            %watch_plugins
            %watch_plugins counter
            %watch_plugins counter off
            %watch_plugins --when immediately
            %watch_plugins status

        The last word is on (the default), off or status. Without names: all plugins, also those that
        are loaded later. While a cell is running, reloads wait for its end, unless --when says
        immediately. What was saved before a cell begins is in when it runs.
        """
        words, action = list(request.words), "status" if request.when else "on"
        if words and words[-1] in _ACTIONS:
            action = words.pop()
        elif words:
            action = "on"
        near = did_you_mean(words[-1], _ACTIONS) if words else ""
        if near and not self.manager.is_plugin_loaded(words[-1]):
            raise UsageError(f"%watch_plugins: there is no plugin {words[-1]!r}{near}")
        names = [self._loaded(word, request) for word in words]
        when = _when(request.when) if request.when else ""
        watcher = self.manager.watcher
        if when:
            watcher.when = when
        if action == "on":
            watcher.watch(names or None)
        elif action == "off":
            watcher.unwatch(names or None)
        found = watcher.status()
        return Watched([each for each in found if not names or each.name in names], watcher.all)


def _when(text: str) -> str:
    """Return when to reload, for what the user wrote.

    :raises UsageError: it is neither of the two.
    """
    plain = text.replace("-", " ").replace("_", " ").lower()
    for each in _WHEN:
        if each == plain:
            return each
    raise UsageError(
        f"%watch_plugins: --when {text!r} is neither 'between cells' nor 'immediately'"
        f"{did_you_mean(plain, _WHEN)}"
    )
