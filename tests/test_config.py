"""Configurations are checked against the plugin's schema, and refused in plain words."""

from __future__ import annotations

import subprocess
import sys
from types import MappingProxyType

import numpy as np
import pytest

from themis_jupyter.config import check_config
from themis_jupyter.errors import ConfigError, PluginDefinitionError

SCHEMA = {
    "type": "object",
    "properties": {
        "step": {"type": "integer", "minimum": 1, "maximum": 10},
        "mode": {"enum": ["fast", "exact"]},
        "path": {"type": "string", "minLength": 1, "pattern": "^/"},
        "rate": {"type": ["number", "null"]},
        "key": {"type": "string", "writeOnly": True},
        "size": {"anyOf": [{"type": "integer"}, {"const": "auto"}]},
        "layers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"width": {"type": "integer"}},
                "required": ["width"],
                "additionalProperties": False,
            },
        },
        "target": {
            "oneOf": [
                {"type": "string"},
                {"type": "object", "properties": {"port": {"type": "integer"}}},
            ]
        },
    },
    "additionalProperties": False,
}


def message(config, schema=SCHEMA):
    with pytest.raises(ConfigError) as caught:
        check_config("counter", config, schema)
    assert caught.value.plugin == "counter"
    return str(caught.value)


def test_a_fitting_configuration_comes_back_as_a_new_dict():
    config = {"step": 2, "rate": None, "layers": [{"width": 3}]}
    checked = check_config("counter", config, SCHEMA)
    assert checked == config
    assert checked is not config
    assert checked["layers"] is config["layers"]


def test_no_configuration_is_an_empty_one():
    assert check_config("counter", None, SCHEMA) == {}
    assert "step is missing; expected an integer" in message(None, SCHEMA | {"required": ["step"]})


def test_without_a_schema_any_mapping_will_do():
    assert check_config("counter", {"anything": object}, None) == {"anything": object}


@pytest.mark.parametrize("config", [[1], "step=1", 5, {"step"}])
def test_what_is_not_a_mapping_is_refused(config):
    for schema in (SCHEMA, None):
        said = message(config, schema)
        assert repr(config) in said
        assert "expected a mapping such as {'step': 1}" in said


def test_keys_are_names():
    assert "has the key 1 (int); expected names of fields" in message({1: 2}, None)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"step": "x"}, "step is 'x' (str); expected an integer"),
        ({"step": True}, "step is True (bool); expected an integer"),
        ({"step": 1.5}, "step is 1.5 (float); expected an integer"),
        ({"step": 0}, "step is 0; expected at least 1"),
        ({"step": 11}, "step is 11; expected at most 10"),
        ({"mode": "fst"}, "mode is 'fst'; expected one of 'fast', 'exact'; did you mean 'fast'?"),
        ({"path": "x"}, "path is 'x'; expected text that matches '^/'"),
        ({"rate": "x"}, "rate is 'x' (str); expected a number or None"),
        ({"size": "big"}, "size is 'big' (str); expected an integer or 'auto'"),
        ({"stpe": 1}, "stpe is not a known field; did you mean 'step'?"),
        ({"layers": [{"width": 1}, {}]}, "layers[1].width is missing; expected an integer"),
        ({"layers": [{"width": "w"}]}, "layers[0].width is 'w' (str); expected an integer"),
        ({"layers": [{"width": 1, "hue": 2}]}, "layers[0].hue is not a known field"),
        ({"layers": {}}, "layers is {} (dict); expected a list"),
        ({"target": {"port": "x"}}, "target.port is 'x' (str); expected an integer"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(config, said):
    assert message(config).endswith(f"does not fit its schema: {said}") or said in message(config)
    assert "\n" not in message(config)


def test_unknown_field_without_a_near_one_lists_those_there_are():
    said = message({"zzz": 1}, {"properties": {"a": {}, "b": {}}, "additionalProperties": False})
    assert said.endswith("zzz is not a known field; known are a, b")


def test_secrets_are_not_shown():
    assert "key is (not shown) (int); expected text" in message({"key": 123456})
    assert "123456" not in message({"key": 123456})


def test_several_problems_are_listed_and_at_most_five():
    assert message({"step": 0, "mode": "x"}).splitlines()[1:] == [
        "  - mode is 'x'; expected one of 'fast', 'exact'",
        "  - step is 0; expected at least 1",
    ]
    lines = message({"layers": ["x"] * 8}).splitlines()
    assert len(lines) == 7
    assert lines[-1] == "  - … and 3 more"


def test_a_million_wrong_items_are_not_all_looked_at():
    assert message({"layers": ["x"] * 1_000_000}).endswith("… and 95 or more others")


def test_long_and_unfriendly_values_stay_on_one_short_line():
    class Rude:
        def __repr__(self):
            raise RuntimeError("no")

    said = message({"step": "very\nlong " * 1000})
    assert len(said) < 250
    assert "\n" not in said
    assert "it cannot be checked: RuntimeError: no" in message({"step": Rude()})


def test_values_that_cannot_be_compared_are_refused_not_raised():
    assert "it cannot be checked: ValueError" in message({"mode": np.array([1, 2])})


def test_python_values_count_as_what_json_would_make_of_them():
    schema = {
        "properties": {
            "list": {"type": "array", "items": {"type": "integer"}},
            "map": {"type": "object", "required": ["a"]},
            "n": {"type": "integer", "minimum": 0},
            "x": {"type": "number"},
        }
    }
    config = {
        "list": (1, 2),
        "map": MappingProxyType({"a": 1}),
        "n": np.int64(3),
        "x": np.float32(1),
    }
    checked = check_config("counter", config, schema)
    assert checked["list"] == (1, 2)
    assert type(checked["n"]) is np.int64
    assert "list[1] is 'x'" in message({"list": (1, "x")}, schema)
    assert "map.a is missing" in message({"map": MappingProxyType({})}, schema)


def test_references_within_the_schema_are_followed_and_others_never_fetched():
    inner = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert "a is 'x' (str); expected an integer" in message({"a": "x"}, inner)
    for ref in ("http://127.0.0.1:9/schema.json", "#/$defs/nothing"):
        with pytest.raises(PluginDefinitionError) as caught:
            check_config("counter", {"a": 1}, {"properties": {"a": {"$ref": ref}}})
        assert ref.rpartition("/")[2] in str(caught.value)
        assert "which is not in it" in str(caught.value)


def test_jsonschema_and_packaging_are_imported_only_when_needed():
    code = (
        "import sys, themis_jupyter.config, themis_jupyter.discovery, themis_jupyter.manifest;"
        "import themis_jupyter.plugin_source;"
        "from themis_jupyter.dependencies import Dependency;"
        "themis_jupyter.config.check_config('x', {}, None); Dependency.parse('a').accepts('1');"
        "print([m for m in ('jsonschema', 'packaging', 'IPython', 'importlib.metadata')"
        " if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
