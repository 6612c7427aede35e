"""What may stay inside a class that runs again: attributes whose statements did not change."""

from __future__ import annotations

import ast

from .names import names_of
from .outline import Outline, Statement
from .plan import Plan


def kept_members(plan: Plan, qualified: str) -> frozenset[str]:
    """Return the attributes of a class that keep their live value.

    :param qualified: the class's name within its module, such as ``Outer.Inner``.
    """
    if plan.full:
        return frozenset()
    path = qualified.split(".")
    new = next((s for s in plan.run if s.kind == "class" and s.title == path[0]), None)
    old = plan.predecessors.get(new) if new is not None else None
    if new is None or old is None:
        return frozenset()
    before, after = _body(plan.diff.old, old, path), _body(plan.new, new, path)
    if before is None or after is None:
        return frozenset()
    was = _assignments(before)
    kept = set()
    for name, statements in _assignments(after).items():
        if [ast.dump(s) for s in statements] != [ast.dump(s) for s in was.get(name, [])]:
            continue
        uses = set().union(*(names_of(s).now for s in statements))
        # Other names of the class that it uses may have changed as well.
        if not uses & plan.dirty.keys() and not uses & (_changed(was, after)):
            kept.add(name)
    return frozenset(kept)


def written_members(outline: Outline, qualified: str) -> frozenset[str]:
    """Return the names that the body of a class binds; none where it is not a top-level statement."""
    path = qualified.split(".")
    statements = (s for s in outline.statements if s.kind == "class" and s.title == path[0])
    bodies = (_body(outline, statement, path) for statement in statements)
    return frozenset(
        name
        for body in bodies
        if body is not None
        for statement in body.body
        for name in names_of(statement).binds
    )


def _body(outline: Outline, statement: Statement, path: list[str]) -> ast.ClassDef | None:
    node: ast.stmt | None = outline.node(statement)
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
            if not any(ast.dump(statement) == ast.dump(old) for old in was.get(name, [])):
                changed.add(name)
    return changed
