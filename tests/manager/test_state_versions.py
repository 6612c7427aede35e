"""The layout of a state changes: versions, migrations, renamed classes, recipes; seen from a plugin."""

from __future__ import annotations

import pytest

from tests.manager.conftest import Lab
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import MigrationError

COUNT = """
    from themis_jupyter import StatefulPlugin, migrates

    class Part:
        def __init__(self, n):
            self.n = n

    class P(StatefulPlugin):
        state_version = 1

        def initialize(self, config):
            self.count = 0
            self.parts = []

        def add(self):
            self.count += 1
            self.parts.append(Part(self.count))
"""

TOTAL = """
    from themis_jupyter import StatefulPlugin, migrates

    class Part:
        def __init__(self, n):
            self.n = n

    class P(StatefulPlugin):
        state_version = 3

        def initialize(self, config):
            self.total = 0
            self.parts = []

        @migrates(1, 2)
        def to_2(state):
            return {"sum": state["count"], "parts": state["parts"]}

        @staticmethod
        @migrates(2, 3)
        def to_3(state):
            return {"total": state["sum"], "parts": state["parts"]}

        @migrates(3, 1)
        def back(self, state):
            return {"count": state["total"], "parts": state["parts"]}
"""


def test_steps_are_chained(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    plugin.add()
    lab.write("p.py", TOTAL)
    assert lab.reload("p")
    assert plugin.total == 2
    assert not hasattr(plugin, "count")
    assert [part.n for part in plugin.parts] == [1, 2]
    assert type(plugin.parts[0]) is lab.manager.get_record("p").module.Part  # type: ignore[union-attr]


def test_and_down_again(lab: Lab) -> None:
    plugin = lab.load("p", TOTAL)
    plugin.total = 5
    down = TOTAL.replace("state_version = 3", "state_version = 1").replace(
        "self.total", "self.count"
    )
    lab.write("p.py", down)
    assert lab.reload("p")
    assert plugin.count == 5


def test_a_missing_step_is_told_before_anything_is_touched(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    lab.write("p.py", TOTAL.replace("@migrates(2, 3)", "@migrates(2, 4)"))
    report = lab.reload("p")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, MigrationError)
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.SAVE_STATE
    assert "has version 1, the code wants version 3, and there is no way from" in str(report.error)
    assert "mending the file is not enough" not in report.headline()  # it is: a step is missing
    assert "@migrates(" in str(report.error)
    assert plugin.count == 1
    assert lab.manager.reload_plugin("p", fresh=True)
    assert plugin.total == 0


def test_a_migration_that_raises_rolls_back(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    lab.write("p.py", TOTAL.replace('state["sum"]', 'state["no such thing"]'))
    report = lab.reload("p")
    assert report.outcome is Outcome.ROLLED_BACK
    assert "no such thing" in report.traceback
    assert (plugin.count, plugin.parts[0].n) == (1, 1)
    lab.write(
        "p.py", TOTAL.replace('return {"total": state["sum"], "parts": state["parts"]}', "state")
    )
    report = lab.reload("p")
    assert report.outcome is Outcome.ROLLED_BACK
    assert "is a 'return' missing?" in str(report.error)


@pytest.mark.parametrize("version", ["'2'", "1.5", "True"])
def test_a_version_that_is_none(lab: Lab, version: str) -> None:
    lab.load("p", COUNT)
    lab.write("p.py", COUNT.replace("state_version = 1", f"state_version = {version}"))
    report = lab.reload("p")
    assert report.outcome is Outcome.ABORTED
    assert "expected a whole number" in str(report.error)


def test_a_renamed_class(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    renamed = COUNT.replace("class Part:", "class Piece:").replace("Part(", "Piece(")
    lab.write("p.py", renamed)
    report = lab.reload("p")
    assert report.outcome is Outcome.ROLLED_BACK, "nobody said that Part is Piece"
    assert plugin.parts[0].n == 1
    lab.write("p.py", renamed.replace("state_version = 1", 'state_aliases = {"Part": "Piece"}'))
    assert lab.reload("p")
    assert [type(part).__name__ for part in plugin.parts] == ["Piece"]


NOTES = """
    import sqlite3
    from themis_jupyter import StatefulPlugin, reconnects

    OPENED = []

    def connect(path):
        OPENED.append(path)
        return sqlite3.connect(path)

    class Notes(StatefulPlugin):
        transient = ("scratch",)

        def initialize(self, config):
            self.database = None
            self.scratch = []

        def open(self, path):
            self.database = connect(path)
            self.database.execute("create table if not exists notes (text)")

        def shutdown(self):
            if self.database is not None:
                self.database.close()

        @reconnects(sqlite3.Connection)
        def open_again(self, connection):
            connection.commit()
            return connect, (connection.execute("pragma database_list").fetchone()[2],)
"""


def test_a_database_is_opened_again(lab: Lab) -> None:
    plugin = lab.load("notes", NOTES)
    plugin.open(str(lab.folder / "notes.db"))
    plugin.database.execute("insert into notes values ('hello')")
    lab.edit("notes.py", "self.scratch = []", "self.scratch = [1]")
    report = lab.reload("notes")
    assert report
    assert plugin.database.execute("select text from notes").fetchall() == [("hello",)]
    assert plugin.scratch == [1]
    [state] = report.state
    assert state.fields == ("database",)
    assert dict(state.reset) == {
        "scratch": "named in `transient`: made anew by the plugin",
        "state.database": "made again by its recipe",
    }
    module = lab.manager.get_record("notes").module
    assert len(module.OPENED) == 2, "once by the user, once by the reload"  # type: ignore[union-attr]
    plugin.shutdown()


def test_a_recipe_that_returns_nonsense(lab: Lab) -> None:
    plugin = lab.load("notes", NOTES.replace("return connect, (", "return ("))
    plugin.open(str(lab.folder / "notes.db"))
    lab.edit("notes.py", "self.scratch = []", "self.scratch = [1]")
    report = lab.reload("notes")
    assert report.outcome is Outcome.ABORTED
    assert "expected a function and its arguments" in str(report.error)
    plugin.shutdown()


FACTORY = """
    from themis_jupyter import StatefulPlugin

    def scaled(factor):
        def scale(x):
            return factor * x
        return scale

    class P(StatefulPlugin):
        def initialize(self, config):
            self.scale = scaled(3)
            self.plain = lambda x: x
"""


def test_closures_in_the_state_run_the_new_code(lab: Lab) -> None:
    plugin = lab.load("p", FACTORY)
    plugin.scale = lab.manager.get_record("p").module.scaled(5)  # type: ignore[union-attr]
    lab.edit("p.py", "factor * x", "factor * x + 100")
    assert lab.reload("p")
    assert plugin.scale(2) == 110
    lab.edit("p.py", "lambda x: x", "lambda x: -x")
    assert lab.reload("p")
    assert plugin.plain(1) == -1
    assert plugin.scale(2) == 110


ENDLESS = """
    import time
    from themis_jupyter import StatefulPlugin

    class Endless:
        def __reduce__(self):
            while True:
                time.sleep(0.001)

    class P(StatefulPlugin):
        def initialize(self, config):
            self.thing = None
"""


def test_serialising_that_never_ends_is_stopped(lab: Lab) -> None:
    plugin = lab.load("p", ENDLESS)
    plugin.thing = lab.manager.get_record("p").module.Endless()  # type: ignore[union-attr]
    lab.manager.step_timeout = 0.2
    lab.edit("p.py", "self.thing = None", "self.thing = 1")
    report = lab.reload("p")
    assert report.outcome is Outcome.ABORTED
    assert "serialising the state of 'p' did not end within 0.2 s" in str(report.error)
    assert plugin.thing is not None


def test_what_the_new_code_names_transient_is_not_told_as_kept(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    lab.edit("p.py", "state_version = 1", 'state_version = 1\n    transient = ("parts",)')
    report = lab.reload("p")
    assert report
    assert (plugin.count, plugin.parts) == (1, [])
    [state] = report.state
    assert state.fields == ("count",)
    assert dict(state.reset) == {
        "parts": "named in `transient` by the new code, which makes it anew"
    }


def test_a_plan_tells_of_a_missing_migration(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    plugin.add()
    lab.write("p.py", TOTAL.replace("@migrates(2, 3)", "@migrates(2, 4)"))
    plan = lab.manager.plan_reload("p")
    assert "there is no way from" in plan.problems[0]
    assert lab.manager.plan_reload("p", fresh=True)
    lab.write("p.py", TOTAL)
    assert lab.manager.plan_reload("p")
    assert lab.reload("p")


def test_an_exception_in_the_state_is_told_to_lose_its_traceback(lab: Lab) -> None:
    plugin = lab.load("p", COUNT)
    try:
        plugin.no_such_name  # noqa: B018
    except AttributeError as error:
        plugin.parts = [error]
    lab.edit("p.py", "self.count = 0", "self.count = 0 + 0")
    report = lab.reload("p")
    assert report
    assert type(plugin.parts[0]) is AttributeError
    assert "without its traceback" in dict(report.state[0].reset)["state.parts[0]"]
