"""Saving a plugin's state and bringing it back."""

from .pickling import Rules
from .snapshot import Snapshot, get_ready

__all__ = ["Rules", "Snapshot", "get_ready"]
