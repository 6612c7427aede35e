"""Asking a plugin whether a reload may come now: ``on_reload_requested()``."""

from __future__ import annotations

import time
from time import monotonic

from .errors import PhaseTimeoutError, PluginBusyError, PluginError
from .limits import call_within
from .plugin import Plugin
from .running import Runner, nonsense

#: Seconds until a plugin that said "not yet" is asked again: at first, and at most.
_SOON, _AT_MOST = 0.01, 0.2


def ask(runner: Runner, name: str, instance: Plugin) -> str:
    """Wait until a plugin lets itself be reloaded; return in words how long that took, if at all.

    :raises PluginBusyError: it said "not yet" until the limit.
    :raises PhaseTimeoutError: it did not answer within the limit.
    :raises PluginError: its answer is none.
    :raises BaseException: whatever it raises.
    """
    limit, hook = runner.request_limit, getattr(instance, "on_reload_requested", None)
    if hook is None or limit <= 0:
        return ""

    def too_slow() -> BaseException:
        return PhaseTimeoutError(
            f"on_reload_requested() of {name!r} did not end within {limit:g} s and was stopped; nothing "
            f"was touched. {_way_out()}"
        )

    began, pause = monotonic(), _SOON
    deadline = began + limit
    while True:
        left = max(deadline - monotonic(), _SOON)
        answer = call_within(left, runner.guard, too_slow, hook)
        if answer is None or answer is True:
            break
        if answer is not False:
            raise PluginError(
                name, nonsense(name, "on_reload_requested()", answer, "or False for 'not yet'")
            )
        left = deadline - monotonic()
        if left <= 0:
            raise PluginBusyError(
                name,
                f"on_reload_requested() of {name!r} said 'not yet' (False) for {limit:g} s; nothing was "
                f"touched. {_way_out()}",
            )
        with runner.guard.allowed():
            time.sleep(min(pause, left))
        pause = min(2 * pause, _AT_MOST)
    waited = monotonic() - began
    return f"delayed by {waited:.1f} s" if waited >= 0.05 else ""


def _way_out() -> str:
    return (
        "Reload again when it has finished, or give it longer: "
        "c.PluginManager.request_timeout (seconds; 0: it is not asked)."
    )
