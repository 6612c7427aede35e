"""Dependencies: parsing, versions, and the orders in which plugins go up and down."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_jupyter.dependencies import (
    Dependency,
    auto_load_order,
    dependents_of,
    load_order,
)
from themis_jupyter.errors import DependencyError, PluginNotFoundError
from themis_jupyter.manifest import Manifest


def manifest(name, *needs, **fields):
    dependencies = tuple(Dependency.parse(n) for n in needs)
    return Manifest(name, name, Path(f"{name}.py"), dependencies=dependencies, **fields)


def world(**needs):
    """``world(a="b c")``: a needs b and c."""
    names = dict.fromkeys([*needs, *(n for text in needs.values() for n in text.split())])
    return {n: manifest(n, *needs.get(n, "").split()) for n in names}


# -- parsing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "specifier"),
    [
        ("storage", "storage", ""),
        ("storage>=1.2,<2", "storage", ">=1.2,<2"),
        ("  storage >= 1.2 , < 2 ", "storage", ">=1.2,<2"),
        ("my-storage~=1.0", "my-storage", "~=1.0"),
        ("_private==1.*", "_private", "==1.*"),
        ("zähler!=2", "zähler", "!=2"),
    ],
)
def test_parse(text, name, specifier):
    assert Dependency.parse(text) == Dependency(name, specifier)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no plugin"),
        (">=1", "names no plugin"),
        ("../x", "cannot be the name of a plugin; expected letters"),
        ("a b", "'b' is not a version specifier"),
        ("storage>=new", "'>=new' is not a version specifier; expected one such as '>=1.2'"),
        ("storage[fast]>=1", "not a version specifier"),
        ("storage\x00", "cannot be the name"),
    ],
)
def test_parse_refuses(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Dependency.parse(text)


def test_str_is_what_parse_takes():
    dependency = Dependency.parse("storage >=1.2, <2")
    assert Dependency.parse(str(dependency)) == dependency


def test_accepts():
    dependency = Dependency.parse("storage>=1.2,<2")
    assert dependency.accepts("1.2")
    assert dependency.accepts("1.9.7")
    assert not dependency.accepts("1.1")
    assert not dependency.accepts("2.0")
    assert dependency.accepts("1.3.dev1"), "what is there is what is there"
    assert Dependency("storage").accepts("0")


# -- load order ------------------------------------------------------------------------------------


def test_dependencies_come_first_in_the_order_they_are_written_in():
    assert load_order("a", world(a="c b", b="d", c="d")) == ["d", "c", "b", "a"]


def test_the_plugin_asked_for_must_exist():
    with pytest.raises(PluginNotFoundError, match="no plugin 'countr'; did you mean 'counter'"):
        load_order("countr", world(counter=""))


def test_missing_dependency_shows_the_whole_path():
    plugins = world(app="index", index="") | {"index": manifest("index", "storag>=1")}
    plugins["storage"] = manifest("storage")
    with pytest.raises(DependencyError) as caught:
        load_order("app", plugins)
    assert caught.value.plugin == "app"
    assert caught.value.path == ("app", "index", "storag")
    assert str(caught.value) == (
        "'index' needs 'storag>=1', but there is no plugin 'storag'; did you mean 'storage'? "
        "(path: app → index → storag)"
    )


def test_wrong_version_names_both():
    plugins = {
        "a": manifest("a", "b>=2"),
        "b": manifest("b", version="1.5"),
    }
    with pytest.raises(DependencyError, match=r"'a' needs 'b>=2', but the version of 'b' is 1\.5"):
        load_order("a", plugins)


def test_a_second_path_is_checked_as_well():
    plugins = {
        "a": manifest("a", "b", "c"),
        "b": manifest("b", version="1"),
        "c": manifest("c", "b>=2"),
    }
    with pytest.raises(DependencyError) as caught:
        load_order("a", plugins)
    assert caught.value.path == ("a", "c", "b")


def test_a_version_that_only_running_tells_is_not_compared():
    plugins = {"a": manifest("a", "b>=2"), "b": manifest("b", unknown=("version",))}
    assert load_order("a", plugins) == ["b", "a"]


@pytest.mark.parametrize(
    ("plugins", "said", "path"),
    [
        (world(a="b", b="c", c="a"), "a → b → c → a;", ("a", "b", "c", "a")),
        (world(a="a"), "a → a;", ("a", "a")),
        (
            world(a="b", b="c", c="b"),
            "b → c → b (reached by a → b → c → b)",
            ("a", "b", "c", "b"),
        ),
    ],
)
def test_a_circle_is_shown(plugins, said, path):
    with pytest.raises(DependencyError) as caught:
        load_order("a", plugins)
    assert said in str(caught.value)
    assert caught.value.path == path


def test_a_long_chain_is_no_trouble():
    plugins = {f"p{i}": manifest(f"p{i}", f"p{i + 1}") for i in range(3000)}
    plugins["p3000"] = manifest("p3000")
    assert load_order("p0", plugins) == [f"p{i}" for i in range(3000, -1, -1)]
    assert dependents_of("p3000", plugins) == [f"p{i}" for i in range(3000)]


# -- going down ------------------------------------------------------------------------------------


def test_dependents_go_down_before_what_they_need():
    plugins = world(storage="", index="storage", search="index", log="")
    assert dependents_of("storage", plugins) == ["search", "index"]
    assert dependents_of("storage", plugins, transitive=False) == ["index"]
    assert dependents_of("search", plugins) == []


def test_direct_dependents_are_ordered_by_what_lies_between():
    # d and b need a; d needs b by way of c.
    plugins = world(a="", b="a", c="b", d="a c")
    assert dependents_of("a", plugins, transitive=False) == ["d", "b"]


def test_among_equals_the_last_loaded_goes_first():
    plugins = world(base="", one="base", two="base")
    assert dependents_of("base", plugins) == ["two", "one"]


# -- auto load -------------------------------------------------------------------------------------


def test_auto_load_by_priority_then_name_with_dependencies_before():
    plugins = {
        "z": manifest("z", auto_load=True, load_priority=5),
        "late": manifest("late", auto_load=True, load_priority=-1),
        "b": manifest("b", auto_load=True),
        "a": manifest("a", "late", "helper", auto_load=True),
        "helper": manifest("helper"),
        "idle": manifest("idle"),
    }
    plan = auto_load_order(plugins)
    assert plan.order == ("z", "late", "helper", "a", "b")
    assert plan.problems == ()


def test_auto_load_leaves_out_what_cannot_be_had_and_says_why():
    plugins = {
        "broken": manifest("broken", "gone", auto_load=True, load_priority=9),
        "fine": manifest("fine", auto_load=True),
    }
    plan = auto_load_order(plugins)
    assert plan.order == ("fine",)
    assert [p.path for p in plan.problems] == [("broken", "gone")]


# -- properties ------------------------------------------------------------------------------------


@st.composite
def acyclic(draw):
    """Plugins p0 … pn in any order of insertion, each needing some of a lower number."""
    count = draw(st.integers(1, 12))
    plugins = {}
    for i in range(count):
        needs = draw(st.lists(st.integers(0, i - 1), unique=True, max_size=4)) if i else []
        plugins[f"p{i}"] = manifest(
            f"p{i}",
            *(f"p{n}" for n in needs),
            auto_load=draw(st.booleans()),
            load_priority=draw(st.integers(-2, 2)),
        )
    order = draw(st.permutations(list(plugins)))
    return {n: plugins[n] for n in order}


def closure(name, plugins):
    needs = {d.name for d in plugins[name].dependencies}
    return {name}.union(*(closure(n, plugins) for n in needs))


def assert_dependencies_first(order, plugins):
    assert len(set(order)) == len(order)
    for index, name in enumerate(order):
        for dependency in plugins[name].dependencies:
            if dependency.name in order:
                assert dependency.name in order[:index]


@given(acyclic(), st.data())
def test_load_order_is_exactly_what_is_needed_dependencies_first(plugins, data):
    name = data.draw(st.sampled_from(sorted(plugins)))
    order = load_order(name, plugins)
    assert_dependencies_first(order, plugins)
    assert set(order) == closure(name, plugins)
    assert order[-1] == name
    assert order == load_order(name, dict(sorted(plugins.items()))), (
        "the mapping's order is no matter"
    )


@given(acyclic(), st.data())
def test_dependents_are_all_that_need_it_in_the_order_of_going_down(plugins, data):
    name = data.draw(st.sampled_from(sorted(plugins)))
    down = dependents_of(name, plugins)
    assert set(down) == {n for n in plugins if name in closure(n, plugins)} - {name}
    assert_dependencies_first(down[::-1], plugins)
    direct = dependents_of(name, plugins, transitive=False)
    assert set(direct) == {
        n for n, m in plugins.items() if name in {d.name for d in m.dependencies}
    }
    assert direct == [n for n in down if n in direct]


@given(acyclic())
def test_auto_load_order_holds_all_that_ask_dependencies_first(plugins):
    plan = auto_load_order(plugins)
    wanted = [n for n, m in plugins.items() if m.auto_load]
    assert plan.problems == ()
    assert_dependencies_first(plan.order, plugins)
    assert set(plan.order) == set().union(*(closure(n, plugins) for n in wanted))


@given(acyclic(), st.data())
def test_any_circle_is_found_and_is_one(plugins, data):
    name = data.draw(st.sampled_from(sorted(plugins)))
    needed = data.draw(st.sampled_from(load_order(name, plugins)))
    before = plugins[needed].dependencies
    plugins[needed] = manifest(needed, *(str(d) for d in before), name)
    with pytest.raises(DependencyError) as caught:
        load_order(name, plugins)
    path = caught.value.path
    assert path[0] == name
    assert path[-1] in path[:-1]
    for one, other in pairwise(path):
        assert other in {d.name for d in plugins[one].dependencies}
