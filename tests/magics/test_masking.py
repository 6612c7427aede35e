"""Secrets in configurations."""

from __future__ import annotations

from typing import Any

import pytest

from themis_jupyter.masking import MASK, masked

SECRET: dict[str, Any] = {"type": "string", "writeOnly": True}


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        (None, {"user": "u", "key": "s", "more": [{"key": "s"}]}),
        ({"properties": {"key": SECRET}}, {"user": "u", "key": MASK, "more": [{"key": "s"}]}),
        ({"properties": {"key": {"format": "password"},
                         "more": {"items": {"properties": {"key": SECRET}}}}},
         {"user": "u", "key": MASK, "more": [{"key": MASK}]}),
        ({"properties": {"key": {"$ref": "#/$defs/secret"}}, "$defs": {"secret": SECRET}},
         {"user": "u", "key": MASK, "more": [{"key": "s"}]}),
        ({"properties": {"key": {"anyOf": [{"type": "null"}, SECRET]}}},
         {"user": "u", "key": MASK, "more": [{"key": "s"}]}),
        ({"properties": {"user": {}}, "additionalProperties": SECRET},
         {"user": "u", "key": MASK, "more": MASK}),
        ({"allOf": [{"properties": {"key": SECRET}}, {"properties": {"user": SECRET}}]},
         {"user": MASK, "key": MASK, "more": [{"key": "s"}]}),
        (SECRET, MASK),
        ({"properties": {"key": True, "more": False}},
         {"user": "u", "key": "s", "more": [{"key": "s"}]}),
        ({"$ref": "#/nowhere"}, {"user": "u", "key": "s", "more": [{"key": "s"}]}),
    ],
)  # fmt: skip
def test_write_only_parts_are_hidden(schema: Any, shown: Any) -> None:
    config = {"user": "u", "key": "s", "more": [{"key": "s"}]}
    assert masked(config, schema) == shown
    assert config["key"] == "s"


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"$ref": "#", "properties": {"next": {"$ref": "#"}, "key": SECRET}}
    assert masked({"next": {"key": 1}, "key": 2}, schema) == {"next": {"key": MASK}, "key": MASK}
