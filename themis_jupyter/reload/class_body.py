"""What may stay inside a class that runs again: attributes whose statements did not change."""

from __future__ import annotations

import ast

from .names import names_of
from .outline import Outline, Statement
from .plan import Plan
from .same_tree import index_of, same_tree


def kept_members(plan: Plan, qualified: str) -> frozenset[str]:
    """Return the attributes of a class that keep their live value.

    :param qualified: the class's name within its module, such as ``Outer.Inner``.
    """
    if plan.full:
        return frozenset()
    path = qualified.split(".")
    old, new = (makers.get(path[0]) for makers in plan.makers)
    if old is None or new not in plan.run or plan.predecessors.get(new) is not old:
        return frozenset()
    if old.kind != "class" or new.kind != "class":
        return frozenset()
    before, after = _body(plan.diff.old, old, path), _body(plan.new, new, path)
    if before is None or after is None:
        return frozenset()
    was = _assignments(before)
    kept = set()
    for name, statements in _assignments(after).items():
        if not same_tree(statements, was.get(name, [])):
            continue
        uses = set().union(*(names_of(s).now for s in statements))
        # Other names of the class that it uses may have changed as well.
        if not uses & plan.dirty.keys() and not uses & (_changed(was, after)):
            kept.add(name)
    return frozenset(kept)


def written_members(plan: Plan, qualified: str) -> frozenset[str]:
    """Return the names that the old body of a class bound; none where it is not a top-level statement."""
    path = qualified.split(".")
    statement = plan.makers[0].get(path[0])
    body = _body(plan.diff.old, statement, path) if statement is not None else None
    return frozenset().union(*(names_of(s).binds for s in body.body)) if body else frozenset()


def _body(outline: Outline, statement: Statement, path: list[str]) -> ast.ClassDef | None:
    node: ast.stmt | None = outline.code(statement)
    for name in path[1:]:
        if not isinstance(node, ast.ClassDef):
            return None
        node = next((n for n in node.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    return node if isinstance(node, ast.ClassDef) else None


def _assignments(node: ast.ClassDef) -> dict[str, list[ast.stmt]]:
    """Return, by name, the statements of a class body that assign it; definitions are not meant."""
    found: dict[str, list[ast.stmt]] = {}
    defined: set[str] = set()
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(statement.name)
            continue
        for name in names_of(statement).binds:
            found.setdefault(name, []).append(statement)
    return {name: statements for name, statements in found.items() if name not in defined}


def _changed(was: dict[str, list[ast.stmt]], after: ast.ClassDef) -> set[str]:
    """Return the names that the class body binds otherwise than before."""
    changed: set[str] = set()
    for statement in after.body:
        for name in names_of(statement).binds:
            if index_of(statement, was.get(name, [])) is None:
                changed.add(name)
    return changed
