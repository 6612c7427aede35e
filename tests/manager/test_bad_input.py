"""Bad input, line by line of the issue: a clear error, and nothing lost."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.manager.conftest import FROZEN, Faults, Lab, check_ends_once, in_thread
from themis_jupyter import Outcome, PhaseEvent, PluginManager
from themis_jupyter.errors import (
    PhaseTimeoutError,
    PluginDefinitionError,
    PluginError,
    PluginLoadError,
    PluginNotFoundError,
    PluginNotLoadedError,
    ReentrantReloadError,
    ReloadError,
    SourceError,
    ThemisError,
)

PLAIN = """
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def where(self): return "old"
"""


def process() -> dict[str, Any]:
    return {
        "modules": dict(sys.modules),
        "path": list(sys.path),
        "meta_path": list(sys.meta_path),
        "environ": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        "frozen": gc.get_freeze_count(),
        "handler": signal.getsignal(signal.SIGINT),
        "cwd": os.getcwd(),
    }


# -- what is not there, or is no plugin ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nothing", "no plugin 'nothing'"),
        ("countr", "did you mean 'counter'?"),
        ("./plugins/nothing.py", "there is no"),
        ("plugins/countr.py", "did you mean 'counter.py'?"),
        ("nowhere/counter.py", "there is no folder"),
        ("plugins/empty", "has no __init__.py"),
        ("./plugins", "it holds class.py, counter.py"),
        ("plugins/notes.txt", "is not a .py file"),
        ("plugins/no-name.py", "rename it"),
        ("plugins/class.py", "Python keyword"),
        ("plugins/json.py", "would hide Python's own module"),
        ("../../etc/passwd", ""),
        ("/dev/null", "is not a .py file"),
        ("", "no plugin ''"),
        (".", ""),
        ("..", ""),
        ("~nobody-of-that-name/x.py", "there is nothing"),
        ("a\0b", ""),
        ("plugins/two\nlines.py", "is not a path"),
        ("x" * 5000, "no plugin"),
        ("x" * 5000 + ".py", ""),
    ],
)
def test_names_and_paths_that_lead_nowhere(name: str, told: str, lab: Lab) -> None:
    lab.write("counter.py", PLAIN)
    lab.write("no-name.py", PLAIN)
    lab.write("class.py", PLAIN)
    lab.write("json.py", PLAIN)
    lab.write("notes.txt", "x")
    (lab.folder / "empty").mkdir()
    before = process()
    with pytest.raises(ThemisError) as caught:
        lab.manager.load_plugin(name)
    assert isinstance(caught.value, PluginNotFoundError | PluginDefinitionError)
    assert told in str(caught.value)
    assert process() == before
    assert lab.manager.list_loaded_plugins() == []


def test_a_name_that_the_code_makes_up(lab: Lab) -> None:
    with pytest.raises(PluginDefinitionError, match="cannot be the name of a plugin"):
        lab.load("escape", PLAIN.replace("def init", "name = '../../' + 'etc'\n        def init"))
    assert "escape" not in sys.modules


def test_a_name_that_only_running_tells(lab: Lab) -> None:
    text = PLAIN.replace("def init", "name = 'made' + '-up'\n        def init")
    handle = lab.load("dynamic", text)
    assert lab.manager.list_loaded_plugins() == ["made-up"]
    assert lab.get("made-up") is handle
    assert lab.load("dynamic") is handle
    lab.edit("dynamic.py", '"old"', '"new"')
    assert lab.reload("made-up").outcome is Outcome.RELOADED
    assert handle.where() == "new"
    lab.manager.unload_plugin("made-up")
    assert lab.manager.load_plugin("made-up") is handle
    lab.manager.unload_plugin("made-up")
    assert lab.load("dynamic") is handle


def test_duplicate_names(lab: Lab) -> None:
    first = lab.load("one", PLAIN.replace("def init", "name = 'same'\n        def init"))
    for text in (
        PLAIN.replace("def init", "name = 'same'\n        def init"),
        PLAIN.replace("def init", "name = 'sa' + 'me'\n        def init"),
    ):
        with pytest.raises(PluginDefinitionError) as caught:
            lab.load("two", text)
        assert "'same' is loaded already" in str(caught.value)
        assert "one.py" in str(caught.value)
        assert "two.py" in str(caught.value)
        assert "two" not in sys.modules
    assert first.where() == "old"
    lab.manager.unload_plugin("same")
    assert lab.load("two").where() == "old"


def test_the_same_file_name_in_two_folders(lab: Lab) -> None:
    lab.load("same", PLAIN)
    other = lab.write("deeper/same.py", PLAIN.replace("old", "other"))
    with pytest.raises(PluginDefinitionError, match="'same' is loaded already"):
        lab.manager.load_plugin(other)
    lab.manager.unload_plugin("same")
    handle = lab.manager.load_plugin(other)
    assert handle.where() == "other"
    lab.manager.unload_plugin("same")
    # The last one that was named is what the name means.
    assert lab.manager.load_plugin("same").where() == "other"


def test_a_module_name_that_is_taken(lab: Lab) -> None:
    lab.write("faults_of_others.py", PLAIN)
    module = type(sys)("faults_of_others")
    sys.modules["faults_of_others"] = module
    try:
        with pytest.raises(PluginDefinitionError, match="Rename one of the files"):
            lab.load("faults_of_others")
        assert sys.modules["faults_of_others"] is module
        assert not lab.manager.is_plugin_loaded("faults_of_others")
    finally:
        del sys.modules["faults_of_others"]


FIRST_LOADS = {
    "ValueError": "raise ValueError('boom')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit(3)",
    "GeneratorExit": "raise GeneratorExit",
    "RecursionError": "(f := lambda: f())()",
    "ImportError": "import there_is_no_such_module",
    "SIGINT": "import signal; signal.raise_signal(signal.SIGINT)",
    "hangs": "import time; time.sleep(30)",
}


@pytest.mark.parametrize("where", ["body", "__init__", "initialize"])
@pytest.mark.parametrize("how", FIRST_LOADS)
def test_a_first_load_that_fails_leaves_nothing_behind(how: str, where: str, lab: Lab) -> None:
    lab.manager.step_timeout = 0.3 if how == "hangs" else 20.0
    lines = """
        import os, sys
        from themis_jupyter import StatefulPlugin
        import helper_of_loads
        os.environ["THEMIS_TEST"] = "1"
        sys.path.append("/themis/test")
        IN_BODY
        class P(StatefulPlugin):
            def __init__(self):
                IN_INIT
            def initialize(self, config):
                self.started = True
                IN_START
            def shutdown(self):
                helper_of_loads.down.append(self.started)
            def where(self): return "mended"
    """
    down: list[bool] = []
    helper = type(sys)("helper_of_loads")
    helper.down = down  # type: ignore[attr-defined]
    sys.modules["helper_of_loads"] = helper
    text = lines
    for place, word in (("body", "IN_BODY"), ("__init__", "IN_INIT"), ("initialize", "IN_START")):
        text = text.replace(word, FIRST_LOADS[how] if place == where else "pass")
    lab.write("bad.py", text)
    lab.manager.list_plugins()
    before = process()
    try:
        kind = KeyboardInterrupt if how in ("KeyboardInterrupt", "SIGINT") else ThemisError
        with pytest.raises(kind) as caught:
            lab.load("bad")
        assert process() == before
        if kind is ThemisError:
            assert isinstance(caught.value, PluginLoadError | PhaseTimeoutError)
        assert lab.manager.list_loaded_plugins() == []
        assert down == ([True] if where == "initialize" else [])
        assert [e.phase for e in lab.events if e.terminal] == [Outcome.ABORTED]
        with pytest.raises(PluginNotLoadedError):
            lab.get("bad")
        lab.write("bad.py", text.replace(FIRST_LOADS[how], "pass"))
        lab.manager.step_timeout = 20.0
        assert lab.load("bad").where() == "mended"
    finally:
        del sys.modules["helper_of_loads"]
        os.environ.pop("THEMIS_TEST", None)
        if "/themis/test" in sys.path:
            sys.path.remove("/themis/test")


def test_a_body_that_fails_after_importing_what_cannot_be_imported_twice(tmp_path: Path) -> None:
    """numpy refuses a second import in one process: it must stay, though the load is undone."""
    file = tmp_path / "uses_numpy.py"
    text = dedent("""
        import numpy
        from themis_jupyter import Plugin
        class P(Plugin):
            def initialize(self, config): FAIL
            def sum(self): return int(numpy.arange(4).sum())
    """)
    script = f"""
        from pathlib import Path
        from themis_jupyter import PluginManager
        file = Path({str(file)!r})
        text = {text!r}
        pm = PluginManager(plugin_folders=[])
        for fail in ("1 / 0", "pass"):
            file.write_text(text.replace("FAIL", fail))
            try:
                print(pm.load_plugin(file).sum())
            except Exception as error:
                print(type(error).__name__, "ZeroDivisionError" in str(error))
        file.write_text("import numpy.testing\\n" + text.replace("FAIL", "1 / 0"))
        print(pm.reload_plugin("uses_numpy").outcome.value)
        file.write_text("import numpy.testing\\n" + text.replace("FAIL", "pass") + "# mended")
        print(pm.reload_plugin("uses_numpy").outcome.value)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split("\n")[:4] == [
        "PluginLoadError True",
        "6",
        "rolled back",
        "reloaded",
    ], done.stderr


# -- files that change under our hands -------------------------------------------------------------


def test_a_plugin_deleted_from_disk(lab: Lab) -> None:
    handle = lab.load("gone", PLAIN)
    lab.path_of("gone").unlink()
    report = lab.reload("gone")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, SourceError)
    assert "no longer there" in str(report.error)
    assert "Put the file back" in str(report.error)
    assert handle.where() == "old"
    lab.manager.unload_plugin("gone")
    with pytest.raises(PluginNotFoundError, match="is no longer there"):
        lab.manager.load_plugin("gone")


def test_a_plugin_edited_between_scan_and_load(lab: Lab) -> None:
    lab.write("base.py", PLAIN)
    lab.write("late.py", PLAIN)
    lab.manager.scan_plugin_directory(lab.folder)
    lab.edit("late.py", "def init", "dependencies = ['base']\n    version = '3'\n    def init")
    assert lab.manager.get_manifest("late").version == "3"
    lab.manager.load_plugin("late")
    assert lab.manager.list_loaded_plugins() == ["base", "late"]


HALF = dedent(PLAIN).replace('"old"', '"new"')


CUTS = {"empty": "", "blank": "   \n", "at a colon": HALF[:-14], "in a string": HALF[:-3]}


@pytest.mark.parametrize("first", CUTS.values(), ids=CUTS.keys())
def test_a_file_that_is_being_written_is_read_again(first: str, lab: Lab) -> None:
    handle = lab.load("slow", PLAIN)
    path = lab.path_of("slow")
    begun = threading.Event()

    def write() -> None:
        with open(path, "w") as file:  # as editors do: empty it, then write
            file.write(first)
            file.flush()
            begun.set()
            time.sleep(0.06)
            file.write(HALF[len(first) :] if first.strip() else HALF)

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(5)
    report = lab.reload("slow")
    writer.join()
    if report.outcome is Outcome.ABORTED and first == "   \n":
        pytest.fail("blank lines were taken for the whole file")
    assert report.outcome is Outcome.RELOADED
    assert handle.where() == "new"
    assert report.hashes["slow"] == _sha(path)


@pytest.mark.parametrize("cut", [-12, -len('    def where(self): return "new"\n')])
def test_a_file_that_is_half_written_but_parses_is_read_again(cut: int, lab: Lab) -> None:
    handle = lab.load("slow", PLAIN)
    path = lab.path_of("slow")
    begun = threading.Event()

    def write() -> None:
        with open(path, "w") as file:
            file.write(HALF[:cut])
            file.flush()
            begun.set()
            time.sleep(0.02)
            file.write(HALF[cut:])

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(5)
    report = lab.reload("slow").raise_for_outcome()
    writer.join()
    assert handle.where() == "new"
    assert report.hashes["slow"] == _sha(path)


def _sha(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", ["", HALF[:-3]])
def test_a_file_that_stays_half_written_is_reported(content: str, lab: Lab) -> None:
    handle = lab.load("slow", PLAIN)
    lab.write("slow.py", content, just_now=True)
    started = time.monotonic()
    report = lab.reload("slow")
    assert 0.1 < time.monotonic() - started < 2
    assert report.outcome is Outcome.ABORTED
    assert handle.where() == "old"


@pytest.mark.parametrize("content", ["", HALF[:-3]])
def test_a_first_load_waits_for_the_file_too(content: str, lab: Lab) -> None:
    path = lab.write("slow.py", content, just_now=True)
    timer = threading.Timer(0.06, lambda: path.write_text(HALF))
    timer.start()
    assert lab.load("slow").where() == "new"
    timer.join()


# -- reloads that are asked for at the wrong moment ------------------------------------------------

REENTRANT = """
    from themis_jupyter import StatefulPlugin
    import asking

    class P(StatefulPlugin):
        def initialize(self, config):
            self.n = 0
            asking.ask("initialize")
        def shutdown(self): asking.ask("shutdown")
        def save_state(self):
            asking.ask("save_state")
            return super().save_state()
        def ask(self): return asking.ask("call")
        def items(self):
            yield asking.ask("generator")
        def where(self): return "old"
"""


class Asking:
    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.where = ""
        self.answers: list[Any] = []

    def ask(self, where: str) -> None:
        if where == self.where:
            self.answers += asks_of(self.lab.manager)


def asks_of(manager: PluginManager) -> list[Any]:
    """Reload, load and unload; return what came of it."""
    answers: list[Any] = [manager.reload_plugin("asks")]
    for ask in (
        lambda: manager.load_plugin("asks"),
        lambda: manager.unload_plugin("asks"),
        lambda: manager.unload_all_plugins(),
    ):
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - looked at below
            answers.append(error)
    return answers


@pytest.fixture
def asking(lab: Lab) -> Any:
    module: Any = type(sys)("asking")
    module.asking = Asking(lab)
    module.ask = module.asking.ask
    sys.modules["asking"] = module
    lab.load("asks", REENTRANT)
    yield module.asking
    module.asking.where = ""
    del sys.modules["asking"]


@pytest.mark.parametrize("where", ["initialize", "shutdown", "save_state"])
def test_a_reload_from_inside_a_step(where: str, lab: Lab, asking: Asking) -> None:
    asking.where = where
    lab.edit("asks.py", '"old"', '"new"')
    report = in_thread(lambda: lab.reload("asks"))
    assert report.outcome is Outcome.RELOADED
    inner, *others = asking.answers
    assert inner.outcome is Outcome.ABORTED
    assert isinstance(inner.error, ReentrantReloadError)
    assert "from inside the reload of 'asks'" in str(inner.error)
    assert all(isinstance(answer, ReentrantReloadError) for answer in others)
    assert lab.get("asks").where() == "new"
    assert lab.manager.get_record("asks").last is report


@pytest.mark.parametrize("where", ["call", "generator"])
def test_a_reload_from_inside_a_call(where: str, lab: Lab, asking: Asking) -> None:
    handle = lab.get("asks")
    lab.manager.drain_timeout = 0.2
    asking.where = where
    lab.edit("asks.py", '"old"', '"new"')
    in_thread(handle.ask if where == "call" else lambda: list(handle.items()))
    inner, loaded, unloaded, _ = asking.answers
    assert isinstance(inner.error, ReentrantReloadError)
    assert "from inside its own" in str(inner.error)
    assert loaded is handle
    assert isinstance(unloaded, ThemisError)
    assert handle.where() == "old"
    asking.where = ""
    assert lab.reload("asks").outcome is Outcome.RELOADED


@pytest.mark.parametrize("kind", ["listener", "subscriber"])
def test_a_reload_from_inside_a_listener(kind: str, lab: Lab, asking: Asking) -> None:
    answers: dict[Any, list[Any]] = {}

    def listen(event: PhaseEvent) -> None:
        answers[event.phase, event.status] = asks_of(lab.manager)

    if kind == "listener":
        lab.manager.register_reload_listener(listen)
    else:
        lab.manager.events.subscribe(listen)
    lab.edit("asks.py", '"old"', '"new"')
    report = in_thread(lambda: lab.reload("asks"))
    assert report.outcome is Outcome.RELOADED
    assert not report.warnings
    assert len(answers) == (4 if kind == "listener" else 25)
    assert (Outcome.RELOADED, "ended") in answers
    for inner, *others in answers.values():
        assert isinstance(inner.error, ReentrantReloadError)
        assert all(isinstance(answer, ReentrantReloadError) for answer in others)
    assert lab.manager.list_loaded_plugins() == ["asks"]


def test_names_that_are_none(lab: Lab) -> None:
    manager: Any = lab.manager
    lab.write("p.py", PLAIN)
    with pytest.raises(PluginNotFoundError, match="no plugin 3"):
        manager.get_plugin(3)
    for name in (None, 3, "P"):
        report = manager.reload_plugin(name)
        assert isinstance(report.error, PluginNotFoundError), name
        assert report.headline().endswith("(loaded: none).")


@pytest.mark.parametrize("place", ["listener", "subscriber"])
def test_a_listener_that_could_never_listen_is_refused(lab: Lab, place: str) -> None:
    async def listen(event: PhaseEvent) -> None: ...

    manager: Any = lab.manager
    listeners = {
        "listener": manager.register_reload_listener,
        "subscriber": manager.events.subscribe,
    }
    with pytest.raises(TypeError, match="a listener is a function of one event; this is 3"):
        listeners[place](3)
    with pytest.raises(TypeError, match="write it with def, not async def"):
        listeners[place](listen)


def test_an_unload_during_a_reload_waits(lab: Lab, faults: Faults) -> None:
    text = PLAIN.replace("self.n = 0", "self.n = faults.hit('up', edition())")
    text = "    import faults\n    def edition(): return 1\n" + text
    handle = lab.load("both", text)
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> int:
        inside.set()
        assert go_on.wait(10)
        return 5

    faults.arm("up", 2, wait)
    lab.edit("both.py", "return 1", "return 2")
    order: list[str] = []

    def reload() -> None:
        order.append(lab.reload("both").outcome.value)

    def unload() -> None:
        lab.manager.unload_plugin("both")
        order.append("unloaded")

    threads = [threading.Thread(target=reload)]
    threads[0].start()
    assert inside.wait(10)
    threads.append(threading.Thread(target=unload))
    threads[1].start()
    time.sleep(0.15)
    assert lab.manager.is_plugin_loaded("both")
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert order == ["reloaded", "unloaded"]
    assert not lab.manager.is_plugin_loaded("both")
    with pytest.raises(PluginNotLoadedError):
        handle.where()


def test_ctrl_c_while_waiting_for_another_reload(lab: Lab, faults: Faults) -> None:
    text = PLAIN.replace("self.n = 0", "self.n = faults.hit('up', edition())")
    text += "        def edition_(self): return edition()\n"
    text = "    import faults\n    def edition(): return 1\n" + text
    lab.load("both", text)
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> int:
        inside.set()
        assert go_on.wait(10)
        return 5

    faults.arm("up", 2, wait)
    lab.edit("both.py", "return 1", "return 2")
    other = threading.Thread(target=lambda: lab.manager.reload_plugin("both"))
    other.start()
    assert inside.wait(10)
    main = threading.main_thread().ident or 0
    threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    report = lab.manager.reload_plugin("both")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, KeyboardInterrupt)
    threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        lab.manager.unload_plugin("both")
    go_on.set()
    other.join(10)
    assert lab.manager.get_record("both").last is not None
    assert lab.get("both").edition_() == 2


def test_a_wait_is_told(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    from themis_jupyter.interrupts import InterruptGuard
    from themis_jupyter.turns import TURNS

    lab.manager.wait_notice = 0.05
    lab.load("waits", PLAIN)
    taken, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with TURNS.take("the reload of 'other'", InterruptGuard()):
            taken.set()
            go_on.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(10)
    threading.Timer(0.3, go_on.set).start()
    lab.reload("waits")
    holder.join()
    assert caplog.messages == ["the reload of 'waits' waits for the reload of 'other' to end"]


def test_a_shutdown_that_raises_does_not_keep_it_loaded(lab: Lab) -> None:
    handle = lab.load(
        "stays", PLAIN.replace("def where", "def shutdown(self): 1 / 0\n        def where")
    )
    with pytest.raises(PluginError, match="is unloaded, but its shutdown") as caught:
        lab.manager.unload_plugin("stays")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "stays" not in sys.modules
    assert not lab.manager.is_plugin_loaded("stays")
    with pytest.raises(PluginNotLoadedError):
        handle.where()
    with pytest.raises(PluginNotLoadedError):
        lab.manager.unload_plugin("stays")


def test_a_shutdown_that_hangs_is_stopped(lab: Lab) -> None:
    lab.manager.step_timeout = 0.2
    slow = "import time; time.sleep(30)"
    lab.load("stays", PLAIN.replace("def where", f"def shutdown(self): {slow}\n        def where"))
    with pytest.raises(PluginError, match=r"did not end within 0\.2 s"):
        lab.manager.unload_plugin("stays")
    assert not lab.manager.is_plugin_loaded("stays")


# -- modules that were there before ----------------------------------------------------------------


def import_from(folder: Path, name: str) -> Any:
    """Import a module as a notebook does whose folder is on the path."""
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    finally:
        del sys.path[0]
        importlib.invalidate_caches()


def test_a_plugin_that_was_imported_before_is_adopted(lab: Lab) -> None:
    lab.write("before.py", "RUNS = []\nRUNS.append(1)\n" + dedent(PLAIN))
    before = import_from(lab.folder, "before")
    lab.edit("before.py", '"old"', '"edited before it was loaded"')
    cls, where = before.P, before.P.where
    handle = lab.load("before")
    assert lab.module("before") is before
    assert type(lab.instance("before")) is cls is before.P
    assert handle.where() == "edited before it was loaded"
    assert where(lab.instance("before")) == "edited before it was loaded"
    handle.n = 7
    lab.edit("before.py", "edited before it was loaded", "new")
    lab.reload("before").raise_for_outcome()
    assert (handle.where(), handle.n) == ("new", 7)
    lab.manager.unload_plugin("before")
    assert sys.modules["before"] is before  # the user's own import stays
    lab.edit("before.py", '"new"', '"edited while unloaded"')
    assert lab.load("before").where() == "edited while unloaded"


@pytest.mark.parametrize("where", ["body", "initialize"])
def test_an_adoption_that_fails_leaves_the_module_as_it_was(where: str, lab: Lab) -> None:
    lab.write("before.py", PLAIN)
    before = import_from(lab.folder, "before")
    namespace = dict(vars(before))
    if where == "body":
        lab.write("before.py", dedent(PLAIN).replace("old", "new") + "1 / 0\n")
    else:
        lab.write("before.py", dedent(PLAIN).replace("old", "new").replace("= 0", "= 1 / 0"))
    with pytest.raises((PluginLoadError, ReloadError)):
        lab.load("before")
    assert sys.modules["before"] is before
    assert dict(vars(before)) == namespace
    assert before.P.where(None) == "old"
    assert gc.get_freeze_count() == FROZEN


def test_a_body_that_appends_to_sys_path(lab: Lab) -> None:
    text = "    import sys\n    sys.path.append('/themis/old')\n" + PLAIN
    handle = lab.load("paths", text)
    path, kept = list(sys.path), lab.manager.events
    lab.write("paths.py", text.replace("/old", "/new").replace("self.n = 0", "1 / 0"))
    for _ in range(3):
        started = time.monotonic()
        assert lab.reload("paths").outcome is Outcome.ROLLED_BACK
        assert time.monotonic() - started < 5
        assert sys.path == path
        assert kept.history[-1].terminal
    sys.path.remove("/themis/old")
    assert handle.where() == "old"


# -- interrupts at any moment ----------------------------------------------------------------------


class Presses:
    """Presses Ctrl-C a while after a ``with`` block was entered, if it is still inside then."""

    def __init__(self) -> None:
        self._inside = False
        self._timer: threading.Timer | None = None
        self.before = signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        if self._inside:
            self._inside = False
            raise KeyboardInterrupt

    def after(self, seconds: float) -> Presses:
        main = threading.main_thread().ident or 0
        self._timer = threading.Timer(seconds, lambda: signal.pthread_kill(main, signal.SIGINT))
        return self

    def __enter__(self) -> None:
        assert self._timer is not None
        self._timer.start()
        self._inside = True

    def __exit__(self, *_: object) -> None:
        self._inside = False
        assert self._timer is not None
        self._timer.join()


@pytest.fixture
def presses() -> Iterator[Presses]:
    presses = Presses()
    yield presses
    signal.signal(signal.SIGINT, presses.before)


def test_ctrl_c_at_any_moment_of_a_reload(presses: Presses, lab: Lab) -> None:
    """Each reload ends as reloaded, aborted or rolled back, and the plugin runs accordingly."""
    text = "    import time\n" + PLAIN.replace('"old"', "0").replace(
        "self.n = 0", "self.n = 0; time.sleep(0.002)"
    )
    handle = lab.load("pressed", text)
    handle.n = 7
    instance = lab.instance("pressed")
    runs, outcomes = 0, set()
    for number in range(1, 161):
        lab.write("pressed.py", text.replace("return 0", f"return {number}"))
        lab.events.clear()
        lab.heard.clear()
        try:
            with presses.after((number % 40) * 0.0003):
                lab.manager.reload_plugin("pressed")
        except KeyboardInterrupt:
            if not lab.events:  # it came before anything was begun
                continue
        report = lab.manager.get_record("pressed").last
        assert report is not None
        assert report.outcome in (Outcome.RELOADED, Outcome.ABORTED, Outcome.ROLLED_BACK)
        outcomes.add(report.outcome)
        check_ends_once(lab, report)
        runs = number if report else runs
        assert (handle.where(), handle.n) == (runs, 7)
        assert lab.instance("pressed") is instance
        assert gc.get_freeze_count() == FROZEN
    assert len(outcomes) > 1


# Python's own import, too, may be interrupted between opening a file and being able to close it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_at_any_moment_of_loading_and_unloading(presses: Presses, lab: Lab) -> None:
    lab.write("base.py", PLAIN)
    lab.write("pressed.py", PLAIN.replace("def init", "dependencies = ['base']\n        def init"))
    handle = lab.manager.load_plugin("pressed")
    lab.manager.unload_all_plugins()
    for number in range(120):
        with contextlib.suppress(KeyboardInterrupt, PluginError), presses.after(number % 40 * 2e-4):
            lab.manager.load_plugin("pressed")
            lab.manager.unload_plugin("base", cascade=True)
        loaded = lab.manager.list_loaded_plugins()
        assert loaded in ([], ["base"], ["base", "pressed"])
        assert [name for name in ("base", "pressed") if name in sys.modules] == loaded
        if "pressed" in loaded:
            assert in_thread(handle.where) == "old"
        lab.manager.unload_all_plugins()
