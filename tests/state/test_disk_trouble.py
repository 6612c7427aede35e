"""Full disks, folders that are read-only, open to others or links: nothing half-written, plain words."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.state.samples import PLUGIN, SECRET, content, files, noise, snapshot
from themis_jupyter.errors import StateError, StoreError
from themis_jupyter.state import FileStore, disk, export_snapshot

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and links work otherwise there")

OLD = snapshot(b"old", noise(600_000))
NEW = snapshot(b"new", noise(300_000, 1), *(noise(1000, seed) for seed in range(200)))


class Trouble:
    """Lets calls that reach the disk pass until one fails; all later ones fail too.

    :param number: of the call that fails, counted from 0.
    """

    def __init__(self, number: int, code: int) -> None:
        self.number, self.code, self.calls, self.failed = number, code, 0, False

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls > self.number:
                self.failed = True
                raise OSError(self.code, os.strerror(self.code))
            return function(*args, **kwargs)

        return call


def trouble_in(
    names: tuple[str, ...], code: int, action: Callable[[], object], check: Callable[[], object]
) -> int:
    """Let one call after the other fail; return how many there were to fail."""
    for number in range(10_000):
        trouble = Trouble(number, code)
        with pytest.MonkeyPatch.context() as patch:
            for name in names:
                owner, _, attribute = name.rpartition(".")
                target = {"disk": disk, "os": os}[owner]
                patch.setattr(target, attribute, trouble(getattr(target, attribute)))
            caught: StoreError | None = None
            try:
                action()
            except StoreError as error:
                caught = error
        if caught is not None:
            assert trouble.failed and isinstance(caught.__cause__, OSError)
            assert caught.plugin == PLUGIN
        else:  # what comes after the deed may fail
            assert not trouble.failed or names != ("disk.os_write",)
        check()
        if not trouble.failed:
            return number
    raise AssertionError("it never succeeds")


def test_a_full_disk_at_each_write(store: FileStore) -> None:
    store["old"] = OLD
    before = content(store)

    def check() -> None:
        if "new" not in store:
            assert content(store) == before
        assert store["old"] == OLD

    def save() -> None:
        store["new"] = NEW

    assert trouble_in(("disk.os_write",), errno.ENOSPC, save, check) > 3
    assert store["new"] == NEW


def test_trouble_at_each_step(store: FileStore) -> None:
    """Whatever fails, and all after it: the old one is there, and the new one too or not at all."""
    store["a"] = OLD
    states = set()

    def check() -> None:
        there = store["a"]
        assert there in (OLD, NEW)
        states.add(there.data)
        store.gc()
        assert store["a"] == there
        assert len(files(store, ".json")) == len(files(store, ".pack")) == 1
        assert len(files(store)) == 2
        store["a"] = OLD

    def save() -> None:
        store["a"] = NEW

    steps = ("disk.os_write", "os.fsync", "os.replace", "os.unlink", "os.open")
    assert trouble_in(steps, errno.EIO, save, check) > 10
    assert states == {b"old", b"new"}


def test_trouble_while_compacting(store: FileStore) -> None:
    def prepare() -> None:
        store["keep"] = snapshot(b"k", noise(100_000, 1))
        store["both"] = snapshot(b"b", noise(100_000, 1), noise(900_000, 2), noise(300_000, 3))
        store["last"] = snapshot(b"l", noise(300_000, 3))
        del store["both"]

    def check() -> None:
        assert store["keep"].buffers == (noise(100_000, 1),)
        assert store["last"].buffers == (noise(300_000, 3),)
        store.gc()
        assert files(store, ".tmp") == []
        store.clear()
        prepare()

    prepare()
    steps = ("disk.os_write", "os.fsync", "os.replace", "os.unlink", "os.open")
    assert trouble_in(steps, errno.ENOSPC, store.gc, check) > 8


def test_the_message_says_what_to_do(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, words in [
        (errno.ENOSPC, "the disk is full. Make room"),
        (errno.EROFS, "the disk is read-only. Save to a folder that can be written"),
        (errno.EACCES, "permission is denied. Change the permissions"),
        (errno.ENAMETOOLONG, "Try another folder"),
    ]:
        monkeypatch.setattr(disk, "os_write", Trouble(0, code)(disk.os_write))
        with pytest.raises(StoreError, match=words) as caught:
            store["a"] = NEW
        assert str(caught.value).startswith(
            "saving the state of 'counter' failed: " + str(store.folder)
        )
        monkeypatch.undo()
    assert files(store) == []


def test_short_writes(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "os_write", lambda fd, data: os.write(fd, data[:1777]))
    store["a"] = NEW
    assert store["a"] == NEW


def test_an_interrupt_at_each_step(store: FileStore) -> None:
    store["a"] = OLD
    number, done = 0, False
    while not done:
        calls = 0

        def interrupted(function: Callable[..., Any], number: int = number) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                result = function(*args, **kwargs)
                if calls == number:
                    raise KeyboardInterrupt
                return result

            return call

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(disk, "os_write", interrupted(disk.os_write))
            patch.setattr(os, "fsync", interrupted(os.fsync))
            patch.setattr(os, "replace", interrupted(os.replace))
            try:
                store["a"] = NEW
                done = number > calls
            except KeyboardInterrupt:
                pass
        assert store["a"] in (OLD, NEW)
        assert files(store, ".tmp") == []
        store["a"] = OLD
        number += 1
    assert number > 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give the root of a file system of 4 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if not IS_ROOT or subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)],
        stderr=subprocess.DEVNULL,
    ):
        pytest.skip("only root can make a small file system, and not everywhere")
    yield place
    subprocess.check_call(["umount", str(place)])


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    store = FileStore(small_disk / "states", PLUGIN, SECRET)
    store["a"] = snapshot(b"a", noise(2_000_000))
    before = content(store)
    with pytest.raises(StoreError, match="the disk is full"):
        store["a"] = snapshot(b"b", noise(3_000_000, 1))
    assert content(store) == before
    with pytest.raises(StoreError, match="the disk is full"):
        export_snapshot(snapshot(b"b", noise(3_000_000, 1)), small_disk / "x.state", SECRET)
    assert os.listdir(small_disk) == ["states"]
    store["a"] = snapshot(b"b", noise(1_500_000, 1))
    assert store["a"].data == b"b"


# -- read-only -------------------------------------------------------------------------------------


@POSIX
@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_read_only_folder(store: FileStore) -> None:
    store["a"] = OLD
    store.folder.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="permission is denied"):
            store["b"] = NEW
        assert store["a"] == OLD and list(store) == ["a"]
    finally:
        store.folder.chmod(0o700)


def test_a_read_only_disk(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for root, who may write to any folder: the calls are refused as the system would."""
    store["a"] = OLD
    real_open = os.open

    def read_only(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def open_(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            read_only()
        return real_open(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", open_)
    for name in ("replace", "unlink", "mkdir", "link"):
        monkeypatch.setattr(os, name, read_only)
    for action in (
        lambda: store.save(NEW),
        lambda: store.pop_quietly("a"),
        store.gc,
        lambda: FileStore(store.folder / "x", PLUGIN, SECRET).save(NEW),
    ):
        with pytest.raises(StoreError, match="the disk is read-only"):
            action()
    assert store["a"] == OLD and list(store.headers()) == ["a"] and store.problems() == []


# -- links, and folders of others ------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("what", ["root", "folder"])
def test_folders_that_are_links(store: FileStore, tmp_path: Path, what: str) -> None:
    store["a"] = OLD
    link = store.folder if what == "folder" else store.folder.parent
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").rglob("*"))
    for action in (
        store.entries,
        store.problems,
        store.gc,
        lambda: store["a"],
        lambda: store.save(NEW),
    ):
        with pytest.raises(StoreError, match="it is a symbolic link, and none is followed here"):
            action()
    assert sorted((tmp_path / "elsewhere").rglob("*")) == before


@POSIX
@pytest.mark.parametrize("what", ["json", "pack", "lock"])
def test_files_that_are_links(store: FileStore, tmp_path: Path, what: str) -> None:
    store["a"] = OLD
    (path,) = store.folder.glob("*" + what)
    target = tmp_path / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    before = target.read_bytes()
    if what == "lock":
        assert store["a"] == OLD
        with pytest.raises(StoreError, match=f"{re.escape(str(path))}: it is a symbolic link"):
            store["b"] = NEW
    elif what == "pack":
        with pytest.raises(StoreError, match="symbolic link"):
            store["a"]
    else:
        (problem,) = store.problems()
        assert isinstance(problem, StoreError) and "symbolic link" in str(problem)
        assert list(store) == []
    if what != "lock":
        store["b"] = NEW
        store.gc()
        assert store["b"] == NEW
    assert target.read_bytes() == before


@POSIX
def test_named_pipes_are_not_waited_for(store: FileStore) -> None:
    store["a"] = OLD
    (path,) = files(store, ".pack")
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(StateError):
        store["a"]
    os.mkfifo(store.folder / "000000000009-0123456789abcdef.json", 0o600)
    (problem,) = store.problems()
    assert isinstance(problem, StoreError)
    os.mkfifo(store.folder / ("0" * 32 + ".tmp"), 0o600)
    store.gc()
    assert files(store, ".tmp") == []


@POSIX
def test_folders_that_others_can_use(store: FileStore) -> None:
    store["a"] = OLD
    store.folder.chmod(0o755)
    for action in (store.entries, lambda: store["a"], lambda: store.save(NEW)):
        words = f"others can read the folder .*chmod 700 '{re.escape(str(store.folder))}'"
        with pytest.raises(StoreError, match=words):
            action()
    store.folder.chmod(0o700)
    store.folder.parent.chmod(0o770)
    with pytest.raises(StoreError, match="others can change the folder"):
        store["a"]
    store.folder.parent.chmod(0o755)
    assert store["a"] == OLD


@POSIX
@pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
def test_folders_of_others(store: FileStore) -> None:
    store["a"] = OLD
    os.chown(store.folder, 12345, 12345)
    with pytest.raises(StoreError, match=r"belongs to another user \(number 12345\)"):
        store["a"]


@POSIX
def test_all_is_private(store: FileStore) -> None:
    store["a"] = OLD
    assert {path.stat().st_mode & 0o777 for path in store.folder.iterdir()} == {0o600}
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert store.folder.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_is_made_before_the_first_save(store: FileStore, tmp_path: Path) -> None:
    assert not store and store.newest() is None and store.problems() == []
    store.gc()
    assert not store.pop_quietly("a")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "states").write_text("")
    store = FileStore(tmp_path / "states", PLUGIN, SECRET)
    with pytest.raises(StoreError, match=r"not a folder|Not a directory"):
        store["a"] = OLD


def test_a_folder_that_vanishes(store: FileStore) -> None:
    store["a"] = OLD
    for path in store.folder.iterdir():
        path.unlink()
    store.folder.rmdir()
    assert not store
    store["b"] = NEW
    assert store["b"] == NEW


def test_a_folder_given_relative_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = FileStore("states", PLUGIN, SECRET)
    store["a"] = OLD
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert store["a"] == OLD
