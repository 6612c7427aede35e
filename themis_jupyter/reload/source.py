"""Bytes are read once; what is hashed is what is decoded, compiled and run."""

from __future__ import annotations

import hashlib
import io
import os
import time
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ..errors import SourceError

T = TypeVar("T")

#: How long a file that looks half written is watched for more, in seconds.
SETTLE = 0.25
_POLL = 0.02


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
    return _read(Path(path))[0]


def read_settled(
    path: str | os.PathLike[str], parse: Callable[[Source], T], *, settle: float = SETTLE
) -> tuple[Source, T]:
    """Read a file once it holds still, and return it with what ``parse`` makes of it.

    Editors truncate before they write. A file that is empty or does not parse, and was changed
    within the last ``settle`` seconds, is read again until it parses or that time has passed.

    :param settle: seconds.
    :raises SourceError: the file is missing, cannot be read, or does not parse.
    """
    path = Path(path)
    deadline = time.monotonic() + settle
    while True:
        source, age = _read(path)
        final = age > settle or time.monotonic() > deadline
        if final or source.data.strip():
            try:
                return source, parse(source)
            except SourceError:
                if final:
                    raise
        time.sleep(_POLL)


def _read(path: Path) -> tuple[Source, float]:
    """Return the source, and how many seconds ago the file was last written."""
    try:
        with open(path, "rb") as file:
            data = file.read()
            age = time.time() - os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        raise SourceError(
            f"{path} is no longer there. Put the file back, or unload the plugin."
        ) from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error
    return Source(str(path), data), age


def syntax_error(source: Source, error: SyntaxError) -> SourceError:
    """Return the error that tells the user about a ``SyntaxError`` in ``source``."""
    where = f"line {error.lineno}" if error.lineno else "an unknown line"
    wrapped = SourceError(
        f"{source.filename} is not valid Python ({where}): {error.msg}. Mend the file and reload."
    )
    wrapped.__cause__ = error
    return wrapped
