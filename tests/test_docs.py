"""README.md and docs/ say what is so: their examples run, their tables agree with the code.

A comment before a Python block says what becomes of it::

    <!-- test: write plugin.py -->              the block is a file
    <!-- test: run -->                          the block is a notebook's cell
    <!-- test: edit plugin.py | old | new -->   (needs no block) as the text tells the reader to do
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from themis_jupyter import Outcome, Phase
from themis_jupyter.phases import TRANSITIONS, UNTOUCHED

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

MARK = re.compile(r"<!-- test: (\w+) ?(.*?) -->")


def cells_of(page: Path) -> Iterator[str]:
    """Yield the source of a cell for each marked thing; fail for a Python block without a mark."""
    lines = iter(page.read_text(encoding="utf-8").splitlines())
    pending: tuple[str, str] | None = None
    for line in lines:
        mark = MARK.fullmatch(line)
        if mark and mark[1] == "edit":
            file, old, new = (part.strip() for part in mark[2].split("|"))
            yield EDIT.format(file=file, old=old, new=new)
        elif mark:
            pending = (mark[1], mark[2])
        elif line == "```python":
            block = "\n".join(iter(lambda: next(lines), "```"))
            assert pending is not None, f"{page.name}: no mark says how to test this:\n{block}"
            kind, file = pending
            pending = None
            yield f"%%writefile {file}\n{block}\n" if kind == "write" else block


EDIT = """\
from pathlib import Path

text = Path({file!r}).read_text(encoding="utf-8")
assert text.count({old!r}) == 1, "the page tells to edit what is not there once: " + {old!r}
_ = Path({file!r}).write_text(text.replace({old!r}, {new!r}), encoding="utf-8")
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in cells_of(page)]
    if not cells:
        return
    notebook = tmp_path / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "demo.py", notebook],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def table_after(marker: str) -> list[list[str]]:
    """Return the rows, without the heading, of the first table below a comment of how_it_works."""
    text = (ROOT / "docs" / "how_it_works.md").read_text(encoding="utf-8")
    _, found, rest = text.partition(f"<!-- {marker}:")
    assert found
    table = rest.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[2:]]


def test_steps_are_those_of_the_code() -> None:
    told = [row[0] for row in table_after("steps")]
    walked: list[Phase | Outcome] = []
    step: Phase | Outcome | None = None
    while not isinstance(step, Outcome):
        (step,) = TRANSITIONS[step] - {Phase.ROLLBACK, *Outcome} or {Outcome.RELOADED}
        walked.append(step)
    assert told == [step.value for step in walked[:-1]]
    assert walked[-1] is Outcome.RELOADED


def test_what_failure_means_is_as_in_the_code() -> None:
    for name, what, failure in table_after("steps"):
        nexts = TRANSITIONS[Phase(name)]
        assert failure == ("rolled back" if Phase.ROLLBACK in nexts else "aborted"), name
        assert (failure == "aborted") == (Phase(name) in UNTOUCHED), name
        assert ("*unchanged*" in what) == (Outcome.UNCHANGED in nexts), name


def test_outcomes_are_those_of_the_code() -> None:
    names = [outcome.value for outcome in Outcome]
    assert [row[0] for row in table_after("outcomes")] == names
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([a-z ]+) \|", readme, re.MULTILINE)[1:] == names


def test_modules_of_the_engine() -> None:
    """Each imports only from those before it in the table."""
    text = (ROOT / "docs/engine.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    order = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    folder = ROOT / "themis_jupyter/reload"
    assert sorted(order) == sorted(f.stem for f in folder.glob("*.py") if f.stem != "__init__")
    for number, module in enumerate(order):
        tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 1]
        used = {n.module or alias.name for n in imports for alias in n.names}
        assert used <= {*order[:number]}, f"{module} imports {used - {*order[:number]}}"
