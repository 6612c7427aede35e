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
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .names import titled


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


class StatefulPlugin(Plugin):
    """A plugin whose state survives reloads; by default, its instance attributes.

    Attributes that ``initialize`` takes from the configuration are state like others, so that a new
    configuration would be overruled by the old state: name them in ``transient``.
    """

    #: Names of attributes that are not state: locks, connections, what is quickly made anew.
    transient: ClassVar[Sequence[str]] = ()

    def save_state(self) -> Any:
        """Return what is to survive a reload. Default: the instance's attributes."""
        return {key: value for key, value in vars(self).items() if key not in self.transient}

    def restore_state(self, state: Any) -> bool | None:
        """Take over what :meth:`save_state` returned. Returning False refuses.

        Called exactly once per reload, after ``initialize``, unless ``initialize`` called it.
        """
        vars(self).update({k: v for k, v in state.items() if k not in self.transient})
        return None
