"""``make demo``: the notebook runs, the terminal tells it, and a failed expectation fails."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from themis_jupyter import Outcome, Phase
from tools.demo import failing_line, marked

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the notebook, with the files that it needs beside it."""
    folder = tmp_path_factory.mktemp("demo") / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns("out", ".*"))
    return folder / "01_first_reload.ipynb"


def demo(notebook: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py", notebook],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture(scope="module")
def told(notebook: Path) -> str:
    run = demo(notebook)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stderr == ""
    return run.stdout


def test_tells_each_outcome(told: str) -> None:
    outcomes = re.findall(r"^([a-z ]+?) +[\d.]+ ms +\d+ steps$", told, re.MULTILINE)
    assert outcomes == ["reloaded", "rolled back", "aborted", "aborted", "reloaded"]
    assert set(outcomes) <= {outcome.value for outcome in Outcome}


def test_tells_steps_with_times_and_what_changed(told: str) -> None:
    for step in Phase:
        assert re.search(rf"^ +{step.value} +[\d.]+ (µs|ms|s)\b", told, re.MULTILINE), step
    assert "changed function step" in told
    assert "KeyError: 'herons'" in told
    assert "\x1b" not in told


def test_writes_the_executed_notebook(told: str, notebook: Path) -> None:
    written = notebook.parent / "out" / notebook.name
    assert str(written) in told
    executed = nbformat.read(written, as_version=4)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert any("text/html" in o.get("data", {}) for cell in code for o in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_that_is_committed_has_no_outputs(path: Path) -> None:
    committed = nbformat.read(path, as_version=4)
    nbformat.validate(committed)
    assert set(committed.metadata) == {"kernelspec", "language_info"}
    for cell in committed.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_can_be_followed(path: Path) -> None:
    """Its cells have names, its links lead somewhere, it writes to a folder of its own, and ends with tasks."""
    cells = nbformat.read(path, as_version=4).cells
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id) for cell in cells)
    assert cells[-1].source.startswith("## Something to try\n")
    text = "\n".join(cell.source for cell in cells)
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert not [link for link in links if not (path.parent / link).exists()]
    assert set(re.findall(r"\bout/\w+", text)) == {f"out/{path.stem.partition('_')[2]}"}


def spoil(notebook: Path, cell_id: str, old: str, new: str) -> Path:
    """Write a copy of the notebook in which one cell says something else."""
    spoilt = nbformat.read(notebook, as_version=4)
    (cell,) = (cell for cell in spoilt.cells if cell.id == cell_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    path = notebook.with_name("spoilt.ipynb")
    nbformat.write(spoilt, path)
    return path


def test_a_failed_expectation_fails_the_command(notebook: Path) -> None:
    run = demo(spoil(notebook, "kept-state", "today.number == 40", "today.number == 41"))
    assert run.returncode == 1
    assert re.search(r'^FAILED: Cell \[\d+\], in "Nothing was lost"$', run.stdout, re.MULTILINE)
    assert '--> check("the pond knows what day it is", pond.today.number == 41)' in run.stdout
    assert "AssertionError: not so: the pond knows what day it is" in run.stdout
    assert "expectations held" not in run.stdout
    assert "\x1b" not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    executed = nbformat.read(notebook.parent / "out" / "spoilt.ipynb", as_version=4)
    assert any(o.output_type == "error" for c in executed.cells for o in c.get("outputs", ()))


def test_a_magic_that_is_used_wrongly_fails_the_command(notebook: Path) -> None:
    run = demo(spoil(notebook, "load", "pond.py", "pnd.py"))
    assert run.returncode == 1
    assert 'in "Load it and use it"' in run.stdout
    assert "UsageError" in run.stdout
    assert "pnd" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_missing_notebook_is_told(tmp_path: Path) -> None:
    run = demo(tmp_path / "none.ipynb")
    assert run.returncode == 1
    assert "none.ipynb cannot be read" in run.stdout
    assert run.stderr == ""


@pytest.mark.parametrize(
    "traceback",
    ["Cell In[3], line 2\n      1 x", "Cell In [3], line 2", "Cell In[3], line 2, in f()"],
)
def test_the_failing_line_is_found(traceback: str) -> None:
    assert failing_line(traceback, 3) == 2


def test_without_a_line_nothing_is_marked() -> None:
    assert failing_line("File x.py:3", 3) is None
    assert marked("a\nb", None) == ["    a", "    b"]
    assert marked("a\nb", 2) == ["    a", "--> b"]
