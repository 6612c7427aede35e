"""At the boundaries of cells: what was saved comes in before one; what is not as on disk is said after it."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from traitlets import Bool
from traitlets.config import Configurable

if TYPE_CHECKING:
    import asyncio

    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from ..manager import PluginManager


class CellNotes(Configurable):
    """Watches the cells of a shell. A cell costs nothing worth mentioning where no plugin is loaded."""

    show = Bool(
        True, help="A line under cells that use a plugin which does not run what is on disk."
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell, manager: PluginManager, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shell: Any = shell
        self._manager = manager
        self._cells: list[str] = []

    @property
    def raw_cell(self) -> str:
        """The text of the cell that is running, as the user sees it; empty where that is not known."""
        return self._cells[-1] if self._cells else ""

    def install(self) -> None:
        """Begin to watch."""
        cells = self._manager.cells
        cells.in_shell = True
        cells.loop = _running_loop()
        if _cell_is_running():
            cells.begin()
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def remove(self) -> None:
        """Watch no longer."""
        self._manager.cells.loop = None
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: ExecutionInfo) -> None:
        manager = self._manager
        self._cells.append(info.raw_cell or "")
        if manager.cells.loop is None:
            manager.cells.loop = _running_loop()
        manager.cells.begin(manager.watcher.before_cell if manager.is_watching else None)

    def _after(self, result: ExecutionResult) -> None:
        manager = self._manager
        manager.cells.end()
        if self._cells:
            self._cells.pop()
        if not manager.is_watching and not manager.list_loaded_plugins():
            return
        manager.watcher.after_cell()
        if not self.show or manager.cells.running:
            return
        notes = manager.watcher.notes()
        if notes or manager.watcher.has_news:
            self._say(result, notes)

    def _say(self, result: ExecutionResult, notes: dict[str, str]) -> None:
        """Put a line under the cell for each plugin that it uses, and there is something to say about."""
        from .results import Note
        from .uses import plugins_used

        info = result.info
        if info is None or result.error_before_exec is not None:
            return
        text = getattr(info, "transformed_cell", None) or self._shell.transform_cell(info.raw_cell)
        modules: dict[str, str] = {}
        for name in self._manager.list_loaded_plugins():
            record = self._manager.find_record(name)
            if record is not None:
                modules.update(dict.fromkeys((m.__name__ for m in record.modules), name))
        for name in sorted(plugins_used(text, self._shell.user_ns, modules)):
            report = self._manager.watcher.news_of(name)
            if name in notes:
                self._publish(Note("warn", notes[name]))
            elif report is not None:
                self._publish(Note("calm", f"{report.headline()}, after it was saved"))

    def _publish(self, note: Any) -> None:
        self._shell.display_pub.publish(*self._shell.display_formatter.format(note))


def _cell_is_running() -> bool:
    """Return whether a cell is running in this thread: the one that loads the extension began unseen."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async":
            return True
        frame = frame.f_back
    return False


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs the cells, as a kernel has it; None in a terminal."""
    module = sys.modules.get("asyncio")
    if module is None or threading.current_thread() is not threading.main_thread():
        return None
    try:
        loop: asyncio.AbstractEventLoop = module.get_running_loop()
    except RuntimeError:
        return None
    return loop
