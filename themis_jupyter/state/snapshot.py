"""A plugin's state as bytes: taken while the plugin runs, proven by loading it once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..collector import CollectorPaused
from ..errors import StateError, describe
from .header import PYTHON, Field, Header
from .memory import Buffer, copy_of
from .paths import path_to
from .pickling import Reader, RefusedError, Rules, Writer

# A mapping with more entries than that is written as a whole.
_MAX_FIELDS = 500
# What was loaded as the proof is kept for the first restore up to that size: it takes memory of its own.
_READY = 1 << 26


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State at one moment. It shares no memory with the live objects, save its references.

    :param header: what can be told without loading it.
    :param data: the pickle stream.
    :param buffers: what the stream keeps out of band: the contents of large arrays.
    :param references: objects that the state refers to, and that come back as themselves. They belong to
        this process: a snapshot that has any cannot be written to a file.
    :param reset: paths of what comes back, but not as it was, each with the reason.
    :param rebuilt: paths of what a recipe makes again.
    :param kept: paths of what comes back as itself, of those that ``rules.stays`` was asked about.
    """

    header: Header
    data: bytes
    buffers: tuple[Buffer, ...] = ()
    references: tuple[object, ...] = ()
    reset: tuple[tuple[str, str], ...] = ()
    rebuilt: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    _ready: list[Any] = field(default_factory=list, repr=False, compare=False)

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
        cls,
        state: Any,
        *,
        plugin: str = "",
        rules: Rules = Rules(),  # noqa: B008 - a frozen value
        changing: Collection[str] = (),
        about: Mapping[str, Any] | None = None,
        watch: Callable[[str, int, float], None] = lambda name, size, seconds: None,
        progress: Callable[[int, str], None] | None = None,
    ) -> Snapshot:
        """Serialise ``state`` and load it once, to prove that it loads.

        :param rules: what goes by reference, what recipes make again, and whether it is for another process.
        :param changing: names of modules that may be other ones when the state is restored: what is of
            them is then made anew from the bytes in any case.
        :param about: further entries of the header.
        :param watch: called with each field's name, bytes and seconds when it has been written.
        :param progress: called often, with the bytes so far and with what is being written.
        :raises StateError: it cannot be serialised or loaded; the message names where, and what to do.
        """
        return _Capture(plugin, state, rules, watch, progress).take(set(changing), about or {})

    def restore(self, aliases: Mapping[str, str] | None = None) -> Any:
        """Return the state, made anew from the bytes; may be called again.

        :param aliases: by former ``module.name``, the present one of a renamed class.
        :raises StateError: the bytes do not load.
        """
        if self._ready:
            try:
                return self._ready.pop()
            except IndexError:  # another thread took it
                pass
        buffers = [copy_of(buffer) for buffer in self.buffers]
        return self._load(buffers, aliases or {})[0]

    def without_spare(self) -> Snapshot:
        """Return the same without the copy that is ready to be handed out: it takes memory of its own."""
        return replace(self, _ready=[])

    def _load(
        self,
        buffers: list[Any],
        aliases: Mapping[str, str],
        *,
        proving: bool = False,
        portable: bool = False,
    ) -> tuple[Any, set[str]]:
        self._check_python()
        reader = Reader(
            self.data,
            buffers,
            self.references,
            aliases=aliases,
            proving=proving,
            portable=portable,
        )
        name = "its state"
        try:
            # Nothing of it is garbage, but the collector would look through it again and again.
            with CollectorPaused():
                if not self.header.split:
                    return reader.read(), reader.modules
                root = reader.begin()
                for entry in self.header.fields:
                    name = f"state.{entry.name}"
                    root[entry.name] = reader.read()
        except RecursionError as error:
            raise StateError(self.plugin, _too_deep(self.plugin, name)) from error
        except Exception as error:
            raise StateError(
                self.plugin,
                f"{name} of {self.plugin!r} was saved but does not load again: {describe(error)}. "
                "Leave out what is at fault: name it in `transient`, or write save_state().",
            ) from error
        return root, reader.modules

    def _check_python(self) -> None:
        here, there = PYTHON, self.header.python
        if self.header.code and here.split(".")[:2] != there.split(".")[:2]:
            raise StateError(
                self.plugin,
                f"the state of {self.plugin!r} was saved by Python {there} and holds functions or classes "
                f"by value, which Python {here} cannot read. Restore it with Python {there}, or leave "
                "lambdas and what was defined in the notebook out of the state.",
            )


class _Capture:
    """Takes one snapshot."""

    def __init__(
        self,
        plugin: str,
        state: Any,
        rules: Rules,
        watch: Callable[[str, int, float], None],
        progress: Callable[[int, str], None] | None,
    ) -> None:
        self._plugin = plugin
        self._state = state
        self._rules = rules
        self._watch = watch
        self._progress = progress
        self._writer = Writer(rules, self._wrote if progress is not None else None)
        self._at: tuple[str, object] = ("state", state)

    def take(self, changing: set[str], about: Mapping[str, Any]) -> Snapshot:
        state, writer = self._state, self._writer
        split = type(state) is dict and all(type(key) is str for key in state)
        split = split and len(state) <= _MAX_FIELDS
        try:
            fields = tuple(self._written() if split else self._whole())
        except RefusedError as error:
            raise self._refused(error) from None
        except RecursionError as error:
            raise StateError(self._plugin, _too_deep(self._plugin, self._at[0])) from error
        except Exception as error:
            raise self._failed(error) from error
        facts, data = writer.facts, writer.data()
        header = Header(
            self._plugin,
            fields=fields,
            split=split,
            sizes=(len(data), *map(len, writer.buffers)),
            code=facts.code,
            **about,
        )
        snapshot = Snapshot(
            header,
            data,
            tuple(writer.buffers),
            tuple(facts.references),
            tuple((self._where(item), why) for item, why in facts.reset),
            tuple(map(self._where, facts.rebuilt)),
            tuple(map(self._where, facts.stayed)),
        )
        if self._progress is not None:
            self._progress(header.size, "loading it once, to see that it loads")
        # Loading with the snapshot's own buffers copies nothing; what comes of it is thrown away then.
        loaded, modules = snapshot._load(
            list(writer.buffers), {}, proving=True, portable=self._rules.portable
        )
        isolated = not (snapshot.buffers or facts.rebuilt or facts.code)
        modules_of_references = {getattr(item, "__module__", None) for item in facts.references}
        if isolated and len(data) <= _READY and not changing & (modules | modules_of_references):
            snapshot._ready.append(loaded)
        libraries = dict(_versions(modules))
        return replace(snapshot, header=replace(header, libraries=libraries))

    def _written(self) -> Iterator[Field]:
        from time import perf_counter

        self._writer.begin(self._state)
        for name, value in self._state.items():
            self._at = (f"state.{name}", value)
            began = perf_counter()
            size = self._writer.write(value)
            self._watch(name, size, perf_counter() - began)
            yield Field(name, _type_name(value), size)

    def _whole(self) -> Iterator[Field]:
        size = self._writer.write(self._state)
        if isinstance(self._state, Mapping) and len(self._state) <= _MAX_FIELDS:
            for name, value in self._state.items():
                yield Field(str(name), _type_name(value), 0)
        else:
            self._watch("state", size, 0.0)

    def _wrote(self, size: int) -> None:
        assert self._progress is not None
        self._progress(size, self._at[0])

    # -- what went wrong -------------------------------------------------------------------------

    def _where(self, culprit: object) -> str:
        return path_to(culprit, self._state) or f"something in {self._at[0]}"

    def _refused(self, error: RefusedError) -> StateError:
        kind = type(error.culprit).__name__
        return StateError(
            self._plugin,
            f"the state of {self._plugin!r} cannot be saved: {self._where(error.culprit)} is "
            f"{error.refusal.what} ({kind}). Instead, {error.refusal.instead}.",
        )

    def _failed(self, error: Exception) -> StateError:
        last = self._writer.last
        where = path_to(last, self._at[1], self._at[0]) if last is not None else None
        what = f"{where} ({type(last).__name__})" if where else f"something in {self._at[0]}"
        return StateError(
            self._plugin,
            f"the state of {self._plugin!r} cannot be saved: {what} does not serialise "
            f"({describe(error)}). Name that attribute in `transient`, or write save_state() so that "
            "it returns plain data.",
        )


def _too_deep(plugin: str, where: str) -> str:
    return (
        f"{where} of {plugin!r} is nested too deeply to be saved: a list linked by attributes, perhaps. "
        "Write save_state() so that it returns flat data (a list of the elements)."
    )


def _type_name(value: object) -> str:
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _versions(modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the versions that the packages of some modules tell."""
    for name in sorted({module.partition(".")[0] for module in modules}):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            yield name, version
