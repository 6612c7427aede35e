"""The value of ``--config``: JSON, ``@FILE`` or ``$VAR``."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from ..errors import did_you_mean
from ..names import shown

_WANTED = 'expected JSON such as {"step": 2}, a file (@config.json) or a variable ($config)'


def read_config(text: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that ``text`` stands for.

    :param namespace: where ``$VAR`` is looked up.
    :raises UsageError: there is none; the message says what is wrong, and where.
    """
    if text.startswith("$"):
        return _from_variable(text[1:], namespace)
    if text.startswith("@"):
        return _from_file(text[1:])
    if text[:1] not in ("{", "["):
        raise UsageError(f"--config {shown(text)}: {_WANTED}{_meant(text, namespace)}")
    return _from_json(text, "--config")


def _from_variable(name: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    if not name.isidentifier():
        raise UsageError(f"--config ${name}: {name!r} is not the name of a variable")
    if name not in namespace:
        raise UsageError(
            f"--config ${name}: there is no variable {name!r}{did_you_mean(name, namespace)}"
        )
    value = namespace[name]
    if not isinstance(value, Mapping):
        raise UsageError(f"--config ${name}: expected a dict, but it is {_a(type(value).__name__)}")
    return dict(value)


def _from_file(name: str) -> dict[str, Any]:
    if not name:
        raise UsageError("--config @: give the name of a file after the @")
    try:
        path = Path(name).expanduser()
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(Path(name).name, _files_beside(Path(name)))
        raise UsageError(f"--config @{name}: there is no such file{near}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"--config @{name}: it is not UTF-8 text ({error.reason})") from None
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: ~nobody
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--config @{name}: it cannot be read: {reason}") from None
    return _from_json(text, f"--config @{name}")


def _files_beside(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.expanduser().parent.iterdir()]
    except (OSError, RuntimeError):
        return []


def _from_json(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{where} is not valid JSON: {_place(text, error)}{_as_json(text)}"
        ) from None
    except RecursionError:
        raise UsageError(f"{where} is nested too deeply") from None
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        what = kind.get(type(value), "a number")
        raise UsageError(f'{where}: expected an object such as {{"step": 2}}, not {what}')
    return value


def _place(text: str, error: json.JSONDecodeError) -> str:
    """Return what is wrong and where, with the line and a mark below the character."""
    end = len(text.rstrip())
    if not end:
        return "it is empty"
    # What is missing is told where the text ends, not below an empty line that follows it.
    before = text[: min(error.pos, end)]
    number, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    line = text.split("\n")[number - 1]
    left = max(0, column - 41)  # a long line is cut around the place
    part = line[left : left + 80].replace("\t", " ")
    where = f"line {number}, " if "\n" in text[:end] else ""
    return f"{error.msg} at {where}character {column}\n  {part}\n  {' ' * (column - 1 - left)}^"


def _as_json(text: str) -> str:
    """Return a hint where ``text`` is a Python dict rather than JSON."""
    try:
        meant = json.dumps(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ""
    return f"\nIn JSON that is {meant}"


def _meant(text: str, namespace: Mapping[str, Any]) -> str:
    if isinstance(namespace.get(text), Mapping):
        return f". For the variable, write ${text}"
    if text.endswith(".json"):
        return f". For the file, write @{text}"
    return ""


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
