"""The fields of a manifest: what each may hold, and what to say when it holds something else.

The same checks serve class attributes, read live or from the source, and ``plugin.json``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .dependencies import Dependency
from .errors import did_you_mean
from .names import check_plugin_name, shown
from .plugin import Capability, PluginType


def check_field(field: str, value: object) -> Any:
    """Return what a :class:`Manifest` holds for ``value``.

    ``dependencies`` become :class:`Dependency` values, and ``config_schema`` a copy of its own.

    :param field: one of :data:`FIELDS`.
    :raises ValueError: the value is not usable; the message begins with the field's name.
    """
    return FIELDS[field](field, value)


def _fail(field: str, value: object, expected: str) -> ValueError:
    kind = type(value).__name__
    return ValueError(f"{field} is {shown(value)} ({kind}); expected {expected}")


def _name(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _fail(field, value, "text, such as 'counter'")
    try:
        return check_plugin_name(value)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None


def _version(field: str, value: object) -> str:
    example = "a PEP 440 version in quotes, such as '1.2.0'"
    if not isinstance(value, str):
        raise _fail(field, value, example)
    # Most versions are this plain: no need to import packaging for them.
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", value):
        from packaging.version import InvalidVersion, Version

        try:
            Version(value)
        except InvalidVersion:
            raise _fail(field, value, example) from None
    return value


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _fail(field, value, "text")
    return value


def _type(field: str, value: object) -> PluginType:
    if not isinstance(value, PluginType):
        hint = ""
        if isinstance(value, str):
            word = re.sub(r"\W+", "_", value).upper()
            hint = did_you_mean(f"PluginType.{word}", [f"PluginType.{t.name}" for t in PluginType])
        raise _fail(field, value, f"a PluginType, such as PluginType.IMPORTER{hint}")
    return value


def _dependencies(field: str, value: object) -> tuple[Dependency, ...]:
    example = "a list of texts, such as ['storage>=1.2']"
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise _fail(field, value, example)
    found = []
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise _fail(f"{field}[{index}]", item, "text, such as 'storage>=1.2'")
        try:
            found.append(Dependency.parse(item))
        except ValueError as error:
            raise ValueError(f"{field}[{index}]: {error}") from None
    return tuple(found)


def _capabilities(field: str, value: object) -> Capability:
    if not isinstance(value, Capability):
        raise _fail(field, value, "Capability values, such as Capability.GPU | Capability.BATCHING")
    return value


def _config_schema(field: str, value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _fail(field, value, "a JSON Schema (a dict), or None")
    try:
        schema: dict[str, Any] = _plain(value, field)
    except RecursionError:
        raise ValueError(f"{field} contains itself; expected a JSON Schema") from None
    from .schema_words import SchemaError, check_schema

    try:
        check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"{field} is not a valid JSON Schema: {error}") from None
    return schema


def _plain(value: object, where: str) -> Any:
    """Return a deep copy in which mappings are dicts and tuples lists, as JSON has them."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _fail(f"a key in {where}", key, "text")
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise _fail(where, value, "what JSON can hold")


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _fail(field, value, "True or False")
    return value


def _priority(field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _fail(field, value, "an integer, high loads first")
    return value


#: Every field that an author may set, with its check.
FIELDS: dict[str, Callable[[str, object], Any]] = {
    "name": _name,
    "version": _version,
    "description": _text,
    "type": _type,
    "dependencies": _dependencies,
    "capabilities": _capabilities,
    "config_schema": _config_schema,
    "auto_load": _flag,
    "load_priority": _priority,
}
