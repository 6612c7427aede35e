"""Plugins that can be reloaded safely, with all that they may do: no check finds fault with them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.testing.conftest import Check
from themis_jupyter import PluginManager
from themis_jupyter.phases import Phase
from themis_jupyter.testing import assert_reload_safe, check_reload_safety, dedent
from themis_jupyter.testing.safety_report import Verdict

PLAIN = """
    from themis_jupyter import Plugin

    class Plain(Plugin):
        def greet(self):
            return "hello"
"""

COUNTER = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += self.step
"""

#: All that a plugin may have, and gives back.
EVERYTHING = '''
    # -*- coding: utf-8 -*-
    """A plugin with a bit of all."""
    from __future__ import annotations

    import dataclasses, enum, functools, logging, os, sys, threading

    from themis_jupyter import StatefulPlugin

    CACHE = {}
    KEY = lambda item: -item

    class Colour(enum.Enum):
        RED = 1
        BLUE = 2

    @dataclasses.dataclass
    class Item:
        x: int
        y: float = float("nan")

    class Opaque:
        __slots__ = ("value",)
        def __init__(self): self.value = [1]

    def logged(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)
        return wrapper

    @logged
    def one(x): return x

    @functools.lru_cache
    def two(x): return x

    async def three():
        "Only words."

    class Everything(StatefulPlugin):
        """Everything."""
        transient = ("thread", "stop", "fd", "handler")

        class Inner:
            def __init__(self): self.key = Opaque()
            @property
            def z(self): return 1
            @classmethod
            def make(cls): return cls()

        def initialize(self, config):
            import decimal  # a module that is imported when it is needed
            CACHE.setdefault("big", list(range(1000)))
            self.items = [Item(1), Item(2)]
            self.colour = Colour.RED
            self.inner = self.Inner.make()
            self.inner.parent = self.inner
            self.names = {"a", "b", frozenset("c")}
            self.make = lambda: self.items
            self.one = one
            self.lock = threading.Lock()
            self.number = decimal.Decimal("1.5")
            self.stop = threading.Event()
            self.thread = threading.Thread(target=self.run)
            self.thread.start()
            self.fd = os.open(__file__, os.O_RDONLY)
            self.handler = logging.NullHandler()
            os.environ["WORLD_HAS"] = "this"
            two(3)

        def shutdown(self):
            self.stop.set()
            self.thread.join()
            os.close(self.fd)
            del os.environ["WORLD_HAS"]

        def run(self):
            self.stop.wait()

        def on_event(self): pass

        def numbers(self):
            yield 1
'''

OWN_STATE = """
    from themis_jupyter import StatefulPlugin

    class Own(StatefulPlugin):
        def initialize(self, config):
            self.total, self.cache = 0, {}

        def save_state(self):
            return {"total": self.total}

        def restore_state(self, state):
            self.total = state["total"]
"""

FACTORY = """
    from themis_jupyter import Plugin

    class Maker(Plugin):
        def __init__(self, size):
            self.size = size

    def create_plugin():
        return Maker(3)
"""


@pytest.mark.parametrize("text", [PLAIN, COUNTER, EVERYTHING, OWN_STATE, FACTORY])
def test_no_fault_is_found(check: Check, text: str) -> None:
    report = check(text)
    assert report, report
    checks = [row.check for row in report.rows]
    for phase in Phase:
        told = f"failure in: {phase.value}" in checks
        assert told == (phase not in (Phase.CHECK, Phase.ROLLBACK))
    assert len(checks) == len(set(checks)) == 27


REGISTERED = """
    import logging, sys
    import world
    from themis_jupyter import Plugin

    class Registered(Plugin):
        def initialize(self, config):
            world.HANDLERS.append(self.on_event)
            sys.path.append("/nowhere/world")

        def shutdown(self):
            world.HANDLERS.remove(self.on_event)
            sys.path.remove("/nowhere/world")

        def on_event(self): pass
"""


def test_what_is_registered_elsewhere_and_taken_back(check: Check) -> None:
    report = check(REGISTERED)
    assert report, report


def test_state_is_built_up_and_kept(check: Check) -> None:
    seen = []

    def use(counter: Any) -> None:
        counter.add()
        seen.append(counter.total)

    report = check(COUNTER, use=use, config={"step": 3})
    assert report and seen == [3]
    row = next(row for row in report.rows if row.check == "saves its state")
    assert row.seen == ""
    report = check(COUNTER, use="plugin.add(); assert plugin.total == 1")
    assert report, report


def test_without_use_the_report_says_how_little_is_checked(check: Check) -> None:
    row = next(row for row in check(COUNTER).rows if row.check == "saves its state")
    assert row.verdict is Verdict.OK
    assert "only what initialize() makes" in row.seen


def test_edits_of_the_author(check: Check) -> None:
    grown = COUNTER + "\n        def more(self):\n            return 1\n"
    report = check(
        COUNTER,
        use="plugin.add()",
        edits=[("+= self.step", "-= self.step"), ("-= self.step", "-= 2 * self.step")],
    )
    assert report, report
    checks = [row.check for row in report.rows]
    assert "edit: number 1 of yours" in checks and "edit: number 2 of yours" in checks
    assert "edit: as it was" in checks
    from themis_jupyter.testing import dedent

    assert check(COUNTER, edits=[dedent(grown)])


def test_an_edit_that_cannot_be_made(check: Check) -> None:
    report = check(COUNTER, edits=[("nothing like it", "x"), ("self", "me")])
    texts = [row.seen for row in report.failures]
    assert texts == [
        "the old text 'nothing like it' is there 0 times, not once",
        "the old text 'self' is there 6 times, not once",
    ]


def test_an_edit_that_migrates_the_state(check: Check) -> None:
    new = """
        from themis_jupyter import StatefulPlugin, migrates

        class Counter(StatefulPlugin):
            state_version = 2

            def initialize(self, config):
                self.count = 0

            @staticmethod
            @migrates(1, 2)
            def forth(state):
                return {"count": state["total"]}

            @staticmethod
            @migrates(2, 1)
            def back(state):
                return {"total": state["count"], "step": 1}
    """
    from themis_jupyter.testing import dedent

    old = dedent(COUNTER).replace("StatefulPlugin\n\n", "StatefulPlugin, migrates\n\n", 1)
    old += (
        "    @staticmethod\n    @migrates(2, 1)\n    def back(state):\n"
        "        return {'total': state['count'], 'step': 1}\n"
    )
    report = check(old, edits=[dedent(new)])
    assert report, report


def test_a_state_that_changes_by_itself(check: Check) -> None:
    report = check("""
        import time
        from themis_jupyter import StatefulPlugin

        class Clock(StatefulPlugin):
            def initialize(self, config):
                self.total = 0

            def save_state(self):
                return {"total": self.total, "now": time.perf_counter_ns()}
    """)
    assert report, report
    assert any("not compared, as it changes by itself: state.now" in r.seen for r in report.rows)


def test_a_package_with_files_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "subject"
    package.mkdir()
    (tmp_path / "beside.txt").write_text("data")
    (package / "data.txt").write_text("inner")
    (package / "inner.py").write_text("def size():\n    return 1\n")
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from themis_jupyter import StatefulPlugin\n"
        "from .inner import size\n\n"
        "class Packed(StatefulPlugin):\n"
        "    def initialize(self, config):\n"
        "        here = Path(__file__).parent\n"
        "        self.data = (here / 'data.txt').read_text()\n"
        "        self.more = (here.parent / 'beside.txt').read_text()\n"
        "        self.size = size()\n"
    )
    report = check_reload_safety(package, reloads=4, edits=[("return 1", "return 2")])
    assert report, report
    assert not [name for name in sys.modules if name.startswith("subject")]


def test_a_plugin_that_needs_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.py").write_text(
        "from themis_jupyter import Plugin\nclass Base(Plugin):\n    pass\n"
    )
    (tmp_path / "subject.py").write_text(
        "from themis_jupyter import Plugin\nclass Top(Plugin):\n    dependencies = ['base']\n"
    )
    report = check_reload_safety("subject", reloads=4)
    assert report, report
    assert not {"base", "subject"} & set(sys.modules)


def test_a_plugin_that_asks_the_manager_for_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").mkdir()
    base = "from themis_jupyter import Plugin\nclass Base(Plugin):\n    size = 3\n"
    (tmp_path / "plugins" / "base.py").write_text(base)
    top = """
        from themis_jupyter import Plugin, PluginManager

        class Top(Plugin):
            dependencies = ["base"]

            def initialize(self, config):
                self.size = PluginManager.instance().get_plugin("base").size
    """
    (tmp_path / "plugins" / "top.py").write_text(dedent(top))
    monkeypatch.chdir(tmp_path)
    before = PluginManager.instance() if PluginManager.initialized() else None
    report = check_reload_safety("top", use=lambda top: top.size, reloads=4)
    assert report, report.problems()
    after = PluginManager.instance() if PluginManager.initialized() else None
    assert before is after


def test_line_ends_encodings_and_names_survive_the_edits(tmp_path: Path) -> None:
    text = (
        "#!/usr/bin/python\r\n# coding: latin-1\r\n"
        "from themis_jupyter import StatefulPlugin\r\n"
        "class Größe(StatefulPlugin):\r\n    name = 'size-it'\r\n"
        "    def initialize(self, config):\r\n        self.text = 'é'; self.raw = r'\\d'\r\n"
    )
    (tmp_path / "subject.py").write_bytes(text.encode("latin-1"))
    report = assert_reload_safe(tmp_path / "subject.py", reloads=4)
    assert report.plugin == "size-it"
