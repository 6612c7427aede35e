"""What a plugin author writes: a class with a few attributes and methods.

::

    from themis_jupyter import StatefulPlugin


    class Counter(StatefulPlugin):
        version = "1.0"

        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += self.step
            return self.total
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .names import titled

if TYPE_CHECKING:
    from .task import Task


class PluginType(enum.Enum):
    """What a plugin is for; used to find plugins, never to treat them differently."""

    COMPUTE_BACKEND = "compute backend"
    BLOB_STORAGE = "blob storage"
    IMPORTER = "importer"
    EXPORTER = "exporter"
    HSM_PROVIDER = "HSM provider"
    EMBEDDING = "embedding"
    CUSTOM = "custom"


class Capability(enum.Flag):
    """What a plugin can do; combine with ``|``."""

    NONE = 0
    STREAMING = enum.auto()
    BATCHING = enum.auto()
    TRANSACTIONS = enum.auto()
    THREAD_SAFE = enum.auto()
    GPU = enum.auto()


class Plugin:
    """A plugin without state of its own. The class attributes are its manifest.

    ``__init__`` takes no argument beyond ``self``: it runs again on each reload, on the same object.

    A method ``on_reload_requested(self)``, where there is one, is called before each reload, with the new
    code ready and nothing touched yet. It may finish what must not be cut in two, and return None or True;
    or return False, "not yet", and be asked again soon. Both within ``PluginManager.request_timeout``.
    """

    #: How users call it. Default: the name of its module.
    name: ClassVar[str] = ""
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    type: ClassVar[PluginType] = PluginType.CUSTOM
    #: Names of plugins that are loaded first, each with an optional version: ``"storage>=1.2"``.
    dependencies: ClassVar[Sequence[str]] = ()
    capabilities: ClassVar[Capability] = Capability.NONE
    #: JSON Schema that a configuration is checked against; None accepts any.
    config_schema: ClassVar[Mapping[str, Any] | None] = None
    #: Whether :meth:`PluginManager.auto_load_plugins` loads it, and in which order (high first).
    auto_load: ClassVar[bool] = False
    load_priority: ClassVar[int] = 0

    def __repr__(self) -> str:
        cls = type(self)
        title = titled(self.name or cls.__module__, self.version)
        return f"<plugin {title}: {cls.__name__} object>"

    def initialize(self, config: dict[str, Any]) -> bool | None:
        """Start working. Returning False refuses; None and True accept.

        :param config: the user's configuration; on a reload it also holds ``restored_state``.
        """
        return None

    def shutdown(self) -> None:
        """Stop working and let go of what was acquired."""

    def widget(self) -> Any:
        """Return a widget of ipywidgets that the panel shows in the plugin's card; None for none.

        Asked when a page shows the card, and again after each reload. What the user changed in it (its
        traits, and those of the widgets in it) is state: it survives reloads, and is saved along.
        """
        return None

    def background(
        self,
        function: Callable[..., object],
        /,
        *args: Any,
        every: float | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Task:
        """Run a function in a thread that reloads stop and start again, and unloading stops.

        If the function has a parameter ``stop``, it gets an event that is set when it is to end. What it
        raises ends the task, and is told by ``threading.excepthook``.

        :param every: run it each so many seconds, the first time at once; None: once.
        :param name: what messages call it. A task that runs under the same name is stopped first, and
            the new one begins when that has ended. Default: the name of the method, or the qualified name.
        :raises TypeError: it is no function for a thread, or the arguments do not fit it.
        :raises ValueError: ``every`` is no number of seconds, or it is a lambda and has no name.
        """
        from . import background

        return background.start(self, function, args, every, name, kwargs)


class StatefulPlugin(Plugin):
    """A plugin whose state survives reloads; by default, its instance attributes.

    Attributes that ``initialize`` takes from the configuration are state like others, so that a new
    configuration would be overruled by the old state: name them in ``transient``.

    Where the layout of the state changes, raise ``state_version`` and write a function that brings the old
    one to the new one; see :func:`migrates`. What cannot be saved may be made again; see :func:`reconnects`.
    """

    #: Names of attributes that are not state: locks, connections, what is quickly made anew.
    transient: ClassVar[Sequence[str]] = ()
    #: Version of the layout of what :meth:`save_state` returns.
    state_version: ClassVar[int] = 1
    #: Former names of classes whose objects are in the state: ``{"OldName": "NewName"}``.
    state_aliases: ClassVar[Mapping[str, str]] = {}

    def save_state(self) -> Any:
        """Return what is to survive a reload. Default: the instance's attributes."""
        return {key: value for key, value in vars(self).items() if key not in self.transient}

    def restore_state(self, state: Any) -> bool | None:
        """Take over what :meth:`save_state` returned. Returning False refuses.

        Called exactly once per reload, after ``initialize``, unless ``initialize`` called it.
        """
        vars(self).update({k: v for k, v in state.items() if k not in self.transient})
        return None


F = TypeVar("F", bound=Callable[..., Any])

_MIGRATION, _RECONNECTS = "__themis_migration__", "__themis_reconnects__"


def migrates(from_version: int, to_version: int) -> Callable[[F], F]:
    """Mark a function, in the class of a plugin, that brings a state from one version to another.

    ::

        class Counter(StatefulPlugin):
            state_version = 2

            @staticmethod
            @migrates(1, 2)
            def count_to_total(state):
                return {"total": state["count"]}

    Steps are chained. Steps down are used when a former version of the plugin is brought back.
    """

    def mark(function: F) -> F:
        setattr(function, _MIGRATION, (from_version, to_version))
        return function

    return mark


def migration_of(function: object) -> tuple[int, int] | None:
    """Return the versions that a function was marked with by :func:`migrates`."""
    step = getattr(function, "__dict__", {}).get(_MIGRATION)
    return step if isinstance(step, tuple) else None


def reconnects(*types: type) -> Callable[[F], F]:
    """Mark a method that tells how to make objects of some types again, which cannot be saved.

    It gets such an object and returns a function and its arguments; they are saved in its place.

    ::

        class Notes(StatefulPlugin):
            @reconnects(sqlite3.Connection)
            def open_again(self, connection):
                path = connection.execute("PRAGMA database_list").fetchone()[2]
                return sqlite3.connect, (path,)
    """

    def mark(function: F) -> F:
        setattr(function, _RECONNECTS, types)
        return function

    return mark


def reconnected_by(function: object) -> tuple[type, ...]:
    """Return the types that a method was marked with by :func:`reconnects`."""
    types = getattr(function, "__dict__", {}).get(_RECONNECTS, ())
    return types if isinstance(types, tuple) else ()
