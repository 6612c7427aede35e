"""Methods of a plugin's class that look as if they were meant to be those that the manager calls."""

from __future__ import annotations

import difflib
from types import FunctionType

from .plugin import Plugin, StatefulPlugin

_HOOKS = {
    name.replace("_", ""): name
    for name in ("initialize", "shutdown", "save_state", "restore_state", "on_reload_requested")
}
# "initialise" and "save_sate" are as near as that; "reset_state" is not.
_NEAR = 0.85


def misspelt_hooks(cls: type[Plugin]) -> list[str]:
    """Return, in words, what is nearly called like a method that the manager calls, but not quite."""
    own = {
        name
        for base in cls.__mro__
        if base not in (Plugin, StatefulPlugin)
        for name, value in vars(base).items()
        if isinstance(value, FunctionType)
    }
    found = []
    for name in sorted(own - {*_HOOKS.values()}):
        near = difflib.get_close_matches(name.replace("_", "").lower(), _HOOKS, n=1, cutoff=_NEAR)
        if near and _HOOKS[near[0]] not in own:
            found.append(
                f"{cls.__name__}.{name}() is never called by the manager; did you mean "
                f"{_HOOKS[near[0]]}()?"
            )
    return found
