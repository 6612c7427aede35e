"""One process at a time: a lock that belongs to a folder, and temporary files that tell who lives.

``flock`` where there is one: the system lets go of it when a process dies, whatever it dies of.
Without it (some network disks, other systems) a file that only one process can create has to do.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from typing import Any

from ..errors import StoreError
from .disk import Folder, sync, write_all

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = "lock"
HELD = "lock.held"
BREAKING = "lock.breaking"
PATIENCE = 60.0  # seconds
#: Without flock nothing tells whether the writer of a temporary file lives. No save takes so long.
ABANDONED = 24 * 3600.0  # seconds
TEMPORARY = ".tmp"


@contextlib.contextmanager
def locked(folder: Folder, plugin: str, *, patience: float = PATIENCE) -> Iterator[None]:
    """Keep all others out, threads of this process included.

    :param patience: seconds to wait for who is in.
    :raises StoreError: somebody else stays in.
    :raises OSError: there can be no lock, say because the folder is read-only.
    """
    fd = folder.open_file(LOCK, os.O_RDWR | os.O_CREAT)
    try:
        if _flock(folder, plugin, fd, patience):
            try:
                yield
            finally:
                # Closing would not do: a child that was forked meanwhile has the descriptor too.
                fcntl.flock(fd, fcntl.LOCK_UN)
        else:
            token = _take_file(folder, plugin, patience)
            try:
                yield
            finally:
                if _holder(folder) == token:
                    folder.unlink(HELD)
    finally:
        os.close(fd)


def _flock(folder: Folder, plugin: str, fd: int, patience: float) -> bool:
    """Take the lock; false if there is no such thing on this disk."""
    end = time.monotonic() + patience
    while True:
        taken = try_flock(fd)
        if taken is not False:
            return bool(taken)
        _wait(folder, plugin, end)


def try_flock(fd: int) -> bool | None:
    """Take the lock of an open file; false if somebody has it, None if there is no such thing."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL):
            return None
        raise
    return True


def _wait(folder: Folder, plugin: str, end: float, name: str = "") -> None:
    if time.monotonic() > end:
        hint = f", or, if there is none any more, delete {folder.path / name}" if name else ""
        raise StoreError(
            plugin,
            f"another process keeps the saved states of {plugin!r} locked ({folder.path}). Try again "
            f"when it is done; end it if it hangs{hint}.",
        )
    time.sleep(0.005)


# -- without flock ---------------------------------------------------------------------------------


def _take_file(folder: Folder, plugin: str, patience: float) -> bytes:
    token = json.dumps([platform.node(), os.getpid(), secrets.token_hex(8)]).encode()
    end = time.monotonic() + patience
    while True:
        try:
            fd = folder.create(HELD)
        except FileExistsError:
            holder = _holder(folder)
            if holder is not None and _is_dead(holder):
                _break(folder, holder)
            _wait(folder, plugin, end, HELD)
            continue
        except PermissionError:
            if os.name != "nt":
                raise
            _wait(folder, plugin, end, HELD)  # Windows: it is being removed
            continue
        try:
            write_all(fd, token)
        except BaseException:
            os.close(fd)
            folder.unlink(HELD)
            raise
        os.close(fd)
        return token


def _holder(folder: Folder) -> bytes | None:
    try:
        fd = folder.open_file(HELD)
    except OSError:
        return None
    with open(fd, "rb") as file:
        return file.read(1000)


def _is_dead(holder: bytes) -> bool:
    """Return whether who wrote this has died on this machine; of others nothing can be told."""
    try:
        node, pid, _ = json.loads(holder)
    except (ValueError, TypeError):
        return False
    if node != platform.node() or not isinstance(pid, int) or os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _break(folder: Folder, holder: bytes) -> None:
    """Remove the lock of the dead, and of no one who came after them."""
    try:
        os.close(folder.create(BREAKING))  # two who break would remove the first one's new lock
    except FileExistsError:
        return
    try:
        if _holder(folder) == holder:
            folder.unlink(HELD)
    finally:
        folder.unlink(BREAKING)


# -- temporary files -------------------------------------------------------------------------------


class Temporary:
    """A new file under a name that nobody else uses; use it with ``with``.

    At the end it is removed, unless it was published. While it is open, :func:`is_abandoned` is false.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._closed = False
        while True:
            self.name = secrets.token_hex(16) + TEMPORARY
            self.fd = folder.create(self.name)
            # A gc() may have come between and have taken it for a leftover.
            if try_flock(self.fd) is not False and folder.exists(self.name):
                break
            os.close(self.fd)

    def __enter__(self) -> Temporary:
        return self

    def publish(self, name: str) -> None:
        """Give it its lasting name, once its content is on the disk. The caller has the lock."""
        sync(self.fd)
        self.close()  # Windows renames no open files
        self._folder.replace(self.name, name)
        self._folder.sync()

    def close(self) -> None:
        """Close it, in which state it may be taken for a leftover."""
        if not self._closed:
            self._closed = True
            os.close(self.fd)

    def __exit__(self, *_: object) -> None:
        self.close()
        with contextlib.suppress(OSError):  # the error that is on its way says more
            self._folder.unlink(self.name)


def is_abandoned(folder: Folder, name: str) -> bool:
    """Return whether the process that wrote a temporary file is gone."""
    try:
        fd = folder.open_file(name, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:  # no regular file of ours
        return True
    try:
        taken = try_flock(fd)
        if taken is None:
            return os.fstat(fd).st_mtime < time.time() - ABANDONED
        return taken
    finally:
        os.close(fd)
