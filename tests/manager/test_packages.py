"""Plugins that are packages, and plugins that installed packages announce."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.manager.conftest import Lab, in_thread
from themis_jupyter import Outcome, PinnedHashes
from themis_jupyter.errors import SourceError, ThemisError, VerificationError
from themis_jupyter.loading import SubmoduleFinder, VerifiedLoader

INIT = """
    from themis_jupyter import StatefulPlugin
    from .core import power
    from . import tools

    class Engine(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def power(self): return power()
        def tool(self): return tools.tool()
        def where(self): return "init old"
"""


@pytest.fixture
def package(lab: Lab) -> Any:
    lab.write("pack/__init__.py", INIT)
    lab.write("pack/core.py", """
        from .deep.inner import base
        def power(): return base() + " core old"
    """)  # fmt: skip
    lab.write("pack/deep/__init__.py", "NAME = 'deep'\n")
    lab.write("pack/deep/inner.py", "def base(): return 'inner old'\n")
    lab.write("pack/tools.py", "def tool(): return 'tool old'\n")
    handle = lab.load("pack")
    handle.n = 5
    return handle


def modules() -> dict[str, Any]:
    return {k: v for k, v in sys.modules.items() if k == "pack" or k.startswith("pack.")}


NAMES = ["pack", "pack.core", "pack.deep", "pack.deep.inner", "pack.tools"]


def test_load_and_unload(lab: Lab, package: Any) -> None:
    assert sorted(modules()) == NAMES
    for module in modules().values():
        assert isinstance(module.__loader__, VerifiedLoader)
    assert [f for f in sys.meta_path if isinstance(f, SubmoduleFinder)]
    lab.manager.unload_plugin("pack")
    assert modules() == {}
    assert not [f for f in sys.meta_path if isinstance(f, SubmoduleFinder)]
    assert lab.load("pack") is package


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("__init__.py", "init old", "init new"),
        ("core.py", "core old", "core new"),
        ("deep/inner.py", "inner old", "inner new"),
        ("tools.py", "tool old", "tool new"),
    ],
)
def test_an_edited_submodule_is_reloaded_in_place(
    file: str, old: str, new: str, lab: Lab, package: Any
) -> None:
    before = modules()
    power, tool = lab.module("pack.core").power, lab.module("pack.tools").tool
    lab.edit(f"pack/{file}", old, new)
    report = lab.reload("pack").raise_for_outcome()
    assert modules() == before
    assert lab.module("pack.core").power is power is lab.module("pack").power
    assert lab.module("pack.tools").tool is tool
    text = f"{package.power()} {package.tool()} {package.where()}"
    assert new in text
    assert text.count("old") == 3
    assert package.n == 5
    assert set(report.hashes) == set(NAMES)


def test_edits_all_over_are_one_transaction(lab: Lab, package: Any) -> None:
    for file in ("core", "tools", "deep/inner"):
        lab.edit(f"pack/{file}.py", "old", "new")
    lab.edit("pack/__init__.py", "self.n = 0", "self.n = 1 / 0")
    report = lab.reload("pack")
    assert report.outcome is Outcome.ROLLED_BACK
    assert package.power() == "inner old core old"
    lab.edit("pack/__init__.py", "self.n = 1 / 0", "self.n = 0")
    lab.reload("pack").raise_for_outcome()
    assert package.power() == "inner new core new"
    assert package.tool() == "tool new"


def test_a_syntax_error_in_a_submodule(lab: Lab, package: Any) -> None:
    lab.edit("pack/__init__.py", "init old", "init new")
    lab.edit("pack/deep/inner.py", "def base()", "def base(")
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert "inner.py is not valid Python (line 1)" in str(report.error)
    assert package.where() == "init old"


def test_a_new_submodule(lab: Lab, package: Any) -> None:
    lab.write("pack/extra.py", "def extra(): return 'extra'\n")
    lab.edit("pack/__init__.py", "from . import tools", "from . import tools, extra")
    lab.edit("pack/__init__.py", "tools.tool()", "tools.tool() + extra.extra()")
    lab.edit("pack/__init__.py", "self.n = 0", "self.n = 1 / 0")
    assert lab.reload("pack").outcome is Outcome.ROLLED_BACK
    assert sorted(modules()) == NAMES
    assert not hasattr(lab.module("pack"), "extra")
    lab.edit("pack/__init__.py", "self.n = 1 / 0", "self.n = 0")
    lab.reload("pack").raise_for_outcome()
    assert package.tool() == "tool oldextra"
    assert isinstance(lab.module("pack.extra").__loader__, VerifiedLoader)
    lab.edit("pack/extra.py", "'extra'", "'edited'")
    lab.reload("pack").raise_for_outcome()
    assert package.tool() == "tool oldedited"
    lab.manager.unload_plugin("pack")
    assert modules() == {}


def test_a_submodule_that_is_imported_when_first_used(lab: Lab, package: Any) -> None:
    lab.write("pack/lazy.py", "def late(): return 'late old'\n")
    lab.edit("pack/tools.py", "return 'tool old'", "from .lazy import late; return late()")
    lab.reload("pack").raise_for_outcome()
    assert package.tool() == "late old"
    lab.edit("pack/lazy.py", "old", "new")
    lab.reload("pack").raise_for_outcome()
    assert package.tool() == "late new"


def test_a_name_that_two_submodules_gain_and_use(lab: Lab, package: Any) -> None:
    """The one that is imported has to run first, whatever the files are called."""
    lab.write("pack/tools.py", "def tool(): return 'tool new'\ndef zeal(): return 'zeal'\n")
    lab.write("pack/core.py", """
        from .deep.inner import base
        from .tools import zeal
        TITLE = zeal().title()
        def power(): return TITLE
    """)  # fmt: skip
    lab.reload("pack").raise_for_outcome()
    assert package.power() == "Zeal"
    assert package.tool() == "tool new"


# -- submodules that go ----------------------------------------------------------------------------


def test_a_deleted_submodule_goes(lab: Lab, package: Any) -> None:
    (lab.folder / "pack/tools.py").unlink()
    lab.edit("pack/__init__.py", "from . import tools", "")
    lab.edit("pack/__init__.py", "tools.tool()", "'no tool'")
    lab.reload("pack").raise_for_outcome()
    assert package.tool() == "no tool"
    assert sorted(modules()) == [name for name in NAMES if name != "pack.tools"]
    assert not hasattr(lab.module("pack"), "tools")
    assert lab.reload("pack").outcome is Outcome.UNCHANGED
    assert package.n == 5


def test_a_deleted_submodule_is_in_the_plan(lab: Lab, package: Any) -> None:
    (lab.folder / "pack/tools.py").unlink()
    plan = lab.manager.plan_reload("pack")
    assert "tools.py is no longer there" in plan.problems[0]
    lab.edit("pack/__init__.py", "from . import tools", "")
    plan = lab.manager.plan_reload("pack")
    assert plan.problems == ()
    assert "removed module tools" in map(str, plan.changes)
    assert "pack.tools" in modules()


def test_a_deleted_submodule_comes_back_when_the_reload_fails(lab: Lab, package: Any) -> None:
    before, tools = modules(), lab.module("pack.tools")
    (lab.folder / "pack/tools.py").unlink()
    lab.edit("pack/__init__.py", "from . import tools", "")
    lab.edit("pack/__init__.py", "self.n = 0", "self.n = 1 / 0")
    assert lab.reload("pack").outcome is Outcome.ROLLED_BACK
    assert modules() == before
    assert lab.module("pack").tools is tools
    assert package.tool() == "tool old"


@pytest.mark.parametrize(
    "statement",
    ["from . import tools", "from .tools import tool", "import pack.tools", "from .tools import *"],
)
def test_a_deleted_submodule_that_is_still_imported(statement: str, lab: Lab, package: Any) -> None:
    (lab.folder / "pack/tools.py").unlink()
    lab.write("pack/core.py", f"def power():\n    {statement.replace(' *', ' tool')}\n")
    lab.edit("pack/__init__.py", "from . import tools", "")
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, SourceError)
    assert "tools.py is no longer there, but" in str(report.error)
    assert "core.py imports it (line 2)" in str(report.error)
    assert package.tool() == "tool old"


def test_the_whole_package_deleted(lab: Lab, package: Any) -> None:
    import shutil

    shutil.rmtree(lab.folder / "pack")
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert "no longer there" in str(report.error)
    assert package.where() == "init old"


# -- plugin.json -----------------------------------------------------------------------------------


def test_an_edited_plugin_json_is_an_edit(lab: Lab, package: Any) -> None:
    assert lab.reload("pack").outcome is Outcome.UNCHANGED
    lab.write("pack/plugin.json", json.dumps({"version": "2.5", "description": "Runs."}))
    report = lab.reload("pack")
    assert report.outcome is Outcome.RELOADED
    assert lab.manager.get_manifest("pack").version == "2.5"
    assert lab.reload("pack").outcome is Outcome.UNCHANGED
    assert package.n == 5


def test_a_plugin_json_that_is_none(lab: Lab, package: Any) -> None:
    lab.write("pack/plugin.json", '{"version": ')
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert "plugin.json" in str(report.error)
    assert package.where() == "init old"


# -- adopted, and broken ---------------------------------------------------------------------------


def test_a_package_that_was_imported_before(lab: Lab) -> None:
    lab.write("pack/__init__.py", INIT)
    lab.write("pack/core.py", "def power(): return 'core old'\n")
    lab.write("pack/tools.py", "def tool(): return 'tool old'\n")
    sys.path.insert(0, str(lab.folder))
    try:
        pack: Any = importlib.import_module("pack")
    finally:
        del sys.path[0]
    lab.edit("pack/core.py", "old", "new")
    handle = lab.load("pack")
    assert lab.module("pack") is pack
    assert handle.power() == "core new"
    lab.edit("pack/tools.py", "old", "new")
    lab.reload("pack").raise_for_outcome()
    assert handle.tool() == "tool new"


def test_a_package_that_fails_half_way_leaves_no_submodule(lab: Lab) -> None:
    lab.write("pack/__init__.py", INIT)
    lab.write("pack/core.py", "def power(): return 'core old'\n")
    lab.write("pack/tools.py", "1 / 0\n")
    with pytest.raises(ThemisError, match="ZeroDivisionError"):
        lab.load("pack")
    assert modules() == {}
    assert not [f for f in sys.meta_path if isinstance(f, SubmoduleFinder)]
    lab.write("pack/tools.py", "def tool(): return 'mended'\n")
    assert lab.load("pack").tool() == "mended"


def test_a_policy_is_asked_about_submodules(lab: Lab) -> None:
    import hashlib

    lab.write("pack/__init__.py", INIT)
    lab.write("pack/core.py", "def power(): return 'core old'\n")
    tools = lab.write("pack/tools.py", "def tool(): return 'tool old'\n")

    def hashes() -> dict[str, str]:
        files = {"pack": "__init__", "pack.core": "core", "pack.tools": "tools"}
        return {
            module: hashlib.sha256((lab.folder / f"pack/{file}.py").read_bytes()).hexdigest()
            for module, file in files.items()
        }

    pinned = hashes()
    tools.write_text("def tool(): return 'evil'\n")
    lab.manager.policy = PinnedHashes(pinned)
    with pytest.raises(VerificationError, match=r"tools\.py may not run"):
        lab.load("pack")
    assert modules() == {}
    tools.write_text("def tool(): return 'tool old'\n")
    handle = lab.load("pack")
    lab.edit("pack/core.py", "old", "evil")
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, VerificationError)
    assert handle.power() == "core old"
    lab.manager.policy = PinnedHashes(hashes())
    assert lab.reload("pack").outcome is Outcome.RELOADED
    lab.write("pack/new.py", "x = 1\n")
    lab.edit("pack/core.py", "def power", "from . import new\ndef power")
    lab.manager.policy = PinnedHashes(hashes())
    report = lab.reload("pack")
    assert report.outcome is Outcome.ABORTED
    assert "no hash is pinned for module 'pack.new'" in str(report.error)
    assert "pack.new" not in sys.modules


# -- entry points ----------------------------------------------------------------------------------


@pytest.fixture
def installed(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """A folder on the path with a distribution that announces three plugins."""
    site = tmp_path / "site"
    dist = site / "lab_tools-1.0.dist-info"
    dist.mkdir(parents=True)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-tools\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text(
        dedent("""
            [themis_jupyter.plugins]
            meter = lab_tools.meters.meter
            scale = lab_tools.scale:make
            ruler = lab_tools.ruler
        """)
    )
    files = {
        "lab_tools/__init__.py": "from .meters import meter\nLOADED = True\n",
        "lab_tools/meters/__init__.py": "",
        "lab_tools/meters/meter.py": """
            from themis_jupyter import StatefulPlugin
            from . import units
            class Meter(StatefulPlugin):
                def initialize(self, config): self.n = 0
                def where(self): return "meter old", units.UNIT
        """,
        "lab_tools/meters/units.py": "UNIT = 'm'\n",
        "lab_tools/scale.py": """
            from themis_jupyter import StatefulPlugin
            class A(StatefulPlugin):
                def where(self): return "a old"
            class B(StatefulPlugin):
                def where(self): return "b"
            def make(): return A()
        """,
        "lab_tools/ruler/__init__.py": """
            from themis_jupyter import StatefulPlugin
            from .marks import marks
            class Ruler(StatefulPlugin):
                def where(self): return marks()
        """,
        "lab_tools/ruler/marks.py": "def marks(): return 'marks old'\n",
    }
    for name, text in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    sys.path.insert(0, str(site))
    importlib.invalidate_caches()
    yield site
    lab.manager.unload_all_plugins()
    sys.path.remove(str(site))
    for name in [n for n in sys.modules if n.partition(".")[0] == "lab_tools"]:
        del sys.modules[name]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_entry_points_are_plugins(lab: Lab, installed: Path) -> None:
    assert {"meter", "scale", "ruler"} <= set(lab.manager.list_plugins())
    assert not [n for n in sys.modules if n.startswith("lab_tools")]
    assert lab.manager.get_manifest("meter").module == "lab_tools.meters.meter"


def test_an_entry_point_below_its_package(lab: Lab, installed: Path) -> None:
    handle = lab.manager.load_plugin("meter")
    assert handle.where() == ("meter old", "m")
    import lab_tools.meters.meter as meter  # type: ignore[import-not-found]

    assert sys.modules["lab_tools"].meter is meter is sys.modules["lab_tools.meters"].meter
    handle.n = 4
    replace(installed / "lab_tools/meters/meter.py", "meter old", "meter new")
    lab.reload("meter").raise_for_outcome()
    assert (handle.where(), handle.n) == (("meter new", "m"), 4)
    lab.manager.unload_plugin("meter")
    assert "lab_tools.meters.meter" not in sys.modules
    assert lab.manager.load_plugin("meter") is handle


def test_an_entry_point_that_names_a_function(lab: Lab, installed: Path) -> None:
    handle = lab.manager.load_plugin("scale")
    assert handle.where() == "a old"
    replace(installed / "lab_tools/scale.py", "return A()", "return B()")
    lab.reload("scale").raise_for_outcome()
    assert handle.where() == "b"


def test_an_entry_point_that_is_a_package(lab: Lab, installed: Path) -> None:
    handle = lab.manager.load_plugin("ruler")
    assert isinstance(sys.modules["lab_tools.ruler.marks"].__loader__, VerifiedLoader)
    replace(installed / "lab_tools/ruler/marks.py", "old", "new")
    lab.reload("ruler").raise_for_outcome()
    assert handle.where() == "marks new"
    lab.manager.unload_plugin("ruler")
    assert "lab_tools.ruler.marks" not in sys.modules
    assert "lab_tools" in sys.modules  # that is not the plugin


def test_an_entry_point_whose_name_the_class_does_not_repeat(lab: Lab, installed: Path) -> None:
    replace(installed / "lab_tools/scale.py", "class A(StatefulPlugin):",
            "class A(StatefulPlugin):\n    name = 'other'")  # fmt: skip
    report: list[Any] = []
    try:
        handle = lab.manager.load_plugin("scale")
    except ThemisError as error:
        report.append(error)
    else:
        assert lab.manager.list_loaded_plugins() == ["other"]
        assert in_thread(handle.where) == "a old"
