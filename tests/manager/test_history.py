"""Versions that ran are kept, and can be brought back: their code, their state, or both."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.manager.conftest import Faults, Lab, check_ends_once, counter, in_thread
from tests.manager.test_failures import ABORTED, KINDS, STEPS, World, inject
from themis_jupyter import Outcome, Phase, PinnedHashes, ReloadReport, reload_in_place
from themis_jupyter.drift import drift_in_words, drift_of, version_on_disk
from themis_jupyter.errors import (
    HistoryError,
    MigrationError,
    PluginNotFoundError,
    PluginNotLoadedError,
    VerificationError,
)
from themis_jupyter.history import History, Version
from themis_jupyter.loading import SubmoduleFinder

TALLY = """
    from themis_jupyter import StatefulPlugin

    UNIT = "old"
    SEEN = []

    def label():
        return UNIT

    class Tally(StatefulPlugin):
        version = "1.0"

        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0
            self.parts = []

        def add(self):
            self.total += 1
            SEEN.append(self.total)
            return label(), self.total
"""


def revert(lab: Lab, name: str, version: int | None = None, **options: Any) -> ReloadReport:
    lab.events.clear()
    lab.heard.clear()
    report = lab.manager.revert_plugin(name, version, **options)
    check_ends_once(lab, report)
    return report


def numbers(lab: Lab, name: str = "tally") -> list[int]:
    return [version.number for version in lab.manager.history(name)]


def running(lab: Lab, name: str = "tally") -> int:
    current = lab.manager.history(name).current
    assert current is not None
    return current.number


def version(lab: Lab, number: int, name: str = "tally") -> Version:
    return lab.manager.history(name).get(number)


def words(lab: Lab, name: str = "tally") -> tuple[str, str]:
    record = lab.manager.get_record(name)
    return drift_of(record), drift_in_words(record)


@pytest.fixture
def tally(lab: Lab) -> Any:
    """A plugin whose version 1 was left with a total of 1; version 2 has one of 2, and runs."""
    tally = lab.load("tally", TALLY)
    tally.add()
    lab.edit("tally.py", '"old"', '"new"')
    lab.reload("tally").raise_for_outcome()
    assert tally.add() == ("new", 2)
    return tally


# -- what is kept ----------------------------------------------------------------------------------


def test_versions_and_what_they_tell(lab: Lab, tally: Any) -> None:
    one, two = lab.manager.history("tally")
    assert (one.number, one.how, one.plugin_version) == (1, "load", "1.0")
    assert (two.number, two.how) == (2, "reload")
    assert b'"old"' in one.sources["tally"].data
    assert one.left is not None and one.state is not None
    assert [(f.name, f.type) for f in one.left.fields] == [
        ("step", "int"), ("total", "int"), ("parts", "list"),
    ]  # fmt: skip
    assert one.state.restore()["total"] == 1
    assert one.state._ready == []
    assert two.left is None and two.state is None
    assert one.began <= one.again <= two.began


def test_back_and_forth_makes_no_more_versions(lab: Lab, tally: Any) -> None:
    for word, other in (("new", "old"), ("old", "new"), ("new", "old")):
        lab.edit("tally.py", f'"{word}"', f'"{other}"')
        lab.reload("tally").raise_for_outcome()
    assert numbers(lab) == [1, 2]
    assert running(lab) == 1
    assert lab.reload("tally").outcome is Outcome.UNCHANGED
    lab.reload("tally", full=True).raise_for_outcome()
    assert numbers(lab) == [1, 2]


def test_another_configuration_is_another_version(lab: Lab, tally: Any) -> None:
    lab.reload("tally", config={"step": 4}).raise_for_outcome()
    assert numbers(lab) == [1, 2, 3]
    assert version(lab, 3).config == {"step": 4}
    assert lab.manager.get_record("tally").config == {"step": 4}
    revert(lab, "tally").raise_for_outcome()
    assert lab.manager.get_record("tally").config == {}
    revert(lab, "tally").raise_for_outcome()
    assert lab.manager.get_record("tally").config == {"step": 4}


class Incomparable:
    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_a_configuration_that_cannot_be_compared(lab: Lab) -> None:
    config = {"step": 2, "table": Incomparable(), "more": [Incomparable(), {"a": (1, 2)}]}
    lab.load("tally", TALLY, config)
    for word, other in (("old", "new"), ("new", "old"), ("old", "new")):
        lab.edit("tally.py", f'"{word}"', f'"{other}"')
        lab.reload("tally").raise_for_outcome()
    assert numbers(lab) == [1, 2]
    assert revert(lab, "tally", 2).outcome is Outcome.UNCHANGED
    assert revert(lab, "tally", 1)
    assert lab.manager.get_record("tally").config["table"] is config["table"]


@pytest.mark.parametrize("fault", ["1 / 0", "return False", "import no_such_module"])
def test_a_reload_that_fails_makes_no_version(fault: str, lab: Lab, tally: Any) -> None:
    history = lab.manager.history("tally")
    before = [(v.number, v.turn, v.left, v.state) for v in history]
    lab.edit("tally.py", "self.total = 0", f"self.total = 0; {fault}")
    assert not lab.reload("tally")
    assert [(v.number, v.turn, v.left, v.state) for v in history] == before
    assert running(lab) == 2


def test_a_load_that_fails_makes_no_version(lab: Lab) -> None:
    with pytest.raises(Exception, match="ZeroDivisionError"):
        lab.load("tally", TALLY.replace("self.total = 0", "1 / 0"))
    with pytest.raises(PluginNotLoadedError):
        lab.manager.history("tally")
    with pytest.raises(PluginNotFoundError):
        lab.manager.history("no such plugin")


def test_fresh_keeps_what_it_gave_up(lab: Lab, tally: Any) -> None:
    lab.reload("tally", fresh=True).raise_for_outcome()
    assert tally.total == 0
    report = revert(lab, "tally", 2, state_only=True)
    assert report.outcome is Outcome.RELOADED
    assert "given the state of version 2" in report.headline()
    assert tally.total == 2
    assert numbers(lab) == [1, 2]


# -- a revert --------------------------------------------------------------------------------------


def test_everything_stays_the_same_object(lab: Lab, tally: Any) -> None:
    module, instance = lab.module("tally"), lab.instance("tally")
    label, cls, add, seen = module.label, module.Tally, tally.add, module.SEEN
    report = revert(lab, "tally", 1).raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    assert report.words == "reverted to version 1 with its state"
    assert "tally reverted to version 1 with its state in" in report.headline()
    assert lab.module("tally") is module
    assert (module.label, module.Tally, module.SEEN) == (label, cls, seen)
    assert module.label is label and module.Tally is cls and module.SEEN is seen
    assert lab.instance("tally") is instance and type(instance) is cls
    assert lab.get("tally") is tally
    assert add() == ("old", 2)  # the state is that of version 1 when it was left
    assert '"new"' in lab.path_of("tally").read_text()
    assert report.hashes == {"tally": version(lab, 1).sources["tally"].sha256}


def test_a_revert_of_a_revert(lab: Lab, tally: Any) -> None:
    tally.add()
    for number, total in ((1, 1), (2, 3), (1, 1), (2, 3)):
        revert(lab, "tally").raise_for_outcome()
        assert (running(lab), tally.total) == (number, total)
    assert numbers(lab) == [1, 2]


def test_code_only_and_state_only(lab: Lab, tally: Any) -> None:
    assert revert(lab, "tally", 1, code_only=True)
    assert tally.add() == ("old", 3)
    assert running(lab) == 1
    assert version(lab, 2).state is not None
    assert revert(lab, "tally", 2, state_only=True)
    assert tally.add() == ("old", 3)
    assert running(lab) == 1


def test_what_is_on_disk_is_not_looked_at(lab: Lab, tally: Any) -> None:
    lab.write("tally.py", "this is no Python (")
    assert revert(lab, "tally", 1)
    assert tally.add() == ("old", 2)
    lab.path_of("tally").unlink()
    assert revert(lab, "tally", 2, state_only=True)
    assert tally.add() == ("old", 3)
    assert revert(lab, "tally", 2)
    assert tally.add()[0] == "new"
    traceback = _traceback_of(tally)
    assert "tally.py" in traceback


def _traceback_of(tally: Any) -> str:
    import traceback

    tally.total = None
    try:
        tally.add()
    except TypeError:
        return traceback.format_exc()
    return ""


def test_to_what_runs_already(lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 2)
    assert report.outcome is Outcome.UNCHANGED
    assert report.headline() == "tally is unchanged (reverted to version 2 with its state)"
    lab.edit("tally.py", '"new"', '"newer"')  # what is on disk does not matter
    assert revert(lab, "tally", 2).outcome is Outcome.UNCHANGED
    assert revert(lab, "tally", 2, code_only=True).outcome is Outcome.UNCHANGED
    assert tally.add() == ("new", 3)


def test_to_the_version_that_would_run_but_for_a_reload_behind_our_back(
    lab: Lab, tally: Any
) -> None:
    lab.edit("tally.py", '"new"', '"newer"')
    reload_in_place(lab.module("tally"))
    assert tally.add() == ("newer", 3)
    assert revert(lab, "tally", 2).outcome is Outcome.RELOADED
    assert tally.add() == ("new", 4)
    assert numbers(lab) == [1, 2]


def test_state_that_is_its_former_self_is_no_part_of_the_history(lab: Lab, tally: Any) -> None:
    """What the plugin does with a state that came back does not reach the kept one."""
    revert(lab, "tally", 1)
    tally.parts.append("added afterwards")
    tally.add()
    kept = version(lab, 1).state
    assert kept is not None
    assert kept.restore() == {"step": 1, "total": 1, "parts": []}


# -- wrong input -----------------------------------------------------------------------------------


def test_versions_that_are_not_there(lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 7)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, HistoryError)
    assert "version 7 of 'tally' is not there. There are: 1-2" in str(report.error)
    assert "was not reverted" in report.headline()
    assert tally.add() == ("new", 3)
    assert "is not there" in str(revert(lab, "tally", -1).error)


def test_nothing_to_go_back_to(lab: Lab) -> None:
    lab.load("tally", TALLY)
    report = revert(lab, "tally")
    assert report.outcome is Outcome.ABORTED
    assert "no other one has run" in str(report.error)


def test_a_plugin_that_is_not_loaded(lab: Lab, tally: Any) -> None:
    assert isinstance(lab.manager.revert_plugin("talyl").error, PluginNotFoundError)
    lab.manager.unload_plugin("tally")
    report = lab.manager.revert_plugin("tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PluginNotLoadedError)


@pytest.mark.parametrize("other", ["code_only", "write"])
def test_options_that_exclude_each_other(other: str, lab: Lab, tally: Any) -> None:
    report = revert(lab, "tally", 1, state_only=True, **{other: True})
    assert report.outcome is Outcome.ABORTED
    assert "exclude each other" in str(report.error)
    assert tally.add() == ("new", 3)


# -- limits ----------------------------------------------------------------------------------------


def test_the_number_of_versions(lab: Lab) -> None:
    lab.manager.history_keeper.versions = 3
    lab.load("tally", TALLY)
    for word in ("b", "c", "d"):
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    assert numbers(lab) == [2, 3, 4]
    report = revert(lab, "tally", 1)
    assert "version 1 of 'tally' is no longer kept. There are: 2-4" in str(report.error)
    assert revert(lab, "tally", 2)
    lab.write("tally.py", TALLY.replace('"old"', '"e"'))
    assert lab.reload("tally")
    assert numbers(lab) == [2, 4, 5]  # 2 ran after 3
    lab.manager.history_keeper.versions = 1
    assert revert(lab, "tally", 4)
    assert numbers(lab) == [4]
    lab.manager.history_keeper.versions = None
    for word in "fghi":
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    assert len(numbers(lab)) == 5


def test_the_size_of_the_states(lab: Lab) -> None:
    keeper = lab.manager.history_keeper
    tally = lab.load("tally", TALLY)
    tally.parts = ["x" * 1000]
    keeper.state_bytes = 2500
    for word in ("b", "c", "d"):
        lab.write("tally.py", TALLY.replace('"old"', f'"{word}"'))
        lab.reload("tally").raise_for_outcome()
    kept = {v.number: v.state is not None for v in lab.manager.history("tally")}
    assert kept == {1: False, 2: True, 3: True, 4: False}
    one = version(lab, 1)
    assert one.left is not None and one.left.size > 1000
    report = revert(lab, "tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert "newer states needed the room: c.HistoryKeeper.state_bytes" in str(report.error)
    assert "%revert_plugin tally 1 --code-only" in str(report.error)
    assert running(lab) == 4
    report = revert(lab, "tally", 1, state_only=True)
    assert "Kept are the states of: 2, 3." in str(report.error)
    assert revert(lab, "tally", 1, code_only=True)
    assert tally.parts == ["x" * 1000]


def test_a_state_that_is_larger_than_all_that(lab: Lab, tally: Any) -> None:
    lab.manager.history_keeper.state_bytes = 500
    tally.parts = ["x" * 1000]
    lab.edit("tally.py", '"new"', '"newer"')
    lab.reload("tally").raise_for_outcome()
    assert version(lab, 2).state is None
    assert "more than c.HistoryKeeper.state_bytes (500 B)" in version(lab, 2).not_kept
    assert version(lab, 1).state is not None  # it did not have to make room


def test_the_limit_is_that_of_all_plugins(lab: Lab) -> None:
    lab.manager.history_keeper.state_bytes = 1500
    for name in ("one", "two"):
        lab.load(name, TALLY).parts = ["x" * 1000]
        lab.edit(f"{name}.py", '"old"', '"new"')
        lab.reload(name).raise_for_outcome()
    assert version(lab, 1, "one").state is None
    assert version(lab, 1, "two").state is not None


def test_no_dead_class_is_kept_alive(lab: Lab) -> None:
    text = TALLY + "\n\n    class Extra:\n        pass\n"
    tally = lab.load("tally", text)
    tally.parts = [lab.module("tally").Extra()]
    extra = weakref.ref(lab.module("tally").Extra)
    lab.write("tally.py", TALLY)
    lab.reload("tally", fresh=True).raise_for_outcome()
    gc.collect()
    assert extra() is None
    assert revert(lab, "tally", 1)
    assert type(tally.parts[0]) is lab.module("tally").Extra


# -- unloading and loading -------------------------------------------------------------------------


def test_it_outlives_an_unload(lab: Lab, tally: Any) -> None:
    lab.manager.unload_plugin("tally")
    assert numbers(lab) == [1, 2]
    assert lab.load("tally") is tally
    assert (numbers(lab), running(lab)) == ([1, 2], 2)
    report = revert(lab, "tally").raise_for_outcome()
    assert report.outcome is Outcome.RELOADED
    assert tally.add() == ("old", 2)


def test_an_unload_saves_no_state(lab: Lab, tally: Any) -> None:
    lab.manager.unload_plugin("tally")
    lab.edit("tally.py", '"new"', '"newer"')
    lab.load("tally")
    assert running(lab) == 3
    report = revert(lab, "tally")
    assert report.outcome is Outcome.ABORTED
    assert "the plugin was unloaded, which does not save it" in str(report.error)
    assert "%revert_plugin tally 2 --code-only" in str(report.error)


def test_a_state_that_refers_to_the_plugin_itself_goes_with_it(lab: Lab, tally: Any) -> None:
    lab.manager.history_keeper.versions = 10
    tally.parts = [lab.instance("tally")]
    lab.edit("tally.py", '"new"', '"newer"')
    lab.reload("tally").raise_for_outcome()
    assert version(lab, 2).state is not None
    lab.manager.unload_plugin("tally")
    assert version(lab, 2).state is None
    assert version(lab, 1).state is not None
    lab.load("tally")
    report = revert(lab, "tally", 2)
    assert "when the plugin was unloaded" in str(report.error)


def test_the_file_has_moved(lab: Lab, tally: Any) -> None:
    lab.manager.unload_plugin("tally")
    there = lab.folder / "elsewhere" / "tally.py"
    there.parent.mkdir()
    os.rename(lab.folder / "tally.py", there)
    lab.manager.load_plugin(there)
    assert (numbers(lab), running(lab)) == ([1, 2], 2)
    assert revert(lab, "tally", 1, write=True)
    assert '"old"' in there.read_text()
    assert not (lab.folder / "tally.py").exists()


# -- failures --------------------------------------------------------------------------------------


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


# -- migrations ------------------------------------------------------------------------------------

COUNTS = """
    from themis_jupyter import StatefulPlugin, migrates

    class P(StatefulPlugin):
        state_version = 1

        def initialize(self, config):
            self.count = 0
"""
TOTALS = """
    from themis_jupyter import StatefulPlugin, migrates

    class P(StatefulPlugin):
        state_version = 3

        def initialize(self, config):
            self.total = 0

        @staticmethod
        @migrates(1, 3)
        def up(state):
            return {"total": state["count"]}

        @migrates(3, 1)
        def down(self, state):
            return {"count": state["total"]}
"""
SET_TOTAL = """
        def set(self, total):
            self.total = total
"""
NO_WAY_DOWN = TOTALS.replace("@migrates(3, 1)", "# no way down")


def both(lab: Lab, text: str) -> Any:
    """Version 1 was left with a count of 2, version 2 runs with a total of 5."""
    plugin = lab.load("p", COUNTS)
    plugin.count = 2
    lab.write("p.py", text)
    lab.reload("p").raise_for_outcome()
    assert plugin.total == 2
    plugin.total = 5
    return plugin


def test_down_by_the_class_that_goes(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    report = revert(lab, "p", 1, code_only=True).raise_for_outcome()
    assert plugin.count == 5
    assert not hasattr(plugin, "total")
    assert report.state[0].fields == ("count",)
    kept = version(lab, 2, "p").state
    assert kept is not None and kept.restore() == {"total": 5}
    assert kept.header.state_version == 3
    revert(lab, "p").raise_for_outcome()
    assert plugin.total == 5


def test_what_a_last_call_did_is_brought_down_as_well(lab: Lab) -> None:
    """A call that ends after the state was saved has it saved, and migrated, once more."""
    plugin = both(lab, TOTALS + SET_TOTAL)
    called: list[int] = []

    def listener(event: Any) -> None:
        if event.phase is Phase.BEFORE_UNLOAD and not called:
            called.append(1)
            plugin.set(9)

    lab.manager.register_reload_listener(listener)
    revert(lab, "p", 1, code_only=True).raise_for_outcome()
    assert plugin.count == 9


def test_what_is_reset_is_told_of_the_state_that_came(lab: Lab) -> None:
    text = TALLY.replace('version = "1.0"', 'version = "1.0"\n        transient = ("step",)')
    lab.load("tally", text)
    lab.edit("tally.py", '("step",)', '("parts",)')
    lab.reload("tally").raise_for_outcome()
    (state,) = revert(lab, "tally", 1).raise_for_outcome().state
    assert state.fields == ("total", "parts")
    assert state.reset == ()


def test_also_in_a_plain_reload(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    lab.write("p.py", COUNTS)
    assert lab.manager.plan_reload("p").problems == ()
    lab.reload("p").raise_for_outcome()
    assert plugin.count == 5
    assert numbers(lab, "p") == [1, 2]


def test_up_with_an_old_state(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    assert revert(lab, "p", 1, state_only=True)
    assert plugin.total == 2
    assert running(lab, "p") == 2


def test_the_state_as_it_was_left_needs_no_way(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    assert revert(lab, "p", 1)
    assert plugin.count == 2
    assert revert(lab, "p", 2)
    assert plugin.total == 5


def test_no_way_down(lab: Lab) -> None:
    plugin = both(lab, NO_WAY_DOWN)
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, MigrationError)
    assert "has version 3, the code wants version 1" in str(report.error)
    assert "@migrates(3, 1) in P, reload that" in str(report.error)
    step = report.failed_step
    assert step is not None and step.phase is Phase.SAVE_STATE
    assert plugin.total == 5
    lab.write("p.py", COUNTS)
    assert "there is no way from 3 to 1" in lab.manager.plan_reload("p").problems[0]
    assert lab.reload("p").outcome is Outcome.ABORTED
    assert lab.reload("p", fresh=True).outcome is Outcome.RELOADED
    # The state of version 2 has a layout that version 1 does not know.
    report = revert(lab, "p", 2, state_only=True)
    assert isinstance(report.error, MigrationError)
    assert report.outcome is Outcome.ABORTED


@pytest.mark.parametrize(
    ("wrong", "says"),
    [('return {"count": 1 / 0}', "ZeroDivisionError"), ("pass", "a 'return' missing")],
)
def test_a_way_down_that_fails_aborts(wrong: str, says: str, lab: Lab) -> None:
    plugin = both(lab, TOTALS.replace('return {"count": state["total"]}', wrong))
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ABORTED
    assert says in f"{report.error!r}"
    assert plugin.total == 5


def test_a_rollback_gives_the_state_back_as_it_was(lab: Lab) -> None:
    plugin = both(lab, TOTALS)
    kept = version(lab, 1, "p").sources
    source = kept["p"]
    kept["p"] = type(source)(source.filename, source.data.replace(b"= 0", b"= 1 / 0"))
    report = revert(lab, "p", 1, code_only=True)
    assert report.outcome is Outcome.ROLLED_BACK
    assert "self.count = 1 / 0" in report.traceback
    assert plugin.total == 5
    assert not hasattr(plugin, "count")
    assert running(lab, "p") == 2
    kept["p"] = source
    assert revert(lab, "p", 1, code_only=True)
    assert plugin.count == 5


def test_versions_without_any_state(lab: Lab) -> None:
    plain = "from themis_jupyter import Plugin\nclass P(Plugin):\n    def where(self): return 1\n"
    plugin = lab.load("p", plain)
    lab.write("p.py", COUNTS)
    lab.reload("p").raise_for_outcome()
    plugin.count = 4
    report = revert(lab, "p", 1).raise_for_outcome()
    assert report.state[0].dropped == (("count", "started without the old state"),)
    assert report.words == "reverted to version 1"
    assert plugin.where() == 1
    report = revert(lab, "p", 1, state_only=True)
    assert "Kept are the states of: 2." in str(report.error)
    assert revert(lab, "p", 2)
    assert plugin.count == 4


# -- dependents ------------------------------------------------------------------------------------

NEEDS = """
    from themis_jupyter import StatefulPlugin

    class Needs(StatefulPlugin):
        dependencies = ["tally"]
        def initialize(self, config): self.n = 0
        def where(self): return "needs old"
"""


def test_dependents_come_along_as_they_are(lab: Lab, tally: Any) -> None:
    needs = lab.load("needs", NEEDS)
    needs.n = 3
    report = revert(lab, "tally", 1)
    assert report.outcome is Outcome.ABORTED
    assert "needs needs it" in str(report.error)
    lab.edit("needs.py", "needs old", "needs new")
    report = revert(lab, "tally", 1, cascade=True).raise_for_outcome()
    assert set(report.plugins) == {"tally", "needs"}
    assert (needs.where(), needs.n) == ("needs old", 3)
    assert tally.add() == ("old", 2)
    assert numbers(lab, "needs") == [1]
    lab.reload("tally", cascade=True).raise_for_outcome()
    assert needs.where() == "needs new"


# -- packages --------------------------------------------------------------------------------------

INIT = """
    from themis_jupyter import StatefulPlugin
    from .core import power
    from . import tools

    class Engine(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def say(self): return "one", power(), tools.tool()
        def late(self):
            from .lazy import late
            return late()
"""
INIT_2 = """
    from themis_jupyter import StatefulPlugin
    from .core import power
    from .deep import more

    class Engine(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def say(self): return "two", power(), more.more()
        def late(self):
            from .lazy import late
            return late()
"""


def modules() -> dict[str, Any]:
    return {k: v for k, v in sys.modules.items() if k == "pack" or k.startswith("pack.")}


FIRST = ["pack", "pack.core", "pack.tools"]
SECOND = ["pack", "pack.core", "pack.deep", "pack.deep.more"]


@pytest.fixture
def pack(lab: Lab) -> Any:
    """Version 1 had the submodule ``tools``; version 2 has ``deep.more``, and runs."""
    lab.write("pack/__init__.py", INIT)
    lab.write("pack/core.py", "def power(): return 'core one'\n")
    lab.write("pack/tools.py", "def tool(): return 'tool'\n")
    lab.write("pack/lazy.py", "def late(): return 'late one'\n")
    lab.write("pack/plugin.json", json.dumps({"version": "1.5"}))
    pack = lab.load("pack")
    pack.n = 1
    second(lab)
    lab.reload("pack").raise_for_outcome()
    pack.n = 2
    assert sorted(modules()) == SECOND
    return pack


def second(lab: Lab) -> None:
    lab.write("pack/__init__.py", INIT_2)
    lab.write("pack/core.py", "def power(): return 'core two'\n")
    lab.write("pack/deep/__init__.py", "")
    lab.write("pack/deep/more.py", "def more(): return 'more'\n")
    lab.write("pack/plugin.json", json.dumps({"version": "2.5"}))
    (lab.folder / "pack/tools.py").unlink()


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


# -- drift -----------------------------------------------------------------------------------------


def test_drift(lab: Lab, tally: Any) -> None:
    assert words(lab) == ("", "")
    revert(lab, "tally", 1)
    assert words(lab) == ("reverted", "running version 1, file has version 2")
    lab.edit("tally.py", '"new"', '"newer"')
    assert words(lab) == ("edited", "running version 1, file has an edit that never ran")
    lab.edit("tally.py", '"newer"', '"old"')
    assert words(lab) == ("", "")
    assert lab.reload("tally").outcome is Outcome.UNCHANGED
    lab.path_of("tally").unlink()
    assert words(lab) == ("deleted", "running version 1, file is deleted")
    assert version_on_disk(lab.manager.get_record("tally")) is None


def test_drift_by_a_checkout(lab: Lab, tally: Any) -> None:
    lab.edit("tally.py", '"new"', '"old"')
    assert words(lab) == ("edited", "running version 2, file has version 1")


def test_drift_of_a_package(lab: Lab, pack: Any) -> None:
    assert words(lab, "pack") == ("", "")
    revert(lab, "pack", 1)
    assert words(lab, "pack") == ("reverted", "running version 1, files have version 2")


# -- writing ---------------------------------------------------------------------------------------


def test_the_file_follows(lab: Lab, tally: Any) -> None:
    path = lab.path_of("tally")
    path.chmod(0o640)
    new = path.read_bytes()
    report = revert(lab, "tally", 1, write=True)
    assert report.outcome is Outcome.RELOADED and not report.warnings
    assert "written to tally.py" in report.headline()
    assert '"old"' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in lab.folder.iterdir() if p.is_file()) == ["tally.py"]
    assert lab.reload("tally").outcome is Outcome.UNCHANGED
    assert words(lab) == ("", "")
    assert revert(lab, "tally", 2)
    assert '"old"' in path.read_text()
    report = revert(lab, "tally", 2, write=True)  # unchanged, but the file is to follow
    assert report.outcome is Outcome.UNCHANGED
    assert "written to tally.py" in report.headline()
    assert path.read_bytes() == new


def test_an_edit_that_never_ran_is_kept_beside(lab: Lab, tally: Any) -> None:
    path = lab.path_of("tally")
    for number, suffix in ((1, ".orig"), (2, ".orig2")):
        lab.edit("tally.py", "SEEN = []", f"SEEN = [{number}]")
        edit = path.read_bytes()
        report = revert(lab, "tally", 1, write=True)
        assert report
        beside = path.with_name(f"tally.py{suffix}")
        assert beside.read_bytes() == edit
        assert [str(beside) in warning for warning in report.warnings] == [True]
        assert lab.manager.get_record("tally").last is report
        revert(lab, "tally", 2)


def test_a_link_stays_one(lab: Lab, tally: Any) -> None:
    path, real = lab.path_of("tally"), lab.folder / "real.txt"
    os.rename(path, real)
    path.symlink_to(real)
    assert revert(lab, "tally", 1, write=True)
    assert path.is_symlink()
    assert '"old"' in real.read_text()


def test_a_revert_that_fails_writes_nothing(lab: Lab, tally: Any) -> None:
    before = lab.path_of("tally").read_bytes()
    lab.manager.policy = PinnedHashes({})
    assert not revert(lab, "tally", 1, write=True)
    assert lab.path_of("tally").read_bytes() == before


def test_a_folder_that_cannot_be_written(
    lab: Lab, tally: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lab.path_of("tally")
    before = path.read_bytes()

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("themis_jupyter.write_source.tempfile.mkstemp", refuse)
    report = revert(lab, "tally", 1, write=True)
    assert report.outcome is Outcome.RELOADED
    assert [f"{path} was not written: Permission denied." == w for w in report.warnings] == [True]
    assert tally.add() == ("old", 2)
    assert path.read_bytes() == before


def test_files_of_a_package(lab: Lab, pack: Any) -> None:
    report = revert(lab, "pack", 1, write=True)
    assert report
    folder = lab.folder / "pack"
    assert "tool" in (folder / "tools.py").read_text()
    assert "core one" in (folder / "core.py").read_text()
    told = " ".join(report.warnings)
    assert "more.py is not in version 1; it was left as it is" in told
    assert "plugin.json was not written" in told


def test_only_what_differs_is_written(lab: Lab, pack: Any) -> None:
    core = lab.folder / "pack/core.py"
    core.write_text("def power(): return 'core one'\n")
    before = core.stat().st_mtime_ns, core.stat().st_ino
    report = revert(lab, "pack", 1, write=True)
    assert (core.stat().st_mtime_ns, core.stat().st_ino) == before
    assert "core.py" not in report.words
    assert "__init__.py" in report.words and "tools.py" in report.words


# -- the parts -------------------------------------------------------------------------------------


def test_numbers_in_words() -> None:
    history = History("p")
    with pytest.raises(HistoryError, match="no version of 'p' has run yet"):
        history.get(1)
    assert history.previous() is None
    for number in (1, 2, 3, 5, 7, 8):
        history._versions[number] = Version(number, {}, None, {})
    with pytest.raises(HistoryError, match="There are: 1-3, 5, 7-8"):
        history.get(6)
