"""A plugin that is read from another file from now on: which files may take each other's place."""

from __future__ import annotations

import os

from .candidate import Candidate
from .discovery import candidate_from_path
from .errors import PluginDefinitionError
from .record import Record


def place_of(record: Record, path: str | os.PathLike[str]) -> Candidate:
    """Return what is in a file that is to take the place of the one that a plugin was read from.

    :raises PluginNotFoundError: there is nothing.
    :raises PluginDefinitionError: it cannot take that place.
    """
    name, present = record.name, record.candidate
    new = candidate_from_path(path)
    if new.path == present.path:
        return present
    if present.is_package or new.is_package:
        raise PluginDefinitionError(
            name,
            f"{name!r} is loaded from {present.path}. A package with several files and a single file cannot "
            f"take each other's place while it is loaded: %unload_plugin {name}, then load the other.",
        )
    if new.module != present.module:
        raise PluginDefinitionError(
            name,
            f"{name!r} is the module {present.module!r}, but {new.path} would be {new.module!r}. Give the "
            f"file the name {present.module}.py, or unload {name!r} first.",
        )
    return new
