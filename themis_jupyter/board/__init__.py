"""What a page shows of the plugins, as messages: a state, what changes of it, and answers to requests.

:mod:`.cards` says what there is to say of one plugin; :mod:`.journal` keeps operations and the log;
:mod:`.board` puts both together and knows what changed; :mod:`.feed` sends it, at a pace that a page can
follow; :mod:`.desk` answers requests. How messages travel is none of their business.
"""

from __future__ import annotations

from .board import Board
from .desk import Desk
from .feed import Feed
from .protocol import PROTOCOL

__all__ = ["PROTOCOL", "Board", "Desk", "Feed"]
