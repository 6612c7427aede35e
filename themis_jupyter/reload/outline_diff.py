"""What differs between two texts, by top-level statements; only what differs is parsed.

The new text is cut into blocks at the lines that begin at column 0. A block that is, to the letter, a
statement of the old text is that statement; the lines between such blocks are parsed by themselves. That is
sound because a statement begins and ends at column 0: where each stretch between parses on its own, all
parts parse together as they do apart. Where one does not (a string that was opened above, say), the whole
text is parsed.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from .outline import Outline, Statement, is_future, outline_of, parse, records
from .same_tree import same_tree


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


def compare(old: Outline, text: str, filename: str = "<source>") -> Diff:
    """Return what differs between ``old`` and ``text``.

    :raises SyntaxError: the text is not valid Python.
    """
    if text == old.text:
        return Diff(old, old, [(s, s) for s in old.statements], [], [], [])
    lines = text.split("\n")
    reading = _Reading(old, lines)
    try:
        reading.run()
    except (SyntaxError, _DoubtError):
        # The edit joins with what surrounds it, or is an error: only the whole text can tell.
        whole = outline_of(text, filename)
        return _diff(old, whole, {})
    new = Outline(text, lines, tuple(reading.statements), old.flags)
    return _diff(old, new, reading.known)


class _DoubtError(Exception):
    """The parts do not tell what the whole means."""


class _Reading:
    """Reads the lines of a new text, taking over the statements of the old one that stand in it.

    :param known: by the id of a new statement, the old one that it is.
    """

    def __init__(self, old: Outline, lines: list[str]) -> None:
        self.statements: list[Statement] = []
        self.known: dict[int, Statement] = {}
        self._old = old
        self._lines = lines

    def run(self) -> None:
        """Read all lines.

        :raises SyntaxError: lines between known statements do not parse by themselves.
        :raises _DoubtError: they do, but mean something for the others.
        """
        blocks = list(_blocks(self._lines))
        found = self._recognise(blocks)
        gap: list[tuple[int, int]] = []
        for block, statement in zip(blocks, found, strict=True):
            if statement is None:
                gap.append(block)
                continue
            self._parse(gap)
            gap = []
            self._take_over(statement, block[0])
        self._parse(gap)
        gone = {id(s) for s in self._old.statements} - {id(s) for s in self.known.values()}
        if any("__future__" in self._old.segment(s) for s in self._old.statements if id(s) in gone):
            raise _DoubtError

    def _recognise(self, blocks: list[tuple[int, int]]) -> list[Statement | None]:
        """Return, for each block, the old statement that it is to the letter."""
        texts: dict[str, list[Statement]] = {}
        for statement in self._old.statements:
            if statement.alone:
                texts.setdefault(self._old.segment(statement), []).append(statement)
        now = ["\n".join(self._lines[start - 1 : end]) for start, end in blocks]
        count = Counter(now)
        first = self._old.statements[0] if self._old.statements else None
        found: list[Statement | None] = []
        for number, text in enumerate(now):
            mates = texts.get(text, ())
            # Of those that stand there several times, each is the next one, if all of them are there.
            mate = mates[-count[text]] if len(mates) >= count[text] > 0 else None
            count[text] -= 1
            # What comes first may be the docstring.
            found.append(mate if (number == 0) == (mate is first) else None)
        return found

    def _take_over(self, old: Statement, start: int) -> None:
        shift = start - old.start
        new = _shifted(old, shift) if shift else old
        self.known[id(new)] = old
        self.statements.append(new)

    def _parse(self, gap: list[tuple[int, int]]) -> None:
        if not gap:
            return
        start, end = gap[0][0], gap[-1][1]
        body = parse("\n".join(self._lines[start - 1 : end]), start)
        if any(map(is_future, body)):
            raise _DoubtError
        self.statements += records(body, self._old.flags, first=not self.statements)


# How a line begins that goes on with what is above it: indentation, closing brackets, branches.
_WITHIN = frozenset({" ", "\t", "\f", ")", "]", "}"})
_BRANCHES = ("else", "elif", "except", "finally")


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield first and last line of each stretch that may be one statement, counted from 1."""
    start = end = 0
    decorated = False
    for number, line in enumerate(lines, 1):
        first = line[:1]
        if first in ("", "#") or not line.strip():
            continue
        if start and (first in _WITHIN or decorated or line.startswith(_BRANCHES)):
            end = number
            decorated = decorated and first in (*_WITHIN, "@")
            continue
        if start:
            yield start, end
        start = end = number
        decorated = first == "@"
    if start:
        yield start, end


def _shifted(statement: Statement, shift: int) -> Statement:
    node = statement.node
    if node is not None:
        node = ast.increment_lineno(copy.deepcopy(node), shift)
    return replace(statement, start=statement.start + shift, end=statement.end + shift, node=node)


def _diff(old: Outline, new: Outline, known: dict[int, Statement]) -> Diff:
    """Pair the statements.

    :param known: by the id of a new statement, the old one that it is to the letter.
    """
    diff = Diff(old, new, [], [], [], [])
    taken = {id(statement) for statement in known.values() if statement.title}
    before = [s for s in old.statements if id(s) not in taken]
    now: list[Statement] = []
    for statement in new.statements:
        if statement.title and id(statement) in known:
            diff.kept.append((known[id(statement)], statement))
        else:
            now.append(statement)
    _pair_definitions(diff, before, now)
    _pair_in_order(diff, before, now, known)
    return diff


def _pair_definitions(diff: Diff, before: list[Statement], now: list[Statement]) -> None:
    """Pair definitions whose name is defined once on each side, wherever they stand."""
    count_before = Counter(s.title for s in before)
    count_now = Counter(s.title for s in now)
    by_title = {s.title: s for s in before if s.title and count_before[s.title] == 1}
    paired: set[int] = set()
    for statement in now:
        mate = by_title.get(statement.title)
        if mate is None or count_now[statement.title] != 1 or mate.kind != statement.kind:
            continue
        (diff.kept if _same_code(diff, mate, statement) else diff.changed).append((mate, statement))
        paired |= {id(mate), id(statement)}
    before[:] = [s for s in before if id(s) not in paired]
    now[:] = [s for s in now if id(s) not in paired]


def _same_code(diff: Diff, old: Statement, new: Statement) -> bool:
    if old.alone and new.alone and diff.old.segment(old) == diff.new.segment(new):
        return True
    return same_tree(diff.old.code(old), diff.new.code(new))


def _pair_in_order(
    diff: Diff, before: list[Statement], now: list[Statement], known: dict[int, Statement]
) -> None:
    """Pair the others in order; what is left over on both sides is paired by what it binds."""
    numbers = {id(old): number for number, old in enumerate(known.values())}
    old_keys = [_key(diff.old, s, numbers.get(id(s))) for s in before]
    new_keys = [_key(diff.new, s, numbers.get(id(known.get(id(s))))) for s in now]
    paired: set[int] = set()
    for a, b, size in _common_runs(old_keys, new_keys):
        pairs = list(zip(before[a : a + size], now[b : b + size], strict=True))
        diff.kept.extend(pairs)
        paired.update(id(s) for pair in pairs for s in pair)
    rest: dict[object, deque[Statement]] = {}
    for statement in before:
        if id(statement) not in paired:
            rest.setdefault(_what_it_binds(statement), deque()).append(statement)
    for statement in now:
        if id(statement) in paired:
            continue
        if mates := rest.get(_what_it_binds(statement)):
            mate = mates.popleft()
            paired.add(id(mate))
            diff.changed.append((mate, statement))
        else:
            diff.added.append(statement)
    diff.removed.extend(s for s in before if id(s) not in paired)


def _what_it_binds(statement: Statement) -> object:
    return statement.kind, frozenset(statement.names.binds)


def _key(outline: Outline, statement: Statement, number: int | None) -> object:
    """Return what is equal for two statements of the same code."""
    if number is not None:
        return number
    return statement.kind == "doc", ast.dump(outline.code(statement))


def _common_runs(old: list[object], new: list[object]) -> Iterator[tuple[int, int, int]]:
    """Yield where both have the same keys, in order: (place in old, place in new, length)."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    yield 0, 0, head
    middle = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    )
    for block in middle.get_matching_blocks():
        yield head + block.a, head + block.b, block.size
    yield len(old) - tail, len(new) - tail, tail
