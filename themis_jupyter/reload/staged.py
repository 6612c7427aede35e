"""New code that has run aside: what a commit is going to write, and how to take it back."""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, cast

from ..errors import ReloadError, UnpatchableError, describe
from ..report import Change, RanStatement
from . import tracking
from .adapters import finish_classes
from .correspondence import Correspondence
from .group import StagedRun
from .nursery import Nursery, bury
from .objects import is_a, members_of
from .patch_class import patch_bases
from .patch_module import Patch, match_module, patch_module
from .registries import settle_registries
from .relocate import relocate_new
from .roots import roots_of
from .stage import Draft
from .substitute import Substitution
from .surroundings import Surroundings
from .tracking import produced_by
from .trampoline import trampoline_code, trampoline_defaults
from .writes import Writes


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
        self._produced: list[dict[str, frozenset[str]]] = []
        self._new_functions: list[weakref.ref[FunctionType]] = []
        self._new_classes: list[weakref.ref[type]] = []
        self._surroundings: Surroundings | None = None
        self._substitute: Substitution | None = None

    # -- what is going to happen -----------------------------------------------------------------

    @property
    def unchanged(self) -> bool:
        """True where the modules already run these bytes."""
        return all(item.unchanged for item in self.drafts)

    def take_note(self) -> None:
        """Where modules run this code already: remember its text, which may differ in comments."""
        for item in self.drafts:
            if item.before is not None and item.before.source.data != item.source.data:
                tracking.remember(item.module, item.source, item.plan.new, item.before, {})

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs, definition by definition."""
        return tuple(self._patch.changes)

    @property
    def ran(self) -> tuple[RanStatement, ...]:
        """The statements that ran, and why."""
        return tuple(
            RanStatement(d.module.__name__, s.start, d.plan.new.headline(s), why)
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
    def writes(self) -> Writes:
        """The prepared list of writes."""
        return self._patch.writes

    # -- the steps -------------------------------------------------------------------------------

    def stage(self, run: Callable[[Callable[[], None]], object]) -> None:
        """Run the new statements aside and plan the commit.

        :param run: calls the function that it is given, which is the body of a module; it may let
            Ctrl-C through, or set a limit of time, while that runs.
        :raises BaseException: whatever the statements raise; all is as it was before.
        """
        together = StagedRun(self.drafts)
        self._surroundings = Surroundings(*roots_of(self.drafts))
        try:
            with self._nursery:
                self._run_aside(run, together)
        except BaseException:
            bury(self._new_classes, thorough=self._nursery.was_disturbed)
            raise

    def _run_aside(self, run: Callable[[Callable[[], None]], object], together: StagedRun) -> None:
        try:
            for item in self.drafts:
                run(partial(together.run, item))
            self._plan_commit()
            assert self._surroundings is not None
            self._surroundings.settle()
        except BaseException as error:
            born = self._nursery.objects()
            self._note_new(born)
            _clear_frames(error)
            self._discard(born)
            del born  # this frame lives as long as the error does
            raise

    def _note_new(self, born: Iterable[object]) -> None:
        """Remember, without keeping them alive, what is to be dropped or looked after later."""
        scratch = {id(item.scratch) for item in self.drafts}
        names = {item.module.__name__ for item in self.drafts}
        for item in born:
            if type(item) is FunctionType:
                if id(item.__globals__) in scratch:
                    self._new_functions.append(weakref.ref(item))
            elif is_a(item, type) and self._is_dropped_with(names, _module_of(item)):
                self._new_classes.append(weakref.ref(cast(type, item)))

    def _is_dropped_with(self, names: Collection[str], module: object) -> bool:
        """Return whether a new class of that module goes when the new statements are given up."""
        assert self._surroundings is not None
        return module in names or self._surroundings.would_unload(module)

    def _plan_commit(self) -> None:
        born = self._nursery.objects()
        self._note_new(born)
        ids = {id(item) for item in born}
        for item in self.drafts:
            if (moves := item.moves) is not None:
                relocate_new(born, moves, item.code)
        for item in self.drafts:
            self._produced.append(produced_by(item.scratch, item.module, ids))
            match_module(item, ids, self._found)
        globals_ = {id(d.scratch): d.live for d in self.drafts}
        replaced = [(d.standin, d.module) for d in self.drafts]
        replaced += [(d.scratch, d.live) for d in self.drafts]  # type: ignore[misc]
        substitute = Substitution(self._found, globals_, born, replaced)
        substitute.run()
        self._substitute = substitute
        if substitute.stuck:
            self._check_stuck(substitute)
        finish_classes([(p.old, cast(type, p.new)) for p in self._found if is_a(p.new, type)])
        for item in self.drafts:
            patch_module(self._patch, item, self._found, substitute)
        patch_bases(self._patch.writes, self._patch.bases)
        assert self._surroundings is not None
        own = [vars(d.module) for d in self.drafts]
        settle_registries(
            self._patch.writes, self._surroundings, substitute, own, self._found.taken
        )
        for item in self.drafts:
            if type(item.module) in self._found:  # its body gave the module a class of its own
                old_class = self._found.old_of(type(item.module))
                self._patch.writes.add((setattr, item.module, "__class__", old_class))

    def _check_stuck(self, substitute: Substitution) -> None:
        for reference in substitute.stuck:
            cls = reference()
            if cls is not None and any(
                found is cls for d in self.drafts for found in d.scratch.values()
            ):
                raise UnpatchableError(
                    f"{cls.__module__}.{cls.__qualname__}",
                    f"the new class {cls.__qualname__} cannot be given the bases that are live. "
                    "Rename one of its bases, or restart the kernel.",
                )

    def commit(self) -> None:
        """Write to the live objects, all or nothing.

        :raises ReloadError: a write was refused; those before it have been taken back.
        """
        try:
            # Not before: others may go on making functions until the old code stops.
            self.warnings += self._patch.descendants.settle(self._patch.writes)
            self._patch.writes.apply()
        except Exception as error:
            _clear_frames(error)
            raise ReloadError(
                f"Python refused to change a live object: {describe(error)}. All is as it was before."
            ) from error
        for item, produced in zip(self.drafts, self._produced, strict=True):
            tracking.remember(item.module, item.source, item.plan.new, item.before, produced)

    def undo(self) -> list[str]:
        """Take the commit back; return what could not be undone, in words."""
        failed = [f"a change could not be undone: {e!r}" for e in self._patch.writes.take_back()]
        for item in self.drafts:
            tracking.restore(item.module, item.before)
        return failed + self.discard()

    def discard(self) -> list[str]:
        """Drop the new code and put back what its statements did elsewhere."""
        failed = self._discard([f for r in self._new_functions if (f := r()) is not None])
        bury(self._new_classes, thorough=self._nursery.was_disturbed)
        return failed

    def _discard(self, born: Iterable[object]) -> list[str]:
        failed: list[str] = []
        if self._surroundings is not None:
            failed = self._surroundings.restore(born)
            self._surroundings = None
        for reference in self._new_functions:
            # Frames of a traceback hold their function, and so the new class in its closure.
            function = reference()
            for cell in (function.__closure__ or ()) if function is not None else ():
                del cell.cell_contents
        for item in self.drafts:
            item.restore_class()
            item.scratch.clear()
        self._let_go()
        self.warnings += failed
        return failed

    def finish(self) -> None:
        """Keep the commit for good and free what is no longer needed."""
        assert self._substitute is not None
        for item in self.drafts:
            self.warnings += item.plan.notes
        left = [(weakref.ref(new), old) for new, old in self._substitute.succeeded()]
        dead = [weakref.ref(cast(type, pair.new)) for pair in self._found if is_a(pair.new, type)]
        self._surroundings = None
        for item in self.drafts:
            item.scratch.update(item.live)  # new functions go at once, being in no circle any more
        self._let_go()
        bury(dead, thorough=self._nursery.was_disturbed)
        for reference, successor in left:
            survivor = reference()
            if survivor is not None and survivor is not successor:
                # Something that cannot be looked into still holds it: let it call the right one.
                survivor.__kwdefaults__ = trampoline_defaults(successor)
                survivor.__code__ = trampoline_code(survivor, successor)
                survivor.__defaults__ = None

    def _let_go(self) -> None:
        self._found = Correspondence()
        self._substitute = None
        self._patch = Patch(changes=self._patch.changes)
        for item in self.drafts:
            item.prefilled = {}
            item.standin = ModuleType(item.module.__name__)
            item.code = None


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


def _module_of(cls: object) -> object:
    return members_of(cls).get("__module__")
