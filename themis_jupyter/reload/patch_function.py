"""From an old function and its successor to the writes that make the old one behave as the new."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from .objects import cells_of, is_a, same_behaviour, same_items, same_mapping
from .substitute import Substitution
from .trampoline import (
    can_take_code,
    direct_successor,
    kind_of,
    trampoline_code,
    trampoline_defaults,
)
from .writes import Writes


def patch_function(
    writes: Writes,
    old: FunctionType,
    new: FunctionType,
    globals_: dict[str, Any],
    substitute: Substitution,
    *,
    made_by_source: frozenset[str] = frozenset(),
) -> list[str]:
    """Add the writes for one function.

    :param globals_: the namespace that ``new`` is going to run in.
    :param made_by_source: keys that the old source put into ``old.__dict__``.
    :returns: what differs, in words; empty where only its place in the file does.
    """
    differs: list[str] = []
    attributes = {key: substitute(value) for key, value in vars(new).items()}
    defaults = None if new.__defaults__ is None else tuple(map(substitute, new.__defaults__))
    kwdefaults = {key: substitute(value) for key, value in (new.__kwdefaults__ or {}).items()}
    if can_take_code(old, new, globals_):
        code = new.__code__
        if not same_behaviour(old.__code__, code):
            differs.append("body")
        cells = cells_of(new)
        for variable, cell in cells_of(old).items():
            if variable in cells:
                _patch_cell(writes, cell, cells[variable], substitute)
    else:
        successor = substitute.function(new)
        code = trampoline_code(old, successor)
        # Arguments go through as they are; the successor fills in the defaults.
        defaults, kwdefaults = None, trampoline_defaults(successor)
        attributes.setdefault("__wrapped__", successor)
        differs.append("body, other free variables")
    if kind_of(code) != kind_of(old.__code__):
        writes.silence_kind_change()
    if code != old.__code__ or code.co_filename != old.__code__.co_filename:
        writes.attribute(old, "__code__", code)
    if _patch_defaults(writes, old, defaults, kwdefaults):
        differs.append("defaults")
    annotations = {key: substitute(value) for key, value in new.__annotations__.items()}
    if not same_mapping(old.__annotations__, annotations):
        writes.attribute(old, "__annotations__", annotations)
        differs.append("annotations")
    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        value = getattr(new, name)
        if name == "__module__" and value == globals_.get("__name__"):
            continue  # what it says by itself: if the old one says otherwise, somebody wanted that
        if getattr(old, name) != value:
            writes.attribute(old, name, value)
            differs.append(name.strip("_"))
    type_params = getattr(new, "__type_params__", ())
    if type_params or getattr(old, "__type_params__", ()):
        writes.attribute(old, "__type_params__", substitute(type_params))
    if patch_attributes(writes, old, attributes, made_by_source):
        differs.append("attributes")
    return differs


def _patch_cell(writes: Writes, old: Any, new: Any, substitute: Substitution) -> None:
    try:
        value = new.cell_contents
    except ValueError:  # still empty: whoever fills it later does so in the new cell only
        return
    writes.cell(old, substitute(value))


def _patch_defaults(
    writes: Writes,
    old: FunctionType,
    defaults: tuple[Any, ...] | None,
    kwdefaults: dict[str, Any],
) -> bool:
    differs = False
    if not same_items(old.__defaults__ or (), defaults or ()):
        writes.attribute(old, "__defaults__", defaults)
        differs = True
    if not same_mapping(old.__kwdefaults__ or {}, kwdefaults):
        writes.attribute(old, "__kwdefaults__", kwdefaults or None)
        differs = True
    return differs


def patch_attributes(
    writes: Writes, old: Any, attributes: dict[str, Any], made_by_source: frozenset[str]
) -> bool:
    """Add the writes for the attributes of a function, or of what stands for one.

    :param made_by_source: attributes that the old source put there; others were set from outside and stay.
    :returns: whether there is anything to write.
    """
    before = vars(old)
    count = len(writes)
    for key, value in attributes.items():
        writes.item(before, key, value)
    by_engine = direct_successor(old) if is_a(old, FunctionType) else None
    if by_engine is not None and before.get("__wrapped__") is by_engine:
        made_by_source |= {"__wrapped__"}
    for key in made_by_source:
        if key in before and key not in attributes:
            writes.delete_item(before, key)
    return len(writes) > count
