"""Finding plugins in folders, at paths and in installed packages, on real files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from themis_jupyter.dependencies import Dependency
from themis_jupyter.discovery import candidate_from_path, entry_point_candidates, scan_directory
from themis_jupyter.errors import PluginDefinitionError, PluginNotFoundError
from themis_jupyter.manifest_fields import FIELDS
from themis_jupyter.plugin import StatefulPlugin

PLUGIN = """
from themis_jupyter import StatefulPlugin

class Counter(StatefulPlugin):
    version = "1.0"
"""


class Folder:
    """A folder of plugins: ``folder["x.py"] = text`` writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __setitem__(self, name: str, text: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())

    def names(self) -> list[str]:
        return [c.name for c in self.scan()]

    def scan(self):
        result = scan_directory(self.path)
        assert not result.problems
        return result.candidates

    def problem(self) -> str:
        (problem,) = scan_directory(self.path).problems
        assert "\n" not in str(problem)
        return str(problem)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "plugins"
    path.mkdir()
    return Folder(path)


@pytest.fixture(autouse=True)
def _nothing_is_imported():
    modules, path = set(sys.modules), list(sys.path)
    yield
    new = set(sys.modules) - modules
    assert not {n for n in new if n.partition(".")[0] in ("counter", "lab", "other", "installed")}
    assert sys.path == path


# -- what looks like a plugin ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        PLUGIN,
        "import themis_jupyter as tj\nclass C(tj.Plugin): ...",
        "import themis_jupyter.plugin\nclass C(themis_jupyter.plugin.StatefulPlugin): ...",
        "from themis_jupyter import Plugin as P\nclass C(P): ...",
        "from themis_jupyter import *\nclass C(Plugin): ...",
        "from mylab import Plugin\nclass C(Plugin): ...",
        "from themis_jupyter import Plugin\nclass A(Plugin): ...\nclass B(A): ...",
        "from themis_jupyter import Plugin\nBase = Plugin\nclass C(Base): ...",
        "from themis_jupyter import Plugin\nclass C(Plugin[int]): ...",
        "from themis_jupyter import Plugin\nclass C(with_log(Plugin)): ...",
        "import themis_jupyter\ntry:\n  class C(themis_jupyter.Plugin): ...\nexcept OSError: ...",
        "from themis_jupyter import Plugin\nif True:\n    class C(Plugin): ...",
        "from themis_jupyter import Plugin\nclass A(Plugin): ...\nclass B(Plugin): ...",
        "def create_plugin(): ...",
        "create_plugin = make(1)",
        "def create_plugin():\n    raise SystemExit",
        "raise SystemExit\nfrom themis_jupyter import Plugin\nclass C(Plugin): ...",
    ],
)
def test_these_look_like_plugins(folder, text):
    folder["counter.py"] = text
    assert folder.names() == ["counter"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "class C: ...",
        "class C(Base): ...",
        "class C(C): ...",
        "class Plugin: ...\nclass C(Plugin): ...",
        "from themis_jupyter import Plugin",
        "from themis_jupyter import Plugin\nclass Registry(dict[str, Plugin]): ...",
        "from themis_jupyter import Plugin\ndef f():\n    class C(Plugin): ...",
        "from counter import create_plugin\nplugin = create_plugin()",
        "def main():\n    def create_plugin(): ...",
        "from themis_jupyter import Plugin\nif __name__ == '__main__':\n    class C(Plugin): ...",
        "class A(B): ...\nclass B(A): ...",
    ],
)
def test_these_do_not_and_are_skipped_in_silence(folder, text):
    folder["other.py"] = text
    assert folder.names() == []


def test_bases_in_files_beside_it_are_read(folder):
    folder["base.py"] = "from themis_jupyter import Plugin\nclass Base(Plugin):\n    version = '3'"
    folder["counter.py"] = "from base import Base\nclass Counter(Base): ..."
    folder["better.py"] = "import counter\nclass Better(counter.Counter): ..."
    folder["starred.py"] = "from counter import *\nclass Starred(Counter): ..."
    folder["unrelated.py"] = "from nowhere import Base\nclass C(Base): ..."
    found = {c.name: c.manifest.version for c in folder.scan()}
    assert found == {"base": "3", "better": "3", "counter": "3", "starred": "3"}


def test_packages(folder):
    folder["lab/__init__.py"] = "from .core import Counter"
    folder["lab/core.py"] = "from .deep.base import Base\nclass Counter(Base):\n    version = '2'"
    folder["lab/deep/base.py"] = "from ...lab.root import Root as Base"
    folder["lab/root.py"] = "from themis_jupyter import Plugin\nclass Root(Plugin): ..."
    folder["made/__init__.py"] = "from .core import create_plugin"
    folder["plain/__init__.py"] = "from .core import helper"
    folder["data/x.csv"] = "1"
    candidates = folder.scan()
    assert [c.name for c in candidates] == ["lab", "made"]
    lab = candidates[0]
    assert lab.module == "lab"
    assert lab.path == folder.path / "lab" / "__init__.py"
    assert lab.is_package
    assert lab.search_locations == (str(folder.path / "lab"),)
    assert lab.manifest.version == "2"


def test_plugin_json_makes_a_package_one_and_gives_its_fields(folder):
    folder["lab/__init__.py"] = "Counter = make_class()"
    folder["lab/plugin.json"] = '{"name": "counter", "version": "2", "dependencies": ["log"]}'
    (lab,) = folder.scan()
    assert (lab.name, lab.module, lab.manifest.version) == ("counter", "lab", "2")
    assert lab.manifest.dependencies == (Dependency("log"),)
    assert set(lab.manifest.unknown) == set(FIELDS) - {"name", "version", "dependencies"}
    assert lab.json_fields() == {
        "name": "counter",
        "version": "2",
        "dependencies": (Dependency("log"),),
    }

    class Counter(StatefulPlugin):
        description = "live"

    manifest = lab.manifest_of(Counter, lab.json_fields())
    assert (manifest.name, manifest.version, manifest.description) == ("counter", "2", "live")


def test_a_file(folder):
    folder["counter.py"] = PLUGIN
    (counter,) = folder.scan()
    assert counter.path == folder.path / "counter.py"
    assert not counter.is_package
    assert counter.search_locations is None
    assert counter.entry_point is None
    assert counter.json_fields() is None


def test_in_the_order_of_names(folder):
    folder["a.py"] = PLUGIN + "    name = 'zeta'"
    folder["z.py"] = PLUGIN + "    name = 'alpha'"
    folder["m.py"] = PLUGIN
    assert folder.names() == ["alpha", "m", "zeta"]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.py",
        ".#counter.py",
        "#counter.py#",
        "counter.py~",
        ".~counter.py",
        "~counter.py",
        "flycheck_counter.py",
        "counter_flymake.py",
        "counter.py.swp",
        "counter.txt",
        "__init__.py",
        "__main__.py",
        "__pycache__/counter.py",
        "__pycache__/__init__.py",
        ".ipynb_checkpoints/__init__.py",
        ".git/__init__.py",
        "below/counter.py",
    ],
)
def test_what_is_never_looked_at(folder, name):
    folder[name] = "def f(:" if "below" not in name and name != "__init__.py" else PLUGIN
    result = scan_directory(folder.path)
    assert result.candidates == ()
    if name != "__init__.py":
        assert result.problems == ()


def test_encodings(folder):
    latin_text = "# coding: latin-1" + PLUGIN + "    description = 'ä'"
    folder["latin.py"] = latin_text.encode("latin-1")
    folder["bom.py"] = b"\xef\xbb\xbf" + PLUGIN.encode()
    folder["crlf.py"] = PLUGIN.replace("\n", "\r\n").encode()
    bom, crlf, latin = folder.scan()
    assert latin.manifest.description == "ä"
    assert bom.manifest.version == crlf.manifest.version == "1.0"


# -- problems --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "x.py",
            "a = 1\nx = (1,\n",
            "x.py does not parse: line 2: '(' was never closed at 'x = (1,'",
        ),
        ("x.py", b"x = '\0'", "x.py does not parse"),
        ("x.py", b"x = '\xff'", "x.py cannot be decoded"),
        ("x.py", b"# coding: nonsense\n", "x.py cannot be decoded: unknown encoding: nonsense"),
        ("x.py", PLUGIN.replace('"1.0"', "1.0"), "class 'Counter' in x.py: version is 1.0 (float)"),
        ("x.py", PLUGIN + "    name = '../y'", "name: '../y' cannot be the name of a plugin"),
        (
            "x.py",
            PLUGIN + "    name = '/etc/y'",
            "cannot be the name of a plugin; expected letters",
        ),
        ("my-plugin.py", PLUGIN, "rename it, for instance to 'my_plugin.py'"),
        ("class.py", PLUGIN, "is a Python keyword"),
        ("json.py", PLUGIN, "it would hide Python's own module 'json'"),
        ("my-lab/__init__.py", PLUGIN, "rename it, for instance to 'my_lab'"),
        (
            "lab/plugin.json",
            "{}",
            "lab/ has a plugin.json but no __init__.py; a plugin's folder needs",
        ),
    ],
)
def test_a_problem_names_file_and_reason(folder, name, content, said):
    folder[name] = content
    folder["fine.py"] = PLUGIN
    assert said in folder.problem()
    assert [c.name for c in scan_directory(folder.path).candidates] == ["fine"]


def test_plugin_json_problems(folder):
    folder["lab/__init__.py"] = PLUGIN
    for content, said in {
        '{"name": "/etc/passwd"}': "lab/plugin.json: name is '/etc/passwd'; expected letters",
        '{"name": "../x"}': "lab/plugin.json: name is '../x'; expected letters",
        '{"version": "2"}': "version is '1.0' in the class and '2' in plugin.json",
    }.items():
        folder["lab/plugin.json"] = content
        assert said in folder.problem()


def test_duplicate_names_leave_the_first(folder):
    folder["counter.py"] = PLUGIN
    folder["counter_copy.py"] = PLUGIN + "    name = 'counter'"
    result = scan_directory(folder.path)
    assert [c.path.name for c in result.candidates] == ["counter.py"]
    assert "counter_copy.py' is left out: its name 'counter' is that of" in folder.problem()
    assert "counter.py' too; rename one" in folder.problem()


def test_a_package_hides_the_file_of_that_name(folder):
    folder["counter.py"] = PLUGIN + "    name = 'file'"
    folder["counter/__init__.py"] = PLUGIN + "    name = 'package'"
    assert [c.name for c in scan_directory(folder.path).candidates] == ["package"]
    assert "its module 'counter' is that of" in folder.problem()


def test_a_plugin_folder_scanned_by_mistake(folder):
    folder["__init__.py"] = PLUGIN
    assert "is itself a plugin: load it by its path, or scan the folder above" in folder.problem()


def test_a_folder_that_is_not_there(folder):
    with pytest.raises(
        PluginNotFoundError, match=r"there is no '.*plugns'; did you mean 'plugins'"
    ):
        scan_directory(folder.path.parent / "plugns")
    folder["x.py"] = ""
    with pytest.raises(PluginNotFoundError, match="is a file, not a folder; load it by its path"):
        scan_directory(folder.path / "x.py")


def test_a_file_that_may_not_be_read(folder, monkeypatch):
    folder["x.py"] = PLUGIN

    def read_bytes(path):  # chmod(0) keeps nothing from root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert "x.py' cannot be read: Permission denied" in folder.problem()
    assert "x.py' cannot be read: Permission denied" in refused(folder.path / "x.py")


def test_a_file_that_goes_while_it_is_read(folder, monkeypatch):
    folder["x.py"] = PLUGIN

    def read_bytes(path):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert folder.names() == []


def test_pipes_and_folders_named_like_files_are_not_read(folder):
    os.mkfifo(folder.path / "pipe.py")
    (folder.path / "folder.py").mkdir()
    assert folder.names() == []


# -- links -----------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path):
    outside = Folder(tmp_path / "outside")
    outside["counter.py"] = PLUGIN
    outside["lab/__init__.py"] = PLUGIN
    outside["data/secret.txt"] = "1"
    return outside.path


def test_links_out_of_the_folder_are_not_followed(folder, outside):
    for name in ("counter.py", "lab", "data"):
        (folder.path / name).symlink_to(outside / name)
    (folder.path / "gone.py").symlink_to(outside / "gone.py")
    (folder.path / "circle.py").symlink_to(folder.path / "circle.py")
    result = scan_directory(folder.path)
    assert result.candidates == ()
    assert [p.plugin for p in result.problems] == ["counter.py", "lab"]
    for problem in result.problems:
        assert "is a link that leads out of the folder" in str(problem)


def test_links_within_a_package_are_not_followed_out_either(folder, outside):
    folder["lab/__init__.py"] = "from .core import Counter"
    (folder.path / "lab" / "core.py").symlink_to(outside / "counter.py")
    assert folder.names() == []
    folder["pkg/plugin.json"] = "{}"
    (folder.path / "pkg" / "__init__.py").symlink_to(outside / "counter.py")
    assert "__init__.py' is a link that leads out of the folder" in folder.problem()


def test_links_inside_the_folder_are_fine(folder, outside):
    folder["versions/v2.py"] = PLUGIN
    (folder.path / "counter.py").symlink_to("versions/v2.py")
    (counter,) = folder.scan()
    assert (counter.name, counter.path) == ("counter", folder.path / "counter.py")
    link = folder.path.parent / "link"
    link.symlink_to(folder.path)
    assert [c.name for c in scan_directory(link).candidates] == ["counter"]


# -- by path ---------------------------------------------------------------------------------------


def missing(path):
    with pytest.raises(PluginNotFoundError) as caught:
        candidate_from_path(path)
    return str(caught.value)


def refused(path):
    with pytest.raises(PluginDefinitionError) as caught:
        candidate_from_path(path)
    return str(caught.value)


def test_a_path_as_text_or_path_relative_or_from_home(folder, monkeypatch):
    folder["counter.py"] = PLUGIN
    file = folder.path / "counter.py"
    expected = candidate_from_path(file)
    assert (expected.module, expected.path, expected.manifest.version) == ("counter", file, "1.0")
    assert candidate_from_path(str(file)) == expected
    monkeypatch.setenv("HOME", str(folder.path))
    assert candidate_from_path("~/counter.py") == expected
    monkeypatch.chdir(folder.path)
    assert candidate_from_path("counter.py") == expected
    assert candidate_from_path("../plugins/./counter.py") == expected


def test_a_package_by_its_folder_or_its_init(folder):
    folder["lab/__init__.py"] = PLUGIN
    package = candidate_from_path(folder.path / "lab")
    assert (package.module, package.is_package) == ("lab", True)
    assert candidate_from_path(folder.path / "lab" / "__init__.py") == package


def test_a_link_by_path_is_followed_and_names_the_module(folder, outside):
    (folder.path / "mine.py").symlink_to(outside / "counter.py")
    assert candidate_from_path(folder.path / "mine.py").module == "mine"


def test_what_need_not_look_like_a_plugin(folder):
    folder["counter.py"] = "Counter = make_class()"
    candidate = candidate_from_path(folder.path / "counter.py")
    assert candidate.name == "counter"
    assert set(candidate.manifest.unknown) == set(FIELDS)
    folder["counter.py"] = "def f(:"
    assert candidate_from_path(folder.path / "counter.py") == candidate


def test_a_missing_file_names_the_nearest(folder):
    folder["counter.py"] = PLUGIN
    folder["counter.txt"] = ""
    assert missing(folder.path / "countr.py").endswith("countr.py'; did you mean 'counter.py'?")
    assert missing(folder.path / "counter").endswith("'; did you mean 'counter.py'?")
    assert missing(folder.path / "zzz.py") == f"there is no '{folder.path / 'zzz.py'}'"
    assert missing(folder.path.parent / "plugin" / "sub" / "x.py") == (
        f"there is no folder '{folder.path.parent / 'plugin'}'; did you mean 'plugins'?"
    )


@pytest.mark.parametrize(
    "path", ["", "a\0b.py", "a\nb.py", "~nobody_of_that_name/x.py", "x" * 5000]
)
def test_what_is_not_a_path(path):
    said = missing(path)
    assert len(said) < 200
    assert "\n" not in said


def test_what_cannot_be_a_plugin(folder):
    folder["notes.ipynb"] = "{}"
    folder["my-plugin.py"] = folder["json.py"] = folder["class.py"] = PLUGIN
    assert "is not a .py file; a plugin is a .py file or a package folder" in refused(
        folder.path / "notes.ipynb"
    )
    assert "rename it, for instance to 'my_plugin.py'" in refused(folder.path / "my-plugin.py")
    assert "it would hide Python's own module 'json'" in refused(folder.path / "json.py")
    assert "is a Python keyword" in refused(folder.path / "class.py")
    os.mkfifo(folder.path / "pipe.py")
    assert "is not a .py file" in refused(folder.path / "pipe.py")


def test_a_folder_without_a_plugin_lists_what_is_needed(folder):
    said = refused(folder.path)
    assert "is not a plugin: it has no __init__.py. In short, a plugin's folder needs an" in said
    assert "plugin.json" in said
    folder["counter.py"] = PLUGIN
    assert "it holds counter.py: load one by its path, or scan the folder" in refused(folder.path)


def test_a_bad_field_is_told_before_anything_runs(folder):
    folder["counter.py"] = PLUGIN + "    dependencies = 'storage'\nraise SystemExit"
    assert "class 'Counter' in counter.py: dependencies is 'storage' (str)" in refused(
        folder.path / "counter.py"
    )


# -- entry points ----------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a distribution: entry points, and files."""
    site = Folder(tmp_path / "site")
    site.path.mkdir()
    path = list(sys.path)
    sys.path.insert(0, str(site.path))

    def install(points, name="installed"):
        entries = "".join(f"{n} = {v}\n" for n, v in points.items())
        site[f"{name}-1.0.dist-info/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        site[f"{name}-1.0.dist-info/entry_points.txt"] = f"[themis_jupyter.plugins]\n{entries}"
        return site

    yield install
    sys.path[:] = path


def test_entry_points_are_found_without_importing_anything(installed):
    site = installed({"counter": "installed.plugins.counter", "made": "installed:create_plugin"})
    site["installed/__init__.py"] = "raise SystemExit\ndef create_plugin(): ..."
    site["installed/plugins/__init__.py"] = "raise SystemExit"
    site["installed/plugins/counter.py"] = (
        "from ..base import Base\nclass Counter(Base):\n    load_priority = 4\nraise SystemExit"
    )
    site["installed/base.py"] = PLUGIN.replace("Counter", "Base")
    result = entry_point_candidates()
    assert result.problems == ()
    counter, made = result.candidates
    assert (counter.name, counter.entry_point, counter.attr) == ("counter", "counter", None)
    assert counter.module == "installed.plugins.counter"
    assert counter.path == site.path / "installed" / "plugins" / "counter.py"
    assert (counter.manifest.version, counter.manifest.load_priority) == ("1.0", 4)
    assert (made.name, made.module, made.attr) == ("made", "installed", "create_plugin")
    assert made.is_package
    assert made.search_locations == (str(site.path / "installed"),)


def test_an_entry_point_may_name_one_of_several_classes(installed):
    site = installed({"second": "installed:Second"})
    site["installed.py"] = PLUGIN + "class Second(StatefulPlugin):\n    version = '2'"
    (second,) = entry_point_candidates().candidates
    assert (second.name, second.manifest.version, second.manifest.unknown) == ("second", "2", ())


def test_modules_beside_an_installed_one_are_not_read(installed):
    site = installed({"counter": "installed"})
    site["other.py"] = PLUGIN
    site["installed.py"] = "from other import Counter\nclass Mine(Counter): ..."
    (counter,) = entry_point_candidates().candidates
    assert "version" in counter.manifest.unknown


@pytest.mark.parametrize(
    ("point", "value", "said"),
    [
        ("counter", "nowhere.at.all", "of installed: there is no module 'nowhere.at.all'"),
        ("counter", "installed.gone", "there is no module 'installed.gone'"),
        ("counter", "themis_jupyter.errors.x", "there is no module"),
        ("counter", "not a module!", "expected 'module' or 'module:attr'"),
        ("../x", "installed", "cannot be the name of a plugin"),
        ("counter", "itertools", "module 'itertools' has no source file (.py)"),
        ("counter", "installed.broken", "broken.py does not parse: line 1"),
    ],
)
def test_a_broken_entry_point_is_a_problem(installed, point, value, said):
    site = installed({point: value})
    site["installed/__init__.py"] = ""
    site["installed/broken.py"] = "def f(:"
    result = entry_point_candidates()
    assert result.candidates == ()
    (problem,) = result.problems
    assert said in str(problem)


def test_two_entry_points_of_one_name(installed):
    installed({"counter": "installed"})
    site = installed({"counter": "other"}, "other")
    site["installed.py"] = site["other.py"] = PLUGIN
    result = entry_point_candidates()
    assert [c.module for c in result.candidates] == ["installed"]
    assert "its name 'counter' is that of" in str(result.problems[0])
