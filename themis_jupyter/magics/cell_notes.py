"""At the boundaries of cells: what was saved comes in before one; what is not as on disk is said after it."""

from __future__ import annotations

import ast
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from IPython.core.error import InputRejected
from traitlets import Bool
from traitlets.config import Configurable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

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
        #: The cells that are running, each with its thread: a kernel's subshells run some at the same time.
        self._open: list[tuple[int, ExecutionInfo]] = []
        #: How many are running whose beginning was not seen.
        self._unseen = 0
        self._refusal = _Refusal()

    @property
    def raw_cell(self) -> str:
        """The text of the cell that this thread runs, as the user sees it; empty where that is not known."""
        return next((info.raw_cell or "" for info in reversed(self._open_here())), "")

    def _open_here(self) -> list[ExecutionInfo]:
        here = threading.get_ident()
        return [info for at, info in self._open if at == here]

    def install(self) -> None:
        """Begin to watch."""
        cells = self._manager.cells
        cells.in_shell = True
        cells.loop = _running_loop()
        for _ in range(_cells_running()):
            self._unseen += 1
            self._manager.cells.begin()
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def remove(self) -> None:
        """Watch no longer."""
        self._manager.cells.loop = None
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: ExecutionInfo) -> None:
        manager = self._manager
        if manager.cells.loop is None:
            manager.cells.loop = _running_loop()
        self._open.append((threading.get_ident(), info))
        try:
            manager.cells.begin(self._before_cell())
        except KeyboardInterrupt:  # IPython would show it, and run the cell all the same
            self._refusal.install(self._shell)

    def _before_cell(self) -> Callable[[], object] | None:
        manager = self._manager
        active = manager.is_watching and manager.watcher.active
        return manager.watcher.before_cell if active else None

    def _after(self, result: ExecutionResult | None) -> None:
        manager = self._manager
        self._refusal.remove(self._shell)
        if self._has_ended(result):
            manager.cells.end()
        if not manager.is_watching and not manager.list_loaded_plugins():
            return
        manager.watcher.after_cell()
        if not self.show or self._unseen or self._open_here():
            return
        notes = manager.watcher.notes()
        if result is not None and (notes or manager.watcher.has_news):
            self._say(result, notes)

    def _has_ended(self, result: ExecutionResult | None) -> bool:
        """Return whether a cell that counts has ended. IPython tells the end of an empty one only."""
        here, info = threading.get_ident(), result.info if result is not None else None
        for number in reversed(range(len(self._open))):
            at, opened = self._open[number]
            if opened is info or (info is None and at == here):
                del self._open[number]
                return True
        if info is None or not (info.raw_cell or "").strip() or not self._unseen:
            return False
        self._unseen -= 1
        return True

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
                saved = "they were" if len(report.plugins) > 1 else "it was"
                self._publish(Note("calm", f"{report.headline()}, after {saved} saved"))

    def _publish(self, note: Any) -> None:
        self._shell.display_pub.publish(*self._shell.display_formatter.format(note))


class _Refusal(ast.NodeTransformer):
    """Keeps the cell that is about to run from running, once."""

    def install(self, shell: Any) -> None:
        """Let the next cell be refused."""
        self.remove(shell)
        shell.ast_transformers.insert(0, self)

    def remove(self, shell: Any) -> None:
        """Let cells run."""
        if self in shell.ast_transformers:
            shell.ast_transformers.remove(self)

    def visit(self, node: ast.AST) -> ast.AST:
        """Refuse a cell.

        :raises InputRejected: always.
        """
        raise _NotRun(
            "Ctrl-C was pressed while this cell waited for a reload, which began when a file was saved: "
            "the cell was not run"
        )


class _NotRun(InputRejected):
    """Is shown in a line: where it was raised says nothing to the user."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


def _cells_running() -> int:
    """Return how many cells are running in this thread: one that loads the extension began unseen."""
    frame: FrameType | None = sys._getframe()
    found = 0
    while frame is not None:
        found += frame.f_code.co_name == "run_cell_async"
        frame = frame.f_back
    return found


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
