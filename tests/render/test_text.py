"""Reports and tables in plain words."""

from dataclasses import replace

import pytest

from tests.render.samples import (
    ABORTED,
    ALL,
    CHANGES,
    DROPPED,
    FAILED,
    RAN,
    RELOADED,
    ROLLED_BACK,
    STATE,
    UNCHANGED,
    report,
    steps,
)
from themis_jupyter.events import PhaseEvent
from themis_jupyter.phases import Outcome, Phase
from themis_jupyter.render.html import report_html
from themis_jupyter.render.text import (
    EVENT_COLUMNS,
    event_rows,
    headline,
    report_lines,
    table,
)
from themis_jupyter.report import Change, StateSummary


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (RELOADED, "counter reloaded in 3.2 ms: 2 changes, state kept (3 fields, 1.2 kB)"),
        (UNCHANGED, "counter is unchanged"),
        (
            ABORTED,
            "counter was not reloaded (aborted at verify): SyntaxError: expected ':' "
            "(counter.py, line 7). The old version goes on running.",
        ),
        (
            ROLLED_BACK,
            "counter rolled back: initialize failed: ValueError: bad. "
            "The old version is running again.",
        ),
        (
            FAILED,
            "counter FAILED: initialize failed: ValueError: bad; then the rollback failed: "
            "OSError: port in use. Its saved state is kept; the next successful reload "
            "receives it, or goes on without it (--fresh).",
        ),
        (
            replace(FAILED, state=()),
            "counter FAILED: initialize failed: ValueError: bad; then the rollback failed: "
            "OSError: port in use. The next successful reload starts it again.",
        ),
    ],
)
def test_headline(given, text):
    assert headline(given) == text
    assert given.headline() == text


@pytest.mark.parametrize(
    ("changes", "ran", "state", "warnings", "facts"),
    [
        ((), (), (), (), "no changes"),
        ((), RAN, (), (), "1 statement ran again"),
        (CHANGES[:1], RAN, (), ("w",), "1 change, 1 warning"),
        (CHANGES, (), DROPPED, (), "2 changes, state kept (1 field, 8 B), 1 field not kept"),
        ((), (), (StateSummary("counter", (), 12),), (), "no changes, state kept (12 B)"),
        ((), (), (StateSummary("counter"),), (), "no changes"),
        ((), (), STATE * 2, (), "no changes, state kept (6 fields, 2.5 kB)"),
    ],
)
def test_what_a_reload_did(changes, ran, state, warnings, facts):
    given = report(Outcome.RELOADED, changes=changes, ran=ran, state=state, warnings=warnings)
    assert headline(given) == f"counter reloaded in 3.2 ms: {facts}"


def test_several_plugins_are_named():
    three = ("storage", "index", "search")
    assert headline(replace(RELOADED, plugins=three)).startswith(
        "storage, index and search reloaded in "
    )
    assert headline(replace(UNCHANGED, plugins=three[:2])) == "storage and index are unchanged"
    failing = steps(Phase.INITIALIZE, "ValueError: bad", plugin="index", rollback="")
    assert headline(replace(ROLLED_BACK, plugins=three, steps=failing)) == (
        "storage, index and search rolled back: initialize of index failed: ValueError: bad. "
        "The old versions are running again."
    )
    stopped = steps(Phase.STAGE, "ValueError: bad", plugin="index")
    assert headline(replace(ABORTED, plugins=three, steps=stopped)) == (
        "storage, index and search were not reloaded (aborted at stage of index): "
        "ValueError: bad. The old versions go on running."
    )
    assert "Their saved state is kept" in headline(replace(FAILED, plugins=three))


def test_a_step_that_is_a_moment():
    late = steps(Phase.BEFORE_UNLOAD, "2 calls did not end in 5 s!", rollback="")
    assert headline(report(Outcome.ABORTED, steps=late)) == (
        "counter was not reloaded (aborted before unload): 2 calls did not end in 5 s! "
        "The old version goes on running."
    )
    assert headline(report(Outcome.ROLLED_BACK, steps=late)).startswith(
        "counter rolled back: stopped before unload: 2 calls"
    )


def test_failures_of_which_little_is_known():
    assert headline(report(Outcome.ABORTED)) == (
        "counter was not reloaded. The old version goes on running."
    )
    assert headline(report(Outcome.ABORTED, error=KeyboardInterrupt())) == (
        "counter was not reloaded: KeyboardInterrupt. The old version goes on running."
    )
    assert headline(report(Outcome.FAILED)).startswith("counter FAILED. The next")


def test_the_headline_is_one_short_line():
    error = ValueError("first\nsecond\x1b[31m " + "x" * 5000)
    line = headline(report(Outcome.ABORTED, error=error))
    assert "first second\\x1b[31m" in line
    assert "\n" not in line
    assert len(line) < 400
    lines = list(report_lines(report(Outcome.ABORTED, error=error)))
    assert any("x" * 5000 in each for each in lines), "the whole message is shown below"


def test_the_whole_report():
    given = replace(
        ROLLED_BACK,
        ran=RAN,
        state=DROPPED,
        steps=steps(Phase.VERIFY) + steps(Phase.INITIALIZE, "ValueError: bad", rollback="")[-2:],
        hashes={"counter": "9f86"},
    )
    assert repr(given).splitlines() == [
        headline(ROLLED_BACK),
        "",
        "Changes (undone)",
        "  changed function Counter.add (body)",
        "  added function Counter.reset",
        "",
        "Statements that ran again",
        "  line 4: LIMIT = 10 (its code changed)",
        "",
        "State",
        "  kept total (8 B)",
        "  not kept lock: a held lock",
        "",
        "Steps",
        "  check       500 µs",
        "  verify      1.0 ms",
        "  initialize  5.0 ms  FAILED: ValueError: bad",
        "  rollback    2.0 ms",
        "",
        "Source that runs",
        "  counter  sha256 9f86",
        "",
        "Warnings",
        "  a listener raised at after unload: KeyError: 'x'",
        "",
        "Traceback (most recent call last):",
        '  File "/plugins/counter.py", line 7, in initialize',
        '    raise ValueError("bad")',
        "ValueError: bad",
    ]


def test_where_a_statement_failed_not_all_of_them_are_said_to_have_run():
    given = report(Outcome.ABORTED, steps=steps(Phase.STAGE, "NameError: SUN"), ran=RAN)
    assert "Statements that were to run again" in repr(given).splitlines()
    assert "<summary>Statements that were to run again" in report_html(given)
    assert "Statements that ran again" in repr(replace(given, steps=steps(Phase.SAVE_STATE, "x")))


@pytest.mark.parametrize("given", ALL, ids=lambda r: r.outcome.value)
def test_the_headline_comes_first_and_the_traceback_last(given):
    lines = list(report_lines(given))
    assert lines[0] == headline(given)
    if given.traceback:
        assert "\n".join(lines).endswith(given.traceback.rstrip())
    assert all("\n" not in line for line in lines)


def test_modules_and_plugins_are_told_apart():
    given = replace(
        RELOADED,
        plugins=("counter", "storage"),
        changes=(*CHANGES[:1], Change("removed", "class", "Old", "storage")),
        state=(*STATE, StateSummary("storage", ("a",), 1)),
        steps=steps(Phase.CHECK) + steps(Phase.CHECK, plugin="storage"),
    )
    text = repr(given)
    assert "  storage: removed class Old" in text
    assert "  counter: line 4: LIMIT = 10" in text
    assert "  storage: kept a (1 B)" in text
    assert "  check  counter  500 µs\n  check  storage  500 µs" in text


def test_long_lists_are_cut():
    many = tuple(Change("added", "value", f"v{n}") for n in range(100))
    lines = list(report_lines(report(Outcome.RELOADED, changes=many)))
    assert lines[-1] == "  … and 60 more"
    assert lines[0].endswith("100 changes")


# --- tables ------------------------------------------------------------------------------------


def test_a_table():
    rows = [("counter", 12, True, None), ("日本", 1234, False, "a\nb")]
    assert table(rows, ["name", "calls", "loaded", "file"]).splitlines() == [
        "name     calls  loaded  file",
        "-------  -----  ------  ----",
        "counter     12  True",
        "日本      1234  False   a b",
    ]


def test_an_empty_table():
    assert table([], ["name", "file"]) == "name  file\n----  ----"


def test_events_in_a_table():
    events = [
        PhaseEvent("counter", 3, "reload", Phase.VERIFY, "started", 1_700_000_000.25),
        PhaseEvent("counter", 3, "reload", Phase.VERIFY, "failed", 0.0, 0.0032, "ValueError: bad"),
        PhaseEvent("counter", 3, "reload", Outcome.ABORTED, "ended", 0.0, 0.004, detail="d"),
    ]
    rows = event_rows(events)
    assert rows[0][0].endswith(".250")
    assert [row[1:] for row in rows] == [
        ("counter", "reload 3", "verify", "started", "", ""),
        ("counter", "reload 3", "verify", "failed", "3.2 ms", "ValueError: bad"),
        ("counter", "reload 3", "aborted", "ended", "4.0 ms", "d"),
    ]
    assert table(rows, EVENT_COLUMNS).startswith("time ")
