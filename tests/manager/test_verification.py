"""What was verified is what runs: the bytes are read once, checked, recorded and run."""

from __future__ import annotations

import builtins
import gc
import hashlib
import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.manager.conftest import FROZEN, Lab
from themis_jupyter import AllowAll, Outcome, Phase, PinnedHashes, PluginManager
from themis_jupyter.errors import PhaseTimeoutError, VerificationError
from themis_jupyter.loading import source_of
from themis_jupyter.policy import Bytes

PLAIN = """
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def where(self): return "old"
"""


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Recording:
    """A policy that lets everything pass, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Bytes] = []

    def check(self, item: Bytes) -> None:
        self.asked.append(item)


class SaysNo:
    def check(self, item: Bytes) -> bool:
        return False


class NeverAwaited:
    async def check(self, item: Bytes) -> None:
        raise VerificationError("no")


@pytest.mark.parametrize("policy", [SaysNo(), NeverAwaited()], ids=lambda p: type(p).__name__)
def test_a_policy_that_was_written_wrong_lets_nothing_pass(lab: Lab, policy: Any) -> None:
    handle = lab.load("plain", PLAIN)
    lab.manager.policy = policy
    lab.edit("plain.py", '"old"', '"new"')
    report = lab.reload("plain")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, VerificationError)
    assert f"check() of the policy {type(policy).__name__}" in str(report.error)
    assert handle.where() == "old"
    lab.write("other.py", PLAIN)
    with pytest.raises(VerificationError, match="may not run"):
        lab.load("other")
    assert not lab.manager.is_plugin_loaded("other")


def test_the_hash_is_that_of_the_bytes_that_run(lab: Lab) -> None:
    policy = lab.manager.policy = Recording()
    lab.load("plain", PLAIN)
    path = lab.path_of("plain")
    assert source_of(lab.module("plain")).sha256 == sha(path)
    assert [(b.module, b.filename, b.sha256) for b in policy.asked] == [
        ("plain", str(path), sha(path))
    ]
    lab.edit("plain.py", '"old"', '"new"')
    report = lab.reload("plain").raise_for_outcome()
    assert report.hashes == {"plain": sha(path)}
    assert [b.sha256 for b in policy.asked[1:]] == [sha(path)]
    assert policy.asked[1].data == path.read_bytes()
    assert source_of(lab.module("plain")).sha256 == sha(path)


def test_the_hash_of_a_reload_that_was_rolled_back(lab: Lab) -> None:
    lab.load("plain", PLAIN)
    before = sha(lab.path_of("plain"))
    lab.edit("plain.py", "self.n = 0", "1 / 0")
    assert lab.reload("plain").outcome is Outcome.ROLLED_BACK
    assert source_of(lab.module("plain")).sha256 == before


def test_pinned_hashes(lab: Lab) -> None:
    path = lab.write("plain.py", PLAIN)
    lab.manager.policy = PinnedHashes({"plain": sha(path).upper()})
    handle = lab.load("plain")
    lab.edit("plain.py", '"old"', '"evil"')
    report = lab.reload("plain")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, VerificationError)
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.VERIFY
    assert sha(path) in str(report.error)
    assert handle.where() == "old"
    lab.manager.policy = PinnedHashes({"plain": ["0" * 64, sha(path)]})
    assert lab.reload("plain").outcome is Outcome.RELOADED
    assert handle.where() == "evil"
    lab.manager.unload_plugin("plain")
    lab.manager.policy = PinnedHashes({})
    with pytest.raises(VerificationError, match="no hash is pinned for module 'plain'"):
        lab.load("plain")
    assert not lab.manager.is_plugin_loaded("plain")


def test_refused_bytes_are_neither_decoded_nor_compiled(lab: Lab) -> None:
    lab.load("plain", PLAIN)
    lab.manager.policy = PinnedHashes({})
    lab.write("plain.py", b"\xff\0 not Python at all (")
    assert isinstance(lab.reload("plain").error, VerificationError)


def test_a_policy_is_asked_though_nothing_changed(lab: Lab) -> None:
    lab.load("plain", PLAIN)
    lab.manager.policy = PinnedHashes({})
    assert lab.reload("plain").outcome is Outcome.ABORTED


def test_a_policy_that_hangs(lab: Lab) -> None:
    handle = lab.load("plain", PLAIN)

    class Slow:
        def check(self, item: Bytes) -> None:
            time.sleep(30)

    lab.manager.policy = Slow()
    lab.manager.step_timeout = 0.2
    lab.edit("plain.py", '"old"', '"new"')
    report = lab.reload("plain")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PhaseTimeoutError)
    assert handle.where() == "old"
    lab.manager.policy = AllowAll()
    lab.reload("plain").raise_for_outcome()


def test_a_half_written_file_is_not_refused_for_its_hash(lab: Lab) -> None:
    path = lab.write("plain.py", PLAIN)
    lab.load("plain")
    new = path.read_text().replace("old", "new")
    lab.manager.policy = PinnedHashes({"plain": hashlib.sha256(new.encode()).hexdigest()})
    path.write_text(new[:60])
    timer = threading.Timer(0.03, lambda: path.write_text(new))
    timer.start()
    assert lab.reload("plain").outcome is Outcome.RELOADED
    timer.join()


class Opens:
    """Counts how often a file is opened for reading, by whatever way Python has."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for module, name in ((builtins, "open"), (io, "open"), (io, "open_code"), (os, "open")):
            monkeypatch.setattr(module, name, self._counting(getattr(module, name), str(path)))

    def _counting(self, original: Any, path: str) -> Any:
        def opening(file: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(file, int) and os.fspath(file) == path:
                self.count += 1
            return original(file, *args, **kwargs)

        return opening


def test_a_reload_reads_the_file_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.load("plain", PLAIN)
    for text in ('"old"', '"new"'):
        lab.write("plain.py", PLAIN.replace('"old"', text))
        with monkeypatch.context() as patches:
            opens = Opens(lab.path_of("plain"), patches)
            assert lab.reload("plain")
        assert opens.count == 1


def test_what_is_put_in_its_place_after_the_check_does_not_run(lab: Lab) -> None:
    """The file is exchanged at the very moment the policy has seen it."""
    path = lab.write("plain.py", PLAIN)

    class Swaps:
        def check(self, item: Bytes) -> None:
            path.write_text(path.read_text().replace("return", "return 'evil',"))

    text = path.read_text()
    lab.manager.policy = Swaps()
    handle = lab.load("plain")
    assert handle.where() == "old"
    path.write_text(text.replace('"old"', '"new"'))
    report = lab.reload("plain").raise_for_outcome()
    assert handle.where() == "new"
    assert (
        report.hashes["plain"]
        == hashlib.sha256(text.replace('"old"', '"new"').encode()).hexdigest()
    )


def test_stale_bytecode_does_not_run(lab: Lab) -> None:
    import py_compile

    path = lab.write("plain.py", PLAIN)
    stat = path.stat()
    py_compile.compile(str(path))
    path.write_text(path.read_text().replace('"old"', '"new"'))
    os.utime(path, (stat.st_atime, stat.st_mtime))  # of that size and time, too
    assert lab.load("plain").where() == "new"
    assert not hasattr(lab.module("plain"), "__cached__")


def test_the_policy_of_a_manager(lab: Lab) -> None:
    assert isinstance(PluginManager().policy, AllowAll)
    policy = Recording()
    assert PluginManager(policy=policy).policy is policy
    assert gc.get_freeze_count() == FROZEN
