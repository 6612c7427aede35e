"""What grows with each reload."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..limits import rest
from .process import ADVICE, COUNTED, PATIENCE, Process, files_can_be_counted
from .safety_report import Row, failed, ok, skipped
from .subject import Subject

#: Bytes by which memory grows at least with each reload, before that is called a leak.
BYTES = 4000


@dataclass
class Reading:
    """What there is at one moment, without what readings are made of.

    :param types: how many objects there are of each type.
    :param memory: bytes.
    :param own: of this reading and those before it: bytes, and objects of each type.
    """

    process: Process
    instances: Counter[str]
    types: Counter[str]
    memory: int
    own: tuple[int, Counter[str]]

    @classmethod
    def of(
        cls, subject: Subject, earlier: Reading | None = None, patience: float = PATIENCE
    ) -> Reading:
        """Return what there is, as soon as threads that are ending have ended.

        :param earlier: there should not be more than then, and that is waited for.
        :param patience: for so many seconds.
        """
        subject.manager.events.history.clear()
        rest()
        if earlier is not None:
            Process.settled(earlier.process, patience)
        gc.collect()
        own_memory, own_types = (0, Counter[str]()) if earlier is None else earlier.own
        memory, types = tracemalloc.get_traced_memory()[0], _types()
        process = Process()
        classes = subject.known().definitions.classes
        instances = Counter({c.__qualname__: types[_name(c)] for c in classes})
        gc.collect()
        own_now = _types()
        own_now.subtract(types)
        own_now.update(own_types)
        types.subtract(own_types)
        own = own_memory + tracemalloc.get_traced_memory()[0] - memory
        return cls(process, instances, types, memory - own_memory, (own, own_now))


def _types() -> Counter[str]:
    found: Counter[str] = Counter()
    for cls, number in Counter(map(type, gc.get_objects())).items():
        found[_name(cls)] += number
    return found


def _name(cls: type) -> str:
    # One text for all readings: they are to take little room.
    return sys.intern(f"{cls.__module__}.{cls.__qualname__}")


class Growth:
    """Readings, and what grew from each to the next, by one at least for each reload.

    :param reloads: between two readings.
    """

    def __init__(self, readings: Sequence[Reading], reloads: int) -> None:
        self._readings = readings
        self._reloads = reloads

    def rows(self) -> Iterator[Row]:
        """Yield a row for each kind."""
        for kind in COUNTED:
            check = f"leaks: {kind}"
            if kind == "open files" and not files_can_be_counted():
                yield skipped(check, f"{sys.platform} does not show which files are open")
                continue
            grown = self._grown([reading.process.counts[kind] for reading in self._readings])
            yield self._row(check, grown, ADVICE[kind])
        grown = self._grown([reading.instances for reading in self._readings])
        yield self._row(
            "leaks: instances",
            grown,
            "somebody holds them: take them out of lists and caches in shutdown()",
        )
        yield self._memory()

    def _row(self, check: str, grown: dict[str, float], advice: str) -> Row:
        if not grown:
            return ok(check)
        texts = [f"{name} grew by {number:g} with each reload" for name, number in grown.items()]
        return failed(check, "; ".join(texts[:5]), advice)

    def _grown(self, counts: Sequence[Counter[str]]) -> dict[str, float]:
        found = {}
        for name in counts[-1]:
            least = min(after[name] - before[name] for before, after in pairwise(counts))
            if least >= self._reloads:
                found[name] = round(least / self._reloads, 1)
        return found

    def _memory(self) -> Row:
        steps = [after.memory - before.memory for before, after in pairwise(self._readings)]
        grown = min(steps) / self._reloads
        types = self._grown([reading.types for reading in self._readings])
        check = "leaks: memory"
        if grown < BYTES and not types:
            return ok(
                check,
                f"{max(0, steps[-1]) / self._reloads:.0f} bytes for each reload",
            )
        most = sorted(types.items(), key=lambda item: -item[1])[:4]
        what = ", ".join(f"{number:g} {name.removeprefix('builtins.')}" for name, number in most)
        return failed(
            check,
            f"with each reload, memory grew by {max(0, grown) / 1000:.1f} kB"
            + (f", and there were more objects: {what}" if what else ""),
            "find what holds them: something that initialize() adds to and shutdown() does not clear",
        )
