"""The secret: made once whoever comes first, this user's alone, and never taken from a link."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.state.samples import PLUGIN, snapshot
from themis_jupyter.errors import StoreError, UntrustedSnapshotError
from themis_jupyter.state import FileStore, find_secret, load_secret, signing

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and links work otherwise there")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Give the place of a secret that is not there yet."""
    return tmp_path / "jupyter" / "themis_jupyter" / "secret"


def test_it_is_made_once(secret: Path) -> None:
    assert find_secret(PLUGIN, secret) is None
    assert not secret.parent.exists()
    made = load_secret(PLUGIN, secret)
    assert len(made) == 32 and secret.read_bytes() == made
    assert load_secret(PLUGIN, secret) == find_secret(PLUGIN, secret) == made
    assert os.listdir(secret.parent) == ["secret"]


@POSIX
def test_it_is_private(secret: Path) -> None:
    previous = os.umask(0)
    try:
        load_secret(PLUGIN, secret)
    finally:
        os.umask(previous)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_in_the_data_directory_of_jupyter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_core.paths import jupyter_data_dir

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    made = load_secret(PLUGIN)
    assert (tmp_path / "data" / "themis_jupyter" / "secret").read_bytes() == made
    store = FileStore(None, PLUGIN)
    store["a"] = snapshot()
    assert store.folder.parent == tmp_path / "data" / "themis_jupyter" / "state"
    assert FileStore(None, PLUGIN, made)["a"] == snapshot()
    # The place is the same where there is no jupyter_core.
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "jupyter_core.paths", None)
        assert load_secret(PLUGIN) == made
        for variable in ("JUPYTER_DATA_DIR", "XDG_DATA_HOME"):
            patch.delenv(variable, raising=False)
            without = signing.data_folder()
            assert without == Path(signing._jupyter_data_dir()) / "themis_jupyter"
        assert str(without.parent) == jupyter_data_dir()
        patch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
        assert str(signing.data_folder().parent) == jupyter_data_dir()


def test_it_is_not_made_for_reading(tmp_path: Path, secret: Path) -> None:
    store = FileStore(tmp_path / "states", PLUGIN, secret)
    assert not store and store.problems() == [] and store.newest() is None
    assert not secret.exists()


def test_without_it_all_is_foreign(tmp_path: Path, secret: Path) -> None:
    store = FileStore(tmp_path / "states", PLUGIN, secret)
    store["a"] = snapshot(b"a")
    secret.unlink()
    assert list(store) == ["a"] and store.newest() is None
    with pytest.raises(UntrustedSnapshotError, match="before the secret was renewed"):
        store["a"]
    store["b"] = snapshot(b"b")  # with a new one
    assert store["b"].data == b"b" and store.newest() == "b"
    with pytest.raises(UntrustedSnapshotError):
        store["a"]
    assert store.load("a", trust=True).data == b"a"


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_others_can_read_it(tmp_path: Path, secret: Path, mode: int) -> None:
    store = FileStore(tmp_path / "states", PLUGIN, secret)
    store["a"] = snapshot()
    secret.chmod(mode)
    verb = "change" if mode & 0o022 else "read"
    for action in (
        lambda: store["a"],
        store.entries,
        lambda: store.save(snapshot()),
        lambda: load_secret(PLUGIN, secret),
        lambda: find_secret(PLUGIN, secret),
    ):
        with pytest.raises(StoreError, match=f"others can {verb} the file {secret} ") as caught:
            action()
        assert f"chmod 600 '{secret}'" in str(caught.value)
        assert "Otherwise delete it" in str(caught.value)
    secret.chmod(0o600)
    assert store["a"] == snapshot()


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="only root can give files away")
def test_it_belongs_to_another_user(secret: Path) -> None:
    load_secret(PLUGIN, secret)
    os.chown(secret, 12345, 12345)
    with pytest.raises(StoreError, match=r"belongs to another user \(number 12345\).*Delete it"):
        load_secret(PLUGIN, secret)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33, b"x" * 10_000])
def test_it_is_damaged(secret: Path, content: bytes) -> None:
    load_secret(PLUGIN, secret)
    secret.write_bytes(content)
    with pytest.raises(StoreError, match=r"it should have 32 bytes. Delete it"):
        load_secret(PLUGIN, secret)


@POSIX
def test_it_is_a_link(secret: Path, tmp_path: Path) -> None:
    secret.parent.mkdir(parents=True, mode=0o700)
    secret.symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        with pytest.raises(StoreError, match=f"{secret}: it is a symbolic link"):
            load_secret(PLUGIN, secret)
        with pytest.raises(StoreError, match=f"{secret}: it is a symbolic link"):
            find_secret(PLUGIN, secret)
        if not (tmp_path / "elsewhere").exists():  # the second time it leads somewhere
            (tmp_path / "elsewhere").write_bytes(b"x" * 32)
            (tmp_path / "elsewhere").chmod(0o600)


@POSIX
def test_its_folder_is_a_link_or_open_to_others(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    secret.parent.parent.mkdir(mode=0o700)
    secret.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="it is a symbolic link"):
        load_secret(PLUGIN, secret)
    secret.parent.unlink()
    secret.parent.mkdir()
    secret.parent.chmod(0o777)
    with pytest.raises(StoreError, match="others can change the folder"):
        load_secret(PLUGIN, secret)


def test_a_disk_where_a_file_has_one_name_only(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*args: object, **kwargs: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    made = load_secret(PLUGIN, secret)
    assert len(made) == 32 and load_secret(PLUGIN, secret) == made
    assert os.listdir(secret.parent) == ["secret"]


RACE = """
import sys
from pathlib import Path
from themis_jupyter.state import load_secret
print("ready", flush=True)
sys.stdin.readline()
print(load_secret("counter", Path(sys.argv[1])).hex())
"""


def test_processes_that_make_it_at_the_same_time_get_the_same(secret: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(secret)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert {process.communicate(timeout=60)[0].strip() for process in processes} == {
        secret.read_bytes().hex()
    }
    assert os.listdir(secret.parent) == ["secret"]


def test_signatures_are_of_one_kind_each() -> None:
    key = b"k" * 32
    sealed = signing.sealed({"a": 1.5, "b": ["ä", None]}, key, "snapshot")
    assert signing.standing(sealed, key, "snapshot") is signing.Standing.OURS
    assert signing.standing(sealed, key, "export") is signing.Standing.ALTERED
    assert signing.standing({**sealed, "c": 1}, key, "snapshot") is signing.Standing.ALTERED
    assert signing.standing(sealed, b"o" * 32, "snapshot") is signing.Standing.FOREIGN
    assert signing.standing(sealed, None, "snapshot") is signing.Standing.FOREIGN
    assert signing.standing({"a": 1}, key, "snapshot") is signing.Standing.UNSIGNED
    assert key.hex() not in str(sealed)


def test_short_secrets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="can be guessed"):
        FileStore(tmp_path, PLUGIN, b"short")
