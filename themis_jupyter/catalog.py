"""Which plugins could be loaded: what scans, entry points and paths have found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .candidate import Candidate, ScanResult
from .discovery import candidate_from_path, entry_point_candidates, scan_directory
from .errors import PluginDefinitionError, PluginNotFoundError, did_you_mean
from .manifest import Manifest
from .names import shown


class Catalog:
    """Candidates by name."""

    def __init__(self) -> None:
        self.candidates: dict[str, Candidate] = {}
        self.problems: dict[str, PluginDefinitionError] = {}
        self._asked_installed = False

    def scan(self, folder: str | os.PathLike[str]) -> ScanResult:
        """Add what a folder holds. What is known by the same name from elsewhere stays.

        :raises PluginNotFoundError: there is no such folder.
        """
        result = scan_directory(folder)
        self._add(result)
        return result

    def _add(self, result: ScanResult) -> None:
        for problem in result.problems:
            self.problems[problem.plugin] = problem
        for candidate in result.candidates:
            known = self.candidates.get(candidate.name)
            if known is None or known.path == candidate.path:
                self.candidates[candidate.name] = candidate
                self.problems.pop(candidate.name, None)
                continue
            self.problems[candidate.name] = PluginDefinitionError(
                candidate.name,
                f"two plugins are called {candidate.name!r}: {known.path} and {candidate.path}. "
                "The first one is used; rename one of them.",
            )

    def find(self, name_or_path: str | os.PathLike[str], folders: Iterable[str]) -> Candidate:
        """Return the candidate of that name, or in that file or folder.

        :param folders: searched, besides what was scanned and installed, for a name.
        :raises PluginNotFoundError: there is none.
        :raises PluginDefinitionError: there is one, but it is no usable plugin.
        """
        if is_path(name_or_path):
            candidate = candidate_from_path(name_or_path)
            self.candidates[candidate.name] = candidate
            return candidate
        name = os.fspath(name_or_path)
        if name not in self.candidates:
            self.refresh(folders)
        if name in self.candidates:
            return self._read_again(name)
        if name in self.problems:
            raise self.problems[name]
        raise PluginNotFoundError(
            name,
            f"no plugin {shown(name)}{did_you_mean(name, self.candidates) or '.'} Give the path of its "
            "file (%load_plugin ./plugin.py), or see %plugins for what is there.",
        )

    def _read_again(self, name: str) -> Candidate:
        """Return what the file of a known candidate says now."""
        known = self.candidates[name]
        if not known.path.is_file():
            del self.candidates[name]
            raise PluginNotFoundError(name, f"plugin {name!r}: '{known.path}' is no longer there.")
        if known.entry_point is not None:
            return known
        candidate = candidate_from_path(known.path)
        if candidate.name != name:
            del self.candidates[name]
            self.candidates[candidate.name] = candidate
            raise PluginNotFoundError(
                name, f"no plugin {name!r}: '{known.path}' calls itself {candidate.name!r} now."
            )
        self.candidates[name] = candidate
        return candidate

    def forget(self, candidate: Candidate, at_fault: str) -> None:
        """Forget what turned out to be no plugin; a scan that takes it for one brings it back.

        :param at_fault: the module that is none; nothing is done if that is another one.
        """
        mine = at_fault in (candidate.name, candidate.module)
        if mine and self.candidates.get(candidate.name) == candidate:
            del self.candidates[candidate.name]

    def refresh(self, folders: Iterable[str]) -> None:
        """Look into the folders, and once at what is installed."""
        for folder in folders:
            path = Path(folder).expanduser()
            if path.is_dir():
                self._add(scan_directory(path))
        if not self._asked_installed:
            self._asked_installed = True
            self._add(entry_point_candidates())

    def manifests(self, loaded: Mapping[str, Manifest]) -> dict[str, Manifest]:
        """Return all manifests, of loaded plugins as they really are."""
        return {**{n: c.manifest for n, c in self.candidates.items()}, **loaded}


def is_path(name_or_path: str | os.PathLike[str]) -> bool:
    """Return whether the user wrote a path rather than a plugin's name."""
    if not isinstance(name_or_path, str):
        return True
    return (
        name_or_path.endswith(".py")
        or "/" in name_or_path
        or os.sep in name_or_path
        or name_or_path.startswith(("~", "."))
    )
