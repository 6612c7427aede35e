"""A source as a list of top-level statements."""

from __future__ import annotations
import __future__

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .names import Names, names_of

Kind = Literal["def", "class", "doc", "other"]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One top-level statement.

    :param start: first line, decorators included; counted from 1.
    :param end: last line.
    :param title: the name that a ``def`` or ``class`` binds; empty for others.
    :param alone: no other statement stands on its lines.
    """

    start: int
    end: int
    kind: Kind
    title: str
    names: Names
    alone: bool
    node: ast.stmt | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A text and its top-level statements, in order.

    :param flags: compiler flags of its ``from __future__`` imports.
    """

    text: str
    lines: list[str] = field(repr=False)
    statements: tuple[Statement, ...] = field(repr=False)
    flags: int = 0

    def segment(self, statement: Statement) -> str:
        """Return the statement's lines."""
        return "\n".join(self.lines[statement.start - 1 : statement.end])

    def headline(self, statement: Statement) -> str:
        """Return the line that says what a statement is: of a definition, the one below its decorators."""
        lines = self.lines[statement.start - 1 : statement.end]
        words = ("def ", "class ", "async def ")
        below = (line for line in lines if line.startswith(words)) if statement.title else iter(())
        return next(below, lines[0]).strip()

    def node(self, statement: Statement) -> ast.stmt:
        """Return the statement's syntax tree, with true positions."""
        if statement.node is not None:
            return statement.node
        return parse(self.segment(statement), statement.start)[0]

    def code(self, statement: Statement) -> ast.stmt:
        """Return the statement's syntax tree, to look at its code: its positions may be any.

        The parser reads a line for each line above, to get the positions right.
        """
        return statement.node or parse(self.segment(statement), 1)[0]

    def without_nodes(self) -> Outline:
        """Return the same outline without its syntax trees, which take much memory.

        Statements that share a line keep theirs: their lines alone do not tell them apart.
        """
        bare = tuple(replace(s, node=None) if s.node and s.alone else s for s in self.statements)
        return replace(self, statements=bare)

    @property
    def stored(self) -> set[str]:
        """All names that the statements bind."""
        return set().union(*(s.names.binds for s in self.statements))

    @property
    def assigned(self) -> dict[str, frozenset[str]]:
        """What statements set on classes and functions, by the name of those (``A.limit = 1``)."""
        found: dict[str, set[str]] = {}
        for statement in self.statements:
            for stored in statement.names.stores:
                owner, _, attribute = stored.rpartition(".")
                found.setdefault(owner, set()).add(attribute)
        return {owner: frozenset(attributes) for owner, attributes in found.items()}


def outline_of(text: str, filename: str = "<source>") -> Outline:
    """Parse a text in whole.

    :raises SyntaxError: it is not valid Python.
    """
    body = parse(text, 1, filename)
    flags = _future_flags(body)
    return Outline(text, text.split("\n"), tuple(records(body, flags, first=True)), flags)


def parse(text: str, line: int, filename: str = "<source>") -> list[ast.stmt]:
    """Parse a text whose first line is line ``line`` of its file."""
    return ast.parse("\n" * (line - 1) + text, filename).body


def records(body: Sequence[ast.stmt], flags: int, *, first: bool) -> list[Statement]:
    """Return the statements of a parsed text.

    :param first: it is the beginning of its file, where a text is the module's docstring.
    """
    lazy = bool(flags & __future__.annotations.compiler_flag)
    spans = [_span(node) for node in body]
    records = []
    for index, node in enumerate(body):
        start, end = spans[index]
        alone = not (index and spans[index - 1][1] >= start) and not (
            index + 1 < len(body) and spans[index + 1][0] <= end
        )
        kind: Kind = "other"
        title = ""
        names = names_of(node, lazy_annotations=lazy)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            kind, title = "def", node.name
        elif isinstance(node, ast.ClassDef):
            kind, title = "class", node.name
        elif first and index == 0 and _is_docstring(node):
            kind = "doc"
            names.binds.add("__doc__")
        records.append(Statement(start, end, kind, title, names, alone, node))
    return records


def _span(node: ast.stmt) -> tuple[int, int]:
    decorators = getattr(node, "decorator_list", [])
    start = min([node.lineno, *(d.lineno for d in decorators)])
    return start, node.end_lineno or start


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def is_future(node: ast.stmt) -> bool:
    """Return whether a statement is a ``from __future__`` import."""
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level


def _future_flags(body: Sequence[ast.stmt]) -> int:
    flags = 0
    for node in body:
        if is_future(node):
            for alias in node.names:  # type: ignore[attr-defined]
                # An unknown feature is the compiler's to refuse.
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature is not None else 0
    return flags
