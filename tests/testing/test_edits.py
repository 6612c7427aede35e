"""Edits that change nothing of what a text does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import themis_jupyter
from themis_jupyter.testing.edits import (
    comment_on_top,
    decode,
    empty_lines,
    statement_in_every_function,
)

OURS = sorted(Path(themis_jupyter.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_text_means_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for edit in (comment_on_top, empty_lines):
        assert edit(text) != text or not text
        assert ast.dump(ast.parse(edit(text))) == ast.dump(ast.parse(text))
    changed = ast.parse(statement_in_every_function(text))
    for node in ast.walk(changed):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert "None is None" in map(ast.unparse, node.body[:2])
            node.body = [n for n in node.body if ast.unparse(n) != "None is None"]
    assert ast.unparse(changed) == ast.unparse(ast.parse(text))


def test_what_has_to_be_first_stays_first() -> None:
    text = "#!/bin/python\n# coding: latin-1\n'''Words.'''\nfrom __future__ import annotations\n"
    assert comment_on_top(text).splitlines()[:2] == text.splitlines()[:2]
    compile(comment_on_top(text), "x", "exec")
    assert decode(b"\xef\xbb\xbfx = 1\r\n") == ("x = 1\r\n", "utf-8-sig")
    with pytest.raises(SyntaxError):
        decode(b"# coding: nothing\n")


def test_several_statements_in_a_line_and_long_strings() -> None:
    text = "a = 1; b = '''\nx\n'''; c = 2\n@property\n# why\ndef f(): return '''\n'''\n"
    assert empty_lines(text) == f"\n{text[: text.index('@')]}\n{text[text.index('@') :]}"
    assert "None is None" in statement_in_every_function("def f(): 'only words'\n")
