"""Reads, plans and compiles one module's new source, then runs it in a scratch namespace."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..errors import SourceError
from .adapters import reads_annotations
from .bytecode import proves
from .objects import is_a
from .outline import Outline, Statement, outline_of
from .outline_diff import Diff, compare
from .plan import Facts, Plan, plan_reload
from .relocate import Moves
from .source import Source, read_settled, syntax_error
from .tracking import Tracked, source_path, track, tracked

_ABSENT: Any = object()

# Python itself sets these in a module; a body that rebinds them is taken at its word only for __doc__.
_MODULE_OWN = frozenset(
    {"__builtins__", "__name__", "__loader__", "__spec__", "__package__", "__file__", "__cached__"}
    | {"__annotations__"}
)


@dataclass
class Draft:
    """One module on its way to a new source. Nothing of the module changes by making one.

    :param before: what was remembered of the module; None where nothing was.
    :param code: the statements that are going to run; None where there are none.
    """

    module: ModuleType
    source: Source
    before: Tracked | None
    plan: Plan
    code: CodeType | None
    standin: ModuleType = field(init=False)
    prefilled: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.standin = ModuleType(self.module.__name__)
        self.prefilled = {}
        self._class = type(self.module)

    def restore_class(self) -> None:
        """Give the module the class that it had, where its body gave it another one."""
        if type(self.module) is not self._class:
            self.module.__class__ = self._class

    @property
    def live(self) -> dict[str, Any]:
        """The module's own namespace."""
        return vars(self.module)

    @property
    def scratch(self) -> dict[str, Any]:
        """The namespace that the new statements run in."""
        return vars(self.standin)

    @property
    def unchanged(self) -> bool:
        """True where the module already runs these bytes, and need not run them again."""
        same = self.before is not None and self.plan.empty and not self.plan.diff.changed
        return same and not self.other_file

    @property
    def moves(self) -> Moves | None:
        """Where unchanged statements stand now; None where they stand as before."""
        if not self.plan.moved or self.before is None:
            return None
        plan, before = self.plan, self.before.source.filename
        return Moves(plan.diff.old, plan.new, plan.moved, self.source.filename, before)

    @property
    def other_file(self) -> bool:
        """True where the source is in another file from now on."""
        return self.before is not None and self.before.source.filename != self.source.filename

    def fill(
        self,
        importer: Callable[..., Any] | None = None,
        standins: Mapping[int, ModuleType] | None = None,
    ) -> None:
        """Fill the scratch namespace with the live values that the new source may use.

        :param importer: what the statements are to use as ``__import__``.
        :param standins: by the id of a module that is reloaded as well, what stands in for it.
        """
        scratch = self.scratch
        scratch.clear()
        scratch.update(self.live)
        for name in self.plan.removed:
            scratch.pop(name, None)
        scratch.update(self._submodules_to_go())
        for name, value in self.live.items() if standins else ():
            if is_a(value, ModuleType) and name in scratch:
                scratch[name] = (standins or {}).get(id(value), value)
        if self.other_file:
            scratch["__file__"] = self.source.filename
        if "__annotations__" in scratch:
            scratch["__annotations__"] = dict(scratch["__annotations__"])
        if importer is not None:
            scratch["__builtins__"] = {**vars(builtins), "__import__": importer}
        self.prefilled = dict(scratch)

    def _builtins_to_come(self) -> set[str]:
        """Names that still mean the builtin where the statements begin (``_open = open; def open …``)."""
        names = self.plan.new.stored & self.live.keys() & vars(builtins).keys()
        hidden: set[str] = set()
        for name in names - _MODULE_OWN:
            first = next(s for s in self.plan.new.statements if name in s.names.binds)
            users = [s for s in self.plan.run if name in s.names.now]
            before = [s for s in users if s.start <= first.start]
            runs = first in self.plan.run or first in self.plan.again
            if before and (runs or len(before) == len(users)):
                hidden.add(name)
        return hidden

    def _submodules_to_go(self) -> dict[str, ModuleType]:
        """Submodules that the package's body deletes: their import has bound them, but did so only once."""
        if not hasattr(self.module, "__path__"):
            return {}
        names = set().union(*(s.names.deletes for s in self.plan.run)) - self.live.keys()
        found = {name: sys.modules.get(f"{self.module.__name__}.{name}") for name in names}
        return {name: module for name, module in found.items() if module is not None}

    def run(self) -> None:
        """Run the statements. Whatever they raise is raised."""
        for name in self._builtins_to_come():
            self.scratch.pop(name, None)
        if self.code is not None:
            exec(self.code, self.scratch)
        first = next(iter(self.plan.new.statements), None)
        if first is not None and first.kind == "doc" and first in self.plan.run:
            self.scratch["__doc__"] = _docstring(self.plan.new, first)
        elif "__doc__" in self.plan.removed:
            self.scratch["__doc__"] = None

    def rebound(self) -> dict[str, Any]:
        """Return the names that the statements bound, with their new values."""
        before = self.prefilled
        overruled = self._overruled()
        return {
            name: value
            for name, value in self.scratch.items()
            if value is not before.get(name, _ABSENT)
            and name not in _MODULE_OWN
            and name not in overruled
        }

    def deleted(self) -> set[str]:
        """Return the names that are no longer bound, because the statements deleted them or are gone."""
        gone = self.prefilled.keys() - self.scratch.keys() - _MODULE_OWN - self._overruled()
        return self.plan.removed | gone

    def _overruled(self) -> set[str]:
        """Names that a later statement, which did not run, binds as well: its value stands."""
        if len(self.plan.run) == len(self.plan.new.statements):
            return set()
        last: dict[str, Statement] = {}
        for statement in self.plan.new.statements:
            last.update(dict.fromkeys(statement.names.binds, statement))
        return {
            name
            for name, statement in last.items()
            if statement not in self.plan.run and statement not in self.plan.again
        }


def draft(
    module: ModuleType,
    source: Source | None = None,
    *,
    full: bool = False,
    check: Callable[[str, Source], None] | None = None,
    shared: bool = False,
    quiet: float = 0.0,
    path: Path | None = None,
) -> Draft:
    """Read a module's file, work out what has to run, and compile that.

    :param source: the bytes, where they have been read already.
    :param full: run everything, as a fresh import does.
    :param check: refuses bytes by raising; called before they are decoded.
    :param shared: other modules are reloaded along with this one.
    :param quiet: seconds that the file must have been left alone.
    :param path: another file that the source is in from now on.
    :raises SourceError: the file cannot be read, decoded or compiled.
    """

    def parse(candidate: Source) -> Draft:
        if check is not None:
            check(module.__name__, candidate)
        before = tracked(module)
        if before is None and proves(module, candidate):
            before = track(module, candidate)
        try:
            return _draft(module, candidate, before, full, shared)
        except SyntaxError as error:
            raise syntax_error(candidate, error) from error
        except (RecursionError, MemoryError) as error:
            raise SourceError(
                f"{candidate.filename} is nested too deeply to be compiled ({type(error).__name__})."
            ) from error

    if source is not None:
        return parse(source)
    return read_settled(path or source_path(module), parse, quiet=quiet)[1]


def replan(item: Draft, rerun: Mapping[Statement, str], dirty: Iterable[str]) -> Draft:
    """Return the draft for the case that names it imports change as well.

    :param rerun: statements that run again for that reason.
    """
    plan = plan_reload(
        item.plan.diff,
        full=item.plan.full,
        rerun=rerun,
        dirty=[*dirty, *(["__file__"] if item.other_file else ())],
        facts=_LiveFacts(item.module),
        shared=True,
    )
    if item.other_file:
        plan.moved = list(plan.diff.kept)
    return Draft(item.module, item.source, item.before, plan, _compile(plan, item.source.filename))


def _draft(
    module: ModuleType, source: Source, before: Tracked | None, full: bool, shared: bool
) -> Draft:
    elsewhere = before is not None and before.source.filename != source.filename
    if before is not None and before.source.data == source.data and not (full or elsewhere):
        outline = before.outline
        kept = [(s, s) for s in outline.statements]
        return Draft(
            module, source, before, Plan(Diff(outline, outline, kept, [], [], []), False), None
        )
    if before is None:
        # Without the old source there is no telling what changed: run it in full, once.
        diff = Diff(
            Outline("", [""], ()), new := outline_of(source.text, source.filename), [], [], [], []
        )
        diff.added.extend(new.statements)
        plan = plan_reload(diff, full=True)
    else:
        plan = plan_reload(
            compare(before.outline, source.text, source.filename),
            full=full,
            dirty=["__file__"] if elsewhere else (),
            facts=_LiveFacts(module),
            shared=shared,
        )
    if elsewhere:
        plan.moved = list(plan.diff.kept)
    return Draft(module, source, before, plan, _compile(plan, source.filename))


class _LiveFacts(Facts):
    """What a plan asks about the classes of a module."""

    def __init__(self, module: ModuleType) -> None:
        self._live = vars(module)

    def reads_annotations(self, name: str) -> bool:
        return reads_annotations(self._live.get(name))

    def is_plain(self, name: str) -> bool:
        return type(self._live.get(name)) is type

    def is_live(self, name: str) -> bool:
        return name in self._live


def _compile(plan: Plan, filename: str) -> CodeType | None:
    wanted = [s for s in plan.new.statements if s in plan.run or s in plan.again]
    if not wanted:
        return None
    body = [plan.new.node(statement) for statement in wanted]
    tree = ast.Module(body=body, type_ignores=[])
    code: CodeType = compile(tree, filename, "exec", flags=plan.new.flags, dont_inherit=True)
    return code


def _docstring(outline: Outline, statement: Statement) -> str:
    node = outline.node(statement)
    assert isinstance(node, ast.Expr)
    assert isinstance(node.value, ast.Constant)
    return str(node.value.value)
