"""Reading ``plugin.json``, the manifest that a package folder may carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import PluginDefinitionError
from .manifest_fields import check_field
from .plugin import Capability, PluginType


def read_plugin_json(folder: Path) -> dict[str, Any] | None:
    """Return the fields that ``folder/plugin.json`` sets; None if there is no such file.

    Enumerations are written as their Python names in lower case: ``"compute_backend"``,
    ``["thread_safe", "gpu"]``. The file's format is described by ``plugin.schema.json``.

    :returns: what a :class:`Manifest` holds for each field that is set.
    :raises PluginDefinitionError: it cannot be read, is not JSON, or a field is not usable.
    """
    file = folder / "plugin.json"
    label = f"{folder.name}/plugin.json"

    def problem(text: object) -> PluginDefinitionError:
        return PluginDefinitionError(folder.name, f"{label}: {text}")

    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise problem(f"it cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise problem(f"it is not UTF-8: {error.reason} at byte {error.start}") from None
    try:
        fields = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise problem(f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from (
            None
        )
    except ValueError as error:
        raise problem(error) from None
    except RecursionError:
        raise problem("it is nested too deeply") from None
    if not isinstance(fields, dict):
        raise problem('expected an object with the fields of a manifest, {"name": "counter"}')

    from .schema_words import complaints

    problems = complaints(plugin_schema(), fields)
    if problems:
        raise problem("; ".join(problems))
    try:
        return {name: _value(name, raw) for name, raw in fields.items() if name != "$schema"}
    except ValueError as error:
        raise problem(error) from None


def plugin_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``plugin.json``."""
    text = Path(__file__).with_name("plugin.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _value(field: str, raw: Any) -> Any:
    if field == "type":
        return PluginType[raw.upper()]
    if field == "capabilities":
        combined = Capability.NONE
        for word in raw:
            combined |= Capability[word.upper()]
        return combined
    if field == "load_priority":
        return int(raw)  # JSON's 1.0 is an integer
    return check_field(field, raw)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the field {key!r} is there twice")
        found[key] = value
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
