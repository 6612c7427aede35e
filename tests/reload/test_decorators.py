"""Decorated functions: decorators added, removed, swapped, edited, of every make."""

from __future__ import annotations

import inspect

import pytest

from themis_jupyter.testing import Workspace

WRAPS = """
    import functools

    def loud(function):
        @functools.wraps(function)
        def wrapper(*args):
            return "loud " + function(*args)
        return wrapper

    def times(n):
        def decorate(function):
            @functools.wraps(function)
            def wrapper(*args):
                return n * function(*args)
            return wrapper
        return decorate

    class Counted:
        def __init__(self, function):
            functools.update_wrapper(self, function)
            self.function = function
            self.calls = 0

        def __call__(self, *args):
            self.calls += 1
            return f"{self.calls} " + self.function(*args)

    def f(x):
        return "f" + x
"""


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("@loud", "loud gx"),
        ("@times(2)", "gxgx"),
        ("@loud\n@times(2)", "loud gxgx"),
        ("@Counted", "1 gx"),
    ],
)
def test_body_of_a_decorated_function(workspace: Workspace, decorator: str, expected: str) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f", f"{decorator}\ndef f")
    m = workspace.load("m")
    user = workspace.import_("user", "from m import f\n")
    f = m.f
    workspace.replace(m, '"f" + x', '"g" + x')
    assert user.f is m.f is f
    assert f("x") == expected
    assert f.__name__ == "f"


@pytest.mark.parametrize("old", ["", "@loud\n", "@times(2)\n", "@Counted\n"])
@pytest.mark.parametrize(
    ("new", "expected"),
    [("", "fx"), ("@loud\n", "loud fx"), ("@times(3)\n", "fxfxfx"), ("@Counted\n", "1 fx")],
)
def test_decorator_added_removed_swapped(
    workspace: Workspace, old: str, new: str, expected: str
) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f(", f"{old}def f(")
    m = workspace.load("m")
    user = workspace.import_("user", "from m import f\n")
    f = m.f
    workspace.edit("m.py", f"{old}def f(", f"{new}def f(")
    workspace.reload(m)
    assert user.f is m.f
    assert m.f("x") == expected
    if "@Counted" not in old + new:
        assert m.f is f
        assert f("x") == expected
        assert str(inspect.signature(f)) == "(x)"


def test_wrapper_of_a_decorator_is_edited(workspace: Workspace) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f", "@loud\ndef f")
    m = workspace.load("m")
    f = m.f
    workspace.replace(m, '"loud "', '"quiet "')
    assert m.f is f
    assert f("x") == "quiet fx"


def test_wrapper_and_function_are_edited_together(workspace: Workspace) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f", "@times(2)\ndef f")
    m = workspace.load("m")
    f = m.f
    workspace.edit("m.py", "n * function(*args)", '"<" + n * function(*args) + ">"')
    workspace.edit("m.py", "@times(2)", "@times(3)")
    workspace.replace(m, '"f" + x', 'x + "f"')
    assert m.f is f
    assert f("x") == "<xfxfxf>"
    assert f.__wrapped__("y") == "yf"


def test_state_of_a_class_based_decorator_survives_an_edit_elsewhere(
    workspace: Workspace,
) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f", "@Counted\ndef f")
    m = workspace.load("m")
    f = m.f
    f("x")
    f("x")
    workspace.replace(m, '"loud "', '"louder "')
    assert m.f is f
    assert f("x") == "3 fx"


def test_class_based_decorator_is_edited(workspace: Workspace) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit("m.py", "def f", "@Counted\ndef f")
    m = workspace.load("m")
    f = m.f
    workspace.replace(m, 'f"{self.calls} "', 'f"#{self.calls} "')
    assert m.f is f
    assert f("x").endswith(" fx")
    assert f("x").startswith("#")


def test_decorator_of_another_module(workspace: Workspace) -> None:
    workspace.import_("tools_of_m", WRAPS)
    m = workspace.load("m", "from tools_of_m import *\n\n@loud\ndef f(x):\n    return 'old' + x\n")
    user = workspace.import_("user", "from m import f\n")
    f = m.f
    workspace.replace(m, "'old'", "'new'")
    assert user.f is m.f is f
    assert f("x") == "loud newx"
    workspace.replace(m, "@loud", "@times(2)")
    assert user.f is m.f is f
    assert f("x") == "newxnewx"
    workspace.replace(m, "@times(2)\n", "")
    assert user.f is m.f is f
    assert f("x") == "newx"
    workspace.replace(m, "def f", "@loud\ndef f")
    assert user.f is m.f is f
    assert f("x") == "loud newx"


def test_two_functions_with_one_decorator_of_another_module(workspace: Workspace) -> None:
    workspace.import_("tools_of_m", WRAPS)
    m = workspace.load(
        "m",
        "from tools_of_m import loud\n\n"
        "@loud\ndef f(x):\n    return 'f' + x\n\n@loud\ndef g(x):\n    return 'g' + x\n",
    )
    f, g = m.f, m.g
    workspace.replace(m, "'g'", "'G'")
    assert (m.f, m.g) == (f, g)
    assert (f("x"), g("x")) == ("loud fx", "loud Gx")


def test_decorator_that_registers(workspace: Workspace) -> None:
    registry = workspace.import_(
        "registry",
        "HANDLERS = []\nNAMED = {}\ndef register(f):\n"
        "    HANDLERS.append(f)\n    NAMED[f.__name__] = f\n    return f\n",
    )
    m = workspace.load(
        "m",
        "from registry import register\n\n@register\ndef f():\n    return 1\n\n"
        "@register\ndef g():\n    return 1\n",
    )
    f, g = m.f, m.g
    workspace.replace(m, "def f():\n    return 1", "def f():\n    return 2")
    assert (m.f, m.g) == (f, g)
    assert [f, g] == registry.HANDLERS
    assert {"f": f, "g": g} == registry.NAMED
    assert [h() for h in registry.HANDLERS] == [2, 1]


def test_registry_of_the_module_itself(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        HANDLERS = {}

        def register(name):
            def decorate(f):
                HANDLERS[name] = f
                return f
            return decorate

        @register("a")
        def a():
            return 1

        @register("b")
        def b():
            return 1
        """,
    )
    handlers, a, b = m.HANDLERS, m.a, m.b
    workspace.replace(m, "def a():\n    return 1", "def a():\n    return 2")
    assert m.HANDLERS is handlers
    assert handlers == {"a": a, "b": b}
    assert (m.a, a()) == (a, 2)


def test_decorator_returns_something_else(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n")
    user = workspace.import_("user", "from m import f\n")
    workspace.rewrite(m, "def call(f):\n    return f()\n\n@call\ndef f():\n    return 2\n")
    assert m.f == user.f == 2
    workspace.rewrite(m, "def f():\n    return 3\n")
    assert m.f() == 3


def test_decorator_of_a_method(workspace: Workspace) -> None:
    workspace.write("m.py", WRAPS)
    workspace.edit(
        "m.py",
        "def f(x):",
        "class A:\n    @loud\n    def f(self):\n        return 'a'\n\ndef f(x):",
    )
    m = workspace.load("m")
    a = m.A()
    method, function = a.f, m.A.f
    workspace.edit("m.py", "@loud\n", "@times(2)\n")
    workspace.replace(m, "return 'a'", "return 'b'")
    assert m.A.f is function
    assert a.f() == method() == "bb"
