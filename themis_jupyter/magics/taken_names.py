"""Names of a notebook that came by ``from plugin import NAME``, which follow the plugin.

Functions and classes stay the same objects over a reload; constants do not. So it is remembered
which name of the notebook came from where, and the engine asks for that (see ``reload.importers``).
It writes a name only where the old value still is. That alone would not do: who imports ``LIMIT``,
which is 10, and later says ``LIMIT = 10``, means his own 10. So cells are read for later bindings.
Bindings that no cell shows, such as a function's ``global LIMIT``, count if they change the object.

A cell is parsed only if it can matter: it has an import, or mentions a name that was taken and
whose value is such that two equal ones may be one object.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..reload.importers import add_provider
from ..reload.names import names_of
from ..reload.tracking import tracked

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

_ABSENT: Any = object()

# Equal values of these types may be one object without one coming from the other.
_SHARED = frozenset(
    {int, float, complex, str, bytes, bool, type(None), tuple, frozenset, range, type(...)}
)

# Of the magics that take a whole cell, those that run it as a cell; others make a file of it, say.
_RUNS_CELL = re.compile(r"\s*%%(?:time|capture|prun)\b[^\n]*\n")

_LIBRARY = re.compile(
    rf"[\\/](?:site|dist)-packages[\\/]|^{re.escape(os.path.dirname(os.__file__))}"
)

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPOUND = (*_LOOPS, ast.If, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match)


@dataclass(frozen=True, slots=True)
class Binding:
    """A top-level name that a cell binds.

    :param module: where it was imported from; empty for any other binding.
    :param name: its name in there; ``*`` for all public names.
    """

    local: str
    module: str = ""
    name: str = ""


class TakenNames:
    """Watches the cells of a shell, and tells the engine which names came from a module."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell: Any = shell
        self._taken: dict[str, tuple[str, str]] = {}
        self._running: list[ExecutionInfo] = []
        self._thread = threading.get_ident()
        self._remove_provider: Callable[[], None] = lambda: None

    def install(self) -> None:
        """Begin to watch; what earlier cells took counts as well."""
        for raw in list(getattr(self._shell.history_manager, "input_hist_raw", ())):
            self._read(raw)
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)
        self._remove_provider = add_provider(self.provide)

    def remove(self) -> None:
        """Watch no longer, and forget what was taken."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)
        self._remove_provider()
        self._taken.clear()

    def provide(self, module: str) -> list[tuple[dict[str, Any], str, str]]:
        """Return what was taken from a module: namespace, local name, name in the module.

        A cell that is running right now counts as far as it has come.
        """
        cells, lines = list(self._running), self._lines()
        for number, cell in enumerate(cells):
            line = lines[number] if number < len(lines) else None
            self._read(cell.raw_cell, getattr(cell, "transformed_cell", None), line)
        namespace = self._shell.user_ns
        taken = list(self._taken.items())
        return [(namespace, local, name) for local, (source, name) in taken if source == module]

    # -- cells -----------------------------------------------------------------------------------

    def _before(self, info: ExecutionInfo) -> None:
        self._thread = threading.get_ident()
        self._running.append(info)

    def _after(self, result: ExecutionResult) -> None:
        info = result.info
        # A cell may run cells. The one that loaded this extension began before we watched.
        while self._running and self._running.pop() is not info:
            pass
        if info is not None and result.error_before_exec is None:
            line = _failed_line(result.error_in_exec, self._shell.user_ns)
            # Older versions of IPython do not hand the transformed cell on.
            self._read(info.raw_cell, getattr(info, "transformed_cell", None), line)

    def _read(
        self, raw: str | None, transformed: str | None = None, line: int | None = None
    ) -> None:
        """Take in what a cell binds, up to ``line``, where it is or has stopped; None: all."""
        if not raw or not self._matters(raw):
            return
        try:
            found = list(
                bindings(self._parse(raw, transformed), None if raw.startswith("%%") else line)
            )
        except RecursionError:  # an expression of a thousand terms; nothing is known of such a cell
            return
        for binding in found:
            if binding.module:
                self._take(binding)
            else:
                self._taken.pop(binding.local, None)

    def _matters(self, text: str) -> bool:
        if "import" in text and "from" in text:
            return True
        namespace = self._shell.user_ns
        return any(
            type(namespace.get(local, _ABSENT)) in _SHARED and local in text
            for local in list(self._taken)
        )

    def _parse(self, raw: str, transformed: str | None) -> ast.Module:
        inner = _RUNS_CELL.match(raw)
        if inner:
            raw = raw[inner.end() :]
        text = None if inner else transformed
        for transform in (str, self._shell.transform_cell):
            try:
                return ast.parse(transform(text or raw))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        return ast.Module(body=[], type_ignores=[])

    def _take(self, binding: Binding) -> None:
        module = sys.modules.get(binding.module)
        if not isinstance(module, ModuleType):
            return
        names = [(binding.local, binding.name)]
        if binding.name == "*":
            names = _public(module)
        namespace = self._shell.user_ns
        for local, name in names:
            value = vars(module).get(name, _ABSENT)
            # Only what really came from there: not the branch that did not run.
            if namespace.get(local, _ABSENT) is value and not isinstance(value, ModuleType):
                self._taken[local] = binding.module, name

    def _lines(self) -> list[int]:
        """Return the lines at which the running cells are, the outermost cell first."""
        frame = sys._current_frames().get(self._thread)
        found = []
        while frame is not None:
            if frame.f_globals is self._shell.user_ns and frame.f_code.co_name == "<module>":
                found.append(frame.f_lineno)
            frame = frame.f_back
        return found[::-1]


def bindings(tree: ast.Module, line: int | None = None) -> Iterator[Binding]:
    """Yield what top-level statements bind, in order.

    :param line: where running has stopped; None: at the end.
    """
    for statement in tree.body:
        if line is not None and (statement.end_lineno or statement.lineno) >= line:
            if statement.lineno <= line and isinstance(statement, _COMPOUND):
                yield from _bound_by(statement)
            return
        yield from _bound_by(statement)


def _bound_by(statement: ast.stmt) -> Iterable[Binding]:
    imports = list(_imports(statement))
    # In ``try: from m import X``, ``except ImportError: X = None`` the value tells which it was.
    others = names_of(statement).binds - {binding.local for binding in imports}
    return [*map(Binding, sorted(others)), *imports]


def _imports(statement: ast.stmt) -> Iterator[Binding]:
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield Binding(alias.asname or alias.name, node.module, alias.name)
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(
            node, _SCOPES
        ):
            pending += reversed(list(ast.iter_child_nodes(node)))


def _public(module: ModuleType) -> list[tuple[str, str]]:
    """Return what a star import takes; of libraries nothing, as it is too much."""
    filename = getattr(module, "__file__", None) or ""
    if tracked(module) is None and (not filename.endswith(".py") or _LIBRARY.search(filename)):
        return []
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name in vars(module) if not name.startswith("_")]
    return [(name, name) for name in names if isinstance(name, str)]


def _failed_line(error: BaseException | None, namespace: dict[str, Any]) -> int | None:
    """Return the line of the cell at which an error left it; None where there was none."""
    tb = error.__traceback__ if error is not None else None
    while tb is not None:
        if tb.tb_frame.f_globals is namespace:
            return tb.tb_lineno
        tb = tb.tb_next
    return None
