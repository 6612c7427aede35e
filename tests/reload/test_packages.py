"""Packages, circular imports, and several edited modules as one transaction."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.reload import snapshot
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace


@pytest.fixture
def package(workspace: Workspace) -> ModuleType:
    """A package whose ``__init__`` re-exports, with relative imports both ways."""
    workspace.write(
        "pack/__init__.py",
        """
        from . import util
        from .core import LIMIT, Engine, run
        from .util import *

        VERSION = 1

        def about():
            return ("old", VERSION)
        """,
    )
    workspace.write(
        "pack/core.py",
        """
        from .util import helper

        LIMIT = 100

        class Engine:
            def power(self):
                return helper(LIMIT)

        def run():
            return Engine().power()
        """,
    )
    workspace.write(
        "pack/util.py",
        """
        __all__ = ["helper", "FACTOR"]
        FACTOR = 2

        def helper(x):
            return x * FACTOR
        """,
    )
    workspace.write("pack/sub/__init__.py", "from ..core import Engine\nfrom .. import about\n")
    workspace.write("pack/sub/deep.py", "from . import Engine\n\nclass Turbo(Engine):\n    pass\n")
    pack = workspace.load("pack")
    for name in ("pack.core", "pack.util", "pack.sub", "pack.sub.deep"):
        workspace.load(name)
    return pack


def test_init_changes_and_submodules_are_kept(workspace: Workspace, package: ModuleType) -> None:
    before = {n: m for n, m in sys.modules.items() if n.startswith("pack")}
    core, util, engine = package.core, package.util, package.Engine
    workspace.replace(package, '("old", VERSION)', '("new", VERSION)')
    assert package.about() == sys.modules["pack.sub"].about() == ("new", 1)
    assert (package.core, package.util, package.Engine) == (core, util, engine)
    assert {n: m for n, m in sys.modules.items() if n.startswith("pack")} == before
    workspace.replace(package, "VERSION = 1", "VERSION = 2")
    assert package.about() == ("new", 2)
    assert workspace.reload(package, full=True)
    assert (package.core, package.sub, package.Engine) == (core, before["pack.sub"], engine)


def test_edited_submodule_shows_through_the_package(
    workspace: Workspace, package: ModuleType
) -> None:
    turbo = sys.modules["pack.sub.deep"].Turbo()
    run = package.run
    workspace.edit("pack/core.py", "return helper(LIMIT)", "return -helper(LIMIT)")
    workspace.replace(package.core, "LIMIT = 100", "LIMIT = 300")
    assert package.run is run
    assert run() == turbo.power() == -600
    assert package.LIMIT == 300, "a re-exported constant follows"
    assert isinstance(turbo, package.Engine)


def test_star_import_of_a_submodule(workspace: Workspace, package: ModuleType) -> None:
    workspace.replace(package.util, "FACTOR = 2", "FACTOR = 3")
    assert package.FACTOR == 3
    assert package.run() == 300


def test_relative_import_added(workspace: Workspace, package: ModuleType) -> None:
    workspace.write(
        "pack/extra.py", "from .core import LIMIT\n\ndef more():\n    return LIMIT + 1\n"
    )
    workspace.edit(
        "pack/core.py", "return Engine().power()", "from .extra import more\n    return more()"
    )
    workspace.reload(package.core)
    assert package.run() == 101
    assert sys.modules["pack.extra"] is package.extra
    workspace.replace(package, "VERSION = 1", "from .extra import more\n\nVERSION = 1")
    assert package.more() == 101


def test_several_modules_as_one_transaction(workspace: Workspace, package: ModuleType) -> None:
    core, util = package.core, package.util
    workspace.edit("pack/util.py", "def helper(x):", "def helper(x, y):")
    workspace.edit("pack/util.py", "return x * FACTOR", "return x * FACTOR + y")
    workspace.edit("pack/core.py", "helper(LIMIT)", "helper(LIMIT, y=BASE)")
    workspace.edit("pack/core.py", "LIMIT = 100", "LIMIT = 100\nBASE = helper(1, 1)")
    report = workspace.reload(util, core, package)
    assert core.BASE == 3
    assert package.run() == 203
    assert set(report.hashes) == {"pack.util", "pack.core", "pack"}


def test_several_modules_fail_together(workspace: Workspace, package: ModuleType) -> None:
    core, util = package.core, package.util
    workspace.edit("pack/util.py", "FACTOR = 2", "FACTOR = 5")
    workspace.edit("pack/util.py", "return x * FACTOR", "return [x * FACTOR]")
    workspace.edit("pack/core.py", "LIMIT = 100", "LIMIT = 1 / 0")
    before = snapshot.take(modules=(package, core, util))
    with pytest.raises(ReloadError):
        workspace.reload(util, core)
    assert snapshot.difference(before, snapshot.take(modules=(package, core, util))) == []
    workspace.edit("pack/core.py", "LIMIT = 1 / 0", "LIMIT = 10")
    workspace.reload(util, core)
    assert package.run() == [50]
    assert package.LIMIT == 10


def test_dependent_follows_a_new_base_class_of_the_same_transaction(
    workspace: Workspace,
) -> None:
    base = workspace.load("base", "class Old:\n    def f(self):\n        return 'old'\n")
    m = workspace.load("m", "from base import Old\n\nclass A(Old):\n    x = 1\n")
    a = m.A()
    workspace.edit(
        "base.py", "class Old", "class New:\n    def f(self):\n        return 'new'\n\nclass Old"
    )
    workspace.write("m.py", "from base import New\n\nclass A(New):\n    x = 1\n")
    workspace.reload(base, m)
    assert a.f() == "new"
    assert m.A.__bases__ == (base.New,)
    assert base.New.f.__globals__ is vars(base)
    assert not hasattr(m, "Old")


def test_module_imported_as_a_whole_in_one_transaction(workspace: Workspace) -> None:
    base = workspace.load("base", "X = 1\n\ndef f():\n    return X\n")
    m = workspace.load(
        "m", "import base\n\nY = base.X\nZ = base.f()\n\ndef g():\n    return base\n"
    )
    workspace.edit("base.py", "X = 1", "X = 2\nNEW = 7")
    workspace.edit("m.py", "Z = base.f()", "Z = base.f() + base.NEW")
    workspace.reload(base, m)
    assert (m.Y, m.Z) == (2, 9)
    assert m.base is m.g() is base is sys.modules["base"]


def test_circular_imports(workspace: Workspace) -> None:
    workspace.write("one.py", "import two\n\ndef f():\n    return two.g() + 1\n\nX = 1\n")
    workspace.write(
        "two.py", "import one\n\ndef g():\n    return one.X\n\ndef h():\n    return one.f()\n"
    )
    one, two = workspace.load("one"), workspace.load("two")
    f, g = one.f, two.g
    workspace.replace(one, "X = 1", "X = 10")
    assert two.h() == 11
    workspace.edit("one.py", "+ 1", "+ 2")
    workspace.edit("two.py", "return one.X", "return -one.X")
    workspace.reload(one, two)
    assert (one.f, two.g) == (f, g)
    assert two.h() == -8


def test_circular_from_imports_in_functions(workspace: Workspace) -> None:
    workspace.write(
        "one.py", "def f():\n    from two import g\n    return g() + 1\n\nclass A:\n    x = 1\n"
    )
    workspace.write("two.py", "from one import A\n\ndef g():\n    return A.x\n")
    one, two = workspace.load("one"), workspace.load("two")
    workspace.edit("one.py", "x = 1", "x = 5")
    workspace.edit("two.py", "return A.x", "return -A.x")
    workspace.reload(one, two)
    assert one.f() == -4
    assert two.A is one.A


def test_function_that_hides_the_submodule_of_its_name(workspace: Workspace) -> None:
    workspace.write("tool/__init__.py", "from .run import run\n\ndef about():\n    return 1\n")
    workspace.write("tool/run.py", "def run():\n    return 'old'\n")
    tool = workspace.load("tool")
    module = workspace.load("tool.run")
    run = tool.run
    workspace.replace(tool, "return 1", "return 2")
    assert tool.run is run
    workspace.replace(module, "'old'", "'new'")
    assert tool.run is run
    assert run() == "new"
    workspace.edit("tool/__init__.py", "return 2", "return run()")
    workspace.edit("tool/run.py", "'new'", "'newest'")
    workspace.reload(module, tool)
    assert tool.about() == "newest"
    assert tool.run is run
    assert workspace.reload(tool, full=True)
    assert tool.run is run


def test_lazy_package(workspace: Workspace) -> None:
    workspace.write(
        "lazy/__init__.py",
        """
        import importlib

        __all__ = ["work"]

        def __getattr__(name):
            if name == "work":
                return importlib.import_module(".heavy", __name__).work
            raise AttributeError(name)
        """,
    )
    workspace.write("lazy/heavy.py", "def work():\n    return 1\n")
    lazy = workspace.load("lazy")
    workspace.replace(lazy, '["work"]', '["work", "play"]')
    assert "lazy.heavy" not in sys.modules
    work = lazy.work
    heavy = workspace.load("lazy.heavy")
    workspace.replace(heavy, "return 1", "return 2")
    assert lazy.work is work
    assert work() == 2


def test_namespace_package_and_dotted_import(workspace: Workspace) -> None:
    workspace.write("space/part/one.py", "def f():\n    return 1\n")
    m = workspace.load("m", "import space.part.one\n\ndef g():\n    return space.part.one.f()\n")
    one = workspace.load("space.part.one")
    workspace.edit("space/part/one.py", "return 1", "return 2")
    workspace.edit("m.py", "return space.part.one.f()", "return -space.part.one.f()")
    workspace.reload(one, m)
    assert m.g() == -2
    assert m.space.part.one is one


def test_relative_import_in_a_new_subpackage_that_fails(
    workspace: Workspace, package: ModuleType
) -> None:
    workspace.write("pack/late/__init__.py", "from ..core import Engine\nfrom .inner import X\n")
    workspace.write("pack/late/inner.py", "from .. import VERSION\nX = VERSION / 0\n")
    workspace.edit("pack/core.py", "LIMIT = 100", "from .late import X\n\nLIMIT = 100")
    before = snapshot.take(modules=(package, package.core))
    with pytest.raises(ReloadError):
        workspace.reload(package.core)
    assert snapshot.difference(before, snapshot.take(modules=(package, package.core))) == []
    assert not hasattr(package, "late")
    workspace.edit("pack/late/inner.py", "VERSION / 0", "VERSION")
    workspace.reload(package.core)
    assert package.core.X == 1
