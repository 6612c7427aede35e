"""What the user asked a reload for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .candidate import Candidate
    from .reload.source import Source
    from .state import Snapshot


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    :param asked: the plugins that were named.
    :param config: a new configuration, by plugin name; others keep theirs.
    :param cascade: take those along that need them.
    :param full: run every statement again.
    :param fresh: start without the old state.
    :param drain_timeout: seconds that calls in flight are waited for.
    :param states: by plugin name, saved states that are to take the place of the present ones; None: no
        state at all.
    :param sources: by module name, bytes that are to run in place of those on disk. A plugin whose own
        module is among them has no other modules than these, but for those that they import.
    :param jsons: by plugin name, what ``plugin.json`` is to say, in place of what it says on disk.
    :param overlays: by package name, where its modules that are not imported yet come from.
    :param places: by plugin name, another file that it is read from, from now on.
    :param words: what is being done, where it is no plain reload: ``reverted to version 2``.
    """

    asked: Sequence[str]
    config: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    cascade: bool = False
    full: bool = False
    fresh: bool = False
    drain_timeout: float = 5.0
    states: Mapping[str, Snapshot | None] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    jsons: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    overlays: Mapping[str, Mapping[str, Source]] = field(default_factory=dict)
    words: str = ""
    places: Mapping[str, Candidate] = field(default_factory=dict)
