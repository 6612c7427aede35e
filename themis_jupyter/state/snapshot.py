"""A plugin's state as bytes: taken while the plugin runs, proven by loading it once."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StateError, describe


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State at one moment. It shares no memory with the live objects.

    :param plugin: name of the plugin.
    :param data: the serialised state.
    :param fields: names of what it holds, where the state is a mapping.
    """

    plugin: str
    data: bytes
    fields: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    @classmethod
    def capture(cls, plugin: str, state: Any) -> Snapshot:
        """Serialise ``state`` and load it once, to prove that it loads.

        :raises StateError: it cannot be serialised or loaded; the message names where.
        """
        data = _dump(plugin, state)
        snapshot = cls(plugin, data, tuple(map(str, state)) if isinstance(state, Mapping) else ())
        snapshot.restore()
        return snapshot

    def restore(self) -> Any:
        """Return the state, made anew from the bytes; may be called again.

        :raises StateError: the bytes do not load.
        """
        import dill

        try:
            return dill.loads(self.data)
        except Exception as error:
            raise StateError(
                self.plugin,
                f"the state of {self.plugin!r} was saved but does not load again: {describe(error)}. "
                "Leave out what is at fault: name it in `transient`, or write save_state().",
            ) from error


def get_ready() -> None:
    """Import the serializer, so that the first save does not wait for it."""
    import dill  # noqa: F401 - importing it is all


def _dump(plugin: str, state: Any) -> bytes:
    import dill

    buffer = io.BytesIO()
    try:
        dill.Pickler(buffer, protocol=5, byref=False, recurse=True).dump(state)
    except Exception as error:
        where = next(_culprits(state, "state"), "state")
        raise StateError(
            plugin,
            f"the state of {plugin!r} cannot be saved: {where} does not serialise "
            f"({describe(error)}). Name that attribute in `transient`, or write save_state() so that "
            "it returns plain data.",
        ) from error
    return buffer.getvalue()


def _culprits(value: Any, path: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of the innermost parts that do not serialise."""
    import dill

    if depth > 6 or dill.pickles(value):
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
        for culprit in _culprits(part, where, depth + 1):
            found = True
            yield culprit
    if not found:
        yield f"{path} ({type(value).__name__})"
