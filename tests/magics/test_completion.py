"""Tab completion."""

from __future__ import annotations

import os

import pytest
from IPython.core.completer import provisionalcompleter
from traitlets.config import Config

from tests.magics.session import COUNTER, Session

MAGICS = [
    "load_plugin",
    "plugin_errors",
    "plugin_events",
    "plugins",
    "reload_plugin",
    "unload_plugin",
]


@pytest.fixture(params=[True, False], ids=["jedi", "without jedi"])
def shell_config(shell_config: Config, request: pytest.FixtureRequest) -> Config:
    shell_config.IPCompleter.use_jedi = request.param
    return shell_config


@pytest.fixture
def session(session: Session) -> Session:
    for file in ("third.py", "sub/inner.py", "my plugins/fourth.py", ".hidden.py"):
        session.workspace.write(file, COUNTER)
    for file in ("good.json", "my config.json", "notes.txt"):
        session.workspace.write(file, "{}")
    session.run("settings = {'step': 2}\nseconds = 3\n_private = {}\n%load_plugin counter;")
    return session


CASES = {
    # names and paths
    "%load_plugin th": ["%load_plugin third", "%load_plugin third.py"],
    "%load_plugin ./th": ["%load_plugin ./third.py"],
    "%load_plugin sub/": ["%load_plugin sub/inner.py"],
    "%load_plugin my": ["%load_plugin my\\ plugins/"],
    "%load_plugin my\\ plugins/f": ["%load_plugin my\\ plugins/fourth.py"],
    "%load_plugin 'my": ["%load_plugin 'my plugins/'"[:-1]],
    '%load_plugin "my plugins/fo': ['%load_plugin "my plugins/fourth.py"'],
    "%load_plugin .h": ["%load_plugin .hidden.py"],
    "%load_plugin ./.": ["%load_plugin ./.hidden.py"],
    "%reload_plugin ": ["%reload_plugin counter"],
    "%reload_plugin co": ["%reload_plugin counter"],
    "%reload_plugin --full c": ["%reload_plugin --full counter"],
    "r = %reload_plugin co": ["r = %reload_plugin counter"],
    "reload_plugin co": ["reload_plugin counter"],
    "%unload_plugin ": ["%unload_plugin counter"],
    "%plugins t": ["%plugins third"],
    "%plugin_events ": ["%plugin_events counter"],
    # options
    "%load_plugin counter --": [
        "%load_plugin counter --as",
        "%load_plugin counter --config",
        "%load_plugin counter --restore",
        "%load_plugin counter --watch",
    ],
    "%unload_plugin counter --c": ["%unload_plugin counter --cascade"],
    "%reload_plugin --full --f": ["%reload_plugin --full --fresh"],
    # values of options
    "%load_plugin counter --config $s": ["%load_plugin counter --config $settings"],
    "%load_plugin counter --config=$s": ["%load_plugin counter --config=$settings"],
    "%load_plugin counter --config @g": ["%load_plugin counter --config @good.json"],
    "%load_plugin counter --config=@g": ["%load_plugin counter --config=@good.json"],
    "%load_plugin counter --config '@my c": ["%load_plugin counter --config '@my config.json'"],
}


@pytest.mark.skipif(os.name != "posix", reason="blanks are escaped in another way there")
@pytest.mark.parametrize("line", CASES)
def test_completion(session: Session, line: str) -> None:
    assert sorted(session.complete(line)) == sorted(CASES[line])


def test_what_is_completed_is_understood(session: Session) -> None:
    for typed in ("%load_plugin my\\ plugins/f", "%load_plugin 'my plugins/f"):
        [line] = session.complete(typed)
        assert session.run(line).name == "fourth"


@pytest.mark.parametrize("magic", MAGICS)
def test_the_magics_themselves(session: Session, magic: str) -> None:
    assert f"%{magic}" in session.complete(f"%{magic[:-2]}")


@pytest.mark.parametrize("line", ["setti", "settings.ke", "x = settings[", "%time setti"])
def test_other_lines_are_left_alone(session: Session, line: str) -> None:
    assert session.ours(line) == []
    if line == "setti":
        assert "settings" in session.complete(line)


def test_a_variable_of_the_name_of_a_magic_is_a_variable(session: Session) -> None:
    session.run("plugins = []")
    assert session.ours("plugins t") == []
    assert session.ours("%plugins t") == ["third"]


def test_in_the_middle_of_a_cell(session: Session) -> None:
    code = "%reload_plugin co\nx = 1"
    with provisionalcompleter():
        found = list(session.shell.Completer.completions(code, len("%reload_plugin co")))
    assert [each.text for each in found] == ["counter"]


def test_a_folder_that_cannot_be_read_completes_to_nothing(session: Session) -> None:
    session.manager.plugin_folders = ["./sub/inner.py/x"]
    for line in ("%load_plugin nowhere/", "%load_plugin ~nobody/", "%plugin_events -n "):
        assert session.ours(line) == []
