"""Comparing two texts gives what parsing the new one in whole gives, whatever was edited."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import textwrap

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.reload.everything import SOURCE
from themis_jupyter.reload.outline import Outline, Statement, outline_of
from themis_jupyter.reload.outline_diff import Diff, compare

#: Whatever a line at column 0 can be but the beginning of a statement.
TRICKY = '''\
"""Doc
of the module
"""
from __future__ import annotations

TEXT = """
Y = 1
# no comment
def f():
    pass
"""
TABLE = [
    1,
]
@first
@second(
    1
)
# between
def f():
    pass
if TABLE:
    a = 1
elif TEXT:
    a = 2
# before else
else:
    a = 3
try:
    b = 1
except ValueError:
    b = 2
finally:
    c = 1
x = 1; y = 2
z = 1 + \\
2
Y = 1
Y = 1
elsewhere = 3


class A:
    x = 1

    def f(self):
        return """
text
"""

for a in TABLE: pass
"a text"
Y = 1
# the end'''

CORPUS = [TRICKY, SOURCE, inspect.getsource(textwrap), inspect.getsource(dataclasses)]

FRAGMENTS = ["", "    pass", "x = 1", '"""', "@deco", "else:", ")", "(", "# note", "Y = 1", "\\", "\f",
             "from __future__ import annotations", "def f():", '"doc"', "    x = 1", "import os", "Y = [",
             "]"]  # fmt: skip


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a text and what some edits of its lines make of it."""
    text = draw(st.sampled_from(CORPUS))
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines)))
        length = draw(st.integers(0, 4))
        kind = draw(st.sampled_from(["delete", "insert", "replace", "copy", "move"]))
        taken = lines[place : place + length]
        if kind in ("delete", "replace", "move"):
            del lines[place : place + length]
        if kind in ("insert", "replace"):
            lines[place:place] = draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=3))
        if kind in ("copy", "move"):
            other = draw(st.integers(0, len(lines)))
            lines[other:other] = taken
    return text, "\n".join(lines)


def facts(outline: Outline, statement: Statement) -> tuple[object, ...]:
    """What the plan goes by; the node with its positions."""
    node = ast.dump(outline.node(statement), include_attributes=True)
    place = (statement.start, statement.end, statement.kind, statement.title, statement.alone)
    return (*place, statement.names, node)


def check(old: Outline, text: str) -> Diff | None:
    try:
        whole = outline_of(text)
    except SyntaxError:
        with pytest.raises(SyntaxError):
            compare(old, text)
        return None
    diff = compare(old, text)
    new = diff.new
    assert new.flags == whole.flags
    assert [facts(new, s) for s in new.statements] == [facts(whole, s) for s in whole.statements]
    before = [o for o, _ in diff.kept] + [o for o, _ in diff.changed] + diff.removed
    after = [n for _, n in diff.kept] + [n for _, n in diff.changed] + diff.added
    assert sorted(map(id, before)) == sorted(map(id, old.statements))
    assert sorted(map(id, after)) == sorted(map(id, new.statements))
    for was, now in diff.kept:
        assert ast.dump(old.node(was)) == ast.dump(new.node(now))
        assert (was.kind, was.title) == (now.kind, now.title)
    # What is no definition keeps its order.
    places = {id(s): number for number, s in enumerate(old.statements)}
    order = {id(s): number for number, s in enumerate(new.statements)}
    others = sorted((order[id(n)], places[id(o)]) for o, n in diff.kept if not n.title)
    assert [place for _, place in others] == sorted(place for _, place in others)
    return diff


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(edited(), st.booleans())
@example((TRICKY, TRICKY.replace("TEXT = ", "TEXT = \\\n")), True)
@example((TRICKY, '"""' + TRICKY), True)
def test_any_edit(texts: tuple[str, str], bare: bool) -> None:
    before, after = texts
    old = outline_of(before)
    diff = check(old.without_nodes() if bare else old, after)
    if diff is not None:
        assert check(diff.new, before) is not None


def test_two_edits_far_apart_leave_what_is_between_alone() -> None:
    old = outline_of(SOURCE)
    diff = check(old, "# a line more\n" + SOURCE.replace("LIMIT = 10", "LIMIT = 11"))
    assert diff is not None
    assert [n.names.binds for _, n in diff.changed] == [{"LIMIT"}]
    assert not diff.added
    assert not diff.removed
    assert sum(n.names is o.names for o, n in diff.kept) == len(diff.kept)


def test_a_moved_definition_is_kept() -> None:
    old = outline_of("def f():\n    return 1\nX = f()\ndef g():\n    return 2\n")
    diff = check(old, "X = f()\ndef g():\n    return 2\ndef f():\n    return 1\n")
    assert diff is not None
    assert len(diff.kept) == 3
    assert diff.empty


def test_what_is_no_definition_runs_again_where_it_changes_its_place() -> None:
    old = outline_of("a()\nb()\nc()\n")
    diff = check(old, "b()\nc()\na()\n")
    assert diff is not None
    assert len(diff.kept) == 2


@pytest.mark.parametrize("text", [argparse, ast], ids=["argparse", "ast"])
def test_long_files(text: object) -> None:
    source = inspect.getsource(text)  # type: ignore[arg-type]
    old = outline_of(source)
    lines = source.split("\n")
    high, low = old.statements[3].end, old.statements[-3].end
    diff = check(old, "\n".join([*lines[:high], "", *lines[high:low], "# more", *lines[low:]]))
    assert diff is not None
    assert diff.empty


def test_statements_without_a_mate_are_told_in_their_order() -> None:
    old = outline_of("a = 1\nb = 1\nb = 2\nc = 1\nd = 1\n")
    diff = compare(old, "e = 9\nb = 8\nd = 7\nb = 6\nb = 5\n")
    pairs = [(diff.old.segment(o), diff.new.segment(n)) for o, n in diff.changed]
    assert pairs == [("b = 1", "b = 8"), ("d = 1", "d = 7"), ("b = 2", "b = 6")]
    assert [diff.new.segment(s) for s in diff.added] == ["e = 9", "b = 5"]
    assert [diff.old.segment(s) for s in diff.removed] == ["a = 1", "c = 1"]
