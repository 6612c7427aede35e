"""A snapshot in one file: the same checks as in a store, and nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.state.samples import OTHER_SECRET, PLUGIN, SECRET, noise, snapshot
from tests.state.test_disk_trouble import POSIX, trouble_in
from themis_jupyter.errors import (
    CorruptSnapshotError,
    IncompatibleSnapshotError,
    StateError,
    StoreError,
    UntrustedSnapshotError,
)
from themis_jupyter.state import Snapshot, export_snapshot, import_snapshot, inspect_export
from themis_jupyter.state.exporting import KIND
from themis_jupyter.state.signing import sealed

REFUSALS = (UntrustedSnapshotError, CorruptSnapshotError, IncompatibleSnapshotError)
SAVED = snapshot(b"stream", b"", noise(600_000), b"\0" * 600_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return export_snapshot(SAVED, tmp_path / "x.state", SECRET, label="before lunch")


def test_what_is_exported_comes_back(file: Path) -> None:
    assert import_snapshot(file, SECRET) == import_snapshot(file, SECRET, plugin=PLUGIN) == SAVED
    assert os.listdir(file.parent) == ["x.state"]
    first = json.loads(file.read_bytes().split(b"\n")[0])
    assert first["header"]["plugin"] == PLUGIN and first["label"] == "before lunch"
    entry = inspect_export(file, SECRET)
    assert (entry.label, entry.header, entry.trusted) == ("before lunch", SAVED.header, True)
    export_snapshot(snapshot(b""), file, SECRET)
    assert import_snapshot(str(file), SECRET) == snapshot(b"")


@POSIX
def test_it_is_private(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("secret", [OTHER_SECRET, None])
def test_foreign(file: Path, secret: bytes | None) -> None:
    with pytest.raises(UntrustedSnapshotError, match=r"signed with another secret.*with trust"):
        import_snapshot(file, secret)
    entry = inspect_export(file, secret)
    assert not entry.trusted and entry.header == SAVED.header
    assert import_snapshot(file, secret, trust=True) == SAVED


def test_altered(file: Path) -> None:
    """Whatever byte is another one, it is refused; only white space in the first line may differ."""
    good = file.read_bytes()
    header = good.index(b"\n") + 1
    rng = random.Random(3)
    positions = [
        *range(header),
        *(rng.randrange(header, len(good)) for _ in range(50)),
        len(good) - 1,
    ]
    for position in positions:
        bad = bytearray(good)
        bad[position] ^= rng.randrange(1, 256)
        file.write_bytes(bad)
        caught: StateError | None = None
        try:
            assert import_snapshot(file, SECRET) == SAVED
        except StateError as error:
            caught = error
        if caught is None:
            assert good[position : position + 1] == b" "
            continue
        assert type(caught) in REFUSALS and str(file) in str(caught)
        if position >= header:
            assert type(caught) is CorruptSnapshotError
            with pytest.raises(CorruptSnapshotError):
                import_snapshot(file, SECRET, trust=True)


@pytest.mark.parametrize("size", [0, 1, 100, 5000, -1, -300_000])
def test_cut_short(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(CorruptSnapshotError, match="is damaged"):
        import_snapshot(file, SECRET, trust=True)


def test_too_long(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(CorruptSnapshotError, match=r"it should have \d+ bytes"):
        import_snapshot(file, SECRET)


def rewrite(file: Path, **change: Any) -> None:
    first, _, rest = file.read_bytes().partition(b"\n")
    raw = {**json.loads(first), **change}
    raw = {name: value for name, value in raw.items() if name not in ("hmac", "key")}
    file.write_bytes(json.dumps(sealed(raw, SECRET, KIND)).encode() + b"\n" + rest)


def test_newer_format(file: Path) -> None:
    rewrite(file, format=2)
    for read in (import_snapshot, inspect_export):
        with pytest.raises(IncompatibleSnapshotError, match="Update themis_jupyter"):
            read(file, SECRET)


def test_wrong_plugin(file: Path) -> None:
    for trust in (False, True):
        with pytest.raises(
            IncompatibleSnapshotError, match="the state of 'counter', not of 'other'"
        ):
            import_snapshot(file, SECRET, plugin="other", trust=trust)


@pytest.mark.parametrize(
    "change",
    [
        {"parts": []},
        {"parts": [["x"]]},
        {"parts": [["a" * 64 + " 99999999"]]},
        {"parts": [["a" * 64 + " 16777216"] * 50_000]},
        {"parts": None},
        {"header": []},
        {"label": ""},
    ],
    ids=lambda change: str(change)[:40],
)
def test_values_that_cannot_be(file: Path, change: dict[str, Any]) -> None:
    rewrite(file, **change)
    with pytest.raises(CorruptSnapshotError):
        import_snapshot(file, SECRET, trust=True)


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"importing the state .* failed"):
        import_snapshot(tmp_path / "none", SECRET, plugin=PLUGIN)
    with pytest.raises(StoreError):
        import_snapshot(tmp_path, SECRET)
    (tmp_path / "pickle").write_bytes(b"\x80\x05K\x01.")
    with pytest.raises(CorruptSnapshotError):
        import_snapshot(tmp_path / "pickle", SECRET, trust=True)
    with pytest.raises(StoreError):
        export_snapshot(SAVED, tmp_path / "no" / "folder", SECRET)
    with pytest.raises(StoreError):
        export_snapshot(SAVED, tmp_path, SECRET)
    assert sorted(os.listdir(tmp_path)) == ["pickle"]


@POSIX
def test_links_and_pipes(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        import_snapshot(tmp_path / "pipe", SECRET)
    # The user named it, so it is followed for reading; writing replaces the link itself.
    link = tmp_path / "link"
    link.symlink_to(file)
    assert import_snapshot(link, SECRET) == SAVED
    export_snapshot(snapshot(b"new"), link, SECRET)
    assert not link.is_symlink() and import_snapshot(file, SECRET) == SAVED


def test_trouble_at_each_step(file: Path) -> None:
    new = snapshot(b"new", noise(600_000, 5))

    def check() -> None:
        assert import_snapshot(file, SECRET) in (SAVED, new)

    steps = ("disk.os_write", "os.fsync", "os.open", "os.replace")
    assert trouble_in(steps, errno.ENOSPC, lambda: export_snapshot(new, file, SECRET), check) > 4
    assert os.listdir(file.parent) == ["x.state"]
    assert import_snapshot(file, SECRET) == new


def test_what_refers_to_this_kernel_is_not_written(tmp_path: Path) -> None:
    bound = Snapshot(SAVED.header, b"x", (), (object(),))
    with pytest.raises(StateError, match="refers to objects that exist in this kernel only"):
        export_snapshot(bound, tmp_path / "x", SECRET)
    assert os.listdir(tmp_path) == []
