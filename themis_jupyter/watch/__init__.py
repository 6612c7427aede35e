"""Noticing that files of loaded plugins changed, and reloading them at a safe point.

:mod:`.looks` compares files with what they were; :mod:`.monitor` knows whose they are and tells of drift;
:mod:`.wakeups` waits until it is time to look; :mod:`.watcher` reloads.
"""

from __future__ import annotations

from .monitor import Monitor
from .watcher import Watcher, WatchStatus

__all__ = ["Monitor", "WatchStatus", "Watcher"]
