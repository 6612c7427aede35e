"""Which statements run again, and why. Nothing here touches a live object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .outline import Diff, Outline, Statement


@dataclass(slots=True)
class Plan:
    """What a reload of one module is going to do.

    :param run: statements that run, in order, each with the reason in words.
    :param again: unchanged definitions that are made again for the statements to call, then dropped.
    :param removed: names that the new source no longer binds.
    :param moved: unchanged statements on other lines: (old, new).
    :param dirty: names whose value or definition may differ, each with the reason.
    :param notes: what cannot be taken back, in words.
    """

    diff: Diff
    full: bool
    run: dict[Statement, str] = field(default_factory=dict)
    again: list[Statement] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    moved: list[tuple[Statement, Statement]] = field(default_factory=list)
    dirty: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def new(self) -> Outline:
        """The outline that is going to run."""
        return self.diff.new

    @property
    def empty(self) -> bool:
        """True where there is nothing to do at all."""
        return not (self.run or self.removed or self.moved)

    @property
    def predecessors(self) -> dict[Statement, Statement]:
        """The old statement of each new one that has one."""
        return {new: old for old, new in [*self.diff.kept, *self.diff.changed]}


def plan_reload(
    diff: Diff,
    *,
    full: bool = False,
    rerun: Mapping[Statement, str] | None = None,
    dirty: Iterable[str] = (),
    reads_annotations: Callable[[str], bool] = lambda _: False,
) -> Plan:
    """Work out what has to run.

    :param full: run everything, as a fresh import does.
    :param rerun: statements that run for a reason outside this module.
    :param dirty: names that changed for a reason outside this module, such as an import of a module
        that is reloaded along with it.
    :param reads_annotations: whether the class of that name depends on what its annotations mean.
    """
    plan = Plan(diff, full)
    plan.removed = diff.old.stored - diff.new.stored
    if full:
        plan.run = dict.fromkeys(diff.new.statements, "full run")
        plan.dirty = dict.fromkeys(diff.new.stored, "full run")
        return plan
    for _, statement in diff.changed:
        plan.run[statement] = "its code changed"
    for statement in diff.added:
        plan.run[statement] = "new"
    for statement in list(plan.run):
        _taint(plan, statement, "changed")
    for statement in diff.removed:
        for name in statement.names.binds:
            plan.dirty.setdefault(name, f"the statement that bound {name} is gone")
        _note_leftovers(plan, statement)
    plan.run.update(rerun or {})
    for name in dirty:
        plan.dirty.setdefault(name, f"{name} is reloaded too")
    if diff.old.flags != diff.new.flags:
        _run_definitions(plan)
    _Spread(plan, reads_annotations).run()
    plan.run = {s: plan.run[s] for s in diff.new.statements if s in plan.run}
    plan.moved = [
        (old, new) for old, new in diff.kept if old.start != new.start and new not in plan.run
    ]
    return plan


def _run_definitions(plan: Plan) -> None:
    """Another ``from __future__`` import changes what unchanged definitions mean."""
    for _, statement in plan.diff.kept:
        if statement.title or statement.names.annotates or statement.names.later:
            plan.run.setdefault(statement, "the imports from __future__ changed")


def _taint(plan: Plan, statement: Statement, how: str) -> None:
    for name in statement.names.binds:
        plan.dirty.setdefault(name, f"{name} {how}")


def _note_leftovers(plan: Plan, statement: Statement) -> None:
    still_bound = statement.names.touches & plan.diff.new.stored
    if still_bound and not statement.names.binds:
        what = ", ".join(sorted(still_bound))
        plan.notes.append(
            f"line {statement.start} was removed; what it had done to {what} stays. "
            "A full reload (--full) starts afresh."
        )


class _Spread:
    """Follows names from what changed to what has to run because of it, to a fixed point."""

    def __init__(self, plan: Plan, reads_annotations: Callable[[str], bool]) -> None:
        self.plan = plan
        self.reads_annotations = reads_annotations
        self.statements = plan.new.statements
        self.users: dict[str, list[Statement]] = {}
        self.binders: dict[str, list[Statement]] = {}
        for statement in self.statements:
            for name in statement.names.binds:
                self.binders.setdefault(name, []).append(statement)

    def run(self) -> None:
        plan = self.plan
        if not plan.dirty:
            return
        self._close_over_calls()
        pending = list(plan.dirty)
        while pending:
            name = pending.pop()
            for statement, why in self._affected(name):
                if statement in plan.run:
                    continue
                plan.run[statement] = why
                for bound in statement.names.binds:
                    if bound not in plan.dirty:
                        plan.dirty[bound] = f"{bound} is made again"
                        pending.append(bound)
        if plan.run:
            self._run_the_opaque()
        self._find_again()

    def _close_over_calls(self) -> None:
        """Work out ``reach``: for each name, the names that calling it may use, itself included."""
        direct: dict[str, set[str]] = {}
        for name, binders in self.binders.items():
            uses: set[str] = set()
            for statement in binders:
                uses |= statement.names.later
                if statement.title:
                    uses |= statement.names.now
            direct[name] = uses
        self.callers: dict[str, set[str]] = {}
        for name, uses in direct.items():
            for used in uses:
                self.callers.setdefault(used, set()).add(name)
        for statement in self.statements:
            for used in statement.names.now:
                self.users.setdefault(used, []).append(statement)

    def _reaching(self, name: str) -> list[str]:
        """Return ``name`` and all names whose call may use it."""
        seen = {name: None}
        pending = [name]
        while pending:
            for caller in self.callers.get(pending.pop(), ()):
                if caller not in seen:
                    seen[caller] = None
                    pending.append(caller)
        return list(seen)

    def _affected(self, name: str) -> Iterable[tuple[Statement, str]]:
        why = self.plan.dirty[name]
        for via in self._reaching(name):
            through = "" if via == name else f", by way of {via}"
            for statement in self.users.get(via, ()):
                yield statement, f"uses {name}{through}: {why}"
        yield from self._with_hints(name, why)
        binders = [s for s in self.binders.get(name, ()) if name not in s.names.temporary]
        if len(binders) > 1:
            for statement in binders:
                yield statement, f"binds {name} as well: {why}"

    def _with_hints(self, name: str, why: str) -> Iterable[tuple[Statement, str]]:
        # A class or function in an annotation stays the same object; an alias does not.
        stays = name in self.binders and all(s.title for s in self.binders[name])
        for statement in self.statements:
            if name not in statement.names.hints:
                continue
            if not stays or (statement.kind == "class" and self.reads_annotations(statement.title)):
                yield statement, f"uses {name} in an annotation: {why}"

    def _run_the_opaque(self) -> None:
        for statement in self.statements:
            if statement.names.opaque and statement not in self.plan.run:
                self.plan.run[statement] = "what it uses cannot be told"

    def _find_again(self) -> None:
        """Find unchanged definitions that running statements may call and that use dirty names."""
        plan = self.plan
        tainted: set[str] = set()
        for name in plan.dirty:
            tainted.update(self._reaching(name))
        called: set[str] = set()
        pending = [n for s in plan.run if s.names.effects for n in s.names.now]
        while pending:
            name = pending.pop()
            if name in called:
                continue
            called.add(name)
            for statement in self.binders.get(name, ()):
                pending += statement.names.later
        for statement in self.statements:
            if statement in plan.run or not statement.title:
                continue
            if statement.names.binds & called & tainted:
                if statement.names.effects:
                    plan.run[statement] = "is called again, and uses what changed"
                else:
                    plan.again.append(statement)
