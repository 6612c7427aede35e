"""The plugins that were ever loaded, by name, and who of them needs whom."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from .catalog import Catalog
from .dependencies import dependents_of, load_order
from .errors import PluginError, PluginNotFoundError, PluginNotLoadedError, did_you_mean
from .manifest import Manifest
from .names import shown
from .record import Record


class Registry:
    """Records by name, in the order in which they were loaded.

    Other threads may ask while one of them loads or unloads.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._records: dict[str, Record] = {}

    def find(self, name: str) -> Record | None:
        """Return the record of a plugin that was loaded at some time."""
        return self._records.get(name)

    def put_last(self, record: Record) -> None:
        """Add a record, or make it the last one: the order is that of loading."""
        self._records.pop(record.name, None)
        self._records[record.name] = record

    def loaded(self) -> list[Record]:
        """Return the records of what is loaded, in the order of loading."""
        return [record for record in list(self._records.values()) if record.is_loaded]

    def is_loaded(self, name: str) -> bool:
        """Return whether a plugin is loaded."""
        record = self._records.get(name)
        return record is not None and record.is_loaded

    def get(self, name: str) -> Record:
        """Return the record of a loaded plugin.

        :raises PluginNotLoadedError: it is not loaded.
        :raises PluginNotFoundError: there is no such plugin.
        """
        record = self._records.get(name)
        if record is not None and record.is_loaded:
            return record
        if record is not None or name in self.catalog.candidates:
            raise PluginNotLoadedError(
                name, f"plugin {name!r} is not loaded. Load it: %load_plugin {name}"
            )
        known = [*self.catalog.candidates, *self._records]
        loaded = ", ".join(r.name for r in self.loaded()) or "none"
        raise PluginNotFoundError(
            name, f"no plugin {shown(name)}{did_you_mean(name, known)} (loaded: {loaded})"
        )

    def manifests(self) -> dict[str, Manifest]:
        """Return the manifests of what is loaded."""
        return {r.name: r.manifest for r in self.loaded() if r.manifest is not None}

    def dependents(self, name: str, transitive: bool = True) -> list[str]:
        """Return the loaded plugins that need this one, in the order in which they would go down."""
        return dependents_of(name, self.manifests(), transitive)

    def group(self, names: Iterable[str], cascade: bool) -> list[Record]:
        """Return what is reloaded together, dependencies before dependents.

        :raises PluginError: one of them is not loaded, or none is named.
        """
        wanted = {self.get(name).name for name in names}
        if not wanted:
            raise PluginNotFoundError(
                "", "no plugin was named: give the name of one that is loaded."
            )
        if cascade:
            wanted |= {d for name in list(wanted) for d in self.dependents(name)}
        manifests = self.manifests()
        order: dict[str, None] = {}
        for record in self.loaded():
            if record.name in wanted:
                with suppress(PluginError):  # what it needs now is checked with the new code
                    needs = load_order(record.name, manifests)
                    order.update(dict.fromkeys(n for n in needs if n in wanted))
                order.setdefault(record.name)
        return [self._records[name] for name in order]
