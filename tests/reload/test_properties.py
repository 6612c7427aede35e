"""Random modules and random edits: after each reload the live module is what a fresh import would be.

``THEMIS_EXAMPLES=5000 pytest tests/reload/test_properties.py`` looks longer, with other programs.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import types
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.reload import snapshot
from tests.reload.describing import STATE, Describer, first_difference, public
from tests.reload.programs import Program, Rendered, State
from tests.reload.strategies import broken_histories, histories, programs
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

    class Odd(BaseException):
        pass

    def boom(error):
        raise error

    class Named:
        def __init__(self, error):
            self.error = error

        def __set_name__(self, owner, name):
            raise self.error
    """


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> Iterator[None]:
    """Keep what is there already out of the many collections in between."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


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
        self.user = User(ws, self.m)
        self.mark()

    @contextlib.contextmanager
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
        self.user.check(self.m, fresh)
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
            if kind_of(before.get(n)) == kind_of(value)
            and getattr(before[n], "__module__", None) == "m"
            and before[n].__name__ == n == value.__name__
        ]
        assert not own or any(live[name] is old for old in own), f"{name} is another object"


class Holders:
    """What others took from a module before a reload."""

    def __init__(self, m: Any) -> None:
        self.named = {
            name: value
            for name, value in definitions(vars(m)).items()
            if value.__name__ == name == value.__qualname__
        }
        self.instances: dict[str, Any] = {}
        self.methods: list[tuple[str, str, Any]] = []
        for name, cls in self.named.items():
            if isinstance(cls, type) and not hasattr(cls, "__members__"):
                with contextlib.suppress(TypeError):  # it cannot be made without arguments
                    self.instances[name] = cls()
        for name, one in self.instances.items():
            for key, value in vars(type(one)).items():
                if isinstance(value, types.FunctionType) and not key.startswith("_"):
                    self.methods.append((name, key, getattr(one, key)))

    def check(self, m: Any, fresh: Any) -> None:
        """All of it behaves as the new version does."""
        told, wanted = Describer(m), Describer(fresh)
        twins = {}
        for name, old in self.named.items():
            new = vars(fresh).get(name)
            if kind_of(new) != kind_of(old) or getattr(new, "__name__", "") != name:
                continue
            same(told(old), wanted(new), f"what was taken as {name}")
            one = self.instances.get(name)
            if one is None or new.__module__ != "m":
                continue
            assert isinstance(one, vars(m)[name])
            twins[name] = twin_of(one, new)
            same(told.instance(one), wanted.instance(twins[name]), f"an old instance of {name}")
        for name, key, method in self.methods:
            if name in twins and isinstance(vars(type(twins[name])).get(key), types.FunctionType):
                new = getattr(twins[name], key)
                same(told(method), wanted(new), f"the bound method {name}.{key}")


def twin_of(one: Any, cls: Any) -> Any:
    """Return an instance of ``cls`` with the attributes of ``one``."""
    twin = cls.__new__(cls)
    vars(twin).update(vars(one))
    return twin


class User:
    """A module with subclasses of what another module had when this one was imported."""

    def __init__(self, ws: Workspace, m: Any) -> None:
        self.texts = {
            name: f"class Sub_{name}(m.{name}):\n    def own(self):\n        return {name!r}\n"
            for name, value in definitions(vars(m)).items()
            if isinstance(value, type) and not getattr(value, "__members__", None)
        }
        self.module = ws.load("user", "import m\n" + "".join(self.texts.values()))
        self.instances: dict[str, Any] = {}
        for name in self.texts:
            with contextlib.suppress(TypeError):
                self.instances[name] = vars(self.module)[f"Sub_{name}"]()

    def check(self, m: Any, fresh: Any) -> None:
        """Where the class is still there, the subclass is one of its new version."""
        told, wanted = Describer(m), Describer(fresh)
        for name, one in self.instances.items():
            cls, new = type(one), vars(fresh).get(name)
            if isinstance(new, type) and cls.__bases__ == (vars(m)[name],):
                namespace = {"m": fresh, "__name__": "user"}
                exec(self.texts[name], namespace)
                twin = twin_of(one, namespace[f"Sub_{name}"])
                same(told.instance(one), wanted.instance(twin), f"a subclass of {name}")

    def check_subclasses(self, m: Any, fresh: Any) -> None:
        """No class of an earlier version, or of the scratch namespace, is left among the subclasses."""
        gc.collect()
        held = {id(cls) for one in self.instances.values() for cls in type(one).__mro__}
        held -= {id(value) for value in vars(m).values()}
        # A class whose name means something else at the end is added to the registry each time.
        listed = {getattr(item, "__qualname__", "") for item in getattr(m, "REG", ())}
        for name, value in {"Root": fresh.Root, **definitions(vars(fresh))}.items():
            if isinstance(value, type):
                live = [c.__qualname__ for c in subclasses_of(vars(m)[name]) if id(c) not in held]
                wanted = [c.__qualname__ for c in subclasses_of(value)]
                assert sorted(set(live) | listed) == sorted(set(wanted) | listed)
                assert len(set(live) - listed) == len([n for n in live if n not in listed])


def subclasses_of(cls: Any) -> list[Any]:
    """Return the subclasses in the module itself."""
    return [c for c in type.__subclasses__(cls) if c.__module__ == "m"]


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


def lab_for(ws: Workspace, history: list[Program]) -> tuple[Lab, list[Version]]:
    """Return a module at its first version, and the others; drop what fails by itself."""
    lab = Lab(ws, history[0])
    versions = [Version(program) for program in history[1:]]
    with lab.quiet():
        for version in versions:
            importable(version, lab.m)
    return lab, versions


@many(150)
@given(histories())
def test_reloading_gives_what_a_fresh_import_gives(history: list[Program]) -> None:
    with make_workspace() as ws:
        lab, versions = lab_for(ws, history)
        for version in versions:
            lab.go(version)
        lab.user.check_subclasses(lab.m, lab.fresh(lab.version))


@many(100)
@given(broken_histories())
def test_failed_reload_leaves_no_trace_and_the_repaired_file_reloads(
    given_: tuple[list[Program], Program],
) -> None:
    history, broken = given_
    with make_workspace() as ws:
        lab, versions = lab_for(ws, history)
        for version in versions[:-1]:
            lab.go(version)
        holders = Holders(lab.m)
        modules = lab.side, lab.m, lab.user.module
        before = snapshot.take(vars(holders), modules=modules)
        ws.write("m.py", broken.text.encode())
        with pytest.raises((ReloadError, KeyboardInterrupt)):
            ws.reload(lab.m)
        assert snapshot.difference(before, snapshot.take(vars(holders), modules=modules)) == []
        del before
        lab.go(versions[-1])


@many(30)
@given(programs())
def test_same_text_changes_nothing(program: Program) -> None:
    with make_workspace() as ws:
        lab = Lab(ws, program)
        before = snapshot.take(modules=(lab.side, lab.m, lab.user.module))
        ws.write("m.py", f"{program.text}\n# the end\n".encode())
        assert not ws.reload(lab.m).ran
        after = snapshot.take(modules=(lab.side, lab.m, lab.user.module))
        assert snapshot.difference(before, after) == []
