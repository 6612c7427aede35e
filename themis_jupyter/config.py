"""Checking a plugin's configuration before the plugin sees it."""

from __future__ import annotations

from collections.abc import Mapping
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


def _message(plugin: str, problems: list[str]) -> str:
    start = f"the configuration of {plugin!r} does not fit its schema:"
    if len(problems) == 1:
        return f"{start} {problems[0]}"
    return "\n".join([start, *(f"  - {p}" for p in problems)])
