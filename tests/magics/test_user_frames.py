"""What the user sees of an error has no frame of this package in it."""

from __future__ import annotations

import gc
import weakref

import pytest

from tests.magics.session import Session

UNLOADED = "%unload_plugin counter\n"

CASES = [
    ("c.nope", "'Counter' object has no attribute 'nope'"),
    ("del c.nope", "nope"),
    ("c.add(1, 2, 3)", "takes 1 positional argument but 4 were given"),
    ("c()", "not callable"),
    ("c.fixed = 1", "fixed"),
    (f"{UNLOADED}c.add()", "PluginNotLoadedError: plugin 'counter' is not loaded"),
    (f"{UNLOADED}add()", "PluginNotLoadedError: plugin 'counter' is not loaded"),
    (f"{UNLOADED}c.total = 3", "PluginNotLoadedError: plugin 'counter' is not loaded"),
    ("pm.load_plugin('countr')", "did you mean 'counter'?"),
    ("pm.get_plugin('countr')", "did you mean 'counter'?"),
    ("pm.reload_plugin('countr').raise_for_outcome()", "did you mean 'counter'?"),
    ("shown.add", "this is what %load_plugin says"),
    ("table['countr']", "KeyError: 'countr'"),
]


@pytest.mark.parametrize(("cell", "says"), CASES, ids=[case[0] for case in CASES])
def test_no_frame_of_ours(
    session: Session, cell: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session.edit("def add", "fixed = property(lambda self: 1)\n\n    def add")
    session.run("%load_plugin counter --as c;\nadd = c.add\nshown = %load_plugin counter")
    session.run("table = %plugins")
    session.run("from themis_jupyter import PluginManager\npm = PluginManager.instance()")
    capsys.readouterr()
    session.error(cell)
    told = capsys.readouterr()
    shown = told.out + told.err
    assert says in shown
    assert f"----> {1 + cell.count(chr(10))} " in shown, "the user's own line"
    assert "themis_jupyter/" not in shown


@pytest.mark.parametrize("cell", ["c", "str(c)", "bool(c)", "c.fine", "c.bad = 1"])
def test_frames_between_the_user_and_the_plugin(
    session: Session, cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session.edit("def add", """def fail(self, *_): 1 / 0
    __repr__ = __str__ = __bool__ = fail
    fine, bad = property(fail), property(None, fail)

    def add""")  # fmt: skip
    session.run("%load_plugin counter --as c;")
    capsys.readouterr()
    session.shell.run_cell(cell)
    told = capsys.readouterr()
    shown = told.out + told.err
    assert "def fail(self, *_): 1 / 0" in shown
    assert "themis_jupyter/" not in shown


def test_escape_sequences_are_shown_as_text(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.edit("self.total = 0", "raise ValueError('\\x1b[31mred')")
    session.error("%load_plugin counter")
    errors = session.run("%plugin_errors")
    for shown in (capsys.readouterr().out, repr(errors), errors.html()):
        assert "\x1b" not in shown
        assert "\\x1b[31mred" in shown


def test_frames_of_the_plugin_stay(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.edit("self.total += self.step", "self.missing()")
    session.run("%load_plugin counter --as c;")
    session.error("c.add()")
    shown = capsys.readouterr().out
    assert "self.missing()" in shown
    assert "has no attribute 'missing'" in shown
    assert "themis_jupyter/" not in shown


def test_a_reload_that_fails_shows_the_lines_that_ran(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.run("%load_plugin counter;")
    session.edit("self.total = 0", "self.total = 1 / 0")
    session.run("report = %reload_plugin counter")
    error = session.error("report.raise_for_outcome()")
    shown = capsys.readouterr().out
    assert "self.total = 1 / 0" in shown
    assert "self.total = 0" not in shown
    assert shown.count("report.raise_for_outcome()") == 1
    assert "themis_jupyter/" not in shown
    assert isinstance(error.__cause__, ZeroDivisionError)  # for who catches it


def test_tracebacks_are_whole_again_after_they_were_shown(session: Session) -> None:
    session.run("%load_plugin counter --as c;")
    error = session.error("c.nope")
    names = []
    tb = error.__traceback__
    while tb is not None:
        names.append(tb.tb_frame.f_globals["__name__"])
        tb = tb.tb_next
    assert names[-1].startswith("themis_jupyter.")


def test_an_error_that_was_caught_is_let_go(session: Session) -> None:
    session.run("%load_plugin counter --as c;")
    session.run("""
        class Big: pass

        def probe():
            big = Big()
            alive = weakref.ref(big)
            try:
                c.nope
            except AttributeError:
                pass
            return alive
        import weakref
    """)
    gc.disable()
    try:
        alive: weakref.ref[object] = session.run("probe()")
        assert alive() is None
    finally:
        gc.enable()
