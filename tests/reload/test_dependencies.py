"""New imports that fail, early or late: nothing of them is left."""

from __future__ import annotations

import sys

import pytest

from tests.reload import snapshot
from tests.reload.test_side_effects import OWN, SHARED
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

BROKEN = {
    "missing": ("", "import no_module_of_this_name"),
    "missing submodule": ("", "import json.no_module_of_this_name"),
    "missing name": ("A = 1\n", "from helper import B"),
    "raises": ("1 / 0\n", "import helper"),
    "raises late": ("import shared\nshared.LIST.append(1)\nLIST = [1]\n1 / 0\n", "import helper"),
    "syntax error": ("def (:\n", "import helper"),
    "null byte": ("\0", "import helper"),
    "exits": ("raise SystemExit\n", "import helper"),
    "good, but what follows fails": ("A = 1\n", "import helper\n1 / 0"),
    "imports the module back and fails": ("import m\nm.ITEMS\nm.NEW\n", "import helper"),
    "patches others": ("import shared\nshared.LEVEL = 5\nshared.DICT['x'] = 1\n",
                       "import helper\n1 / 0"),
    "imports another": ("import helper2\n", "import helper\n1 / 0"),
    "derives from a live class, then fails": (
        "import shared\nclass Sub(shared.Base):\n    pass\n1 / 0\n", "import helper"),
    "in a package": ("", "import bundle.part.deep\n1 / 0"),
    "in a package that fails": ("", "import bundle.broken"),
}  # fmt: skip


@pytest.mark.parametrize(("helper", "line"), BROKEN.values(), ids=BROKEN)
def test_broken_dependency(workspace: Workspace, helper: str, line: str) -> None:
    shared = workspace.load("shared", SHARED)
    m = workspace.load("m", OWN)
    workspace.write("helper.py", helper)
    workspace.write("helper2.py", "import shared\n\nclass Sub(shared.Base):\n    pass\n")
    workspace.write("bundle/__init__.py", "from .part import X\n")
    workspace.write("bundle/part/__init__.py", "X = 1\n")
    workspace.write("bundle/part/deep.py", "from .. import X\n")
    workspace.write("bundle/broken.py", "from . import part\n1 / 0\n")
    workspace.write("m.py", f"{OWN}\n{line}\n")
    before = snapshot.take(modules=(m, shared))
    with pytest.raises(ReloadError):
        workspace.reload(m)
    assert snapshot.difference(before, snapshot.take(modules=(m, shared))) == []
    assert not [name for name in sys.modules if name.startswith(("helper", "bundle"))]
    # Mended, and imported for good.
    workspace.write("helper.py", "A = B = 1\n")
    workspace.write("m.py", f"{OWN}\nimport helper, bundle.part.deep\n")
    assert workspace.reload(m)
    assert m.helper.A == m.bundle.part.deep.X == 1
    assert sys.modules["helper"] is m.helper


def test_submodule_of_a_loaded_package_is_taken_back(workspace: Workspace) -> None:
    workspace.write("bundle/__init__.py", "X = 1\n")
    workspace.write("bundle/part.py", "Y = 1\n")
    bundle = workspace.load("bundle")
    m = workspace.load("m", "Z = 1\n")
    workspace.write("m.py", "from bundle import part\n1 / 0\n")
    with pytest.raises(ReloadError):
        workspace.reload(m)
    assert not hasattr(bundle, "part")
    assert "bundle.part" not in sys.modules
    workspace.rewrite(m, "from bundle import part\nZ = part.Y\n")
    assert m.part is bundle.part is sys.modules["bundle.part"]


def test_module_that_was_already_imported_is_not_touched(workspace: Workspace) -> None:
    helper = workspace.import_("helper", "A = []\n")
    items = helper.A
    m = workspace.load("m", "Z = 1\n")
    workspace.write("m.py", "import helper\nimport importlib\nimportlib.reload(helper)\n1 / 0\n")
    with pytest.raises(ReloadError):
        workspace.reload(m)
    assert sys.modules["helper"] is helper
    assert helper.A is items


def test_error_of_a_dependency_names_it(workspace: Workspace) -> None:
    m = workspace.load("m", "Z = 1\n")
    workspace.write("m.py", "import no_module_of_this_name\n")
    with pytest.raises(ReloadError, match="no_module_of_this_name") as caught:
        workspace.reload(m)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
