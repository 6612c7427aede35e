"""1,000 reloads: they may not fill the memory, nor get slower, nor keep what is dead."""

from __future__ import annotations

import pytest

from benchmarks.endurance import TRACED
from benchmarks.programs import run, run_together

WHATS = {
    "engine": "reload_in_place on the large module",
    "manager": "PluginManager.reload_plugin on a small plugin with state",
}


@pytest.fixture(scope="module")
def traces():
    """Give what tracing found: no times, so that the two may run beside each other."""
    found = run_together("benchmarks.endurance", [(what, "trace") for what in WHATS])
    return dict(zip(WHATS, found, strict=True))


@pytest.mark.parametrize("what", WHATS)
def test_thousand_reloads(report, traces, what: str):
    section = f"1,000 reloads: {WHATS[what]}"
    timed = run("benchmarks.endurance", what, "time")
    traced = traces[what]
    report(section, "growth of the process (RSS)", max(timed["grown"], 0), "MB", 5)
    name = "growth of what Python allocated (tracemalloc)"
    note = f"from {TRACED} reloads"
    report(section, name, max(traced["grown"], 0), "MB", 5, note)
    note = f"a reload takes {timed['ms']:.2f} ms; 1.1 leaves room for noise"
    report(section, "the last 100, against the first 100", timed["slower"], "times", 1.1, note)
    report(section, "dead classes and functions still alive", timed["alive"], "", 0, "of 2,000")
