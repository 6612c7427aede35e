"""Splitting a magic's line into words.

IPython's own splitting leaves the quotes in and cuts JSON at its blanks. Here:

- quotes group, at the start of a word or right after ``=``; inside of a word, an apostrophe is one;
- braces group, so that ``--config {"step": 2}`` needs no quotes around it;
- a backslash escapes what IPython's completion escapes; on Windows it is part of the path;
- ``#`` at the start of a word begins a comment, and ``;`` at the end of the line asks for silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from IPython.core.error import UsageError

#: What a backslash escapes outside of quotes.
ESCAPED = " ()[]{}?=\\|;:'#*\"^&" if os.name == "posix" else ""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line.

    :param text: what it says, without quotes and escapes.
    :param raw: as it was typed.
    :param start: where it begins in the line.
    :param unclosed: the quote that is open at its end, if one is.
    """

    text: str
    raw: str
    start: int
    unclosed: str = ""


def split(line: str) -> tuple[list[str], bool]:
    """Return the words of a line, and whether it ends in a semicolon.

    :raises UsageError: a quote is never closed.
    """
    words = list(read(line))
    for word in words:
        if word.unclosed:
            raise UsageError(f"the quote {word.unclosed} is never closed: {word.raw}")
    silent = bool(words) and words[-1].raw.endswith(";") and not words[-1].raw.endswith("\\;")
    texts = [word.text for word in words]
    if silent:
        texts[-1] = texts[-1].removesuffix(";").rstrip()
    return [
        text for text, word in zip(texts, words, strict=True) if text or word.raw != ";"
    ], silent


def read(line: str) -> Iterator[Word]:
    """Yield the words of a line, which may be incomplete."""
    at = 0
    while True:
        while at < len(line) and line[at].isspace():
            at += 1
        if at == len(line) or line[at] == "#":
            return
        word = _word(line, at)
        yield word
        at += len(word.raw)


def _word(line: str, start: int) -> Word:
    at, parts, opens = start, [""], True
    while at < len(line) and not line[at].isspace():
        char = line[at]
        if char in "'\"" and opens:
            end = _closing(line, at)
            if end is None:
                return Word("".join(parts) + line[at + 1 :], line[start:], start, char)
            inside = line[at + 1 : end]
            parts.append(inside.replace('\\"', '"') if char == '"' else inside)
            at, opens = end + 1, False
            continue
        end = _closing_brace(line, at) if char == "{" else None
        if end is None and char == "{" and opens:
            end = len(line.rstrip()) - 1  # broken JSON: its error tells where
        if end is not None:
            parts.append(line[at : end + 1])
            at, opens = end + 1, False
            continue
        if char == "\\" and line[at + 1 : at + 2] and line[at + 1] in ESCAPED:
            at += 1
        parts.append(line[at])
        opens = char == "="
        at += 1
    return Word("".join(parts), line[start:at], start)


def _closing(line: str, start: int) -> int | None:
    """Return where the quote at ``start`` ends."""
    quote, at = line[start], start + 1
    while at < len(line):
        if line[at] == "\\" and quote == '"' and line[at + 1 : at + 2] == '"':
            at += 1
        elif line[at] == quote:
            return at
        at += 1
    return None


def _closing_brace(line: str, start: int) -> int | None:
    """Return where the brace at ``start`` ends; those inside of quotes do not count."""
    depth, quote, at = 0, "", start
    while at < len(line):
        char = line[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if not depth:
                return at
        at += 1
    return None
