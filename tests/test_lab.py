"""``make lab``: trying a notebook out leaves the project's own notebooks as they are."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
NAME = "01_first_reload.ipynb"


@pytest.fixture
def contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LargeFileManager:
    """Give what saves notebooks, with the option that the Makefile gives to JupyterLab."""
    found = re.search(r"--ContentsManager\.pre_save_hook=(\S+)", (ROOT / "Makefile").read_text())
    assert found
    monkeypatch.syspath_prepend(str(ROOT))
    shutil.copy(ROOT / "notebooks" / NAME, tmp_path)
    config = Config()
    config.ContentsManager.pre_save_hook = found.group(1)
    return LargeFileManager(root_dir=str(tmp_path), config=config)


def run(contents: LargeFileManager) -> dict[str, Any]:
    """Return the notebook as JupyterLab has it after some cells were run."""
    model: dict[str, Any] = contents.get(NAME)
    assert model["type"] == "notebook"
    for number, cell in enumerate(model["content"]["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
            cell["metadata"] = {"scrolled": True}
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello\n"}]
    model["content"]["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    return {"type": "notebook", "format": "json", "content": model["content"]}


def test_a_notebook_of_ours_is_saved_as_it_was(contents: LargeFileManager, tmp_path: Path) -> None:
    contents.save(run(contents), NAME)
    assert (tmp_path / NAME).read_bytes() == (ROOT / "notebooks" / NAME).read_bytes()


def test_an_edit_is_saved(contents: LargeFileManager, tmp_path: Path) -> None:
    model = run(contents)
    model["content"]["cells"][0]["source"] = "# Edited"
    contents.save(model, NAME)
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    assert "# Edited" in text
    assert "hello" not in text


@pytest.mark.parametrize("name", ["Untitled.ipynb", "01_first_reload-Copy1.ipynb"])
def test_other_notebooks_keep_their_outputs(
    contents: LargeFileManager, tmp_path: Path, name: str
) -> None:
    contents.save(run(contents), name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "hello" in text
    assert "scrolled" in text


def test_other_files_are_saved(contents: LargeFileManager, tmp_path: Path) -> None:
    contents.save({"type": "file", "format": "text", "content": "x = 1\n"}, "01_x.py")
    contents.save({"type": "directory"}, "out")
    assert (tmp_path / "01_x.py").read_text() == "x = 1\n"
    assert (tmp_path / "out").is_dir()
