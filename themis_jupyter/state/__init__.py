"""Saving a plugin's state and bringing it back."""

from .snapshot import Snapshot, get_ready

__all__ = ["Snapshot", "get_ready"]
