"""Plugins that are unsafe in one way each, and are found out, with that and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.testing.conftest import Check
from themis_jupyter.testing import assert_reload_safe
from themis_jupyter.testing.safety_report import Verdict

HEAD = """
import atexit, logging, os, subprocess, sys, threading
import world
from themis_jupyter import Plugin, StatefulPlugin
"""

FAILURE, EDIT = "failure in: ", "edit: "
AGAIN = "loads and unloads again"

#: By what is wrong: the plugin, the checks that have to fail, others that may, and what is said.
CASES: dict[str, tuple[str, list[str], list[str], str]] = {
    "a thread that is not ended": (
        """
class P(Plugin):
    def initialize(self, config):
        threading.Thread(target=world.wait, name="worker").start()
""",
        ["leaks: threads", FAILURE + "initialize", AGAIN],
        [FAILURE, "leaks: memory"],
        "thread 'worker': there were",
    ),
    "a thread that a statement starts": (
        """
threading.Thread(target=world.wait, name="worker").start()
class P(Plugin):
    pass
""",
        [FAILURE + "stage", FAILURE + "after load", AGAIN],
        [FAILURE],
        "not by a statement of the file",
    ),
    "a file that is not closed": (
        """
class P(Plugin):
    def initialize(self, config):
        os.open(__file__, os.O_RDONLY)
""",
        ["leaks: open files", FAILURE + "load", AGAIN],
        [FAILURE, "leaks: memory"],
        "subject.py': there were",
    ),
    "a process that is not ended": (
        """
class P(Plugin):
    def initialize(self, config):
        os.posix_spawn("/bin/sleep", ["sleep", "20"], {})
""",
        ["leaks: processes", FAILURE + "load", AGAIN],
        [FAILURE],
        "child process 'sleep'",
    ),
    "a registration that is not taken back": (
        """
class P(Plugin):
    def initialize(self, config):
        world.HANDLERS.append(self.on_event)
    def on_event(self): pass
""",
        ["leaks: containers", FAILURE + "create", AGAIN],
        [FAILURE, "leaks: memory"],
        "world.HANDLERS grew by 1 with each reload",
    ),
    "a registration in an object of another module": (
        """
class P(Plugin):
    def initialize(self, config):
        world.bus.listeners[object()] = 1
""",
        ["leaks: containers", FAILURE + "create", AGAIN],
        [FAILURE, "leaks: memory"],
        "world.bus.listeners had",
    ),
    "a registration by a statement": (
        """
world.HANDLERS.append(1)
class P(Plugin):
    pass
""",
        [AGAIN],
        [],
        "world.HANDLERS had",
    ),
    "a list of its own that grows": (
        """
SEEN = []
class P(Plugin):
    def initialize(self, config):
        SEEN.append(1)
""",
        ["leaks: containers", FAILURE + "initialize"],
        [FAILURE],
        "subject.SEEN grew by 1",
    ),
    "a class attribute that grows": (
        """
class P(Plugin):
    seen = {}
    def initialize(self, config):
        self.seen[len(self.seen)] = 1
""",
        ["leaks: containers", FAILURE + "initialize"],
        [FAILURE],
        "subject.P.seen grew by 1",
    ),
    "a handler of a logger": (
        """
class P(Plugin):
    def initialize(self, config):
        logging.getLogger("world").addHandler(logging.NullHandler())
    def shutdown(self):
        if len(logging.getLogger("world").handlers) > 300:
            logging.getLogger("world").handlers.clear()
""",
        ["leaks: containers", FAILURE + "initialize", AGAIN],
        [FAILURE, "leaks: memory"],
        "logging handlers grew by 1",
    ),
    "instances of its classes that somebody keeps": (
        """
class Item:
    def __init__(self): self.me = [self]
class P(Plugin):
    def initialize(self, config):
        self.item = Item()
        world.hidden(self.item)
""",
        ["leaks: instances", "leaks: memory"],
        [],
        "Item grew by 1 with each reload",
    ),
    "memory": (
        """
class P(Plugin):
    def initialize(self, config):
        world.hidden(bytes(20_000))
""",
        ["leaks: memory"],
        [],
        "memory grew by 2",
    ),
    "a path": (
        """
class P(Plugin):
    def initialize(self, config):
        sys.path.append("/nowhere")
""",
        ["leaks: containers", FAILURE + "initialize", AGAIN],
        [FAILURE],
        "sys.path has changed: '/nowhere' more",
    ),
    "the environment": (
        """
class P(Plugin):
    def initialize(self, config):
        os.environ["WORLD_N"] = os.environ.get("WORLD_N", "") + "I"
""",
        [FAILURE + "initialize", AGAIN],
        [FAILURE],
        "os.environ['WORLD_N'] was",
    ),
    "a module that is put in place": (
        """
class P(Plugin):
    def initialize(self, config):
        sys.modules["world_" + str(len(sys.modules))] = world
    def shutdown(self):
        pass
""",
        ["leaks: containers"],
        [FAILURE, AGAIN],
        "sys.modules grew by 1",
    ),
    "a restore_state() that forgets": (
        """
class P(StatefulPlugin):
    def initialize(self, config):
        self.total, self.kept = 0, 0
    def use(self):
        self.total = self.kept = 5
    def restore_state(self, state):
        self.kept = state["kept"]
""",
        [EDIT + "a comment on top"],
        [EDIT, FAILURE],
        "state: state.total was 5, is 0",
    ),
    "a state that is mixed up": (
        """
class P(StatefulPlugin):
    def initialize(self, config):
        self.items = []
    def use(self):
        self.items = [[1], {"a": float("nan")}]
    def save_state(self):
        return {"items": self.items}
    def restore_state(self, state):
        self.items = [*state["items"], 1]
""",
        [EDIT + "a comment on top", FAILURE + "load"],
        [EDIT, FAILURE, "leaks: memory"],
        "state: state.items had 2 elements, has 3",
    ),
    "an initialize() that works only once": (
        """
class P(StatefulPlugin):
    taken = False
    def initialize(self, config):
        if P.taken:
            raise OSError("the port is taken")
        P.taken = True
""",
        [EDIT + "a comment on top", FAILURE + "load", "leaks"],
        [EDIT, FAILURE],
        "initialize failed: OSError: the port is taken",
    ),
    "a shutdown() that raises": (
        """
class P(Plugin):
    def shutdown(self):
        raise RuntimeError("not now")
""",
        [EDIT + "every function changed", FAILURE + "load", "leaks", "unloads", AGAIN],
        [EDIT, FAILURE],
        "unload failed: RuntimeError: not now",
    ),
    "a shutdown() that works on what ran for a while only": (
        """
class P(StatefulPlugin):
    def initialize(self, config):
        self.ready = False
    def use(self):
        self.ready = True
    def shutdown(self):
        if not self.ready:
            raise RuntimeError("not ready")
""",
        [FAILURE + "initialize"],
        [FAILURE, AGAIN],
        "not all of it could be taken back: shutdown() of the half-started 'subject' failed",
    ),
    "a function that is made anew": (
        """
def on_event(): pass
class P(Plugin):
    def initialize(self, config):
        global on_event
        def on_event(): pass
""",
        [EDIT + "a comment on top", FAILURE + "unload"],
        [EDIT, FAILURE],
        "identity: subject.on_event is another object",
    ),
    "a class that is made anew": (
        """
class Item: pass
class P(Plugin):
    def initialize(self, config):
        global Item
        class Item: pass
        Item.__qualname__ = "Item"
""",
        [EDIT + "a comment on top", FAILURE + "unload"],
        [EDIT, FAILURE],
        "identity: subject.Item is another object",
    ),
    "code that is changed by hand": (
        """
def one(): return 1
def other(): return 2
class P(Plugin):
    def shutdown(self):
        one.__code__, other.__code__ = other.__code__, one.__code__
    def initialize(self, config):
        one.__defaults__ = (1,) if one.__defaults__ is None else None
""",
        [FAILURE + "unload"],
        [FAILURE],
        "is not as before",
    ),
    "a file that cannot run a second time": (
        """
if world.HANDLERS:
    raise RuntimeError("only once")
world.HANDLERS.append(1)
class P(Plugin):
    pass
""",
        [EDIT + "everything runs again", FAILURE + "load", AGAIN],
        [EDIT, FAILURE],
        "stage failed: RuntimeError: only once",
    ),
}


@pytest.mark.parametrize("wrong", CASES)
def test_what_is_wrong_is_found(wrong: str, check: Check) -> None:
    if wrong == "a process that is not ended" and not os.path.isdir("/proc/self/task"):
        pytest.skip("this system does not tell the processes of a process")
    text, must, may, says = CASES[wrong]
    # In a new process, which ends what these plugins leave behind.
    report = check(HEAD + text, use="if hasattr(plugin, 'use'): plugin.use()", apart=True)
    assert not report
    found = [row.check for row in report.failures]
    assert set(must) <= set(found), report
    others = [c for c in found if c not in must and not any(c.startswith(m) for m in may)]
    assert not others, report
    assert says in report.problems(), report
    # Each says what to do, or where that was said.
    for row in report.failures:
        assert row.advice or row.seen.startswith("the same as in"), row


# -- where there is nothing to go on with -----------------------------------------------------------

HOPELESS = {
    "it does not parse": ("class P(:\n", "loads and starts", "subject.py, line 4"),
    "it is no plugin": ("x = 1\n", "loads and starts", "subject"),
    "it does not start": (
        "class P(Plugin):\n    def initialize(self, config): 1 / 0\n",
        "loads and starts",
        "ZeroDivisionError",
    ),
    "its state cannot be saved": (
        "class P(StatefulPlugin):\n"
        "    def initialize(self, config): self.thread = threading.main_thread()\n",
        "saves its state",
        "state.thread is a thread",
    ),
    "its state is not there": (
        "class P(StatefulPlugin):\n    def save_state(self): return None\n",
        "saves its state",
        "returned None",
    ),
}


@pytest.mark.parametrize("wrong", HOPELESS)
def test_where_nothing_can_be_checked(wrong: str, check: Check) -> None:
    text, at, says = HOPELESS[wrong]
    report = check(HEAD + text)
    (row,) = report.failures
    assert row.check == at and says in row.seen, report
    assert report.rows[-1].verdict is Verdict.SKIPPED
    assert report.rows[-1].check == "everything else"


def test_use_that_raises(check: Check) -> None:
    report = check(HEAD + "class P(Plugin): pass\n", use="plugin.nothing()")
    (row,) = report.failures
    assert "use raised AttributeError" in row.seen and row.advice == "mend `use`"


def test_the_assertion_says_it_in_plain_words(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "other.py"
    path.write_text(HEAD + CASES["a restore_state() that forgets"][0])
    with pytest.raises(AssertionError) as raised:
        assert_reload_safe(path, use=lambda plugin: plugin.use(), reloads=4)
    message = str(raised.value)
    assert message.startswith("other: ") and "checks failed" in message
    assert "- edit: a comment on top: failed: state: state.total was 5, is 0" in message
    assert "→ let save_state() return it" in message
