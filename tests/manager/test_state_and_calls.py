"""What calls in flight do to the state while a reload begins is not lost."""

from __future__ import annotations

import threading
from pathlib import Path

from themis_jupyter import Outcome, PhaseEvent, PluginManager

SOURCE = """
from themis_jupyter import StatefulPlugin
import threading

BEGUN = threading.Event()
MAY_END = threading.Event()

class Slow(StatefulPlugin):
    def initialize(self, config):
        self.done = 0

    def work(self):
        BEGUN.set()
        assert MAY_END.wait(30)
        self.done += 1

    def steps(self):
        yield 1
        self.done += 10

    def edition(self):
        return 1
"""


def test_a_call_that_ends_during_the_drain_is_in_the_state(tmp_path: Path) -> None:
    file = tmp_path / "slow_plugin.py"
    file.write_text(SOURCE)
    manager = PluginManager()
    handle = manager.load_plugin(file)
    try:
        import slow_plugin  # type: ignore[import-not-found]

        def let_it_end(event: PhaseEvent) -> None:
            if event.phase.name == "BEFORE_UNLOAD":
                slow_plugin.MAY_END.set()

        manager.register_reload_listener(let_it_end)
        call = threading.Thread(target=handle.work)
        call.start()
        assert slow_plugin.BEGUN.wait(30)
        file.write_text(SOURCE.replace("return 1", "return 2"))
        report = manager.reload_plugin("slow_plugin")
        call.join()
        assert report.outcome is Outcome.RELOADED
        assert (handle.done, handle.edition()) == (1, 2)
    finally:
        manager.unload_all_plugins()


def test_state_is_saved_once_where_nobody_calls(tmp_path: Path) -> None:
    file = tmp_path / "quiet_plugin.py"
    text = SOURCE.replace(
        "    def edition", "    def save_state(self):\n        self.done += 100\n        "
        "return {'done': self.done}\n\n    def edition"
    )  # fmt: skip
    file.write_text(text)
    manager = PluginManager()
    handle = manager.load_plugin(file)
    try:
        file.write_text(text.replace("return 1", "return 2"))
        assert manager.reload_plugin("quiet_plugin")
        assert handle.done == 100
    finally:
        manager.unload_all_plugins()
