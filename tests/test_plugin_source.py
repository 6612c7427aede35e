"""Finding the plugin that a module defines, on modules made from real files."""

from __future__ import annotations

import sys
import types
from textwrap import dedent

import pytest

from themis_jupyter.errors import PluginDefinitionError
from themis_jupyter.plugin import Plugin
from themis_jupyter.plugin_source import find_plugin

HEAD = "from themis_jupyter.plugin import Plugin, StatefulPlugin\n"


@pytest.fixture
def run(tmp_path):
    """Write a file and run it in a scratch namespace that no module in sys.modules has."""

    def run(text, module="counter", **names):
        file = tmp_path / f"{module}.py"
        file.write_text(HEAD + dedent(text))
        namespace = {"__name__": module, "__file__": str(file), **names}
        exec(compile(file.read_text(), str(file), "exec"), namespace)
        return namespace

    return run


def refusal(namespace, module="counter", **options):
    with pytest.raises(PluginDefinitionError) as caught:
        find_plugin(namespace, module, **options)
    assert caught.value.plugin == module
    return str(caught.value)


def create_refusal(namespace):
    with pytest.raises(PluginDefinitionError) as caught:
        find_plugin(namespace, "counter").create()
    return str(caught.value)


# -- which one -------------------------------------------------------------------------------------


def test_the_one_class(run):
    namespace = run("class Counter(StatefulPlugin): pass")
    source = find_plugin(namespace, "counter")
    assert (source.kind, source.plugin_class) == ("class", namespace["Counter"])
    assert type(source.create()) is namespace["Counter"]
    assert source.create() is not source.create()


def test_create_plugin_wins(run):
    namespace = run("""
        class A(Plugin): pass
        class B(Plugin): pass
        def create_plugin():
            return B()
    """)
    source = find_plugin(namespace, "counter")
    assert (source.kind, source.plugin_class) == ("factory", None)
    assert type(source.create()) is namespace["B"]


def test_a_class_under_two_names_is_one(run):
    namespace = run("class A(Plugin): pass\nB = A")
    assert find_plugin(namespace, "counter").plugin_class is namespace["A"]


def test_bases_do_not_count_beside_what_derives_from_them(run):
    namespace = run("""
        class Base(StatefulPlugin): pass
        class Middle(Base): pass
        class Counter(Middle): pass
    """)
    assert find_plugin(namespace, "counter").plugin_class is namespace["Counter"]


def test_an_abstract_class_does_not_count_beside_one_that_is_not(run):
    namespace = run("""
        import abc
        class Shape(Plugin, abc.ABC):
            @abc.abstractmethod
            def area(self): ...
        class Counter(Plugin): pass
    """)
    assert find_plugin(namespace, "counter").plugin_class is namespace["Counter"]


def test_imported_classes_do_not_count(run):
    other = run("class Other(Plugin): pass", "other")["Other"]
    namespace = run("class Counter(Other): pass", Other=other)
    assert find_plugin(namespace, "counter").plugin_class is namespace["Counter"]
    said = refusal(run("", Other=other))
    assert "'counter' only imports 'Other' from 'other'; define one subclass of Plugin" in said


def test_two_are_an_error_that_names_them_with_their_lines(run):
    text = """
        class A(Plugin): pass

        class B(StatefulPlugin):
            pass
    """
    said = refusal(run(text))
    assert "'counter' defines 2 plugins: 'A' (line 3) and 'B' (line 5); keep one" in said
    assert "create_plugin()" in said


def test_none_is_an_error_that_says_what_to_do(run):
    said = refusal(run("x = 1"))
    assert said == (
        "'counter' has no plugin; define one subclass of Plugin or StatefulPlugin, "
        "or a function create_plugin()"
    )


def test_a_class_that_forgot_its_base_is_named(run):
    said = refusal(run("class Counter:\n    def initialize(self, config): pass"))
    assert "(class 'Counter' (line 2) has initialize(), but does not derive from Plugin)" in said


def test_classes_of_a_packages_own_submodules_count(run):
    counter = run("class Counter(Plugin): pass", "lab.core")["Counter"]
    assert find_plugin({"Counter": counter}, "lab").plugin_class is counter
    assert "only imports" in refusal({"Counter": counter}, "la")


def test_foreign_objects_are_not_asked(run):
    class Rude:
        def __getattribute__(self, name):
            raise SystemExit(name)

    class Meta(type):
        def __subclasscheck__(cls, other):
            raise SystemExit

        def __eq__(cls, other):
            raise SystemExit

        __hash__ = type.__hash__

    namespace = run("class Counter(Plugin): pass", rude=Rude(), Odd=Meta("Odd", (), {}))
    namespace["generic"] = list[int]
    assert find_plugin(namespace, "counter").plugin_class is namespace["Counter"]
    del namespace["Counter"]
    assert "has no plugin" in refusal(namespace)


# -- entry points that name one --------------------------------------------------------------------


def test_attr_takes_the_one_that_is_named(run):
    namespace = run("""
        class A(Plugin): pass
        class B(Plugin): pass
        class box:
            make = staticmethod(lambda: A())
        def create_plugin(): raise AssertionError
    """)
    assert find_plugin(namespace, "counter", "B").plugin_class is namespace["B"]
    assert type(find_plugin(namespace, "counter", "box.make").create()) is namespace["A"]
    assert "has no 'C', which its entry point names" in refusal(namespace, attr="C")
    assert "'box' in 'counter' is a class, but not a subclass" in refusal(namespace, attr="box")


# -- making it -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def create_plugin(): pass", "create_plugin() of 'counter' gives None"),
        ("def create_plugin(): pass", "is a 'return' missing?"),
        ("def create_plugin(): return Plugin", "gives the class 'Plugin'; expected an instance"),
        ("def create_plugin(): return 5", "gives 5 (int); expected an instance of Plugin"),
        ("def create_plugin(config): ...", "is called without arguments: missing a required"),
        (
            "class C(Plugin):\n def __init__(self, n): ...",
            "C.__init__ of 'counter' is called without",
        ),
        ("class C(Plugin):\n def __new__(cls): return 5", "class 'C' of 'counter' gives 5 (int)"),
        (
            "import abc\nclass C(Plugin, abc.ABC):\n @abc.abstractmethod\n def area(self): ...",
            "class 'C' of 'counter' is abstract; it has to define area",
        ),
        ("async def f(): ...\ncreate_plugin = lambda: f()", "gives a coroutine"),
    ],
)
def test_what_cannot_be_made_is_said(run, text, said):
    assert said in create_refusal(run(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("create_plugin = 5", "create_plugin in 'counter' is 5 (int); expected a function"),
        (
            "async def create_plugin(): ...",
            "create_plugin() in 'counter' is async; write it with def",
        ),
    ],
)
def test_what_is_no_factory_is_said_at_once(run, text, said):
    assert said in refusal(run(text))


def test_what_the_plugins_own_code_raises_comes_through(run):
    namespace = run("class Counter(Plugin):\n def __init__(self): raise TypeError('mine')")
    with pytest.raises(TypeError, match="mine"):
        find_plugin(namespace, "counter").create()


def test_lines_of_classes_in_submodules(run, monkeypatch):
    one = run("\n\nclass One(Plugin): pass", "lab.one")
    two = run("class Two(Plugin): pass", "lab.two")
    for namespace in (one, two):
        module = types.ModuleType(namespace["__name__"])
        vars(module).update(namespace)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    said = refusal({"One": one["One"], "Two": two["Two"], "Plugin": Plugin}, "lab")
    assert "'One' (line 4) and 'Two' (line 2)" in said
