"""The versions of a plugin that ran: their code, their configuration, and the state they were left with."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .config import alike
from .errors import HistoryError

if TYPE_CHECKING:
    from .reload.source import Source
    from .state import Header, Snapshot

#: How a version came to run.
LOAD, RELOAD, REVERT = "load", "reload", "revert"


@dataclass(eq=False)
class Version:
    """One version that ran: code and configuration.

    :param number: from 1 on; never given twice.
    :param sources: the bytes of its modules, by name. Those that are imported when first used are added
        when that is noticed.
    :param json: what ``plugin.json`` said.
    :param config: what it was started with.
    :param plugin_version: as its manifest says.
    :param how: it came to run, the last time: ``load``, ``reload`` or ``revert``.
    :param began: when it first ran, in seconds since 1970.
    :param again: when it began to run the last time.
    :param turn: of all times that a version began to run, which one that was.
    :param left: what its state was when it was left; None where it was not, or had none.
    :param state: that state itself; None where it is not, or no longer, kept.
    :param not_kept: why it is not, in words.
    :param stateless: it has no ``save_state()``.
    """

    number: int
    sources: dict[str, Source]
    json: dict[str, Any] | None
    config: dict[str, Any]
    plugin_version: str = "0"
    how: str = LOAD
    began: float = field(default_factory=time.time)
    again: float = 0.0
    turn: int = 0
    left: Header | None = None
    state: Snapshot | None = None
    not_kept: str = ""
    stateless: bool = False

    def runs(
        self,
        hashes: Mapping[str, str],
        json: dict[str, Any] | None,
        config: dict[str, Any],
        gone: Collection[str] = (),
    ) -> bool:
        """Return whether modules with these hashes, and that configuration, are this version.

        A module that is imported when first used may be there, or not yet: it does not count.

        :param gone: names of modules that are there no more.
        """
        common = self.sources.keys() & hashes.keys()
        if not common or not self.sources.keys().isdisjoint(gone):
            return False
        same = all(self.sources[name].sha256 == hashes[name] for name in common)
        return same and self.json == json and alike(self.config, config)

    def leave(self, state: Snapshot | None) -> None:
        """Note the state that the version was left with. Its spare copy is not kept."""
        self.left = state.header if state is not None else None
        self.state = state.without_spare() if state is not None else None
        self.not_kept = "" if state is not None else "it could not be saved"

    def drop_state(self, why: str) -> None:
        """Keep the state no longer; what can be told of it stays.

        :param why: in words.
        """
        self.state, self.not_kept = None, why


@dataclass(eq=False)
class History:
    """The kept versions of one plugin, by number.

    :param current: the one that runs, or ran when the plugin was unloaded; None before the first load.
    """

    plugin: str
    current: Version | None = None
    _versions: dict[int, Version] = field(default_factory=dict)
    _numbers: int = 0
    _turns: int = 0

    def __iter__(self) -> Iterator[Version]:
        return iter(list(self._versions.values()))

    def __len__(self) -> int:
        return len(self._versions)

    def get(self, number: int) -> Version:
        """Return a kept version.

        :raises HistoryError: there is none of that number; the message tells which there are.
        """
        version = self._versions.get(number)
        if version is not None:
            return version
        if not self._versions:
            raise HistoryError(self.plugin, f"no version of {self.plugin!r} has run yet.")
        gone = "no longer kept" if 0 < number <= self._numbers else "not there"
        raise HistoryError(
            self.plugin,
            f"version {number} of {self.plugin!r} is {gone}. There are: {_spans(self._versions)}. "
            f"See %plugin_history {self.plugin}.",
        )

    def previous(self) -> Version | None:
        """Return the version that ran before the one that runs; None where there is none."""
        others = [version for version in self if version is not self.current]
        return max(others, key=lambda version: version.turn, default=None)

    def begin(
        self,
        sources: Mapping[str, Source],
        json: dict[str, Any] | None,
        config: dict[str, Any],
        *,
        plugin_version: str,
        how: str,
        stateless: bool = False,
        gone: Collection[str] = (),
    ) -> Version:
        """Note what runs from now on: a kept version once more, or a new one; see :class:`Version`.

        :param gone: names of modules that what ran before had, and that are there no more.
        """
        hashes = {name: source.sha256 for name, source in sources.items()}
        known = [v for v in self if v.runs(hashes, json, config, gone)]
        # One that has exactly these modules, and of those the one that runs or ran last.
        known.sort(key=lambda v: (v.sources.keys() == hashes.keys(), v is self.current, v.turn))
        version = known[-1] if known else None
        if version is None:
            self._numbers += 1
            version = Version(self._numbers, {}, json, config)
        if version is not self.current or how == LOAD:
            self._turns += 1
            version.turn, version.again, version.how = self._turns, time.time(), how
            version.not_kept = version.not_kept if version.state is None and version.left else ""
        version.plugin_version, version.stateless = plugin_version, stateless
        version.sources.update((name, self._kept(name, s)) for name, s in sources.items())
        self._versions[version.number] = self.current = version
        return version

    def grow(self, sources: Mapping[str, Source]) -> None:
        """Add modules that the running version has imported since it began to run."""
        if self.current is not None:
            for name, source in sources.items():
                if name not in self.current.sources:
                    self.current.sources[name] = self._kept(name, source)

    def reword(self, sources: Mapping[str, Source]) -> None:
        """Put other texts of the same code in place of those that the running version was kept with."""
        if self.current is not None:
            kept = {name: self._kept(name, source) for name, source in sources.items()}
            self.current.sources.update(kept)

    def _kept(self, name: str, source: Source) -> Source:
        """Return the source as it is kept: once for all versions, and without its decoded text."""
        for version in self:
            known = version.sources.get(name)
            if known is not None and known == source:
                return known
        return replace(source)

    def drop(self, most: int) -> None:
        """Keep at most so many versions: those that ran last, and the one that runs in any case."""
        by_turn = sorted(self, key=lambda v: (v is self.current, v.turn))
        for version in by_turn[: max(len(by_turn) - max(most, 1), 0)]:
            del self._versions[version.number]

    def unloaded(self) -> None:
        """Drop states that refer to objects of the plugin as it was loaded: these are gone."""
        current = self.current
        if current is not None and current.state is None and not current.not_kept:
            current.not_kept = "the plugin was unloaded, which does not save it"
        for version in self:
            if version.state is not None and version.state.references:
                version.drop_state("it referred to objects that went when the plugin was unloaded")


def _spans(numbers: Mapping[int, object]) -> str:
    """Return ``1-3, 5``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
