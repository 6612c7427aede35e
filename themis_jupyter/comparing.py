"""What differs between two versions of a plugin: source, configuration, and fields of the state."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .config import alike
from .errors import SourceError
from .names import shown

if TYPE_CHECKING:
    from .reload.source import Source
    from .state.header import Field

_CONTEXT = 3


@dataclass(frozen=True)
class Side:
    """One of two versions.

    :param label: ``version 2``, ``running version 3``, ``file``.
    :param config: None where there is none to be told, as for a file.
    :param fields: of its state; None where that is not known.
    """

    label: str
    sources: Mapping[str, Source]
    json: Mapping[str, Any] | None = None
    config: Mapping[str, Any] | None = None
    fields: Sequence[Field] | None = None


@dataclass(frozen=True)
class ModuleDiff:
    """How one module differs.

    :param lines: a unified diff, without its two first lines and without newlines.
    """

    module: str
    word: str
    lines: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """How many lines are new."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """How many lines are gone."""
        return sum(line.startswith("-") for line in self.lines)


@dataclass(frozen=True)
class Comparison:
    """How one version differs from another. False where it does not.

    :param config: by what is configured, from what to what; empty words for what is not there.
    :param state: by the name of a field, from what to what.
    :param notes: what could not be compared, in words.
    """

    plugin: str
    old: str
    new: str
    modules: tuple[ModuleDiff, ...] = ()
    config: tuple[tuple[str, str, str], ...] = ()
    state: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.modules or self.config or self.state)


def compare(
    plugin: str, old: Side, new: Side, *, notes: Sequence[str] = (), mask: Any = None
) -> Comparison:
    """Return what differs.

    :param mask: makes a configuration fit to be shown.
    """
    hide = mask or (lambda config: config)
    config: list[tuple[str, str, str]] = []
    if old.config is not None and new.config is not None:
        config += _pairs(old.config, new.config, hide(old.config), hide(new.config))
    json_old, json_new = old.json or {}, new.json or {}
    pairs = _pairs(json_old, json_new, json_old, json_new)
    config += [(f"plugin.json: {name}", before, after) for name, before, after in pairs]
    state: tuple[tuple[str, str, str], ...] = ()
    if old.fields is not None and new.fields is not None:
        state = tuple(_fields(old.fields, new.fields))
    return Comparison(
        plugin,
        old.label,
        new.label,
        tuple(module_diffs(old.sources, new.sources)),
        tuple(config),
        state,
        tuple(notes),
    )


def module_diffs(old: Mapping[str, Source], new: Mapping[str, Source]) -> Iterator[ModuleDiff]:
    """Yield how each module differs that does; the outermost first."""
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is not None and after is not None and before.data == after.data:
            continue
        word = "added" if before is None else "removed" if after is None else "changed"
        lines = tuple(_diff(_lines(before), _lines(after)))
        if not lines and word == "changed":
            lines = ("  (only line ends, a byte order mark or the encoding differ)",)
        yield ModuleDiff(name, word, lines)


def counted(old: Mapping[str, Source], new: Mapping[str, Source]) -> str:
    """Return how much differs, as ``+3 -1``; empty where nothing does."""
    found = list(module_diffs(old, new))
    added, removed = sum(d.added for d in found), sum(d.removed for d in found)
    return f"+{added} -{removed}" if found else ""


def _lines(source: Source | None) -> list[str]:
    if source is None:
        return []
    source = replace(source)  # one of a history is to stay without its decoded text
    try:
        return source.text.removeprefix("\ufeff").split("\n")
    except SourceError:  # a file that cannot be decoded: its bytes are shown
        return source.data.decode("utf-8", "backslashreplace").split("\n")


def _diff(old: list[str], new: list[str]) -> Iterator[str]:
    # What ends in a newline has an empty last line, which is none.
    ends = [bool(lines) and not lines[-1] for lines in (old, new)]
    old, new = (lines[:-1] if end else lines for lines, end in zip((old, new), ends, strict=True))
    found = difflib.unified_diff(old, new, n=_CONTEXT, lineterm="")
    for number, line in enumerate(found):
        if number > 1:
            yield line
    if old and new and ends[0] != ends[1]:
        yield "-" + _NO_END if not ends[0] else "+" + _NO_END


_NO_END = "(no newline at the end of the file)"


def _pairs(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    shown_old: Mapping[str, Any],
    shown_new: Mapping[str, Any],
) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys([*old, *new]):
        if key in old and key in new and alike(old[key], new[key]):
            continue
        yield (
            str(key),
            shown(shown_old[key]) if key in old else "",
            shown(shown_new[key]) if key in new else "",
        )


def _fields(old: Sequence[Field], new: Sequence[Field]) -> Iterator[tuple[str, str, str]]:
    from .render.format import size

    def words(item: Field | None) -> str:
        return f"{item.type}, {size(item.size)}" if item is not None else ""

    before, after = ({f.name: f for f in fields} for fields in (old, new))
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if words(one) != words(other):
            yield name, words(one), words(other)
