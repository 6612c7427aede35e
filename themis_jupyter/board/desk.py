"""Answering what a page asks for: each request gets one reply, also if it is refused or fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import ThemisError, describe
from ..report import ReloadReport
from ..starter import starter
from .board import Board
from .protocol import PROTOCOL, Message, MessageError, check_request

if TYPE_CHECKING:
    from .feed import Feed

log = logging.getLogger("themis_jupyter.board")


class Desk:
    """Answers the requests of one page, one after the other.

    :param send: sends a reply.
    :param feed: what tells the page, and begins when it says hello.
    """

    def __init__(self, board: Board, feed: Feed, send: Callable[[Message], object]) -> None:
        self._board = board
        self._manager = board.manager
        self._feed = feed
        self._send = send

    def handle(self, message: object) -> None:
        """Do what a message asks for, and reply. It raises nothing."""
        asked = message.get("id") if isinstance(message, dict) else None
        name = asked if isinstance(asked, str) else ""
        try:
            request = check_request(message)
            reply = self._answer(request)
        except MessageError as error:
            reply = _no(f"The request is not understood: {error}")
        except ThemisError as error:
            reply = _no(str(error))
        except BaseException as error:
            log.warning("a request of a page failed", exc_info=True)
            reply = _no(f"The request failed: {describe(error)}")
        self._send({"kind": "reply", "id": name, **reply})

    def _answer(self, request: Message) -> Message:
        does: Callable[[Message], Message] = getattr(self, f"_{request['kind']}")
        return does(request)

    # -- one method per kind of request ----------------------------------------------------------

    def _hello(self, request: Message) -> Message:
        if request["protocol"] != PROTOCOL:
            return _no(
                f"This page speaks version {request['protocol']} of the protocol, the kernel version "
                f"{PROTOCOL}. Install the same version of themis_jupyter in both, and load the page again."
            )
        self._board.touch()
        self._feed.begin()
        return _yes("")

    def _reload(self, request: Message) -> Message:
        manager = self._manager
        names = request["plugins"] or manager.list_loaded_plugins()
        if not names:
            return _no("No plugin is loaded.")
        done = self._done_since(names, request.get("seen", {}))
        if done:
            return _yes(f"{done} was reloaded already, a moment ago.")
        report = manager.reload_plugins(
            names, cascade=request.get("cascade", False), fresh=request.get("fresh", False)
        )
        return _told(report)

    def _revert(self, request: Message) -> Message:
        what = request.get("what", "both")
        return _told(
            self._manager.revert_plugin(
                request["plugin"],
                request.get("version"),
                code_only=what == "code",
                state_only=what == "state",
            )
        )

    def _unload(self, request: Message) -> Message:
        names = self._manager.unload_plugin(request["plugin"], request.get("cascade", False))
        return _yes(f"Unloaded: {', '.join(names)}.")

    def _load(self, request: Message) -> Message:
        name = request["plugin"]
        self._manager.load_plugin(name)
        if not request.get("restore", False):
            return _yes(f"{name} is loaded.")
        return _told(self._manager.restore_state(name))

    def _watch(self, request: Message) -> Message:
        watcher, name = self._manager.watcher, request.get("plugin")
        if name is not None:
            self._manager.get_record(name)
        names = None if name is None else [name]
        if request["on"]:
            watcher.watch(names)
        else:
            watcher.unwatch(names)
        self._board.touch(*(names or ()))
        who = name or "All plugins"
        return _yes(f"{who}: {'watched' if request['on'] else 'not watched'}.")

    def _diff(self, request: Message) -> Message:
        from .diffs import diff_data

        found = diff_data(self._manager, request["plugin"], request.get("a"), request.get("b"))
        return {"ok": True, "text": "", "data": found}

    def _widget(self, request: Message) -> Message:
        made = self._manager.get_widget(request["plugin"])
        return {"ok": True, "text": "", "data": {"model": made.model_id if made else None}}

    def _template(self, request: Message) -> Message:
        name = request["plugin"]
        text = starter(name, stateful=request.get("stateful", False))
        return {"ok": True, "text": "", "data": {"file": f"{name}.py", "text": text}}

    def _done_since(self, names: Sequence[str], seen: dict[str, int]) -> str:
        """Return the name of a plugin that was reloaded since the page saw it last: asked for twice."""
        for name in names:
            last = self._board.last_reload(name)
            if name in seen and last is not None and last > seen[name]:
                return name
        return ""


def _yes(text: str) -> Message:
    return {"ok": True, "text": text}


def _no(text: str) -> Message:
    return {"ok": False, "text": text}


def _told(report: ReloadReport) -> Message:
    return {"ok": bool(report), "text": report.headline()}
