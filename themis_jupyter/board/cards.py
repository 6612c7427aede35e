"""What a page shows of one plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..drift import drift_of, drift_text
from ..errors import PluginError
from ..history import Version
from ..own_widget import has_widget
from ..record import Record
from ..render.format import printable, size
from ..render.moments import minute
from ..report import ReloadReport

if TYPE_CHECKING:
    from ..manager import PluginManager

#: A plugin as the page knows it: see ``Plugin`` in ``protocol.json``.
Card = dict[str, Any]

# So many versions are shown; %plugin_history shows all.
_VERSIONS = 20
# So much of a traceback is shown, in characters; %plugin_errors shows all.
_TRACEBACK = 20_000


def card_of(manager: PluginManager, name: str) -> Card | None:
    """Return all that a page shows of a plugin; None where there is none of that name."""
    record = manager.find_record(name)
    if record is None or not record.is_loaded:
        return _card_of_file(manager, name)
    manifest, report = record.manifest, record.last
    drift = drift_of(record)
    return {
        "name": record.name,
        "version": manifest.version if manifest is not None else "?",
        "type": manifest.type.value if manifest is not None else "",
        "description": printable(manifest.description) if manifest is not None else "",
        "life": _life(record),
        "drift": drift,
        "driftText": drift_text(record, drift),
        "dependents": manager.get_dependents(record.name),
        "inFlight": in_flight(record),
        "stateSize": record.state_size,
        "watched": _watched(manager, record.name),
        "last": _last(report),
        "error": _error(record.failure),
        "versions": [_version(v, record) for v in list(record.history)[-_VERSIONS:]],
        "operation": None,
        "file": str(record.candidate.path),
        "widget": str(record.own_widget.turn) if has_widget(record.instance) else None,
        "kept": "",
    }


def kept_state(manager: PluginManager, name: str) -> str:
    """Return in words what is kept on disk of the state of a plugin; empty where nothing is."""
    return manager.keeper.in_words(
        name, lambda header: f"state saved {minute(header.created)}, {size(header.size)}"
    )


def in_flight(record: Record) -> int:
    """Return how many calls of a plugin are in flight."""
    return len(record.gate.in_flight())


def _card_of_file(manager: PluginManager, name: str) -> Card | None:
    try:
        manifest = manager.get_manifest(name)
    except PluginError:
        return None
    return {
        "name": name,
        "version": "?" if "version" in manifest.unknown else manifest.version,
        "type": manifest.type.value,
        "description": printable(manifest.description),
        "life": "not loaded",
        "drift": "",
        "driftText": "",
        "dependents": [],
        "inFlight": 0,
        "stateSize": None,
        "watched": "",
        "last": None,
        "error": None,
        "versions": [],
        "operation": None,
        "file": str(manifest.path or ""),
        "widget": None,
        "kept": "",
    }


def _life(record: Record) -> str:
    if record.is_broken:
        return "broken"
    return "reloading" if record.gate.is_shut else "loaded"


def _watched(manager: PluginManager, name: str) -> str:
    if not manager.is_watching or not manager.watcher.is_watching(name):
        return ""
    return str(manager.watcher.when)


def _last(report: ReloadReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "outcome": report.outcome.value,
        "headline": report.headline(),
        "time": report.ended,
        "elapsed": report.elapsed,
    }


def _error(report: ReloadReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    from ..render.text import aftermath, failure, sentence

    return {
        "words": sentence(failure(report)),
        "traceback": printable(report.traceback)[-_TRACEBACK:],
        "advice": aftermath(report),
        "where": {"file": report.place[0], "line": report.place[1]} if report.place else None,
    }


def _version(version: Version, record: Record) -> dict[str, Any]:
    if version.state is not None:
        state = f"{size(version.state.size)} kept"
    else:
        state = version.not_kept or ("no state" if version.stateless else "")
    return {
        "number": version.number,
        "time": version.again or version.began,
        "how": version.how,
        "plugin": version.plugin_version,
        "running": version is record.history.current,
        "state": state,
    }
