"""Several modules reloaded together: what changes in one is followed, and imported, by the others."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from types import ModuleType
from typing import Any

from .importers import absolute
from .outline import Statement
from .stage import Draft, replan


def dependencies_first(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts so that what a module imports comes before it; circles stay as they are.

    That is the order in which an import of the outermost package runs them: importing ``a.b.c`` runs ``a``
    and ``a.b`` first.
    """
    by_name = {item.module.__name__: item for item in drafts}
    order: dict[str, Draft] = {}
    entered: set[str] = set()

    def visit(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        for _, source, _, _ in imports_of(by_name[name]):
            for outer in accumulate(source.split("."), "{}.{}".format):
                # The packages around the importing module have begun to run before it.
                if outer in by_name and (outer == source or not f"{name}.".startswith(f"{outer}.")):
                    visit(outer)
        order[name] = by_name[name]

    for name in sorted(by_name, key=lambda name: name.count(".")):
        visit(name)
    return list(order.values())


def spread_between(drafts: list[Draft]) -> list[Draft]:
    """Let each module follow what changes in the others, to a fixed point."""
    imports = [list(imports_of(item)) for item in drafts]
    for _ in range(len(drafts)):
        changed = {
            item.module.__name__: set(item.plan.dirty) | item.plan.removed for item in drafts
        }
        result = [
            _follow(item, taken, changed) for item, taken in zip(drafts, imports, strict=True)
        ]
        if all(new is old for new, old in zip(result, drafts, strict=True)):
            break
        drafts = result
    return drafts


def _follow(
    item: Draft, taken: list[tuple[Statement, str, str, str]], changed: dict[str, set[str]]
) -> Draft:
    rerun: dict[Statement, str] = {}
    dirty: set[str] = set()
    for statement, source, name, local in taken:
        names = changed.get(source)
        if not names or source == item.module.__name__:
            continue
        if name == "*":
            dirty |= names
        elif name in names or not name:
            dirty.add(local)
        else:
            continue
        rerun[statement] = f"{source} is reloaded as well"
    if not dirty or (dirty <= item.plan.dirty.keys() and rerun.keys() <= item.plan.run.keys()):
        return item
    return replan(item, rerun, dirty)


def imports_of(item: Draft) -> Iterator[tuple[Statement, str, str, str]]:
    """Yield a module's imports: statement, module, name in it (empty: the module), local name."""
    outline = item.plan.new
    for statement in outline.statements:
        if statement.title or "import" not in outline.segment(statement):
            continue
        for node in _walk(outline.node(statement)):
            if isinstance(node, ast.ImportFrom):
                source = absolute(item.module, node.module or "", node.level)
                for alias in node.names:
                    yield statement, source, alias.name, alias.asname or alias.name
                    inner = f"{source}.{alias.name}"
                    yield statement, inner, "", alias.asname or alias.name
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    yield statement, alias.name, "", local


def _walk(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield a statement and what is in it, but for what only type checkers read."""
    pending: list[ast.AST] = [node]
    while pending:
        item = pending.pop(0)
        yield item
        if isinstance(item, ast.If) and ast.unparse(item.test).endswith("TYPE_CHECKING"):
            pending += item.orelse
        else:
            pending += ast.iter_child_nodes(item)


def staged_import(drafts: Sequence[Draft]) -> Callable[..., Any]:
    """Return an ``__import__`` that gives the statements the staged modules, not the live ones."""
    standins: dict[int, ModuleType] = {id(d.module): d.standin for d in drafts}

    def import_(
        name: str,
        globals: dict[str, Any] | None = None,
        locals: dict[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        found = builtins.__import__(name, globals, locals, fromlist or (), level)
        return standins.get(id(found), found)

    return import_
