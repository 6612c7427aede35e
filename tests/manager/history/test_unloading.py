"""A history outlives its plugin."""

from __future__ import annotations

import os
from typing import Any

from tests.manager.conftest import Lab
from tests.manager.history.conftest import TALLY, numbers, revert, running, version, words
from themis_jupyter import Outcome


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


def test_another_plugin_of_the_same_name(lab: Lab) -> None:
    """Its versions are kept under that name, too, but none of them can take the other's place."""
    text = TALLY.replace('version = "1.0"', 'version = "1.0"\n        name = "same"')
    lab.write("one.py", text)
    lab.write("two.py", text.replace('"old"', '"two"'))
    lab.manager.load_plugin(lab.folder / "one.py")
    lab.manager.unload_plugin("same")
    same: Any = lab.manager.load_plugin(lab.folder / "two.py")
    assert (numbers(lab, "same"), running(lab, "same")) == ([1, 2], 2)
    report = revert(lab, "same", 1, code_only=True)
    assert report.outcome is Outcome.ABORTED
    assert "version 1 of 'same' was loaded as one, and now it is two" in str(report.error)
    lab.edit("two.py", '"two"', '"three"')
    assert words(lab, "same") == ("edited", "running version 2, file has an edit that never ran")
    assert same.add()[0] == "two"
