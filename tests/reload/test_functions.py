"""Functions keep their identity and take the new code, whatever about them was edited."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from typing import Any

import pytest

from themis_jupyter.testing import Workspace

OLD = """
    def before():
        return "untouched"

    def f(a, b=2):
        return ("old", a, b)

    def after():
        return "untouched"
"""


def test_body(workspace: Workspace) -> None:
    m = workspace.load("m", OLD)
    user = workspace.import_("user", "from m import f\nTABLE = {'f': f, f: 'f'}\n")
    f, others = m.f, (m.before, m.after)
    report = workspace.replace(m, '"old"', '"new"')
    assert m.f is f is user.f is user.TABLE["f"]
    assert user.TABLE[f] == "f"
    assert f(1) == ("new", 1, 2)
    assert (m.before, m.after) == others
    assert [(c.verb, c.kind, c.name) for c in report.changes] == [("changed", "function", "f")]


@pytest.mark.parametrize(
    ("signature", "call", "expected"),
    [
        pytest.param("a, b=3", lambda f: f(1), (1, 3), id="default changed"),
        pytest.param("a=0, b=3", lambda f: f(), (0, 3), id="default added"),
        pytest.param("a, b", lambda f: f(1, 2), (1, 2), id="default removed"),
        pytest.param("a, *, b=5", lambda f: f(1), (1, 5), id="keyword default"),
        pytest.param("a, /, b=2", lambda f: f(1, b=4), (1, 4), id="positional only"),
        pytest.param("a, b=2, c=7", lambda f: f(1), (1, 2), id="parameter added"),
        pytest.param("a=9, **b", lambda f: f(x=1), (9, {"x": 1}), id="keywords"),
        pytest.param("a, *b", lambda f: f(1, 2, 3), (1, (2, 3)), id="arguments"),
    ],
)
def test_signature(workspace: Workspace, signature: str, call: Any, expected: Any) -> None:
    m = workspace.load("m", OLD)
    f = m.f
    workspace.edit("m.py", "a, b=2", signature)
    workspace.replace(m, '"old"', '"new"')
    assert m.f is f
    assert call(f) == ("new", *expected)
    assert str(inspect.signature(f)) == f"({signature})"


def test_only_a_default_changes(workspace: Workspace) -> None:
    m = workspace.load("m", OLD)
    f = m.f
    workspace.replace(m, "b=2", "b=3")
    assert m.f is f
    assert f(1) == ("old", 1, 3)


def test_keyword_default_added_changed_removed(workspace: Workspace) -> None:
    m = workspace.load("m", "def f(*, a):\n    return a\n")
    f = m.f
    workspace.replace(m, "*, a", "*, a=1")
    assert f() == 1
    workspace.replace(m, "a=1", "a=2")
    assert f() == 2
    workspace.replace(m, "a=2", "a")
    with pytest.raises(TypeError, match="keyword-only"):
        f()
    assert m.f is f


def test_unchanged_mutable_default_keeps_what_it_holds(workspace: Workspace) -> None:
    m = workspace.load("m", "def f(x, seen=[]):\n    seen.append(x)\n    return seen\n")
    seen = m.f(1)
    workspace.edit("m.py", "def f", "def other():\n    return 1\n\ndef f")
    workspace.reload(m)
    assert m.f(2) is seen == [1, 2]


def test_parameter_removed(workspace: Workspace) -> None:
    m = workspace.load("m", OLD)
    f = m.f
    workspace.edit("m.py", "a, b=2", "a")
    workspace.replace(m, '("old", a, b)', "a")
    assert f(1) == 1
    with pytest.raises(TypeError):
        f(1, 2)


def test_annotations_and_doc(workspace: Workspace) -> None:
    m = workspace.load("m", 'def f(a: int) -> int:\n    """Old."""\n    return a\n')
    f = m.f
    workspace.replace(m, "a: int", "a: str")
    assert f.__annotations__ == {"a": str, "return": int}
    workspace.replace(m, "Old.", "New.")
    assert f.__doc__ == "New."
    workspace.replace(m, '"""New."""', "pass")
    assert f.__doc__ is None
    workspace.replace(m, "(a: str) -> int", "(a)")
    assert f.__annotations__ == {}
    assert m.f is f


def test_annotation_that_is_a_class_of_the_module(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    x = 1\n\ndef f(a: A) -> list[A]:\n    return [a]\n")
    cls = m.A
    workspace.edit("m.py", "x = 1", "x = 2")
    workspace.replace(m, "return [a]", "return [a, a]")
    assert m.A is cls is m.f.__annotations__["a"]
    assert m.f.__annotations__["return"].__args__ == (cls,)


def test_attributes_of_the_source_follow_and_those_of_the_user_stay(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\nf.level = 1\nf.gone = True\n")
    f = m.f
    f.mine = "kept"
    workspace.rewrite(m, "def f():\n    return 2\n\nf.level = 2\n")
    assert m.f is f
    assert f() == 2
    assert (f.level, f.mine) == (2, "kept")
    assert not hasattr(f, "gone")


def test_attribute_statement_changed_but_not_the_function(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\nf.level = 1\n")
    f = m.f
    workspace.replace(m, "f.level = 1", "f.level = 2")
    assert m.f is f
    assert f.level == 2


def test_counter_in_a_function_attribute_survives_an_edit_elsewhere(
    workspace: Workspace,
) -> None:
    source = "def f():\n    f.calls += 1\n\nf.calls = 0\n\ndef g():\n    return 1\n"
    m = workspace.load("m", source)
    m.f()
    m.f()
    workspace.replace(m, "return 1", "return f.calls")
    assert m.g() == m.f.calls == 2


def test_line_numbers_in_tracebacks(workspace: Workspace) -> None:
    m = workspace.load("m", OLD + "\n    def fails():\n        raise ValueError('here')\n")
    fails = m.fails
    workspace.replace(m, "def before():", "# one\n# two\n\ndef before():")
    with pytest.raises(ValueError, match="here") as caught:
        fails()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    lines = workspace.path("m.py").read_text().splitlines()
    assert last.lineno is not None
    assert lines[last.lineno - 1].strip() == last.line == "raise ValueError('here')"
    assert m.fails is fails
    assert inspect.getsource(fails).startswith("def fails():")


def test_line_numbers_of_nested_functions_that_moved(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "def make():\n    def inner():\n        raise KeyError(1)\n    return inner\n"
    )
    workspace.replace(m, "def make", "X = 1\n\n\ndef make")
    with pytest.raises(KeyError) as caught:
        m.make()()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 6


def test_coroutine_function(workspace: Workspace) -> None:
    m = workspace.load("m", "async def f(x):\n    return x + 1\n")
    f, begun = m.f, m.f(1)
    workspace.replace(m, "x + 1", "x + 10")
    assert asyncio.run(begun) == 2, "a coroutine that exists finishes on the code it began with"
    assert asyncio.run(f(1)) == 11
    assert m.f is f
    assert inspect.iscoroutinefunction(f)


def test_generator_function(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    yield 1\n    yield 2\n")
    f, begun = m.f, m.f()
    assert next(begun) == 1
    workspace.replace(m, "yield 2", "yield 3")
    assert list(begun) == [2], "a generator that runs finishes on the code it began with"
    assert list(f()) == [1, 3]
    assert m.f is f


def test_async_generator_function(workspace: Workspace) -> None:
    m = workspace.load("m", "async def f():\n    yield 1\n")
    f = m.f

    async def collect() -> list[Any]:
        return [x async for x in f()]

    workspace.replace(m, "yield 1", "yield 1\n    yield 2")
    assert asyncio.run(collect()) == [1, 2]
    assert m.f is f


KINDS = {
    "plain": "def f():\n    return [1]\n",
    "generator": "def f():\n    yield 1\n",
    "coroutine": "async def f():\n    return [1]\n",
    "async generator": "async def f():\n    yield 1\n",
}


async def _results(f: Any) -> list[Any]:
    result = f()
    if inspect.isasyncgen(result):
        return [x async for x in result]
    return list(await result if inspect.iscoroutine(result) else result)


@pytest.mark.parametrize("new", KINDS)
@pytest.mark.parametrize("old", KINDS)
def test_kind_of_function_changes(workspace: Workspace, old: str, new: str) -> None:
    if old == new:
        KINDS_NEW = KINDS[new].replace("1", "1 + 0")
    else:
        KINDS_NEW = KINDS[new]
    m = workspace.load("m", KINDS[old])
    f = m.f
    workspace.rewrite(m, KINDS_NEW)
    assert m.f is f
    assert asyncio.run(_results(f)) == [1]
    assert inspect.iscoroutinefunction(f) is (new == "coroutine")
    assert inspect.isgeneratorfunction(f) is (new == "generator")
    assert inspect.isasyncgenfunction(f) is (new == "async generator")


@pytest.mark.parametrize(
    ("new", "value"),
    [
        pytest.param("class f:\n    x = 3\n", 3, id="class"),
        pytest.param("f = 5\n", None, id="constant"),
    ],
)
def test_function_becomes_something_else(workspace: Workspace, new: str, value: Any) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\ndef g():\n    return f\n")
    user = workspace.import_("user", "from m import f\n")
    workspace.rewrite(m, new + "\ndef g():\n    return f\n")
    assert user.f is m.f is m.g()
    assert m.f == 5 if value is None else m.f.x == value


def test_something_else_becomes_a_function(workspace: Workspace) -> None:
    m = workspace.load("m", "class f:\n    pass\n\ng = 3\n")
    user = workspace.import_("user", "from m import f, g\n")
    workspace.rewrite(m, "def f():\n    return 1\n\ndef g():\n    return 2\n")
    assert user.f is m.f
    assert user.g is m.g
    assert (m.f(), m.g()) == (1, 2)


def test_function_is_gone(workspace: Workspace) -> None:
    m = workspace.load("m", OLD)
    user = workspace.import_("user", "from m import f\n")
    f = m.f
    report = workspace.rewrite(m, "def before():\n    return 1\n")
    assert not hasattr(m, "f")
    assert user.f is f
    assert f(1) == ("old", 1, 2), "who still holds it can still call it"
    assert ("removed", "f") in [(c.verb, c.name) for c in report.changes]
    workspace.rewrite(m, "def f(a):\n    return a\n")
    assert m.f(4) == 4


def test_function_is_new(workspace: Workspace) -> None:
    m = workspace.load("m", OLD)
    workspace.edit("m.py", "def after", "def helper():\n    return before()\n\ndef after")
    workspace.replace(m, '("old", a, b)', "helper()")
    assert m.f(1) == "untouched"
    assert m.helper.__globals__ is vars(m)
    assert m.helper.__module__ == "m"


def test_recursive_functions_call_the_live_ones(workspace: Workspace) -> None:
    source = "def even(n):\n    return n == 0 or odd(n - 1)\n\n"
    m = workspace.load("m", source)
    workspace.rewrite(m, source + "def odd(n):\n    return n != 0 and even(n - 1)\n")
    assert m.even(10)
    assert m.odd(7)
    assert m.odd.__globals__ is vars(m)


def test_alias_is_split(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 'f'\n\ng = f\n")
    f = m.f
    assert m.g is f
    workspace.rewrite(m, "def f():\n    return 'new f'\n\ndef g():\n    return 'g'\n")
    assert m.f is f
    assert (m.f(), m.g(), f()) == ("new f", "g", "new f")
    assert m.g is not m.f


def test_aliases_are_merged(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 'f'\n\ndef g():\n    return 'g'\n")
    user = workspace.import_("user", "from m import f, g\n")
    f, g = m.f, m.g
    workspace.rewrite(m, "def f():\n    return 'one'\n\ng = f\n")
    assert m.f is f
    assert m.g is m.f
    assert (f(), g(), user.f(), user.g()) == ("one",) * 4


def test_alias_stays_one_object(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\ng = f\nTABLE = {'f': f}\n")
    f, table = m.f, m.TABLE
    workspace.replace(m, "return 1", "return 2")
    assert m.f is m.g is f is m.TABLE["f"]
    assert table["f"]() == 2


def test_renamed_function(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\nX = f()\n")
    workspace.rewrite(m, "def h():\n    return 2\n\nX = h()\n")
    assert not hasattr(m, "f")
    assert m.h() == m.X == 2
    assert m.h.__name__ == m.h.__qualname__ == "h"


def test_lambda_bound_to_a_name(workspace: Workspace) -> None:
    m = workspace.load("m", "key = lambda x: x\n")
    user = workspace.import_("user", "from m import key\n")
    key = m.key
    workspace.replace(m, "x: x", "x: -x")
    assert user.key is m.key
    assert m.key(1) == user.key(1) == -1
    assert key(1) == -1
