"""A plugin's own widget: made when a page asks for it, shown in its card; its traits are state.

A trait counts as state once it is another than :meth:`~.plugin.Plugin.widget` has made it. So what a user
moved survives a reload, and what the author edited (a label, a limit) comes in. After a reload, ``widget()`` is
asked again, and what it returns is given those traits: the widget itself, and those in it by their places.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import WidgetError, describe
from .names import shown
from .plugin import Plugin

if TYPE_CHECKING:
    from .gate import Gate

log = logging.getLogger("themis_jupyter.widget")

#: By place in the tree of widgets, traits as JSON data.
Traits = Mapping[str, Mapping[str, Any]]


class OwnWidget:
    """The widget of one plugin, from its first load on, over reloads and unloads.

    :ivar turn: grows each time that the widget is to be asked for again.
    """

    def __init__(self) -> None:
        self.turn = 0
        self._making = threading.Lock()
        self._made: Any = None
        self._stale = True
        #: How it was when it was made.
        self._first: Traits = {}
        #: What it is to be given when it is made.
        self._waiting: Traits = {}

    def get(self, name: str, instance: Plugin, gate: Gate) -> Any:
        """Return the widget, made anew after a reload; None where the plugin has none.

        :raises WidgetError: ``widget()`` returned something else, or raised.
        """
        if not has_widget(instance):
            return None
        # As a call: it waits for a reload that is under way, and a reload waits for it.
        return gate.run("widget", self._get, name, instance)

    def _get(self, name: str, instance: Plugin) -> Any:
        with self._making:
            if self._stale:
                made = _ask(name, instance)
                before, self._made = self._made, made
                self._stale = False
                if before is not made:
                    _close(before, keep=dict(_tree(made)).values())
                    self._first = _traits(made)
                for problem in _apply(made, self._waiting, self._first):
                    log.warning("the widget of %r: %s", name, problem)
                self._waiting = {}
            return self._made

    def traits(self) -> Traits:
        """Return what of it is state: the traits that somebody has changed."""
        made, first, waiting = self._made, self._first, self._waiting
        if made is None or waiting:
            return waiting
        now = _traits(made)
        differ = {
            place: {k: v for k, v in values.items() if first.get(place, {}).get(k, ...) != v}
            for place, values in now.items()
        }
        return {place: values for place, values in differ.items() if values}

    def begin(self, traits: Traits) -> None:
        """Take note that other code of the plugin runs, or that it has another state.

        :param traits: what the widget is to have, as :meth:`traits` gave it.
        """
        self._waiting, self._stale = traits, True
        self.turn += 1

    def put_back(self, traits: Traits) -> None:
        """Give it the traits that it had, as the plugin goes on as it was."""
        if self._made is not None:
            for problem in _apply(self._made, traits, self._first):
                log.warning("a widget could not be brought back: %s", problem)

    def end(self) -> None:
        """Close it."""
        made, self._made = self._made, None
        self._waiting = self._first = {}
        self._stale = True
        self.turn += 1
        _close(made)


def has_widget(instance: object) -> bool:
    """Return whether a plugin offers a widget. An attribute of that name is none: it is the plugin's own."""
    method = getattr(type(instance), "widget", None)
    return isinstance(instance, Plugin) and callable(method) and method is not Plugin.widget


def widget_types() -> tuple[type, ...]:
    """Return the base class of all widgets, if there are any: ipywidgets is not imported for that."""
    module = sys.modules.get("ipywidgets")
    return (module.Widget,) if module is not None else ()


def is_widget(obj: object) -> bool:
    """Return whether an object is a widget."""
    return isinstance(obj, widget_types())


def _ask(name: str, instance: Plugin) -> Any:
    try:
        made = instance.widget()
    except Exception as error:
        raise WidgetError(
            f"widget() of {name!r} raised {describe(error)}. Mend it, and reload the plugin."
        ) from error
    if made is not None and not is_widget(made):
        raise WidgetError(
            f"widget() of {name!r} returned {shown(made)} ({type(made).__name__}); expected a widget of "
            "ipywidgets, or None."
        )
    return made


def _tree(widget: Any) -> Iterator[tuple[str, Any]]:
    """Yield the widget and those in it, each once, by where they are."""
    if widget is None:
        return
    seen: set[int] = set()
    waiting = [("", widget)]
    while waiting:
        place, each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield place, each
        for trait in sorted(_names(each)):
            value = getattr(each, trait, None)
            if is_widget(value):
                waiting.append((f"{place}.{trait}", value))
            elif isinstance(value, list | tuple):
                inner = [(f"{place}.{trait}[{n}]", v) for n, v in enumerate(value) if is_widget(v)]
                waiting += reversed(inner)


def _names(widget: Any) -> list[str]:
    """Return the names of the traits that a page sees, but for what is its looks and its code."""
    return [n for n in widget.keys if not n.startswith("_") and n not in ("layout", "style")]


def _traits(widget: Any) -> Traits:
    return {place: _traits_of(each) for place, each in _tree(widget)}


def _traits_of(widget: Any) -> dict[str, Any]:
    state = widget.get_state(_names(widget))
    return {name: value for name, value in state.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    """Return whether it is JSON data, and refers to no other widget."""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return "IPY_MODEL_" not in text


def _apply(widget: Any, traits: Traits, first: Traits) -> list[str]:
    """Give a widget, and those in it, some traits; others become what they were at first.

    :return: in words, what could not be set.
    """
    problems = []
    widgets = dict(_tree(widget))
    for place, each in widgets.items():
        now = _traits_of(each)
        wanted = {**first.get(place, {}), **traits.get(place, {})}
        change = {k: v for k, v in wanted.items() if k in now and now[k] != v}
        for name, value in change.items():
            # One by one, so that one that does not fit any more does not take others with it.
            try:
                each.set_state({name: value})
            except Exception as error:  # noqa: BLE001 - a trait's own check may raise anything; it is told
                where = f"{place}.{name}".lstrip(".")
                problems.append(
                    f"{where} = {shown(value)} does not fit any more: {describe(error)}"
                )
    problems += [f"there is no widget at {p} any more" for p in traits.keys() - widgets.keys()]
    return problems


def _close(widget: Any, keep: Any = ()) -> None:
    kept = {id(each) for each in keep}
    for _, each in list(_tree(widget)):
        if id(each) not in kept:
            each.close()
