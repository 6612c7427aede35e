"""Edits of source text that change nothing of what it does."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass

#: What one edit makes of one file.
TextEdit = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Edit:
    """A named edit, made in each file of the plugin.

    :param full: whether every statement is to run again.
    """

    name: str
    change: TextEdit
    full: bool = False


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a source file and its encoding; line ends stay as they are.

    :raises SyntaxError: the encoding is not known.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding), encoding


def comment_on_top(text: str) -> str:
    """Return the text with a comment as its first line, after those that have to be first."""
    lines = text.splitlines(keepends=True)
    first = 0
    # "#!" and the encoding count in the first two lines only.
    while first < min(2, len(lines)) and lines[first].startswith("#"):
        first += 1
    return "".join([*lines[:first], "# themis-jupyter: a comment\n", *lines[first:]])


def empty_lines(text: str) -> str:
    """Return the text with an empty line before each statement at its top level."""
    lines = text.splitlines(keepends=True)
    taken: set[int] = set()
    for statement in _parse(text).body:
        taken.update(range(statement.lineno + 1, (statement.end_lineno or 0) + 1))
    starts = {
        min([s.lineno, *(d.lineno for d in getattr(s, "decorator_list", ()))])
        for s in _parse(text).body
    }
    if len(text.split("\n")) - text.endswith("\n") != len(lines):
        return text  # form feeds and the like: Python counts lines in another way
    return "".join(
        ("\n" if number in starts - taken else "") + line for number, line in enumerate(lines, 1)
    )


def statement_in_every_function(text: str) -> str:
    """Return the text with a further statement, without effect, in the body of every function."""
    # None is None: not optimised away, unlike pass; binds no name, so locals() stays the same.
    tree = _Inserting().visit(_parse(text))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Inserting(ast.NodeTransformer):
    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        place = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(place, ast.parse("None is None").body[0])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d": its author hears of it when the module is compiled
        return ast.parse(text)


def same(text: str) -> str:
    """Return the text."""
    return text


#: In this order; each is made to the text as it is, and taken back by the last ones.
REPLAYED = (
    Edit("a comment on top", comment_on_top),
    Edit("empty lines", empty_lines),
    Edit("every function changed", statement_in_every_function),
    Edit("every function as it was", same),
    Edit("everything runs again", same, full=True),
)
