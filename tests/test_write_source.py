"""Writing a user's file: whole or not at all, and never over what is kept nowhere else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from themis_jupyter.write_source import write_source


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        assert write_source(tmp_path / "sub" / "a.py", b"x = 1\n") is None
    finally:
        os.umask(mask)
    assert (tmp_path / "sub/a.py").read_bytes() == b"x = 1\n"
    assert (tmp_path / "sub/a.py").stat().st_mode & 0o777 == 0o640
    assert names(tmp_path / "sub") == ["a.py"]


def test_what_is_known_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")
    file.chmod(0o755)
    assert write_source(file, b"new", {sha(b"old")}) is None
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o755
    assert names(tmp_path) == ["a.py"]


def test_what_is_not_known_is_kept_beside(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    for text, beside in (
        (b"one", "a.py.orig"), (b"two", "a.py.orig2"), (b"three", "a.py.orig3"),
        (b"two", "a.py.orig2"),
    ):  # fmt: skip
        file.write_bytes(text)
        assert write_source(file, b"new") == tmp_path / beside
        assert (tmp_path / beside).read_bytes() == text
    assert names(tmp_path) == ["a.py", "a.py.orig", "a.py.orig2", "a.py.orig3"]


@pytest.mark.parametrize("text", [b"", b" \n\n", b"new"])
def test_what_is_nothing_or_the_same_needs_no_copy(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(text)
    assert write_source(file, b"new") is None
    assert (file.read_bytes(), names(tmp_path)) == (b"new", ["a.py"])


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there/real.py", tmp_path / "link.py"
    real.write_bytes(b"old")
    link.symlink_to(os.path.join("there", "real.py"))
    assert write_source(link, b"new") == real.with_name("real.py.orig")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("at", ["mkstemp", "replace"])
def test_what_cannot_be_written_is_as_it_was(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    module = "tempfile" if at == "mkstemp" else "os"
    monkeypatch.setattr(f"themis_jupyter.write_source.{module}.{at}", refuse)
    with pytest.raises(PermissionError):
        write_source(file, b"new")
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["a.py"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"old")
    folder.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            write_source(folder / "a.py", b"new")
    finally:
        folder.chmod(0o700)
    assert names(folder) == ["a.py"]


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_source(tmp_path, b"new")
