"""Reloading modules in place. See ``docs/engine.md``."""

from .engine import Staged, prepare, reload_in_place
from .tracking import forget, track

__all__ = ["Staged", "forget", "prepare", "reload_in_place", "track"]
