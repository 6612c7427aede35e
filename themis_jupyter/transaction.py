"""One reload of one or several plugins, step by step, and the way back from each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .closure import Closure
from .config import check_config
from .errors import (
    DependentsError,
    PluginBusyError,
    PluginDefinitionError,
    PluginNotLoadedError,
    ReentrantReloadError,
    describe,
)
from .interrupts import InterruptGuard
from .manifest import Manifest
from .operation import Operation
from .phases import ANNOUNCED, UNTOUCHED, Outcome, Phase, PhaseTrack
from .plugin_source import PluginSource, find_plugin
from .record import Record, SetAside, adopt
from .reload import Staged, prepare
from .reload.source import Source
from .report import ReloadReport, StateSummary
from .running import Runner
from .state import Snapshot


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    :param config: a new configuration, by plugin name; others keep theirs.
    :param full: run every statement again.
    :param fresh: start without the old state.
    :param drain_timeout: seconds that calls in flight are waited for.
    """

    config: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    full: bool = False
    fresh: bool = False
    drain_timeout: float = 5.0


@dataclass
class _Way:
    """How far one plugin has come, and what is needed to bring it back."""

    record: Record
    source: PluginSource | None = None
    manifest: Manifest | None = None
    config: dict[str, Any] = field(default_factory=dict)
    state: Snapshot | None = None
    went_down: bool = False
    aside: SetAside | None = None
    started: bool = False
    restored: bool = False


class Transaction:
    """A reload of plugins that go down and come up together.

    :param records: dependencies before dependents.
    :param needed_by: loaded plugins outside the group that need one of it, by name.
    :param policy: refuses bytes by raising.
    :param load_dependency: loads a plugin that the new code needs, and returns how to unload it.
    """

    def __init__(
        self,
        records: Sequence[Record],
        request: Request,
        operation: Operation,
        runner: Runner,
        *,
        asked: Sequence[str],
        needed_by: Mapping[str, Sequence[str]],
        check: Callable[[str, Source], None],
        load_dependencies: Callable[[Record, Manifest], Iterable[Callable[[], None]]],
    ) -> None:
        self._ways = [_Way(record) for record in records]
        self._request = request
        self._operation = operation
        self._runner = runner
        self._asked = asked
        self._needed_by = needed_by
        self._check_bytes = check
        self._load_dependencies = load_dependencies
        self._track = PhaseTrack()
        self._staged: Staged | None = None
        self._committed = False
        self._closure: Closure | None = None
        self._loaded: list[Callable[[], None]] = []

    @property
    def _guard(self) -> InterruptGuard:
        return self._runner.guard

    @property
    def sources(self) -> dict[str, str]:
        """The texts that may have been running when something was raised, by file name."""
        return self._staged.sources if self._staged else {}

    def run(self) -> ReloadReport:
        """Reload. Whatever happens ends in a report."""
        try:
            outcome = self._forward()
            error = None
        except BaseException as raised:  # noqa: BLE001 - always an answer, whatever was raised
            error = raised
            outcome = self._back(raised)
        return self._report(outcome, error)

    # -- forward ---------------------------------------------------------------------------------

    def _forward(self) -> Outcome:
        self._each(Phase.CHECK, self._check)
        with self._begin(Phase.VERIFY):
            self._verify()
        if self._is_unchanged:
            self._track.advance(Outcome.UNCHANGED)
            return Outcome.UNCHANGED
        assert self._staged is not None
        with self._begin(Phase.STAGE):
            self._staged.stage(self._guard)
            for way in self._ways:
                self._look_at_new_code(way)
        self._each(Phase.SAVE_STATE, self._save_state)
        self._announce(Phase.BEFORE_UNLOAD, self._shut_gates)
        self._each(Phase.UNLOAD, self._shut_down, reverse=True)
        self._announce(Phase.AFTER_UNLOAD)
        with self._begin(Phase.LOAD):
            self._staged.commit()
            self._committed = True
        self._each(Phase.CREATE, self._create)
        self._each(Phase.INITIALIZE, self._initialize)
        self._each(Phase.RESTORE_STATE, self._restore_state)
        self._announce(Phase.AFTER_LOAD, self._settle)
        self._track.advance(Outcome.RELOADED)
        self._staged.finish()
        return Outcome.RELOADED

    def _each(
        self, phase: Phase, work: Callable[[_Way], str | None], *, reverse: bool = False
    ) -> None:
        self._track.advance(phase)
        for way in reversed(self._ways) if reverse else self._ways:
            with self._operation.step(way.record.name, phase) as note:
                note.text = work(way) or ""

    @contextmanager
    def _begin(self, phase: Phase) -> Iterator[None]:
        """Run a step that concerns all plugins together; it is told under the first name."""
        self._track.advance(phase)
        with self._operation.step(self._asked[0], phase):
            yield

    def _announce(self, phase: Phase, work: Callable[[], None] | None = None) -> None:
        assert phase in ANNOUNCED
        with self._begin(phase):
            for way in self._ways:
                self._operation.announce(way.record.name, phase)
            if work is not None:
                work()

    def _check(self, way: _Way) -> None:
        record = way.record
        if not record.is_loaded:
            raise PluginNotLoadedError(
                record.name,
                f"plugin {record.name!r} is not loaded, so there is nothing to reload. "
                f"Load it: %load_plugin {record.name}",
            )
        outside = self._needed_by.get(record.name, ())
        if outside:
            names = ", ".join(outside)
            raise DependentsError(
                record.name,
                f"plugin {record.name!r} cannot be reloaded alone: {names} "
                f"need{'s' if len(outside) == 1 else ''} it. Reload them along with it: "
                f"%reload_plugin {record.name} --cascade",
                outside,
            )
        inside = record.gate.entered_by_current_thread()
        if inside is not None:
            raise ReentrantReloadError(
                f"the reload of {record.name!r} was asked for from inside its own {inside.name}(), "
                "which would have to end first. Reload from outside the plugin."
            )

    def _verify(self) -> None:
        modules = {m: None for way in self._ways for m in way.record.modules}
        self._staged = prepare(
            modules,
            full=self._request.full,
            check=self._check_bytes,
        )

    @property
    def _is_unchanged(self) -> bool:
        request = self._request
        if request.full or request.fresh or request.config:
            return False
        if any(way.record.dormant is not None for way in self._ways):
            return False
        return self._staged is not None and self._staged.unchanged

    def _look_at_new_code(self, way: _Way) -> None:
        """Check what the new code says of itself, before the old plugin is touched."""
        record, staged = way.record, self._staged
        assert staged is not None and record.module is not None
        candidate = record.candidate
        namespace = staged.namespace(record.module)
        way.source = find_plugin(namespace, candidate.module, candidate.attr)
        cls = way.source.plugin_class
        config = self._request.config.get(record.name, record.config)
        if cls is None:
            # What a factory makes is not known before it runs; CREATE checks it.
            way.config = dict(config)
            return
        manifest = candidate.manifest_of(cls)
        self._check_manifest(way, manifest, config)

    def _check_manifest(self, way: _Way, manifest: Manifest, config: Mapping[str, Any]) -> None:
        record = way.record
        if manifest.name != record.name:
            raise PluginDefinitionError(
                record.name,
                f"the new code calls itself {manifest.name!r}. A plugin cannot change its name while "
                f"it is loaded: %unload_plugin {record.name}, then load the file again.",
            )
        way.config = check_config(record.name, config, manifest.config_schema)
        self._loaded += self._load_dependencies(record, manifest)
        way.manifest = manifest

    def _save_state(self, way: _Way) -> str | None:
        record = way.record
        if record.instance is None:
            way.state = record.kept
            return "the state kept from the failed reload" if way.state else None
        way.state = self._runner.save_state(record.name, record.instance)
        if way.state is None:
            return None
        from .render.format import size

        return f"{len(way.state.fields)} fields, {size(way.state.size)}"

    def _shut_gates(self) -> None:
        gates = [way.record.gate for way in self._ways if way.record.instance is not None]
        closure = Closure(gates)
        closure.shut()
        self._closure = closure
        with self._guard.allowed():
            closure.drain(self._request.drain_timeout)

    def _shut_down(self, way: _Way) -> None:
        instance = way.record.instance
        if instance is None:  # broken: it was shut down when it broke
            return
        way.went_down = True
        self._runner.call(way.record.name, "shutdown()", instance.shutdown)

    def _create(self, way: _Way) -> None:
        record = way.record
        instance = record.instance or record.dormant
        assert instance is not None and record.module is not None
        source = find_plugin(vars(record.module), record.candidate.module, record.candidate.attr)
        way.aside = SetAside.take(instance)
        if source.kind == "factory":
            made = self._runner.call(record.name, "create_plugin()", source.create)
            if made is instance:
                raise PluginDefinitionError(
                    record.name, f"create_plugin() of {record.name!r} returned the old instance."
                )
            adopt(instance, made)
        else:
            cls = source.plugin_class
            assert cls is not None
            if type(instance) is not cls:
                object.__setattr__(instance, "__class__", cls)
            self._runner.call(record.name, "__init__()", instance.__init__)  # type: ignore[misc]
        if way.manifest is None:
            manifest = record.candidate.manifest_of(instance)
            self._check_manifest(way, manifest, way.config)

    def _state_for(self, way: _Way) -> Snapshot | None:
        return None if self._request.fresh else way.state

    def _initialize(self, way: _Way) -> None:
        record = way.record
        instance = record.instance or record.dormant
        assert instance is not None
        way.started = True
        way.restored = self._runner.initialize(
            record.name, instance, way.config, self._state_for(way)
        )

    def _restore_state(self, way: _Way) -> str | None:
        record = way.record
        state = self._state_for(way)
        instance = record.instance or record.dormant
        assert instance is not None
        if state is None:
            return None
        if way.restored:
            return "by initialize()"
        self._runner.restore_state(record.name, instance, state)
        return None

    def _settle(self) -> None:
        """Write down what runs now, and let calls through again."""
        for way in self._ways:
            record = way.record
            record.manifest = way.manifest or record.manifest
            record.config = {k: v for k, v in way.config.items() if k != "restored_state"}
            record.wake_up()
        self._open_gates()

    def _open_gates(self) -> None:
        if self._closure is not None:
            self._closure.open()
            self._closure = None

    # -- back ------------------------------------------------------------------------------------

    def _back(self, error: BaseException) -> Outcome:
        if self._track.current is None or self._track.current in UNTOUCHED:
            if self._staged is not None:
                self._operation.warnings += self._staged.discard()
            self._unload_dependencies()
            self._track.advance(Outcome.ABORTED)
            return Outcome.ABORTED
        self._track.advance(Phase.ROLLBACK)
        outcome = self._roll_back(error)
        self._track.advance(outcome)
        return outcome

    def _roll_back(self, error: BaseException) -> Outcome:
        self._guard.drop_pending()  # what was interrupted is being undone: that answers Ctrl-C
        with self._operation.step(self._asked[0], Phase.ROLLBACK) as note:
            touched = any(way.went_down for way in self._ways)
            for way in reversed(self._ways):
                if way.started:
                    self._stop_half_started(way)
            if self._staged is not None:
                undo = self._staged.undo if self._committed else self._staged.discard
                self._operation.warnings += undo()
            for way in reversed(self._ways):
                if way.aside is not None:
                    way.aside.put_back()
            failed = [way for way in self._ways if way.went_down and not self._start_again(way)]
            for way in self._ways:
                if way.record.dormant is not None:
                    failed.append(way)
            self._unload_dependencies()
            self._open_gates()
            note.text = "the old plugin runs again" if touched and not failed else ""
        if failed:
            return Outcome.FAILED
        if not touched and isinstance(error, PluginBusyError):
            return Outcome.ABORTED
        return Outcome.ROLLED_BACK

    def _stop_half_started(self, way: _Way) -> None:
        record = way.record
        instance = record.instance or record.dormant
        assert instance is not None
        try:
            self._runner.call(record.name, "shutdown()", instance.shutdown)
        except BaseException as error:  # noqa: BLE001 - it never started fully: the rollback goes on
            self._operation.warnings.append(
                f"shutdown() of the half-started {record.name!r} raised {describe(error)}"
            )

    def _start_again(self, way: _Way) -> bool:
        """Start the old plugin again with its old configuration and state; return whether it runs."""
        record = way.record
        assert record.instance is not None
        try:
            restored = self._runner.initialize(
                record.name, record.instance, record.config, way.state
            )
            if way.state is not None and not restored:
                self._runner.restore_state(record.name, record.instance, way.state)
        except BaseException as error:  # noqa: BLE001 - told as the outcome "failed"
            self._operation.warnings.append(
                f"the old version of {record.name!r} could not be started again: {describe(error)}"
            )
            record.put_to_sleep(way.state)
            return False
        return True

    def _unload_dependencies(self) -> None:
        while self._loaded:
            unload = self._loaded.pop()
            try:
                unload()
            except BaseException as error:  # noqa: BLE001 - told; the others are unloaded all the same
                self._operation.warnings.append(f"a new dependency stays loaded: {describe(error)}")

    # -- the answer ------------------------------------------------------------------------------

    def _report(self, outcome: Outcome, error: BaseException | None) -> ReloadReport:
        staged = self._staged
        text = ""
        if error is not None:
            from .tracebacks import plugin_traceback

            text = plugin_traceback(error, self._known_sources())
        return ReloadReport(
            plugins=tuple(dict.fromkeys([*self._asked, *(w.record.name for w in self._ways)])),
            outcome=outcome,
            steps=tuple(self._operation.steps),
            changes=staged.changes if staged else (),
            ran=staged.ran if staged else (),
            state=tuple(self._state_summaries(outcome)),
            error=error,
            traceback=text,
            hashes=dict(staged.hashes) if staged and outcome.ok else {},
            warnings=tuple(self._operation.warnings + (staged.warnings if staged else [])),
            elapsed=self._operation.elapsed,
        )

    def _known_sources(self) -> dict[str, str]:
        from .reload.tracking import tracked

        known: dict[str, str] = {}
        for way in self._ways:
            for module in way.record.modules:
                remembered = tracked(module)
                if remembered is not None:
                    known[remembered.source.filename] = remembered.source.text
        # What was tried is what raised, unless the old plugin's own methods did.
        return {**known, **self.sources}

    def _state_summaries(self, outcome: Outcome) -> Iterator[StateSummary]:
        if self._request.fresh and outcome is Outcome.RELOADED:
            return
        for way in self._ways:
            if way.state is not None:
                yield StateSummary(way.record.name, way.state.fields, way.state.size)
