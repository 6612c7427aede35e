"""Configurations without their secrets: what the schema marks ``writeOnly`` is not shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MASK = "••••"

_SAME_VALUE = ("allOf", "anyOf", "oneOf")


def masked(value: Any, schema: Any, _root: Any = None, _depth: int = 0) -> Any:
    """Return ``value`` with a mask in place of each part that ``schema`` marks as write-only.

    :param schema: a JSON Schema; None masks nothing.
    """
    root = schema if _root is None else _root
    if _depth > 20:  # a schema that refers to itself
        return MASK
    schemas = list(_resolved(schema, root))
    if any(each.get("writeOnly") is True or each.get("format") == "password" for each in schemas):
        return MASK
    for each in schemas:
        if isinstance(value, Mapping):
            value = {
                key: masked(part, _of_key(each, key), root, _depth + 1)
                for key, part in value.items()
            }
        elif isinstance(value, list | tuple) and "items" in each:
            value = [masked(part, each["items"], root, _depth + 1) for part in value]
    return value


def _of_key(schema: Mapping[str, Any], key: object) -> Any:
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and key in properties:
        return properties[key]
    return schema.get("additionalProperties")


def _resolved(schema: Any, root: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that speak of the same value: the schema, what it refers to or combines."""
    if not isinstance(schema, Mapping) or depth > 20:
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        target = root
        for part in reference.lstrip("#/").split("/"):
            if part:
                name = part.replace("~1", "/").replace("~0", "~")
                target = target.get(name) if isinstance(target, Mapping) else None
        yield from _resolved(target, root, depth + 1)
    for word in _SAME_VALUE:
        parts = schema.get(word)
        for part in parts if isinstance(parts, list | tuple) else ():
            yield from _resolved(part, root, depth + 1)
