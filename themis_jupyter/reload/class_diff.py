"""In what two versions of a class differ, read from their syntax trees."""

from __future__ import annotations

import ast

from .same_tree import same_tree


def changed_methods(old: ast.stmt, new: ast.stmt) -> tuple[frozenset[str], bool] | None:
    """Return the methods in which two versions of a class differ; None where more than that differs.

    :returns: names, and whether each of them is there, with the same decorators, in both versions.
    """
    if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
        return None
    if not same_tree(_header(old), _header(new)):
        return None
    before, others_before = _split(old)
    after, others_after = _split(new)
    if not same_tree(others_before, others_after):
        return None
    names = {
        name
        for name in before.keys() | after.keys()
        if not same_tree(before.get(name, []), after.get(name, []))
    }
    same = all(
        same_tree(_decorators(before.get(n, [])), _decorators(after.get(n, []))) for n in names
    )
    return frozenset(names), same


def _split(node: ast.ClassDef) -> tuple[dict[str, list[ast.stmt]], list[ast.stmt]]:
    methods: dict[str, list[ast.stmt]] = {}
    others: list[ast.stmt] = []
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            methods.setdefault(statement.name, []).append(statement)
        else:
            others.append(statement)
    return methods, others


def _header(node: ast.ClassDef) -> list[ast.AST]:
    return [*node.decorator_list, *node.bases, *node.keywords, *getattr(node, "type_params", [])]


def _decorators(statements: list[ast.stmt]) -> list[list[ast.expr]]:
    return [getattr(statement, "decorator_list", []) for statement in statements]
