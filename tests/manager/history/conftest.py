"""Two plugins that have run in two versions, and what tests ask of their histories."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.manager.conftest import Lab, check_ends_once
from themis_jupyter import ReloadReport
from themis_jupyter.drift import drift_in_words, drift_of
from themis_jupyter.history import Version

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
