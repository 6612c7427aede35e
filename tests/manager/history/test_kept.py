"""Which versions are kept, and what they tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manager.conftest import Lab
from tests.manager.history.conftest import TALLY, numbers, revert, running, version
from themis_jupyter import Outcome
from themis_jupyter.errors import HistoryError, PluginNotFoundError, PluginNotLoadedError
from themis_jupyter.history import History, Version


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


def test_numbers_in_words() -> None:
    history = History("p")
    with pytest.raises(HistoryError, match="no version of 'p' has run yet"):
        history.get(1)
    assert history.previous() is None
    for number in (1, 2, 3, 5, 7, 8):
        history._versions[number] = Version(number, {}, None, {})
    with pytest.raises(HistoryError, match="There are: 1-3, 5, 7-8"):
        history.get(6)
