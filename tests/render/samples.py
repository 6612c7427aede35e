"""Reports to render."""

from typing import Any

from themis_jupyter.phases import Outcome, Phase
from themis_jupyter.report import Change, RanStatement, ReloadReport, StateSummary, StepRecord


def steps(last: Phase, error: str = "", plugin: str = "counter", rollback: str | None = None):
    """Return the steps up to ``last``, which fails with ``error``; then perhaps a rollback."""
    phases = list(Phase)[: list(Phase).index(last) + 1]
    done = [
        StepRecord(plugin, phase, 0.0005 * (n + 1), error if phase is last else "")
        for n, phase in enumerate(phases)
    ]
    if rollback is not None:
        done.append(StepRecord(plugin, Phase.ROLLBACK, 0.002, rollback))
    return tuple(done)


def report(outcome: Outcome, **given: Any) -> ReloadReport:
    """Return a report about ``counter``."""
    given.setdefault("plugins", ("counter",))
    given.setdefault("elapsed", 0.0032)
    return ReloadReport(outcome=outcome, **given)


CHANGES = (
    Change("changed", "function", "Counter.add", "counter", "body"),
    Change("added", "function", "Counter.reset", "counter"),
)
RAN = (RanStatement("counter", 4, "LIMIT = 10", "its code changed"),)
STATE = (StateSummary("counter", ("total", "step", "history"), 1234),)
DROPPED = (StateSummary("counter", ("total",), 8, (("lock", "a held lock"),)),)
TRACEBACK = """\
Traceback (most recent call last):
  File "/plugins/counter.py", line 7, in initialize
    raise ValueError("bad")
ValueError: bad
"""

RELOADED = report(
    Outcome.RELOADED,
    steps=steps(Phase.AFTER_LOAD),
    changes=CHANGES,
    ran=RAN,
    state=STATE,
    hashes={"counter": "9f86d081" * 8},
)
UNCHANGED = report(Outcome.UNCHANGED, steps=steps(Phase.VERIFY))
ABORTED = report(
    Outcome.ABORTED,
    steps=steps(Phase.VERIFY, "SyntaxError: expected ':' (counter.py, line 7)"),
    traceback="  File \"/plugins/counter.py\", line 7\nSyntaxError: expected ':'\n",
)
ROLLED_BACK = report(
    Outcome.ROLLED_BACK,
    steps=steps(Phase.INITIALIZE, "ValueError: bad", rollback=""),
    changes=CHANGES,
    state=STATE,
    error=ValueError("bad"),
    traceback=TRACEBACK,
    warnings=("a listener raised at after unload: KeyError: 'x'",),
)
FAILED = report(
    Outcome.FAILED,
    steps=steps(Phase.INITIALIZE, "ValueError: bad", rollback="OSError: port in use"),
    changes=CHANGES,
    state=DROPPED,
    error=ValueError("bad"),
    traceback=TRACEBACK,
)
ALL = (RELOADED, UNCHANGED, ABORTED, ROLLED_BACK, FAILED)
