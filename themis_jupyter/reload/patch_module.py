"""From a module whose new statements have run to the list of writes that makes it the new one."""

from __future__ import annotations

import ast
import functools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, Literal

from ..report import Change
from . import importers
from .adapters import check_member
from .class_body import kept_members, written_members
from .correspondence import Correspondence, Pair
from .descendants import Descendants
from .match import Matcher
from .objects import (
    PLAIN,
    LruCache,
    attributes_of,
    is_a,
    members_of,
    name_of,
    partial_state,
)
from .outline import Outline
from .patch_class import NewBases, patch_class, same_value
from .patch_function import patch_attributes, patch_function
from .relocate import relocate
from .stage import Draft
from .substitute import Substitution
from .writes import Writes

_ABSENT: Any = object()


@dataclass
class Patch:
    """What a commit is going to do.

    :param writes: everything, for all modules together.
    :param descendants: functions to be looked for at the last moment, whose writes come on top.
    :param changes: the same in words.
    :param bases: of classes that get others, which all modules together decide.
    """

    writes: Writes = field(default_factory=Writes)
    descendants: Descendants = field(default_factory=Descendants)
    changes: list[Change] = field(default_factory=list)
    bases: list[NewBases] = field(default_factory=list)


def match_module(draft: Draft, born: set[int], found: Correspondence) -> None:
    """Pair the new objects of one module with its old ones."""
    classes = _classes_of(draft.before.outline) if draft.before else ()
    matcher = Matcher(draft.module.__name__, draft.live, draft.scratch, born, found, classes)
    by_definition = _defined(draft)
    rebound = draft.rebound()
    gone = draft.deleted()
    staying = {id(value) for n, value in draft.live.items() if n not in rebound and n not in gone}
    kept = {name for _, statement in draft.plan.diff.kept for name in statement.names.binds}
    # A function found under its own name goes first: that settles aliases (``g = f``).
    for name in sorted(rebound, key=lambda n: name_of(rebound[n]) != n):
        old = draft.live.get(name, _ABSENT)
        if id(old) in staying and name not in kept and name_of(old) != name:
            continue  # ``g = f`` became another definition; f is what it was
        if old is not _ABSENT:
            matcher.match(old, rebound[name], name, own=name in by_definition)


def _classes_of(outline: Outline) -> set[str]:
    """Return the names that a source binds by one class statement only."""
    bound = Counter(name for s in outline.statements for name in s.names.binds)
    return {s.title for s in outline.statements if s.kind == "class" and bound[s.title] == 1}


def _defined(draft: Draft) -> set[str]:
    """Return the names whose old values were made by the module's own definitions."""
    if draft.before is None:
        return {s.title for s in draft.plan.new.statements if s.title}
    old = {s.title for s in draft.before.outline.statements if s.title}
    for statement in draft.before.outline.statements:
        # ``if``/``try`` around definitions; ``f = decorate(g)``.
        if not statement.title and (statement.names.later or statement.names.effects):
            old |= statement.names.binds
    return old


def patch_module(
    patch: Patch, draft: Draft, found: Correspondence, substitute: Substitution
) -> None:
    """Add the writes of one module.

    :raises UnpatchableError: CPython cannot make one of the changes.
    """
    dropped = {name for s in draft.plan.again for name in s.names.binds}
    given: set[int] = set()
    for pair in found:
        if pair.module == draft.module.__name__ and pair.name.partition(".")[0] not in dropped:
            _patch_pair(patch, pair, draft, substitute)
            given.add(id(pair.old))
    for name in draft.plan.stale & draft.live.keys():
        for cache in _caches_inside(draft.live[name], draft.module.__name__):
            if id(cache) not in given:
                patch.writes.add((cache.cache_clear,))
    _patch_names(patch, draft, dropped, substitute)
    if draft.other_file:
        patch.writes.item(draft.live, "__file__", draft.source.filename)
    moves = draft.moves
    if moves is not None:
        values = list(draft.live.values())
        name = draft.module.__name__
        tell = patch.descendants.add
        relocate(patch.writes, values, moves, name, lambda item: id(item) in given, tell)


def _caches_inside(value: Any, module: str) -> Iterator[Any]:
    """Yield what remembers results (``lru_cache``): the value itself, or methods of a class."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if is_a(item, LruCache):
            yield item
        elif is_a(item, staticmethod | classmethod):
            pending.append(item.__func__)
        elif is_a(item, type) and item.__module__ == module:
            pending += members_of(item).values()


def _patch_pair(patch: Patch, pair: Pair, draft: Draft, substitute: Substitution) -> None:
    old: Any = pair.old
    new: Any = pair.new
    writes, name = patch.writes, pair.name
    if is_a(new, type):
        told = patch_class(
            writes, old, new, substitute,
            name=f"{pair.module}.{name}",
            module=pair.module,
            made_by_source=_made_by_class_statement(draft, name, old),
            keep=kept_members(draft.plan, name), new_bases=patch.bases,
        )  # fmt: skip
        _tell(patch, told, "class", pair)
    elif is_a(new, FunctionType):
        globals_ = substitute.globals_of(new)
        told = patch_function(
            writes, old, new, globals_, substitute, made_by_source=_made_by_source(draft, name, old)
        )
        _tell(patch, told, "function", pair)
        patch.descendants.add(old, new.__code__, partial(_tree_of, draft, name.partition(".")[0]))
    elif is_a(new, LruCache):
        # It goes on calling the old function, which has the new code; only old results must go.
        writes.add((old.cache_clear,))
        given = {key: substitute(value) for key, value in vars(new).items()}
        if patch_attributes(writes, old, given, _made_by_source(draft, name, old)):
            _tell(patch, ["attributes"], "function", pair)
    elif is_a(new, functools.partial):
        writes.add((old.__setstate__, _state(new, substitute)), (old.__setstate__, _state(old)))
    elif not is_a(new, staticmethod | classmethod | property):
        _patch_instance(writes, old, new, substitute, f"{pair.module}.{name}")


def _tree_of(draft: Draft, name: str) -> ast.AST | None:
    """Return the statement that has bound a name."""
    for statement in draft.plan.run:
        if name in statement.names.binds:
            return draft.plan.new.node(statement)
    return None


def _made_by_class_statement(draft: Draft, name: str, cls: type) -> frozenset[str]:
    """Return what the old class statement put into a class, so that it goes when the new one does not.

    What other statements set on the class (``A.limit = 1``), and still set, is theirs.
    """
    if draft.before is None:
        return frozenset(members_of(cls))
    return _made_by_source(draft, name, cls) - draft.plan.assigned.get(name, frozenset())


def _made_by_source(draft: Draft, name: str, item: Any) -> frozenset[str]:
    """Return the names that the old source put into a class or function."""
    before = draft.before
    if before is None:
        return frozenset()
    assigned = before.assigned.get(name, frozenset())
    if name in before.produced:
        return before.produced[name] | assigned
    # All that is known is what was there after the import. The same source makes the same again, so what
    # it does not make came from elsewhere.
    if draft.plan.diff.empty:
        return assigned
    attributes = members_of(item) if is_a(item, type) else vars(item)
    seen = before.seen.get(name, frozenset())
    lent = {key for key in seen if _is_lent(attributes.get(key), draft.module.__name__)}
    if lent:
        lent -= written_members(draft.plan, name)
    return seen - lent | assigned


def _is_lent(value: Any, module: str) -> bool:
    """Return whether ``value`` is a function of another module, which has put it here as it seems."""
    if not is_a(value, FunctionType) or value.__module__ == module:
        return False
    home = sys.modules.get(value.__module__)
    return home is not None and vars(home).get(value.__name__) is value


def _state(item: functools.partial[Any], substitute: Substitution | None = None) -> tuple[Any, ...]:
    function, args, keywords, attributes = partial_state(item)
    if substitute is None:
        return function, args, dict(keywords), attributes and dict(attributes)
    return substitute(function), substitute(args), keywords, attributes


def _patch_instance(
    writes: Writes, old: Any, new: Any, substitute: Substitution, name: str
) -> None:
    """Give an object that a decorator made the attributes of its successor."""
    before, after = attributes_of(old), attributes_of(new)
    if before is None or after is None:
        return
    check_member(old, new, name)
    for key, value in after.items():
        writes.item(before, key, substitute(value))
    for key in list(before):
        if key not in after:
            writes.delete_item(before, key)


def _tell(patch: Patch, told: list[str], kind: str, pair: Pair) -> None:
    if not told:
        return
    if kind == "function":
        if not any(c.name == pair.name and c.module == pair.module for c in patch.changes[-8:]):
            patch.changes.append(Change("changed", kind, pair.name, pair.module, ", ".join(told)))
        return
    for line in told:
        verb, _, member = line.partition(" ")
        if member.startswith("_") and member.endswith("_") and member not in _written(pair):
            continue  # bookkeeping of dataclasses, enums and the like
        if member == "bases":
            patch.changes.append(Change("changed", "class", pair.name, pair.module, "bases"))
        else:
            value = members_of(pair.new if verb != "removed" else pair.old)[member]
            patch.changes.append(
                Change(_VERBS[verb], kind_of(value), f"{pair.name}.{member}", pair.module)
            )


_VERBS: Mapping[str, Literal["added", "changed", "removed"]] = {
    "added": "added", "changed": "changed", "removed": "removed",
}  # fmt: skip


def _patch_names(patch: Patch, draft: Draft, dropped: set[str], substitute: Substitution) -> None:
    """Add the writes to the module's own namespace, and to names that importers took."""
    live, module = draft.live, draft.module.__name__
    writes, told = patch.writes, patch.changes
    order = dict(live)
    follow: dict[str, tuple[Any, Any]] = {}
    for name, value in draft.rebound().items():
        if name in dropped:
            continue
        new = substitute(value)
        old = live.get(name, _ABSENT)
        if new is old:
            continue
        if old is _ABSENT:
            told.append(Change("added", kind_of(new), name, module))
        else:
            follow[name] = (old, new)
            if not name.startswith("__") and not same_value(old, new):
                told.append(Change("changed", kind_of(new), name, module, _values(old, new)))
        writes.item(live, name, new)
    if "__annotations__" in draft.scratch:
        annotations = {key: substitute(value) for key, value in _annotations(draft).items()}
        if annotations != live.get("__annotations__", {}):
            writes.item(live, "__annotations__", annotations)
    for name in sorted(draft.deleted()):
        if name in live and name not in draft.scratch:
            told.append(Change("removed", kind_of(live[name]), name, module))
            writes.delete_item(live, name)
    writes.finally_undo((_reorder, live, order))
    importers.follow(writes, draft.module, follow)


def _written(pair: Pair) -> set[str]:
    """Return the names of methods, which somebody wrote."""
    members = [*members_of(pair.old).items(), *members_of(pair.new).items()]
    return {name for name, value in members if is_a(value, FunctionType | classmethod | property)}


def _values(old: object, new: object) -> str:
    """Return a change of a short constant in words."""
    if id(type(old)) in PLAIN and id(type(new)) in PLAIN:
        text = f"{old!r} → {new!r}"
        return text if len(text) <= 60 else ""
    return ""


def _reorder(live: dict[str, Any], order: dict[str, Any]) -> None:
    """Bring a namespace back to what it was, names and their order."""
    if list(live) != list(order):
        dict.clear(live)
        dict.update(live, order)


def _annotations(draft: Draft) -> dict[str, Any]:
    """Return the module's annotations: those of statements that ran, and of those that still stand."""
    bound: set[str] = set()
    for statement in draft.plan.new.statements:
        bound |= statement.names.annotates
    return {key: value for key, value in draft.scratch["__annotations__"].items() if key in bound}


def kind_of(value: object) -> str:
    """Return what kind of thing a name stands for, in a word."""
    if is_a(value, type):
        return "class"
    if is_a(value, FunctionType | staticmethod | classmethod | LruCache):
        return "function"
    if is_a(value, property):
        return "property"
    if is_a(value, ModuleType):
        return "module"
    return "value"
