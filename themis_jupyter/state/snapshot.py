"""A plugin's state as bytes: taken while the plugin runs, proven by loading it once."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StateError, describe
from .header import Field, Header

#: Whether an object in a state comes back as itself, not as a copy.
ByReference = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State at one moment. It shares no memory with the live objects, save its references.

    :param header: what can be told without loading it.
    :param data: the pickle stream.
    :param buffers: what the stream keeps out of band: the contents of large arrays.
    :param references: objects that the state refers to, and that come back as themselves. They belong to
        this process: a snapshot that has any cannot be written to a file.
    """

    header: Header
    data: bytes
    buffers: tuple[bytes, ...] = ()
    references: tuple[object, ...] = ()

    @property
    def plugin(self) -> str:
        """Name of the plugin."""
        return self.header.plugin

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what it holds, where the state is a mapping."""
        return tuple(field.name for field in self.header.fields)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.header.size

    @classmethod
    def capture(
        cls, plugin: str, state: Any, by_reference: ByReference = lambda obj: False
    ) -> Snapshot:
        """Serialise ``state`` and load it once, to prove that it loads.

        :param by_reference: tells of an object whether it is to come back as itself: the plugin's
            own instance, say, of which a copy would be a ghost.
        :raises StateError: it cannot be serialised or loaded; the message names where.
        """
        data, references = _dump(plugin, state, by_reference)
        fields = tuple(
            Field(str(name), type(value).__qualname__, 0)
            for name, value in (state.items() if isinstance(state, Mapping) else ())
        )
        header = Header(plugin, fields=fields, sizes=(len(data),))
        snapshot = cls(header, data, (), tuple(references))
        snapshot.restore()
        return snapshot

    def restore(self) -> Any:
        """Return the state, made anew from the bytes; may be called again.

        :raises StateError: the bytes do not load.
        """
        import dill

        unpickler = dill.Unpickler(io.BytesIO(self.data))
        unpickler.persistent_load = self.references.__getitem__
        try:
            return unpickler.load()
        except Exception as error:
            raise StateError(
                self.plugin,
                f"the state of {self.plugin!r} was saved but does not load again: {describe(error)}. "
                "Leave out what is at fault: name it in `transient`, or write save_state().",
            ) from error


def get_ready() -> None:
    """Import the serializer, so that the first save does not wait for it."""
    import dill  # noqa: F401 - importing it is all


def _dump(plugin: str, state: Any, by_reference: ByReference) -> tuple[bytes, list[object]]:
    try:
        return _pickled(state, by_reference)
    except Exception as error:
        where = next(_culprits(state, "state", by_reference), "state")
        raise StateError(
            plugin,
            f"the state of {plugin!r} cannot be saved: {where} does not serialise "
            f"({describe(error)}). Name that attribute in `transient`, or write save_state() so that "
            "it returns plain data.",
        ) from error


def _pickled(value: Any, by_reference: ByReference) -> tuple[bytes, list[object]]:
    import dill

    buffer = io.BytesIO()
    references: list[object] = []

    def persistent_id(obj: object) -> int | None:
        if not by_reference(obj):
            return None
        references.append(obj)
        return len(references) - 1

    pickler = dill.Pickler(buffer, protocol=5, byref=False, recurse=True)
    pickler.persistent_id = persistent_id
    pickler.dump(value)
    return buffer.getvalue(), references


def _culprits(value: Any, path: str, by_reference: ByReference, depth: int = 0) -> Iterator[str]:
    """Yield the paths of the innermost parts that do not serialise."""
    if depth > 6 or _pickles(value, by_reference):
        return
    inner: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, Mapping):
        inner = ((f"{path}[{key!r}]" if depth else f"{path}.{key}", v) for key, v in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        inner = ((f"{path}[{index}]", v) for index, v in enumerate(value))
    elif isinstance(getattr(value, "__dict__", None), dict):
        inner = ((f"{path}.{key}", v) for key, v in vars(value).items())
    found = False
    for where, part in inner:
        for culprit in _culprits(part, where, by_reference, depth + 1):
            found = True
            yield culprit
    if not found:
        yield f"{path} ({type(value).__name__})"


def _pickles(value: Any, by_reference: ByReference) -> bool:
    try:
        _pickled(value, by_reference)
    except Exception:  # noqa: BLE001 - foreign objects may raise anything when they are pickled
        return False
    return True
