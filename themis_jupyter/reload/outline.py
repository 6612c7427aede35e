"""A source as a list of top-level statements, and what differs between two of them.

Comparing parses only the lines between the equal beginning and the equal end. That is sound because
each statement that is kept begins and ends at column 0: where the middle parses on its own, the three
parts parse together as they do apart. Where it does not, the whole text is parsed.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
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
        return _parse(self.segment(statement), statement.start)[0]

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


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two outlines.

    :param kept: pairs (old, new) of statements with the same code, perhaps on other lines.
    :param changed: pairs (old, new) of statements with other code.
    :param added: statements that only the new text has.
    :param removed: statements that only the old text has.
    """

    old: Outline
    new: Outline
    kept: list[tuple[Statement, Statement]]
    changed: list[tuple[Statement, Statement]]
    added: list[Statement]
    removed: list[Statement]

    @property
    def empty(self) -> bool:
        """True where no statement's code differs."""
        return not (self.changed or self.added or self.removed)


def outline_of(text: str, filename: str = "<source>") -> Outline:
    """Parse a text in whole.

    :raises SyntaxError: it is not valid Python.
    """
    body = _parse(text, 1, filename)
    flags = _future_flags(body)
    return Outline(text, text.split("\n"), tuple(_records(body, flags, first=True)), flags)


def compare(old: Outline, text: str, filename: str = "<source>") -> Diff:
    """Return what differs between ``old`` and ``text``.

    :raises SyntaxError: the text is not valid Python.
    """
    if text == old.text:
        return Diff(old, old, [(s, s) for s in old.statements], [], [], [])
    lines = text.split("\n")
    head, tail = _equal_ends(old, lines)
    shift = len(lines) - len(old.lines)
    first = old.statements[head - 1].end if head else 0
    last = (
        old.statements[tail].start - 1 if tail < len(old.statements) else len(old.lines)
    ) + shift
    cut = old.statements[head:tail]
    body: list[ast.stmt] | None
    try:
        body = _parse("\n".join(lines[first:last]), first + 1)
    except SyntaxError:
        # The edit joins with what surrounds it, or is an error: only the whole text can tell.
        body = None
    if (
        body is None
        or any(map(_is_future, body))
        or any("__future__" in old.segment(s) for s in cut)
    ):
        whole = outline_of(text, filename)
        return _diff(old, whole, 0, len(old.statements), whole.statements, 0)
    middle = tuple(_records(body, old.flags, first=head == 0))
    after = [_shifted(s, shift) if shift else s for s in old.statements[tail:]]
    new = Outline(text, lines, (*old.statements[:head], *middle, *after), old.flags)
    return _diff(old, new, head, tail, middle, len(after))


def _shifted(statement: Statement, shift: int) -> Statement:
    node = statement.node
    if node is not None:
        node = ast.increment_lineno(copy.deepcopy(node), shift)
    return replace(statement, start=statement.start + shift, end=statement.end + shift, node=node)


def _equal_ends(old: Outline, lines: Sequence[str]) -> tuple[int, int]:
    """Return how many statements lie in the equal beginning, and where the equal end begins."""
    before = old.lines
    shorter = min(len(before), len(lines))
    same = 0
    while same < shorter and before[same] == lines[same]:
        same += 1
    same_end = 0
    while same_end < shorter - same and before[-1 - same_end] == lines[-1 - same_end]:
        same_end += 1
    statements = old.statements
    head = 0
    while head < len(statements) and statements[head].end <= same:
        head += 1
    # What follows the last of them may belong to it: a new method, an ``else``.
    head = max(0, head - 1)
    tail = len(statements)
    while tail > head and statements[tail - 1].start > len(before) - same_end:
        tail -= 1
    # Statements that share a line stay together.
    while head and head < len(statements) and statements[head - 1].end >= statements[head].start:
        head -= 1
    while 0 < tail < len(statements) and statements[tail - 1].end >= statements[tail].start:
        tail += 1
    return head, tail


def _diff(
    old: Outline, new: Outline, head: int, tail: int, middle: Sequence[Statement], after: int
) -> Diff:
    """Pair the statements between the equal ends; those outside are pairs already."""
    kept = list(zip(old.statements[:head], new.statements[:head], strict=True))
    if after:
        kept += zip(old.statements[-after:], new.statements[-after:], strict=True)
    diff = Diff(old, new, kept, [], [], [])
    before, now = list(old.statements[head:tail]), list(middle)
    _pair_definitions(diff, before, now)
    _pair_in_order(diff, before, now)
    return diff


def _pair_definitions(diff: Diff, before: list[Statement], now: list[Statement]) -> None:
    """Pair definitions whose name is defined once on each side, wherever they stand."""
    count_before = Counter(s.title for s in before)
    count_now = Counter(s.title for s in now)
    by_title = {s.title: s for s in before if s.title and count_before[s.title] == 1}
    for statement in list(now):
        mate = by_title.get(statement.title)
        if mate is None or count_now[statement.title] != 1 or mate.kind != statement.kind:
            continue
        same = _same_code(diff, mate, statement)
        (diff.kept if same else diff.changed).append((mate, statement))
        before.remove(mate)
        now.remove(statement)


def _same_code(diff: Diff, old: Statement, new: Statement) -> bool:
    if old.alone and new.alone and diff.old.segment(old) == diff.new.segment(new):
        return True
    return _dump(diff.old, old) == _dump(diff.new, new)


def _dump(outline: Outline, statement: Statement) -> str:
    return ast.dump(outline.node(statement))


def _pair_in_order(diff: Diff, before: list[Statement], now: list[Statement]) -> None:
    """Pair the others in order; what is left over on both sides is paired by what it binds."""
    old_keys = [_dump(diff.old, s) for s in before]
    new_keys = [_dump(diff.new, s) for s in now]
    blocks = SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_matching_blocks()
    for block in blocks:
        pairs = zip(before[block.a : block.a + block.size], now[block.b : block.b + block.size],
                    strict=True)  # fmt: skip
        diff.kept.extend(pairs)
    paired_old = {id(o) for o, _ in diff.kept}
    paired_new = {id(n) for _, n in diff.kept}
    rest = [s for s in before if id(s) not in paired_old]
    for statement in now:
        if id(statement) in paired_new:
            continue
        mate = next(
            (
                o
                for o in rest
                if o.kind == statement.kind and o.names.binds == statement.names.binds
            ),
            None,
        )
        if mate is None:
            diff.added.append(statement)
        else:
            rest.remove(mate)
            diff.changed.append((mate, statement))
    diff.removed.extend(rest)


def _parse(text: str, line: int, filename: str = "<source>") -> list[ast.stmt]:
    """Parse a text whose first line is line ``line`` of its file."""
    return ast.parse("\n" * (line - 1) + text, filename).body


def _records(body: Sequence[ast.stmt], flags: int, *, first: bool) -> list[Statement]:
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


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level


def _future_flags(body: Sequence[ast.stmt]) -> int:
    flags = 0
    for node in body:
        if _is_future(node):
            for alias in node.names:  # type: ignore[attr-defined]
                # An unknown feature is the compiler's to refuse.
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature is not None else 0
    return flags
