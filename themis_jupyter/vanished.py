"""Submodules of a package plugin whose files were deleted: they go with the reload, or stop it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from .candidate import Candidate
from .errors import SourceError
from .record import Record, sources_of
from .reload import Staged, prepare
from .reload.importers import absolute
from .reload.source import QUIET, Source, syntax_error
from .reload.tracking import forget


@dataclass
class Vanished:
    """Modules without a file, which may be dropped, and put back."""

    modules: list[ModuleType] = field(default_factory=list)
    _dropped: list[tuple[ModuleType, ModuleType | None]] = field(default_factory=list)

    def __contains__(self, module: object) -> bool:
        return any(each is module for each in self.modules)

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
            for name, line in _imports(module, ast.parse(draft.source.text)):
                if name in gone:
                    file = gone[name].__file__
                    there = Path(file or "").exists()
                    raise SourceError(
                        f"{file} is {'not in that version' if there else 'no longer there'}, but "
                        f"{module.__file__} imports it (line {line}). "
                        + (
                            "Change that first."
                            if there
                            else "Put the file back, or remove the import."
                        )
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
    records: Sequence[Record],
    *,
    full: bool,
    check: Callable[[str, Source], None],
    sources: Mapping[str, Source] | None = None,
    places: Mapping[str, Candidate] | None = None,
) -> tuple[Staged, Vanished]:
    """Read and plan the modules of some plugins, but for submodules whose files are gone.

    :param check: refuses bytes by raising.
    :param sources: see :class:`.request.Request`, as for ``places``.
    :raises SourceError: one of them cannot be read, decoded or compiled.
    """
    known: dict[str, Source] = {}
    vanished = Vanished()
    modules: dict[ModuleType, None] = {}
    for record in records:
        main, own = record.module, record.modules
        modules.update(dict.fromkeys(own))
        if main is not None and sources is not None and main.__name__ in sources:
            given = _given(own, sources)
            known.update(given)
            # What is no Python source is not known, and stays: preparing it tells so.
            left_out = sources_of(module for module in own if module.__name__ not in given)
            vanished.modules += [module for module in own if module.__name__ in left_out]
        else:
            vanished.modules += Vanished.among(m for m in own if m is not main).modules
    present = [module for module in modules if module not in vanished]
    paths = {each.module: each.path for each in (places or {}).values()}
    staged = prepare(present, full=full, sources=known, check=check, quiet=QUIET, paths=paths)
    return staged, vanished


def _given(modules: Sequence[ModuleType], sources: Mapping[str, Source]) -> dict[str, Source]:
    """Return what is to run in the modules of a plugin; those that have nothing to run are left out.

    What the given sources import, but do not hold, stays as it is: that module was not imported yet
    when they were kept.
    """
    running = sources_of(modules)
    found: dict[str, Source] = {}
    pending = [module for module in modules if module.__name__ in sources]
    while pending:
        module = pending.pop()
        name = module.__name__
        if name in found:
            continue
        source = sources.get(name) or running[name]
        found[name] = Source(module.__file__ or source.filename, source.data)
        imported = {name for name, _ in _imports(module, _parsed(found[name]))}
        imported |= {name.rpartition(".")[0] for name in imported}
        pending += [m for m in modules if m.__name__ in imported and m.__name__ in running]
    return found


def _parsed(source: Source) -> ast.AST:
    try:
        return ast.parse(source.text)
    except SyntaxError as error:  # of bytes that have run: another version of Python did that
        raise syntax_error(source, error) from error


def _imports(module: ModuleType, tree: ast.AST) -> Iterable[tuple[str, int]]:
    """Yield what a source imports, as far as that may be a module, with the lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node.module or "", node.level)
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
