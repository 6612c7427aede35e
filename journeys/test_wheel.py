"""The wheel, installed where there is no Node, in a browser; and the sdist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from journeys.conftest import Notebook, Server
from themis_jupyter import __version__
from tools.environment import CONSTRAINTS
from tools.labextension import OUTPUT, ROOT

SHARED = f"themis_jupyter-{__version__}.data/data/share/jupyter/labextensions/themis-jupyter/"
#: What an older build may have left.
STALE = OUTPUT / "static" / "stale.js"


def run(*command: str | Path, **variables: str) -> str:
    """Run in the checkout; return all that was printed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def pip(*arguments: str | Path, **variables: str) -> None:
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, **variables)


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def hide_node(patch: pytest.MonkeyPatch, python: Path) -> None:
    """Leave nothing on the path but what is in the environment of an interpreter."""
    patch.setenv("PATH", str(python.parent))
    assert [*map(shutil.which, ("node", "nodejs", "npm", "npx"))] == [None] * 4


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    STALE.parent.mkdir(parents=True, exist_ok=True)
    STALE.touch()
    folder = tmp_path_factory.mktemp("dist")
    pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    return only(folder, "*.whl")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a fresh environment with JupyterLab and the wheel."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    with pytest.MonkeyPatch.context() as patch:
        hide_node(patch, python)
        # Most of what it brings is never imported: half of the time would go into compiling it.
        install = ("--python", python, "install", "--no-compile", "--constraint", CONSTRAINTS)
        pip(*install, f"{wheel}[lab]")
    return python


def test_what_is_in_the_wheel(wheel: Path) -> None:
    inside = names(wheel)
    assert {f"{SHARED}package.json", f"{SHARED}install.json"} <= {*inside}
    assert sum("remoteEntry" in each for each in inside) == 1
    assert not [each for each in inside if each.startswith("themis_jupyter/labextension")]
    assert not [
        each for each in inside if re.search(r"node_modules|tsbuildinfo|stale|build_log", each)
    ]


def test_an_sdist_needs_no_node(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = str(tmp_path / "backend")
    pip("install", "--target", backend, "hatchling>=1.26")
    build = ("-m", "hatchling", "build", "--target", "sdist", "--directory")
    run(sys.executable, *build, tmp_path, PYTHONPATH=backend)
    hide_node(monkeypatch, Path(sys.executable))
    make = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path)
    pip(*make, only(tmp_path, "*.tar.gz"), PYTHONPATH=backend)
    assert names(only(tmp_path, "*.whl")) == names(wheel)


def test_jupyterlab_lists_it(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_node(monkeypatch, installed)
    aside = {f"JUPYTER_{each}_DIR": str(tmp_path / each) for each in ("CONFIG", "DATA", "RUNTIME")}
    listed = run(installed, "-m", "jupyter", "labextension", "list", **aside)
    listed = re.sub(r"\x1b\[\d*m", "", listed)
    assert str(installed.parent.parent / "share") in listed
    assert f"themis-jupyter v{__version__} enabled OK" in listed


def test_it_works_in_a_browser(
    installed: Path, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_node(monkeypatch, installed)
    server = Server("lab", tmp_path, installed)
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    try:
        notebook = Notebook(server, context, "a1b2c3d4")
        page = notebook.page
        opens = "window.jupyterapp.commands.{}('themis-jupyter:open')"
        assert page.evaluate(opens.format("hasCommand"))
        page.evaluate(opens.format("execute"))
        bar = page.locator(".jp-themis-Panel")
        bar.get_by_role("button", name="Load the extension").click()
        expect(bar).to_contain_text("counter")
        shown = notebook.run(0, "import themis_jupyter\nprint(themis_jupyter.__file__)")
        assert str(installed.parent.parent) in shown
        notebook.run(1, "%load_plugin counter.py --as counter;")
        notebook.edit("return 1", "return 2")
        bar.get_by_role("button", name="Reload: counter").click()
        expect(bar).to_contain_text("counter reloaded in")
        assert notebook.run(2, "print(counter.edition())").strip() == "2"
    finally:
        context.close()
        server.stop()
