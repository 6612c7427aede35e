"""The way back of a reload, from wherever it stopped. No step back keeps another one from being tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import background
from .errors import PluginBusyError, describe
from .operation import Operation
from .phases import Outcome, Phase
from .progress import Progress, Way
from .running import Runner


class Rollback:
    """Takes back what a reload did.

    :param warnings: gets what could not be taken back, in words.
    """

    def __init__(self, progress: Progress, runner: Runner, warnings: list[str]) -> None:
        self._progress = progress
        self._runner = runner
        self._warnings = warnings

    def abort(self) -> Outcome:
        """Drop what was prepared; nothing that runs has been touched."""
        progress = self._progress
        self._unload_dependencies()
        if progress.staged is not None:
            self._attempt("dropping the new code", self._tell, progress.staged.discard)
        self._take_overlays_back()
        return Outcome.FAILED if progress.broken else Outcome.ABORTED

    def run(self, operation: Operation, asked: str, error: BaseException) -> Outcome:
        """Bring the old plugins back into service.

        :param error: what made the reload fail.
        """
        guard, progress = self._runner.guard, self._progress
        guard.drop_pending()  # what it interrupted is being undone: that is the answer to Ctrl-C
        guard.spare(1)  # who presses it twice in a hurry does not mean to break the plugin
        try:
            with operation.step(asked, Phase.ROLLBACK) as note:
                failed = self._back()
                note.text = "the old plugin runs again" if progress.touched and not failed else ""
        finally:
            guard.spare(0)
        if failed:
            return Outcome.FAILED
        if not progress.touched and isinstance(error, PluginBusyError):
            return Outcome.ABORTED
        return Outcome.ROLLED_BACK

    def _back(self) -> list[Way]:
        """Go back; return what does not run."""
        progress = self._progress
        progress.coming.drop()
        for way in reversed(progress.ways):
            if way.started:
                self._attempt(
                    f"shutdown() of the half-started {way.name!r}",
                    self._runner.shutdown,
                    way.name,
                    way.instance,
                )
        self._unload_dependencies()
        staged = progress.staged
        if staged is not None:
            undo = staged.undo if progress.committed else staged.discard
            self._attempt("taking the new code back", self._tell, undo)
        self._attempt("bringing back modules", progress.vanished.put_back)
        self._take_overlays_back()
        for way in reversed(progress.ways):
            if way.aside is not None:
                self._attempt(f"bringing back the attributes of {way.name!r}", way.aside.put_back)
        with progress.coming:
            for way in progress.ways:
                if way.went_down:
                    self._start_again(way)
        self._start_tasks()
        self._attempt("opening the gates", progress.open_gates)
        return progress.broken

    def _start_again(self, way: Way) -> None:
        """Start the old plugin with its old configuration and state, or put it to sleep."""
        record = way.record
        if not self._attempt(f"starting the old version of {way.name!r} again", self._start, way):
            record.put_to_sleep(way.state)

    def _start_tasks(self) -> None:
        progress = self._progress
        for way in progress.ways:
            if not way.record.is_broken:
                self._warnings += background.resume(way.instance)
        if progress.broken:
            progress.coming.drop()
        else:
            self._warnings += progress.coming.begin()

    def _start(self, way: Way) -> None:
        runner = self._runner
        background.hold(way.instance)
        state = runner.load_state(way.name, way.instance, way.state)
        restored = runner.initialize(way.name, way.instance, way.record.config, state)
        if state is not None and not restored:
            runner.restore_state(way.name, way.instance, state)
        way.record.own_widget.put_back(way.traits)

    def _unload_dependencies(self) -> None:
        while self._progress.loaded:
            self._attempt("unloading a new dependency", self._progress.loaded.pop())

    def _take_overlays_back(self) -> None:
        while self._progress.overlays:
            self._attempt("finding submodules as before", self._progress.overlays.pop())

    def _tell(self, undo: Callable[[], Iterable[str]]) -> None:
        self._warnings += undo()

    def _attempt(self, what: str, function: Callable[..., object], *args: object) -> bool:
        """Call ``function``; return whether it did not raise."""
        try:
            function(*args)
        except BaseException as error:  # noqa: BLE001 - the other steps back are taken all the same
            self._warnings.append(f"{what} failed: {describe(error)}")
            return False
        return True
