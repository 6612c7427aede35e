"""What the user asked a reload for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    :param states: by plugin name, saved states that are to take the place of the present ones.
    """

    asked: Sequence[str]
    config: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    cascade: bool = False
    full: bool = False
    fresh: bool = False
    drain_timeout: float = 5.0
    states: Mapping[str, Snapshot] = field(default_factory=dict)
