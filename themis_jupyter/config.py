"""Checking a plugin's configuration before the plugin sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ConfigError, PluginDefinitionError
from .names import shown


def check_config(plugin: str, config: object, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``config`` as a new dict (not a deep copy), if it fits.

    Values stay what they are; a tuple may stand for a list, and numpy's numbers for numbers. Check
    what the user wrote, before ``restored_state`` is added to it.

    :param config: a mapping with str keys; None stands for an empty one.
    :param schema: a valid JSON Schema; None accepts any mapping.
    :raises ConfigError: it does not fit; the message lists up to five problems, each with the path
        of the field, what was found and what is expected.
    :raises PluginDefinitionError: the schema refers to something outside itself.
    """
    if config is None:
        config = {}
    if not isinstance(config, Mapping):
        raise ConfigError(
            plugin,
            f"the configuration of {plugin!r} is {shown(config)} ({type(config).__name__}); "
            "expected a mapping such as {'step': 1}",
        )
    for key in config:
        if not isinstance(key, str):
            raise ConfigError(
                plugin,
                f"the configuration of {plugin!r} has the key {shown(key)} "
                f"({type(key).__name__}); expected names of fields (str)",
            )
    if schema is not None:
        from .schema_words import SchemaError, complaints

        try:
            problems = complaints(schema, config)
        except SchemaError as error:
            raise PluginDefinitionError(
                plugin, f"config_schema of {plugin!r} cannot be used: {error}"
            ) from None
        if problems:
            raise ConfigError(plugin, _message(plugin, problems))
    return dict(config)


def own_copy(value: Any) -> Any:
    """Return a configuration in new containers: plain dicts, lists, tuples and sets, at any depth.

    Other values are shared. They may be anything: an open file, a table that fills the memory.
    """
    return _own_copy(value, {})


def _own_copy(value: Any, made: dict[int, Any]) -> Any:
    kind = type(value)
    if kind not in (dict, list, tuple, set):
        return value
    if id(value) in made:
        return made[id(value)]
    if kind is dict:
        copy = made[id(value)] = {}
        copy.update((key, _own_copy(each, made)) for key, each in value.items())
        return copy
    if kind is list:
        copied: list[Any] = []
        made[id(value)] = copied
        copied.extend(_own_copy(each, made) for each in value)
        return copied
    return kind(value) if kind is set else tuple(_own_copy(each, made) for each in value)


def _message(plugin: str, problems: list[str]) -> str:
    start = f"the configuration of {plugin!r} does not fit its schema:"
    if len(problems) == 1:
        return f"{start} {problems[0]}"
    return "\n".join([start, *(f"  - {p}" for p in problems)])


def differ(one: object, other: object) -> bool:
    """Return whether two configurations, or parts of them, are different."""
    try:
        return bool(one != other)
    except Exception:  # noqa: BLE001 - values such as arrays cannot be compared: take them as others
        return True


def alike(one: object, other: object) -> bool:
    """Return whether two configurations are the same: their containers equal, their values equal or one.

    A value that cannot be compared, such as an array, is like itself only.
    """
    if one is other:
        return True
    try:
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(alike(v, other[k]) for k, v in one.items())
        if isinstance(one, list | tuple) and type(one) is type(other):
            pairs = zip(one, other)  # noqa: B905 - of the same length, as was just seen
            return len(one) == len(other) and all(alike(a, b) for a, b in pairs)
    except RecursionError:  # one that holds itself
        return False
    return not differ(one, other)


def overruled(
    plugin: str, now: Mapping[str, Any], fresh: Mapping[str, Any], attributes: Mapping[str, Any]
) -> Iterator[str]:
    """Yield, in words, what came from the configuration and was overwritten by the old state.

    :param fresh: attributes of the plugin's instance before it got its state back.
    :param attributes: and after that.
    """
    for key, value in now.items():
        if key not in fresh or key not in attributes or differ(fresh[key], value):
            continue
        if differ(attributes[key], value):
            yield (
                f"{key!r} is {shown(value)} in the configuration of {plugin!r}, but its state brought back "
                f"{shown(attributes[key])}. If it is no state, name it in `transient`."
            )
