"""What discovery finds: candidates, each read from its file without running it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PluginDefinitionError
from .manifest import Manifest, manifest_of
from .plugin import Plugin
from .plugin_json import read_plugin_json
from .static_manifest import analyse
from .static_source import StaticModule, decode, parse_module

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that can be loaded as a plugin.

    :param module: name to import it under.
    :param path: the file to read; ``__init__.py`` of a package.
    :param search_locations: folders of a package, where its submodules are; None for a file.
    :param manifest: what is known without running it; see ``manifest.unknown``.
    :param entry_point: name of the entry point that announced it, if one did.
    :param attr: the class or function that the entry point names, if it names one.
    """

    module: str
    path: Path
    search_locations: tuple[str, ...] | None
    manifest: Manifest
    entry_point: str | None = None
    attr: str | None = None

    @property
    def name(self) -> str:
        """Name of the plugin, as far as known without running it."""
        return self.manifest.name

    @property
    def is_package(self) -> bool:
        """True for a folder with an ``__init__.py``."""
        return self.search_locations is not None

    def json_fields(self) -> dict[str, Any] | None:
        """Return what the package's ``plugin.json`` says now; see :func:`read_plugin_json`."""
        return read_plugin_json(self.path.parent) if self.is_package else None

    def manifest_of(self, plugin: type[Plugin] | Plugin, json: dict[str, Any] | None) -> Manifest:
        """Return the manifest of the live class or instance; see :func:`manifest.manifest_of`.

        :param json: what ``plugin.json`` says; see :meth:`json_fields`.
        """
        return manifest_of(plugin, self.module, self.path, json, default_name=self.entry_point)


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found.

    :param candidates: in the order of their names, which differ, as do their modules.
    :param problems: one for each file or folder that is left out; ``problem.plugin`` is its name.
    """

    candidates: tuple[Candidate, ...] = ()
    problems: tuple[PluginDefinitionError, ...] = ()


def read_candidate(
    module: str,
    path: Path,
    entry: EntryPoint | None = None,
    locations: Iterable[str] = (),
    *,
    tolerant: bool = False,
) -> tuple[Candidate, bool]:
    """Return the candidate in a file, and whether it looks like a plugin.

    :param tolerant: whether source that does not parse counts as source that says nothing.
    :raises OSError: the file cannot be read.
    """
    is_package = path.name == "__init__.py"
    name, attr = (entry.name, entry.attr or None) if entry else (None, None)
    data = path.read_bytes()
    try:
        parsed = parse_module(decode(data, module, path), module, path)
    except PluginDefinitionError:
        if not tolerant:
            raise
        parsed = StaticModule(module, is_package)
    static = analyse(
        parsed,
        path,
        read_plugin_json(path.parent) if is_package else None,
        default_name=name,
        attr=attr,
        siblings=entry is None,  # beside an installed module lie all the others
    )
    places = (tuple(locations) or (str(path.parent),)) if is_package else None
    candidate = Candidate(module, path, places, static.manifest, name, attr)
    return candidate, static.looks_like_plugin


def collect(found: Iterable[Candidate], problems: Iterable[PluginDefinitionError]) -> ScanResult:
    """Return what was found, less those whose name or module another one has.

    The first stays, so that a copy of a file does not keep the original from loading.
    """
    kept: list[Candidate] = []
    left_out = list(problems)
    # A package before a file of that name, as Python's own import has it.
    for candidate in sorted(found, key=lambda c: (c.module, not c.is_package)):
        text = next(filter(None, (_clash(candidate, other) for other in kept)), None)
        if text is None:
            kept.append(candidate)
        else:
            left_out.append(PluginDefinitionError(candidate.name, text))
    kept.sort(key=lambda c: c.name)
    return ScanResult(tuple(kept), tuple(left_out))


def _clash(one: Candidate, other: Candidate) -> str | None:
    for word, value in (("name", one.name), ("module", one.module)):
        if value == getattr(other, word):
            return (
                f"'{one.path}' is left out: its {word} {value!r} is that of '{other.path}' too; "
                "rename one"
            )
    return None
