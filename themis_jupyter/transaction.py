"""One reload of one or several plugins, step by step; the way back is in :mod:`.rollback`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from . import background
from .candidate import Candidate
from .closure import Closure
from .conclusion import conclude
from .config import check_config, overruled
from .dependencies import dependencies_first
from .errors import (
    DependentsError,
    PluginDefinitionError,
    ReentrantReloadError,
    describe,
)
from .handover import Handover
from .history import RELOAD, REVERT
from .history_keeper import HistoryKeeper
from .hooks import misspelt_hooks
from .instance import SetAside, adopt, clear, init_again, makes_its_own
from .manifest import Manifest
from .operation import Operation
from .phases import ANNOUNCED, UNTOUCHED, Outcome, Phase, PhaseTrack, Step
from .plugin_source import find_plugin
from .progress import Progress, Way
from .record import Record
from .reload import Staged
from .reload.source import Source
from .report import ReloadReport
from .request import Request
from .rollback import Rollback
from .running import Runner
from .vanished import prepare_present

#: Loads what a plugin of that name needs, going by these manifests, and appends what unloads it again.
LoadNeeded = Callable[[str, Mapping[str, Manifest], list[Callable[[], object]]], None]
#: Lets submodules of a package come from these bytes, and returns what was in force before.
Overlay = Callable[[str, Mapping[str, Source] | None], Mapping[str, Source] | None]


class Transaction:
    """A reload of plugins that go down and come up together.

    :param records: dependencies before dependents.
    :param needed_by: loaded plugins outside the group that need one of it, by name.
    :param check: refuses bytes by raising.
    :param history: is told what runs from now on, and what was left.
    """

    def __init__(
        self,
        records: Sequence[Record],
        request: Request,
        operation: Operation,
        runner: Runner,
        *,
        needed_by: Mapping[str, Sequence[str]],
        check: Callable[[str, Source], None],
        load_needed: LoadNeeded,
        overlay: Overlay,
        history: HistoryKeeper,
    ) -> None:
        self._progress = Progress([Way(record) for record in records])
        self._ways = self._progress.ways
        self._up = self._ways
        self._request = request
        self._operation = operation
        self._runner = runner
        self._needed_by = needed_by
        self._check_bytes = check
        self._load_needed = load_needed
        self._overlay = overlay
        self._history = history
        self._handover = Handover(self._ways, request, operation, runner)
        self._track = PhaseTrack()
        self._failed_at: Step | None = None

    def run(self) -> ReloadReport:
        """Reload. Whatever happens ends in a report."""
        error: BaseException | None = None
        try:
            outcome = self._forward()
        except BaseException as raised:  # noqa: BLE001 - always an answer, whatever was raised
            error, self._failed_at = raised, self._track.current
            outcome = self._back(raised)
        self._track.advance(outcome)
        if outcome is Outcome.RELOADED:
            self._finish()
        return conclude(
            outcome, error, self._request, self._operation, self._progress, self._failed_at
        )

    def _forward(self) -> Outcome:
        self._each(Phase.CHECK, self._ways, self._check)
        with self._begin(Phase.VERIFY):
            staged = self._verify()
        if self._is_unchanged(staged):
            staged.take_note()
            for way in self._ways:
                self._history.reworded(way.record)
            return Outcome.UNCHANGED
        with self._begin(Phase.STAGE):
            staged.stage(partial(self._runner.call, self._request.asked[0], "the body"))
            self._look_at_new_code(staged)
        self._each(Phase.SAVE_STATE, self._ways, self._handover.ask_and_save)
        self._announce(Phase.BEFORE_UNLOAD, self._shut_gates)
        self._each(Phase.UNLOAD, reversed(self._ways), self._shut_down)
        self._announce(Phase.AFTER_UNLOAD)
        with self._begin(Phase.LOAD):
            staged.commit()
            self._progress.committed = True
            self._progress.vanished.drop()
        with self._progress.coming:
            self._each(Phase.CREATE, self._up, self._create)
            self._each(Phase.INITIALIZE, self._up, self._initialize)
            self._each(Phase.RESTORE_STATE, self._up, self._restore_state)
        self._announce(Phase.AFTER_LOAD, self._settle)
        return Outcome.RELOADED

    def _back(self, error: BaseException) -> Outcome:
        rollback = Rollback(self._progress, self._runner, self._operation.warnings)
        if self._track.current is None or self._track.current in UNTOUCHED:
            return rollback.abort()
        self._track.advance(Phase.ROLLBACK)
        return rollback.run(self._operation, self._request.asked[0], error)

    # -- how steps are told ----------------------------------------------------------------------

    def _each(self, phase: Phase, ways: Iterable[Way], work: Callable[[Way], str | None]) -> None:
        self._track.advance(phase)
        for way in ways:
            with self._operation.step(way.name, phase) as note:
                note.text = work(way) or ""

    @contextmanager
    def _begin(self, phase: Phase) -> Iterator[None]:
        """Run a step that concerns all plugins together; it is told under the first name."""
        self._track.advance(phase)
        with self._operation.step(self._request.asked[0], phase):
            yield

    def _announce(self, phase: Phase, work: Callable[[], None] | None = None) -> None:
        assert phase in ANNOUNCED
        with self._begin(phase):
            for way in self._ways:
                self._operation.announce(way.name, phase)
            self._runner.guard.check()
            if work is not None:
                work()

    # -- nothing is touched ----------------------------------------------------------------------

    def _check(self, way: Way) -> None:
        name = way.name
        outside = self._needed_by.get(name, ())
        if outside:
            raise DependentsError(
                name,
                f"plugin {name!r} cannot be reloaded alone: {', '.join(outside)} "
                f"need{'s' if len(outside) == 1 else ''} it. Reload them along with it: "
                f"%reload_plugin {name} --cascade",
                outside,
            )
        inside = way.record.gate.entered_by_current_thread()
        if inside is not None:
            raise ReentrantReloadError(
                f"the reload of {name!r} was asked for from inside {inside.as_obstacle}"
            )

    def _verify(self) -> Staged:
        request = self._request
        records = [way.record for way in self._ways]
        for record in records:
            self._history.grow(record)
        staged, vanished = prepare_present(
            records,
            full=request.full,
            check=self._check_bytes,
            sources=request.sources,
            places=request.places,
        )
        self._progress.staged, self._progress.vanished = staged, vanished
        vanished.refuse_importers(staged)
        for way in self._ways:
            known = way.name in request.jsons
            candidate = self._candidate(way)
            way.json = request.jsons[way.name] if known else candidate.json_fields()
            self._find_submodules(way.record)
        return staged

    def _find_submodules(self, record: Record) -> None:
        """Let submodules that are not imported yet come from where the others come from."""
        package, request = record.candidate.module, self._request
        if not record.candidate.is_package:
            return
        if package in request.overlays or package not in request.sources:
            before = self._overlay(package, request.overlays.get(package))
            self._progress.overlays.append(partial(self._overlay, package, before))

    def _candidate(self, way: Way) -> Candidate:
        """Return where a plugin is read from, from now on."""
        return self._request.places.get(way.name, way.record.candidate)

    def _is_unchanged(self, staged: Staged) -> bool:
        request, progress = self._request, self._progress
        if request.full or request.fresh or request.config or request.states:
            return False
        if progress.broken or progress.vanished.modules:
            return False
        return staged.unchanged and all(way.json == way.record.json for way in self._ways)

    def _look_at_new_code(self, staged: Staged) -> None:
        """Check what the new code says of itself, before the old plugin is touched."""
        for way in self._ways:
            record, candidate = way.record, self._candidate(way)
            assert record.module is not None
            namespace = staged.namespace(record.module)
            source = find_plugin(namespace, candidate.module, candidate.attr)
            source.check()
            # What a factory makes is not known before it runs: CREATE checks that.
            way.successor = source.plugin_class
            if source.plugin_class is not None:
                self._operation.warnings += misspelt_hooks(source.plugin_class)
                self._look_at_manifest(way, candidate.manifest_of(source.plugin_class, way.json))
        self._load_dependencies()

    def _look_at_manifest(self, way: Way, manifest: Manifest) -> None:
        name = way.name
        if manifest.name != name:
            raise PluginDefinitionError(
                name,
                f"the new code calls itself {manifest.name!r}. A plugin cannot change its name while "
                f"it is loaded: %unload_plugin {name}, then load the file again.",
            )
        config = self._request.config.get(name, way.record.config)
        way.config = check_config(name, config, manifest.config_schema)
        way.manifest = manifest

    def _load_dependencies(self) -> None:
        manifests = {way.name: way.manifest for way in self._ways if way.manifest is not None}
        for name in manifests:
            self._load_needed(name, manifests, self._progress.loaded)
        ways = {way.name: way for way in self._ways}
        current = {name: manifests.get(name) or ways[name].record.manifest for name in ways}
        known = {name: manifest for name, manifest in current.items() if manifest is not None}
        self._up = [ways[name] for name in dependencies_first(ways, known)]

    # -- down ------------------------------------------------------------------------------------

    def _shut_gates(self) -> None:
        closure = Closure(way.record.gate for way in self._ways if not way.record.is_broken)
        closure.shut()
        self._progress.closure = closure
        running = [way.instance for way in self._ways if not way.record.is_broken]
        with self._runner.guard.allowed():
            closure.drain_calls(self._request.drain_timeout)
        background.suspend(running)
        with self._runner.guard.allowed():
            closure.drain(self._request.drain_timeout)
        background.settle(running)
        for way in self._ways:
            # Calls and tasks that ended since the state was saved have changed it, perhaps.
            if way.state is not None and not way.record.is_broken and way.record.gate.used:
                self._handover.save(way)

    def _shut_down(self, way: Way) -> None:
        if not way.record.is_broken:  # it was shut down when it broke
            way.went_down = True
            self._runner.shutdown(way.name, way.instance)

    # -- up --------------------------------------------------------------------------------------

    def _create(self, way: Way) -> None:
        record, instance = way.record, way.instance
        assert record.module is not None
        candidate = self._candidate(way)
        source = find_plugin(vars(record.module), candidate.module, candidate.attr)
        source.check()  # staged functions have their new signatures only now
        way.aside = SetAside.of(instance)
        background.hold(instance, self._progress.coming)
        clear(instance)
        cls = source.plugin_class
        if cls is None or makes_its_own(cls):
            made = self._runner.call(way.name, "create_plugin()", source.create)
            if made is instance:
                way.aside.put_back()  # it is to go on with what it has
            else:
                adopt(instance, made)
                background.hand_over(made, instance)
        else:
            self._runner.call(way.name, "__init__()", init_again, instance, cls)
        # An instance may have set fields of its own.
        self._look_at_manifest(way, candidate.manifest_of(instance, way.json))
        if cls is None:
            self._load_dependencies()

    def _initialize(self, way: Way) -> None:
        way.started = True
        way.loaded = self._runner.load_state(way.name, way.instance, self._handover.state_for(way))
        way.restored = self._runner.initialize(way.name, way.instance, way.config, way.loaded)

    def _restore_state(self, way: Way) -> str | None:
        state, way.loaded = way.loaded, None
        if state is None:
            return None
        if way.restored:
            return "by initialize()"
        fresh = dict(vars(way.instance))
        self._runner.restore_state(way.name, way.instance, state)
        self._operation.warnings += overruled(way.name, way.config, fresh, vars(way.instance))
        return None

    def _settle(self) -> None:
        """Write down what runs now, and let calls through again. Nothing in here can fail."""
        for way in self._ways:
            record = way.record
            record.manifest, record.json, record.config = way.manifest, way.json, way.config
            record.candidate = self._candidate(way)
            record.wake_up()
            record.own_widget.begin(self._handover.traits_for(way))
            background.attach(way.instance, record.gate)
            if self._request.fresh:
                background.start_fresh(way.instance)
        self._operation.warnings += self._progress.coming.begin()
        self._progress.open_gates()

    def _finish(self) -> None:
        assert self._progress.staged is not None
        for way in self._ways:
            way.successor = None  # a class that nobody needs any more, and that can be freed now
        staged, vanished = self._progress.staged, self._progress.vanished
        for step in (self._note_versions, staged.finish, vanished.finish):
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - the plugin runs: that is what counts
                self._operation.warnings.append(f"tidying up failed: {describe(error)}")

    def _note_versions(self) -> None:
        """Write into the histories what runs now, and the states that were left behind."""
        request = self._request
        gone = [module.__name__ for module in self._progress.vanished.modules]
        for way in self._ways:
            history = way.record.history
            before = history.current
            how = REVERT if way.name in request.jsons else RELOAD
            self._history.begun(way.record, how, gone)
            given_up = request.fresh or way.name in request.states
            if before is not None and (given_up or before is not history.current):
                self._history.left(before, way.state)
