"""What a report of the checks says, and how it is shown."""

from __future__ import annotations

from themis_jupyter.testing.safety_report import Row, SafetyReport, failed, ok, skipped

GOOD = SafetyReport("counter", (ok("loads", "at once"), skipped("state", "it has none")), 1.5)
BAD = SafetyReport("counter", (ok("loads"), failed("leaks", "<b>\x1b[2J", "close & go")), 1.5)


def test_truth_and_words() -> None:
    assert GOOD and not GOOD.failures
    assert GOOD.headline() == "counter is reload-safe: 2 checks, 1 of them skipped, in 1.5 s"
    assert not BAD and [row.check for row in BAD.failures] == ["leaks"]
    assert BAD.headline() == "counter: 1 of 2 checks failed, in 1.5 s"
    assert BAD.problems().splitlines()[1:] == ["- leaks: failed: <b>\\x1b[2J", "  → close & go"]


def test_how_it_is_shown() -> None:
    assert repr(BAD).splitlines()[2:] == [
        "loads  ok",
        "leaks  failed  <b>\\x1b[2J",
        "    → close & go",
    ]
    shown = BAD._repr_mimebundle_()
    assert shown["text/plain"] == repr(BAD)
    assert "&lt;b&gt;\\x1b[2J" in shown["text/html"] and "close &amp; go" in shown["text/html"]
    assert "<b>" not in shown["text/html"]
    assert "reload-safe: 0 checks" in repr(SafetyReport("x"))


def test_rows_go_to_another_process_and_back() -> None:
    for row in (*GOOD.rows, *BAD.rows):
        assert Row.from_dict(row.as_dict()) == row
