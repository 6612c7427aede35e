"""Versions of a package: each with the submodules that it had."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.manager.conftest import Lab
from tests.manager.history.conftest import (
    FIRST,
    SECOND,
    modules,
    numbers,
    revert,
    running,
    version,
    words,
)
from themis_jupyter import Outcome, PinnedHashes
from themis_jupyter.errors import VerificationError
from themis_jupyter.loading import SubmoduleFinder


def test_a_package_with_other_submodules(lab: Lab, pack: Any) -> None:
    power = lab.module("pack.core").power
    revert(lab, "pack", 1).raise_for_outcome()
    assert pack.say() == ("one", "core one", "tool")
    assert pack.n == 1
    assert sorted(modules()) == FIRST
    assert lab.module("pack.core").power is power is lab.module("pack").power
    assert not hasattr(lab.module("pack"), "deep")
    assert lab.manager.get_manifest("pack").version == "1.5"
    assert numbers(lab, "pack") == [1, 2]
    assert running(lab, "pack") == 1
    revert(lab, "pack").raise_for_outcome()
    assert pack.say() == ("two", "core two", "more")
    assert sorted(modules()) == SECOND
    assert lab.manager.get_manifest("pack").version == "2.5"
    assert (pack.n, numbers(lab, "pack")) == (2, [1, 2])
    assert lab.reload("pack").outcome is Outcome.UNCHANGED


def test_of_a_package_whose_files_are_all_gone(lab: Lab, pack: Any) -> None:
    import shutil

    shutil.rmtree(lab.folder / "pack")
    revert(lab, "pack", 1).raise_for_outcome()
    assert pack.say() == ("one", "core one", "tool")
    revert(lab, "pack", 2).raise_for_outcome()
    assert pack.say() == ("two", "core two", "more")
    assert words(lab, "pack")[0] == "deleted"
    revert(lab, "pack", 1, write=True).raise_for_outcome()
    assert "tool" in (lab.folder / "pack/tools.py").read_text()


@pytest.mark.parametrize("way", ["body", "initialize"])
def test_a_package_that_fails_half_way(way: str, lab: Lab, pack: Any) -> None:
    before, more = modules(), lab.module("pack.deep.more")
    (found,) = [f for f in sys.meta_path if isinstance(f, SubmoduleFinder)]
    tools = version(lab, 1, "pack").sources["pack.tools"]
    init = version(lab, 1, "pack").sources["pack"]
    broken = {
        "body": ("pack.tools", tools, tools.data + b"1 / 0\n"),
        "initialize": ("pack", init, init.data.replace(b"self.n = 0", b"self.n = 1 / 0")),
    }
    name, source, data = broken[way]
    version(lab, 1, "pack").sources[name] = type(source)(source.filename, data)
    report = revert(lab, "pack", 1)
    assert report.outcome is (Outcome.ABORTED if way == "body" else Outcome.ROLLED_BACK)
    assert "ZeroDivisionError" in report.headline()
    assert f"{Path(source.filename).name}" in report.traceback
    assert modules() == before
    assert lab.module("pack.deep").more is more
    assert pack.say() == ("two", "core two", "more")
    assert pack.n == 2
    assert found._overlays == {}
    assert lab.reload("pack").outcome is Outcome.UNCHANGED
    version(lab, 1, "pack").sources[name] = source
    assert revert(lab, "pack", 1)


def test_what_is_imported_later_belongs_to_the_version(lab: Lab, pack: Any) -> None:
    lab.write("pack/lazy.py", "def late(): return 'late two'\n")
    assert pack.late() == "late two"
    lab.write("pack/lazy.py", "def late(): return 'late three'\n")
    lab.reload("pack").raise_for_outcome()
    assert pack.late() == "late three"
    assert numbers(lab, "pack") == [1, 2, 3]
    revert(lab, "pack", 2).raise_for_outcome()
    assert pack.late() == "late two"
    # Version 1 had not imported it yet: it stays as it runs.
    revert(lab, "pack", 1).raise_for_outcome()
    assert pack.late() == "late two"
    assert pack.say() == ("one", "core one", "tool")
    assert numbers(lab, "pack") == [1, 2, 3]


def test_a_version_that_was_reverted_to_imports_its_own_bytes_later(lab: Lab, pack: Any) -> None:
    assert pack.late() == "late one"
    lab.manager.unload_plugin("pack")
    lab.write("pack/lazy.py", "def late(): return 'late three'\n")
    lab.edit("pack/core.py", "core two", "core three")
    lab.load("pack")
    assert running(lab, "pack") == 3
    assert version(lab, 2, "pack").sources.keys() == {*SECOND, "pack.lazy"}
    revert(lab, "pack", 2, code_only=True).raise_for_outcome()
    assert "pack.lazy" not in sys.modules
    assert pack.late() == "late one"
    assert numbers(lab, "pack") == [1, 2, 3]
    lab.reload("pack").raise_for_outcome()
    assert pack.late() == "late three"


def test_a_policy_is_asked_about_each_module(lab: Lab, pack: Any) -> None:
    sources = version(lab, 1, "pack").sources
    pinned = {name: source.sha256 for name, source in sources.items()}
    lab.manager.policy = PinnedHashes({**pinned, "pack.tools": "0" * 64})
    report = revert(lab, "pack", 1)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, VerificationError)
    assert pack.say() == ("two", "core two", "more")
    assert "pack.tools" not in sys.modules
    lab.manager.policy = PinnedHashes(pinned)
    assert revert(lab, "pack", 1)
