"""The state that pages show, and what of it changed since they were told last."""

from __future__ import annotations

import copy
import os
import platform
import threading
import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..events import Event
from .cards import Card, card_of, in_flight, kept_state
from .journal import OPERATIONS, Entry, Journal
from .protocol import PROTOCOL, Message

if TYPE_CHECKING:
    from ..manager import PluginManager

#: A page shows so many entries of the log when it opens.
_LOG_AT_FIRST = 300
#: So many entries are sent at once; of more, the newest.
LOG_AT_ONCE = 200

#: Of one kernel: pages learn from it that theirs is gone.
KERNEL = uuid.uuid4().hex


class Board:
    """Follows the events of a manager.

    :param subshells: whether pages can reach the kernel while a cell is running.
    """

    def __init__(self, manager: PluginManager, subshells: Callable[[], bool]) -> None:
        self.manager = manager
        self._subshells = subshells
        self._lock = threading.RLock()
        self._journal = Journal()
        self._cards: dict[str, Card] = {}
        #: Of plugins that are not loaded, what is kept of their states: the disk is asked once.
        self._kept: dict[str, str] = {}
        self._stale: set[str] = set()
        self._all_stale = True
        for event in list(manager.events.history):
            self._journal.note(event)
        self._unsubscribe = manager.events.subscribe(self._on_event)
        self._changes: list[Changes] = []

    def close(self) -> None:
        """Follow no more."""
        self._unsubscribe()

    # -- what changed ----------------------------------------------------------------------------

    def open(self, wake: Callable[[], object]) -> Changes:
        """Return what collects changes for one reader.

        :param wake: called when there is something to be read, often, and in any thread.
        """
        changes = Changes(wake)
        with self._lock:
            self._changes.append(changes)
        return changes

    def shut(self, changes: Changes) -> None:
        """Collect for that reader no longer."""
        with self._lock:
            self._changes = [each for each in self._changes if each is not changes]

    def touch(self, *names: str) -> None:
        """Look at plugins again, by default at all of them: something beside the events has changed."""
        with self._lock:
            for name in names or list(self._kept):
                self._kept.pop(name, None)
            self._stale.update(names)
            self._all_stale = self._all_stale or not names
        self._wake()

    def _on_event(self, event: Event) -> None:
        with self._lock:
            number, entry = self._journal.note(event)
            self._stale.add(event.plugin)
            self._kept.pop(event.plugin, None)
            if event.terminal:  # dependents, and what is loaded, may differ now
                self._all_stale = True
            for changes in self._changes:
                if entry is not None:
                    changes.note(entry)
                if number is not None:
                    changes.operations.add(number)
                    if len(changes.operations) > 2 * OPERATIONS:  # nobody reads them
                        changes.operations &= self._journal.operations.keys()
        self._wake()

    def _wake(self) -> None:
        for changes in list(self._changes):
            changes.wake()

    # -- what there is ---------------------------------------------------------------------------

    def state(self, changes: Changes) -> Message:
        """Return the whole state, for a reader that begins."""
        with self._lock:
            self._refresh()
            changes.clear()
            return copy.deepcopy(
                {
                    "kind": "state",
                    "seq": changes.seq,
                    "protocol": PROTOCOL,
                    "package": _version(),
                    "kernel": {
                        "id": KERNEL,
                        "python": platform.python_version(),
                        "subshells": self._subshells(),
                        # Jupyter's server says so to the kernels that it starts.
                        "notebook": os.environ.get("JPY_SESSION_NAME", ""),
                    },
                    "plugins": list(self._cards.values()),
                    "operations": list(self._journal.operations.values()),
                    "log": list(self._journal.log)[-_LOG_AT_FIRST:],
                }
            )

    def patch(self, changes: Changes) -> Message | None:
        """Return what changed since that reader was told last; None where nothing did."""
        with self._lock:
            self._refresh()
            message: Message = {}
            if changes.cards:
                message["plugins"] = dict(changes.cards)
            if changes.order:
                message["order"] = list(self._cards)
            found = [self._journal.operations.get(number) for number in sorted(changes.operations)]
            operations = [operation for operation in found if operation is not None]
            if operations:
                message["operations"] = operations
            if changes.log:
                message["log"] = list(changes.log)
                message["dropped"] = changes.missed
            changes.clear()
            if not message:
                return None
            changes.seq += 1
            return copy.deepcopy({"kind": "patch", "seq": changes.seq, **message})

    def last_reload(self, name: str) -> int | None:
        """Return the number of the last reload of a plugin that has ended; None where there is none."""
        with self._lock:
            return self._journal.last_reload.get(name)

    def count_calls(self) -> None:
        """Look how many calls are in flight: no event tells of that."""
        with self._lock:
            for name, card in self._cards.items():
                record = self.manager.find_record(name)
                now = in_flight(record) if record is not None and record.is_loaded else 0
                if card["inFlight"] != now:
                    self._stale.add(name)

    def _refresh(self) -> None:
        """Bring the cards up to date, and tell all readers what differs."""
        if not self._stale and not self._all_stale:
            return
        names = self._names()
        stale = set(names) | self._cards.keys() if self._all_stale else self._stale
        self._stale, self._all_stale = set(), False
        before = list(self._cards)
        fresh = {name: self._card(name) for name in stale}
        cards: dict[str, Card] = {}
        for name in names:
            card = fresh.get(name, self._cards.get(name))
            if card is not None:
                cards[name] = card
        for name in stale | (self._cards.keys() - cards.keys()):
            self._tell(name, self._cards.get(name), cards.get(name))
        self._cards = cards
        if list(cards) != before:
            for changes in self._changes:
                changes.order = True

    def _names(self) -> list[str]:
        loaded = self.manager.list_loaded_plugins()
        return [*loaded, *(n for n in self.manager.list_plugins() if n not in loaded)]

    def _card(self, name: str) -> Card | None:
        card = card_of(self.manager, name)
        if card is not None:
            card["operation"] = self._journal.last.get(name)
            if card["life"] == "not loaded":
                if name not in self._kept:
                    self._kept[name] = kept_state(self.manager, name)
                card["kept"] = self._kept[name]
        return card

    def _tell(self, name: str, before: Card | None, now: Card | None) -> None:
        if now is None:
            difference: dict[str, Any] | None = None
            if before is None:
                return
        else:
            old = before or {}
            difference = {key: value for key, value in now.items() if old.get(key, ...) != value}
            if not difference:
                return
        for changes in self._changes:
            known = changes.cards.get(name)
            if difference is None or known is None:
                changes.cards[name] = (
                    difference if difference is None or before else dict(now or {})
                )
            else:
                known.update(difference)


class Changes:
    """What one reader has not been told yet.

    :param wake: called when there is something to be read.
    :ivar seq: number of the last message.
    """

    def __init__(self, wake: Callable[[], object] = lambda: None) -> None:
        self.seq = 0
        self.cards: dict[str, dict[str, Any] | None] = {}
        self.order = False
        self.operations: set[int] = set()
        self.log: deque[Entry] = deque(maxlen=LOG_AT_ONCE)
        #: Entries that were left out before those, as there were too many.
        self.missed = 0
        self.wake = wake

    def note(self, entry: Entry) -> None:
        """Keep an entry of the log. Nobody may ever read it, so only the newest are kept."""
        self.missed += len(self.log) == LOG_AT_ONCE
        self.log.append(entry)

    def clear(self) -> None:
        """Forget everything: it was told."""
        self.cards, self.order, self.operations = {}, False, set()
        self.log.clear()
        self.missed = 0


def _version() -> str:
    from .. import __version__

    return __version__
