"""One folder and the files directly in it: private, never through a symbolic link, written whole.

Where the system allows it, a :class:`Folder` is held by a descriptor and each file is reached from
there, so that nothing can be slipped in between a check and what follows it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreError

_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
# O_NONBLOCK: opening a named pipe that someone left there would wait for ever.
SAFE = _FLAGS | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_DIR_FD = {os.open, os.stat, os.unlink, os.rename, os.mkdir} <= os.supports_dir_fd
BY_DESCRIPTOR = _DIR_FD and os.listdir in os.supports_fd and hasattr(os, "O_DIRECTORY")
#: Windows keeps who may read a file elsewhere than in these bits.
HAS_MODES = hasattr(os, "geteuid")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")

_HINTS = {
    errno.ENOSPC: "the disk is full. Make room, or save to another disk",
    errno.EDQUOT: "the disk quota is used up. Make room, or save to another disk",
    errno.EROFS: "the disk is read-only. Save to a folder that can be written",
    errno.EACCES: "permission is denied. Change the permissions, or use another folder",
    errno.EPERM: "permission is denied. Change the permissions, or use another folder",
    errno.ELOOP: "it is a symbolic link, and none is followed here. Use the real place",
    errno.ENOENT: "it is gone. If you did not remove it, somebody cleaned up; try again",
    errno.EIO: "the disk reports an error. Check it, and save to another one",
    errno.EMFILE: "too many files are open. Close some, or raise the limit (ulimit -n)",
}


@contextlib.contextmanager
def told(plugin: str, doing: str, where: Path) -> Iterator[None]:
    """Turn an :class:`OSError` into a :class:`StoreError` that says what happened and what to do.

    :param doing: what the user knows it as, such as ``saving the state``.
    :param where: the file or folder that it is about, if the error does not name another.
    """
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, f"{error.strerror or error}. Try another folder")
        of = f" of {plugin!r}" if plugin else ""
        place = _place(error, where)
        raise StoreError(plugin, f"{doing}{of} failed: {place}: {hint}.") from error


def _place(error: OSError, where: Path) -> Path:
    """Return what the error is about: its file, of which the system knows only the name in a folder."""
    name = error.filename
    if not isinstance(name, str) or name == where.name:
        return where
    return where / name  # which is the name alone if that is a whole path


class Folder:
    """A folder that is open; use it with ``with``.

    All names are those of files directly in it; one that could lead elsewhere is a ``ValueError``.
    Methods raise :class:`OSError` as the functions of :mod:`os` do.
    """

    def __init__(self, path: Path, fd: int | None) -> None:
        self.path = path
        self._fd = fd

    @classmethod
    def open(cls, path: Path, plugin: str, *, private: bool = True) -> Folder:
        """Open a folder that exists.

        :param private: others may not even look into it; if false, they may not write to it.
        :raises StoreError: it is of another user, or others have access.
        :raises OSError: it cannot be opened; ``FileNotFoundError`` if there is none.
        """
        return cls._open(path, str(path), None, plugin, private)

    def inside(self, name: str, plugin: str, *, make: bool = False) -> Folder:
        """Open a private folder in this one.

        :param make: if there is none, make one of mode 0700.
        :raises StoreError: see :meth:`open`.
        """
        if make and not self.exists(name):
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.mkdir(self._of(name), 0o700, dir_fd=self._fd)
                self.sync()
        return self._open(self.path / name, self._of(name), self._fd, plugin, True)

    @classmethod
    def _open(cls, path: Path, name: str, above: int | None, plugin: str, private: bool) -> Folder:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if not BY_DESCRIPTOR:
            _check_folder(found, path, plugin, private)
            return cls(path, None)
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | SAFE, dir_fd=above)
        try:
            _check_folder(os.fstat(fd), path, plugin, private)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd)

    @classmethod
    def make(cls, path: Path, plugin: str) -> Folder:
        """Open a folder, made with mode 0700 if there is none, its parents too; others may not write.

        :raises StoreError: see :meth:`open`.
        :raises OSError: it cannot be made or opened.
        """
        missing = [path]
        while not os.path.lexists(missing[-1]) and missing[-1].parent != missing[-1]:
            missing.append(missing[-1].parent)
        for each in reversed(missing):
            if not os.path.lexists(each):
                with contextlib.suppress(FileExistsError):  # another process was faster
                    os.mkdir(each, 0o700)
                    _sync_path(each.parent)
        return cls.open(path, plugin, private=False)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def names(self) -> list[str]:
        """Return the names of what is in it, sorted; those that we would not give are left out."""
        found = os.listdir(self.path if self._fd is None else self._fd)
        return sorted(name for name in found if _NAME.fullmatch(name))

    def stat(self, name: str) -> os.stat_result:
        """Return what is known of a file or link itself."""
        return os.stat(self._of(name), dir_fd=self._fd, follow_symlinks=False)

    def exists(self, name: str) -> bool:
        """Return whether there is something of that name."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def open_file(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Return the descriptor of a regular file, to be closed; a new one has the mode 0600."""
        if not getattr(os, "O_NOFOLLOW", 0) and os.path.islink(self._of(name)):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        fd = os.open(self._of(name), flags | SAFE, 0o600, dir_fd=self._fd)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "it is not a regular file", name)
        return fd

    def create(self, name: str) -> int:
        """Return the descriptor of a new file, to be closed; it must not exist."""
        return self.open_file(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def replace(self, old: str, new: str) -> None:
        """Give a file another name; what had that name is gone in the same moment."""
        os.replace(self._of(old), self._of(new), src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def link(self, old: str, new: str) -> None:
        """Give a file a second name; ``FileExistsError`` if something has it."""
        os.link(self._of(old), self._of(new), src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def unlink(self, name: str) -> bool:
        """Remove a file and return true; false if there is none any more, or it is in use."""
        try:
            os.unlink(self._of(name), dir_fd=self._fd)
        except FileNotFoundError:
            return False
        except PermissionError:
            if HAS_MODES:
                raise
            return False  # Windows: someone is reading it; the next gc() will remove it
        return True

    def sync(self) -> None:
        """Wait until what was created, renamed and removed is on the disk."""
        if self._fd is not None:
            sync(self._fd, folder=True)

    def _of(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a file in a store")
        return name if self._fd is not None else str(self.path / name)


def _check_folder(found: os.stat_result, path: Path, plugin: str, private: bool) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "it is not a folder", str(path))
    check_access(found, path, plugin, 0o077 if private else 0o022)


def check_access(found: os.stat_result, path: Path, plugin: str, forbidden: int) -> None:
    """Check that a file or folder is this user's, and that others lack the ``forbidden`` bits.

    :raises StoreError: it is not so; the message says what to do.
    """
    if not HAS_MODES or sys.platform == "win32":
        return
    what = "folder" if stat.S_ISDIR(found.st_mode) else "file"
    if found.st_uid != os.geteuid():
        raise StoreError(
            plugin,
            f"the {what} {path} belongs to another user (number {found.st_uid}), so what it holds "
            "cannot be trusted. Delete it or move it away, or use another folder.",
        )
    mode = stat.S_IMODE(found.st_mode)
    if mode & forbidden:
        can = "change" if mode & 0o022 else "read"
        good = 0o700 if what == "folder" else 0o600
        raise StoreError(
            plugin,
            f"others can {can} the {what} {path} (its mode is {mode:04o}). If nobody did, make it yours "
            f"alone: chmod {mode & ~forbidden & good:o} '{path}'. Otherwise delete it.",
        )


def sync(fd: int, *, folder: bool = False) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network disks cannot do it for folders, and need not.
        if not folder or error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _sync_path(path: Path) -> None:
    if BY_DESCRIPTOR:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        try:
            sync(fd, folder=True)
        finally:
            os.close(fd)


def os_write(fd: int, data: bytes | memoryview) -> int:
    """Write some of ``data`` and return how many bytes; the one place where bytes reach the disk."""
    return os.write(fd, data)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of ``data``, without a copy of it."""
    view = memoryview(data)
    while view.nbytes:
        # Linux takes at most 2 GiB at once, others fail near it.
        view = view[os_write(fd, view[: 1 << 28]) :]


def read_into(fd: int, offset: int, view: memoryview) -> bool:
    """Fill ``view`` from a file, and return whether the file had enough."""
    os.lseek(fd, offset, os.SEEK_SET)
    with open(fd, "rb", buffering=0, closefd=False) as file:
        while view.nbytes:
            count = file.readinto(view)
            if not count:
                return False
            view = view[count:]
    return True


def read_file(folder: Folder, name: str, limit: int) -> bytes:
    """Return the content of a small file.

    :param limit: bytes; a longer one is ``OSError(EFBIG)``.
    """
    fd = folder.open_file(name)
    with open(fd, "rb", buffering=0) as file:
        if os.fstat(fd).st_size > limit:
            raise OSError(errno.EFBIG, f"it is longer than {limit} bytes", name)
        content: bytes = file.read()
        return content
