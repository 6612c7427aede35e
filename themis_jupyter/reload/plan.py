"""Which statements run again, and why. Nothing here touches a live object."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import filterfalse

from .class_diff import changed_methods
from .outline import Outline, Statement
from .outline_diff import Diff
from .reach import Reach, called_of_itself


class Facts:
    """What the plan needs to know of the live module. By default: nothing."""

    def reads_annotations(self, name: str) -> bool:
        """Return whether the class of that name depends on what its annotations mean."""
        return False

    def is_plain(self, name: str) -> bool:
        """Return whether that name stands for a class without a metaclass of its own."""
        return False

    def is_live(self, name: str) -> bool:
        """Return whether the module has that name now."""
        return True


@dataclass
class Plan:
    """What a reload of one module is going to do.

    :param run: statements that run, in order, each with the reason in words.
    :param again: unchanged definitions that are made again for the statements to call, then dropped.
    :param removed: names that the new source no longer binds.
    :param moved: unchanged statements on other lines, (old, new), whether they run or not.
    :param dirty: names whose value or definition may differ, each with the reason.
    :param methods: classes in which only methods changed, with their names; they are not dirty.
    :param stale: functions and classes whose results may differ; what they remember of them is to go.
    :param notes: what cannot be taken back, in words.
    """

    diff: Diff
    full: bool
    run: dict[Statement, str] = field(default_factory=dict)
    again: list[Statement] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    moved: list[tuple[Statement, Statement]] = field(default_factory=list)
    dirty: dict[str, str] = field(default_factory=dict)
    methods: dict[str, frozenset[str]] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def new(self) -> Outline:
        """The outline that is going to run."""
        return self.diff.new

    @property
    def empty(self) -> bool:
        """True where there is nothing to do at all."""
        return not (self.run or self.removed or self.moved or self.diff.removed)

    @cached_property
    def predecessors(self) -> dict[Statement, Statement]:
        """The old statement of each new one that has one."""
        return {new: old for old, new in [*self.diff.kept, *self.diff.changed]}

    @cached_property
    def makers(self) -> tuple[dict[str, Statement], dict[str, Statement]]:
        """The old and the new statement that each name's value comes from: the last that binds it."""
        old, new = (
            {name: s for s in outline.statements for name in s.names.binds}
            for outline in (self.diff.old, self.diff.new)
        )
        return old, new

    @cached_property
    def assigned(self) -> dict[str, frozenset[str]]:
        """What statements of the new source set on classes and functions, by the name of those."""
        return self.new.assigned


def plan_reload(
    diff: Diff,
    *,
    full: bool = False,
    rerun: Mapping[Statement, str] | None = None,
    dirty: Iterable[str] = (),
    facts: Facts | None = None,
    shared: bool = False,
) -> Plan:
    """Work out what has to run.

    :param full: run everything, as a fresh import does.
    :param rerun: statements that run for a reason outside this module.
    :param dirty: names that changed for a reason outside this module, such as an import of a module
        that is reloaded along with it.
    :param facts: about the live classes.
    :param shared: other modules that are reloaded as well may call what is defined here.
    """
    plan = Plan(diff, full)
    plan.removed = diff.old.stored - diff.new.stored
    if full:
        plan.run = dict.fromkeys(diff.new.statements, "full run")
        plan.dirty = dict.fromkeys(diff.new.stored, "full run")
        return plan
    facts = facts or Facts()
    for old, statement in diff.changed:
        plan.run[statement] = "its code changed"
        methods = _changed_methods(diff, old, statement, facts)
        if methods is not None:
            plan.methods[statement.title] = methods
    for statement in diff.added:
        plan.run[statement] = "new"
    for statement in list(plan.run):
        if statement.title not in plan.methods:
            _taint(plan, statement, "changed")
    for statement in diff.removed:
        for name in statement.names.binds:
            plan.dirty.setdefault(name, f"the statement that bound {name} is gone")
        _note_leftovers(plan, statement)
    for name in _in_another_order(plan):
        plan.dirty.setdefault(name, f"the statements that bind {name} changed places")
    plan.run.update(rerun or {})
    for name in dirty:
        plan.dirty.setdefault(name, f"{name} is reloaded too")
    if diff.old.flags != diff.new.flags:
        _run_definitions(plan)
    _Spread(plan, facts, shared).run()
    plan.run = {s: plan.run[s] for s in diff.new.statements if s in plan.run}
    _note_repeats(plan)
    plan.moved = [
        (old, new)
        for old, new in diff.kept
        if old.start != new.start or _laid_out_anew(diff, old, new)
    ]
    return plan


def _laid_out_anew(diff: Diff, old: Statement, new: Statement) -> bool:
    """Return whether the same code stands on other lines within its statement."""
    return old is not new and diff.old.segment(old) != diff.new.segment(new)


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.AnnAssign)


def _run_definitions(plan: Plan) -> None:
    """Another ``from __future__`` import changes what unchanged definitions mean."""
    for _, statement in plan.diff.kept:
        if any(isinstance(node, _DEFINING) for node in ast.walk(plan.new.node(statement))):
            plan.run.setdefault(statement, "the imports from __future__ changed")


def _changed_methods(
    diff: Diff, old: Statement, new: Statement, facts: Facts
) -> frozenset[str] | None:
    """Return the changed methods of a class, where nothing else in it changed that others may see."""
    if new.kind != "class" or old.kind != "class":
        return None
    found = changed_methods(diff.old.code(old), diff.new.code(new))
    if found is None:
        return None
    methods, same_set = found
    # Methods that come and go matter to a metaclass (abstract methods, enums).
    if any(map(called_of_itself, methods)) or not (same_set or facts.is_plain(new.title)):
        return None
    return methods


def _taint(plan: Plan, statement: Statement, how: str) -> None:
    for name in statement.names.binds:
        plan.dirty.setdefault(name, f"{name} {how}")


def _note_leftovers(plan: Plan, statement: Statement) -> None:
    """Say what a statement that is gone has done and what cannot be taken back."""
    names = statement.names
    where = f"line {statement.start} was removed"
    if statement.title and names.effects and statement.kind == "def":
        plan.notes.append(
            f"{statement.title} was removed; if its decorators registered it somewhere, it is still there. "
            "A full reload (--full) starts afresh."
        )
    elif not names.binds and (still_bound := names.touches & plan.diff.new.stored):
        what = ", ".join(sorted(still_bound))
        plan.notes.append(
            f"{where}; what it had done to {what} stays. A full reload (--full) starts afresh."
        )


def _note_repeats(plan: Plan) -> None:
    """Say which lists are filled once more without having been made anew."""
    for statement in plan.run:
        longer = sorted(name for name in statement.names.grows if name not in plan.dirty)
        if longer:
            plan.notes.append(
                f"line {statement.start} ran again and added to {', '.join(longer)} as it is now. "
                "A full reload (--full) starts afresh."
            )


def _in_another_order(plan: Plan) -> Iterator[str]:
    """Yield names that several statements bind, where another of them may now be the last one."""
    place = {statement: index for index, statement in enumerate(plan.diff.old.statements)}
    before = plan.predecessors
    last: dict[str, int] = {}
    for statement in plan.new.statements:
        if statement in before:
            for name in statement.names.binds - statement.names.temporary:
                if place[before[statement]] < last.get(name, -1):
                    yield name
                last[name] = place[before[statement]]


class _Spread:
    """Follows names from what changed to what has to run because of it, to a fixed point."""

    def __init__(self, plan: Plan, facts: Facts, shared: bool) -> None:
        self.plan = plan
        self.facts = facts
        self.shared = shared
        self.statements = plan.new.statements
        self.reach = Reach(self.statements)
        # A name that one statement less binds has the value that the others give it.
        self._left = {n for s in plan.diff.removed for n in s.names.binds - s.names.temporary}
        self._place = {statement: index for index, statement in enumerate(self.statements)}

    def run(self) -> None:
        pending = [*self.plan.dirty, *self.plan.methods]
        while True:
            self._spread(pending)
            if self.plan.run:
                self._run_the_opaque()
            fetched = self._fetch_what_is_gone()
            if not fetched:
                break
            for statement, why in fetched.items():
                # Who uses only what was deleted has no need to run again.
                pending += filter(self.facts.is_live, self._add(statement, why))
        if self.plan.dirty:
            self._find_again()
        self.plan.stale = set(self._stale())

    def _spread(self, pending: list[str]) -> None:
        while pending:
            self._follow(pending)
            for name, why in self._bound_again_below().items():
                self.plan.dirty[name] = why
                pending.append(name)
            if not pending:
                pending += self._run_called_blocks()

    def _follow(self, pending: list[str]) -> None:
        while pending:
            name = pending.pop()
            for statement, why in self._affected(name):
                if statement not in self.plan.run:
                    pending += self._add(statement, why)

    def _add(self, statement: Statement, why: str) -> list[str]:
        """Let a statement run, and return the names that are dirty because of that."""
        self.plan.run[statement] = why
        names = statement.names
        # To delete a name once more changes nothing for those who used it before.
        bound = names.binds - self.plan.dirty.keys() if names.binds != names.deletes else set()
        self.plan.dirty.update((name, f"{name} is made again") for name in bound)
        return list(bound)

    def _fetch_what_is_gone(self) -> dict[Statement, str]:
        """Return the statements that bind, and delete, names that what runs needs and the module deleted.

        ``names = read(); table(names); del names``: to make the table again takes all three.
        """
        waiting: dict[str, list[Statement]] = {}
        for name in filterfalse(self.facts.is_live, self.reach.binders):
            waiting[name] = [s for s in self.reach.binders[name] if s not in self.plan.run]
        if not any(waiting.values()):
            return {}
        needed = set().union(*(s.names.now for s in self.plan.run))
        callers = (s for s in self.plan.run if s.names.effects)
        needed |= self.reach.called_by(name for s in callers for name in s.names.now)
        return {
            statement: f"binds {name}, which was deleted and is needed"
            for name in waiting.keys() & needed
            for statement in waiting[name]
        }

    def _bound_again_below(self) -> dict[str, str]:
        """Return names of which a statement that runs has to see an earlier value than the last."""
        last = {
            name: max(map(self._place.__getitem__, binders))
            for name in self.reach.binders.keys() - self.plan.dirty.keys()
            if len(binders := self._lasting(name)) > 1 and self.facts.is_live(name)
        }
        found: dict[str, str] = {}
        for statement in self.plan.run if last else ():
            for name in self.reach.called_by(statement.names.now) & last.keys():
                if self._place[statement] < last[name]:
                    found[name] = f"line {statement.start} needs the value that {name} has there"
        return found

    def _lasting(self, name: str) -> list[Statement]:
        """Return the statements that bind a name, but for those that use it as a loop variable."""
        return [s for s in self.reach.binders.get(name, ()) if name not in s.names.temporary]

    def _affected(self, name: str) -> Iterable[tuple[Statement, str]]:
        methods = self.plan.methods.get(name)
        if name not in self.plan.dirty and methods is not None:
            yield from self._callers_of(name, methods)
            return
        why = self.plan.dirty[name]
        for via in self.reach.reaching(name):
            through = "" if via == name else f", by way of {via}"
            for statement in self.reach.users.get(via, ()):
                yield statement, f"uses {name}{through}: {why}"
        yield from self._with_hints(name, why)
        binders = self._lasting(name)
        if name in self._left:
            binders = self.reach.binders.get(name, [])
        if len(binders) > 1 or name in self._left:
            for statement in binders:
                yield statement, f"binds {name} as well: {why}"

    def _callers_of(self, name: str, methods: frozenset[str]) -> Iterable[tuple[Statement, str]]:
        """Yield statements that may call a changed method of a class that is otherwise the same."""
        what = ", ".join(sorted(methods))
        for statement in self.reach.callers(name, methods):
            yield statement, f"may call {name}.{what}, which changed"
        why = f"{name}.{what} changed"
        yield from self._with_hints(name, why)
        for statement in self.reach.users.get(name, ()):
            if statement.kind == "class" and self.facts.reads_annotations(statement.title):
                yield statement, f"uses {name}: {why}"

    def _with_hints(self, name: str, why: str) -> Iterable[tuple[Statement, str]]:
        # A class or function in an annotation stays the same object; an alias does not.
        binders = self.reach.binders.get(name, ())
        stays = bool(binders) and all(s.title for s in binders)
        for statement in self.reach.hinting.get(name, ()):
            reads = statement.kind == "class" and self.facts.reads_annotations(statement.title)
            if not stays or reads:
                yield statement, f"uses {name} in an annotation: {why}"

    def _run_the_opaque(self) -> None:
        for statement in self.statements:
            if statement.names.opaque and statement not in self.plan.run:
                self.plan.run[statement] = "what it uses cannot be told"

    def _stale(self) -> Iterator[str]:
        for name in self.plan.dirty:
            yield from self.reach.reaching(name)
        for name, methods in self.plan.methods.items():
            yield from self.reach.names_calling(name, methods)

    def _called_and_tainted(self) -> tuple[set[str], set[str]]:
        """Return what running statements may call, and what uses dirty names."""
        tainted: set[str] = set()
        for name in self.plan.dirty:
            tainted.update(self.reach.reaching(name))
        callers = [s for s in self.plan.run if s.names.effects]
        return self.reach.called_by(n for s in callers for n in s.names.now), tainted

    def _run_called_blocks(self) -> Iterator[str]:
        """Run the blocks (``if``, ``try`` …) around functions that are called and use what changed.

        Unlike a definition, such a block cannot be made again and dropped: it binds other names as well.
        """
        blocks = [s for s in self.statements if not s.title and s.names.later]
        if not (blocks and self.plan.dirty):
            return
        called, tainted = self._called_and_tainted()
        for statement in blocks:
            lasting = statement.names.binds - statement.names.temporary
            if statement not in self.plan.run and lasting & called & tainted:
                yield from self._add(statement, "is called again, and uses what changed")

    def _find_again(self) -> None:
        """Find unchanged definitions that running statements may call and that use dirty names."""
        plan = self.plan
        called, tainted = self._called_and_tainted()
        for statement in self.statements:
            if statement in plan.run or not statement.title:
                continue
            if not statement.names.binds & tainted:
                continue
            if statement.names.binds & called and statement.names.effects:
                plan.run[statement] = "is called again, and uses what changed"
            elif self.shared or statement.names.binds & called:
                plan.again.append(statement)
