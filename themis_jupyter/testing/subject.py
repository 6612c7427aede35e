"""The plugin under test: loaded from its copy, reloaded, asked for its state, compared with before."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any

from ..handle import Handle, instance_of
from ..record import Record
from ..report import ReloadReport
from .definitions import Definitions
from .differences import differences
from .faults import FaultyManager
from .request import Request
from .sources import Copy

#: How many differences of one kind are told.
_MOST = 3

_IDENTITY = (
    "who took it from the plugin holds the old one: do not make it anew in initialize(); make it by a "
    "statement of the file"
)
_STATE = (
    "let save_state() return it and restore_state() take it back; what is not to be kept belongs into "
    "`transient`"
)
_CODE = "statements and methods must not change functions of the plugin themselves"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and what to do."""

    text: str
    advice: str


@dataclass(frozen=True)
class Known:
    """What was so at one moment."""

    definitions: Definitions
    instance: object
    cls: type
    handle: Handle
    bound: dict[str, types.MethodType]
    state: Any
    version: object


class Subject:
    """A plugin that is loaded by a manager of its own."""

    def __init__(self, request: Request, copy: Copy, manager: FaultyManager) -> None:
        self.request = request
        self.copy = copy
        self.manager = manager
        self.name = request.name
        #: Fields of the state that change by themselves.
        self.restless: tuple[str, ...] = ()
        #: Why states are not compared; empty where they are.
        self.no_state = ""

    # -- what it does ----------------------------------------------------------------------------

    def load(self) -> Handle:
        """Load the copy and start it.

        :raises ThemisError: it cannot be loaded.
        """
        handle = self.manager.load_plugin(self.copy.path, dict(self.request.config))
        # The name in the file may be known only now.
        self.name = self.manager.list_loaded_plugins()[-1]
        return handle

    def unload(self) -> None:
        """Unload it, and what was loaded for it.

        :raises ExceptionGroup: what its ``shutdown()`` raised.
        """
        self.manager.unload_all_plugins()

    def reload(self, *, full: bool = False) -> ReloadReport:
        """Reload it."""
        return self.manager.reload_plugin(self.name, full=full)

    @property
    def record(self) -> Record:
        """The manager's record of it."""
        return self.manager.get_record(self.name)

    def state(self) -> Any:
        """Return a copy of its state; None where it has none, or none that can be compared.

        :raises PluginError: it cannot be saved.
        """
        snapshot = self.manager.snapshot(self.name)
        if snapshot is None:
            self.no_state = "it has no state (a StatefulPlugin has)"
            return None
        if snapshot.rebuilt:
            # Each look at it would open a connection.
            self.no_state = f"not compared: {', '.join(snapshot.rebuilt)} is made again by a recipe"
            return None
        return snapshot.restore()

    # -- what is compared ------------------------------------------------------------------------

    def known(self) -> Known:
        """Return what is so now."""
        record = self.record
        instance: Any = instance_of(record.handle)
        cls = type(instance)
        bound = {
            name: getattr(instance, name)
            for base in cls.__mro__
            if base.__module__ == cls.__module__
            for name, item in vars(base).items()
            if isinstance(item, types.FunctionType) and not name.startswith("__")
        }
        methods = {n: m for n, m in bound.items() if isinstance(m, types.MethodType)}
        return Known(
            Definitions(record.modules),
            instance,
            cls,
            record.handle,
            methods,
            self.state(),
            getattr(cls, "state_version", None),
        )

    def changes(self, before: Known, *, code: bool = False) -> list[Problem]:
        """Return what should be as before and is not.

        :param code: whether functions are to run the same code, too.
        """
        return [
            *self._identity(before),
            *(self._code(before) if code else ()),
            *self._state(before),
        ]

    def _identity(self, before: Known) -> list[Problem]:
        now = self.known_instance()
        wrong = [f"{name} is another object" for name in before.definitions.replaced()]
        if now is not before.instance:
            wrong.append("the instance is another object")
        elif type(now) is not before.cls:
            wrong.append("the instance is of another class")
        if self.record.handle is not before.handle:
            wrong.append("the handle is another object")
        for name, method in before.bound.items():
            present = getattr(type(now), name, None)
            if isinstance(present, types.FunctionType) and method.__func__ is not present:
                wrong.append(f"a bound method {name}() does not follow")
        return [Problem("identity: " + _first(wrong), _IDENTITY)] if wrong else []

    def known_instance(self) -> object:
        """Return the instance."""
        return instance_of(self.record.handle)

    def _code(self, before: Known) -> list[Problem]:
        names = before.definitions.with_other_code()
        if not names:
            return []
        return [Problem(f"code: {_first(names)} is not as before", _CODE)]

    def _state(self, before: Known) -> list[Problem]:
        if self.no_state or getattr(type(self.known_instance()), "state_version", None) != (
            before.version
        ):
            return []
        found = [
            f"{path} {what}"
            for path, what in differences(before.state, self.state())
            if path not in self.restless
        ]
        return [Problem("state: " + _first(found), _STATE)] if found else []


def _first(items: list[str]) -> str:
    more = len(items) - _MOST
    return "; ".join(items[:_MOST]) + (f"; and {more} more" if more > 0 else "")
