"""``%watch_plugins``, and the lines under cells that use a plugin which is not what is on disk."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.magics.session import COUNTER, Session
from tests.watch.conftest import until
from themis_jupyter import Outcome, PluginManager
from themis_jupyter.events import DriftEvent


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name == "themis_jupyter watch"]


@pytest.fixture
def counter(session: Session) -> Session:
    """A session in which ``counter`` is loaded as ``c``."""
    session.run("%load_plugin counter --as c;")
    session.shown()
    return session


def lines(session: Session) -> list[str]:
    """Return the lines under the last cells."""
    return [shown["text/plain"] for shown in session.shown()]


OLD = "! counter runs an old version: counter.py was edited since. %reload_plugin counter"


# -- drift -----------------------------------------------------------------------------------------


def test_a_line_under_each_cell_that_uses_the_plugin(counter: Session) -> None:
    counter.run("c.add()")
    assert lines(counter) == []
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.run("c.add()")
    assert lines(counter) == [OLD]
    counter.run("1 + 1")
    assert lines(counter) == []
    counter.run("c.add()")
    assert lines(counter) == [OLD]
    counter.run("%reload_plugin counter")
    counter.shown()
    counter.run("c.add()")
    assert lines(counter) == []


USES = {
    "the handle": "c.total",
    "a method of it": "f = c.add; f()",
    "a function": "double(2)",
    "a class": "Counter",
    "the module": "m.LIMIT",
    "an import": "from counter import TABLE",
    "an import of the module": "import counter",
    "an object that it made": "part.step",
    "a function of the notebook": "mine()",
    "a function of the notebook that calls another": "yours()",
    "in a function that is defined": "def later():\n    return c.total",
    "a line that is timed": "%timeit -n1 -r1 c.total",
    "a cell that is timed": "%%time\nmine()",
    "a cell that is captured, with a command in it": "%%capture out\n!true\nc.total",
    "magics within one another": "%%time\n%%capture out\nc.total",
}


@pytest.mark.parametrize("cell", USES.values(), ids=USES)
def test_what_counts_as_a_use(counter: Session, cell: str) -> None:
    counter.run("""
        from counter import Counter, double
        import counter as m
        part = Counter(); part.step = 1
        def mine(): return [double(x) for x in (1, 2)]
        def yours(): return (lambda: mine())()
    """)
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.run(cell)
    assert lines(counter) == [OLD]


def test_what_is_no_use(counter: Session) -> None:
    counter.run(
        "import math\nclass Lazy:\n    def __getattr__(self, name): raise SystemExit\nx = Lazy()"
    )
    counter.edit("LIMIT = 10", "LIMIT = 11")
    for cell in (
        "math.pi",
        "y = x",
        "'c.add()'",
        "%%writefile other.txt\nc.add()",
        "%%time\n'c.add()'",
        "c2 = 1",
        "%plugins",
        "%reload_plugin counter --plan",
    ):
        counter.run(cell)
        assert OLD not in lines(counter)
    assert counter.shell.run_cell("c.add(").error_before_exec
    assert lines(counter) == []


def test_a_cell_that_raises_gets_its_line_too(counter: Session) -> None:
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.error("c.total / 0")
    assert lines(counter) == [OLD]


def test_a_comment_is_taken_note_of(counter: Session) -> None:
    """The code that runs is that of the file: nothing has drifted, and the text is the new one."""
    path = counter.workspace.path("counter.py")
    path.write_text(path.read_text() + "# a remark\n")
    assert counter.run("%reload_plugin counter").outcome is Outcome.UNCHANGED
    counter.run("c.add()")
    assert lines(counter) == []
    assert counter.run("%plugins")["counter"].drift == ""
    assert [version.number for version in counter.manager.history("counter")] == [1]
    assert "# a remark" in inspect.getsource(sys.modules["counter"])


def test_switched_off(counter: Session) -> None:
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.run("%config CellNotes.show = False")
    counter.run("c.add()")
    assert lines(counter) == []
    assert counter.run("%plugins")["counter"].drift == "edited"


def test_a_deleted_file_and_a_failed_reload(counter: Session) -> None:
    path = counter.workspace.path("counter.py")
    text = path.read_text()
    path.unlink()
    counter.run("c.add()")
    assert lines(counter) == ["! counter goes on running, but a file of it is gone: counter.py"]
    path.write_text(text.replace("LIMIT = 10", "LIMIT = 1 / 0"))
    counter.run("%reload_plugin counter -q")
    counter.shown()
    for _ in range(2):
        counter.run("c.add()")
        assert lines(counter) == [
            "! counter runs its old version: the reload of what counter.py says now was aborted. "
            "%plugin_errors shows why"
        ]
    assert "ZeroDivisionError" in counter.run("%plugin_errors").text()
    # Put back as it was: nothing to complain about, and nothing to mend.
    path.write_text(text)
    counter.run("c.add()")
    assert lines(counter) == []
    assert counter.run("%plugin_errors")
    counter.run("%reload_plugin counter")
    assert not counter.run("%plugin_errors")


def test_drift_is_an_event(counter: Session) -> None:
    heard: list[DriftEvent] = []
    counter.manager.events.subscribe(
        lambda event: heard.append(event) if isinstance(event, DriftEvent) else None
    )
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.run("1")
    counter.run("1")
    counter.run("%reload_plugin counter")
    assert [(event.plugin, event.drift) for event in heard] == [
        ("counter", "edited"),
        ("counter", ""),
    ]
    events = counter.run("%plugin_events counter").text()
    assert "drift" in events and "was edited since" in events


def test_the_line_as_html_is_escaped(counter: Session) -> None:
    counter.manager.get_record("counter").name = "<img onerror=x>"
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.manager.watcher.monitor.look()
    from themis_jupyter.magics.results import Note

    html = Note("warn", "<img onerror=x> runs").html()
    assert "<img" not in html and "&lt;img" in html
    counter.manager.get_record("counter").name = "counter"


# -- watching --------------------------------------------------------------------------------------


def test_saving_is_all_it_takes(counter: Session) -> None:
    counter.run("%watch_plugins")
    counter.run("c.add()")
    counter.edit("+= self.step", "+= 10")
    assert counter.run("c.add()") == 11
    (line,) = lines(counter)
    assert line.startswith("· counter reloaded in ") and line.endswith(", after it was saved")
    assert counter.run("c.add()") == 21
    assert lines(counter) == []


def test_while_a_cell_is_running(counter: Session) -> None:
    counter.run("%load_plugin counter --watch;")
    counter.names["edit"] = lambda: counter.edit("+= self.step", "+= 10")
    counter.run("c.add(); edit(); assert c.add() == 2")
    assert counter.run("c.add()") == 12


def test_a_file_that_a_cell_writes_is_in_in_the_next_one(counter: Session) -> None:
    counter.run("%watch_plugins counter")
    text = counter.workspace.path("counter.py").read_text()
    for number in range(2, 7):
        counter.run("%%writefile counter.py\n" + text.replace("2 * value", f"{number} * value"))
        assert counter.run("from counter import double\ndouble(1)") == number


def test_immediately(counter: Session) -> None:
    counter.run("%watch_plugins on --when immediately")
    counter.names["edit"] = lambda: counter.edit("+= self.step", "+= 10")
    counter.names["until"] = until
    counter.run("edit()\nuntil(lambda: c.add() > 9)")


def test_status_and_off(counter: Session) -> None:
    table = counter.run("%watch_plugins counter")
    assert [(each.name, each.how) for each in table] == [
        ("counter", "between cells, by file events")
    ]
    counter.workspace.write("other.py", COUNTER)
    counter.run("%load_plugin other;")
    table = counter.run("%watch_plugins status")
    assert [each.how for each in table] == ["between cells, by file events", ""]
    assert "between cells, by file events" in table.text() and "themis" in table.html()
    assert counter.run("%plugins counter")["watched"] == "yes"
    counter.run("%watch_plugins off")
    assert not any(each.how for each in counter.run("%watch_plugins status"))
    counter.run("%watch_plugins other on")
    counter.run("%watch_plugins other off")
    assert not counter.manager.watcher.active


def test_without_any_plugin(session: Session) -> None:
    assert "those that you load will be" in session.run("%watch_plugins").text().lower()
    session.run("%load_plugin counter --as c;")
    session.edit("2 * value", "3 * value")
    assert session.run("from counter import double\ndouble(1)") == 3
    session.run("%watch_plugins off\n%unload_plugin counter")
    assert "Load one: %load_plugin NAME --watch" in session.run("%watch_plugins status").text()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%watch_plugins countr", "no plugin 'countr'; did you mean 'counter'?"),
        ("%watch_plugins counter of", "there is no plugin 'of'; did you mean 'off'?"),
        ("%watch_plugins c", "that is the variable which holds the plugin"),
        ("%watch_plugins --when now", "neither 'between cells' nor 'immediately'"),
        ("%watch_plugins --when imediately", "did you mean 'immediately'?"),
        ("%watch_plugins counter --wen x", "no option '--wen'; did you mean '--when'?"),
        ("%watch_plugins ./nothing.py", "no plugin is loaded from './nothing.py'"),
        ("%load_plugin counter --wach", "did you mean '--watch'?"),
    ],
)
def test_wrong_words(counter: Session, line: str, says: str) -> None:
    assert says in counter.usage_error(line)
    assert not counter.manager.watcher.active


def test_completion(counter: Session) -> None:
    assert counter.ours("%watch_plugins ") == ["counter", "on", "off", "status"]
    assert counter.ours("%watch_plugins counter o") == ["on", "off"]
    assert counter.ours("%watch_plugins --when i") == ["immediately"]


@pytest.fixture
def watching_shell(shell_config: Config, request: pytest.FixtureRequest) -> Session:
    shell_config.PluginManager.watch_on_load = True
    shell_config.Watcher.when = "immediately"
    shell: InteractiveShell = request.getfixturevalue("shell")
    return Session(shell, request.getfixturevalue("workspace"))


def test_settings(watching_shell: Session) -> None:
    session = watching_shell
    session.run("%load_plugin counter --as c;")
    (status,) = session.run("%watch_plugins status")
    assert status.how == "immediately, by file events"
    session.edit("+= self.step", "+= 10")
    assert session.run("c.add()") == 10


def test_unloading_the_extension_ends_it(counter: Session) -> None:
    counter.run("%watch_plugins")
    watcher: Any = counter.manager.watcher
    counter.run("%unload_ext themis_jupyter")
    assert not watcher.active
    assert not PluginManager.initialized()


# -- cells in unusual ways -------------------------------------------------------------------------


def test_an_empty_cell_that_a_cell_runs_does_not_end_it(counter: Session) -> None:
    """IPython tells the end of an empty cell, but not its beginning."""
    counter.run("%watch_plugins")
    counter.names["running"] = lambda: counter.manager.cells.running
    counter.run("""
        for text in ("", "  ", "1 + 1"):
            get_ipython().run_cell(text)
        found = running()
    """)
    assert counter.names["found"]
    assert not counter.manager.cells.running


def test_the_extension_loaded_by_a_cell_that_a_cell_runs(counter: Session) -> None:
    counter.run("%unload_ext themis_jupyter")
    counter.names["running"] = lambda: counter.manager.cells.running
    counter.run("""
        for text in ("%load_ext themis_jupyter", "", "1 + 1"):
            get_ipython().run_cell(text)
        found = running()
    """)
    assert counter.names["found"]
    assert not counter.manager.cells.running


def test_cells_of_several_threads_know_their_own_text(counter: Session) -> None:
    """As a kernel's subshells run them: they end in any order."""
    notes = next(c for c in counter.shell.configurables if type(c).__name__ == "CellNotes")
    begun, end = threading.Event(), threading.Event()
    found: list[str] = []

    class Info:
        raw_cell = "%%plugin other"

    class Result:
        info = Info()
        error_before_exec = None

    def cell() -> None:
        notes._before(Result.info)
        begun.set()
        end.wait(20)
        found.append(notes.raw_cell)
        notes._after(Result)

    other = threading.Thread(target=cell, name="plugin subshell")

    def here() -> str:
        other.start()
        assert begun.wait(20)
        text: str = notes.raw_cell
        return text

    counter.names["here"] = here
    assert counter.run("here()") == "here()"
    assert counter.manager.cells.running
    # The one that goes on is no reason to be silent.
    counter.edit("LIMIT = 10", "LIMIT = 11")
    counter.run("c.add()")
    assert lines(counter) == [OLD]
    end.set()
    other.join(20)
    assert found == ["%%plugin other"]
    assert not counter.manager.cells.running


def test_ctrl_c_while_a_cell_waits_for_a_reload(
    counter: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cell is not run, the reload goes on, and the next cell has it."""
    counter.run("%watch_plugins on --when immediately")
    hold, entered = threading.Event(), threading.Event()

    def listener(event: object) -> None:
        entered.set()
        hold.wait(20)

    remove = counter.manager.register_reload_listener(listener)
    counter.edit("+= self.step", "+= 10")
    assert entered.wait(20)
    threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
    result = counter.shell.run_cell("ran = c.add()")
    assert "Ctrl-C was pressed while this cell waited" in str(result.error_before_exec)
    assert "ran" not in counter.names
    printed = capsys.readouterr().out
    assert "KeyboardInterrupt: Ctrl-C was pressed" in printed and "cell_notes.py" not in printed
    assert not counter.manager.cells.running
    hold.set()
    remove()
    assert counter.run("c.add()") == 10
