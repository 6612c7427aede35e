"""Reload on save: from the save to the new behaviour, and what watching costs when nothing happens."""

from __future__ import annotations

from statistics import median, quantiles

from benchmarks.programs import run

SECTION = "Reload on save"


def test_from_the_save_to_the_new_behaviour(report):
    found = run("benchmarks.live")
    idle = found.pop("idle")
    for name, times in found.items():
        late = quantiles(times, n=20)[-1] * 1e3
        note = f"95 % within {late:.0f} ms, {len(times)} saves"
        report(SECTION, f"a small plugin, {name}", median(times) * 1e3, "ms", 60, note)
    report(SECTION, "processor time of the watching thread, of one processor", idle * 100, "%", 1)


def test_idle_cell(report):
    times = run("benchmarks.in_ipython", "watched")
    note = f"without the extension {times['without'] * 1e3:.2f} ms"
    report(SECTION, "an idle cell with a watched plugin", times["plugin"] * 1e3, "ms", 0.2, note)
