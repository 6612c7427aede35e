"""The magics for versions that ran: list them, compare them, bring one back."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import magics_class

from ..errors import HistoryError, PluginNotFoundError, PluginNotLoadedError, did_you_mean
from ..record import Record
from ..report import ReloadReport
from .arguments import CASCADE, NAME, takes
from .base import ManagerMagics, check_no_variable
from .command import command
from .versions import Difference, Versions

if TYPE_CHECKING:
    from ..comparing import Side

#: What stands for a version, besides its number.
RUNNING, FILE = "running", "file"
WORDS = (RUNNING, FILE)


# Not HistoryMagics: a shell keeps groups of magics by name, and IPython has one of that name.
@magics_class
class VersionMagics(ManagerMagics):
    """Magics about the versions of a plugin that ran in this kernel."""

    @command(NAME)
    def plugin_history(self, request: Namespace) -> Versions:
        """List the versions of a plugin that ran in this kernel and are kept.

        A version is source and configuration. What is listed of it: when it began to run, and by
        what; how its source differs from the line above; and the state that it was left with.

        Example::

            %plugin_history counter

        How many are kept: `c.HistoryKeeper.versions`; how much of their states:
        `c.HistoryKeeper.state_bytes`.
        """
        from .versions import version_rows

        return Versions(list(version_rows(self._known_record(request))))

    @command(
        NAME,
        takes("old", metavar="A", nargs="?", help="number of a version, or running, or file"),
        takes("new", metavar="B", nargs="?", help="the same (default: running)"),
    )
    def plugin_diff(self, request: Namespace) -> Difference:
        """Show how one version of a plugin differs from another: source, configuration, state.

        Examples::

            %plugin_diff counter
            %plugin_diff counter 2
            %plugin_diff counter 2 5
            %plugin_diff counter running file

        Without versions: what runs against what is on disk or, where they are the same, the version
        before against what runs. To tell of the state that the plugin has now, its `save_state()`
        is called.
        """
        from ..comparing import compare
        from .masking import masked

        record = self._known_record(request)
        old, new = self._asked_sides(record, request)
        notes: list[str] = []
        sides = [self._side(record, word, notes) for word in (old, new)]
        if FILE not in (old, new):
            notes += [_no_fields(side) for side in sides if side.fields is None]
        schema = record.manifest.config_schema if record.manifest is not None else None
        return Difference(
            compare(record.name, *sides, notes=notes, mask=lambda config: masked(config, schema))
        )

    @command(
        NAME,
        takes("version", metavar="VERSION", nargs="?", help="its number (default: the last one)"),
        takes("--code-only", action="store_true", help="its code, with the present state"),
        takes("--state-only", action="store_true", help="its state, with the present code"),
        takes("--write", action="store_true", help="write its source to the file as well"),
        CASCADE,
    )
    def revert_plugin(self, request: Namespace) -> ReloadReport:
        """Bring back a version of a plugin that ran before: its code, configuration and state.

        It is a transaction as a reload is: if it fails, the present version goes on running, with
        its state. The file stays as it is, unless `--write` is given; so the next %reload_plugin
        brings in what the file has.

        Examples::

            %revert_plugin counter
            %revert_plugin counter 2
            %revert_plugin counter 2 --code-only
            %revert_plugin counter --state-only
            %revert_plugin counter 2 --write

        Without a number: the version that ran before the present one. `%plugin_history` lists them.
        """
        for one, other in (("code_only", "state_only"), ("state_only", "write")):
            if getattr(request, one) and getattr(request, other):
                names = [f"--{name.replace('_', '-')}" for name in (one, other)]
                raise UsageError(f"%revert_plugin: {' and '.join(names)} exclude each other.")
        name = self._loaded(request.name, request)
        number = None
        if request.version is not None:
            if request.version.lower() in WORDS:
                raise UsageError(
                    f"%revert_plugin: {request.version!r} is no former version; give a number. What the "
                    f"file has is brought in by %reload_plugin {name}."
                )
            number = _number(request.version, "%revert_plugin", name, ())
            self.manager.history(name).get(number)
        return self.manager.revert_plugin(
            name,
            number,
            code_only=request.code_only,
            state_only=request.state_only,
            write=request.write,
            cascade=request.cascade,
        )

    # -- what was asked for ----------------------------------------------------------------------

    def _known_record(self, request: Namespace) -> Record:
        """Return the record of a plugin that is, or was, loaded.

        :raises ThemisError: there is none.
        """
        try:
            return self.manager.get_record(self._loaded(request.name, request))
        except PluginNotLoadedError:
            record = self.manager.find_record(request.name)
            if record is None:
                raise
            return record
        except PluginNotFoundError:
            check_no_variable(request.name, request)
            raise

    def _asked_sides(self, record: Record, request: Namespace) -> tuple[str, str]:
        given = [_word(text, record) for text in (request.old, request.new) if text is not None]
        if given:
            return given[0], (given[1] if len(given) > 1 else RUNNING)
        from ..drift import drift_of

        before, current = record.history.previous(), record.history.current
        if current is not None and not record.is_loaded:
            return str(current.number), FILE
        if before is None or (record.is_loaded and drift_of(record)):
            return RUNNING, FILE
        return str(before.number), RUNNING

    def _side(self, record: Record, word: str, notes: list[str]) -> Side:
        from ..sides import file_side, running_side, side_of

        if word == FILE:
            side, told = file_side(record)
            notes += told
            return side
        history = record.history
        if word == RUNNING:
            if not record.is_loaded:
                raise HistoryError(
                    record.name, f"{record.name!r} is not loaded: it has no {RUNNING!r}."
                )
            return running_side(record, self.manager.state_fields(record.name))
        version = history.get(int(word))
        if version is history.current and record.is_loaded:
            return self._side(record, RUNNING, notes)
        return side_of(version)


def _word(text: str, record: Record) -> str:
    """Return ``running``, ``file``, or the number of a kept version.

    :raises UsageError: it is none of them.
    """
    if text in WORDS:
        return text
    number = _number(text, "%plugin_diff", record.name, WORDS)
    return str(record.history.get(number).number)


def _number(text: str, magic: str, plugin: str, words: tuple[str, ...]) -> int:
    plain = text.removeprefix("v")
    if plain.isascii() and plain.isdigit():
        return int(plain)
    expected = " or ".join(["the number of a version", *words])
    raise UsageError(
        f"{magic}: {text!r} is not {expected}{did_you_mean(text, words)}; see %plugin_history {plugin}"
    )


def _no_fields(side: Side) -> str:
    return f"What was in the state of {side.label} is not known, so the states are not compared."
