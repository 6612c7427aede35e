"""Manifests: from the source, from plugin.json, and from the live class; they have to agree."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_jupyter.dependencies import Dependency
from themis_jupyter.errors import PluginDefinitionError
from themis_jupyter.manifest import Manifest, manifest_of
from themis_jupyter.manifest_fields import FIELDS
from themis_jupyter.names import check_module_name, check_plugin_name
from themis_jupyter.plugin import Capability, Plugin, PluginType, StatefulPlugin
from themis_jupyter.plugin_json import plugin_schema, read_plugin_json
from themis_jupyter.schema_words import check_schema
from themis_jupyter.static_manifest import static_manifest

FULL = """
    from themis_jupyter import Capability, PluginType, StatefulPlugin

    class Counter(StatefulPlugin):
        name = "my-counter"
        version = "1.2"
        description = "Counts."
        type = PluginType.IMPORTER
        dependencies = ["storage>=1", "log"]
        capabilities = Capability.GPU | Capability.THREAD_SAFE
        config_schema = {"type": "object", "required": ("step",)}
        auto_load = True
        load_priority = -3
"""
FULL_MANIFEST: dict[str, Any] = {
    "name": "my-counter",
    "version": "1.2",
    "description": "Counts.",
    "type": PluginType.IMPORTER,
    "dependencies": (Dependency("storage", ">=1"), Dependency("log")),
    "capabilities": Capability.GPU | Capability.THREAD_SAFE,
    "config_schema": {"type": "object", "required": ["step"]},
    "auto_load": True,
    "load_priority": -3,
}


def static(text, json_fields=None, **options):
    return static_manifest(dedent(text), "counter", None, json_fields, **options)


def live(text):
    """Run ``text`` and return its class ``Counter``."""
    namespace = {"__name__": "counter"}
    source = dedent(text).replace("from themis_jupyter import", "from themis_jupyter.plugin import")
    exec(compile(source, "counter.py", "exec"), namespace)
    return namespace["Counter"]


def plugin(**attributes):
    return type("Counter", (StatefulPlugin,), attributes)


def refusal(cls, json_fields=None):
    with pytest.raises(PluginDefinitionError) as caught:
        manifest_of(cls, "counter", Path("/plugins/counter.py"), json_fields)
    assert caught.value.plugin == "counter"
    return str(caught.value)


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "_a", "a1", "my-plugin", "lab.counter", "zähler", "x" * 100])
def test_plugin_names(name):
    assert check_plugin_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "../x",
        "/etc",
        "a/b",
        "a\\b",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a b",
        "a\n",
        "a\x00",
        "x" * 101,
    ],
)
def test_names_that_no_plugin_has(name):
    with pytest.raises(
        ValueError, match="expected letters, digits and _, beginning with"
    ) as caught:
        check_plugin_name(name)
    assert "\n" not in str(caught.value)
    assert "\x00" not in str(caught.value)


@given(st.text())
def test_a_good_name_stays_in_its_folder(name):
    try:
        check_plugin_name(name)
    except ValueError:
        return
    assert Path("/plugins", name).parent == Path("/plugins")
    assert Path("/plugins", name).resolve().name == name
    assert name.isprintable()


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (
            "my-plugin",
            "'my-plugin' is not a Python identifier; rename it, for instance to 'my_plugin.py'",
        ),
        ("2nd", "for instance to 'plugin_2nd.py'"),
        ("class", "'class' is a Python keyword; rename it, for instance to 'class_plugin.py'"),
        (
            "json",
            "it would hide Python's own module 'json'; rename it, for instance to 'json_plugin.py'",
        ),
        ("themis_jupyter", "it would hide this package"),
    ],
)
def test_module_names_that_cannot_be(module, said):
    with pytest.raises(ValueError, match="cannot be a plugin") as caught:
        check_module_name(module, f"{module}.py")
    assert said in str(caught.value)


# -- the live class --------------------------------------------------------------------------------


def test_every_field_of_a_live_class():
    path = Path("/plugins/counter.py")
    expected = Manifest(module="counter", path=path, **FULL_MANIFEST)
    assert manifest_of(live(FULL), "counter", path) == expected


def test_defaults():
    assert manifest_of(plugin(), "lab.counter", None) == Manifest("counter", "lab.counter", None)
    assert manifest_of(plugin(name=""), "counter", None, default_name="ep").name == "ep"


def test_fields_are_those_of_plugin_and_manifest():
    assert set(FIELDS) <= set(vars(Plugin))
    assert set(FIELDS) | {"module", "path", "unknown"} == set(Manifest.__dataclass_fields__)
    defaults = manifest_of(plugin(), "counter", None)
    for field in set(FIELDS) - {"name"}:
        assert getattr(defaults, field) == getattr(Plugin, field)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"name": "../x"}, "name: '../x' cannot be the name of a plugin; expected letters"),
        ({"name": 5}, "name is 5 (int); expected text"),
        ({"version": 1.0}, "version is 1.0 (float); expected a PEP 440 version in quotes"),
        ({"version": "latest"}, "version is 'latest' (str); expected a PEP 440 version"),
        ({"description": None}, "description is None (NoneType); expected text"),
        ({"type": "importer"}, "expected a PluginType, such as PluginType.IMPORTER; did you mean"),
        ({"dependencies": "storage"}, "dependencies is 'storage' (str); expected a list of texts"),
        ({"dependencies": {"storage"}}, "expected a list of texts, such as ['storage>=1.2']"),
        ({"dependencies": ["a", 1]}, "dependencies[1] is 1 (int); expected text"),
        ({"dependencies": ["a>="]}, "dependencies[0]: 'a>=': '>=' is not a version specifier"),
        ({"capabilities": ["gpu"]}, "expected Capability values, such as Capability.GPU |"),
        ({"config_schema": []}, "config_schema is [] (list); expected a JSON Schema (a dict)"),
        ({"config_schema": {"type": "integr"}}, "config_schema is not a valid JSON Schema: type:"),
        ({"config_schema": {"properties": {"a": {"minimum": "1"}}}}, "properties.a.minimum:"),
        ({"config_schema": {"pattern": "("}}, "config_schema is not a valid JSON Schema"),
        (
            {"config_schema": {"enum": {1, 2}}},
            "config_schema.enum is {1, 2} (set); expected what JSON",
        ),
        ({"config_schema": {1: 2}}, "a key in config_schema is 1 (int)"),
        ({"auto_load": 1}, "auto_load is 1 (int); expected True or False"),
        ({"load_priority": True}, "load_priority is True (bool); expected an integer"),
        ({"load_priority": "high"}, "load_priority is 'high' (str); expected an integer"),
        ({"version": property(lambda self: "1")}, "a property: set it as a plain class attribute"),
    ],
)
def test_a_bad_field_names_class_field_found_and_expected(attributes, said):
    message = refusal(plugin(**attributes))
    assert message.startswith("class 'Counter' in counter.py: ")
    assert said in message


def test_a_schema_that_contains_itself():
    schema: dict[str, Any] = {}
    schema["not"] = schema
    assert "config_schema contains itself" in refusal(plugin(config_schema=schema))


def test_the_manifest_keeps_a_copy_of_the_schema():
    schema = {"required": ["a"]}
    manifest = manifest_of(plugin(config_schema=schema), "counter", None)
    schema["required"].append("b")
    assert manifest.config_schema == {"required": ["a"]}


def test_an_instance_may_have_fields_of_its_own():
    class Counter(StatefulPlugin):
        def __init__(self):
            vars(self)["name"] = "made"

        @property
        def version(self):  # type: ignore[override]
            return "2.0"

    manifest = manifest_of(Counter(), "counter", None)
    assert (manifest.name, manifest.version) == ("made", "2.0")


def test_a_field_that_raises_names_itself():
    class Counter(StatefulPlugin):
        @property
        def version(self):  # type: ignore[override]
            raise KeyError("nope")

    with pytest.raises(PluginDefinitionError, match="version cannot be read: KeyError") as caught:
        manifest_of(Counter(), "counter", None)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_mixin_behind_plugin_says_nothing():
    class Worker(StatefulPlugin, threading.Thread):
        pass

    assert manifest_of(Worker, "worker", None).name == "worker"


def test_a_mixin_before_plugin_does():
    class Mixin:
        version = "3"

    class Counter(Mixin, StatefulPlugin):
        pass

    assert manifest_of(Counter, "counter", None).version == "3"


# -- plugin.json -----------------------------------------------------------------------------------

JSON = {
    "name": "my-counter",
    "version": "1.2",
    "description": "Counts.",
    "type": "importer",
    "dependencies": ["storage >= 1", "log"],
    "capabilities": ["gpu", "thread_safe"],
    "config_schema": {"type": "object", "required": ["step"]},
    "auto_load": True,
    "load_priority": -3.0,
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "counter"
    folder.mkdir()
    return folder


def read(folder, content):
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "plugin.json").write_text(text, encoding="utf-8")
    return read_plugin_json(folder)


def test_the_schema_is_one_and_has_every_field():
    schema = plugin_schema()
    check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {"$schema", *FIELDS}
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["type"]["enum"] == [t.name.lower() for t in PluginType]
    assert properties["capabilities"]["items"]["enum"] == [str(c.name).lower() for c in Capability]


def test_plugin_json_gives_what_a_manifest_holds(folder):
    fields = read(folder, JSON | {"$schema": "../plugin.schema.json"})
    assert fields == FULL_MANIFEST
    assert type(fields["load_priority"]) is int
    manifest = manifest_of(plugin(), "counter", None, fields)
    assert manifest == Manifest(module="counter", path=None, **FULL_MANIFEST)


def test_no_plugin_json(folder):
    assert read_plugin_json(folder) is None


def test_a_byte_order_mark_does_no_harm(folder):
    (folder / "plugin.json").write_bytes(b'\xef\xbb\xbf{"version": "1"}')
    assert read_plugin_json(folder) == {"version": "1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes in line 1, column 2"),
        ("", "not JSON"),
        ("[]", "expected an object with the fields of a manifest"),
        ('{"name": "a", "name": "b"}', "the field 'name' is there twice"),
        ('{"load_priority": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "it is nested too deeply"),
        ({"vresion": "1"}, "vresion is not a known field; did you mean 'version'?"),
        ({"name": "../x"}, "name is '../x'; expected letters, digits and _"),
        ({"name": "/etc/x"}, "name is '/etc/x'; expected letters, digits and _"),
        ({"name": "a\u0007"}, "expected letters, digits and _"),
        ({"name": "a..b"}, "name: 'a..b' cannot be the name of a plugin"),
        ({"version": 1}, "version is 1 (int); expected text"),
        ({"version": "new"}, "version is 'new' (str); expected a PEP 440 version"),
        ({"type": "compute backend"}, "did you mean 'compute_backend'?"),
        ({"dependencies": "a"}, "dependencies is 'a' (str); expected a list"),
        ({"dependencies": ["../a"]}, "dependencies[0]: '../a' cannot be the name"),
        ({"capabilities": ["gpu", "gpu"]}, "expected a list without repetitions"),
        ({"capabilities": ["fast"]}, "capabilities[0] is 'fast'; expected one of 'streaming'"),
        ({"config_schema": {"type": 1}}, "config_schema is not a valid JSON Schema"),
        ({"auto_load": "yes"}, "auto_load is 'yes' (str); expected True or False"),
        ({"load_priority": 1.5}, "load_priority is 1.5 (float); expected an integer"),
    ],
)
def test_a_bad_plugin_json_names_field_and_expectation(folder, content, said):
    with pytest.raises(PluginDefinitionError) as caught:
        read(folder, content)
    assert caught.value.plugin == "counter"
    assert str(caught.value).startswith("counter/plugin.json: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plugin_json_that_is_not_text_or_not_a_file(folder):
    (folder / "plugin.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(PluginDefinitionError, match=r"it is not UTF-8: .* at byte 10"):
        read_plugin_json(folder)
    (folder / "plugin.json").unlink()
    (folder / "plugin.json").mkdir()
    with pytest.raises(PluginDefinitionError, match="it cannot be read"):
        read_plugin_json(folder)


def test_class_and_plugin_json_fill_each_other_in(folder):
    fields = read(folder, {"description": "Counts.", "version": "1.0.0"})
    manifest = manifest_of(plugin(version="1.0", load_priority=2), "counter", None, fields)
    assert (manifest.version, manifest.description, manifest.load_priority) == ("1.0", "Counts.", 2)


def test_a_contradiction_names_both(folder):
    fields = read(folder, {"version": "1.1"})
    message = refusal(plugin(version="1.0"), fields)
    assert "class 'Counter' in counter.py and its plugin.json contradict each other" in message
    assert "version is '1.0' in the class and '1.1' in plugin.json" in message
    fields = read(folder, {"dependencies": ["a>=1"]})
    assert "['a'] in the class and ['a>=1'] in plugin.json" in refusal(
        plugin(dependencies=["a"]), fields
    )
    manifest = manifest_of(plugin(dependencies=["a >= 1"]), "counter", None, fields)
    assert manifest.dependencies == (Dependency("a", ">=1"),)
    with pytest.raises(PluginDefinitionError, match="contradict each other"):
        static(
            "from themis_jupyter import Plugin\nclass Counter(Plugin):\n  auto_load = True",
            {"auto_load": False},
        )


# -- the source ------------------------------------------------------------------------------------


def test_every_field_is_read_from_the_source():
    assert static(FULL) == Manifest(module="counter", path=None, **FULL_MANIFEST)


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        """
        import themis_jupyter.plugin as api
        class Counter(api.Plugin):
            type = api.PluginType.EMBEDDING
            capabilities = api.Capability.STREAMING
        """,
        """
        from themis_jupyter import *
        VERSION = "4"
        class Counter(Plugin):
            version: str = VERSION
            auto_load = False
        """,
        """
        from themis_jupyter import Plugin, StatefulPlugin as Base
        class Named:
            name = "named"
            version = "1"
        class First(Base):
            version = "2"
        class Second(Named, First):
            pass
        class Counter(Second):
            load_priority = 1
        """,
        """
        from themis_jupyter import Plugin, StatefulPlugin
        class Named:
            name = "named"
        class Counter(StatefulPlugin, Named):
            pass
        """,
        """
        from themis_jupyter import Plugin, StatefulPlugin
        class Top(Plugin):
            version = "1"
        class Left(Top):
            pass
        class Right(Top):
            version = "2"
        class Counter(Left, Right):
            version: str
        """,
        """
        from themis_jupyter import Plugin, StatefulPlugin
        class Mixed(Plugin):
            version = "7"
        class Counter(StatefulPlugin, Mixed):
            pass
        """,
        """
        from typing import Generic, TypeVar
        from themis_jupyter import Plugin
        T = TypeVar("T")
        Base = Plugin
        class Typed(Base, Generic[T]):
            version = "1"
        class Counter(Typed[int]):
            version = "1.0"
            version = "1.5"
        """,
    ],
)
def test_the_source_says_what_the_live_class_says(text):
    assert static(text) == manifest_of(live(text), "counter", None)


@pytest.mark.parametrize(
    "line",
    [
        "version = str(1)",
        "version = f'{1}'",
        "version = MISSING",
        "version = AGAIN",
        "version = os.sep",
        "if True:\n            version = '2'",
        "version = '1'\n        version += '.2'",
        "for version in ('1', '2'): pass",
        "@property\n        def version(self): return '1'",
        "import version",
        "version, x = '1', 2",
        "(version := '1')",
        "type = PluginType.NONSENSE",
        "capabilities = Capability.GPU | all_of_them()",
    ],
)
def test_computed_fields_are_unknown(line):
    manifest = static(f"""
        import os
        from themis_jupyter import Capability, Plugin, PluginType
        AGAIN = "1"
        AGAIN = "2"
        class Counter(Plugin):
            load_priority = 3
            {line.replace(chr(10), chr(10) + "    ")}
    """)
    field = next(f for f in ("version", "type", "capabilities") if f in line)
    assert manifest.unknown == (field,)
    assert getattr(manifest, field) == getattr(Plugin, field)
    assert manifest.load_priority == 3


def test_what_plugin_json_knows_is_not_unknown():
    text = (
        "from themis_jupyter import Plugin\nclass Counter(Plugin):\n  version = v()\n  name = n()"
    )
    manifest = static(text, {"version": "2", "name": "json"})
    assert (manifest.version, manifest.name, manifest.unknown) == ("2", "json", ())


def test_nothing_runs():
    static("""
        raise SystemExit
        from themis_jupyter import Plugin
        class Counter(Plugin):
            version = exit()
    """)


def test_two_plugins_or_none_leave_everything_unknown():
    two = "from themis_jupyter import Plugin\nclass A(Plugin): version='1'\nclass B(Plugin): pass"
    for text in (two, "", "def create_plugin(): ..."):
        manifest = static(text)
        assert manifest.name == "counter"
        assert set(manifest.unknown) == set(FIELDS)


def test_a_bad_literal_is_the_same_error_as_live():
    text = "from themis_jupyter import Plugin\nclass Counter(Plugin):\n  version = 1.0"
    with pytest.raises(
        PluginDefinitionError, match=r"class 'Counter' in 'counter': version is 1\.0"
    ):
        static(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", "counter does not parse: line 2: invalid syntax at 'def f(:'"),
        ("x = '\0'", "counter does not parse"),
        ("(" * 1000 + ")" * 1000, "counter does not parse"),
        ("-" * 200_000 + "1", "counter does not parse"),
    ],
)
def test_source_that_does_not_parse(text, said):
    with pytest.raises(PluginDefinitionError) as caught:
        static(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_doubtful_source_warns_nobody():
    static(r"x = '\d'")


@given(st.text())
def test_any_text_is_an_answer(text):
    with contextlib.suppress(PluginDefinitionError):
        static_manifest(text, "counter", None)
