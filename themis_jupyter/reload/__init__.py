"""Reloading modules in place. See ``docs/engine.md``."""

from .engine import prepare, reload_in_place
from .staged import Staged
from .tracking import forget, track

__all__ = ["Staged", "forget", "prepare", "reload_in_place", "track"]
