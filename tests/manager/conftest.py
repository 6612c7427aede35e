"""A folder of real plugins, a manager of one's own, and faults that a plugin's code can be given."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import dill  # noqa: F401 - imported when first needed, which tests would take for a trace
import pytest

import themis_jupyter.loader
import themis_jupyter.reloading
import themis_jupyter.render.html
import themis_jupyter.tracebacks  # noqa: F401
from themis_jupyter import Outcome, PhaseEvent, PluginManager, ReloadReport
from themis_jupyter.handle import instance_of
from themis_jupyter.reload import forget
from themis_jupyter.turns import TURNS

#: Python 3.12 begins with some objects frozen.
FROZEN = gc.get_freeze_count()

LONG_AGO = 100_000  # seconds: files of that age are taken for written to the end


class Lab:
    """A folder of plugins and the manager that loads them."""

    def __init__(self, folder: Path, manager: PluginManager) -> None:
        self.folder = folder
        self.manager = manager
        self.events: list[PhaseEvent] = []
        self.heard: list[PhaseEvent] = []
        manager.events.subscribe(self.events.append)
        manager.register_reload_listener(self.heard.append)
        self._seconds = itertools.count(int(time.time()) - LONG_AGO, 2)

    # -- files -----------------------------------------------------------------------------------

    def write(self, file: str, text: str | bytes, *, just_now: bool = False) -> Path:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())
        if not just_now:
            moment = next(self._seconds)
            os.utime(path, (moment, moment))
        return path

    def edit(self, file: str, old: str, new: str) -> Path:
        text = (self.folder / file).read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in:\n{text}"
        return self.write(file, text.replace(old, new))

    # -- plugins ---------------------------------------------------------------------------------

    def get(self, name: str) -> Any:
        """Return the handle of a loaded plugin."""
        return self.manager.get_plugin(name)

    def load(self, name: str, text: str | None = None, config: Any = None) -> Any:
        """Load ``name.py``, or the package ``name``; ``text`` is written to it first."""
        path = self.folder / name
        if not path.is_dir():
            path = path.with_suffix(".py")
        if text is not None:
            self.write(path.name, text)
        return self.manager.load_plugin(path, config)

    def reload(self, *names: str, **options: Any) -> ReloadReport:
        self.events.clear()
        self.heard.clear()
        if len(names) == 1:
            return self.manager.reload_plugin(names[0], **options)
        return self.manager.reload_plugins(names, **options)

    def module(self, name: str) -> Any:
        return sys.modules[name]

    def instance(self, name: str) -> Any:
        return instance_of(self.manager.get_plugin(name))

    def terminal(self) -> list[PhaseEvent]:
        """Return the terminal events of reloads."""
        return [e for e in self.events if e.terminal and e.kind == "reload"]

    def path_of(self, name: str) -> Path:
        path = self.manager.get_manifest(name).path
        assert path is not None
        return path


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Give a lab; whatever the test did in it, the process is as before at the end."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    manager = PluginManager(plugin_folders=[str(folder)], drain_timeout=1.0, step_timeout=20.0)
    before = _process()
    modules, path = set(sys.modules), list(sys.path)
    lab = Lab(folder, manager)
    yield lab
    assert _process() == before
    manager.clear_reload_listeners()
    _remove(manager, tmp_path)
    assert sys.path == path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        assert not file.startswith(str(tmp_path)), f"{name} is left"
    threads = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    assert not [n for n in threads if n.startswith("plugin")], threads


def _process() -> dict[str, Any]:
    return {
        "frozen": gc.get_freeze_count(),
        "collects": gc.isenabled(),
        "SIGINT": signal.getsignal(signal.SIGINT),
        "turn": TURNS._lock.locked(),
    }


def _remove(manager: PluginManager, folder: Path) -> None:
    manager.step_timeout = 5.0
    try:
        manager.unload_all_plugins()
    except* Exception:  # noqa: BLE001 - a plugin of a test may refuse to go; its module goes below
        pass
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(str(folder)):
            forget(module)
            del sys.modules[name]
    assert not [f for f in sys.meta_path if type(f).__name__ == "SubmoduleFinder"]


class Faults:
    """The module ``faults`` that plugins of these tests import: what is to happen where."""

    def __init__(self) -> None:
        self._armed: dict[tuple[str, int], Callable[[], Any]] = {}
        #: Where a plugin's code has been, in order.
        self.visited: list[tuple[str, int]] = []

    def arm(self, where: str, version: int, action: Callable[[], Any]) -> None:
        self._armed[where, version] = action

    def disarm(self) -> None:
        self._armed.clear()

    def hit(self, where: str, version: int) -> Any:
        self.visited.append((where, version))
        action = self._armed.get((where, version))
        return action() if action is not None else None


@pytest.fixture
def faults() -> Iterator[Faults]:
    faults = Faults()
    module = types.ModuleType("faults")
    module.hit = faults.hit  # type: ignore[attr-defined]
    sys.modules["faults"] = module
    yield faults
    del sys.modules["faults"]


#: A plugin each step of which can be given a fault; ``VERSION`` is to be replaced by a number.
COUNTER = '''
    """Counts."""
    import os

    import faults
    from themis_jupyter import StatefulPlugin

    TABLE = {"size": 3}
    SHELF = []

    SHELF.append(VERSION)
    os.environ["COUNTER"] = "VERSION"
    faults.hit("body", VERSION)
    LIMIT = VERSION * 100

    def describe():
        return "counter VERSION"

    class Base(StatefulPlugin):
        unit = "VERSION apples"

        def level(self):
            return LIMIT

    class Counter(Base):
        version = "VERSION.0"
        transient = ("lock",)

        def __init__(self):
            faults.hit("__init__", VERSION)
            self.made_by = VERSION

        def initialize(self, config):
            answer = faults.hit("initialize", VERSION)
            self.step = config.get("step", 1)
            self.total = 0
            self.notes = {"first": [1, 2]}
            self.lock = object()
            return answer

        def shutdown(self):
            faults.hit("shutdown", VERSION)

        def save_state(self):
            answer = faults.hit("save_state", VERSION)
            return super().save_state() if answer is None else answer

        def restore_state(self, state):
            answer = faults.hit("restore_state", VERSION)
            state.pop("made_by", None)
            super().restore_state(state)
            return answer

        def add(self):
            self.total += self.step
            return "VERSION", self.total

        @property
        def double(self):
            return self.total * 2, VERSION
'''


def counter(version: int) -> str:
    return COUNTER.replace("VERSION", str(version))


def in_thread(function: Callable[[], Any], timeout: float = 10.0) -> Any:
    """Return what ``function`` returns in another thread."""
    result: list[Any] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            result.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=body, name="plugin test", daemon=True)
    thread.start()
    thread.join(timeout)
    assert not thread.is_alive(), "it hangs"
    if errors:
        raise errors[0]
    return result[0]


def check_ends_once(lab: Lab, report: ReloadReport) -> None:
    """Each reload ends in one outcome, told once to the stream and once to the listeners."""
    assert isinstance(report.outcome, Outcome)
    assert [e.phase for e in lab.terminal()] == [report.outcome]
    assert [e.phase for e in lab.heard if e.terminal and e.kind == "reload"] == [report.outcome]
    assert lab.events[-1].terminal
    begun = [(e.plugin, e.phase) for e in lab.events if e.status == "started"]
    ended = [(e.plugin, e.phase) for e in lab.events if e.status in ("finished", "failed")]
    assert sorted(begun, key=repr) == sorted(ended, key=repr)
