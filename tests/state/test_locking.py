"""One process at a time, with flock and without."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.state.samples import PLUGIN, files, noise, snapshot
from themis_jupyter.errors import StoreError
from themis_jupyter.state import FileStore, locking
from themis_jupyter.state.disk import Folder
from themis_jupyter.state.locking import Temporary, is_abandoned, locked

WAYS = ["flock", "no flock", "no flock on this disk"]


@pytest.fixture(params=WAYS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder]:
    with pytest.MonkeyPatch.context() as patch:
        use(request.param, patch)
        with Folder.make(tmp_path / "folder", PLUGIN) as made:
            yield made


def use(way: str, patch: pytest.MonkeyPatch) -> None:
    if locking.fcntl is None and way != "no flock":
        pytest.skip("there is no flock here")
    if way == "no flock":
        patch.setattr(locking, "fcntl", None)
    elif way == "no flock on this disk":

        def flock(*args: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        patch.setattr(locking.fcntl, "flock", flock)


def test_the_second_waits(folder: Folder) -> None:
    order: list[str] = []
    with locked(folder, PLUGIN):

        def second() -> None:
            with locked(folder, PLUGIN):
                order.append("second")

        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    with locked(folder, PLUGIN):
        pass
    assert folder.names() == ["lock"]


def test_patience_ends(folder: Folder) -> None:
    with (
        locked(folder, PLUGIN),
        pytest.raises(
            StoreError, match="another process keeps the saved states of 'counter' locked"
        ),
        locked(folder, PLUGIN, patience=0),
    ):
        pass
    with locked(folder, PLUGIN, patience=0):
        pass


def test_an_error_lets_go(folder: Folder) -> None:
    with pytest.raises(RuntimeError), locked(folder, PLUGIN):
        raise RuntimeError
    with locked(folder, PLUGIN, patience=0):
        pass


DIE = """
import os, sys
from pathlib import Path
from themis_jupyter.state import locking
from themis_jupyter.state.disk import Folder
if sys.argv[2] != "flock":
    locking.fcntl = None
folder = Folder.open(Path(sys.argv[1]), "counter")
with locking.locked(folder, "counter"):
    os._exit(0)
"""


@pytest.mark.skipif(os.name == "nt", reason="nothing tells there whether a process lives")
@pytest.mark.parametrize("way", WAYS[:2])
def test_the_dead_hold_nothing(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(way, monkeypatch)
    with Folder.make(tmp_path / "folder", PLUGIN) as folder:
        done = subprocess.run([sys.executable, "-c", DIE, str(folder.path), way], timeout=60)
        assert done.returncode == 0
        with locked(folder, PLUGIN, patience=5):
            pass
        assert folder.names() == ["lock"]


@pytest.mark.parametrize("holder", [b"", b"[]", b"3", b'["another machine", 1, "x"]', b"\xff"])
def test_others_are_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: bytes
) -> None:
    use("no flock", monkeypatch)
    with Folder.make(tmp_path / "folder", PLUGIN) as folder:
        (folder.path / "lock.held").write_bytes(holder)
        with (
            pytest.raises(StoreError, match=r"if there is none any more, delete .*lock\.held"),
            locked(folder, PLUGIN, patience=0),
        ):
            pass
        assert (folder.path / "lock.held").read_bytes() == holder


def test_temporary_files(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with Temporary(folder) as file:
        os.write(file.fd, b"x")
        assert not is_abandoned(folder, file.name)
        file.publish("good")
    assert (folder.path / "good").read_bytes() == b"x"
    with pytest.raises(RuntimeError), Temporary(folder) as file:
        raise RuntimeError
    assert folder.names() == ["good"]
    (folder.path / "old.tmp").write_bytes(b"x")
    if locking.fcntl is None or request_way(folder) is None:
        assert not is_abandoned(folder, "old.tmp")
        os.utime(folder.path / "old.tmp", (0, 0))
    assert is_abandoned(folder, "old.tmp")
    assert not is_abandoned(folder, "none.tmp")


def request_way(folder: Folder) -> bool | None:
    """Return what this disk says to flock."""
    fd = folder.open_file("old.tmp")
    try:
        return locking.try_flock(fd)
    finally:
        os.close(fd)


@pytest.mark.parametrize("way", WAYS)
def test_a_store_works_without_flock(
    way: str, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(way, monkeypatch)
    store["a"] = snapshot(noise(300_000))
    store.gc()
    assert store["a"] == snapshot(noise(300_000))
    assert len(files(store)) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_store_works_without_descriptors_of_folders(
    way: str, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    use(way, monkeypatch)
    monkeypatch.setattr("themis_jupyter.state.disk.BY_DESCRIPTOR", False)
    monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
    store["a"] = snapshot(noise(300_000))
    store["a"] = snapshot(noise(300_000), noise(10))
    store.gc()
    assert store["a"] == snapshot(noise(300_000), noise(10))
    (header,) = files(store, ".json")
    header.rename(store.folder.parent / "elsewhere")
    header.symlink_to(store.folder.parent / "elsewhere")
    assert list(store) == [] and len(store.problems()) == 1
