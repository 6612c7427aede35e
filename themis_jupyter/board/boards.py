"""One board per manager, which all that show it share."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from ..subshells import kernel_has_subshells
from .board import Board

if TYPE_CHECKING:
    from ..manager import PluginManager

# By the id of the manager, whose events keep the board as long as there are any.
_boards: weakref.WeakValueDictionary[int, Board] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def board_of(manager: PluginManager) -> Board:
    """Return the board of a manager."""
    with _lock:
        known = _boards.get(id(manager))
        if known is not None and known.manager is manager:
            return known
        board = _boards[id(manager)] = Board(manager, kernel_has_subshells)
        return board
