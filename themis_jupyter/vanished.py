"""Submodules of a package plugin whose files were deleted: they go with the reload, or stop it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from .errors import SourceError
from .record import Record
from .reload import Staged, prepare
from .reload.importers import absolute
from .reload.source import QUIET, Source
from .reload.tracking import forget


@dataclass
class Vanished:
    """Modules without a file, which may be dropped, and put back."""

    modules: list[ModuleType] = field(default_factory=list)
    _dropped: list[tuple[ModuleType, ModuleType | None]] = field(default_factory=list)

    @classmethod
    def among(cls, modules: Iterable[ModuleType]) -> Vanished:
        """Find the modules whose file is gone."""
        return cls([m for m in modules if not Path(m.__file__ or "").exists()])

    def refuse_importers(self, staged: Staged) -> None:
        """Make sure that nobody needs what is gone.

        :param staged: the modules that stay.
        :raises SourceError: one of them imports a module that is gone.
        """
        gone = {module.__name__: module for module in self.modules}
        for draft in staged.drafts if gone else ():
            module = draft.module
            for name, line in _imports(module, draft.source.text):
                if name in gone:
                    raise SourceError(
                        f"{gone[name].__file__} is no longer there, but {module.__file__} imports it "
                        f"(line {line}). Put the file back, or remove the import."
                    )

    def drop(self) -> None:
        """Take them out of ``sys.modules`` and out of their packages."""
        for module in self.modules:
            parent, _, child = module.__name__.rpartition(".")
            holder = sys.modules.get(parent)
            if holder is not None and vars(holder).get(child) is not module:
                holder = None
            self._dropped.append((module, holder))
            sys.modules.pop(module.__name__, None)
            if holder is not None:
                delattr(holder, child)

    def put_back(self) -> None:
        """Undo :meth:`drop`."""
        while self._dropped:
            module, holder = self._dropped.pop()
            sys.modules[module.__name__] = module
            if holder is not None:
                setattr(holder, module.__name__.rpartition(".")[2], module)

    def finish(self) -> None:
        """Forget their sources."""
        for module in self.modules:
            forget(module)


def prepare_present(
    records: Sequence[Record], *, full: bool, check: Callable[[str, Source], None]
) -> tuple[Staged, Vanished]:
    """Read and plan the modules of some plugins, but for submodules whose files are gone.

    :param check: refuses bytes by raising.
    :raises SourceError: one of them cannot be read, decoded or compiled.
    """
    modules = {module: None for record in records for module in record.modules}
    mains = [record.module for record in records]
    vanished = Vanished.among(m for m in modules if m not in mains)
    present = [module for module in modules if module not in vanished.modules]
    return prepare(present, full=full, check=check, quiet=QUIET), vanished


def _imports(module: ModuleType, text: str) -> Iterable[tuple[str, int]]:
    """Yield what a source imports, as far as that may be a module, with the lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node.module or "", node.level)
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
