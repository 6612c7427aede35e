"""The checks, one after the other, each giving a row."""

from __future__ import annotations

import gc
import re
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..errors import ThemisError, describe
from ..phases import UNTOUCHED, Outcome, Phase
from ..report import ReloadReport
from .differences import differences
from .edits import REPLAYED, Edit, same, statement_in_every_function
from .faults import InjectedFailureError
from .leaks import Growth, Reading
from .process import PATIENCE, Difference, Process
from .safety_report import Row, Verdict, failed, ok, skipped
from .subject import Problem, Subject

#: The steps in which failures are injected.
STEPS = tuple(p for p in Phase if p not in (Phase.CHECK, Phase.ROLLBACK))

#: Seconds between two looks at a state that may change by itself.
_MOMENT = 0.02

#: Reloads that are not measured.
_WARM_UP = 4
#: So often at most it is read what there is, to look for leaks.
_READINGS = 5

_MEND = "see the report of such a reload: edit the file and %reload_plugin it"

#: What to do where a reload fails by itself, by the step in which it does.
_BY_STEP = {
    Phase.STAGE: "the statements of the file have to work each time that they run",
    Phase.SAVE_STATE: "save_state() has to return what can be saved",
    Phase.UNLOAD: "shutdown() must not raise",
    Phase.CREATE: "__init__() and create_plugin() have to work again",
    Phase.INITIALIZE: "initialize() has to work again after shutdown()",
    Phase.RESTORE_STATE: "restore_state() has to take what save_state() returns",
}


class Checks:
    """The checks of one plugin.

    :param begin: is told the name of each check before it is made.
    """

    def __init__(self, subject: Subject, begin: Callable[[str], None]) -> None:
        self._subject = subject
        self._begin = begin
        #: Of the copy: whether every function has the further statement.
        self._changed = False
        #: What was told already, without its numbers, and by which check.
        self._told: dict[str, str] = {}
        #: Seconds that threads get to end; there is no use in waiting again and again.
        self._patience = PATIENCE

    def run(self) -> Iterator[Row]:
        """Make the checks; stop where there is nothing to go on with."""
        copy = self._subject.copy
        for row in self._rows():
            seen = row.seen.replace(str(copy.path.parent), str(copy.original.parent))
            key = re.sub(r"\d+", "#", seen)
            if row.verdict is not Verdict.FAILED or key not in self._told:
                self._told.setdefault(key, row.check)
                yield replace(row, seen=seen)
            else:
                yield failed(row.check, f"the same as in {self._told[key]!r}")

    def _rows(self) -> Iterator[Row]:
        row = self._made("loads and starts", self._load)
        yield row
        if row.verdict is Verdict.FAILED:
            yield skipped("everything else", "it does not start")
            return
        row = self._made("saves its state", self._save)
        yield row
        if row.verdict is Verdict.FAILED:
            yield skipped("everything else", "without its state, it cannot be reloaded")
            return
        yield self._made("nothing edited", self._unedited)
        for edit in REPLAYED:
            yield self._made(f"edit: {edit.name}", partial(self._edit, edit))
        yield from self._authors_edits()
        for phase in STEPS:
            yield self._made(f"failure in: {phase.value}", partial(self._failure, phase))
        self._back_to_the_original()
        self._begin("leaks")
        yield from self._leaks()
        yield self._made("unloads", self._unload)
        yield self._made("loads and unloads again", self._load_and_unload)

    def _made(self, check: str, make: Callable[[str], Row]) -> Row:
        """Return the row of a check; what the plugin raises is told in it."""
        self._begin(check)
        try:
            return make(check)
        except ThemisError as error:
            return failed(check, str(error), _MEND)
        except Exception as error:  # noqa: BLE001 - of the plugin, or of the author's `use`
            return failed(check, f"raised {describe(error)}")

    # -- it starts -------------------------------------------------------------------------------

    def _load(self, check: str) -> Row:
        try:
            handle = self._subject.load()
        except ThemisError as error:
            cause = f" ({describe(error.__cause__)})" if error.__cause__ is not None else ""
            return failed(
                check, f"{error}{cause}", "mend that first: %load_plugin shows the traceback"
            )
        use = self._subject.request.use
        try:
            if isinstance(use, str):
                exec(compile(use, "<use>", "exec"), {"plugin": handle})
            elif use is not None:
                use(handle)
        except Exception as error:  # noqa: BLE001 - told
            return failed(check, f"it starts, but use raised {describe(error)}", "mend `use`")
        return ok(check, self._subject.copy.note)

    def _save(self, check: str) -> Row:
        subject = self._subject
        before = subject.state()
        if subject.no_state:
            return skipped(check, subject.no_state)
        # Time for what changes by itself to do so.
        for _ in range(3):
            time.sleep(_MOMENT)
            after = subject.state()
            found = {path for path, _ in differences(before, after)}
            subject.restless = tuple(sorted({*subject.restless, *found}))
        told = []
        if subject.restless:
            told.append(f"not compared, as it changes by itself: {', '.join(subject.restless)}")
        if subject.request.use is None:
            told.append("only what initialize() makes, as there is no `use` to build up more")
        return ok(check, "; ".join(told))

    # -- edits -----------------------------------------------------------------------------------

    def _unedited(self, check: str) -> Row:
        before = self._subject.known()
        report = self._subject.reload()
        if report.outcome is Outcome.UNCHANGED:
            return self._verdict(check, self._subject.changes(before))
        return failed(
            check,
            f"a reload without an edit was {report.headline()}",
            "does the file write to itself, or to its package?",
        )

    def _edit(self, edit: Edit, check: str) -> Row:
        self._subject.copy.change(edit.change)
        row = self._reloaded(check, full=edit.full)
        self._changed = edit.change is statement_in_every_function
        return row

    def _reloaded(self, check: str, *, full: bool = False) -> Row:
        before = self._subject.known()
        report = self._subject.reload(full=full)
        if not report:
            return self._not_reloaded(check, report)
        return self._verdict(check, self._subject.changes(before))

    def _not_reloaded(self, check: str, report: ReloadReport) -> Row:
        if self._broken():
            self._load_anew()
        return failed(check, _why(report), _advice(report))

    def _verdict(self, check: str, problems: list[Problem]) -> Row:
        if not problems:
            return ok(check)
        advice = "; ".join(dict.fromkeys(problem.advice for problem in problems))
        return failed(check, "; ".join(problem.text for problem in problems), advice)

    def _authors_edits(self) -> Iterator[Row]:
        subject = self._subject
        texts = subject.copy.texts()
        for number, edit in enumerate(subject.request.edits, 1):
            check = f"edit: number {number} of yours"
            self._begin(check)
            try:
                texts = subject.copy.apply(texts, edit)
            except ValueError as error:
                yield failed(
                    check, str(error), "name text that is there once, after the edits before"
                )
                continue
            yield self._made(check, partial(self._own_edit, texts))
        if subject.request.edits:
            subject.copy.restore()
            yield self._made("edit: as it was", self._reloaded)

    def _own_edit(self, texts: Mapping[Path, str], check: str) -> Row:
        self._subject.copy.write(texts)
        return self._reloaded(check)

    def _alternate(self) -> None:
        """Edit the copy, so that a reload has something to do."""
        self._changed = not self._changed
        self._subject.copy.change(statement_in_every_function if self._changed else same)

    def _back_to_the_original(self) -> None:
        self._subject.copy.restore()
        self._changed = False
        self._subject.reload()

    # -- failures --------------------------------------------------------------------------------

    def _failure(self, phase: Phase, check: str) -> Row:
        subject = self._subject
        expected = Outcome.ABORTED if phase in UNTOUCHED else Outcome.ROLLED_BACK
        self._alternate()
        lasting: list[Difference] | None = None
        # A second time, as what was made once for good differs only the first time.
        for _ in range(2):
            before, world = subject.known(), _world()
            report = subject.manager.fail(subject.name, phase, full=True)
            problems = self._of_failure(report, expected)
            if self._broken():
                self._load_anew()
                return self._verdict(check, problems)
            problems += subject.changes(before, code=True)
            found = self._traces(world)
            lasting = found if lasting is None else [d for d in found if d in lasting]
            if problems or not found:
                break
        problems += [Problem(d.text, d.advice) for d in (lasting or [])[:5]]
        before = subject.known()
        again = subject.reload()
        if not again:
            if not any(_why(again) in problem.text for problem in problems):
                problems.append(Problem(f"after that, {_why(again)}", _advice(again)))
            if self._broken():
                self._load_anew()
        else:
            problems += subject.changes(before)
        row = self._verdict(check, problems)
        return row if problems else ok(check, f"{report.outcome.value}, as it has to be")

    def _traces(self, before: Process) -> list[Difference]:
        """Return what in the process is not as before."""
        if not Process().differences(before):
            return []
        gc.collect()  # what nobody holds any more, but for a circle, is no trace
        found = Process.settled(before, self._patience).differences(before)
        if found:
            self._patience = PATIENCE / 10
        return found

    def _of_failure(self, report: ReloadReport, expected: Outcome) -> list[Problem]:
        problems = []
        if report.outcome is not expected:
            why = f" ({'; '.join(report.warnings)})" if report.warnings else ""
            problems.append(
                Problem(
                    f"the outcome is {report.outcome.value!r}, not {expected.value!r}{why}",
                    "initialize() has to work again after shutdown(), also where another version "
                    "of the plugin was started in between",
                )
            )
        elif report.warnings:
            problems.append(
                Problem(
                    "not all of it could be taken back: " + "; ".join(report.warnings),
                    "shutdown() has to work on a plugin that has just been started",
                )
            )
        if report.error is not None and not isinstance(report.error, InjectedFailureError):
            problems = [Problem(f"{_why(report)} (before that step)", _advice(report))]
        return problems

    def _broken(self) -> bool:
        subject = self._subject
        return not subject.manager.is_plugin_loaded(subject.name) or subject.record.is_broken

    def _load_anew(self) -> None:
        """Bring it back after a failed rollback, for the checks that follow."""
        subject = self._subject
        if subject.manager.is_plugin_loaded(subject.name) and subject.reload(full=True):
            return
        with suppress(
            ExceptionGroup
        ):  # told by the check that broke it, or by the one that unloads
            subject.unload()
        subject.load()

    # -- many reloads, and the end ---------------------------------------------------------------

    def _leaks(self) -> Iterator[Row]:
        subject = self._subject
        half = max(2, subject.request.reloads // 2)
        was_tracing = tracemalloc.is_tracing()
        if not was_tracing:
            tracemalloc.start()
        try:
            try:
                self._rounds(_WARM_UP)
                readings = [Reading.of(subject)]
                while len(readings) < _READINGS:
                    self._rounds(half)
                    readings.append(Reading.of(subject, readings[-1], self._patience))
                    rows = list(Growth(readings, half).rows())
                    # What fills once grows once; what seems to grow has to go on growing.
                    if len(readings) > 2 and not any(row.verdict is Verdict.FAILED for row in rows):
                        break
            finally:
                if not was_tracing:
                    tracemalloc.stop()
        except _NotReloadedError as error:
            yield failed(
                "leaks", f"could not be looked for: {_why(error.report)}", _advice(error.report)
            )
            return
        except ThemisError as error:
            yield failed("leaks", f"could not be looked for: {error}", _MEND)
            return
        yield from rows

    def _rounds(self, count: int) -> None:
        for _ in range(count):
            self._alternate()
            report = self._subject.reload()
            if not report:
                raise _NotReloadedError(report)

    def _unload(self, check: str) -> Row:
        modules = [module.__name__ for module in self._subject.record.modules]
        try:
            self._subject.unload()
        except ExceptionGroup as group:
            texts = "; ".join(map(str, group.exceptions))
            return failed(check, texts, "shutdown() must not raise")
        left = [name for name in modules if name in sys.modules]
        if left:
            return failed(check, f"still in sys.modules: {', '.join(left)}")
        return ok(check)

    def _load_and_unload(self, check: str) -> Row:
        subject = self._subject
        lasting: list[Difference] | None = None
        for _ in range(3):
            world = _world()
            subject.load()
            try:
                subject.unload()
            except ExceptionGroup as group:
                return failed(
                    check, "; ".join(map(str, group.exceptions)), "shutdown() must not raise"
                )
            found = self._traces(world)
            lasting = found if lasting is None else [d for d in found if d in lasting]
            if not found:
                break
        return self._verdict(check, [Problem(d.text, d.advice) for d in (lasting or [])[:5]])


class _NotReloadedError(Exception):
    """A reload that was to succeed did not."""

    def __init__(self, report: ReloadReport) -> None:
        super().__init__(report.headline())
        self.report = report


def _why(report: ReloadReport) -> str:
    step = report.failed_step
    if step is None:
        return f"a reload ended as {report.outcome.value!r}"
    return f"a reload ended as {report.outcome.value!r}: {step.phase.value} failed: {step.error}"


def _advice(report: ReloadReport) -> str:
    step = report.failed_step
    return _MEND if step is None else _BY_STEP.get(step.phase, _MEND)


def _world() -> Process:
    gc.collect()
    return Process()
