"""Closures: what factories made, free variables that come and go, wrappers in C."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

import pytest

from themis_jupyter.testing import Workspace

FACTORY = """
    def make(n):
        count = 0
        def add(x):
            nonlocal count
            count += 1
            return x + n
        return add

    add3 = make(3)
    TABLE = {"four": make(4)}
    lower = [make(5)]
"""


def test_what_a_factory_made_for_module_names_follows(workspace: Workspace) -> None:
    m = workspace.load("m", FACTORY)
    user = workspace.import_("user", "from m import add3, make\n")
    add3 = m.add3
    workspace.replace(m, "x + n", "x * n")
    assert user.add3 is m.add3 is add3
    assert user.make is m.make
    assert add3(10) == 30
    assert m.TABLE["four"](10) == 40
    assert m.lower[0](10) == 50
    assert m.make(6)(10) == 60


def test_what_a_factory_made_follows_where_free_variables_differ(workspace: Workspace) -> None:
    m = workspace.load("m", FACTORY)
    user = workspace.import_("user", "from m import add3\n")
    add3 = m.add3
    workspace.edit("m.py", "count = 0", "count = 0\n    offset = 100")
    workspace.replace(m, "x + n", "x + n + offset")
    assert user.add3 is m.add3 is add3
    assert add3(10) == 113


def test_what_a_factory_made_for_the_user_goes_on_working(workspace: Workspace) -> None:
    m = workspace.load("m", FACTORY)
    mine = m.make(7)
    workspace.replace(m, "x + n", "x * n")
    assert mine(10) == 70
    assert m.make(7)(10) == 70


def test_closure_cells_of_the_same_names(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make(a, b):
            def f():
                return ("old", a, b)
            return f

        f = make(1, 2)
        """,
    )
    f = m.f
    workspace.edit("m.py", "make(1, 2)", "make(3, 4)")
    workspace.replace(m, '("old", a, b)', '("new", b, a)')
    assert m.f is f
    assert f() == ("new", 4, 3)


def test_closure_with_fewer_free_variables(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make(a, b):
            def f(c, *, d=5):
                return (a, b, c, d)
            return f

        f = make(1, 2)
        """,
    )
    f = m.f
    workspace.replace(m, "(a, b, c, d)", "(a, c, d)")
    assert m.f is f
    assert f(9) == (1, 9, 5)
    assert f(9, d=6) == (1, 9, 6)
    workspace.replace(m, "(a, c, d)", "(b, c, d)")
    assert m.f is f
    assert f(9) == (2, 9, 5)
    workspace.replace(m, "(b, c, d)", "(c, d)")
    assert f(9) == (9, 5)
    workspace.replace(m, "(c, d)", "(a, b, c, d)")
    assert f(9) == (1, 2, 9, 5)
    assert m.f is f


@pytest.mark.parametrize(
    ("head", "body", "read"),
    [
        ("def", "yield a", list),
        ("def", "return (yield from [a, 8])", list),
    ],
)
def test_generator_closure_with_other_free_variables(
    workspace: Workspace, head: str, body: str, read: Any
) -> None:
    m = workspace.load(
        "m",
        f"""
        def make(a, b):
            {head} f():
                {body}
            return f

        f = make(1, 2)
        """,
    )
    f = m.f
    workspace.replace(m, body, body.replace("a", "b"))
    assert m.f is f
    assert read(f())[0] == 2


def test_nested_functions_of_two_levels(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def outer(a):
            def middle(b):
                def inner(c):
                    return (a, b, c)
                return inner
            return middle

        middle = outer(1)
        inner = middle(2)
        """,
    )
    middle, inner = m.middle, m.inner
    workspace.replace(m, "(a, b, c)", "(c, b, a)")
    assert m.inner is inner
    assert m.middle is middle
    assert inner(3) == (3, 2, 1)
    assert middle(5)(6) == (6, 5, 1)


def test_partial(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from functools import partial

        def power(base, exponent):
            return base ** exponent

        square = partial(power, exponent=2)
        """,
    )
    user = workspace.import_("user", "from m import square\n")
    square = m.square
    workspace.replace(m, "base ** exponent", "-(base ** exponent)")
    assert user.square is m.square
    assert square(3) == m.square(3) == -9
    workspace.replace(m, "exponent=2", "exponent=3")
    assert user.square is m.square is square
    assert square(3) == -27


def test_partial_of_the_user(workspace: Workspace) -> None:
    m = workspace.load("m", "def f(a, b):\n    return (a, b)\n")
    mine = functools.partial(m.f, 1)
    workspace.replace(m, "return (a, b)", "return (b, a)")
    assert mine(2) == (2, 1)


def test_lru_cache_forgets_old_results_only_when_the_function_changes(
    workspace: Workspace,
) -> None:
    m = workspace.load(
        "m",
        """
        from functools import lru_cache

        @lru_cache
        def f(x):
            return ("old", x)

        def g():
            return 1
        """,
    )
    user = workspace.import_("user", "from m import f\n")
    f = m.f
    kept = f(1)
    workspace.replace(m, "return 1", "return 2")
    assert m.f is f
    assert f(1) is kept, "an edit elsewhere leaves the cache alone"
    workspace.replace(m, '"old"', '"new"')
    assert m.f is f is user.f
    assert f(1) == ("new", 1)
    assert f.cache_info().currsize == 1
    assert f.__wrapped__(2) == ("new", 2)


def test_lru_cache_with_another_size(workspace: Workspace) -> None:
    source = "from functools import lru_cache\n\n@lru_cache(maxsize=2)\ndef f(x):\n    return x\n"
    m = workspace.load("m", source)
    user = workspace.import_("user", "from m import f\n")
    workspace.replace(m, "maxsize=2", "maxsize=8")
    assert user.f is m.f
    assert m.f.cache_parameters()["maxsize"] == 8
    assert m.f(3) == 3


def test_lru_cache_added_and_removed(workspace: Workspace) -> None:
    source = "from functools import lru_cache\n\ndef f(x):\n    return object()\n"
    m = workspace.load("m", source)
    user = workspace.import_("user", "from m import f\n")
    workspace.replace(m, "def f", "@lru_cache\ndef f")
    assert user.f is m.f
    assert m.f(1) is m.f(1)
    workspace.replace(m, "@lru_cache\n", "")
    assert user.f is m.f
    assert m.f(1) is not m.f(1)


def test_contextmanager(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from contextlib import contextmanager

        @contextmanager
        def session(log):
            log.append("open")
            yield "old"
            log.append("close")
        """,
    )
    user = workspace.import_("user", "from m import session\n")
    session = m.session
    log: list[str] = []
    running: AbstractContextManager[str] = session(log)
    running.__enter__()
    workspace.replace(m, '"old"', '"new"')
    assert user.session is m.session is session
    running.__exit__(None, None, None)
    with session(log) as value:
        assert value == "new"
    assert log == ["open", "close"] * 2
