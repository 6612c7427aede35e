"""Whether two syntax trees are the same code, wherever it stands."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any


def same_tree(one: Any, other: Any) -> bool:
    """Return whether two nodes, or lists of them, are the same but for positions.

    Stops at the first difference; ``ast.dump`` would write down both to the end.
    """
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is list:
        return len(one) == len(other) and all(map(same_tree, one, other))
    if isinstance(one, ast.AST):
        return all(
            same_tree(getattr(one, field, None), getattr(other, field, None))
            for field in one._fields
        )
    return bool(one == other) and (kind in _PLAIN or repr(one) == repr(other))  # 0.0 is not -0.0


_PLAIN = frozenset({str, bytes, int, bool})


def index_of(tree: ast.AST, others: Sequence[ast.AST]) -> int | None:
    """Return the place of the first of ``others`` that is the same code as ``tree``; None without one."""
    return next((i for i, other in enumerate(others) if same_tree(tree, other)), None)
