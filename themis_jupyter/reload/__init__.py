"""Reloading modules in place. See ``docs/engine.md``.

The engine is imported when it is first asked for: loading the extension does not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import prepare, reload_in_place
    from .staged import Staged
    from .tracking import forget, track

__all__ = ["Staged", "forget", "prepare", "reload_in_place", "track"]

_HOME = {
    "prepare": "engine",
    "reload_in_place": "engine",
    "Staged": "staged",
    "forget": "tracking",
    "track": "tracking",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
