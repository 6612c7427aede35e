"""Numbers and foreign text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_jupyter.render.format import (
    names,
    number,
    one_line,
    printable,
    seconds,
    shortened,
    size,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (9_960, "10 kB"),
        (999_400, "999 kB"),
        (999_500, "1.0 MB"),
        (2_000_000_000, "2.0 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_size(count, text):
    assert size(count) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (-1, "0 µs"),
        (0, "0 µs"),
        (4.5e-5, "45 µs"),
        (9.996e-4, "1.0 ms"),
        (0.0032, "3.2 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (1.5, "1.5 s"),
        (59.4, "59 s"),
        (59.7, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3600, "1 h 0 min"),
    ],
)
def test_seconds(duration, text):
    assert seconds(duration) == text


def test_number():
    assert number(1, "change") == "1 change"
    assert number(0, "change") == "0 changes"
    assert number(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_names(items, text):
    assert names(items) == text


def test_control_characters_are_shown_not_obeyed():
    assert printable("a\x1b[31mred\x00\r\n\tb\u202e\udc80é") == (
        "a\\x1b[31mred\\x00\n\tb\\u202e\\udc80é"
    )
    assert one_line("a\n\n  b\tc ") == "a b c"


@given(st.text(st.characters(codec=None)))
def test_what_is_printable_can_be_sent(text):
    shown = printable(text)
    shown.encode("utf-8")
    assert printable(shown) == shown


def test_shortened():
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
