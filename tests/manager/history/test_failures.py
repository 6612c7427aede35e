"""A revert that fails, and one that mends what failed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.manager.conftest import Faults, Lab, counter, in_thread
from tests.manager.history.conftest import TALLY, numbers, revert, running, version
from tests.manager.test_failures import ABORTED, KINDS, STEPS, World, inject
from themis_jupyter import Outcome, Phase, PinnedHashes, ReloadReport
from themis_jupyter.errors import VerificationError


@pytest.fixture
def world(lab: Lab, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> World:
    """Version 1 of the history runs the code of ``counter(2)``; that of ``counter(1)`` runs."""
    monkeypatch.setenv("COUNTER", "0")
    handle = lab.load("counter", counter(2), {"step": 5})
    handle.add()
    lab.write("counter.py", counter(1))
    lab.reload("counter").raise_for_outcome()
    handle.add()
    handle.notes["second"] = (1, 2)
    return World(lab)


@pytest.mark.parametrize("kind", ["ValueError", "KeyboardInterrupt", "Catastrophe", "SIGINT"])
@pytest.mark.parametrize("phase", STEPS, ids=[p.name for p in STEPS])
def test_a_revert_that_fails_leaves_what_runs(
    phase: Phase,
    kind: str,
    lab: Lab,
    faults: Faults,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action, _ = KINDS[kind]
    history = lab.manager.history("counter")
    before = [(v.number, v.turn, v.left, v.state, dict(v.sources)) for v in history]
    with monkeypatch.context() as patches:
        inject(phase, action, lab, faults, patches)
        report = revert(lab, "counter", 1)
    assert report.outcome is (Outcome.ABORTED if phase in ABORTED else Outcome.ROLLED_BACK)
    assert not report.warnings
    assert "not reverted to version 1" in report.headline()
    world.check()
    assert [(v.number, v.turn, v.left, v.state, dict(v.sources)) for v in history] == before
    assert running(lab, "counter") == 2
    faults.disarm()
    assert revert(lab, "counter", 1)
    assert lab.get("counter").add() == ("2", 10)
    assert lab.instance("counter") is world.instance


def test_a_plugin_that_broke_is_brought_back(lab: Lab, faults: Faults, world: World) -> None:
    def fail() -> Any:
        raise ValueError("boom")

    faults.arm("initialize", 1, fail)
    faults.arm("initialize", 3, fail)
    lab.write("counter.py", counter(3))
    assert lab.reload("counter").outcome is Outcome.FAILED
    assert revert(lab, "counter").outcome is Outcome.FAILED
    faults.disarm()
    report = revert(lab, "counter").raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    world.check_runs("1")
    assert running(lab, "counter") == 2


def test_a_plugin_that_broke_is_brought_back_to_an_older_one(
    lab: Lab, faults: Faults, world: World
) -> None:
    def fail() -> Any:
        raise ValueError("boom")

    faults.arm("initialize", 1, fail)
    faults.arm("initialize", 3, fail)
    lab.write("counter.py", counter(3))
    assert lab.reload("counter").outcome is Outcome.FAILED
    faults.disarm()
    assert revert(lab, "counter", 1)
    assert lab.get("counter").add() == ("2", 10)
    assert version(lab, 2, "counter").state is not None  # what was kept for the next reload
    assert revert(lab, "counter", 2)
    world.check_runs("1")


def test_a_policy_that_refuses_the_old_bytes(lab: Lab, tally: Any) -> None:
    now = hashlib.sha256((lab.folder / "tally.py").read_bytes()).hexdigest()
    lab.manager.policy = PinnedHashes({"tally": now})
    report = revert(lab, "tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, VerificationError)
    assert tally.add() == ("new", 3)
    assert revert(lab, "tally", 2, state_only=True).outcome is Outcome.ABORTED  # it has none


def test_from_inside_the_plugin_it_is_refused(lab: Lab) -> None:
    text = TALLY.replace("SEEN.append(self.total)", "SEEN.append(CALL())")
    plugin = lab.load("tally", text.replace("SEEN = []", "SEEN = []\n    CALL = list"))
    lab.edit("tally.py", '"old"', '"new"')
    lab.reload("tally").raise_for_outcome()
    reports: list[ReloadReport] = []
    lab.module("tally").CALL = lambda: reports.append(lab.manager.revert_plugin("tally", 1))
    assert plugin.add()[0] == "new"
    assert reports[0].outcome is Outcome.ABORTED
    assert "from inside" in str(reports[0].error)


def test_reloads_and_reverts_from_several_threads(lab: Lab, tally: Any) -> None:
    reports: list[ReloadReport] = []
    start = threading.Barrier(3)

    def work(act: Callable[[], ReloadReport]) -> None:
        start.wait(5)
        reports.extend(act() for _ in range(8))

    acts = [
        lambda: lab.manager.revert_plugin("tally", 1, code_only=True),
        lambda: lab.manager.revert_plugin("tally", code_only=True),
        lambda: lab.manager.reload_plugin("tally"),
    ]
    threads = [threading.Thread(target=work, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert len(reports) == 24
    assert [r.headline() for r in reports if not r] == []
    assert numbers(lab) == [1, 2]
    assert in_thread(tally.add)[0] == {1: "old", 2: "new"}[running(lab)]
    assert tally.total == 3
