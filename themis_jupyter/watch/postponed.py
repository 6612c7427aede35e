"""Which of the plugins that are due are not reloaded just now, and what each waits for."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

#: So many reloads in a row, in each of which the plugin's files changed, make a plugin restless …
RESTLESS = 5
#: … and then there is one reload in so many seconds: as a rule it is the plugin that writes them.
REST = 5.0


class Postponed:
    """What was put off. Not safe to be used from two threads at once."""

    def __init__(self) -> None:
        #: By plugin, what it waits for, in words.
        self.reasons: dict[str, str] = {}
        self._restless: dict[str, tuple[int, float]] = {}

    def choose(self, names: Sequence[str], busy: Mapping[str, str]) -> list[str]:
        """Return which of the plugins that are due are to be reloaded now, together; the others are put off.

        What was saved together comes in together, and so waits for the one that is busy. What was saved later
        does not wait for that.

        :param busy: by plugin, what it would have to wait for.
        """
        later = [name for name in names if name not in self.reasons]
        now = [] if any(name in busy for name in later) else later if busy else list(names)
        first = next(iter(busy), "")
        together = f"{first}, which was saved with it"
        self.reasons = {name: busy.get(name, together) for name in names if name not in now}
        return now

    def reloaded(self, names: Sequence[str], changed: Collection[str]) -> None:
        """Take note of a reload that has ended.

        :param changed: the plugins of which files changed meanwhile.
        """
        for name in names:
            count, _ = self._restless.pop(name, (0, 0.0))
            if name in changed:
                self._restless[name] = count + 1, time.monotonic()

    def rest_of(self, name: str) -> str:
        """Return, in words, what a plugin waits for that changes with each reload; empty for others."""
        count, since = self._restless.get(name, (0, 0.0))
        if count < RESTLESS or time.monotonic() - since > REST:
            return ""
        return f"{REST:g} s to pass, as its file changes whenever it is reloaded"
