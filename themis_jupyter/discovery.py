"""Finding plugins in folders, at paths and in installed packages. No code of theirs runs.

A file or package *looks like* a plugin when its source has a class that derives, possibly over
other classes beside it, from ``Plugin`` or ``StatefulPlugin``, or a function ``create_plugin``; a
folder also when it has a ``plugin.json``. Whether it is one shows when it is loaded.
"""

from __future__ import annotations

import fnmatch
import importlib.machinery
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .candidate import Candidate, ScanResult, collect, read_candidate
from .errors import PluginDefinitionError, PluginNotFoundError, describe, did_you_mean
from .names import check_module_name, check_plugin_name, shown
from .static_source import inside

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "Candidate",
    "ScanResult",
    "candidate_from_path",
    "entry_point_candidates",
    "scan_directory",
]

#: The group of entry points in which installed packages announce their plugins.
ENTRY_POINT_GROUP = "themis_jupyter.plugins"

# Hidden files, and what editors and Jupyter leave beside the file they are saving.
_IGNORED = (".*", "__*__", "__*__.py", "*~", "~*", "#*", "flycheck_*.py", "*_flymake.py")

_NEEDED = (
    "a plugin's folder needs an __init__.py with a subclass of Plugin or a function "
    "create_plugin(), and may have a plugin.json"
)


def scan_directory(path: str | os.PathLike[str]) -> ScanResult:
    """Return the plugins in a folder, not in folders below it.

    Links that lead out of the folder are not followed; a plugin behind one can be loaded by path.

    :raises PluginNotFoundError: there is no such folder, or it cannot be read.
    """
    folder = _absolute(path)
    if not folder.is_dir():
        if folder.exists():
            raise PluginNotFoundError(
                folder.name, f"'{folder}' is a file, not a folder; load it by its path"
            )
        raise PluginNotFoundError(folder.name, _missing(folder))
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise PluginNotFoundError(
            folder.name, f"'{folder}' cannot be read: {error.strerror or error}"
        ) from None
    found: list[Candidate] = []
    problems: list[PluginDefinitionError] = []
    for entry in entries:
        if _is_ignored(entry.name):
            continue
        try:
            candidate = _scan_entry(folder, entry)
        except PluginDefinitionError as error:
            problems.append(error)
        except FileNotFoundError:
            continue  # deleted since the folder was listed
        except OSError as error:
            problems.append(_unreadable(entry, error))
        else:
            found += [candidate] if candidate else []
    if not found and not problems and _is_plugin_folder(folder):
        text = f"'{folder}' is itself a plugin: load it by its path, or scan the folder above"
        problems.append(PluginDefinitionError(folder.name, text))
    return collect(found, problems)


def candidate_from_path(path: str | os.PathLike[str]) -> Candidate:
    """Return what is at ``path``: a ``.py`` file, or a package folder (or its ``__init__.py``).

    Source that does not parse is no error here: loading it tells, with the line. Nor need it look
    like a plugin: its class may be made in a way that only running it shows.

    :param path: ``~`` is understood; a relative path starts at the working directory.
    :raises PluginNotFoundError: there is nothing at ``path``; names the nearest file.
    :raises PluginDefinitionError: what is there cannot be a plugin; the message says what to do.
    """
    file = _absolute(path)
    if file.name == "__init__.py" and file.is_file():
        file = file.parent
    if not file.exists():
        raise PluginNotFoundError(file.name, _missing(file))
    if file.is_dir():
        if not (file / "__init__.py").is_file():
            raise PluginDefinitionError(file.name, _no_package(file))
        module, init = file.name, file / "__init__.py"
    elif file.suffix != ".py" or not file.is_file():
        raise PluginDefinitionError(
            file.name, f"'{file}' is not a .py file; a plugin is a .py file or a package folder"
        )
    else:
        module, init = file.stem, file
    _check_name(module, file)
    try:
        return read_candidate(module, init, tolerant=True)[0]
    except OSError as error:
        raise _unreadable(file, error) from None


def entry_point_candidates(group: str = ENTRY_POINT_GROUP) -> ScanResult:
    """Return the plugins that installed packages announce, as ``name = module`` or ``module:attr``.

    Not even the packages above a module are imported: their files are looked up one by one.
    """
    from importlib.metadata import entry_points  # slow to import

    found: list[Candidate] = []
    problems: list[PluginDefinitionError] = []
    for entry in sorted(entry_points(group=group), key=lambda e: (e.name, e.value)):
        try:
            found.append(_from_entry_point(entry))
        except PluginDefinitionError as error:
            problems.append(error)
        except OSError as error:
            problems.append(
                PluginDefinitionError(entry.name, f"{_label(entry)}: {describe(error)}")
            )
    return collect(found, problems)


def _scan_entry(folder: Path, entry: Path) -> Candidate | None:
    """Return what ``entry`` is, or None for what is not a plugin."""
    init = entry / "__init__.py"
    announced = False
    if not inside(folder, entry):
        if entry.exists() and (entry.suffix == ".py" or init.exists()):
            raise PluginDefinitionError(
                entry.name,
                f"'{entry}' is a link that leads out of the folder, so it is left out; "
                "load it by its path",
            )
        return None
    if entry.is_dir():
        announced = (entry / "plugin.json").is_file()
        for file in (init, entry / "plugin.json"):
            if file.exists() and not inside(folder, file):
                raise PluginDefinitionError(
                    entry.name, f"'{file}' is a link that leads out of the folder"
                )
        if announced and not init.is_file():
            raise PluginDefinitionError(
                entry.name, f"{entry.name}/ has a plugin.json but no __init__.py; {_NEEDED}"
            )
        module, file = entry.name, init
    else:
        module, file = entry.stem, entry
    if file.suffix != ".py" or not file.is_file():
        return None
    candidate, looks_like_plugin = read_candidate(module, file)
    if not (looks_like_plugin or announced):
        return None
    _check_name(module, entry)
    return candidate


def _from_entry_point(entry: EntryPoint) -> Candidate:
    problem = None
    if not re.fullmatch(r"[\w.]+\s*(:\s*[\w.]+)?\s*(\[.*\])?", entry.value):
        problem = "expected 'module' or 'module:attr'"
    else:
        try:
            check_plugin_name(entry.name)
        except ValueError as error:
            problem = str(error)
    if problem:
        raise PluginDefinitionError(entry.name, f"{_label(entry)}: {problem}")
    spec = _find_spec(entry)
    if spec is None:
        problem = f"there is no module {entry.module!r}"
    elif not spec.has_location or not str(spec.origin).endswith(".py"):
        problem = f"module {entry.module!r} has no source file (.py)"
    elif not os.path.isfile(str(spec.origin)):
        problem = f"its file '{spec.origin}' is not there"
    if spec is None or problem:
        raise PluginDefinitionError(entry.name, f"{_label(entry)}: {problem}")
    locations = spec.submodule_search_locations or ()
    return read_candidate(entry.module, Path(str(spec.origin)), entry, locations)[0]


def _find_spec(entry: EntryPoint) -> importlib.machinery.ModuleSpec | None:
    """Return where a module is. ``find_spec("a.b")`` would import ``a``; this does not."""
    top, *below = entry.module.split(".")
    try:
        spec = importlib.util.find_spec(top)
        name = top
        for part in below:
            if spec is None or spec.submodule_search_locations is None:
                return None
            name = f"{name}.{part}"
            places = list(spec.submodule_search_locations)
            spec = importlib.machinery.PathFinder.find_spec(name, places)
    except (ImportError, ValueError):  # ValueError: a module made by hand, without a spec
        return None
    return spec


def _label(entry: EntryPoint) -> str:
    dist = f" of {entry.dist.name}" if entry.dist else ""
    return f"entry point {shown(f'{entry.name} = {entry.value}')}{dist}"


def _absolute(path: str | os.PathLike[str]) -> Path:
    """Return the path with ``~`` and ``..`` worked out. Links stay: they name the module."""
    text = os.fspath(path)
    if not text or any(ord(character) < 32 for character in text):
        raise PluginNotFoundError(text, f"{shown(text)} is not a path")
    try:
        found = Path(os.path.abspath(Path(text).expanduser()))
        found.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: ~nobody
        reason = getattr(error, "strerror", None) or error
        raise PluginNotFoundError(text, f"there is nothing at {shown(text)}: {reason}") from None
    return found


def _missing(path: Path) -> str:
    """Say which part of ``path`` does not exist, and what is there instead."""
    here = path
    while not here.parent.is_dir() and here.parent != here:
        here = here.parent
    names = [entry.name for entry in _listing(here.parent)]
    if here != path:
        return f"there is no folder '{here}'{did_you_mean(here.name, names)}"
    if path.suffix == ".py":
        hint = did_you_mean(path.name, [n for n in names if n.endswith(".py")])
    else:
        hint = did_you_mean(path.name, names)
    return f"there is no '{path}'{hint}"


def _listing(folder: Path) -> Iterator[Path]:
    try:
        yield from (e for e in sorted(folder.iterdir()) if not _is_ignored(e.name))
    except OSError:
        return


def _no_package(folder: Path) -> str:
    files = [entry.name for entry in _listing(folder) if entry.suffix == ".py"]
    here = ""
    if files:
        shown_files = ", ".join(files[:5]) + (", …" if len(files) > 5 else "")
        here = f"; it holds {shown_files}: load one by its path, or scan the folder"
    return f"'{folder}' is not a plugin: it has no __init__.py{here}. In short, {_NEEDED}"


def _is_plugin_folder(folder: Path) -> bool:
    init = folder / "__init__.py"
    try:
        return init.is_file() and read_candidate(folder.name, init)[1]
    except (OSError, PluginDefinitionError):
        return False


def _check_name(module: str, path: Path) -> None:
    try:
        check_module_name(module, path.name)
    except ValueError as error:
        raise PluginDefinitionError(module, str(error)) from None


def _unreadable(path: Path, error: OSError) -> PluginDefinitionError:
    name = path.stem if path.suffix == ".py" else path.name
    return PluginDefinitionError(name, f"'{path}' cannot be read: {error.strerror or error}")


def _is_ignored(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _IGNORED)
