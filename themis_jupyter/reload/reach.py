"""What a statement may come to use when it runs, through the functions and classes that it may call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from .outline import Statement

# Methods that Python calls of itself, but not while objects are made and worked with.
_QUIET = frozenset(
    {"__repr__", "__str__", "__format__", "__del__", "__reduce__", "__reduce_ex__", "__getstate__"}
    | {"__setstate__", "__copy__", "__deepcopy__", "__sizeof__", "__dir__"}
)


def called_of_itself(method: str) -> bool:
    """Return whether Python may call a method that nobody names (``__init__``, ``__add__`` …)."""
    return method.startswith("__") and method.endswith("__") and method not in _QUIET


class Reach:
    """Follows names of one module.

    :param statements: all of the new source.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._statements = list(statements)
        self.binders: dict[str, list[Statement]] = {}
        self.users: dict[str, list[Statement]] = {}
        self.hinting: dict[str, list[Statement]] = {}
        self._callers: dict[str, set[str]] = {}
        self._of_names: dict[str, tuple[set[str], set[str]]] = {}
        for statement in self._statements:
            names = statement.names
            for name in names.hints:
                self.hinting.setdefault(name, []).append(statement)
            for name in names.binds:
                self.binders.setdefault(name, []).append(statement)
                uses = names.later | names.now if statement.title else names.later
                for used in uses:
                    self._callers.setdefault(used, set()).add(name)
            for used in names.now:
                self.users.setdefault(used, []).append(statement)

    def reaching(self, name: str) -> list[str]:
        """Return ``name`` and all names whose call may use it."""
        seen = {name: None}
        pending = [name]
        while pending:
            for caller in self._callers.get(pending.pop(), ()):
                if caller not in seen:
                    seen[caller] = None
                    pending.append(caller)
        return list(seen)

    def called_by(self, names: Iterable[str]) -> set[str]:
        """Return ``names`` and all names that functions of those names may use."""
        seen: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                for statement in self.binders.get(name, ()):
                    pending += statement.names.later
        return seen

    def callers(self, name: str, methods: frozenset[str]) -> Iterator[Statement]:
        """Yield the statements that may call, when they run, one of some methods of a class.

        A method counts as called where its name stands after a dot in the code that may run.
        """
        for statement, attributes in self._reaching_now.get(name, ()):
            if statement.title != name and (methods & attributes or "*" in attributes):
                yield statement

    @cached_property
    def _reaching_now(self) -> dict[str, list[tuple[Statement, set[str]]]]:
        """By name, the statements that may use it when they run, each with the attributes it may ask for."""
        found: dict[str, list[tuple[Statement, set[str]]]] = {}
        for statement in self._statements:
            if statement.kind != "def":
                used = statement.names
                names, attributes = self._closure(used.now, used.attributes)
                for name in names:
                    found.setdefault(name, []).append((statement, attributes))
        return found

    def names_calling(self, name: str, methods: frozenset[str]) -> Iterator[str]:
        """Yield the names whose call may call one of some methods of a class."""
        for user in self.reaching(name):
            known = self._of_names.get(user)
            if known is None:
                known = self._of_names[user] = self._closure([user], ())
            names, attributes = known
            if name in names and (methods & attributes or "*" in attributes):
                yield user

    def _closure(self, used: Iterable[str], asked: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return the names that code may come to use, and the attributes that it may ask objects for.

        :param used: names that it uses itself.
        :param asked: attributes that it asks for itself.
        """
        names: set[str] = set()
        attributes = set(asked)
        pending = list(used)
        grown = True
        while grown:
            before = len(attributes), len(names)
            while pending:
                name = pending.pop()
                if name not in names:
                    names.add(name)
                    for binder in self.binders.get(name, ()):
                        pending += self._contributes(binder, attributes)
            for name in names:  # more methods may have become reachable
                for binder in self.binders.get(name, ()):
                    pending += self._contributes(binder, attributes)
            pending = [name for name in pending if name not in names]
            grown = bool(pending) or before != (len(attributes), len(names))
        return names, attributes

    def _contributes(self, binder: Statement, attributes: set[str]) -> Iterator[str]:
        """Add the attributes that a binding's code may ask for; yield the names that it may use."""
        names = binder.names
        yield from names.now
        if binder.kind == "class":
            for method, inner in names.methods.items():
                if called_of_itself(method) or method in attributes:
                    attributes |= inner.attributes
                    yield from inner.later
            return
        attributes |= names.attributes if binder.title else set()
        yield from names.later
