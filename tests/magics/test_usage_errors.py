"""Bad input ends in words, for each magic."""

from __future__ import annotations

import pytest

from tests.magics.session import BROKEN, Session

CASES = [
    # %load_plugin
    ("%load_plugin", "required: NAME|PATH"),
    ("%load_plugin countr", "did you mean 'counter'?"),
    ("%load_plugin COUNTER", "did you mean 'counter'?"),
    ("%load_plugin ./countr.py", "did you mean 'counter.py'?"),
    ("%load_plugin ./nowhere/counter.py", "there is no folder"),
    ("%load_plugin my plugins/x.py", "A path with blanks in it needs quotes"),
    ("%load_plugin 'my plugins/x.py", "the quote ' is never closed"),
    ("%load_plugin ./folder", "it has no __init__.py"),
    ("%load_plugin ./data.txt", "is not a .py file"),
    ("%load_plugin ../../etc/../x.py", "there is no"),
    ("%load_plugin $nam", "did you mean 'name'?"),
    ("%load_plugin {1 / 0}", "ZeroDivisionError"),
    ("%load_plugin counter --confg {}", "did you mean '--config'?"),
    ("%load_plugin counter --config", "expected one argument"),
    ('%load_plugin counter --config {"step": }', "at character 10"),
    ("%load_plugin counter --config {'step': 2}", 'In JSON that is {"step": 2}'),
    ("%load_plugin counter --config [1]", "expected an object"),
    ("%load_plugin counter --config @nothing.json", "no such file"),
    ("%load_plugin counter --config $nothing", "no variable 'nothing'"),
    ("%load_plugin counter --config $name", "expected a dict, but it is a str"),
    ('%load_plugin strict --config {"step": "x"}', "step"),
    ("%load_plugin counter --as", "expected one argument"),
    ("%load_plugin counter --as for", "keyword"),
    ("%load_plugin counter --as my-counter", "did you mean 'my_counter'?"),
    ("%load_plugin counter --as 'a b'", "did you mean 'a_b'?"),
    ("%load_plugin counter --as In", "belongs to IPython"),
    ("%load_plugin counter --as __name__", "belongs to IPython or Python"),
    ('%load_plugin counter --config ""', "expected JSON"),
    ('%load_plugin ""', ""),
    ("%load_plugin other/counter.py", "loaded already, from"),
    (
        '%load_plugin loaded --config {"step": 7}',
        "another configuration. To start anew: %unload_plugin loaded",
    ),
    ('%load_plugin loaded --config {"step": 7}', "PluginManager.instance().reload_plugin('loaded'"),
    ("%load_plugin orphan", "nowhere"),
    # %reload_plugin
    ("%reload_plugin countr", "did you mean 'counter'?"),
    ("%reload_plugin Counter", "did you mean 'counter'?"),
    ("%reload_plugin --CASCADE", "did you mean '--cascade'?"),
    ("%reload_plugin strict", "is not loaded. Load it: %load_plugin strict"),
    ("%reload_plugin counter countr", "no plugin 'countr'"),
    ("%reload_plugin ./strict.py", "no plugin is loaded from './strict.py'"),
    ("%reload_plugin counter --al", "give names or --all"),
    ("%reload_plugin --cascde", "did you mean '--cascade'?"),
    ("%reload_plugin --help", "%reload_plugin? shows what it takes"),
    # %unload_plugin
    ("%unload_plugin", "required: NAME"),
    ("%unload_plugin countr", "did you mean 'counter'?"),
    ("%unload_plugin counter loaded", "no place for 'loaded'"),
    ("%unload_plugin strict", "is not loaded"),
    ("%unload_plugin --all", "required: NAME"),
    # %plugins
    ("%plugins countr", "did you mean 'counter'?"),
    ("%plugins a b", "no place for 'b'"),
    ("%plugins ./strict.py", "no plugin is loaded from"),
    # %plugin_events
    ("%plugin_events countr", "did you mean 'counter'?"),
    ("%plugin_events -n", "expected one argument"),
    ("%plugin_events -n x", "invalid int value: 'x'"),
    ("%plugin_events -n 0", "a number from 1 on"),
    ("%plugin_events -n -3", "a number from 1 on"),
    # %plugin_errors
    ("%plugin_errors counter", "no place for 'counter'"),
    ("%plugin_errors --all", "no option '--all'"),
]


@pytest.mark.parametrize(("line", "says"), CASES, ids=[case[0] for case in CASES])
def test_bad_input(
    session: Session, line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write = session.workspace.write
    write("strict.py", """
        from themis_jupyter import Plugin

        class Strict(Plugin):
            config_schema = {"properties": {"step": {"type": "integer"}}}
    """)  # fmt: skip
    write("orphan.py", "from themis_jupyter import Plugin\n"
          "class Orphan(Plugin):\n    dependencies = ['nowhere']\n")  # fmt: skip
    counter = session.workspace.path("counter.py").read_bytes()
    write("loaded.py", counter)
    write("other/counter.py", counter)
    write("folder/nothing.txt", "")
    write("data.txt", "")
    session.run("name = 'counter'\n%load_plugin counter;\n%load_plugin loaded;")
    capsys.readouterr()
    message = session.usage_error(line)
    shown = capsys.readouterr()
    assert says in message
    assert shown.err == f"UsageError: {message}\n"
    assert shown.out == ""
    assert session.manager.list_loaded_plugins() == ["counter", "loaded"]
    assert not session.run("%plugin_errors")


@pytest.mark.parametrize(
    "magic", ["%reload_plugin c", "%unload_plugin c", "%plugins c", "%plugin_events c"]
)
def test_the_variable_in_place_of_the_plugin(session: Session, magic: str) -> None:
    session.run("%load_plugin counter --as c;")
    message = session.usage_error(magic)
    assert "that is the variable which holds the plugin; did you mean 'counter'?" in message


def test_without_any_plugin(session: Session) -> None:
    assert "no plugin is loaded. Load one" in session.usage_error("%reload_plugin")
    assert "no plugin is loaded. Load one" in session.usage_error("%reload_plugin --all -q")
    session.workspace.write("broken.py", BROKEN)
    session.error("%load_plugin broken")
    assert "'broken' is not loaded" in session.usage_error("%reload_plugin broken")


@pytest.mark.parametrize(
    "magic",
    ["load_plugin", "reload_plugin", "unload_plugin", "plugins", "plugin_events", "plugin_errors"],
)
def test_help(session: Session, magic: str, capsys: pytest.CaptureFixture[str]) -> None:
    session.run(f"%{magic}?")
    shown = capsys.readouterr().out
    assert f"%{magic}" in shown
    parser = getattr(session.shell.magics_manager.registry["PluginMagics"], magic).parser
    for action in parser._actions:
        assert action.help.split()[0] in shown
        for option in action.option_strings:
            assert option in shown
