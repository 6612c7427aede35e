"""Numbers and names as people read them, and foreign text made safe to show."""

from __future__ import annotations

import re
from collections.abc import Sequence


def size(count: float) -> str:
    """Return a number of bytes as ``812 B``, ``1.2 kB``, ``340 MB`` (powers of 1000)."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if round(count) < 1000:
            return f"{_digits(count)} {unit}"
    return f"{_digits(count / 1000)} TB"


def seconds(duration: float) -> str:
    """Return a duration as ``45 µs``, ``3.2 ms``, ``1.5 s``, ``2 min 5 s`` or ``1 h 4 min``.

    :param duration: in seconds; a negative one, from a clock that was set back, counts as 0.
    """
    duration = max(duration, 0.0)
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if round(duration * factor) < 1000:
            return f"{_digits(duration * factor)} {unit}"
    if round(duration) < 60:
        return f"{_digits(duration)} s"
    minutes, rest = divmod(round(duration), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _digits(value: float) -> str:
    """Return two digits at least, and no false precision: ``3.2``, ``32``, ``320``; 0 is ``0``."""
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def number(count: int, noun: str, plural: str = "") -> str:
    """Return ``1 change`` or ``2 changes``."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def names(items: Sequence[str], most: int = 4) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``, or ``a, b, c and 7 more``."""
    shown = [one_line(item) for item in items]
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


# C0 and C1 controls but tab and newline (terminal escapes among them); marks that turn the writing
# direction, so that text reads other than it is; lone surrogates, which no front end can be sent.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return ``text`` with characters that would harm a display written as escapes."""
    text = text.replace("\r\n", "\n")
    return _UNSHOWABLE.sub(lambda match: ascii(match.group())[1:-1], text)


def one_line(text: str) -> str:
    """Return ``text`` printable, with each run of blanks and newlines as one blank."""
    return printable(" ".join(text.split()))


def shortened(text: str, most: int = 300) -> str:
    """Return ``text``, cut at ``most`` characters with an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
