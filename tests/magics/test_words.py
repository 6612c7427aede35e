"""Splitting a line into words."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from themis_jupyter.magics.words import read, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  ", []),
        ("a b\tc", ["a", "b", "c"]),
        ("'my dir/x.py'", ["my dir/x.py"]),
        ('"my dir/x.py" -q', ["my dir/x.py", "-q"]),
        ('"my dir"/x.py', ["my dir/x.py"]),
        ("o'brien.py x", ["o'brien.py", "x"]),
        ("''", [""]),
        ('a --config {"step": 2, "name": "}"} --as b', ["a", "--config", '{"step": 2, "name": "}"}',
                                                       "--as", "b"]),
        ('--config={"step": 2}', ['--config={"step": 2}']),
        ("--config='{\"step\": 2}'", ['--config={"step": 2}']),
        ('--config "{\\"step\\": 2}"', ["--config", '{"step": 2}']),
        ('--config {"it\'s": [1, {"b": 2}]}', ["--config", '{"it\'s": [1, {"b": 2}]}']),
        ('--config {"step": 2 --as b', ["--config", '{"step": 2 --as b']),
        ("{folder}/x.py", ["{folder}/x.py"]),
        ("{names[ 0 ]} x", ["{names[ 0 ]}", "x"]),
        ("a{b", ["a{b"]),
        ("counter # bring it in", ["counter"]),
        ("counter#1", ["counter#1"]),
    ],
)  # fmt: skip
def test_words(line: str, words: list[str]) -> None:
    assert split(line) == (words, False)


@pytest.mark.parametrize(
    ("line", "words"),
    [("counter;", ["counter"]), ("counter ;", ["counter"]), (";", []), ('{"a": 1};', ['{"a": 1}'])],
)
def test_a_semicolon_at_the_end_asks_for_silence(line: str, words: list[str]) -> None:
    assert split(line) == (words, True)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a backslash is part of a path")
@pytest.mark.parametrize(("line", "word"), [("my\\ dir/x.py", "my dir/x.py"), ("a\\;", "a;"),
                                            ("a\\b", "a\\b"), ("a\\", "a\\")])  # fmt: skip
def test_a_backslash_escapes_what_completion_escapes(line: str, word: str) -> None:
    assert split(line) == ([word], False)


@pytest.mark.parametrize("line", ["'a b", 'x "a', "--as='b c"])
def test_a_quote_that_is_never_closed(line: str) -> None:
    with pytest.raises(UsageError, match="never closed"):
        split(line)


@given(st.text(alphabet="ab \t'\"{}\\;#=$-\n", max_size=30))
def test_every_line_is_read_to_its_end(line: str) -> None:
    at = 0
    for word in read(line):
        assert line[word.start :].startswith(word.raw)
        assert not line[at : word.start].strip()
        at = word.start + len(word.raw)
    assert not line[at:].strip() or line[at:].lstrip().startswith("#")
