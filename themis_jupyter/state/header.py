"""What can be told of a snapshot without loading it; plain data, fit for JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: Version of Python. (The module platform takes its time to be imported.)
PYTHON = ".".join(map(str, sys.version_info[:3]))
#: Of the files and of what is in them. A higher number is refused, with a hint to update.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a state that is a mapping.

    :param type: name of the value's type, with its module unless that is ``builtins``.
    :param size: bytes that it takes in the snapshot, as far as they can be told apart.
    """

    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """Where a snapshot comes from, and what is in it.

    :param plugin: name of the plugin.
    :param plugin_version: as its manifest says.
    :param state_version: of the layout of the state; see :mod:`.migration`.
    :param fields: where the state is a mapping.
    :param split: the stream has an empty dict, and then the value of each field by itself.
    :param source_sha256: of the plugin's source that built the state.
    :param python: version of Python that wrote it.
    :param libraries: versions of the installed distributions whose classes are in it.
    :param created: seconds since 1970.
    :param sizes: bytes of the pickle stream, then of each out-of-band buffer.
    :param code: it holds code by value, which only the same minor version of Python can load.
    :param widget: by place in the plugin's own widget, the traits that a user has changed.
    """

    plugin: str
    plugin_version: str = "0"
    state_version: int = 1
    fields: tuple[Field, ...] = ()
    split: bool = False
    source_sha256: str = ""
    python: str = PYTHON
    libraries: Mapping[str, str] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    sizes: tuple[int, ...] = ()
    code: bool = False
    widget: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.sizes)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {**asdict(self), "libraries": dict(self.libraries)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Header:
        """Return the header that :meth:`as_json` gave; unknown entries are ignored.

        :raises ValueError: the data are not those of a header.
        """
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        try:
            known["fields"] = tuple(
                Field(str(f["name"]), str(f["type"]), int(f["size"]))
                for f in known.get("fields", ())
            )
            known["sizes"] = tuple(int(size) for size in known.get("sizes", ()))
            known["libraries"] = {str(k): str(v) for k, v in known.get("libraries", {}).items()}
            widget = known.get("widget", {})
            known["widget"] = {str(place): dict(traits) for place, traits in widget.items()}
            return cls(**known)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ValueError(f"not the header of a snapshot: {error}") from error
