"""Answers with several rows: plugins, one plugin in detail, events, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..events import DriftEvent, Event
from ..render.format import names, one_line, printable
from ..render.text import EVENT_COLUMNS, event_rows, table
from ..report import ReloadReport
from ..user_frames import leave_us_out
from .results import Result, card


class Table(Result):
    """Rows under headings; empty, it is a sentence, and false."""

    columns: Sequence[str] = ()
    empty = "nothing"

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return one value per column for each row."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        return bool(self.rows())

    def text(self) -> str:
        """Return the table with aligned columns."""
        rows = self.rows()
        return table(rows, self.columns) if rows else self.empty

    def html(self) -> str:
        """Return the table as HTML."""
        from ..render.html import escape, html_table

        rows = self.rows()
        return html_table(rows, self.columns) if rows else f"<div>{escape(self.empty)}</div>"


@dataclass(frozen=True)
class PluginRow:
    """One plugin.

    :param state: ``loaded``, ``broken`` (a failed reload could not be undone) or ``not loaded``.
    :param dependents: loaded plugins that need it.
    :param last: how its last reload ended; empty if there was none.
    :param drift: ``edited``, ``deleted`` or ``reverted`` where its file is not what runs; empty otherwise.
    :param drift_in_words: such as ``running version 3, file has version 5``.
    """

    name: str
    version: str
    state: str
    dependents: tuple[str, ...] = ()
    last: str = ""
    drift: str = ""
    drift_in_words: str = ""


class Plugins(Table):
    """What ``%plugins`` found: a sequence of :class:`PluginRow`, also by name.

    :param panel: makes a widget that shows the plugins, where there can be one; asked when this is shown.
    """

    columns = ("name", "version", "state", "dependents", "last reload", "on disk")
    empty = "There are no plugins here. Load one by the path of its file: %load_plugin ./plugin.py"

    def __init__(
        self,
        plugins: Iterable[PluginRow],
        notes: Iterable[str] = (),
        panel: Callable[[], Any] | None = None,
    ) -> None:
        self._plugins = tuple(plugins)
        self.notes = tuple(notes)
        self._panel = panel

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(include, exclude)
        panel = self._panel() if self._panel is not None else None
        if panel is not None:
            data, *_ = panel._repr_mimebundle_()
            # Where the widget cannot be shown, and in a saved notebook, the table is.
            bundle = {**data, **bundle}
        return bundle

    def text(self) -> str:
        """Return the table, and what else there is to say."""
        return "\n".join([super().text(), *self.notes])

    def html(self) -> str:
        """Return the same as HTML."""
        from ..render.html import escape

        return super().html() + "".join(f"<div>{escape(note)}</div>" for note in self.notes)

    def __iter__(self) -> Iterator[PluginRow]:
        return iter(self._plugins)

    def __len__(self) -> int:
        return len(self._plugins)

    def __getitem__(self, key: int | str) -> PluginRow:
        if isinstance(key, int):
            return self._plugins[key]
        for plugin in self._plugins:
            if plugin.name == key:
                return plugin
        error = KeyError(key)
        leave_us_out(error)
        raise error

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return [
            (p.name, p.version, p.state, names(p.dependents), p.last, _on_disk(p))
            for p in self._plugins
        ]


def _on_disk(plugin: PluginRow) -> str:
    if plugin.state == "not loaded":
        return ""
    if not plugin.drift_in_words.startswith("running"):
        return plugin.drift or "same"
    return f"{plugin.drift}: {plugin.drift_in_words}"


class Details(Table):
    """What ``%plugins NAME`` found: facts by name, as in a dict. The first one is the heading."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = facts
        self.columns = next(iter(facts.items()))

    def __getitem__(self, key: str) -> str:
        return self.facts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return a row for each fact but the first."""
        return list(self.facts.items())[1:]

    def text(self) -> str:
        """Return a line for each fact."""
        width = max(map(len, self.facts))
        return "\n".join(f"{key:{width}}  {one_line(v)}".rstrip() for key, v in self.facts.items())


class Events(Table):
    """What ``%plugin_events`` found: a sequence of events, the newest last."""

    columns = EVENT_COLUMNS
    empty = "Nothing has happened yet."

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = tuple(events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        return self._events[index]

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return the cells."""
        return event_rows(self._events)


@dataclass(frozen=True)
class Failure:
    """A load or a reload that failed, and was not mended since.

    :param words: what happened, in one line or a few.
    :param report: of a reload; None for a load.
    """

    plugin: str
    words: str
    traceback: str = ""
    report: ReloadReport | None = None

    def text(self) -> str:
        """Return words and traceback."""
        whole = f"{self.words}\n\n{self.traceback.rstrip()}" if self.traceback else self.words
        return printable(whole)

    def html(self) -> str:
        """Return the report, or a card and the traceback."""
        from ..render.html import escape, report_html

        if self.report is not None:
            return report_html(self.report)
        shown = card("✗", "bad", "Not loaded", self.plugin, lines=self.words.split("\n"))
        trace = f"<pre tabindex='0'>{escape(self.traceback.rstrip())}</pre>"
        return shown.removesuffix("</div>") + (trace if self.traceback else "") + "</div>"


class Errors(Table):
    """What ``%plugin_errors`` found: a sequence of :class:`Failure`; true where there are any."""

    empty = "No plugin has an error that is not mended."

    def __init__(self, failures: Iterable[Failure]) -> None:
        self._failures = tuple(failures)

    def __iter__(self) -> Iterator[Failure]:
        return iter(self._failures)

    def __len__(self) -> int:
        return len(self._failures)

    def __getitem__(self, index: int) -> Failure:
        return self._failures[index]

    def rows(self) -> Sequence[tuple[object, ...]]:
        """Return plugin, words and traceback of each."""
        return [(f.plugin, f.words, f.traceback) for f in self._failures]

    def text(self) -> str:
        """Return all of them, one after the other."""
        return "\n\n".join(failure.text() for failure in self._failures) or self.empty

    def html(self) -> str:
        """Return all of them, one below the other."""
        if not self._failures:
            return super().html()
        return "".join(failure.html() for failure in self._failures)


def finished(events: Iterable[Event]) -> list[Event]:
    """Return the events without the beginnings of steps whose end is there as well."""
    events = list(events)
    steps = [e for e in events if not isinstance(e, DriftEvent)]
    ended = {(e.operation, e.plugin, e.phase) for e in steps if e.status != "started"}
    return [
        e
        for e in events
        if isinstance(e, DriftEvent)
        or e.status != "started"
        or (e.operation, e.plugin, e.phase) not in ended
    ]
