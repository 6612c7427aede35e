"""Bytes are read once; what is hashed is what is decoded, compiled and run."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import time
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ..errors import ReloadError, SourceError

T = TypeVar("T")

#: How long a file that looks half written is watched for more, in seconds.
SETTLE = 0.25
#: How long a file must have been left alone before a plugin is reloaded from it, in seconds.
QUIET = 0.03
_POLL = 0.02
# A file that changes all the time is taken as it is after so many times that long.
_PATIENCE = 10


@dataclass(frozen=True)
class Source:
    """The bytes of one module.

    :param filename: what tracebacks and ``__file__`` say.
    :param data: the bytes, as they were on disk at one moment.
    """

    filename: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def text(self) -> str:
        """The decoded text (PEP 263, BOM) with ``\\n`` as the only line end.

        :raises SourceError: wrong or unknown encoding, or null bytes.
        """
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
            text = self.data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            raise SourceError(
                f"{self.filename} cannot be decoded: {error}. Save it as UTF-8, or state its "
                "encoding in the first line (# -*- coding: ... -*-)."
            ) from error
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            raise SourceError(
                f"{self.filename} holds a null byte in line {line}: it is not Python source, or "
                "it was not written to the end. Save it again."
            )
        return text.replace("\r\n", "\n").replace("\r", "\n")


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a file, once.

    :raises SourceError: the file is missing or cannot be read.
    """
    return _read(Path(path)).source


def read_settled(
    path: str | os.PathLike[str],
    parse: Callable[[Source], T],
    *,
    settle: float = SETTLE,
    quiet: float = 0.0,
) -> tuple[Source, T]:
    """Read a file once it holds still, and return it with what ``parse`` makes of it.

    Editors truncate before they write. A file that is empty or is refused by ``parse``, and was changed
    within the last ``settle`` seconds, is read again until it is accepted or that time has passed.

    :param settle: seconds.
    :param quiet: seconds that the file must have been left alone: half a file may parse as well.
    :raises ReloadError: the file is missing, cannot be read, or is refused by ``parse``.
    """
    path = Path(path)
    began = time.monotonic()
    last: _Reading | None = None
    while True:
        reading = _read(path)
        if 0 <= reading.age < quiet:
            time.sleep(quiet - reading.age)
        steady = reading.steady and (reading.age >= quiet or _stamp_of(path) == reading.stamp)
        waited = time.monotonic() - began
        # On a busy machine the time may be over before the writer had a chance: it counts only
        # where nothing happened to the file since the last look.
        same = last is not None and last.stamp == reading.stamp
        final = steady and (reading.age > settle or (waited > settle and same))
        final = final or waited > _PATIENCE * settle
        last = reading
        if final or (steady and reading.source.data.strip()):
            try:
                return reading.source, parse(reading.source)
            except ReloadError:
                if final:
                    raise
        time.sleep(_POLL)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one look at a file gave.

    :param age: seconds since the file was last written.
    :param steady: nobody wrote while it was read.
    """

    source: Source
    age: float
    steady: bool
    stamp: tuple[int, int]


def _read(path: Path) -> _Reading:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for its writer
            raise SourceError(
                f"{path} cannot be read: it is not a file. Put the file back, or unload the plugin."
            )
        with open(path, "rb") as file:
            before = _stamp(os.fstat(file.fileno()))
            data = file.read()
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        raise SourceError(
            f"{path} is no longer there. Put the file back, or unload the plugin."
        ) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error
    stamp = _stamp(status)
    steady = before == stamp and stamp[1] == len(data)
    return _Reading(Source(str(path), data), time.time() - status.st_mtime, steady, stamp)


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        return _stamp(os.stat(path))
    except OSError:  # gone in between: the next reading tells
        return None


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def syntax_error(source: Source, error: SyntaxError) -> SourceError:
    """Return the error that tells the user about a ``SyntaxError`` in ``source``."""
    where = f"line {error.lineno}" if error.lineno else "an unknown line"
    wrapped = SourceError(
        f"{source.filename} is not valid Python ({where}): {error.msg}. Mend the file and reload."
    )
    wrapped.__cause__ = error
    return wrapped
