"""The text of a cell as bytes of a file: its encoding, and the ways of the file that it is written over."""

from __future__ import annotations

import io
import tokenize

from IPython.core.error import UsageError

from ..errors import SourceError
from ..reload.source import Source

_BOM = b"\xef\xbb\xbf"


def encoded(name: str, text: str) -> bytes:
    """Return text as Python is to read it from a file: a line may state the encoding (PEP 263).

    :raises UsageError: a character has no place in that encoding.
    """
    encoding = _encoding(text)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        character = text[error.start]
        what = f"%%plugin {name}: {character!a} in line {line} cannot be written in {encoding}"
        cure = "Write it as an escape in the string that holds it"
        if encoding != "utf-8":
            cure = "Remove the line that states the encoding (# -*- coding: … -*-): UTF-8 has everything"
        raise UsageError(f"{what}. {cure}.") from None


def over(name: str, text: str, before: bytes | None) -> bytes:
    """Return a cell's text as it is to be written over a file, in the ways of that file.

    Its line ends stay those of the file, as do its byte order mark and what comes after its last line: a cell
    has none of these. Text that is that of the file gives the very bytes of it.

    :param before: what the file holds; None where it is a new one.
    :raises UsageError: a character has no place in the encoding that the text states.
    """
    if before is None or not before.strip():
        return encoded(name, text)
    try:
        old = Source("", before).text
    except SourceError:
        return encoded(name, text)
    new = text.replace("\r\n", "\n").replace("\r", "\n")
    body = new.rstrip("\n")
    if body == old.rstrip("\n") and new == body + "\n":
        return before
    if new == body + "\n":  # IPython ends each cell so
        new = body + old[len(old.rstrip("\n")) :]
    windows, others = before.count(b"\r\n"), before.count(b"\n") - before.count(b"\r\n")
    if windows > others:
        new = new.replace("\n", "\r\n")
    elif not others and b"\r" in before:
        new = new.replace("\n", "\r")
    mark = _BOM if before.startswith(_BOM) and _encoding(new) == "utf-8" else b""
    return mark + encoded(name, new)


def _encoding(text: str) -> str:
    try:
        start = text.encode("utf-8", "surrogatepass")
        return tokenize.detect_encoding(io.BytesIO(start).readline)[0]
    except SyntaxError:  # there is no such encoding: who reads the file says so
        return "utf-8"
