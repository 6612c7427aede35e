"""Calls from many threads while reloads go on: none may fail, none may wait for long.

A call's wait is compared with the time of the plugin's own steps in that very reload, which it
measures itself. Threads that never let go of the interpreter make each other wait by themselves,
as CPython lets each run for 5 ms: with eight of them and no reload at all, a call took 285 ms. So
there are two runs. In one the calls let others run, and their waits are measured as callers see
them. In the other they compute without pause, and what is measured is how long the gate was shut;
callers' waits are there to compare with calls that no reload came near. The machine's other work
comes in bursts, so "longest" is the median of the longest of each of five series.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import pytest

from benchmarks.generated import Project
from themis_jupyter import Outcome, PluginManager
from themis_jupyter.closure import Closure

THREADS = 8
RELOADS = 200
SERIES = 5
PAUSE = 0.02  # seconds; with none, a call now and then waits through two reloads in a row
BAR = 10.0
LONG = 0.0005  # seconds; shorter calls are counted, not kept

PLUGIN = """
import time

from themis_jupyter import StatefulPlugin

OWN = []  # when each of the plugin's own steps began and ended


class Busy(StatefulPlugin):
    version = "1.{version}"

    def _work(self, seconds):
        began = time.perf_counter()
        time.sleep(seconds)
        OWN.append(time.perf_counter() - began)

    def initialize(self, config):
        self.total = 0
        self._work(0.005)

    def shutdown(self):
        self._work(0.005)

    def restore_state(self, state):
        self._work(0.002)
        return super().restore_state(state)

    def answer(self, number):
        {work}
        return number, {version}
"""


@dataclass
class Run:
    """What happened in one run. Times are in seconds."""

    failed: list[BaseException] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)  # (began, took), the long ones
    reloads: list[tuple[float, float, float]] = field(default_factory=list)  # (began, ended, own)
    shut: list[float] = field(default_factory=list)
    calls: int = 0

    @property
    def excess(self) -> list[float]:
        """For each reload the longest call that met it, less the plugin's own time."""
        return [
            max((took for at, took in self.waits if at < ended and at + took > began), default=0)
            - own
            for began, ended, own in self.reloads
        ]

    @property
    def undisturbed(self) -> float:
        """The longest call that no reload came near."""
        return max(
            (
                took
                for at, took in self.waits
                if not any(at < ended and at + took > began for began, ended, _ in self.reloads)
            ),
            default=0.0,
        )


class Callers:
    """Threads that call without pause and note what happens to them."""

    def __init__(self, handle, run: Run) -> None:
        self._handle, self._run = handle, run
        self._stop = False
        self._threads = [threading.Thread(target=self._call) for _ in range(THREADS)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop = True
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        handle, waits, failed, calls, version = self._handle, [], [], 0, 0
        while not self._stop:
            began = perf_counter()
            try:
                number, seen = handle.answer(calls)
                assert number == calls, "a wrong answer"
                assert seen >= version, "an old version after a new one"
                version = seen
            except BaseException as error:  # noqa: BLE001 - any is a failed call
                failed.append(error)
            took = perf_counter() - began
            calls += 1
            if took > LONG:
                waits.append((began, took))
        self._run.waits += waits
        self._run.failed += failed
        self._run.calls += calls


def reload_under_calls(project: Project, monkeypatch: pytest.MonkeyPatch, work: str) -> Run:
    run = Run()

    began_at: dict[Closure, float] = {}
    shut, reopen = Closure.shut, Closure.open

    def timed_shut(closure: Closure) -> None:
        began_at[closure] = perf_counter()
        shut(closure)

    def timed_open(closure: Closure) -> None:
        reopen(closure)
        if closure in began_at:  # it may be opened twice
            run.shut.append(perf_counter() - began_at.pop(closure))

    def save(version: int):
        return project.write("busy", PLUGIN.format(version=version, work=work))

    monkeypatch.setattr(Closure, "shut", timed_shut)
    monkeypatch.setattr(Closure, "open", timed_open)
    manager = PluginManager()
    handle = manager.load_plugin(save(0))
    save(1)
    first = manager.reload_plugin("busy")  # imports what a first one needs
    assert first.outcome is Outcome.RELOADED
    own = vars(manager.get_record("busy").module)["OWN"]
    run.shut.clear()
    with Callers(handle, run):
        for version in range(2, RELOADS + 2):
            time.sleep(PAUSE)
            save(version)
            own.clear()
            began = perf_counter()
            outcome = manager.reload_plugin("busy").outcome
            run.reloads.append((began, perf_counter(), sum(own)))
            run.outcomes.append(outcome)
    monkeypatch.undo()  # unloading shuts the gate, too
    manager.unload_all_plugins()
    return run


def longest(values: list[float]) -> float:
    """Return the median of the longest ones of each series, in milliseconds."""
    size = len(values) // SERIES
    return 1e3 * median(max(values[at : at + size]) for at in range(0, len(values), size))


@pytest.mark.parametrize(
    ("work", "how"),
    [("time.sleep(0)", "let others run"), ("pass", "compute without pause")],
    ids=["yielding", "spinning"],
)
def test_swap(report, project: Project, monkeypatch: pytest.MonkeyPatch, work: str, how: str):
    run = reload_under_calls(project, monkeypatch, work)
    section = f"{THREADS} threads call during {RELOADS} reloads; their calls {how}"
    missed = sum(outcome is not Outcome.RELOADED for outcome in run.outcomes)
    first = f"the first: {run.failed[0]!r}" if run.failed else f"of {run.calls:,}"
    report(section, "calls that failed", len(run.failed), "", 0, first)
    report(section, "reloads that did not end as reloaded", missed, "", 0)
    own = [own for _, _, own in run.reloads]
    shut = [shut - own for shut, own in zip(run.shut, own, strict=True)]
    note = f"median {median(shut) * 1e3:.1f}, of all {max(shut) * 1e3:.1f} ms"
    report(
        section, "gate shut beyond the plugin's own time, longest", longest(shut), "ms", BAR, note
    )
    excess = run.excess
    note = f"median {median(excess) * 1e3:.1f}, of all {max(excess) * 1e3:.1f} ms"
    bar = BAR if how == "let others run" else None
    report(
        section,
        "a call's wait beyond the plugin's own time, longest",
        longest(excess),
        "ms",
        bar,
        note,
    )
    report(section, "a call that no reload came near, longest", run.undisturbed * 1e3, "ms")
    took = median(ended - began for began, ended, _ in run.reloads) * 1e3
    note = f"the plugin's own time is {median(own) * 1e3:.1f} ms"
    report(section, "a reload in whole, median", took, "ms", None, note)
