"""``%test_plugin`` and ``%new_plugin``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.magics.session import BROKEN, Session
from themis_jupyter.testing import assert_reload_safe

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_loaded_plugin_is_tested_and_not_touched(session: Session) -> None:
    session.run('%load_plugin counter --as counter --config {"step": 4};')
    session.run("counter.add()")
    report = session.run(
        '%test_plugin counter --reloads 4 --use "plugin.add(); assert plugin.total == 4"'
    )
    assert report, report
    assert report.plugin == "counter"
    assert session.run("counter.total") == 4
    bundle = report._repr_mimebundle_()
    assert bundle["text/plain"].startswith("counter is reload-safe: 27 checks")
    assert "<table" in bundle["text/html"] and "failure in: load" in bundle["text/html"]


def test_what_fails_is_in_the_table(session: Session) -> None:
    session.workspace.write("broken.py", BROKEN)
    report = session.run("%test_plugin ./broken.py")
    assert not report
    assert "ValueError: no good" in repr(report)
    assert "<td" in report._repr_mimebundle_()["text/html"]
    assert session.manager.list_loaded_plugins() == []


@pytest.mark.parametrize("options", ["", " --stateful"])
def test_the_starter_loads_reloads_and_is_safe(
    session: Session, options: str, tmp_path: Path
) -> None:
    done = session.run(f"%new_plugin my_first{options}")
    assert repr(done) == "Written: my_first.py, next: %load_plugin my_first --as my_first"
    path = session.workspace.path("my_first.py")
    assert "class MyFirst(" in path.read_text() and "NAME" not in path.read_text()
    session.run("%load_plugin my_first --as my_first;")
    call = "my_first.add()" if options else "my_first.greet()"
    before = session.run(call)
    assert before == (1 if options else "Hello, world!")
    if options:
        session.edit("+= self.step", "+= 10 * self.step", "my_first.py")
    else:
        session.edit('"Hello"', '"Bye"', "my_first.py")
    assert session.run("%reload_plugin my_first")
    assert session.run(call) == (11 if options else "Bye, world!")
    session.run("%unload_plugin my_first;")
    assert_reload_safe(path, reloads=4)
    for how in (["check", "--select", "E,W,F,I,N,UP,B,C4,SIM,RUF"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *how, "--isolated", "--line-length", "100"]
        run = subprocess.run([*ruff, str(path)], capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr


def test_into_another_folder(session: Session) -> None:
    (session.workspace.folder / "my things").mkdir()
    (session.workspace.folder / "plugins").mkdir()
    done = session.run("%new_plugin one --folder 'my things'")
    assert 'next: %load_plugin "./my things/one.py" --as one' in repr(done)
    session.run('%load_plugin "./my things/one.py" --as one;')
    done = session.run("%new_plugin two --folder plugins")
    assert "next: %load_plugin two --as two" in repr(done)
    session.run("%load_plugin two --as two;")
    assert "--as my_plugin" in repr(session.run("%new_plugin In"))


CASES = [
    ("%new_plugin", "required: NAME"),
    ("%new_plugin counter", "'counter.py' exists already and was left as it is"),
    ("%new_plugin folder", "'folder' exists already"),
    ("%new_plugin counter.py", "give the name without the .py: counter"),
    ("%new_plugin a/b.py", "%new_plugin b --folder a"),
    ("%new_plugin my-plugin", "rename it, for instance to 'my_plugin'"),
    ("%new_plugin class", "is a Python keyword"),
    ("%new_plugin json", "it would hide Python's own module 'json'"),
    ("%new_plugin numpy", "would hide the module 'numpy' of"),
    ("%new_plugin themis_jupyter", "hide this package"),
    ("%new_plugin __", "cannot be the name of a plugin"),
    ("%new_plugin new --folder foldr", "did you mean 'folder'? Make it first"),
    ("%new_plugin new --folder counter.py", "is a file, not a folder"),
    ("%new_plugin new --statefull", "did you mean '--stateful'?"),
    ("%new_plugin one two", "no place for 'two'"),
    ("%test_plugin", "required: NAME|PATH"),
    ("%test_plugin countr", "did you mean 'counter'?"),
    ("%test_plugin ./countr.py", "did you mean 'counter.py'?"),
    ("%test_plugin ./folder", "it has no __init__.py"),
    ("%test_plugin counter --reloads 1", "expected a number from 2 on"),
    ("%test_plugin counter --reloads x", "invalid int value"),
    ("%test_plugin counter --timeout 0", "expected seconds"),
    ("%test_plugin counter --timeout nan", "expected seconds"),
    ("%test_plugin counter --use plugin.", "is not valid Python"),
    ("%test_plugin counter --config [1]", "expected an object"),
    ("%test_plugin counter --relods 3", "did you mean '--reloads'?"),
]


@pytest.mark.parametrize(("line", "says"), CASES, ids=[case[0] for case in CASES])
def test_bad_input(session: Session, line: str, says: str) -> None:
    session.workspace.write("folder/nothing.txt", "")
    before = session.workspace.path("counter.py").read_text()
    assert says in session.usage_error(line)
    assert session.workspace.path("counter.py").read_text() == before
    assert sorted(p.name for p in session.workspace.folder.iterdir()) == ["counter.py", "folder"]


def test_the_variable_in_place_of_the_plugin(session: Session) -> None:
    session.run("%load_plugin counter --as c;")
    assert "did you mean 'counter'?" in session.usage_error("%test_plugin c")


def test_what_cannot_be_written(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    def full(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(builtins, "open", full)
    from themis_jupyter.errors import PluginDefinitionError
    from themis_jupyter.starter import write_starter

    with pytest.raises(PluginDefinitionError, match="cannot be written: No space left"):
        write_starter(session.workspace.folder, "new")


def test_completion(session: Session) -> None:
    (session.workspace.folder / "plugins").mkdir()
    session.workspace.write("third.py", BROKEN)
    session.run("%load_plugin counter;")
    assert session.ours("%test_plugin c") == ["counter", "counter.py"]
    assert "--use" in session.ours("%test_plugin counter --")
    assert session.ours("%new_plugin x --folder pl") == ["plugins/"]
    assert session.ours("%new_plugin ") == []
    assert session.ours("%test_plugin counter --reloads ") == []


@pytest.mark.parametrize("magic", ["test_plugin", "new_plugin"])
def test_help(session: Session, magic: str, capsys: pytest.CaptureFixture[str]) -> None:
    session.run(f"%{magic}?")
    shown = capsys.readouterr().out
    assert f"%{magic}" in shown and "Examples:" in shown


def test_loading_the_extension_imports_none_of_it(tmp_path: Path) -> None:
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "themis_jupyter")
print([m for m in sys.modules if m.startswith(("themis_jupyter.testing", "themis_jupyter.starter"))])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
