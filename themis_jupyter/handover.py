"""What becomes of the states of plugins that go down and come up together: saved, checked, handed over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .errors import describe
from .operation import Operation
from .own_widget import Traits
from .phases import Phase
from .progress import Way
from .record import about
from .render.format import number, size
from .request import Request
from .requesting import ask
from .running import Runner, saves_attributes, takes_attributes
from .state import Snapshot


class Handover:
    """Takes the states from the old code, and knows what the new code gets."""

    def __init__(
        self, ways: Sequence[Way], request: Request, operation: Operation, runner: Runner
    ) -> None:
        self._ways = ways
        self._request = request
        self._operation = operation
        self._runner = runner

    def ask_and_save(self, way: Way) -> str | None:
        """Ask a plugin whether it is a good moment, then save its state; return what to tell of it.

        :raises ReloadError: it is not, and does not become one in time.
        :raises StateError: the state cannot be saved, or the new code cannot take it.
        """
        delay = "" if way.record.is_broken else ask(self._runner, way.name, way.instance)
        return "; ".join(filter(None, (delay, self.save(way))))

    def save(self, way: Way) -> str | None:
        """Save the state of a plugin; return what to tell of it.

        :raises StateError: it cannot be saved, or the new code cannot take it.
        """
        record = way.record
        wanted = way.name not in self._request.states and not self._request.fresh
        if record.is_broken:
            way.state = record.kept
            self._check_layout(way, wanted)
            return "kept from the failed reload" if way.state else None
        assert record.instance is not None
        record.gate.used = False
        way.traits = record.own_widget.traits()
        successor = way.successor if wanted else None
        try:
            way.state = self._runner.save_state(
                way.name,
                record.instance,
                successor,
                self._changing(),
                about(record),
                progress=self._operation.progress(way.name, Phase.SAVE_STATE, record.state_size),
            )
        except (Exception, SystemExit, GeneratorExit) as error:
            way.unsaved = True
            if not self._request.fresh:
                raise
            self._operation.warnings.append(
                f"the old state of {way.name!r}, not wanted any more, could not be saved either "
                f"({describe(error)}): a rollback would have started the plugin without it."
            )
        self._check_layout(way, wanted)
        if way.state is None:
            return None
        if saves_attributes(type(record.instance)):
            named = getattr(record.instance, "transient", ())
            way.transient = tuple(name for name in named if name in vars(record.instance))
        if way.successor is not None and takes_attributes(way.successor):
            named = getattr(way.successor, "transient", ())
            coming = self.state_for(way)
            if isinstance(named, Collection) and coming is not None:
                # A property is asked of the instance only.
                way.transient_now = tuple(name for name in coming.fields if name in named)
        return f"{number(len(way.state.fields), 'field')}, {size(way.state.size)}"

    def _check_layout(self, way: Way, wanted: bool) -> None:
        """Make sure that the new code can take the state that it is going to get.

        :param wanted: that is the state which the old code has.
        :raises MigrationError: nobody knows a way to its layout.
        """
        state = way.state if wanted else self._request.states.get(way.name)
        way.handed = None
        # What a factory makes is not known before it runs: INITIALIZE finds out.
        if state is not None and way.successor is not None:
            way.handed = self._runner.bring_down(
                way.name, way.instance, state, way.successor, self._changing()
            )

    def _changing(self) -> set[str]:
        return {module.__name__ for way in self._ways for module in way.record.modules}

    def traits_for(self, way: Way) -> Traits:
        """Return what the plugin's own widget is to have, with the state that the new code gets."""
        state = self.state_for(way)
        if state is not None:
            return state.header.widget
        return {} if self._request.fresh else way.traits

    def state_for(self, way: Way) -> Snapshot | None:
        """Return the state that the new code gets; None where it starts without one."""
        if way.handed is not None or self._request.fresh:
            return way.handed
        return self._request.states.get(way.name, way.state)
