"""What is to be checked, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: An edit of an author: old and new text, or a whole new text.
AuthorsEdit = tuple[str, str] | str

#: What builds up state: a function of the plugin's handle, or statements that call it ``plugin``.
Use = Callable[[Any], object] | str


@dataclass(frozen=True)
class Request:
    """What :func:`.safety.check_reload_safety` was asked for, with the plugin's file found.

    :param folders: searched for what the plugin needs.
    """

    path: Path
    module: str
    name: str
    config: dict[str, Any] = field(default_factory=dict)
    use: Use | None = None
    edits: Sequence[AuthorsEdit] = ()
    reloads: int = 20
    folders: Sequence[str] = ()
