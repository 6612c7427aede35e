"""Several modules reloaded together: what changes in one is followed, and imported, by the others."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from itertools import accumulate
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
    if (
        item.plan.full
        or not dirty
        or (dirty <= item.plan.dirty.keys() and rerun.keys() <= item.plan.run.keys())
    ):
        return item
    return replan(item, rerun, dirty)


def imports_of(item: Draft) -> Iterator[tuple[Statement, str, str, str]]:
    """Yield a module's imports: statement, module, name in it (empty: the module), local name."""
    outline = item.plan.new
    for statement in outline.statements:
        if statement.title or "import" not in outline.segment(statement):
            continue
        for node in _walk(outline.code(statement)):
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


class StagedRun:
    """Runs the statements of several modules, each once and, in a full run, as an import would.

    An import runs the packages around a module before it, and a module where another one first imports it:
    half of that one has run then. Where only some statements run, each module runs as a whole, in turn.
    """

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._drafts = {item.module.__name__: item for item in drafts}
        several = len(drafts) > 1
        self._standins = {id(d.module): d.standin for d in drafts} if several else {}
        self._begun: set[str] = set()
        self._failed: BaseException | None = None
        for item in drafts:
            item.fill(self._import if several else None, self._standins)

    def run(self, item: Draft) -> None:
        """Run one module, unless it has run.

        :raises BaseException: what it raises, also if the module that imports it has caught that.
        """
        self._run(item.module.__name__)
        if self._failed is not None:
            raise self._failed

    def _run(self, name: str) -> None:
        item = self._drafts[name]
        if item.plan.full:
            self._run_around(name.rpartition(".")[0])
        if name in self._begun:
            return
        self._begun.add(name)
        try:
            item.run()
        except BaseException as error:
            self._failed = self._failed or error
            raise

    def _run_around(self, name: str) -> None:
        """Run a module and the packages around it, the outermost first, where they have yet to run."""
        for outer in accumulate(name.split("."), "{}.{}".format):
            if outer in self._drafts and outer not in self._begun and self._drafts[outer].plan.full:
                self._run(outer)

    def _import(
        self,
        name: str,
        globals: dict[str, Any] | None = None,
        locals: dict[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Import as ``__import__`` does, and give the staged modules, not the live ones."""
        found = builtins.__import__(name, globals, locals, fromlist or (), level)
        known = self._drafts.get((globals or {}).get("__name__", ""))
        source = absolute(known.module, name, level) if known else name
        self._run_around(source)
        for inner in fromlist or ():
            if f"{source}.{inner}" in self._drafts:
                self._run_around(f"{source}.{inner}")
        return self._standins.get(id(found), found)
