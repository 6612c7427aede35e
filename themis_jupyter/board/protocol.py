"""The messages between page and kernel, defined once in ``protocol.json``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ThemisError

#: Version of the protocol; a page with another one is told so, and gets nothing else.
PROTOCOL = 1

#: A message: JSON.
Message = dict[str, Any]


class MessageError(ThemisError):
    """A message is not one of the protocol's; the text says what is wrong with it."""


def schema() -> Message:
    """Return the JSON Schema of all messages."""
    text = Path(__file__).with_name("protocol.json").read_text(encoding="utf-8")
    found: Message = json.loads(text)
    return found


def check_request(message: object) -> Message:
    """Return a message if it is a request of the protocol.

    :raises MessageError: it is not.
    """
    if not isinstance(message, dict):
        raise MessageError(f"a request is an object, not {type(message).__name__}.")
    kind = message.get("kind")
    definition = _kinds().get(kind) if isinstance(kind, str) else None
    if definition is None:
        raise MessageError(f"there is no request of the kind {kind!r}.")
    error = next(iter(_validator(definition).iter_errors(message)), None)
    if error is not None:
        where = "".join(f"[{part!r}]" for part in error.absolute_path)
        raise MessageError(f"{kind} request{where}: {error.message[:300]}.")
    return message


def replaced_by(data: object) -> list[str]:
    """Return the ids of the comms that one replaces, from what came with its opening.

    :raises MessageError: that is not what the protocol says.
    """
    error = next(iter(_validator("OpenData").iter_errors(data)), None)
    if error is not None or not isinstance(data, dict):
        raise MessageError(f"opening a comm: {error.message[:300] if error else data!r}.")
    return list(data.get("replaces", ()))


def check_message(message: Message) -> Message:
    """Return a message if it is one that the kernel may send. For tests: it is costly.

    :raises MessageError: it is not.
    """
    error = next(iter(_validator("Message").iter_errors(message)), None)
    if error is not None:
        raise MessageError(f"{message.get('kind')}: {error.message[:2000]}")
    return message


@cache
def _kinds() -> dict[str, str]:
    definitions = schema()["$defs"]
    names = [item["$ref"].rpartition("/")[2] for item in definitions["Request"]["oneOf"]]
    return {definitions[name]["properties"]["kind"]["const"]: name for name in names}


@cache
def _validator(definition: str) -> Any:
    from jsonschema import Draft202012Validator

    whole = schema()
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": whole["$defs"]})
