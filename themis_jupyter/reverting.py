"""Bringing a former version of a plugin back: what to ask a reload for, and writing its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .config import alike
from .errors import HistoryError, PluginError, ThemisError, describe
from .history import Version
from .placing import placed
from .record import Record, sources_of
from .request import Request
from .write_source import write_source

if TYPE_CHECKING:
    from .registry import Registry
    from .report import ReloadReport
    from .state import Snapshot


@dataclass
class Revert:
    """One revert that was asked for.

    :param number: of the version; None for the one that ran before the present one.
    :param code_only: the old code and configuration, with the present state.
    :param state_only: the present code and configuration, with the old state.
    :param write: write the old code to the user's files as well.
    :param cascade: take the plugins that need it along; they go on with the code that they run.
    """

    name: str
    number: int | None = None
    code_only: bool = False
    state_only: bool = False
    write: bool = False
    cascade: bool = False

    def request(self, registry: Registry, drain_timeout: float) -> Request:
        """Return what to ask a reload for.

        Nothing is read from disk: plugins that come along go on with the code that they run.

        :raises PluginError: the plugin is not loaded; or there is no such version, or its state is gone.
        """
        record = registry.get(self.name)
        self._check_options()
        version = self._version(record)
        group = registry.group([record.name], self.cascade)
        request = Request(
            [record.name],
            cascade=self.cascade,
            drain_timeout=drain_timeout,
            sources={k: s for each in group for k, s in sources_of(each.modules).items()},
            jsons={each.name: each.json for each in group},
            words=self._words(version),
        )
        if self.state_only:
            return replace(request, states={record.name: _state_of(record, version)})
        # The state of the version that runs is the present one, whatever it was left with before.
        if not self.code_only and version is not record.history.current:
            request = replace(request, states={record.name: _state_as_left(record, version)})
        return _with_code(request, record, version)

    def written(self, report: ReloadReport, registry: Registry) -> ReloadReport:
        """Write the files of the version that runs now, if that was asked for; return what to report."""
        record = registry.find(self.name)
        if not (self.write and report and record is not None and record.history.current):
            return report
        files: list[str] = []
        warnings: list[str] = []
        try:
            warnings += _write(record, record.history.current, files)
        except (ThemisError, OSError, ValueError) as error:  # the plugin runs: that is what counts
            warnings.append(f"its files were not all written: {describe(error)}")
        if files:
            report = replace(report, words=f"{report.words}, written to {', '.join(files)}")
        return report.with_warnings(*warnings) if warnings else report

    def _check_options(self) -> None:
        for one, other in (("--code-only", "--state-only"), ("--state-only", "--write")):
            given = vars(self)
            if given[_field(one)] and given[_field(other)]:
                raise HistoryError(
                    self.name, f"{one} and {other} exclude each other: give one of them."
                )

    def _version(self, record: Record) -> Version:
        history = record.history
        if self.number is not None:
            return history.get(self.number)
        # What broke runs no more: the version that ran before is the one that it was.
        found = history.current if record.is_broken else history.previous()
        if found is None:
            raise HistoryError(
                record.name,
                f"there is no version of {record.name!r} to go back to: no other one has run.",
            )
        return found

    def _words(self, version: Version) -> str:
        if self.state_only:
            return f"given the state of version {version.number}"
        if self.code_only:
            return f"reverted to the code of version {version.number}"
        return (
            f"reverted to version {version.number}{'' if version.stateless else ' with its state'}"
        )


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _state_of(record: Record, version: Version) -> Snapshot:
    if version.state is not None:
        return version.state
    name, number = record.name, version.number
    others = [str(v.number) for v in record.history if v.state is not None]
    there = f"Kept are the states of: {', '.join(others)}." if others else "None is kept."
    if version is record.history.current:
        why = "that version runs, and has its state"
    else:
        why = version.not_kept or "it was not saved"
    raise HistoryError(
        name, f"the state of version {number} of {name!r} is not kept: {why}. {there}"
    )


def _state_as_left(record: Record, version: Version) -> Snapshot | None:
    """Return the state that a version was left with; None if it is one that has none.

    :raises HistoryError: it is not kept any more.
    """
    if version.stateless:
        return None
    if version.state is not None:
        return version.state
    name, number = record.name, version.number
    raise HistoryError(
        name,
        f"the state that version {number} of {name!r} was left with is not kept: "
        f"{version.not_kept or 'it was not saved'}. To bring back its code, with the state that "
        f"{name!r} has now: %revert_plugin {name} {number} --code-only",
    )


def _with_code(request: Request, record: Record, version: Version) -> Request:
    """Return the request for the code and the configuration of a version."""
    name, sources = record.name, placed(record, version)
    package = record.candidate.module
    rest = {k: s for k, s in request.sources.items() if not f"{k}.".startswith(f"{package}.")}
    return replace(
        request,
        sources={**rest, **sources},
        jsons={**request.jsons, name: version.json},
        overlays={package: sources} if record.candidate.is_package else {},
        config={} if alike(version.config, record.config) else {name: version.config},
    )


def _write(record: Record, version: Version, files: list[str]) -> Iterator[str]:
    """Write the files of a version; yield what the user has to know.

    :param files: gets the names of those that are now as that version has them.
    """
    from .drift import hash_of_file

    history = record.history
    known = {source.sha256 for each in history for source in each.sources.values()}
    sources = placed(record, version)
    for source in sources.values():
        if hash_of_file(Path(source.filename))[0] == source.sha256:
            continue
        try:
            beside = write_source(source.filename, source.data, known)
        except OSError as error:
            yield f"{source.filename} was not written: {error.strerror or error}."
            continue
        files.append(os.path.basename(source.filename))
        if beside is not None:
            yield (
                f"{source.filename} held an edit that never ran; before it was written over, that was "
                f"kept as {beside}."
            )
    if not record.candidate.is_package:
        return
    others = {name for each in history for name in each.sources} - sources.keys()
    left = {s.filename for v in history for n, s in v.sources.items() if n in others}
    for file in sorted(file for file in left if Path(file).exists()):
        yield f"{file} is not in version {version.number}; it was left as it is, and is not imported."
    try:
        same = record.candidate.json_fields() == version.json
    except PluginError:
        same = False
    if not same:
        yield (
            f"plugin.json was not written; it differs from that of version {version.number}, so the next "
            "reload brings what it says in."
        )
