"""``%plugin_state``: what a plugin's state is, and the states that were saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from IPython.core.error import UsageError

from ..errors import did_you_mean
from ..manager import PluginManager
from ..planning import FieldPlan
from ..render.format import one_line, size
from ..render.moments import second
from ..render.plan import STATE_COLUMNS, field_rows
from ..report import ReloadReport
from ..state import Header
from .arguments import ACTIONS
from .results import Done, Result
from .tables import Table


class StateShown(Table):
    """What is in a plugin's state: a sequence of :class:`FieldPlan`."""

    columns = STATE_COLUMNS
    empty = "The plugin has no state."

    def __init__(self, fields: Iterable[FieldPlan]) -> None:
        self._fields = tuple(fields)

    def __iter__(self) -> Any:
        return iter(self._fields)

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return field_rows(self._fields)


class Snapshots(Table):
    """The states of a plugin that were saved: headers by label, the newest last."""

    columns = ("label", "saved", "size", "fields", "plugin", "state version", "python", "")

    def __init__(self, plugin: str, entries: Iterable[Any]) -> None:
        self._entries = {entry.label: entry for entry in entries}
        self.empty = (
            f"No state of {plugin!r} was saved. Save one: %plugin_state {plugin} save [LABEL]"
        )

    def __getitem__(self, label: str) -> Header:
        header: Header = self._entries[label].header
        return header

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return [(label, *_of_header(e.header), _trust(e)) for label, e in self._entries.items()]


def _of_header(header: Header) -> tuple[object, ...]:
    return (
        second(header.created),
        size(header.size),
        len(header.fields) or None,
        header.plugin_version,
        header.state_version,
        header.python,
    )


def _trust(entry: Any) -> str:
    return "" if entry.trusted else "not signed by you"


class StateMagic:
    """Does what ``%plugin_state`` is asked to."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager

    def run(self, name: str, action: str, argument: str | None, trust: bool) -> Any:
        """Do one thing with the state of one plugin.

        :raises ThemisError: it cannot be done.
        :raises UsageError: there is no such action, or an argument too few or too many.
        """
        if action not in ACTIONS:
            raise UsageError(
                f"%plugin_state: {action!r} is none of {', '.join(ACTIONS)}"
                f"{did_you_mean(action, ACTIONS)}"
            )
        if argument is not None and action in ("show", "list", "reset", "gc"):
            raise UsageError(f"%plugin_state: {action} takes no {argument!r}.")
        if argument is None and action in ("export", "import"):
            raise UsageError(f"%plugin_state {name} {action} FILE: the file is missing.")
        does: Callable[[str, str | None, bool], Result | ReloadReport] = getattr(self, f"_{action}")
        return does(name, argument, trust)

    def _show(self, name: str, argument: str | None, trust: bool) -> Result:
        plan = self._manager.plan_reload(name, cascade=True)
        return StateShown(field for field in plan.state if field.plugin == name)

    def _save(self, name: str, label: str | None, trust: bool) -> Result:
        saved = self._manager.save_state(name, label)
        header = self._manager.keeper.store(name).headers()[saved]
        return Done(
            "Saved",
            f"state of {name}",
            f"{size(header.size)} as {saved!r}; %plugin_state {name} restore {saved} brings it back",
        )

    def _restore(self, name: str, label: str | None, trust: bool) -> ReloadReport:
        if trust:
            header = self._manager.keeper.header(name, label)
            if header is not None:
                print(_described(header))
        return self._manager.restore_state(name, label, trust=trust)

    def _list(self, name: str, argument: str | None, trust: bool) -> Result:
        return Snapshots(name, self._manager.keeper.store(name).entries().values())

    def _reset(self, name: str, argument: str | None, trust: bool) -> ReloadReport:
        return self._manager.reload_plugin(name, fresh=True)

    def _export(self, name: str, file: str | None, trust: bool) -> Result:
        from ..state import export_snapshot, load_secret

        assert file is not None
        snapshot = self._manager.capture_state(name)
        path = export_snapshot(snapshot, file, load_secret(name))
        return Done("Exported", f"state of {name}", f"{size(snapshot.size)} to {path}")

    def _import(self, name: str, file: str | None, trust: bool) -> Result:
        from ..state import find_secret, import_snapshot, inspect_export

        assert file is not None
        if trust:
            print(_described(inspect_export(file, find_secret(name), plugin=name).header))
        snapshot = import_snapshot(file, find_secret(name), plugin=name, trust=trust)
        label = self._manager.keeper.store(name).save(snapshot)
        return Done(
            "Imported",
            f"state of {name}",
            f"{size(snapshot.size)} as {label!r}; %plugin_state {name} restore {label} brings it back",
        )

    def _gc(self, name: str, argument: str | None, trust: bool) -> Result:
        found = self._manager.keeper.store(name).gc()
        dropped = f"{len(found.dropped)} dropped, " if found.dropped else ""
        return Done("Tidied", f"saved states of {name}", f"{dropped}{size(found.freed)} freed")


def _described(header: Header) -> str:
    """Return what a snapshot says of itself, to be read before it is trusted."""
    fields = ", ".join(f"{f.name} ({f.type})" for f in header.fields) or "(not told)"
    # Nobody vouches for these texts yet: no escape sequences.
    return "\n".join(
        map(
            one_line,
            (
                f"State of {header.plugin} {header.plugin_version}, version {header.state_version}, saved "
                f"{second(header.created)} by Python {header.python}: {size(header.size)}.",
                f"Fields: {fields}",
            ),
        )
    )
