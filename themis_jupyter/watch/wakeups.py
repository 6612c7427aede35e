"""What a thread waits with until it is time to look at the files again."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

# Milliseconds. Two steps without news end a group of events; each step costs a little, also when idle.
_STEP, _GROUP = 15, 50


class NoFileEventsError(Exception):
    """The operating system tells nothing of these folders; the message says why, in words."""


class Wakeups(Protocol):
    """Waits."""

    def wait(self, wake: threading.Event, timeout: float) -> None:
        """Return when something may have happened, when ``wake`` is set, or after ``timeout`` seconds."""

    def close(self) -> None:
        """Give back what it holds."""


class FileEvents:
    """Waits for events of the operating system in some folders, not below them.

    What happens from here on is told, also if nobody is waiting at that moment.

    :raises NoFileEventsError: there are none to be had.
    :raises FileNotFoundError: a folder went away just now.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        try:
            from watchfiles._rust_notify import RustNotify
        except ImportError as error:
            raise NoFileEventsError(f"watchfiles cannot be imported ({error})") from error
        try:
            self._notify = RustNotify(
                [str(folder) for folder in folders],
                debug=False,
                force_polling=False,
                poll_delay_ms=300,
                recursive=False,
                ignore_permission_denied=True,
            )
        except FileNotFoundError:
            raise
        # There is no more room for watching, or the system has no such thing.
        except (OSError, RuntimeError) as error:
            raise NoFileEventsError(str(error)) from error

    def wait(self, wake: threading.Event, timeout: float) -> None:
        """Return when something has happened, when ``wake`` is set, or after ``timeout`` seconds.

        :raises NoFileEventsError: there are no events any more.
        """
        try:
            self._notify.watch(_GROUP, _STEP, max(int(timeout * 1000), 1), wake)
        except (OSError, RuntimeError) as error:
            raise NoFileEventsError(str(error)) from error

    def close(self) -> None:
        """Give back what it holds."""
        self._notify.close()


class Polls:
    """Waits for an interval.

    :param interval: seconds.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval

    def wait(self, wake: threading.Event, timeout: float) -> None:
        """Return after the interval, or ``timeout`` seconds, or when ``wake`` is set."""
        wake.wait(min(self._interval, timeout))

    def close(self) -> None:
        """Give back what it holds."""
