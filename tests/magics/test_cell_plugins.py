"""Plugins that are written in cells, and that change places with files."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.magics.session import Session
from themis_jupyter import Outcome
from themis_jupyter.testing import dedent

BODY = dedent("""
    from themis_jupyter import StatefulPlugin

    LIMIT = 10
    TABLE = []

    def double(value):
        return 2 * value

    class Tally(StatefulPlugin):
        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += self.step
            return self.total

        def fail(self):
            return 1 / 0
""")


def cell(text: str = BODY, line: str = "%%plugin tally") -> str:
    return f"{line}\n{text}"


def edited(old: str, new: str, line: str = "%%plugin tally") -> str:
    assert BODY.count(old) == 1
    return cell(BODY.replace(old, new), line)


@pytest.fixture
def tally(session: Session) -> Session:
    """A session in which a cell has defined ``tally``, as ``t``."""
    session.run(cell(line="%%plugin tally --as t"))
    session.run("t.add()")
    session.shown()
    return session


def last_of(error: BaseException) -> traceback.FrameSummary:
    return traceback.extract_tb(error.__traceback__)[-1]


# -- cells -----------------------------------------------------------------------------------------


def test_the_first_run_loads_it_and_the_next_reloads_it(session: Session) -> None:
    loaded = session.run(cell(line='%%plugin tally --as t --config {"step": 5}'))
    assert loaded.text().startswith("tally loaded in ") and loaded.text().endswith("as `t`")
    session.run("from tally import double, Tally\nadd = t.add\ntaken = (double, Tally)")
    assert session.run("add()") == 5
    report = session.run(edited("2 * value", "3 * value"))
    assert report.outcome is Outcome.RELOADED
    assert [str(change) for change in report.changes] == ["changed function double (body)"]
    assert session.run("double(1), add(), taken == (double, Tally)") == (3, 10, True)
    assert session.run(edited("2 * value", "3 * value")).outcome is Outcome.UNCHANGED
    report = session.run(edited("2 * value", "3 * value", '%%plugin tally --config {"step": 1}'))
    assert report and session.run("t.step, t.total") == (5, 10)  # the state overrules it
    assert any("step" in warning for warning in report.warnings)


def test_line_numbers_are_those_of_the_cell(tally: Session) -> None:
    error = tally.error("t.fail()")
    last = last_of(error)
    assert last.lineno is not None
    whole = cell(line="%%plugin tally --as t").splitlines()
    assert whole[last.lineno - 1].strip() == last.line == "return 1 / 0"
    assert (
        inspect.getsource(sys.modules["tally"].double)
        == "def double(value):\n    return 2 * value\n"
    )
    assert inspect.getsource(sys.modules["tally"].Tally).startswith("class Tally")
    # With empty lines before the magic, as the front end counts them.
    tally.run("\n\n\n" + edited("2 * value", "4 * value"))
    assert last_of(tally.error("t.fail()")).lineno == last.lineno + 2
    report = tally.run(edited("TABLE = []", "TABLE = [] + 1"))
    assert report.outcome is Outcome.ABORTED
    assert f"line {whole.index('TABLE = []') + 1}" in report.traceback


def test_a_cell_that_fails_leaves_the_version_before(tally: Session) -> None:
    for old, new in (("2 * value", "2 * ("), ("LIMIT = 10", "LIMIT = 1 / 0"),
                     ("self.total = 0", "raise ValueError('no')")):  # fmt: skip
        report = tally.run(edited(old, new))
        assert not report
        assert tally.run("t.total") == 1
        (note,) = [shown["text/plain"] for shown in tally.shown()]
        assert note.startswith(
            "! tally runs its old version: the reload of what tally.py says now was"
        )
    assert tally.run("%plugin_errors")
    assert tally.run(cell()).outcome is Outcome.UNCHANGED
    assert not tally.run("%plugin_errors")
    tally.run("t.add()")
    assert tally.shown() == []


def test_a_first_run_that_fails_leaves_nothing(session: Session) -> None:
    session.error(edited("LIMIT = 10", "LIMIT = 1 / 0"))
    assert not session.manager.is_plugin_loaded("tally") and "tally" not in sys.modules
    assert "ZeroDivisionError" in session.run("%plugin_errors").text()
    session.run(cell())
    assert not session.run("%plugin_errors")


def test_dependents_come_along(tally: Session) -> None:
    index = """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["tally"]
    """
    tally.run(cell(dedent(index), "%%plugin index"))
    report = tally.run(edited("2 * value", "3 * value"))
    assert "index needs it" in str(report.error)
    assert tally.run(edited("2 * value", "3 * value", "%%plugin tally --cascade"))


def test_history_of_cells(tally: Session) -> None:
    tally.run(edited("2 * value", "3 * value"))
    tally.run(edited("2 * value", "4 * value"))
    tally.run("from tally import double")
    assert tally.run("%revert_plugin tally 1")
    assert tally.run("double(1)") == 2
    assert tally.run("%revert_plugin tally 2")
    assert tally.run("double(1)") == 3


def test_the_files_of_cells_go_with_the_extension(tally: Session) -> None:
    path = tally.manager.get_record("tally").candidate.path
    assert path.is_file()
    tally.run("%unload_ext themis_jupyter")
    assert not path.parent.exists()


# -- files -----------------------------------------------------------------------------------------


def test_saving_a_cell(tally: Session) -> None:
    tally.run("from tally import double")
    held = tally.names["double"]
    report = tally.run(cell(line="%%plugin tally --save"))
    assert report.outcome is Outcome.RELOADED
    path = tally.workspace.path("tally.py")
    assert path.read_text() == BODY
    assert tally.manager.get_record("tally").candidate.path == path
    assert sys.modules["tally"].__file__ == str(path)
    assert tally.run("double") is held and held.__code__.co_filename == str(path)
    assert tally.run("t.add()") == 2
    # It is a file like any other from here on.
    tally.edit("2 * value", "5 * value", "tally.py")
    assert tally.run("%reload_plugin tally")
    assert tally.run("double(1)") == 5
    assert last_of(tally.error("t.fail()")).filename == str(path)


def test_saving_a_new_plugin(session: Session, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    session.run(cell(line="%%plugin tally --save deep --as t"))
    assert session.workspace.path("deep/tally.py").read_text() == BODY
    assert session.manager.get_record("tally").candidate.path == session.workspace.path(
        "deep/tally.py"
    )


def test_what_fails_is_not_saved(tally: Session) -> None:
    path = tally.workspace.path("tally.py")
    assert not tally.run(edited("LIMIT = 10", "LIMIT = 1 / 0", "%%plugin tally --save"))
    assert not path.exists()
    path.write_text("# mine\n")
    assert not tally.run(edited("LIMIT = 10", "LIMIT = 1 / 0", "%%plugin tally --save"))
    assert path.read_text() == "# mine\n"
    assert sorted(os.listdir(path.parent)) == ["counter.py", "tally.py"]
    assert tally.run("t.add()") == 2


def test_what_the_file_held_is_kept_beside_it(tally: Session) -> None:
    path = tally.workspace.path("tally.py")
    path.write_text("# mine\n")
    report = tally.run(cell(line="%%plugin tally --save"))
    assert report and path.read_text() == BODY
    assert path.with_name("tally.py.orig").read_text() == "# mine\n"
    assert any("it is in tally.py.orig" in warning for warning in report.warnings)


def test_a_file_in_place_of_the_cell_and_back(tally: Session) -> None:
    path = tally.workspace.path("tally.py")
    path.write_text(BODY.replace("2 * value", "7 * value"))
    tally.run("from tally import double, Tally\npart = Tally()\ntaken = double")
    report = tally.run("%load_plugin ./tally.py")
    assert report.outcome is Outcome.RELOADED
    assert tally.run("double(1), t.add(), taken is double, isinstance(part, Tally)") == (
        7,
        2,
        True,
        True,
    )
    assert tally.manager.get_record("tally").candidate.path == path
    assert tally.run("%plugins tally")["on disk"] == "same"
    report = tally.run(cell())
    assert report and tally.run("double(1), t.add()") == (2, 3)
    assert tally.run("%plugins tally")["on disk"] == "same"
    assert path.read_text() == BODY.replace("2 * value", "7 * value")
    # A change of place that fails changes nothing.
    path.write_text(BODY.replace("self.total = 0", "1 / 0"))
    assert tally.run("%load_plugin ./tally.py").outcome is Outcome.ROLLED_BACK
    assert tally.manager.get_record("tally").candidate.path != path
    assert last_of(tally.error("t.fail()")).filename != str(path)
    assert tally.run("double(1), t.add()") == (2, 4)


def test_a_watched_plugin_changes_places(tally: Session) -> None:
    tally.run("%watch_plugins tally")
    tally.run(cell(line="%%plugin tally --save"))
    tally.run("from tally import double")
    tally.edit("2 * value", "5 * value", "tally.py")
    assert tally.run("double(1)") == 5
    tally.run(cell())
    tally.edit("5 * value", "6 * value", "tally.py")  # the file is not the plugin's any more
    assert tally.run("double(1)") == 2


def test_a_package_and_a_cell(session: Session) -> None:
    session.workspace.write("pack/__init__.py", BODY)
    session.run("%load_plugin ./pack;")
    report = session.run(cell(line="%%plugin pack"))
    assert report.outcome is Outcome.ABORTED
    assert "A package with several files and a single file cannot" in str(report.error)


# -- %plugin_edit ----------------------------------------------------------------------------------


@pytest.fixture
def next_cells(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(
        session.shell, "set_next_input", lambda text, replace=False: found.append(text)
    )
    return found


def test_a_file_comes_into_a_cell(session: Session, next_cells: list[str]) -> None:
    path = session.workspace.path("counter.py")
    session.run("%load_plugin counter --as c;\nc.add()")
    assert session.run("%plugin_edit counter").text().startswith("Edit: counter, its source is in")
    (text,) = next_cells
    assert text.startswith("%%plugin counter --save\n")
    assert text.partition("\n")[2] + "\n" == path.read_text()
    assert session.run(text + "\n").outcome is Outcome.UNCHANGED
    report = session.run(text.replace("2 * value", "9 * value") + "\n")
    assert report and "9 * value" in path.read_text()
    assert session.run("from counter import double\ndouble(1), c.add()") == (9, 2)


def test_a_cell_comes_back_as_that_cell(tally: Session, next_cells: list[str]) -> None:
    tally.run("%plugin_edit tally")
    assert next_cells == [cell(line="%%plugin tally --as t").rstrip("\n")]


def test_of_a_plugin_elsewhere_that_is_not_loaded(session: Session, next_cells: list[str]) -> None:
    session.workspace.write("plugins/my index.py".replace(" ", "_"), BODY)
    session.run("%plugin_edit my_index")
    assert next_cells[0].startswith("%%plugin my_index --save plugins/my_index.py\n")
    session.run(next_cells[0])
    assert session.manager.is_plugin_loaded("my_index")


# -- wrong input -----------------------------------------------------------------------------------

TWO = BODY + "\nclass Second(StatefulPlugin):\n    pass\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("%%plugin\nx = 1", "the following arguments are required: NAME"),
        ("%%plugin tally\n", "the cell body is empty"),
        ("%%plugin ./tally.py\nx = 1", "To write a file: --save PATH."),
        ("%%plugin my-tally\nx = 1", "rename it, for instance to 'my_tally'"),
        ("%%plugin json\nx = 1", "would hide Python's own module 'json'"),
        ("%%plugin class\nx = 1", "'class' is a Python keyword"),
        (cell() + cell(line="%%plugin other"), "Each plugin needs a cell of its own"),
        (cell("%matplotlib inline\n" + BODY), "'%matplotlib inline' is for a notebook"),
        (cell("!ls\n" + BODY), "'!ls' is for a notebook"),
        (cell(line="%%plugin tally --save other.py"), "has to be called tally.py"),
        (cell(line="%%plugin tally --save nowhere/tally.py"), "there is no folder"),
        (cell(line="%%plugin tally --svae"), "did you mean '--save'?"),
        (cell(line="%%plugin tally --config {"), "--config"),
        (cell(line="%%plugin tally --as 1x"), "cannot be the name of a variable"),
        (cell(TWO), "'tally' defines 2 plugins: 'Tally' (line 10) and 'Second' (line 22)"),
        (cell("x = 1\n"), "'tally' has no plugin"),
        (cell(BODY.replace("2 * value", "2 *")), "is not valid Python (line 8)"),
        ("%plugin_edit nothing", "no plugin 'nothing'"),
        ("%plugin_edit pack", "is a package with several files"),
    ],
)
def test_wrong_cells(session: Session, text: str, says: str) -> None:
    session.workspace.write("pack/__init__.py", BODY)
    before = sorted(os.listdir("."))
    error: Any = session.error(text)
    assert says in str(error)
    assert session.manager.list_loaded_plugins() == []
    assert sorted(os.listdir(".")) == before
    assert "tally" not in sys.modules


def test_a_name_of_its_own(session: Session) -> None:
    """The class may call itself otherwise; it is the module that the cell names."""
    text = BODY.replace("    def initialize", '    name = "abacus"\n\n    def initialize')
    session.run(cell(text))
    report = session.run(cell(text.replace("2 * value", "3 * value")))
    assert report.outcome is Outcome.RELOADED
    assert session.run("from tally import double\ndouble(1)") == 3


def test_help_and_completion(tally: Session, capsys: pytest.CaptureFixture[str]) -> None:
    tally.run("%%plugin?")
    assert "--save" in capsys.readouterr().out
    assert tally.ours("%plugin_edit ta") == ["tally"]


# -- text and bytes --------------------------------------------------------------------------------

WORD = BODY.replace("return 2 * value", 'return "é"')

WAYS = {
    "windows": WORD.replace("\n", "\r\n").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + WORD.encode(),
    "both": b"\xef\xbb\xbf" + WORD.replace("\n", "\r\n").encode(),
    "another encoding": f"# -*- coding: latin-1 -*-\n{WORD}".encode("latin-1"),
    "no last line end": WORD.rstrip("\n").encode(),
    "many of them": f"{WORD}\n\n".encode(),
    "empty lines first": f"\n\n{WORD}".encode(),
    "a line as of a cell": f"# %%plugin other --as x\n{WORD}".encode(),
}


@pytest.mark.parametrize("data", WAYS.values(), ids=WAYS)
def test_a_file_keeps_its_ways(session: Session, next_cells: list[str], data: bytes) -> None:
    """What comes into a cell and back is the very file, and an edit is all that differs after one."""
    path = session.workspace.path("tally.py")
    path.write_bytes(data)
    session.run("%load_plugin ./tally.py;\nfrom tally import double\n%plugin_edit tally")
    (text,) = next_cells
    session.shell.run_cell(text).raise_error()
    assert path.read_bytes() == data
    session.shell.run_cell(text.replace("é", "éé")).raise_error()
    accent = "é".encode("latin-1" if b"latin-1" in data else "utf-8")
    assert path.read_bytes() == data.replace(accent, 2 * accent)
    assert session.run("double(1)") == "éé"
    assert sorted(os.listdir(path.parent)) == ["counter.py", "tally.py"]


def test_a_cell_that_states_its_encoding(session: Session) -> None:
    session.run(cell(f"# -*- coding: latin-1 -*-\n{WORD}"))
    assert session.run("from tally import double\ndouble(1)") == "é"
    message = session.usage_error(cell(f"# coding: latin-1\n{WORD.replace('é', '€')}"))
    assert "'\\u20ac' in line 9 cannot be written in iso-8859-1. Remove the line" in message
    # In a setting it is no statement for Python.
    assert session.run(cell(WORD, '%%plugin tally --config {"note": "coding: latin-1"}'))
    assert session.run("double(1)") == "é"


def test_what_no_file_can_hold(session: Session) -> None:
    message = session.usage_error(cell(WORD.replace("é", "\ud800")))
    assert "'\\ud800' in line 8 cannot be written in utf-8. Write it as an escape" in message


def test_a_second_magic_in_a_string_is_none(session: Session) -> None:
    session.run(cell(BODY.replace("LIMIT = 10", 'LIMIT = """\n%%plugin other\n!ls\n"""')))
    assert session.run("from tally import LIMIT\nLIMIT") == "\n%%plugin other\n!ls\n"


def test_places_that_cannot_be_saved_to(session: Session) -> None:
    path = session.workspace.path("tally.py")
    save = cell(line="%%plugin tally --save")
    path.symlink_to(path)
    assert "cannot be written: Too many levels of symbolic links" in session.usage_error(save)
    path.unlink()
    os.mkfifo(path)
    assert "is there, and is not a file" in session.usage_error(save)
    path.unlink()
    # A link to what is not there yet stays one, also where nothing comes of it.
    path.symlink_to("real.py")
    session.error(edited("LIMIT = 10", "LIMIT = 1 / 0", "%%plugin tally --save"))
    assert path.is_symlink() and not path.exists()
    session.run(save)
    assert path.is_symlink() and path.with_name("real.py").read_text() == BODY


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_forked_process_leaves_the_files_of_cells_alone(tally: Session) -> None:
    files = tally.shell.magics_manager.registry["PluginMagics"].files
    path = tally.manager.get_record("tally").candidate.path
    child = os.fork()
    if child == 0:
        files.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert path.is_file()
