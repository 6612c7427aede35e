"""Saving a plugin's state and bringing it back."""

from .snapshot import Snapshot

__all__ = ["Snapshot"]
