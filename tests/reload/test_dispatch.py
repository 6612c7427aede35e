"""``singledispatch``, ``singledispatchmethod``, ``partialmethod`` and ``overload``."""

from __future__ import annotations

from themis_jupyter.testing import Workspace


def test_singledispatch(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from functools import singledispatch

        @singledispatch
        def show(x):
            return "any"

        @show.register
        def _(x: int):
            return "int"

        @show.register(str)
        def show_str(x):
            return "str"
        """,
    )
    user = workspace.import_("user", "from m import show\n")
    show = m.show

    @show.register(bytes)
    def mine(x: bytes) -> str:
        return "mine"

    workspace.replace(m, '"int"', '"INT"')
    assert user.show is m.show is show
    assert [show(v) for v in (1, "a", 1.0)] == ["INT", "str", "any"]
    workspace.replace(m, '"any"', '"ANY"')
    assert user.show is m.show is show
    assert [show(v) for v in (1, "a", 1.0)] == ["INT", "str", "ANY"]
    assert show(b"") == "mine", "what the user registered stays"


def test_singledispatch_gains_and_loses_a_case(workspace: Workspace) -> None:
    source = """
        from functools import singledispatch

        @singledispatch
        def show(x):
            return "any"
        """
    more = """
        @show.register(int)
        def show_int(x):
            return "int"
        """
    m = workspace.load("m", source)
    show = m.show
    assert show(1) == "any"
    workspace.rewrite(m, source + more)
    assert show(1) == "int"
    workspace.rewrite(m, source + more.replace("(int)", "(float)"))
    assert m.show is show
    assert show(1.0) == "int"


def test_overload(workspace: Workspace) -> None:
    import typing

    m = workspace.load(
        "m",
        """
        from typing import overload

        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x):
            return x
        """,
    )
    f = m.f
    workspace.replace(m, "return x", "return [x]")
    assert m.f is f
    assert f(1) == [1]
    assert len(typing.get_overloads(f)) == 2
    workspace.replace(m, "def f(x: str) -> str: ...", "def f(x: str) -> bytes: ...")
    assert m.f is f
    assert f(1) == [1]
    assert [o.__annotations__["return"] for o in typing.get_overloads(f)] == [int, bytes]


def test_singledispatchmethod(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from functools import partialmethod, singledispatchmethod

        class A:
            @singledispatchmethod
            def show(self, x):
                return "any"

            @show.register
            def _(self, x: int):
                return "int"

            @show.register(str)
            @classmethod
            def _text(cls, x):
                return "str"

            def scale(self, by, x):
                return by * x

            twice = partialmethod(scale, 2)
        """,
    )
    a = m.A()
    show, twice = a.show, a.twice
    workspace.replace(m, '"int"', '"INT"')
    assert [a.show(v) for v in (1, "a", 1.0)] == ["INT", "str", "any"]
    workspace.replace(m, '"any"', '"ANY"')
    assert [a.show(v) for v in (1, "a", 1.0)] == ["INT", "str", "ANY"]
    assert show(1) in ("int", "INT")
    workspace.replace(m, "by * x", "-by * x")
    assert (a.twice(3), twice(3), m.A().twice(3)) == (-6, -6, -6)
    workspace.replace(m, "partialmethod(scale, 2)", "partialmethod(scale, 5)")
    assert a.twice(3) == -15
