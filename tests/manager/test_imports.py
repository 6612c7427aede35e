"""The core imports without IPython, widgets or a browser, and imports point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import themis_jupyter

PACKAGE = Path(themis_jupyter.__file__).parent

PLUGIN = """
from themis_jupyter import StatefulPlugin
class P(StatefulPlugin):
    config_schema = {"type": "object"}
    def initialize(self, config): self.n = 0
    def edition(self): return 1
"""


def test_the_core_works_without_ipython_and_widgets(tmp_path: Path) -> None:
    """Load, reload, roll back and print a report, with an import blocker in the way."""
    script = f"""
        import sys

        BLOCKED = ("IPython", "ipykernel", "ipywidgets", "jupyter_client", "comm", "anywidget",
                   "notebook", "jupyterlab", "tornado", "zmq", "numpy", "watchfiles")

        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in BLOCKED:
                    raise ModuleNotFoundError("blocked: " + name, name=name)

        sys.meta_path.insert(0, Blocker())
        from pathlib import Path
        import themis_jupyter as tj

        lazy = [n for n in ("dill", "jsonschema", "ctypes", "importlib.metadata") if n in sys.modules]
        print("lazy", lazy)
        file = Path({str(tmp_path)!r}) / "plug.py"
        text = {PLUGIN!r}
        file.write_text(text)
        pm = tj.PluginManager()
        handle = pm.load_plugin(file, {{"a": 1}})
        handle.n = 4
        file.write_text(text.replace("return 1", "return 2"))
        report = pm.reload_plugin("plug")
        print(report.outcome.value, handle.edition(), handle.n, bool(repr(report)))
        file.write_text(text.replace("self.n = 0", "1 / 0"))
        report = pm.reload_plugin("plug")
        print(report.outcome.value, handle.edition(), handle.n, "<" in report._repr_mimebundle_()["text/html"])
        pm.unload_all_plugins()
        print([n for n in sys.modules if n.partition(".")[0] in BLOCKED])
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == [
        "lazy []",
        "reloaded 2 4 True",
        "rolled back 2 4 True",
        "[]",
    ], done.stderr


# -- imports point one way -------------------------------------------------------------------------

#: What everything may use, and which uses nothing but each other.
WORDS = (
    "errors",
    "collector",
    "phases",
    "events",
    "report",
    "plugin",
    "background",
    "task",
    "task_call",
    "tasks",
    "holds",
    "inflight",
    "names",
    "interrupts",
    "turns",
    "user_frames",
)
#: What nobody below may know of; they are strangers to each other.
TOP = ("magics", "widgets", "comm", "distributed")


def module_names() -> list[str]:
    return sorted(
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
    )


def imports(name: str, *, lazy: bool) -> set[str]:
    """Return the modules of ours that a module imports, relative to the package.

    :param lazy: also those imported inside functions.
    """
    path = PACKAGE.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    parts = name.split(".") if path.is_dir() else name.split(".")[:-1]
    if name == "__init__":
        file, parts = PACKAGE / "__init__.py", []
    tree = ast.parse(file.read_text())
    found: set[str] = set()
    for node in walk(tree, lazy):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts[: len(parts) - node.level + 1]
            base = base + (node.module.split(".") if node.module else [])
            names = [".".join([*base, alias.name]) for alias in node.names]
            found.update(n for n in names if n in ALL)
            if not all(n in ALL for n in names):
                found.add(".".join(base))
        elif isinstance(node, ast.ImportFrom | ast.Import):
            full = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            full += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found.update(
                f.removeprefix("themis_jupyter.") for f in full if f.startswith("themis_jupyter")
            )
    return found - {""}


def walk(tree: ast.AST, lazy: bool) -> list[ast.AST]:
    nodes: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not lazy:
            continue
        nodes += [node, *walk(node, lazy)]
    return nodes


ALL = set(module_names())


def within(name: str, group: str) -> bool:
    return name == group or name.startswith(group + ".")


@pytest.mark.parametrize("name", sorted(ALL))
def test_imports_point_one_way(name: str) -> None:
    everything = imports(name, lazy=True)
    allowed: tuple[str, ...]
    if name in WORDS:  # report renders itself, when it is asked to
        allowed = (*WORDS, "render") if name == "report" else WORDS
        assert all(any(within(i, a) for a in allowed) for i in everything)
    if within(name, "reload"):
        allowed = ("reload", *WORDS, "pinning")
        assert all(any(within(i, a) for a in allowed) for i in everything), everything
    if within(name, "state"):
        allowed = ("state", *WORDS)
        assert all(any(within(i, a) for a in allowed) for i in everything), everything
    for group in TOP:
        if not within(name, group):
            # Only what IPython calls may know of the magics, and only they may show a widget.
            # The extension, which begins and ends everything, begins and ends the comm as well.
            may = name == "__init__" or (group == "widgets" and within(name, "magics"))
            may = may or (group == "comm" and name == "magics.extension")
            assert may or not any(within(i, group) for i in everything), everything
            assert not any(within(i, group) for i in imports(name, lazy=False))
    if within(name, "render"):
        words = ("render", *WORDS)
        assert all(any(within(i, word) for word in words) for i in everything), everything


def test_there_are_no_circles() -> None:
    graph = {name: imports(name, lazy=False) & ALL - {name} for name in ALL if name != "__init__"}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name in done:
            return
        for needed in graph.get(name, ()):
            visit(needed, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_modules_are_short() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text().splitlines()) < 400, path
