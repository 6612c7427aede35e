"""Functions that a function made earlier (closures, lambdas, methods of local classes), kept anywhere.

``make(3)`` gave somebody a function whose code is one of the constants of ``make``'s code. When ``make``
changes, that function is to run the new version of that constant, with the variables that it has. Nobody
but the collector knows where such functions are. But a code object that a function runs is referred to
once more than its place among the constants explains: only then all functions are looked through, once.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from types import CellType, CodeType, FunctionType
from typing import Any

from .heap import all_functions
from .objects import cells_of, same_behaviour
from .trampoline import (
    can_take_code,
    kind_of,
    successor_of,
    trampoline_code,
    trampoline_defaults,
)
from .writes import Writes

Tree = Callable[[], ast.AST | None]

# They run at once, where they are made; functions in them are looked for all the same.
_AT_ONCE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


class Descendants:
    """Gathers which code succeeds which, and gives the new code to functions made from the old one."""

    def __init__(self) -> None:
        self._pairs: list[tuple[CodeType, CodeType, Tree]] = []
        self._handled: dict[int, FunctionType] = {}

    def add(self, old: FunctionType, new: CodeType, tree: Tree = lambda: None) -> None:
        """Note that a function gets new code, by writes of its own.

        :param new: the code; where that only moved, ``tree`` is not needed.
        :param tree: gives the syntax tree that the new code was compiled from.
        """
        self._handled[id(old)] = old
        self._pairs.append((successor_of(old).__code__, new, tree))

    def settle(self, writes: Writes) -> list[str]:
        """Add the writes for functions made earlier; return what cannot follow, in words."""
        running = Counter(id(successor_of(f).__code__) for f in self._handled.values())
        held = {
            id(old): (old, new, tree)
            for outer_old, outer_new, tree in self._pairs
            for old, new, others in _inner(outer_old, outer_new)
            if others > running[id(old)]
        }
        stayed: Counter[str] = Counter()
        for function, code in self._running(held.keys()) if held else ():
            _, new, tree = held[id(code)]
            if not _follow(writes, function, new, tree):
                stayed[f"{new.co_qualname}, line {new.co_firstlineno}"] += 1
        return [
            f"{number} made earlier from {what} cannot follow and run the old code: the new one uses "
            "variables, or takes arguments, that were not there when they were made. Make them again."
            for what, number in stayed.items()
        ]

    def _running(self, codes: Collection[int]) -> list[tuple[FunctionType, CodeType]]:
        """Return the functions, not handled otherwise, that run one of these codes, and which."""
        # No pair for each function there is: so many new objects make the collector run.
        found = [
            (function, own)
            for function in all_functions()
            if id((own := successor_of(function)).__code__) in codes
        ]
        # What another one only passes its calls on to is that one's concern.
        hidden = {id(own) for function, own in found if own is not function}
        return [
            (function, own.__code__)
            for function, own in found
            if id(function) not in hidden and id(function) not in self._handled
        ]


def _inner(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType, int]]:
    """Yield the codes inside ``old``, each with its successor and with how many others refer to it."""
    constants = old.co_consts
    for index, successor in _successors(old, new):
        others = sys.getrefcount(constants[index]) - _USUAL
        if constants[index].co_name not in _AT_ONCE:
            yield constants[index], successor, others
        yield from _inner(constants[index], successor)


def _usual_references() -> int:
    constants: tuple[Any, ...] = compile("lambda: None", "<code>", "eval").co_consts
    index = 0
    return sys.getrefcount(constants[index])


_USUAL = _usual_references()


def _successors(old: CodeType, new: CodeType) -> Iterator[tuple[int, CodeType]]:
    """Pair codes of one name: first those that do the same, then the others in their order."""
    places: dict[str, list[int]] = {}
    for index, constant in enumerate(old.co_consts):
        if type(constant) is CodeType:
            places.setdefault(constant.co_name, []).append(index)
    mates: dict[str, list[CodeType]] = {}
    for constant in new.co_consts:
        if type(constant) is CodeType and constant.co_name in places:
            mates.setdefault(constant.co_name, []).append(constant)
    for name, candidates in mates.items():
        indices = places[name]
        if len(indices) != len(candidates):
            # Who was taken out or put in between shows only where the others did not change.
            for index in list(indices):
                same = [c for c in candidates if same_behaviour(old.co_consts[index], c)]
                if same:
                    candidates.remove(same[0])
                    indices.remove(index)
                    yield index, same[0]
            if len(indices) != len(candidates):
                continue
        yield from zip(indices, candidates, strict=True)


def _follow(writes: Writes, function: FunctionType, new: CodeType, tree: Tree) -> bool:
    """Add the writes that let one function run ``new``; False where it cannot."""
    given: Any = _Given(successor_of(function))
    before = successor_of(function).__code__
    node = _node_of(new, tree())
    told = node is not None and given.take(node.args)
    if not told and not _same_signature(before, new):
        return False
    cells = cells_of(function)
    if not cells.keys() >= set(new.co_freevars):
        return False
    closure = tuple(cells[name] for name in new.co_freevars)
    successor = FunctionType(new, function.__globals__, function.__name__, None, closure)
    code = new
    if not can_take_code(function, successor, function.__globals__):
        successor.__defaults__, successor.__kwdefaults__ = given.defaults, given.kwdefaults
        successor.__qualname__ = new.co_qualname
        code = trampoline_code(function, successor)
        given.defaults, given.kwdefaults = None, trampoline_defaults(successor)
        writes.item(vars(function), "__wrapped__", successor)
    if kind_of(code) != kind_of(function.__code__):
        writes.silence_kind_change()
    writes.attribute(function, "__code__", code)
    writes.attribute(function, "__defaults__", given.defaults)
    writes.attribute(function, "__kwdefaults__", given.kwdefaults)
    if function.__doc__ == _doc_of(before):  # not one that a decorator gave it
        writes.attribute(function, "__doc__", _doc_of(new))
    return True


def _doc_of(code: CodeType) -> str | None:
    cells = tuple(CellType() for _ in code.co_freevars)
    return FunctionType(code, {}, closure=cells).__doc__


def _same_signature(old: CodeType, new: CodeType) -> bool:
    number = old.co_argcount + old.co_kwonlyargcount
    return (old.co_argcount, old.co_posonlyargcount, old.co_kwonlyargcount) == (
        new.co_argcount,
        new.co_posonlyargcount,
        new.co_kwonlyargcount,
    ) and old.co_varnames[:number] == new.co_varnames[:number]


class _Given:
    """The defaults of a function: what it has, or what the new source says, where these are constants."""

    def __init__(self, function: FunctionType) -> None:
        self.defaults = function.__defaults__
        self.kwdefaults = function.__kwdefaults__

    def take(self, args: ast.arguments) -> bool:
        """Take the defaults of the new source; False where only running it would tell."""
        by_name = zip(args.kwonlyargs, args.kw_defaults, strict=True)
        try:
            defaults = tuple(map(ast.literal_eval, args.defaults))
            kwdefaults = {a.arg: ast.literal_eval(d) for a, d in by_name if d is not None}
        except ValueError:
            return False
        self.defaults, self.kwdefaults = defaults or None, kwdefaults or None
        return True


def _node_of(code: CodeType, tree: ast.AST | None) -> Any:
    """Return the definition that a code was compiled from; None where there is doubt."""
    found = [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and getattr(node, "name", "<lambda>") == code.co_name
        and _first_line(node) == code.co_firstlineno
    ]
    return found[0] if len(found) == 1 else None


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])
