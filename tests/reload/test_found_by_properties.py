"""Small programs on which the properties of ``test_properties.py`` did not hold at first."""

from __future__ import annotations

from themis_jupyter.testing import Workspace


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
