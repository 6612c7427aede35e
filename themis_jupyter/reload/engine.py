"""Reloading modules in place: prepare, commit, undo."""

from __future__ import annotations

import sys
import time
import traceback
import weakref
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, ModuleType
from typing import Any

from ..errors import ReloadError, SourceError, describe
from ..interrupts import InterruptGuard
from ..phases import Outcome
from ..report import Change, RanStatement, ReloadReport
from . import tracking
from .correspondence import Correspondence
from .nursery import Nursery
from .patch_module import Patch, match_module, patch_module
from .registries import settle_registries
from .source import Source
from .group import spread_between, staged_import
from .stage import Draft, draft
from .substitute import Substitution
from .surroundings import Surroundings
from .trampoline import trampoline_code


class Staged:
    """New code that has run aside and waits to be committed.

    Nothing of the modules has changed so far; what their statements did to other things can be put back.
    Exactly one of :meth:`commit` (then :meth:`finish` or :meth:`undo`) and :meth:`discard` is to be called.
    """

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = list(drafts)
        self.warnings: list[str] = []
        self._patch = Patch()
        self._found = Correspondence()
        self._nursery = Nursery()
        self._surroundings: Surroundings | None = None
        self._substitute: Substitution | None = None

    # -- what is going to happen -----------------------------------------------------------------

    @property
    def unchanged(self) -> bool:
        """True where the modules already run these bytes."""
        return all(item.unchanged for item in self.drafts)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs, definition by definition."""
        return tuple(self._patch.changes)

    @property
    def ran(self) -> tuple[RanStatement, ...]:
        """The statements that ran, and why."""
        return tuple(
            RanStatement(d.module.__name__, s.start, d.plan.new.lines[s.start - 1].strip(), why)
            for d in self.drafts
            for s, why in d.plan.run.items()
        )

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the bytes of each module."""
        return {d.module.__name__: d.source.sha256 for d in self.drafts}

    @property
    def sources(self) -> dict[str, str]:
        """The texts that are running while the new statements run, by file name."""
        return {d.source.filename: d.source.text for d in self.drafts}

    def namespace(self, module: ModuleType) -> dict[str, Any]:
        """Return the namespace that ``module`` is going to have, in terms of the new objects."""
        return next((d.scratch for d in self.drafts if d.module is module), vars(module))

    @property
    def writes(self) -> Any:
        """The prepared list of writes."""
        return self._patch.writes

    # -- the steps -------------------------------------------------------------------------------

    def stage(self, guard: InterruptGuard) -> None:
        """Run the new statements aside and plan the commit.

        :raises BaseException: whatever the statements raise; all is as it was before.
        """
        several = len(self.drafts) > 1
        importer = staged_import(self.drafts) if several else None
        standins = {id(d.module): d.standin for d in self.drafts} if several else {}
        for item in self.drafts:
            item.fill(importer, standins)
        self._surroundings = Surroundings(_roots(self.drafts))
        self._nursery.__enter__()
        try:
            for item in self.drafts:
                with guard.allowed():
                    item.run()
            # Classes that a decorator made again (attrs, slotted dataclasses) have left the first behind.
            self._nursery.collect()
            self._plan_commit(self._nursery.objects())
        except BaseException as error:
            _clear_frames(error)
            self.discard()
            raise

    def _plan_commit(self, born: list[object]) -> None:
        ids = {id(item) for item in born}
        for item in self.drafts:
            match_module(item, ids, self._found)
        globals_ = {id(d.scratch): d.live for d in self.drafts}
        replaced = [(d.standin, d.module) for d in self.drafts]
        replaced += [(d.scratch, d.live) for d in self.drafts]  # type: ignore[misc]
        substitute = Substitution(self._found, globals_, born, replaced)
        substitute.run()
        self._substitute = substitute
        for item in self.drafts:
            patch_module(self._patch, item, self._found, substitute)
            self.warnings += item.plan.notes
        assert self._surroundings is not None
        own = [vars(d.module) for d in self.drafts]
        settle_registries(self._patch.writes, self._surroundings, substitute, own)

    def commit(self) -> None:
        """Write to the live objects, all or nothing.

        :raises ReloadError: a write was refused; those before it have been taken back.
        """
        try:
            self._patch.writes.apply()
        except Exception as error:
            raise ReloadError(
                f"Python refused to change a live object: {describe(error)}. All is as it was before."
            ) from error
        for item in self.drafts:
            tracking.remember(item.module, item.source, item.plan.new)

    def undo(self) -> list[str]:
        """Take the commit back; return what could not be undone, in words."""
        failed = [f"a change could not be undone: {e!r}" for e in self._patch.writes.take_back()]
        for item in self.drafts:
            tracking.restore(item.module, item.before)
        return failed + self.discard()

    def discard(self) -> list[str]:
        """Drop the new code and put back what its statements did elsewhere."""
        failed: list[str] = []
        if self._surroundings is not None:
            failed = self._surroundings.restore()
            self._surroundings = None
        scratch = {id(item.scratch) for item in self.drafts}
        for born in self._nursery.objects():
            # Frames of a traceback hold their function, and so the new class in its closure.
            if isinstance(born, FunctionType) and id(born.__globals__) in scratch:
                for cell in born.__closure__ or ():
                    del cell.cell_contents
        for item in self.drafts:
            item.scratch.clear()
        self._let_go()
        self.warnings += failed
        return failed

    def finish(self) -> None:
        """Keep the commit for good and free what is no longer needed."""
        assert self._substitute is not None
        left = [(weakref.ref(new), old) for new, old in self._substitute.succeeded()]
        self._surroundings = None
        self._let_go()
        for reference, successor in left:
            survivor = reference()
            if survivor is not None and survivor is not successor:
                # Something that cannot be looked into still holds it: let it call the right one.
                survivor.__code__ = trampoline_code(survivor, successor)
                survivor.__defaults__ = survivor.__kwdefaults__ = None

    def _let_go(self) -> None:
        self._found = Correspondence()
        self._substitute = None
        self._patch = Patch(changes=self._patch.changes)
        for item in self.drafts:
            item.prefilled = {}
            item.standin = ModuleType(item.module.__name__)
            item.code = None
        self._nursery.collect()
        self._nursery.close()


def prepare(
    modules: Iterable[ModuleType],
    *,
    full: bool = False,
    sources: dict[str, Source] | None = None,
    check: Callable[[str, Source], None] | None = None,
) -> Staged:
    """Read, check, plan and compile; run nothing.

    :param modules: dependencies before dependents.
    :param sources: bytes that were read already, by module name.
    :param check: refuses bytes by raising.
    :raises SourceError: a file cannot be read, decoded or compiled.
    """
    known = sources or {}
    drafts = [draft(m, known.get(m.__name__), full=full, check=check) for m in modules]
    if len(drafts) > 1:
        drafts = spread_between(drafts)
    return Staged(drafts)


def _clear_frames(error: BaseException | None) -> None:
    """Let go of what the frames of an error hold: new classes would live on in ``__subclasses__()``."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        item = pending.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        traceback.clear_frames(item.__traceback__)
        pending += [item.__cause__, item.__context__]
        if isinstance(item, BaseExceptionGroup):
            pending += item.exceptions


def _roots(drafts: Sequence[Draft]) -> list[tuple[str, object]]:
    """Return the live objects that the statements with effects name."""
    roots: dict[str, object] = {}
    for item in drafts:
        for statement in item.plan.run:
            if statement.names.effects or statement.names.opaque:
                for name in statement.names.now | statement.names.binds:
                    if name in item.live:
                        roots.setdefault(f"{item.module.__name__}.{name}", item.live[name])
    return list(roots.items())


def reload_in_place(
    module: ModuleType,
    *more: ModuleType,
    full: bool = False,
    check: Callable[[str, Source], None] | None = None,
) -> ReloadReport:
    """Bring the new source of one or several modules in, in place and as one transaction.

    Functions and classes that still exist stay the same objects; only what changed runs again.

    :param module: a module with a source file.
    :param more: further modules that change together with it.
    :param full: run everything, as a fresh import does.
    :param check: called with a module's name and its new source; refuses by raising.
    :returns: a report with outcome ``reloaded`` or ``unchanged``.
    :raises ReloadError: it cannot be done; everything is as before.
    :raises KeyboardInterrupt: Ctrl-C; everything is as before.
    """
    started = time.perf_counter()
    modules = (module, *more)
    for item in modules:
        if not isinstance(item, ModuleType):
            raise SourceError(f"{item!r} is not a module, so there is nothing to reload it from.")
        if sys.modules.get(item.__name__) is not item:
            raise SourceError(
                f"module {item.__name__!r} is not the one that an import gives; import it again."
            )
    with InterruptGuard() as guard:
        staged = prepare(modules, full=full, check=check)
        outcome = Outcome.UNCHANGED
        if not staged.unchanged:
            outcome = Outcome.RELOADED
            try:
                staged.stage(guard)
            except (ReloadError, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise ReloadError(
                    f"{module.__name__} was not reloaded: {describe(error)}. Everything is as before."
                ) from error
            try:
                staged.commit()
            except BaseException:
                staged.undo()
                raise
            staged.finish()
    return ReloadReport(
        plugins=tuple(m.__name__ for m in modules),
        outcome=outcome,
        changes=staged.changes,
        ran=staged.ran,
        hashes=staged.hashes,
        warnings=tuple(staged.warnings),
        elapsed=time.perf_counter() - started,
    )
