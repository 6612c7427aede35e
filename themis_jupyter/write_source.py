"""Writing source to a user's file: all or nothing, and never over what is kept nowhere else."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

# A file that was made anew gets what ``open`` would give it.
_NEW_MODE = 0o666


def write_source(
    path: str | os.PathLike[str], data: bytes, known: Collection[str] = ()
) -> Path | None:
    """Make ``data`` the contents of a file. Whoever reads it meanwhile gets the old or the new, whole.

    The file keeps its mode; a symbolic link stays one, and what it leads to is written.

    :param known: SHA-256 (hexadecimal) of texts that are kept elsewhere. What the file holds is put
        beside it first, as ``NAME.orig``, unless it is one of them.
    :returns: the file that was put beside it, if one was.
    :raises OSError: it cannot be written; the file is as it was.
    """
    file = Path(os.path.realpath(path))
    try:
        before = file.read_bytes()
        mode = file.stat().st_mode & 0o7777
    except FileNotFoundError:
        before, mode = None, _NEW_MODE & ~_umask()
        file.parent.mkdir(parents=True, exist_ok=True)
    if before == data:
        return None
    beside = None
    if before is not None and before.strip() and _sha256(before) not in known:
        beside = _put_beside(file, before, mode)
    try:
        _replace(file, data, mode)
    except BaseException:
        if beside is not None:
            with suppress(OSError):  # a copy too many is no harm
                beside.unlink()
        raise
    return beside


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _put_beside(file: Path, data: bytes, mode: int) -> Path:
    """Write what a file held to a new file: ``NAME.orig``, ``NAME.orig2`` …"""
    number = 1
    while True:
        beside = file.with_name(f"{file.name}.orig{number if number > 1 else ''}")
        try:
            with open(beside, "xb") as made:
                made.write(data)
        except FileExistsError:
            if beside.is_file() and beside.read_bytes() == data:
                return beside
            number += 1
            continue
        os.chmod(beside, mode)
        return beside


def _replace(file: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with open(handle, "wb") as made:
            made.write(data)
            made.flush()
            os.fsync(made.fileno())
        os.chmod(name, mode)
        os.replace(name, file)
    except BaseException:
        with suppress(OSError):  # it was replaced, or the folder is gone
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
