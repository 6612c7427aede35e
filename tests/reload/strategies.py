"""Random modules and random edits of them; see :mod:`.programs`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.reload.programs import (
    ATTRIBUTES,
    DECORATORS,
    ERRORS,
    FAILURES,
    METHODS,
    NAMES,
    WRAPS,
    Again,
    Alias,
    Class,
    Const,
    Data,
    Deco,
    Expr,
    Factory,
    Fail,
    Func,
    Import,
    Item,
    Made,
    Member,
    Members,
    Program,
    Registry,
    State,
    Touch,
)

names = st.sampled_from(NAMES)
literals = st.sampled_from([0, 1, 2, "s", "t", 1.5, None, True, (), b"b", -0.0])
exprs = st.builds(Expr, literals, st.lists(names, max_size=2).map(tuple))
maybe = st.none() | exprs
decorators = st.lists(
    st.sampled_from([*DECORATORS, "functools.cache"]), max_size=2, unique=True
).map(tuple)
members = st.builds(
    Member,
    st.sampled_from(METHODS),
    st.sampled_from(["method", "method", "static", "class", "property", "nested"]),
    exprs,
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
) | st.builds(Member, st.sampled_from(ATTRIBUTES), st.just("attribute"), exprs)
member_lists = st.lists(members, max_size=4, unique_by=lambda m: m.name).map(tuple)
hows = st.sampled_from(["=", "=", "annotated", "walrus", "chain", "unpack", "note", "note"])

BODIES: dict[str, st.SearchStrategy[Any]] = {
    "Const": st.builds(Const, exprs, hows),
    "Func": st.builds(
        Func,
        st.sampled_from(["plain", "plain", "plain", "generator", "async", "async generator", "lambda"]),
        exprs,
        maybe,
        maybe,
        names | st.just(""),
        st.integers(0, 2),
        decorators,
        st.integers(0, 2),
    ),
    "Class": st.builds(
        Class,
        st.lists(names, max_size=2).map(tuple),
        member_lists,
        maybe,
        st.integers(0, 1),
        decorators,
    ),
    "Factory": st.builds(
        Factory, exprs, st.sampled_from([("n",), ("n", "o"), ("o", "n"), ("o",), ("7",)])
    ),
    "Made": st.builds(Made, names, st.integers(0, 2)),
    "Alias": st.builds(Alias, names),
    "Again": st.builds(Again, exprs, st.sampled_from(["=", "loop", "del"])),
    "State": st.just(State()),
    "Data": st.builds(
        Data,
        st.lists(st.tuples(st.sampled_from(ATTRIBUTES), exprs), max_size=2, unique_by=lambda p: p[0])
        .map(tuple),
        st.booleans(),
    ),
    "Members": st.builds(
        Members,
        st.lists(st.tuples(st.sampled_from(["RED", "BLUE"]), exprs), max_size=2, unique_by=lambda p: p[0])
        .map(tuple),
    ),
    "Touch": st.builds(Touch, exprs),
    "Import": st.builds(
        Import,
        st.sampled_from(
            ["import math as {}", "from math import pi as {}", "from string import capwords as {}"]
        ),
    ),
}  # fmt: skip
DECO_BODIES = {
    "Deco": st.builds(
        Deco, st.sampled_from(["wraps", "wraps", "class", "args", "same", "mark"]), exprs
    ),
    "Registry": st.just(Registry()),
}

failures = st.builds(Fail, st.sampled_from(sorted(FAILURES)), st.sampled_from(ERRORS))
gaps = st.integers(0, 2)
wraps = st.sampled_from(["", "", "", "", "", "", *WRAPS])
rarely = st.sampled_from([False, False, False, True])


def bodies_for(name: str) -> st.SearchStrategy[Any]:
    """Return what a name may stand for."""
    if name == "deco3":
        return DECO_BODIES["Registry"]
    if name in DECORATORS:
        return DECO_BODIES["Deco"]
    common = [BODIES["Const"], BODIES["Func"], BODIES["Class"]]
    return st.one_of(*common, *BODIES.values(), *common)


@st.composite
def new_items(draw: st.DrawFn, name: str = "") -> Item:
    """One item, of a name that is given or any."""
    name = name or draw(st.sampled_from([*NAMES, *NAMES, *DECORATORS]))
    body = draw(bodies_for(name))
    return Item(name, body, draw(gaps), draw(wraps), draw(rarely))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A module; most of its names are bound once."""
    wanted = draw(
        st.lists(st.sampled_from([*NAMES, *DECORATORS]), min_size=1, max_size=9, unique=True)
    )
    wanted.sort(key=lambda name: name not in DECORATORS)
    items = [draw(new_items(name)) for name in wanted]
    return Program(tuple(items), draw(st.integers(0, 1)), draw(st.booleans()))


EDITS = (
    "detail", "detail", "detail", "body", "kind", "remove", "add", "rename", "move", "gap", "wrap",
    "module",
)  # fmt: skip


@st.composite
def edits(draw: st.DrawFn, program: Program) -> Program:
    """A program that differs from ``program`` in one place, or in a few."""
    for _ in range(draw(st.integers(1, 3))):
        program = _edited(draw, program)
    return program


def _edited(draw: st.DrawFn, program: Program) -> Program:
    items = list(program.items)
    what = draw(st.sampled_from(EDITS))
    if what == "module":
        changes: list[dict[str, Any]] = [
            {"doc": draw(st.integers(0, 2))},
            {"names_all": not program.names_all},
            {"future": not program.future},
        ]
        return replace(program, **draw(st.sampled_from(changes)))
    if what == "add" or not items:
        items.insert(draw(st.integers(0, len(items))), draw(new_items()))
        return replace(program, items=tuple(items))
    index = draw(st.integers(0, len(items) - 1))
    item = items[index]
    if what == "remove":
        del items[index]
    elif what == "move":
        items.insert(draw(st.integers(0, len(items) - 1)), items.pop(index))
    elif what == "rename":
        pool = DECORATORS[:2] if isinstance(item.body, Deco) else NAMES
        if not isinstance(item.body, Registry):
            items[index] = replace(item, name=draw(st.sampled_from(pool)))
    elif what == "gap":
        items[index] = replace(item, gap=draw(gaps), joined=draw(st.booleans()))
    elif what == "wrap":
        items[index] = replace(item, wrap=draw(wraps))
    elif what == "kind":
        items[index] = replace(item, body=draw(bodies_for(item.name)))
    else:
        strategy = {**BODIES, **DECO_BODIES}[type(item.body).__name__]
        body = draw(strategy)
        if what == "detail":
            body = _detail(draw, item.body, body)
        items[index] = replace(item, body=body)
    return replace(program, items=tuple(items))


def _detail(draw: st.DrawFn, old: Any, new: Any) -> Any:
    """Return ``old`` with one of its parts taken from ``new``."""
    parts = list(getattr(old, "__dataclass_fields__", ()))
    if not parts:
        return old
    if isinstance(old, Class) and old.members and draw(st.booleans()):
        index = draw(st.integers(0, len(old.members) - 1))
        given = list(old.members)
        given[index] = replace(
            given[index], expr=draw(exprs), gap=draw(gaps), parent=draw(st.booleans())
        )
        return replace(old, members=tuple(given))
    part = draw(st.sampled_from(parts))
    return replace(old, **{part: getattr(new, part)})


@st.composite
def histories(draw: st.DrawFn, length: int = 4) -> list[Program]:
    """A program and what it is edited to, one after the other."""
    history = [draw(programs())]
    for _ in range(draw(st.integers(1, length))):
        history.append(draw(edits(history[-1])))
    return history


@st.composite
def broken_histories(draw: st.DrawFn, length: int = 2) -> tuple[list[Program], Program]:
    """A history, and its last program with a statement somewhere that raises."""
    history = draw(histories(length))
    items = list(history[-1].items)
    item = Item("boom", draw(failures), draw(gaps), draw(wraps))
    items.insert(draw(st.integers(0, len(items))), item)
    return history, replace(history[-1], items=tuple(items))
