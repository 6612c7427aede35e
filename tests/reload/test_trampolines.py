"""Functions whose free variables changed behave as the new ones in every respect."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from themis_jupyter.testing import Workspace

SOURCE = """
    def make(a, b):
        {head} f(x=1, *args, key=2, **more):
            {body}
        return f

    f = make("a", "b")
    """


def load(workspace: Workspace, head: str, body: str) -> Any:
    return workspace.load("m", SOURCE.format(head=head, body=body))


def test_arguments_and_signature(workspace: Workspace) -> None:
    m = load(workspace, "def", "return (a, x, args, key, more)")
    f = m.f
    workspace.replace(m, "return (a, x", "return (a, b, x")
    assert m.f is f
    assert f() == ("a", "b", 1, (), 2, {})
    assert f(5, 6, key=7, z=8) == ("a", "b", 5, (6,), 7, {"z": 8})
    assert str(inspect.signature(f)) == "(x=1, *args, key=2, **more)"
    assert "return (a, b, x" in inspect.getsource(f)
    assert (f.__name__, f.__qualname__) == ("f", "make.<locals>.f")
    workspace.replace(m, "x=1, *args", "x, y=3, *args")
    assert f(1) == ("a", "b", 1, (), 2, {})
    assert str(inspect.signature(f)) == "(x, y=3, *args, key=2, **more)"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        f()


def test_coroutine(workspace: Workspace) -> None:
    m = load(workspace, "async def", "return a")
    f = m.f
    workspace.replace(m, "return a", "return (a, b, x)")
    assert m.f is f
    assert inspect.iscoroutinefunction(f)
    assert asyncio.run(f(4)) == ("a", "b", 4)


def test_generator_with_send_throw_and_return(workspace: Workspace) -> None:
    m = load(workspace, "def", "yield a")
    f = m.f
    workspace.replace(
        m,
        "yield a",
        "try:\n            got = yield a\n        except KeyError:\n"
        "            got = 'thrown'\n        yield got\n        return b",
    )
    assert m.f is f
    assert inspect.isgeneratorfunction(f)
    generator = f()
    assert (next(generator), generator.send("sent")) == ("a", "sent")
    with pytest.raises(StopIteration, match="b"):
        next(generator)
    generator = f()
    next(generator)
    assert generator.throw(KeyError("x")) == "thrown"
    generator = f()
    next(generator)
    generator.close()


def test_async_generator_with_send_and_throw(workspace: Workspace) -> None:
    m = load(workspace, "async def", "yield a")
    f = m.f
    workspace.replace(
        m,
        "yield a",
        "try:\n            got = yield a\n        except KeyError:\n"
        "            got = 'thrown'\n        finally:\n            more.get('log', []).append(b)\n"
        "        yield got",
    )
    assert m.f is f
    assert inspect.isasyncgenfunction(f)

    async def use() -> list[Any]:
        log: list[str] = []
        one = f(log=log)
        seen = [await anext(one), await one.asend("sent")]
        with pytest.raises(StopAsyncIteration):
            await anext(one)
        two = f(log=log)
        await anext(two)
        seen.append(await two.athrow(KeyError("x")))
        await two.aclose()
        three = f(log=log)
        await anext(three)
        await three.aclose()
        return [*seen, *log]

    assert asyncio.run(use()) == ["a", "sent", "thrown", "b", "b", "b"]


def test_recursion_and_self_reference(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def make(step):
            def count(n):
                return 0 if n <= 0 else 1 + count(n - step)
            return count

        count = make(1)
        """,
    )
    count = m.count
    workspace.edit("m.py", "def make(step):", "def make(step):\n    extra = 0")
    workspace.replace(m, "return 0 if", "return extra if")
    assert m.count is count
    assert count(10) == 10
    assert count(300) == 300


def test_many_edits_do_not_pile_up(workspace: Workspace) -> None:
    """Ten times other free variables: still one step from the old function to the newest one."""
    m = load(workspace, "def", "return (a, 0)")
    f = m.f
    for n in range(1, 11):
        old, new = ("a", "b") if n % 2 else ("b", "a")
        workspace.replace(m, f"return ({old}, {n - 1})", f"return ({new}, {n})")
        assert f() == m.f() == (new, n)
        assert m.f is f
    depths: list[int] = []
    workspace.replace(m, "return (a, 10)", "more['seen'](a, b)")
    f(seen=lambda *values: depths.append(len(inspect.stack(0))))
    assert depths[0] - len(inspect.stack(0)) <= 4
