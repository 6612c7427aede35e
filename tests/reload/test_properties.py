"""Random modules and random edits: after each reload the live module is what a fresh import would be.

``THEMIS_EXAMPLES=5000 pytest tests/reload/test_properties.py`` looks longer, with other programs.
"""

from __future__ import annotations

import functools
import gc
import os
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.reload import snapshot
from tests.reload.describing import STATE, Describer, first_difference, public
from tests.reload.programs import Class, Program, Rendered, State, edits, histories, programs
from themis_jupyter.errors import ReloadError, UnpatchableError
from themis_jupyter.testing import Workspace
from themis_jupyter.testing import workspace as make_workspace

EXAMPLES = int(os.environ.get("THEMIS_EXAMPLES", "0"))


def many(default: int) -> settings:
    """Return the settings of a property: the same programs each time, unless more are asked for."""
    return settings(
        max_examples=EXAMPLES or default,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


SIDE = """
    from contextlib import contextmanager

    LOG = []

    def note(name, value):
        LOG.append(name)
        return value

    def run(value):
        if hasattr(value, "__next__"):
            return list(value)
        if hasattr(value, "__await__"):
            try:
                value.send(None)
            except StopIteration as done:
                return done.value
        if hasattr(value, "__anext__"):
            return "async generator"
        return value

    def result(value):
        return value() if callable(value) else value

    @contextmanager
    def nothing():
        yield

    def boom(error):
        raise error
    """


class Version:
    """A program, its text, and a fresh import of that text."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.text = program.text
        self.statements = program.rendered()
        self.binders: dict[str, list[Rendered]] = {}
        for one in self.statements:
            for name in one.binds:
                self.binders.setdefault(name, []).append(one)

    def fresh(self, like: types.ModuleType) -> Any:
        """Return a module that has run the text, as an import would."""
        module = types.ModuleType(like.__name__)
        module.__file__ = like.__file__
        exec(compile(self.text, str(like.__file__), "exec", dont_inherit=True), vars(module))
        return module

    @property
    def appended(self) -> list[str]:
        """Names that are put into the registry by the decorator of the module."""
        return [n for n, found in self.binders.items() if any("@deco3" in s.text for s in found)]


class Lab:
    """A module that is loaded, edited and compared."""

    def __init__(self, ws: Workspace, program: Program) -> None:
        self.ws = ws
        self.side = ws.load("side", SIDE)
        self.ws.write("m.py", "")
        self.version = Version(program)
        with self.quiet():
            probe = types.ModuleType("m")
            probe.__file__ = str(ws.path("m.py"))
            importable(self.version, probe)
        self.m = ws.load("m", self.version.text.encode())
        self.marked: dict[str, Any] = {}
        self.mark()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Let a fresh import not be seen in what the statements of the module note."""
        log = list(self.side.LOG)
        yield
        self.side.LOG[:] = log

    def fresh(self, version: Version) -> Any:
        with self.quiet():
            return version.fresh(self.m)

    def mark(self) -> None:
        """Put something into each container of state, as a running program does."""
        for one in self.version.statements:
            if isinstance(one.item.body, State) and type(vars(self.m)[one.item.name]) is dict:
                vars(self.m)[one.item.name][STATE] = True

    def go(self, version: Version) -> bool:
        """Reload to another version and check all that is promised; return whether it was allowed."""
        fresh = self.fresh(version)
        before = dict(vars(self.m))
        holders = Holders(self.m)
        self.side.LOG.clear()
        self.ws.write("m.py", version.text.encode())
        try:
            self.ws.reload(self.m)
        except UnpatchableError as error:
            check_refusal(before, vars(fresh), error)
            self.ws.write("m.py", self.version.text.encode())
            return False
        old, self.version = self.version, version
        check_same(self.m, fresh, version)
        check_identity(before, vars(self.m), vars(fresh))
        holders.check(self.m, fresh)
        check_runs(old, version, before, vars(self.m), list(self.side.LOG))
        check_registry(self.m, fresh, version)
        self.mark()
        return True


def importable(version: Version, like: types.ModuleType) -> Any:
    """Return a fresh import; drop examples whose text fails by itself."""
    try:
        return version.fresh(like)
    except Exception:  # noqa: BLE001 - a name bound twice may be used as what it no longer is
        assume(False)


def check_refusal(before: dict[str, Any], fresh: dict[str, Any], error: ReloadError) -> None:
    """A reload is refused only where docs/limitations.md says so."""
    for name, new in fresh.items():
        old = before.get(name)
        if isinstance(old, type) and isinstance(new, type):
            if type(old) is not type(new):
                return
            if (old.__bases__ == (object,)) is not (new.__bases__ == (object,)):
                return
    raise AssertionError(f"refused without need: {error}") from error


def check_same(live: Any, fresh: Any, version: Version) -> None:
    """Names and what they stand for are those of a fresh import."""
    assert public(vars(live)) == public(vars(fresh))
    told, wanted = Describer(live), Describer(fresh)
    state = {name for name, value in vars(live).items() if type(value) is dict and STATE in value}
    for name in sorted(public(vars(fresh)) - state - {"REG"}):
        same(told(vars(live)[name]), wanted(vars(fresh)[name]), name)
    for name in ("__doc__", "__all__"):
        assert vars(live).get(name) == vars(fresh).get(name)
    hints = vars(live).get("__annotations__", {}), vars(fresh).get("__annotations__", {})
    assert sorted(hints[0].items()) == sorted(hints[1].items())


def same(told: Any, wanted: Any, what: str) -> None:
    """Two descriptions are equal."""
    difference = first_difference(told, wanted)
    assert not difference, f"{what} {difference}"


KINDS = (types.FunctionType, type, type(functools.lru_cache(lambda: None)))


def kind_of(value: Any) -> Any:
    """Return what must be the same of two objects for one to go on as the other; None for no kind."""
    kind = next((kind for kind in KINDS if isinstance(value, kind)), None)
    if kind is KINDS[-1]:  # what it calls cannot be exchanged
        return kind, kind_of(value.__wrapped__), str(value.cache_parameters())
    return kind


def definitions(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the functions and classes of a module's own."""
    return {
        name: value
        for name, value in namespace.items()
        if kind_of(value) and getattr(value, "__module__", None) == "m" and name != "Root"
    }


def check_identity(before: dict[str, Any], live: dict[str, Any], fresh: dict[str, Any]) -> None:
    """What still exists under its name and is of the same kind is the same object."""
    defined = definitions(fresh)
    for name, value in defined.items():
        together = {n for n, other in defined.items() if other is value}
        assert {n for n in defined if live[n] is live[name]} == together, "aliases"
        # Of two names for one object, or of two objects that became one, any may be the one that stays.
        own = [
            before[n]
            for n in together
            if kind_of(before.get(n)) is kind_of(value)
            and getattr(before[n], "__module__", None) == "m"
            and before[n].__name__ == n == value.__name__
        ]
        assert not own or any(live[name] is old for old in own), f"{name} is another object"
    for value in definitions(live).values():
        if isinstance(value, type):
            gc.collect() if len(set(map(str, value.__subclasses__()))) < len(
                value.__subclasses__()
            ) else None


class Holders:
    """What others took from a module before a reload."""

    def __init__(self, m: Any) -> None:
        self.named = {
            name: value
            for name, value in definitions(vars(m)).items()
            if value.__name__ == name == value.__qualname__
        }
        self.instances: dict[str, Any] = {}
        for name, value in self.named.items():
            if isinstance(value, type):
                try:
                    self.instances[name] = value() if not hasattr(value, "__members__") else None
                except Exception:  # noqa: BLE001 - it cannot be made without arguments
                    continue

    def check(self, m: Any, fresh: Any) -> None:
        """All of it behaves as the new version does."""
        told, wanted = Describer(m), Describer(fresh)
        for name, old in self.named.items():
            new = vars(fresh).get(name)
            if kind_of(new) is not kind_of(old) or getattr(new, "__name__", "") != name:
                continue
            same(told(old), wanted(new), f"what was taken as {name}")
            one = self.instances.get(name)
            if one is None or new.__module__ != "m":
                continue
            assert isinstance(one, vars(m)[name])
            twin = new.__new__(new)
            vars(twin).update(vars(one))
            same(told.instance(one), wanted.instance(twin), f"an old instance of {name}")


def check_runs(
    old: Version, new: Version, before: dict[str, Any], live: dict[str, Any], log: list[str]
) -> None:
    """Statements that did not change and depend on nothing that did have not run."""
    changed = {s.text for s in old.statements} ^ {s.text for s in new.statements}
    stay_old = [s.text for s in old.statements if s.text not in changed]
    stay_new = [s.text for s in new.statements if s.text not in changed]
    if stay_old != stay_new or old.program.future != new.program.future:
        return  # moved: what stays in its place and what moves past it, nobody can tell
    uses: dict[str, set[str]] = {}
    dirty: set[str] = set()
    for one in [*old.statements, *new.statements]:
        for name in one.binds:
            uses.setdefault(name, set()).update(one.uses)
            if one.text in changed:
                dirty.add(name)
    for one in new.statements:
        if one.text in changed and "note(" in one.text:
            assert one.item.name in log, f"{one.item.name} changed and has to run"
    grown = True
    while grown:
        more = {name for name, used in uses.items() if used & dirty}
        for one in new.statements:
            if one.binds & dirty:  # what it uses may have had another value where it stands
                more |= {name for name in one.uses if len(new.binders.get(name, ())) > 1}
        more -= dirty
        grown = bool(more)
        dirty |= more
    for name in new.binders.keys() - dirty:
        if name in before and name in live:
            assert live[name] is before[name], f"{name} was made again"
            assert name not in log, f"{name} ran again"


def check_registry(m: Any, fresh: Any, version: Version) -> None:
    """The registry holds what a fresh import puts into it, each live object once."""
    if not isinstance(vars(fresh).get("REG"), list):
        return
    told, wanted = Describer(m), Describer(fresh)
    have = [told(item) for item in m.REG]
    for item in fresh.REG:
        assert wanted(item) in have
    for name in version.appended:
        value, new = vars(m)[name], vars(fresh)[name]
        if kind_of(new) and any(item is new for item in fresh.REG):
            assert len([1 for item in m.REG if item is value]) == 1, f"{name} in the registry"


@many(150)
@given(histories())
def test_reloading_gives_what_a_fresh_import_gives(history: list[Program]) -> None:
    with make_workspace() as ws:
        lab = Lab(ws, history[0])
        versions = [Version(program) for program in history[1:]]
        with lab.quiet():
            for version in versions:
                importable(version, lab.m)
        for version in versions:
            lab.go(version)
