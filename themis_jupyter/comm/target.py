"""Answers front ends that open a comm, as :mod:`themis_jupyter.widgets` does for widgets.

A front end opens a comm to :data:`TARGET`, sends a ``hello``, and from then on both exchange the messages of
``board/protocol.json``, one in each message of the comm. Nothing of what comes in is run as code. Where this
extension is not loaded there is no such target, and the kernel closes the comm: that is how a page knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..subshells import keep_its_shell

if TYPE_CHECKING:
    from ..board import Feed
    from ..manager import PluginManager

#: What front ends open a comm to.
TARGET = "themis_jupyter"


class CommTarget:
    """Lets front ends follow a manager.

    :param comms: the kernel's manager of comms.
    """

    def __init__(self, manager: PluginManager, comms: Any) -> None:
        self._manager = manager
        self._comms = comms
        #: The comms that are open, each with what feeds it.
        self._open: dict[str, tuple[Any, Feed]] = {}

    def install(self) -> None:
        """Begin to answer."""
        self._comms.register_target(TARGET, self._opened)

    def remove(self) -> None:
        """Answer no more, and close what is open."""
        self._comms.unregister_target(TARGET, self._opened)
        for name in list(self._open):
            self._close(name)

    def __len__(self) -> int:
        """Number of comms that are open."""
        return len(self._open)

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        from ..board import Desk, Feed
        from ..board.boards import board_of
        from ..board.protocol import MessageError, replaced_by

        keep_its_shell(comm)
        try:
            replaced = replaced_by(message["content"]["data"])
        except MessageError as error:
            comm.send({"kind": "reply", "id": "", "ok": False, "text": str(error)})
            replaced = []
        for name in replaced:
            self._close(name)
        board = board_of(self._manager)
        feed = Feed(board, comm.send)
        desk = Desk(board, feed, comm.send)
        self._open[comm.comm_id] = comm, feed
        comm.on_msg(lambda each: desk.handle(each["content"]["data"]))
        comm.on_close(lambda each: self._end(comm.comm_id))

    def _close(self, name: str) -> None:
        """End a comm from this side. One that is not open is left alone: a page may know old ids."""
        comm, _ = self._open.get(name, (None, None))
        self._end(name)
        if comm is not None:
            comm.close()

    def _end(self, name: str) -> None:
        found = self._open.pop(name, None)
        if found is not None:
            found[1].end()
