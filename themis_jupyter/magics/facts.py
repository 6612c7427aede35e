"""What there is to say of plugins, taken from the manager."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..background import told
from ..drift import drift_in_words, drift_of, drift_of_module
from ..errors import PluginError
from ..manager import PluginManager
from ..manifest import Manifest
from ..masking import masked
from ..names import shown
from ..plugin import Capability
from ..record import Record, source_hash
from ..render.moments import minute
from .tables import PluginRow

if TYPE_CHECKING:
    from ..state import Header


def rows(manager: PluginManager) -> Iterator[PluginRow]:
    """Yield a row for each plugin: first the loaded ones, in the order of loading."""
    loaded = manager.list_loaded_plugins()
    for name in loaded:
        record = manager.get_record(name)
        last = record.last
        yield PluginRow(
            name,
            version_of(record.manifest),
            state_of(record),
            tuple(manager.get_dependents(name)),
            last.outcome.value if last is not None else "",
            drift_of(record),
            drift_in_words(record),
        )
    for name in manager.list_plugins():
        if name not in loaded:
            try:
                manifest = manager.get_manifest(name)
            except PluginError:  # its file went away, or broke, just now
                continue
            yield PluginRow(name, version_of(manifest), "not loaded")


def details(manager: PluginManager, name: str) -> dict[str, str]:
    """Return all that is known of one plugin, by what it is called.

    :raises PluginNotFoundError: there is no such plugin.
    """
    manifest = manager.get_manifest(name)
    facts = {
        "name": name,
        "version": version_of(manifest),
        "state": "not loaded",
        "description": manifest.description,
        "type": manifest.type.value,
        "needs": ", ".join(map(str, manifest.dependencies)),
        "capabilities": _capabilities(manifest.capabilities),
        "file": str(manifest.path or ""),
    }
    if manager.is_plugin_loaded(name):
        facts |= _of_running(manager, manager.get_record(name), manifest)
    return {key: text for key, text in facts.items() if text}


def _of_running(manager: PluginManager, record: Record, manifest: Manifest) -> dict[str, str]:
    facts = {
        "state": state_of(record),
        "needed by": ", ".join(manager.get_dependents(record.name)),
        "background": ", ".join(told(record.instance)),
        "runs": _running_version(record),
        "on disk": drift_in_words(record) or "same",
        "watched": "yes"
        if manager.is_watching and manager.watcher.is_watching(record.name)
        else "",
        "configuration": _as_text(masked(record.config, manifest.config_schema)),
    }
    for module in reversed(record.modules):  # the package itself first
        drift = drift_of_module(module)
        facts[f"{module.__name__} runs"] = f"sha256 {source_hash(module)}" + (
            f"; on disk: {drift}" if drift else ""
        )
    if record.last is not None:
        facts["last reload"] = record.last.headline()
    if record.failure is not None and record.failure is not record.last:
        facts["not mended"] = record.failure.headline()
    return facts


def _running_version(record: Record) -> str:
    current = record.history.current
    if current is None:
        return ""
    more = len(record.history) - 1
    others = f"; {more} more in %plugin_history {record.name}" if more else ""
    return f"version {current.number} of those that ran (by {current.how}){others}"


def state_of(record: Record) -> str:
    """Return ``loaded``, or ``broken`` where a failed reload could not be undone."""
    if not record.is_loaded:
        return "not loaded"
    return "broken" if record.instance is None else "loaded"


def version_of(manifest: Manifest | None) -> str:
    """Return a plugin's version; ``?`` where only running it would tell."""
    if manifest is None or "version" in manifest.unknown:
        return "?"
    return manifest.version


def loaded_from(manager: PluginManager, path: str) -> str | None:
    """Return the name of the loaded plugin whose file or folder is at ``path``."""
    asked = Path(os.path.abspath(os.path.expanduser(path)))
    for name in manager.list_loaded_plugins():
        file = manager.get_record(name).candidate.path
        if asked == file or (file.name == "__init__.py" and asked == file.parent):
            return name
    return None


def _capabilities(capabilities: Capability) -> str:
    names = [c.name or "" for c in Capability if c in capabilities]
    return ", ".join(name.lower().replace("_", " ") for name in names)


def _as_text(config: object) -> str:
    if not config:
        return ""
    try:
        return json.dumps(config, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return shown(config)


def saved_states(manager: PluginManager, names: Iterable[str]) -> Iterator[str]:
    """Yield, for each plugin of which a state was saved, how to bring it back."""
    for name in names:
        words = manager.keeper.in_words(name, partial(_offered, name))
        if words:
            yield words


def _offered(name: str, header: Header) -> str:
    when = minute(header.created)
    return f"A state of {name}, saved {when}, is there: %load_plugin {name} --restore"
