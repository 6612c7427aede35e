"""One module: names, imports, conditional definitions, and modules that import from it."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from themis_jupyter import Outcome
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace


def test_deleted_names_are_gone(workspace: Workspace) -> None:
    m = workspace.load("m", "A = 1\nB = 2\n\ndef f():\n    return A\n\nclass C:\n    pass\n")
    workspace.rewrite(m, "A = 1\n\ndef f():\n    return A\n")
    assert not hasattr(m, "B")
    assert not hasattr(m, "C")
    assert m.f() == 1
    workspace.rewrite(m, "")
    assert [n for n in vars(m) if not n.startswith("__")] == []
    workspace.rewrite(m, "A = 3\n")
    assert m.A == 3


def test_name_deleted_by_the_body(workspace: Workspace) -> None:
    m = workspace.load("m", "tmp = 1\nX = tmp\ndel tmp\n")
    assert not hasattr(m, "tmp")
    workspace.replace(m, "tmp = 1", "tmp = 2")
    assert m.X == 2
    assert not hasattr(m, "tmp")


def test_name_moves_below_the_import_of_it(workspace: Workspace) -> None:
    m = workspace.load("m", "from os.path import join\n\nX = join('a', 'b')\n")
    workspace.rewrite(m, "def join(*parts):\n    return parts\n\nX = join('a', 'b')\n")
    assert m.X == ("a", "b")
    workspace.rewrite(m, "from os.path import join\n\nX = join('a', 'b')\n")
    import os.path

    assert m.join is os.path.join
    assert os.path.join("a", "b") == m.X


def test_imported_functions_and_classes_are_never_changed(workspace: Workspace) -> None:
    other = workspace.import_(
        "other", "def f():\n    return 'other'\n\nclass C:\n    x = 'other'\n"
    )
    f, cls = other.f, other.C
    m = workspace.load("m", "from other import f, C\n")
    workspace.rewrite(m, "def f():\n    return 'mine'\n\nclass C:\n    x = 'mine'\n")
    assert (m.f(), m.C.x) == ("mine", "mine")
    assert (other.f is f, other.C is cls, f(), cls.x) == (True, True, "other", "other")
    workspace.rewrite(m, "from other import f, C\n")
    assert (m.f, m.C) == (f, cls)


def test_importers_follow_a_constant_where_the_old_value_is(workspace: Workspace) -> None:
    m = workspace.load("m", "LIMIT = 1000\nNAME = 'old'\nITEMS = [1]\n")
    user = workspace.import_("user", "from m import LIMIT, NAME as TITLE, ITEMS\nOWN = LIMIT\n")
    star = workspace.import_("star", "from m import *\n")
    changed = workspace.import_("changed", "from m import LIMIT\nLIMIT = LIMIT + 1\n")
    alone = workspace.import_("alone", "NAME = 'old'\nLIMIT = 1000\n")
    workspace.rewrite(m, "LIMIT = 2000\nNAME = 'new'\nITEMS = [2]\n")
    assert (user.LIMIT, user.TITLE, user.ITEMS) == (2000, "new", [2])
    assert user.ITEMS is m.ITEMS
    assert user.OWN == 1000, "a name of its own is not followed"
    assert (star.LIMIT, star.NAME) == (2000, "new")
    assert changed.LIMIT == 1001
    assert (alone.NAME, alone.LIMIT) == ("old", 1000)


def test_new_import_of_a_new_and_of_an_existing_module(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n")
    workspace.write("fresh.py", "X = 5\n")
    assert "fresh" not in sys.modules
    workspace.rewrite(m, "import fresh\nimport json\n\ndef f():\n    return json.dumps(fresh.X)\n")
    assert m.f() == "5"
    assert sys.modules["fresh"] is m.fresh
    workspace.rewrite(m, "def f():\n    return 1\n")
    assert not hasattr(m, "json")


def test_star_import(workspace: Workspace) -> None:
    other = workspace.load(
        "other", "__all__ = ['A', 'f']\nA = 1\nB = 2\n\ndef f():\n    return A\n"
    )
    m = workspace.load("m", "from other import *\n\ndef g():\n    return (A, f())\n")
    workspace.replace(m, "(A, f())", "[A, f()]")
    assert m.g() == [1, 1]
    assert not hasattr(m, "B")
    workspace.edit("other.py", "A = 1", "A = 10")
    workspace.edit("other.py", "['A', 'f']", "['A', 'B', 'f']")
    workspace.reload(other, m)
    assert m.g() == [10, 10]
    assert m.B == 2
    assert m.f is other.f


def test_module_getattr_and_dir(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        def __getattr__(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return "old " + name
        """,
    )
    assert m.whatever == "old whatever"
    workspace.replace(m, '"old "', '"new "')
    assert m.whatever == "new whatever"
    with pytest.raises(ImportError):
        workspace.import_("user", "from m import __nothing__\n")
    workspace.rewrite(m, "def __dir__():\n    return ['a']\n")
    assert dir(m) == ["a"]
    with pytest.raises(AttributeError):
        _ = m.whatever


def test_all(workspace: Workspace) -> None:
    m = workspace.load("m", "__all__ = ['a']\na = 1\nb = 2\n")
    workspace.replace(m, "['a']", "['a', 'b']")
    assert m.__all__ == ["a", "b"]
    workspace.replace(m, "__all__ = ['a', 'b']\n", "")
    assert not hasattr(m, "__all__")


def test_type_checking_imports(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from __future__ import annotations

        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from nowhere import Nothing

        def f(x: Nothing) -> Nothing:
            return x
        """,
    )
    f = m.f
    workspace.replace(m, "return x", "return [x]")
    workspace.replace(m, "import Nothing", "import Nothing, Nobody")
    assert m.f is f
    assert f(1) == [1]
    assert f.__annotations__ == {"x": "Nothing", "return": "Nothing"}


def test_conditional_definitions(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        FAST = False

        if FAST:
            def f():
                return "fast"
        else:
            def f():
                return "slow"

        try:
            import no_module_of_this_name as speedups
        except ImportError:
            speedups = None

            class Helper:
                x = 1
        """,
    )
    user = workspace.import_("user", "from m import f, Helper\n")
    f, helper = m.f, m.Helper
    workspace.replace(m, '"slow"', '"very slow"')
    assert m.f is f is user.f
    assert f() == "very slow"
    workspace.replace(m, "FAST = False", "FAST = True")
    assert m.f is f
    assert f() == "fast"
    workspace.replace(m, "x = 1", "x = 2")
    assert m.Helper is helper is user.Helper
    assert helper.x == 2


def test_main_guard(workspace: Workspace) -> None:
    source = "def f():\n    return 1\n\nif __name__ == '__main__':\n    raise SystemExit(f())\n"
    m = workspace.load("m", source)
    workspace.replace(m, "return 1", "return 2")
    assert m.f() == 2
    assert workspace.reload(m, full=True)
    workspace.replace(m, "SystemExit(f())", "SystemExit(f() + 1)")
    assert m.__name__ == "m"


def test_docstring_and_metadata_of_the_module(workspace: Workspace) -> None:
    m = workspace.load("m", '"""Old."""\n\n__version__ = "1"\nX = __file__\n')
    spec, loader, file = m.__spec__, m.__loader__, m.__file__
    workspace.edit("m.py", "Old.", "New.")
    workspace.replace(m, '"1"', '"2"')
    assert (m.__doc__, m.__version__) == ("New.", "2")
    assert (m.__spec__, m.__loader__, m.__file__, m.__name__) == (spec, loader, file, "m")
    workspace.replace(m, '"""New."""\n', "")
    assert m.__doc__ is None
    assert workspace.reload(m, full=True)
    assert (m.__spec__, m.__loader__, m.__file__, m.X) == (spec, loader, file, file)


def test_module_annotations(workspace: Workspace) -> None:
    m = workspace.load("m", "x: int = 1\ny: str\n")
    workspace.replace(m, "x: int = 1", "x: float = 2\nz: bytes")
    assert m.__annotations__ == {"x": float, "y": str, "z": bytes}
    assert m.x == 2
    workspace.replace(m, "y: str\n", "")
    assert m.__annotations__ == {"x": float, "z": bytes}


def test_future_import_added_and_removed(workspace: Workspace) -> None:
    m = workspace.load("m", "class A:\n    pass\n\ndef f(a: A):\n    return a\n")
    f = m.f
    workspace.replace(m, "class A:", "from __future__ import annotations\n\nclass A:")
    assert m.f is f
    assert f.__annotations__ == {"a": "A"}
    workspace.replace(m, "from __future__ import annotations\n", "")
    assert f.__annotations__ == {"a": m.A}


def test_order_of_new_names(workspace: Workspace) -> None:
    m = workspace.load("m", "b = 1\nd = 2\n")
    workspace.rewrite(m, "a = 0\nb = 1\nc = 5\nd = 2\n")
    names = [n for n in vars(m) if not n.startswith("__")]
    assert sorted(names) == ["a", "b", "c", "d"]


def test_exec_and_globals(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        N = 2

        for _i in range(N):
            globals()[f"v{_i}"] = _i

        exec("made = N * 10")

        def f():
            return made
        """,
    )
    assert (m.v1, m.made) == (1, 20)
    workspace.replace(m, "N = 2", "N = 3")
    assert (m.v2, m.made, m.f()) == (2, 30, 30)
    workspace.replace(m, "return made", "return [made]")
    assert m.f() == [30]


def test_untracked_module_whose_bytecode_cache_fits_is_known(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    m = workspace.import_("m", "X = []\n\ndef f():\n    return 1\n")
    x = m.X
    assert workspace.reload(m).outcome is Outcome.UNCHANGED
    assert m.X is x
    workspace.replace(m, "return 1", "return 2")
    assert m.f() == 2
    assert m.X is x, "only what changed runs"


@pytest.mark.parametrize("cache", ["of another version", "cut short", "none at all"])
def test_untracked_module_whose_cache_tells_nothing_runs_in_full(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    m = workspace.import_("m", "X = []\n\ndef f():\n    return 1\n")
    x = m.X
    if cache == "of another version":
        # Another process imports the edited file, and writes its cache, before this one reloads it.
        workspace.edit("m.py", "return 1", "return 2")
        py_compile.compile(m.__file__)
    elif cache == "cut short":
        Path(m.__cached__).write_bytes(Path(m.__cached__).read_bytes()[:-8])
    else:
        Path(m.__cached__).unlink()
    assert workspace.reload(m)
    assert m.X is not x
    assert m.f() == (2 if cache == "of another version" else 1)


def test_untracked_module_is_run_in_full_once(workspace: Workspace) -> None:
    m = workspace.import_("m", "X = []\n\ndef f():\n    return 1\n")
    f, x = m.f, m.X
    workspace.replace(m, "return 1", "return 2")
    assert m.f is f
    assert f() == 2
    kept = m.X
    assert kept == x == []
    workspace.replace(m, "return 2", "return 3")
    assert m.X is kept, "from now on only what changed runs"


def test_functions_see_the_live_namespace_after_several_edits(workspace: Workspace) -> None:
    m = workspace.load("m", "N = 0\n\ndef f():\n    return g() + N\n\ndef g():\n    return N\n")
    for value in range(1, 4):
        workspace.edit("m.py", f"N = {value - 1}", f"N = {value}")
        workspace.reload(m)
        assert m.f() == 2 * value
    m.N = 100
    assert m.f() == 200
    assert m.f.__globals__ is m.g.__globals__ is vars(m)


def test_module_with_a_class_of_its_own(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import sys
        from types import ModuleType

        class Lazy(ModuleType):
            @property
            def now(self):
                return "old"

        sys.modules[__name__].__class__ = Lazy
        X = 1
        """,
    )
    lazy = m.Lazy
    workspace.replace(m, '"old"', '"new"')
    assert m.now == "new"
    assert type(m) is m.Lazy is lazy
    workspace.edit("m.py", '"new"', '"newer"')
    with pytest.raises(ReloadError):
        workspace.replace(m, "X = 1", "X = 1 / 0")
    assert m.now == "new"
    assert type(m) is m.Lazy is lazy
