"""What functions made earlier, and others keep: closures, lambdas, methods of local classes."""

from __future__ import annotations

import asyncio
import gc
import inspect
import traceback
import weakref
from typing import Any

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.reload import descendants, heap
from themis_jupyter.testing import Workspace

ADDER = """
    def make(n):
        count = 0
        def add(x):
            nonlocal count
            count += 1
            return x + n, count
        return add
    """


def test_closure_follows_and_keeps_its_variables(workspace: Workspace) -> None:
    m = workspace.load("m", ADDER)
    add = m.make(3)
    kept = [{"add": add}]
    assert add(1) == (4, 1)
    workspace.replace(m, "x + n", "x * n")
    assert add(5) == (15, 2)
    workspace.replace(m, "x * n", "x - n")
    assert kept[0]["add"](5) == (2, 3)
    assert kept[0]["add"] is add


def test_lambdas_follow_in_their_order(workspace: Workspace) -> None:
    m = workspace.load("m", "def make():\n    return [lambda: 1, lambda: 2, lambda: 3]\n")
    first, second, third = m.make()
    workspace.replace(m, "lambda: 2", "lambda: 20")
    assert (first(), second(), third()) == (1, 20, 3)
    workspace.replace(m, "lambda: 20, ", "lambda: 20, lambda: 25, ")
    assert (first(), second(), third()) == (1, 20, 3)
    workspace.replace(m, "lambda: 1, lambda: 20, lambda: 25", "lambda: 25")
    assert third() == 3


def test_functions_that_change_their_places_are_told_by_their_names(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make():
            def a(): return "a"
            def b(): return "b"
            return a, b
        """,
    )
    a, b = m.make()
    workspace.rewrite(
        m,
        """
        def make():
            def b(): return "new b"
            def c(): return "c"
            def a(): return "new a"
            return a, b
        """,
    )
    assert (a(), b()) == ("new a", "new b")


def test_factories_made_by_factories(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def outer(x):
            def middle(y):
                return lambda z: (x, y, z, "old")
            return middle
        """,
    )
    middle = m.outer(1)
    inner = middle(2)
    workspace.replace(m, '"old"', '"new"')
    assert inner(3) == middle(2)(3) == m.outer(1)(2)(3) == (1, 2, 3, "new")


def test_methods_of_a_local_class(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make(n):
            class Local:
                def f(self):
                    return n

                @property
                def p(self):
                    return -n
            return Local
        """,
    )
    cls = m.make(4)
    one = cls()
    bound = one.f
    workspace.replace(m, "return n\n", "return n * 10\n")
    workspace.replace(m, "return -n", "return -n * 10")
    assert (one.f(), bound(), one.p) == (40, 40, -40)


def test_made_by_a_method(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Maker:
            def __init__(self):
                self.word = "word"

            def make(self):
                return lambda: (self.word, 1)
        """,
    )
    made = m.Maker().make()
    workspace.replace(m, "self.word, 1", "self.word, 2")
    assert made() == ("word", 2)


def test_wrappers_that_a_decorator_made_in_a_module_that_is_not_reloaded(
    workspace: Workspace,
) -> None:
    louder = workspace.load(
        "louder",
        """
        import functools

        def loud(f):
            @functools.wraps(f)
            def wrapper(*args):
                return f(*args) + "!"
            return wrapper
        """,
    )
    user = workspace.import_(
        "user", 'from louder import loud\n\n@loud\ndef f(x):\n    "Say x."\n    return x\n'
    )
    f = user.f
    workspace.replace(louder, '"!"', '"!!"')
    assert f("hey") == "hey!!"
    assert (f.__name__, f.__doc__) == ("f", "Say x.")
    assert f.__module__ == "user"


def test_generators_and_coroutines(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make():
            def numbers():
                yield 1
            async def later():
                return 1
            def plain():
                return 1
            return numbers, later, plain
        """,
    )
    numbers, later, plain = m.make()
    running = numbers()
    workspace.edit("m.py", "yield 1", "yield 2")
    workspace.edit(
        "m.py", "async def later():\n        return 1", "async def later():\n        return 2"
    )
    workspace.replace(m, "def plain():\n        return 1", "def plain():\n        yield 3")
    assert list(numbers()) == [2]
    assert list(running) == [1]
    assert asyncio.run(later()) == 2
    assert list(plain()) == [3]


def test_arguments_that_come(workspace: Workspace) -> None:
    m = workspace.load("m", "def make():\n    def f(a):\n        return a\n    return f\n")
    f = m.make()
    report = workspace.replace(
        m, "def f(a):\n        return a", "def f(a, b=2, *, c=3):\n        return a, b, c"
    )
    assert f(1) == (1, 2, 3)
    assert str(inspect.signature(f)) == "(a, b=2, *, c=3)"
    assert report.warnings == ()
    workspace.replace(m, "b=2", "b=20")
    assert f(1) == (1, 20, 3)


def test_a_default_that_only_the_factory_knows_stays(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "def make(n):\n    def f(a, n=n):\n        return a + n\n    return f\n"
    )
    f = m.make(10)
    workspace.replace(m, "a + n", "a - n")
    assert f(1) == -9


def test_fewer_variables(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "def make(n, k):\n    def f(a):\n        return a, n, k\n    return f\n"
    )
    f = m.make(1, 2)
    workspace.replace(m, "a, n, k\n", "a, k\n")
    assert f(0) == (0, 2)
    assert f.__wrapped__.__name__ == "f"
    assert str(inspect.signature(f)) == "(a)"
    workspace.replace(m, "a, k\n", "a, k, 'newer'\n")
    assert f(0) == (0, 2, "newer")
    workspace.replace(m, "a, k, 'newer'", "n, k, 'all'")
    assert f(0) == (1, 2, "all")


def test_a_variable_that_was_not_there_is_told(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "def make(n):\n    k = 5\n    def f():\n        return n\n    return f\n"
    )
    f = m.make(1)
    report = workspace.replace(m, "return n\n", "return n, k\n")
    assert f() == 1
    assert m.make(1)() == (1, 5)
    assert len(report.warnings) == 1
    assert "make.<locals>.f, line 3" in report.warnings[0]


def test_lines_above_move_it(workspace: Workspace) -> None:
    m = workspace.load("m", "def make():\n    def f():\n        return 1 / 0\n    return f\n")
    f = m.make()
    workspace.replace(m, "def make", "# a line\n\n\ndef make")
    with pytest.raises(ZeroDivisionError) as caught:
        f()
    entry = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (entry.lineno, entry.line) == (6, "return 1 / 0")
    assert inspect.getsource(f) == "    def f():\n        return 1 / 0\n"
    workspace.replace(m, "1 / 0", "'mended'")
    assert f() == "mended"


def test_a_function_of_the_same_name_elsewhere_is_left_alone(workspace: Workspace) -> None:
    m = workspace.load("m", "def make():\n    def f():\n        return 1\n    return f\n")
    other = workspace.load("other", "def make():\n    def f():\n        return 1\n    return f\n")
    mine, others = m.make(), other.make()
    workspace.replace(m, "return 1", "return 2")
    assert (mine(), others()) == (2, 1)


def test_after_a_failure_it_is_what_it_was(workspace: Workspace) -> None:
    m = workspace.load("m", ADDER)
    add = m.make(3)
    code = add.__code__
    workspace.edit("m.py", "x + n", "x * n")
    workspace.write("m.py", workspace.path("m.py").read_text() + "1 / 0\n")
    with pytest.raises(ReloadError):
        workspace.reload(m)
    assert add.__code__ is code
    assert add(1) == (4, 1)


def test_nothing_is_looked_for_where_nobody_holds_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[int] = []
    look = heap.all_functions

    def look_and_count() -> Any:
        walks.append(1)
        return look()

    monkeypatch.setattr(descendants, "all_functions", look_and_count)
    m = workspace.load("m", ADDER)
    m.make(1)
    workspace.replace(m, "x + n", "x * n")
    assert walks == []
    add = m.make(1)
    workspace.replace(m, "x * n", "x - n")
    assert walks == [1]
    assert add(1) == (0, 1)


def test_what_was_replaced_is_freed(workspace: Workspace) -> None:
    """Through trampolines as well: nothing may hold what only they lead to."""
    m = workspace.load(
        "m", "def make(n, k):\n    def f(a):\n        return a, n, k\n    return f\n"
    )

    class Big:
        pass

    big: Any = Big()
    f = m.make(big, 2)
    workspace.replace(m, "a, n, k\n", "a, k\n")
    assert f(0) == (0, 2)
    gone = weakref.ref(big)
    del big, f
    gc.collect()
    assert gone() is None
