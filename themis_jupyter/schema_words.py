"""What JSON Schema has to say against a value, in plain words.

Shared by configurations and ``plugin.json``. jsonschema is imported only when it is needed.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from .errors import describe, did_you_mean
from .names import shown

#: ``jsonschema.exceptions.ValidationError``, each attribute of which may be unset for its stubs.
_Error: TypeAlias = Any

#: More complaints than this are not even looked for: a list may have a million wrong items.
_ENOUGH = 100

_TYPES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "True or False",
    "array": "a list",
    "object": "a mapping",
    "null": "None",
}
#: What each keyword expects, given its value.
_EXPECTED = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "text of at least {} characters",
    "maxLength": "text of at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
}
_ANNOTATIONS = {"title", "description", "default", "examples", "$comment", "format", "writeOnly"}


class SchemaError(ValueError):
    """The schema itself is at fault, not the value."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Check that ``schema`` is a JSON Schema (2020-12, unless its ``$schema`` says otherwise).

    :raises SchemaError: it is not; the message says where and why.
    """
    from jsonschema import Draft202012Validator, exceptions, validators

    cls = validators.validator_for(schema, default=Draft202012Validator)
    try:
        cls.check_schema(dict(schema))
    except exceptions.SchemaError as error:
        where = _path(error.absolute_path)
        raise SchemaError(f"{where}: {error.message}" if where else error.message) from None


def complaints(schema: Mapping[str, Any], value: object, limit: int = 5) -> list[str]:
    """Return what is wrong with ``value``: field, what was found, what is expected.

    What Python has more than one of is taken as JSON takes it: a tuple is a list, any mapping an
    object, numpy's numbers are numbers. References that leave the schema are not fetched.

    :param limit: the most that are told; a further entry says how many are left.
    :raises SchemaError: the schema refers to something that is not in it.
    """
    from jsonschema import Draft202012Validator, validators
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing.exceptions import Unresolvable

    cls: Any = validators.validator_for(schema, default=Draft202012Validator)
    types = cls.TYPE_CHECKER.redefine_many(
        {
            "array": lambda _, v: isinstance(v, (list, tuple)),
            "object": lambda _, v: isinstance(v, Mapping),
            "integer": lambda _, v: _is_number(v, numbers.Integral) or _whole(v),
            "number": lambda _, v: _is_number(v, numbers.Real),
        }
    )
    # With a registry of its own the validator never goes to the network for a "$ref".
    extend: Any = validators.extend
    validator = extend(cls, type_checker=types)(schema, registry=REGISTRY)
    try:
        errors = list(islice(validator.iter_errors(value), _ENOUGH))
    except Unresolvable as error:
        raise SchemaError(f"it refers to {error.ref!r}, which is not in it") from None
    except Exception as error:  # noqa: BLE001 - a foreign __repr__ or __eq__ may raise anything
        return [f"it cannot be checked: {describe(error)}"]
    errors.sort(key=lambda e: [str(part) for part in e.absolute_path])
    lines = list(dict.fromkeys(line for error in errors for line in _lines(error)))
    if len(lines) <= limit:
        return lines
    left = len(lines) - limit
    more = f"{left} or more others" if len(errors) == _ENOUGH else f"{left} more"
    return [*lines[:limit], f"… and {more}"]


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    """1.0 is an integer in JSON."""
    return isinstance(value, float) and value.is_integer()


def _path(parts: Iterable[str | int], *more: str) -> str:
    """Return ``layers[2].size``."""
    text = ""
    for part in [*parts, *more]:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            # A key from outside may hold anything; a plain one is shown plainly.
            key = part if re.fullmatch(r"[\w$-]{1,60}", str(part)) else shown(part)
            text += f".{key}" if text else key
    return text


def _lines(error: _Error) -> list[str]:
    from jsonschema.exceptions import best_match

    simple = _expected(error)
    if error.validator in ("anyOf", "oneOf") and error.context and simple is None:
        inner = best_match([error])
        if inner is not None and inner is not error:
            return _lines(inner)
    found, schema = error.instance, error.schema
    if error.validator == "required":
        missing = [n for n in error.validator_value if n not in found]
        return [f"{_path(error.absolute_path, n)} is missing{_wanted(schema, n)}" for n in missing]
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        extra = _unknown_fields(schema, found)
        if extra:
            return [_unknown_field(error, key) for key in extra]
    where = _path(error.absolute_path) or "the whole"
    secret = isinstance(schema, Mapping) and schema.get("writeOnly") is True
    what = "(not shown)" if secret else shown(found)
    if error.validator in ("type", "anyOf", "oneOf"):
        what += f" ({type(found).__name__})"
    if simple is None:
        return [f"{where} is {what}: {'not valid' if secret else error.message}"]
    hint = ""
    if error.validator == "enum" and isinstance(found, str):
        hint = did_you_mean(found, [v for v in error.validator_value if isinstance(v, str)])
    return [f"{where} is {what}; expected {simple}{hint}"]


def _expected(error: _Error) -> str | None:
    """Return what the failed keyword expects; None if there are no words for it."""
    keyword, value = error.validator, error.validator_value
    if keyword == "type":
        return _type_words(value)
    if keyword == "enum":
        words = [shown(v) for v in value]
        return "one of " + ", ".join(words[:10] + ["…"] * (len(words) > 10))
    if keyword == "const":
        return shown(value)
    if keyword == "uniqueItems":
        return "a list without repetitions"
    if keyword == "pattern":
        described = isinstance(error.schema, Mapping) and error.schema.get("description")
        return str(described) if described else f"text that matches {value!r}"
    if keyword in ("anyOf", "oneOf"):
        branches = [_schema_words(branch) for branch in value]
        return " or ".join(b for b in branches if b) if all(branches) else None
    template = _EXPECTED.get(str(keyword))
    return template.format(value) if template else None


def _type_words(value: str | Sequence[str]) -> str:
    names = [value] if isinstance(value, str) else value
    return " or ".join(_TYPES.get(n, n) for n in names)


def _schema_words(schema: object) -> str | None:
    """Return what a simple schema accepts; None for any other."""
    if not isinstance(schema, Mapping):
        return None
    keys = set(schema) - _ANNOTATIONS
    if keys == {"const"}:
        return shown(schema["const"])
    if "enum" in keys and keys <= {"enum", "type"}:
        return ", ".join(shown(v) for v in schema["enum"])
    return _type_words(schema["type"]) if keys == {"type"} else None


def _wanted(schema: Any, name: str) -> str:
    """Return ``; expected …`` for a missing field whose schema has simple words."""
    field = schema.get("properties", {}).get(name)
    words = _schema_words(field)
    if words is None and isinstance(field, Mapping) and "type" in field:
        words = _type_words(field["type"])
    return f"; expected {words}" if words else ""


def _unknown_fields(schema: Any, found: Mapping[str, Any]) -> list[str]:
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return [k for k in found if k not in known and not any(re.search(p, k) for p in patterns)]


def _unknown_field(error: _Error, key: str) -> str:
    schema: Any = error.schema
    known = list(schema.get("properties", {}))
    hint = did_you_mean(key, known)
    if known and not hint:
        hint = f"; known are {', '.join(known)}"
    return f"{_path(error.absolute_path, key)} is not a known field{hint}"
