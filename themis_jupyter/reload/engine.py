"""Reloading modules in place: the way in."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from ..errors import ReloadError, SourceError, describe
from ..interrupts import InterruptGuard
from ..phases import Outcome
from ..report import ReloadReport
from ..turns import TURNS
from .group import dependencies_first, spread_between
from .source import Source
from .stage import draft
from .staged import Staged


def prepare(
    modules: Iterable[ModuleType],
    *,
    full: bool = False,
    sources: dict[str, Source] | None = None,
    check: Callable[[str, Source], None] | None = None,
    quiet: float = 0.0,
    paths: Mapping[str, Path] | None = None,
) -> Staged:
    """Read, check, plan and compile; run nothing.

    :param modules: in any order.
    :param sources: bytes that were read already, by module name.
    :param check: refuses bytes by raising.
    :param quiet: seconds that a file must have been left alone: half a file may parse as well.
    :param paths: by module name, another file that the source is in from now on.
    :raises SourceError: a file cannot be read, decoded or compiled.
    """
    known, places = sources or {}, paths or {}
    modules = list(modules)
    several = len(modules) > 1
    drafts = [
        draft(
            m,
            known.get(m.__name__),
            full=full,
            check=check,
            shared=several,
            quiet=quiet,
            path=places.get(m.__name__),
        )
        for m in modules
    ]
    if several:
        drafts = dependencies_first(drafts)
        drafts = spread_between(drafts)
    return Staged(drafts)


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
    what = f"the reload of {getattr(module, '__name__', module)!r}"
    with InterruptGuard() as guard, TURNS.take(what, guard):
        return reload_modules((module, *more), guard, full=full, check=check)


def reload_modules(
    modules: Sequence[ModuleType],
    guard: InterruptGuard,
    *,
    full: bool = False,
    check: Callable[[str, Source], None] | None = None,
) -> ReloadReport:
    """Do what :func:`reload_in_place` says, for who has the turn already."""
    started = time.perf_counter()
    module = modules[0]
    for item in modules:
        if not isinstance(item, ModuleType):
            raise SourceError(f"{item!r} is not a module, so there is nothing to reload it from.")
        if sys.modules.get(item.__name__) is not item:
            raise SourceError(
                f"module {item.__name__!r} is not the one that an import gives; import it again."
            )

    def run(body: Callable[[], None]) -> None:
        with guard.allowed():
            body()

    staged = prepare(modules, full=full, check=check)
    outcome = Outcome.UNCHANGED
    if staged.unchanged:
        staged.take_note()
    else:
        outcome = Outcome.RELOADED
        try:
            staged.stage(run)
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
