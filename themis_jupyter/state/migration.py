"""From the layout that a state was saved in to the one that the code wants, step by step."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..errors import MigrationError
from ..plugin import Plugin, migration_of

Step = tuple[int, int]


def state_version_of(cls: type[Plugin]) -> int:
    """Return the version of the layout of a class's state."""
    version = getattr(cls, "state_version", 1)
    if not isinstance(version, int) or isinstance(version, bool):
        raise MigrationError(
            cls.__module__,
            f"{cls.__name__}.state_version is {version!r}; expected a whole number such as 2.",
        )
    return version


def migrations_of(cls: type) -> dict[Step, str]:
    """Return the steps that a class, or a base of it, can take, each with its method's name."""
    found: dict[Step, str] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            step = migration_of(getattr(member, "__func__", member))
            if step is not None:
                found[step] = name
    return found


def migration_path(plugin: str, cls: type, from_: int, to: int) -> list[Step]:
    """Return the shortest way from one version to another.

    :raises MigrationError: there is none; the message names the two versions.
    """
    return path_between(plugin, cls.__name__, migrations_of(cls), from_, to)


def path_between(plugin: str, cls: str, steps: Collection[Step], from_: int, to: int) -> list[Step]:
    """Return the shortest way from one version to another by these steps.

    :param cls: name of the class that they are of.
    :raises MigrationError: there is none; the message names the two versions.
    """
    came: dict[int, int | None] = {from_: None}
    pending = deque([from_])
    while pending:
        version = pending.popleft()
        for start, end in sorted(steps):
            if start == version and end not in came:
                came[end] = start
                pending.append(end)
    if to not in came:
        nearest = max(came, key=lambda version: (-abs(to - version), version))
        raise MigrationError(
            plugin,
            f"the state of {plugin!r} has version {from_}, the code wants version {to}, and there is no "
            f"way from {nearest} to {to}. Write a function with @migrates({nearest}, {to}) in "
            f"{cls}, or start without the old state (--fresh).",
        )
    path: list[Step] = []
    at: int | None = to
    while at is not None and (before := came[at]) is not None:
        path.append((before, at))
        at = before
    return path[::-1]


def needs_way_down(plugin: str, cls: type, outgoing: type, from_: int, to: int) -> bool:
    """Return whether only the outgoing class knows a way from one version to another.

    An old class cannot know the way down from a layout that came after it.

    :param cls: the class that is going to take the state.
    :raises MigrationError: neither knows a way.
    """
    try:
        migration_path(plugin, cls, from_, to)
    except MigrationError as error:
        try:
            migration_path(plugin, outgoing, from_, to)
        except MigrationError:
            if to > from_:
                raise error from None
            raise MigrationError(
                plugin,
                f"the state of {plugin!r} has version {from_}, the code wants version {to}, and neither that "
                f"code nor the code that runs knows a way. Write a function with @migrates({from_}, {to}) "
                f"in {outgoing.__name__}, reload that, and try again; or go on without this state.",
            ) from None
        return True
    return False


def migrate(plugin: str, instance: Plugin, state: Any, from_: int, to: int | None = None) -> Any:
    """Return a state in the layout that an instance's class wants.

    :param from_: the version that it has.
    :param to: another version, in place of the one that the class wants.
    :raises MigrationError: there is no way.
    :raises Exception: whatever a migration raises.
    """
    cls = type(instance)
    steps = migrations_of(cls)
    wanted = state_version_of(cls) if to is None else to
    for step in migration_path(plugin, cls, from_, wanted):
        state = _call(getattr(instance, steps[step]), instance, state)
        if state is None:
            raise MigrationError(
                plugin,
                f"{cls.__name__}.{steps[step]}() of {plugin!r}, which brings the state from version "
                f"{step[0]} to {step[1]}, returned None: is a 'return' missing?",
            )
    return state


def _call(method: Callable[..., Any], instance: Plugin, state: Any) -> Any:
    # Written as a static method, as a method, or, as examples go, as a function with ``state`` only.
    function = getattr(method, "__func__", None)
    if function is not None and len(inspect.signature(function).parameters) == 1:
        return function(state)
    return method(state)


def aliases_of(cls: type) -> Mapping[str, str]:
    """Return, by former ``module.name``, the present ones of renamed classes."""
    home = cls.__module__
    given: Mapping[str, str] = getattr(cls, "state_aliases", {})
    return {_full(old, home): _full(new, home) for old, new in given.items()}


def _full(name: str, home: str) -> str:
    return name if "." in name else f"{home}.{name}"
