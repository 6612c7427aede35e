"""A lab, a board, and pages that apply what they are sent."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.manager.conftest import Lab, faults, lab
from tests.watch.conftest import until
from themis_jupyter.board import Board, Desk, Feed
from themis_jupyter.board.protocol import check_message, check_request

__all__ = ["faults", "lab"]


class Page:
    """What a page does with the messages that it gets; each is checked against the schema."""

    def __init__(self, board: Board) -> None:
        self.messages: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.state: dict[str, Any] = {}
        self.gaps = 0
        self.feed = Feed(board, self.get)
        self.desk = Desk(board, self.feed, self.get)
        self._ids = itertools.count()

    def get(self, message: dict[str, Any]) -> None:
        message = copy.deepcopy(check_message(message))
        self.messages.append(message)
        if message["kind"] == "reply":
            assert message["id"] not in self.replies
            self.replies[message["id"]] = message
        elif message["kind"] == "state":
            self.state = message
        else:
            self._apply(message)

    def _apply(self, patch: dict[str, Any]) -> None:
        self.gaps += patch["seq"] != self.state["seq"] + 1
        self.state["seq"] = patch["seq"]
        cards = {card["name"]: card for card in self.state["plugins"]}
        for name, changed in patch.get("plugins", {}).items():
            if changed is None:
                cards.pop(name, None)
            else:
                cards[name] = {**cards.get(name, {}), **changed}
        order = patch.get("order", list(cards))
        self.state["plugins"] = [cards[name] for name in order if name in cards]
        operations = {each["number"]: each for each in self.state["operations"]}
        operations.update((each["number"], each) for each in patch.get("operations", ()))
        self.state["operations"] = list(operations.values())
        self.state["log"] += patch.get("log", [])

    def ask(self, kind: str, **arguments: Any) -> dict[str, Any]:
        """Send a request; return its reply."""
        request = {"kind": kind, "id": f"r{next(self._ids)}", **arguments}
        self.desk.handle(check_request(copy.deepcopy(request)))
        return self.replies[request["id"]]

    def hello(self) -> Page:
        assert self.ask("hello", protocol=1)["ok"]
        return self

    def card(self, name: str) -> dict[str, Any]:
        (card,) = (each for each in self.state["plugins"] if each["name"] == name)
        return card

    def settled(self) -> None:
        """Wait until it shows what there is."""

        def same() -> bool:
            from themis_jupyter.board.board import Changes

            now = self.feed._board.state(Changes())
            return (
                all(now[key] == self.state[key] for key in ("plugins", "operations"))
                and now["log"][-1:] == self.state["log"][-1:]
            )

        until(same)


@pytest.fixture
def board(lab: Lab) -> Iterator[Board]:
    made = Board(lab.manager, lambda: True)
    yield made
    made.close()
    lab.manager.stop_watching()


@pytest.fixture
def page(board: Board) -> Iterator[Callable[[], Page]]:
    pages: list[Page] = []

    def make() -> Page:
        pages.append(Page(board))
        return pages[-1].hello()

    yield make
    for each in pages:
        each.feed.end()
    assert not [t for t in threading.enumerate() if t.name == "themis_jupyter board"]
