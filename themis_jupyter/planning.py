"""What a reload would do, told without doing it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from .errors import DependentsError, MigrationError, ThemisError, describe
from .plugin import Plugin
from .record import Record
from .registry import Registry
from .reload import Staged
from .reload.source import Source
from .report import Change, RanStatement, Verb
from .request import Request
from .running import Runner, saves_attributes
from .state import Snapshot
from .state.migration import migration_path, path_between, state_version_of
from .vanished import prepare_present


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What would become of one part of a plugin's state.

    :param name: of the field; of something inside it, its path.
    :param becomes: ``serialised``, ``kept`` (comes back as itself), ``rebuilt`` by a recipe, ``reset``,
        ``lost``, or ``refused``: it cannot be saved, so there would be no reload.
    :param why: in words; empty for what is serialised.
    :param size: bytes; None where there is nothing to be measured.
    :param seconds: that writing it took.
    """

    plugin: str
    name: str
    becomes: str
    type: str = ""
    size: int | None = None
    seconds: float | None = None
    why: str = ""


@dataclass(frozen=True)
class ReloadPlan:
    """What a reload would do. False where something keeps it from happening.

    :param plugins: what would be reloaded together, dependencies first.
    :param along: those of them that were not asked for.
    :param changes: definitions and values whose code differs.
    :param statements: those that would run again, and why.
    :param problems: what would keep the reload from happening, in words.
    """

    plugins: tuple[str, ...]
    along: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    statements: tuple[RanStatement, ...] = ()
    state: tuple[FieldPlan, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems

    def __repr__(self) -> str:
        from .render.plan import plan_text

        return plan_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .render.plan import plan_html, plan_text

        return {"text/plain": plan_text(self), "text/html": plan_html(self)}


class Planner:
    """Looks at what a reload would find."""

    def __init__(
        self, registry: Registry, runner: Runner, check: Callable[[str, Source], None]
    ) -> None:
        self._registry = registry
        self._runner = runner
        self._check = check
        self._problems: list[str] = []
        self._gone: list[str] = []

    def plan(self, request: Request) -> ReloadPlan:
        """Return what a reload would do. The plugins' ``save_state()`` is called; nothing else runs.

        :raises PluginError: one of the plugins is not loaded.
        """
        group = self._registry.group(request.asked, request.cascade)
        names = [record.name for record in group]
        for name in names:
            outside = [d for d in self._registry.dependents(name) if d not in names]
            if outside:
                self._problem(DependentsError(name, _alone(name, outside), outside))
        staged = self._attempt(lambda: self._prepare(group, request))
        for record in group if staged and not request.fresh else ():
            self._attempt(partial(_check_migration, record, staged))
        state = [field for record in group for field in self._state_of(record, request)]
        asked = set(request.asked)
        return ReloadPlan(
            plugins=tuple(names),
            along=tuple(name for name in names if name not in asked),
            changes=(*_changes(staged), *_removed(self._gone)) if staged else (),
            statements=staged.ran if staged else (),
            state=tuple(state),
            problems=tuple(self._problems),
        )

    def _problem(self, error: BaseException) -> None:
        self._problems.append(str(error) if isinstance(error, ThemisError) else describe(error))

    def _attempt(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - what would stop the reload is what is asked for
            self._problem(error)
            return None

    def _prepare(self, group: Sequence[Record], request: Request) -> Staged:
        staged, vanished = prepare_present(
            group, full=request.full, check=self._check, sources=request.sources
        )
        vanished.refuse_importers(staged)
        self._gone = [module.__name__ for module in vanished.modules]
        return staged

    # -- state -----------------------------------------------------------------------------------

    def _state_of(self, record: Record, request: Request) -> Iterator[FieldPlan]:
        instance = record.instance
        if instance is None:
            if record.kept is not None:
                for name in record.kept.fields:
                    yield FieldPlan(record.name, name, "serialised", why="saved when it broke")
            return
        taken: dict[str, float] = {}
        known = len(self._problems)
        began = perf_counter()

        def watch(name: str, size: int, seconds: float) -> None:
            taken[name] = seconds

        snapshot: Snapshot | None = self._attempt(
            lambda: self._runner.save_state(record.name, instance, watch=watch)
        )
        if snapshot is None:
            for problem in self._problems[known:]:
                yield FieldPlan(record.name, "state", "refused", why=problem)
            return
        taken.setdefault("state", perf_counter() - began)
        yield from _fields(record.name, instance, snapshot, taken, request.fresh)


def _check_migration(record: Record, staged: Staged) -> None:
    """Look whether the state has a way to the version that the new text states; nothing of it runs.

    :raises MigrationError: it has none.
    """
    if record.instance is None or not hasattr(record.instance, "save_state"):
        return
    cls = type(record.instance)
    draft = next((d for d in staged.drafts if d.module.__name__ == cls.__module__), None)
    outline = draft.plan.new if draft is not None else None
    for statement in outline.statements if outline is not None else ():
        if statement.kind == "class" and statement.title == cls.__name__:
            assert outline is not None
            version, steps = _stated(outline.code(statement))
            if version is not None:
                _check_path(record.name, cls, steps, version)


def _check_path(plugin: str, cls: type[Plugin], steps: set[tuple[int, int]], to: int) -> None:
    from_ = state_version_of(cls)
    try:
        path_between(plugin, cls.__name__, steps, from_, to)
    except MigrationError:
        with suppress(MigrationError):  # a way down, which only the class that runs knows
            migration_path(plugin, cls, from_, to)
            return
        raise


def _stated(statement: ast.stmt) -> tuple[int | None, set[tuple[int, int]]]:
    """Return the state version, and the steps between versions, that a class statement states."""
    version: int | None = None
    steps: set[tuple[int, int]] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(isinstance(t, ast.Name) and t.id == "state_version" for t in targets)
            if named and isinstance(node.value.value, int):
                version = node.value.value
        elif isinstance(node, ast.Call) and len(node.args) == 2:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            values = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if name == "migrates" and len(values) == 2:
                steps.add((int(values[0]), int(values[1])))  # type: ignore[arg-type]
    return version, steps


def _alone(name: str, outside: Sequence[str]) -> str:
    return (
        f"{', '.join(outside)} need{'s' * (len(outside) == 1)} {name!r}: it would have to come along "
        f"(--cascade)."
    )


def _fields(
    plugin: str, instance: Plugin, snapshot: Snapshot, taken: dict[str, float], fresh: bool
) -> Iterator[FieldPlan]:
    for field in snapshot.header.fields:
        yield FieldPlan(
            plugin,
            field.name,
            "lost" if fresh else "serialised",
            field.type,
            field.size,
            taken.get(field.name),
            "started without the old state" if fresh else "",
        )
    if not snapshot.header.fields:
        becomes = "lost" if fresh else "serialised"
        yield FieldPlan(plugin, "state", becomes, "", snapshot.size, taken["state"])
    for path in snapshot.kept:
        yield FieldPlan(plugin, path, "kept", why="comes back as itself")
    for path in snapshot.rebuilt:
        yield FieldPlan(plugin, path, "rebuilt", why="by its recipe")
    for path, why in snapshot.reset:
        yield FieldPlan(plugin, path, "reset", why=why)
    if saves_attributes(type(instance)):
        for name in getattr(instance, "transient", ()):
            if name in vars(instance):
                kind = type(vars(instance)[name]).__qualname__
                why = "named in `transient`: made anew by the plugin"
                yield FieldPlan(plugin, name, "lost", kind, why=why)


def _removed(modules: Iterable[str]) -> Iterator[Change]:
    for module in modules:
        package, _, name = module.rpartition(".")
        yield Change("removed", "module", name, package)


def _changes(staged: Staged) -> Iterator[Change]:
    for draft in staged.drafts:
        diff, module = draft.plan.diff, draft.module.__name__
        verbs: tuple[tuple[Verb, Any], ...] = (
            ("changed", [new for _, new in diff.changed]),
            ("added", diff.added if draft.before is not None else ()),
            ("removed", diff.removed),
        )
        for verb, statements in verbs:
            for statement in statements:
                kind = {"def": "function", "class": "class"}.get(statement.kind, "value")
                for name in sorted(statement.names.binds - {"__doc__"}):
                    yield Change(verb, kind, name, module)
