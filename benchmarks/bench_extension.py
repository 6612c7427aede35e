"""What ``%load_ext themis_jupyter`` costs: once, and with each cell after that."""

from __future__ import annotations

from statistics import median

from benchmarks.in_ipython import HEAVY
from benchmarks.programs import run

SECTION = "%load_ext themis_jupyter"
PROCESSES = 9


def test_load(report):
    run("benchmarks.in_ipython", "load")  # writes the bytecode caches
    runs = [run("benchmarks.in_ipython", "load") for _ in range(PROCESSES)]
    times = [each["took"] * 1e3 for each in runs]
    note = f"{min(times):.0f} to {max(times):.0f} ms in {PROCESSES} processes"
    report(SECTION, "in a fresh IPython", median(times), "ms", 60, note)
    worked = median(each["worked"] * 1e3 for each in runs)
    report(
        SECTION,
        "the same in processor time, which others on the machine disturb less",
        worked,
        "ms",
    )
    heavy = sorted({name for each in runs for name in each["heavy"]})
    note = ", ".join(heavy) or f"none of {', '.join(HEAVY)}"
    report(SECTION, "heavy modules that it imports", len(heavy), "", 0, note)


def test_idle_cell(report):
    times = run("benchmarks.in_ipython", "idle")
    note = f"without the extension {times['without'] * 1e3:.2f} ms"
    report(SECTION, "an idle cell, more than without it", times["extra"] * 1e3, "ms", 0.2, note)
    note = "and names taken from it"
    report(SECTION, "the same with a plugin loaded", times["plugin"] * 1e3, "ms", 0.2, note)
