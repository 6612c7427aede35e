"""What the user asked a reload for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    :param asked: the plugins that were named.
    :param config: a new configuration, by plugin name; others keep theirs.
    :param cascade: take those along that need them.
    :param full: run every statement again.
    :param fresh: start without the old state.
    :param drain_timeout: seconds that calls in flight are waited for.
    """

    asked: Sequence[str]
    config: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    cascade: bool = False
    full: bool = False
    fresh: bool = False
    drain_timeout: float = 5.0
