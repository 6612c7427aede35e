"""What the manager knows: plugins, loaded or not, who of them needs whom, and what happens to them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from traitlets import List, Unicode
from traitlets.config import SingletonConfigurable

from .candidate import Candidate, ScanResult
from .catalog import Catalog
from .config import check_config
from .events import EventStream, Listener
from .handle import Handle
from .manifest import Manifest
from .pausing import Pause, Pauses
from .plugin import PluginType
from .record import Record
from .registry import Registry


class Inventory(SingletonConfigurable):
    """The plugins that there are. It changes none of them; :class:`.manager.PluginManager` does."""

    plugin_folders = List(
        Unicode(),
        default_value=[".", "plugins"],
        help="Folders that are searched for a plugin's name.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        #: Every step of every operation, with its time and its error.
        self.events = EventStream()
        self._listeners = EventStream(history=0)
        self._catalog = Catalog()
        self._registry = Registry(self._catalog)
        #: Who has paused which plugin, and who wants to hear when that ends.
        self.pauses = Pauses(self._registry)

    # -- what there is ---------------------------------------------------------------------------

    def scan_plugin_directory(self, path: str | os.PathLike[str]) -> ScanResult:
        """Find the plugins in a folder, without running them.

        :returns: candidates, and a problem for each file that looks like a plugin but is not usable.
        :raises PluginNotFoundError: there is no such folder.
        """
        return self._catalog.scan(path)

    def list_plugins(self) -> list[str]:
        """Return the names of all known plugins, loaded or not."""
        self._catalog.refresh(self.plugin_folders)
        return sorted({*self._catalog.candidates, *self.list_loaded_plugins()})

    def list_loaded_plugins(self) -> list[str]:
        """Return the names of loaded plugins, in the order in which they were loaded."""
        return [record.name for record in self._registry.loaded()]

    def is_plugin_loaded(self, name: str) -> bool:
        """Return whether a plugin is loaded."""
        return self._registry.is_loaded(name)

    def get_plugin(self, name: str) -> Handle:
        """Return the handle of a loaded plugin. It stays valid over reloads and unloads.

        :raises PluginNotLoadedError: it is not loaded.
        :raises PluginNotFoundError: there is no such plugin.
        """
        return self._registry.get(name).handle

    def get_plugins_by_type(self, type: PluginType | str) -> list[Handle]:
        """Return the handles of loaded plugins of one type.

        :param type: the type, or its text, such as ``"importer"``.
        :raises ValueError: there is no such type.
        """
        wanted = PluginType(type)
        loaded = self._registry.loaded()
        return [r.handle for r in loaded if r.manifest is not None and r.manifest.type is wanted]

    def get_manifest(self, name: str) -> Manifest:
        """Return what is known of a plugin; for one that is not loaded, without running it.

        :raises PluginNotFoundError: there is no such plugin.
        """
        loaded = self._registry.manifests().get(name)
        return loaded or self._catalog.find(name, self.plugin_folders).manifest

    def get_record(self, name: str) -> Record:
        """Return the manager's record of a loaded plugin, for displays; not to be changed.

        :raises PluginNotLoadedError: it is not loaded.
        """
        return self._registry.get(name)

    def find_record(self, name: str) -> Record | None:
        """Return the record of a plugin that is, or once was, loaded; None where it never was."""
        return self._registry.find(name)

    def loaded_module(self, module: str) -> Record | None:
        """Return the record of the loaded plugin that is in a module; None where there is none."""
        found = (r for r in self._registry.loaded() if r.candidate.module == module)
        return next(found, None)

    def find_candidate(self, name: str) -> Candidate:
        """Return what is known of a plugin's file, without running it.

        :raises PluginNotFoundError: there is no such plugin.
        """
        return self._catalog.find(name, self.plugin_folders)

    def known_hashes(self, name: str) -> list[str]:
        """Return the SHA-256 of all sources of a plugin that are kept in its history."""
        record = self._registry.find(name)
        versions = record.history if record is not None else ()
        return [source.sha256 for each in versions for source in each.sources.values()]

    def get_dependents(self, name: str, transitive: bool = True) -> list[str]:
        """Return the loaded plugins that need this one, in the order in which they would go down.

        :param transitive: also those that need it through others.
        """
        return self._registry.dependents(name, transitive)

    def get_widget(self, name: str) -> Any:
        """Return the widget that a plugin offers, made if need be; None where it offers none, or is broken.

        :raises PluginNotLoadedError: the plugin is not loaded.
        :raises WidgetError: its ``widget()`` raised, or returned something else.
        """
        record = self._registry.get(name)
        if record.instance is None:
            return None
        return record.own_widget.get(name, record.instance, record.gate)

    # -- pausing ---------------------------------------------------------------------------------

    def paused(self, *names: str) -> Pause:
        """Keep plugins from being reloaded or unloaded: ``with manager.paused("plugin"):``.

        Entering waits while one of them is being exchanged. A reload waits for the block to end, up to
        ``drain_timeout``, and is then aborted; one that this thread asks for inside it is refused.

        :param names: none: all that are loaded when the block is entered.
        :raises PluginError: by entering: one of them is not loaded; nothing is paused then.
        """
        return self.pauses.pause(names)

    def is_paused(self, name: str) -> bool:
        """Return whether anybody has paused a plugin right now; :attr:`pauses` tells who."""
        return bool(self.pauses.of(name))

    # -- listening -------------------------------------------------------------------------------

    def register_reload_listener(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(event)`` before and after a plugin goes down, after it is up, and at the end.

        :returns: what removes the listener.
        """
        return self._listeners.subscribe(listener)

    def clear_reload_listeners(self) -> None:
        """Remove all reload listeners."""
        self._listeners.clear()

    def check_config(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Return a configuration if it fits a plugin's schema.

        :raises ConfigError: it does not.
        """
        return check_config(name, config, self.get_manifest(name).config_schema)
