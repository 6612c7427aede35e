"""Small programs on which the properties of ``test_properties.py`` did not hold at first."""

from __future__ import annotations

import types
from typing import Any

from themis_jupyter.testing import Workspace


def first_lines(function: Any) -> list[int]:
    """Return the first line of a function and of those inside it."""
    code: types.CodeType = function.__code__
    inside = [c.co_firstlineno for c in code.co_consts if isinstance(c, types.CodeType)]
    return [code.co_firstlineno, *inside]


def test_method_of_a_new_class_that_the_body_called_is_the_one_in_the_class(
    workspace: Workspace,
) -> None:
    """Python's method cache went on pointing to a function that was gone: reading it could crash."""
    m = workspace.load("m", "")
    workspace.rewrite(
        m,
        """
        class C:
            def f(self):
                return C

        C().f()
        """,
    )
    assert m.C.f is vars(m.C)["f"]
    assert m.C().f() is m.C


# -- what runs again -------------------------------------------------------------------------------


def test_name_that_the_new_source_deletes_is_gone(workspace: Workspace) -> None:
    m = workspace.load("m", "a = 1\n")
    workspace.rewrite(m, "a = 1\ndel a\n")
    assert not hasattr(m, "a")


def test_removed_second_definition_gives_way_to_the_first(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\ndef f():\n    return 2\n")
    workspace.rewrite(m, "def f():\n    return 1\n")
    assert m.f() == 1


def test_class_attribute_of_a_removed_second_definition_is_not_kept(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    x = 1\n\nclass A:\n    x = 2\n")
    workspace.rewrite(m, "class A:\n    x = 1\n")
    assert m.A.x == 1


def test_last_of_two_definitions_that_changed_places_counts(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\nclass f:\n    pass\n")
    workspace.rewrite(m, "class f:\n    pass\n\ndef f():\n    return 1\n")
    assert m.f() == 1


def test_statement_sees_the_value_that_a_name_has_where_it_stands(workspace: Workspace) -> None:
    m = workspace.load("m", "x = 1\ny = x + 1\nx = 10\n")
    workspace.replace(m, "x + 1", "x + 2")
    assert (m.x, m.y) == (10, 3)


def test_function_in_a_block_that_is_called_sees_what_changed(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def inner():
            return 1

        if True:
            def outer():
                return inner()

        X = outer()
        """,
    )
    workspace.replace(m, "return 1", "return 2")
    assert m.X == 2


def test_block_is_not_run_for_its_loop_variable(workspace: Workspace) -> None:
    workspace.load("log", "LOG = []\n")
    m = workspace.load(
        "m",
        """
        import log

        for i in range(2):
            log.LOG.append(1)
            def f():
                return log
        """,
    )
    workspace.rewrite(m, workspace.path("m.py").read_bytes() + b"for i in range(3): X = [i]\n")
    assert workspace.modules()["log"].LOG == [1, 1]


def test_annotations_of_a_function_in_a_block_follow_the_future_import(
    workspace: Workspace,
) -> None:
    text = "if True:\n    def f(x: int): pass\n"
    m = workspace.load("m", text)
    workspace.rewrite(m, f"from __future__ import annotations\n{text}")
    assert m.f.__annotations__ == {"x": "int"}


# -- who is who ------------------------------------------------------------------------------------


def test_definition_in_place_of_an_alias_does_not_overwrite_the_other(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    x = 1\n\nB = A\n")
    a = m.A
    workspace.replace(m, "B = A", "class B:\n    y = 2")
    assert m.A is a
    assert (m.A.x, m.B.y) == (1, 2)
    assert m.B is not m.A


def test_lambda_in_place_of_an_alias_does_not_overwrite_the_other(workspace: Workspace) -> None:
    m = workspace.load("m", "f = lambda: 1\ng = f\n")
    workspace.replace(m, "g = f", "g = lambda: 2")
    assert (m.f(), m.g()) == (1, 2)


def test_removed_attribute_of_a_class_with_a_second_name_is_gone(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    x = 1\n    y = 2\n\nB = A\n")
    workspace.replace(m, "    y = 2\n", "")
    assert not hasattr(m.A, "y")


def test_attribute_of_a_removed_decorator_goes_under_an_object(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Around:
            def __init__(self, function):
                self.function = function

        def mark(function):
            function.mark = 1
            return function

        @Around
        @mark
        def f(): pass
        """,
    )
    workspace.replace(m, "@mark\n", "")
    assert not hasattr(m.f.function, "mark")


def test_base_and_subclass_change_places(workspace: Workspace) -> None:
    m = workspace.load("m", "class Root: pass\nclass A(Root): pass\nclass B(A): pass\n")
    a, b = m.A, m.B
    workspace.rewrite(m, "class Root: pass\nclass B(Root): pass\nclass A(B): pass\n")
    assert (a, b) == (m.A, m.B)
    assert m.A.__mro__ == (m.A, m.B, m.Root, object)


def test_second_base_becomes_a_subclass_of_the_first(workspace: Workspace) -> None:
    text = "class Root: pass\nclass A(Root): pass\nclass B(Root): pass\nclass C(A, B): pass\n"
    m = workspace.load("m", text)
    workspace.rewrite(m, text.replace("B(Root)", "B(A)").replace("C(A, B)", "C(A)"))
    assert m.B.__bases__ == m.C.__bases__ == (m.A,)


# -- lru_cache -------------------------------------------------------------------------------------

CACHED = """
    import functools

    LIMIT = 1

    @functools.cache
    def f():
        '''Old.'''
        return LIMIT
    """


def test_cached_result_that_depends_on_a_changed_constant_is_forgotten(
    workspace: Workspace,
) -> None:
    m = workspace.load("m", CACHED)
    assert m.f() == 1
    workspace.replace(m, "LIMIT = 1", "LIMIT = 2")
    assert m.f() == 2


def test_cached_result_that_depends_on_nothing_changed_is_kept(workspace: Workspace) -> None:
    m = workspace.load("m", f"{CACHED}\n    def other():\n        return 1\n")
    m.f()
    workspace.replace(m, "return 1", "return 2")
    assert m.f.cache_info().currsize == 1


def test_cached_result_survives_the_edit_of_a_method_that_it_does_not_call(
    workspace: Workspace,
) -> None:
    m = workspace.load(
        "m",
        """
        import functools

        class Data:
            def used(self): return 1
            def unused(self): return 1

        @functools.cache
        def f():
            return Data().used()
        """,
    )
    m.f()
    workspace.replace(m, "def unused(self): return 1", "def unused(self): return 2")
    assert m.f.cache_info().currsize == 1
    workspace.replace(m, "def used(self): return 1", "def used(self): return 3")
    assert m.f() == 3


def test_cached_method_forgets_what_depends_on_a_changed_constant(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import functools

        LIMIT = 1

        class A:
            @staticmethod
            @functools.cache
            def f():
                return LIMIT
        """,
    )
    assert m.A.f() == 1
    workspace.replace(m, "LIMIT = 1", "LIMIT = 2")
    assert m.A.f() == 2


def test_docstring_of_a_cached_function_follows(workspace: Workspace) -> None:
    m = workspace.load("m", CACHED)
    workspace.replace(m, "Old.", "New.")
    assert m.f.__doc__ == "New."


# -- line numbers ----------------------------------------------------------------------------------


def test_comment_inside_a_class_moves_the_methods_below_it(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    def f(self): pass\n    def g(self): pass\n")
    workspace.replace(m, "    def g", "    # note\n    def g")
    assert first_lines(m.A.f) == [2]
    assert first_lines(m.A.g) == [4]


def test_comment_inside_a_function_moves_the_lines_below_it(workspace: Workspace) -> None:
    m = workspace.load("m", "def f(x):\n    x += 1\n    return lambda: x\n")
    workspace.replace(m, "    return", "\n    # note\n    return")
    assert first_lines(m.f) == [1, 5]
    assert {line for *_, line in m.f.__code__.co_lines()} >= {2, 5}


def test_wrapper_that_a_moved_decorator_makes_has_its_new_lines(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def decorate(function):
            def wrapper():
                return function()
            return wrapper

        @decorate
        def f():
            return 1
        """,
    )
    workspace.edit("m.py", "def decorate", "# note\n# note\ndef decorate")
    workspace.replace(m, "return 1", "return 2")
    assert first_lines(m.decorate)[1] == m.f.__code__.co_firstlineno


def test_definition_that_is_only_called_again_gets_its_new_lines(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        LIMIT = 1
        # note
        def f():
            return LIMIT

        X = f()
        """,
    )
    workspace.replace(m, "LIMIT = 1\n# note\n", "LIMIT = 2\n")
    assert m.X == 2
    assert first_lines(m.f) == [2]


def test_functions_that_shared_a_line_get_a_line_each(workspace: Workspace) -> None:
    # Python 3.12 makes one code object of two that only return the same constant.
    m = workspace.load("m", "f = lambda: print; g = lambda: print\n")
    workspace.rewrite(m, "f = lambda: print\n# note\ng = lambda: print\n")
    assert first_lines(m.f) == [1]
    assert first_lines(m.g) == [3]


def test_closure_of_a_moved_function_moves_although_that_one_ran_again(
    workspace: Workspace,
) -> None:
    text = "def make():\n    return lambda: make\n\nf = make()\n"
    m = workspace.load("m", text)
    workspace.rewrite(m, f"from __future__ import annotations\n{text}")
    assert first_lines(m.f) == [3]
