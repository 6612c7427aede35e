"""Files that were cut short, altered, swapped, or come from somebody else: refused, and in plain words."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.state.samples import OTHER_SECRET, PLUGIN, SECRET, content, files, noise, snapshot
from themis_jupyter.errors import (
    CorruptSnapshotError,
    IncompatibleSnapshotError,
    SnapshotNotFoundError,
    StateError,
    UntrustedSnapshotError,
)
from themis_jupyter.state import FileStore, Snapshot
from themis_jupyter.state.document import KIND
from themis_jupyter.state.signing import sealed

REFUSALS = (
    UntrustedSnapshotError,
    CorruptSnapshotError,
    SnapshotNotFoundError,
    IncompatibleSnapshotError,
)
SAVED = snapshot(b"stream", b"abc", noise(300_000))


def header_of(store: FileStore) -> Path:
    (path,) = files(store, ".json")
    return path


def pack_of(store: FileStore) -> Path:
    (path,) = files(store, ".pack")
    return path


def rewrite(
    store: FileStore, change: Callable[[dict[str, Any]], object], secret: bytes | None
) -> None:
    """Change what the header says, signed with a secret or left with the old signature."""
    path = header_of(store)
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(sealed(raw_without_seal(raw), secret, KIND) if secret else raw))


def raw_without_seal(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in ("hmac", "key")}


def fresh(store: FileStore, secret: bytes | None = SECRET) -> FileStore:
    return FileStore(store.folder.parent, PLUGIN, secret)


@pytest.fixture
def saved(store: FileStore) -> FileStore:
    store["a"] = SAVED
    return store


# -- altered ---------------------------------------------------------------------------------------


def test_every_byte_of_the_header(saved: FileStore) -> None:
    """Whatever byte is another one: the same snapshot, or a refusal in plain words."""
    path = header_of(saved)
    good = path.read_bytes()
    refused = []
    rng = random.Random(1)
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= rng.randrange(1, 256)
        path.write_bytes(bad)
        try:
            assert saved["a"] == SAVED
        except StateError as error:
            refused.append(error)
    path.write_bytes(good)
    assert saved["a"] == SAVED
    # White space means nothing, so not all changes are refused; the rest is.
    spaces = sum(good.count(char) for char in (b" ", b"\n"))
    assert len(good) - len(refused) <= spaces
    for refusal in refused:
        assert type(refusal) in REFUSALS
        assert str(saved.folder) in str(refusal) or "is called 'a'" in str(refusal)


def test_random_bytes_of_packs(saved: FileStore) -> None:
    path = pack_of(saved)
    good = path.read_bytes()
    rng = random.Random(2)
    for position in [0, len(good) - 1, *(rng.randrange(len(good)) for _ in range(100))]:
        bad = bytearray(good)
        bad[position] ^= rng.randrange(1, 256)
        path.write_bytes(bad)
        for trust in (False, True):
            with pytest.raises(CorruptSnapshotError, match=f"(?s){path.name}.*is damaged"):
                saved.load("a", trust=trust)
    path.write_bytes(good)
    assert saved["a"] == SAVED


@pytest.mark.parametrize("share", [0, 0.3, 0.9999])
def test_cut_short(saved: FileStore, share: float) -> None:
    header, pack = header_of(saved), pack_of(saved)
    good = pack.read_bytes()
    pack.write_bytes(good[: int(len(good) * share)])
    with pytest.raises(CorruptSnapshotError, match="is damaged"):
        saved["a"]
    pack.write_bytes(good)
    text = header.read_bytes()
    header.write_bytes(text[: int(len(text) * share) - 2 if share else 0])
    with pytest.raises(CorruptSnapshotError if share else SnapshotNotFoundError):
        saved["a"]
    (problem,) = saved.problems()
    assert isinstance(problem, CorruptSnapshotError) and str(header) in str(problem)
    assert problem.plugin == PLUGIN
    assert list(saved) == [] and saved.newest() is None


def test_a_longer_pack_does_no_harm(saved: FileStore) -> None:
    with pack_of(saved).open("ab") as file:
        file.write(b"more")
    assert saved["a"] == SAVED


def test_a_pack_that_is_gone(saved: FileStore) -> None:
    pack_of(saved).unlink()
    assert list(saved) == ["a"]
    with pytest.raises(
        CorruptSnapshotError, match="has lost some of its content: there is no file"
    ):
        saved["a"]
    # Nothing new leans on it.
    saved["b"] = SAVED
    assert saved["b"] == SAVED


def test_what_is_damaged_is_written_anew(saved: FileStore) -> None:
    """A piece that turned out to be damaged must not be what the next save refers to."""
    path = pack_of(saved)
    bad = bytearray(path.read_bytes())
    bad[-1] ^= 1
    path.write_bytes(bad)
    with pytest.raises(CorruptSnapshotError):
        saved["a"]
    saved["b"] = SAVED
    fresh(saved)["c"] = SAVED
    assert saved["b"] == saved["c"] == SAVED
    del saved["a"]
    saved.gc()
    assert saved["b"] == SAVED and len(files(saved, ".pack")) == 1
    assert files(saved, ".damaged") == []


def test_gc_removes_header_files_that_say_nothing(saved: FileStore) -> None:
    path = header_of(saved)
    path.write_bytes(path.read_bytes()[:-40])
    saved["b"] = snapshot(b"other")
    assert len(files(saved, ".pack")) == 2  # a save leaves what might be mended by hand
    assert path.name in saved.gc().removed
    assert saved.problems() == [] and len(files(saved, ".pack")) == 1
    assert saved["b"].data == b"other"


def test_a_damaged_one_can_be_deleted(saved: FileStore) -> None:
    path = header_of(saved)
    path.write_bytes(path.read_bytes()[:-40])
    del saved["a"]
    assert files(saved) == []


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"{}",
        b"[]",
        b"null",
        b'{"format": true}',
        b'{"format": 0}',
        b'{"format": "1"}',
        b'{"format": 1}',
        b'{"format": 1, "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff\xfe",
        b'{"format": 1' + b"0" * 5000 + b"}",
    ],
)
def test_other_json(saved: FileStore, text: bytes) -> None:
    header_of(saved).write_bytes(text)
    (problem,) = saved.problems()
    assert isinstance(problem, CorruptSnapshotError)
    assert len(str(problem)) < 600 + len(str(saved.folder))
    saved["b"] = SAVED
    assert list(saved) == ["b"]


# -- foreign ---------------------------------------------------------------------------------------


def test_foreign(saved: FileStore) -> None:
    other = fresh(saved, OTHER_SECRET)
    assert list(other) == ["a"] and other.newest() is None
    entry = other.entries()["a"]
    assert not entry.trusted and entry.header == SAVED.header
    with pytest.raises(UntrustedSnapshotError, match="signed with another secret") as caught:
        other["a"]
    assert "load it with trust" in str(caught.value)
    assert other.load("a", trust=True) == SAVED


def test_altered_says_so(saved: FileStore) -> None:
    rewrite(saved, lambda raw: raw["header"].update(state_version=9), None)
    with pytest.raises(UntrustedSnapshotError, match="altered after it was signed"):
        saved["a"]
    assert saved.load("a", trust=True).header.state_version == 9
    rewrite(saved, lambda raw: raw.pop("hmac"), None)
    with pytest.raises(UntrustedSnapshotError, match="not signed"):
        saved["a"]


def test_nothing_is_read_before_the_signature_is_checked(
    saved: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*args: object) -> None:
        raise AssertionError("content was read")

    monkeypatch.setattr("themis_jupyter.state.packs.read_parts", read)
    with pytest.raises(UntrustedSnapshotError):
        fresh(saved, OTHER_SECRET)["a"]
    with pytest.raises(AssertionError, match="content was read"):
        saved["a"]


def test_new_snapshots_do_not_lean_on_foreign_ones(saved: FileStore) -> None:
    """What a foreign header says of the content of packs may be a lie."""
    other = fresh(saved, OTHER_SECRET)
    other["b"] = SAVED
    assert len(files(saved, ".pack")) == 2
    assert other["b"] == saved["a"] == SAVED
    # gc() of one keeps what the other needs.
    other.gc()
    saved.gc()
    assert other["b"] == saved["a"] == SAVED


def test_a_foreign_one_does_not_hide_ours(saved: FileStore) -> None:
    other = fresh(saved, OTHER_SECRET)
    ours = content(saved)
    other["a"] = snapshot(b"evil")
    for name, data in ours.items():  # ours is there as well, an older one
        (saved.folder / name).write_bytes(data)
    assert saved["a"] == SAVED


def test_numbers_cannot_be_used_up(saved: FileStore) -> None:
    path = header_of(saved)
    shutil.copy(path, path.with_name("9" * 18 + path.name[12:]))
    rewrite_all = json.loads(path.read_text())
    rewrite_all["sequence"] = 10**17
    rewrite_all["label"] = "rogue"
    path.write_text(json.dumps(rewrite_all))
    saved["b"] = SAVED
    assert saved["b"] == SAVED and saved.newest() == "b"


# -- newer, wrong plugin ---------------------------------------------------------------------------


def test_newer_format(saved: FileStore) -> None:
    rewrite(saved, lambda raw: raw.update(format=2, surprise={}), SECRET)
    with pytest.raises(IncompatibleSnapshotError, match=r"the format 2.*Update themis_jupyter"):
        saved["a"]
    (problem,) = saved.problems()
    assert isinstance(problem, IncompatibleSnapshotError)
    # Nobody here knows what it needs, so nothing is taken from it.
    before = content(saved)
    saved["b"] = snapshot(b"mine")
    del saved["b"]
    saved.gc()
    assert before.items() <= content(saved).items()
    del saved["a"]
    assert files(saved) == []


def test_wrong_plugin(saved: FileStore) -> None:
    other = FileStore(saved.folder.parent, "other", SECRET)
    shutil.copytree(saved.folder, other.folder)
    with pytest.raises(IncompatibleSnapshotError, match="the state of 'counter', not of 'other'"):
        other["a"]
    with pytest.raises(IncompatibleSnapshotError):
        other.load("a", trust=True)
    assert other.newest() is None
    other["b"] = snapshot(plugin="other")
    assert other.newest() == "b"


def test_plugins_do_not_meet(tmp_path: Path) -> None:
    """Names that some disks take for the same, or that mean a device there."""
    stores = [
        FileStore(tmp_path, name, SECRET) for name in ("Counter", "counter", "con", "a.b", "a-b")
    ]
    for store in stores:
        store["a"] = snapshot(store.plugin.encode(), plugin=store.plugin)
    assert [store["a"].data.decode() for store in stores] == [store.plugin for store in stores]
    assert len({str(store.folder).lower() for store in stores}) == len(stores)


# -- headers that lead elsewhere -------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET, None], ids=["ours", "foreign", "altered"])
@pytest.mark.parametrize(
    "pack",
    [
        "../../secret",
        "/etc/passwd",
        "..",
        "",
        "a" * 31,
        "A" * 32,
        "a" * 32 + "\n",
        "a" * 31 + "/",
        7,
    ],
)
def test_no_way_out_of_the_folder(
    saved: FileStore, secret: bytes | None, pack: Any, tmp_path: Path
) -> None:
    (tmp_path / "secret.pack").write_bytes(b"stream")
    rewrite(saved, lambda raw: raw.update(packs=[pack]), secret)
    for trust in (False, True):
        with pytest.raises(CorruptSnapshotError, match="is damaged"):
            saved.load("a", trust=trust)


@pytest.mark.parametrize(
    "piece",
    [
        "x" * 64 + " 6 0 0",
        "a" * 64 + " 6 1 0",
        "a" * 64 + " 6 0 -1",
        "a" * 64 + " 0 0 0",
        "a" * 64 + " 99999999 0 0",
        "a" * 64 + " 6 0",
        "a" * 64 + " 6 0 0\n",
        "a" * 64 + " ٦ 0 0",
        "a" * 64 + " 6 0 999999999999999",
        ["a" * 64, 6, 0, 0],
        None,
    ],
)
def test_pieces_that_cannot_be(saved: FileStore, piece: Any) -> None:
    rewrite(saved, lambda raw: raw.update(parts=[[piece]]), SECRET)
    with pytest.raises(CorruptSnapshotError, match="is damaged"):
        saved.load("a", trust=True)


@pytest.mark.parametrize(
    "change",
    [
        {"header": 3},
        {"header": {}},
        {"header": {"plugin": ["counter"]}},
        {"header": {"plugin": "counter", "created": "now"}},
        {"header": {"plugin": "counter", "created": 1e300}},
        {"header": {"plugin": "counter", "created": float("nan")}},
        {"header": {"plugin": "counter", "sizes": 3}},
        {"header": {"plugin": "counter", "fields": [{"name": "a"}]}},
        {"header": {"plugin": "counter", "code": 1}},
        {"label": "a\nb"},
        {"label": 3},
        {"named": "yes"},
        {"sequence": True},
        {"sequence": -1},
        {"parts": []},
        {"parts": {"a": 1}},
        {"packs": None},
        {"hmac": "\ud800", "label": "a"},
    ],
    ids=str,
)
def test_values_that_cannot_be(saved: FileStore, change: dict[str, Any]) -> None:
    rewrite(saved, lambda raw: raw.update(change), None)
    (problem,) = saved.problems()
    assert isinstance(problem, CorruptSnapshotError)
    assert list(saved) == []


def test_more_memory_than_there_is_bytes_for(saved: FileStore) -> None:
    """A header may name the same piece often; one that is too long for its pack takes no memory."""
    piece = "a" * 64 + " 16777216 0 0"
    rewrite(saved, lambda raw: raw.update(parts=[[piece] * 5000]), SECRET)
    with pytest.raises(CorruptSnapshotError, match="is damaged"):
        saved["a"]


def test_what_refers_to_this_kernel_is_not_written(store: FileStore) -> None:
    bound = Snapshot(SAVED.header, b"x", (), (object(),))
    with pytest.raises(StateError, match="refers to objects that exist in this kernel only"):
        store["a"] = bound
    assert files(store) == []
