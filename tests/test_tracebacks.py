"""Tracebacks that begin in the plugin and show the source that was running."""

import inspect
import linecache
import logging
import os
import sys
import textwrap
import threading
import traceback
import types
from typing import Any

import pytest

import themis_jupyter
from themis_jupyter.errors import PluginLoadError
from themis_jupyter.pinning import pin_source, unpin_source
from themis_jupyter.tracebacks import (
    failing_line,
    plugin_traceback,
)

OURS = os.path.join(os.path.dirname(themis_jupyter.__file__), "handle.py")


class World:
    """Plugin files whose text on disk is another one, as soon as they run."""

    def __init__(self, folder):
        self.folder = folder
        self.sources: dict[str, str] = {}

    def path(self, name):
        return str(self.folder / f"{name}.py")

    def run(self, name, text, disk="# the file was edited\n" * 50, **given):
        """Run ``text`` as plugin ``name``, then save ``disk``; return its namespace."""
        text = textwrap.dedent(text)
        self.sources[self.path(name)] = text
        namespace = {"__name__": name, **given}
        try:
            exec(compile(text, self.path(name), "exec"), namespace)
        finally:
            (self.folder / f"{name}.py").write_text(disk)
        return namespace

    def caught(self, function, *args):
        """Return the error that ``function`` raises, and its plugin traceback."""
        try:
            function(*args)
        except BaseException as error:  # noqa: BLE001 - whatever the case raises
            return error, plugin_traceback(error, self.sources)
        raise AssertionError("nothing was raised")


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def through_us(function, *args):
    """Call ``function`` from a frame that looks like one of this package."""
    namespace = {"function": function, "args": args}
    exec(compile("def call():\n    return function(*args)\n", OURS, "exec"), namespace)
    return namespace["call"]()


def test_begins_in_the_plugin_and_shows_the_running_source(world):
    plugin = world.run("counter", "def add(a):\n    return a['x'] + missing\n")
    error, text = world.caught(through_us, plugin["add"], {"x": 1})
    assert text.splitlines() == [
        "Traceback (most recent call last):",
        f'  File "{world.path("counter")}", line 2, in add',
        "    return a['x'] + missing",
        "                    ^^^^^^^",
        "NameError: name 'missing' is not defined",
    ]
    assert failing_line(error, world.sources) == (world.path("counter"), 2)


def test_our_frames_within_the_stack_are_left_out_and_libraries_stay(world):
    world.run("a", "def go(call, f):\n    call(f)\n")
    a = world.run("a", "def go(call, f):\n    call(f)\n")
    b = world.run("b", "import json\ndef load():\n    return json.loads('{')\n")
    error, text = world.caught(a["go"], through_us, b["load"])
    assert OURS not in text
    assert text.index("call(f)") < text.index("json.loads('{')") < text.index("decoder.py")
    assert failing_line(error, world.sources) == (world.path("b"), 3)


def test_without_a_plugin_frame_all_but_our_frames_are_shown():
    with pytest.raises(ZeroDivisionError) as info:
        through_us(lambda: 1 / 0)
    text = plugin_traceback(info.value, {"elsewhere.py": "x = 1\n"})
    assert "in test_without_a_plugin_frame" in text
    assert "1 / 0" in text
    assert OURS not in text
    assert failing_line(info.value, {"elsewhere.py": "x = 1\n"}) is None


EXPRESSIONS = [
    "def go():\n    return 1 / 0\n",
    "def go():\n    return (\n        1\n        + 1 / 0\n    )\n",
    "def f(*a):\n    raise KeyError\ndef go():\n    return f(\n        1,\n        2,\n    )\n",
    "def go():\n    x = len(1, '''a\nb\n''')\n",
    "def go():\n    é = {'ü': 1}; return é['ü'] + é[\n\n\n'ö'\n\n]\n",
    "def go():\n\treturn [\n\t\tn / 0 for n in (1,\n\n2)]\n",
    "def go():\n    '日本'.x + (1).y; pass",
    "class A:\n    def __init__(self):\n        self.b.c.d = 1\ndef go():\n    A()\n",
    "def go():\n    raise ValueError(\n        'a')  # comment   \n",
    "def go():\n    assert False, (1,\n       2)\n",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_reads_as_python_prints_it(world, text):
    """With the same text on disk and in ``sources`` nothing differs from Python's own output."""
    go = world.run("same", text, disk=text)["go"]
    error, shown = world.caught(go)
    error.__traceback__ = error.__traceback__.tb_next  # without the frame of this test
    assert shown == "".join(traceback.format_exception(error))


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_reads_the_same_whatever_is_on_disk(world, text):
    _, same = world.caught(world.run("same", text, disk=text)["go"])
    _, other = world.caught(world.run("same", text)["go"])
    assert other == same


def test_linecache_is_not_touched_for_the_plugin(world):
    plugin = world.run("counter", "def add():\n    1 / 0\n")
    world.caught(plugin["add"])
    assert len(linecache.cache.get(world.path("counter"), ())) <= 1


def test_other_columns_than_the_source_has(world):
    """A source that does not belong to the code must not make the report fail."""
    plugin = world.run("counter", "def add():\n    return (1 +\n       1 / 0)\n")
    for text in ("", "x", "é(\n\t+\n", "\n\n\f  [\n"):
        world.sources[world.path("counter")] = text
        error, shown = world.caught(plugin["add"])
        assert shown.endswith("ZeroDivisionError: division by zero\n")
        assert failing_line(error, world.sources) is not None


def test_lines_end_where_python_says(world):
    """Not at form feeds or at the separators of Unicode, but at each of the three newlines."""
    text = "a = '\u2028'\r\n\x0c\r\ndef go():\r    1 / 0"
    world.sources[world.path("odd")] = text
    namespace: dict = {}
    exec(compile(text, world.path("odd"), "exec"), namespace)
    _, shown = world.caught(namespace["go"])
    assert "line 4, in go\n    1 / 0\n" in shown


# --- chains and groups -------------------------------------------------------------------------


def test_cause_context_and_suppression(world):
    plugin = world.run(
        "chain",
        """\
        def cause():
            try:
                {}['inner']
            except KeyError as error:
                raise ValueError('outer') from error
        def context():
            try:
                {}['inner']
            except KeyError:
                raise ValueError('outer')
        def hidden():
            try:
                {}['inner']
            except KeyError:
                raise ValueError('outer') from None
        """,
    )
    _, text = world.caught(through_us, plugin["cause"])
    assert text.index("{}['inner']") < text.index("direct cause") < text.index("raise ValueError")
    _, text = world.caught(through_us, plugin["context"])
    assert text.index("{}['inner']") < text.index("During handling") < text.index("'outer')")
    _, text = world.caught(through_us, plugin["hidden"])
    assert "inner" not in text
    assert "edited" not in text


def test_errors_of_our_own_housekeeping_are_not_context(world):
    plugin = world.run("counter", "def add():\n    raise ValueError('bad')\n")
    source = "def call(f):\n    try:\n        {}['ours']\n    except KeyError:\n        f()\n"
    namespace: dict = {}
    exec(compile(source, OURS, "exec"), namespace)
    error, text = world.caught(namespace["call"], plugin["add"])
    assert isinstance(error.__context__, KeyError)
    assert "During handling" not in text
    assert text.startswith("Traceback")


def test_our_error_raised_from_the_plugins(world):
    plugin = world.run("counter", "def add():\n    raise ValueError('bad')\n")

    def load():
        try:
            plugin["add"]()
        except ValueError as error:
            raise PluginLoadError("counter", "counter cannot be loaded") from error

    error, text = world.caught(load)
    assert failing_line(error, world.sources) == (world.path("counter"), 2)
    first = text.splitlines()[1]
    assert first == f'  File "{world.path("counter")}", line 2, in add'
    assert text.rstrip().endswith("PluginLoadError: counter cannot be loaded")


def test_exception_groups(world):
    plugin = world.run(
        "group",
        """\
        def one(error):
            raise error
        def go():
            found = []
            for error in (ValueError('first'), KeyError('second')):
                try:
                    one(error)
                except Exception as caught:
                    found.append(caught)
            raise ExceptionGroup('both', found)
        """,
    )
    error, text = world.caught(through_us, plugin["go"])
    assert "Exception Group Traceback" in text
    assert text.count("raise error") == 2
    assert "raise ExceptionGroup('both', found)" in text
    assert "edited" not in text
    assert failing_line(error, world.sources) == (world.path("group"), 10)
    outside = ExceptionGroup("made elsewhere", error.exceptions)
    assert failing_line(outside, world.sources) == (world.path("group"), 2)


def test_notes_are_shown(world):
    plugin = world.run(
        "n", "def go():\n    e = ValueError()\n    e.add_note('hint')\n    raise e\n"
    )
    assert world.caught(plugin["go"])[1].endswith("ValueError\nhint\n")


# --- syntax errors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("x = 1\ndef add(self)\n    pass\n", 2, ["    def add(self)", "                 ^"]),
        # These come from later passes of the compiler, which read the line from disk.
        ("x = 1\nreturn 3\n", 2, ["    return 3", "    ^^^^^^^^"]),
        ("def f():\n    x = 1\n    global x\n", 3, ["    global x", "    ^^^^^^^^"]),
        ("x = 1\nawait f()\n", 2, ["    await f()", "    ^^^^^^^^^"]),
    ],
)
def test_syntax_errors_show_line_and_caret(world, text, line, shown):
    (world.folder / "broken.py").write_text("# line one on disk\n# line two on disk\n" * 9)
    error, report = world.caught(through_us, world.run, "broken", text)
    assert isinstance(error, SyntaxError)
    lines = report.splitlines()
    assert lines[:3] == [f'  File "{world.path("broken")}", line {line}', *shown]
    assert lines[-1].startswith("SyntaxError: ")
    assert failing_line(error, world.sources) == (world.path("broken"), line)


@pytest.mark.parametrize(
    "text",
    [
        "x = f'{a b}'\n",
        "x = 1\n  y = 2\n",
        "x = '''abc\n\n",
        "x = (1,\n",
        "if x:\n\ty\n        z\n",
        "print 'é', 1\n",
        "a = 'abc\n",
        "a = $\n",
    ],
)
def test_syntax_errors_read_as_python_prints_them(tmp_path, text):
    """With the same text on disk and in ``sources`` nothing differs from Python's own output."""
    path = str(tmp_path / "broken.py")
    (tmp_path / "broken.py").write_text(text)
    error = _syntax_error(text, path)
    assert plugin_traceback(error, {path: text}) == "".join(traceback.format_exception_only(error))


def _syntax_error(text, path):
    with pytest.raises(SyntaxError) as info:
        compile(text, path, "exec")
    return info.value


def test_a_plugin_that_imports_a_broken_one(world, monkeypatch):
    (world.folder / "brokenone.py").write_text("def f(:\n")
    monkeypatch.syspath_prepend(str(world.folder))
    source = "def go():\n    import importlib\n    importlib.import_module('brokenone')\n"
    plugin = world.run("importing", source)
    world.sources[world.path("brokenone")] = "def f(:\n"
    error, text = world.caught(through_us, plugin["go"])
    assert "<frozen importlib" not in text
    assert text.splitlines()[1] == f'  File "{world.path("importing")}", line 3, in go'
    assert failing_line(error, world.sources) == (world.path("brokenone"), 1)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("made by hand",),
        ("odd", ("f.py", None, None, None)),
        ("odd", ("f.py", 99, 99, None)),
        ("odd", (3, "x", "y", 4)),
        ("odd", ([], 0, 0, "")),
        (None, ("f.py", -1, 0, "abc")),
    ],
)
def test_syntax_errors_made_by_hand(arguments: tuple[Any, ...]):
    error = SyntaxError(*arguments)
    assert "SyntaxError" in plugin_traceback(error, {"f.py": "x\n"})
    failing_line(error, {"f.py": "x\n"})


# --- errors that misbehave ---------------------------------------------------------------------


def test_direct_recursion_is_abbreviated(world):
    plugin = world.run("deep", "def go(n):\n    return go(n + 1)\n")
    error, text = world.caught(plugin["go"], 0)
    assert "more times]" in text
    assert len(text.splitlines()) < 40
    assert failing_line(error, world.sources) == (world.path("deep"), 2)


def test_recursion_over_several_functions_is_abbreviated(world):
    source = "def a(n):\n    b(n)\ndef b(n):\n    c(n)\ndef c(n):\n    a(n)\n"
    _, text = world.caught(world.run("deep", source)["a"], 0)
    assert "more calls not shown]" in text
    assert len(text.splitlines()) < 150
    assert text.splitlines()[-1].startswith("RecursionError")


class NoWordsError(Exception):
    def __str__(self):
        raise OSError("no words")


class NoAttributesError(Exception):
    def __getattribute__(self, name):
        raise OSError("nothing here")


@pytest.mark.parametrize(
    "kind", [NoWordsError, NoAttributesError, KeyboardInterrupt, SystemExit, GeneratorExit]
)
def test_never_raises(world, kind):
    plugin = world.run("hostile", "def go(kind):\n    raise kind()\n")
    try:
        plugin["go"](kind)
    except BaseException as error:  # noqa: BLE001 - whatever the case raises
        text = plugin_traceback(error, world.sources)
        failing_line(error, world.sources)
    assert kind.__name__ in text


def test_an_error_without_traceback():
    assert plugin_traceback(ValueError("x"), {}) == "ValueError: x\n"
    assert plugin_traceback(ValueError(), {"a.py": ""}) == "ValueError\n"
    assert failing_line(ValueError("x"), {"a.py": ""}) is None


def test_a_chain_that_bites_its_tail(world):
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert "one" in plugin_traceback(one, {})
    assert failing_line(one, {"a.py": ""}) is None


def test_threads_with_different_sources_of_one_file(world):
    """Nothing global is set, so two versions of a file may be reported at the same time."""
    path = world.path("twice")
    wrong = []

    def work(name):
        text = f"def go():\n    raise ValueError({name!r})\n"
        namespace: dict = {}
        exec(compile(text, path, "exec"), namespace)
        for _ in range(100):
            try:
                namespace["go"]()
            except ValueError as error:
                shown = plugin_traceback(error, {path: text})
                if f"raise ValueError({name!r})" not in shown:
                    wrong.append(shown)

    threads = [threading.Thread(target=work, args=(f"n{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- pinned sources ----------------------------------------------------------------------------

PINNED = "def go():\n    return 1 / 0  # as it runs\n\nclass A:\n    x = 1  # as it runs\n"


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """A module whose file has been edited, and whose running source is pinned."""
    path = tmp_path / "pinned_plugin.py"
    path.write_text(PINNED)
    module = types.ModuleType("pinned_plugin")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "pinned_plugin", module)
    exec(compile(PINNED, str(path), "exec"), module.__dict__)
    linecache.getlines(str(path))
    pin_source(str(path), PINNED)
    path.write_text("# edited, and longer\n" * 20)
    yield module
    unpin_source(str(path))


@pytest.mark.parametrize("check", [lambda: None, linecache.checkcache])
def test_python_shows_the_pinned_source(pinned, check, caplog):
    check()
    linecache.checkcache(pinned.__file__)
    assert inspect.getsource(pinned.go) == "def go():\n    return 1 / 0  # as it runs\n"
    assert inspect.getsource(pinned.A) == "class A:\n    x = 1  # as it runs\n"
    assert inspect.getsource(pinned) == PINNED
    with pytest.raises(ZeroDivisionError) as info:
        pinned.go()
    assert "return 1 / 0  # as it runs" in "".join(traceback.format_exception(info.value))
    logging.getLogger(__name__).error("failed", exc_info=info.value)
    assert "return 1 / 0  # as it runs" in caplog.text


def test_also_when_the_file_is_gone(pinned):
    os.remove(pinned.__file__)
    linecache.checkcache()
    assert inspect.getsource(pinned.go) == "def go():\n    return 1 / 0  # as it runs\n"


def test_unpinned_the_file_is_shown_again(pinned):
    unpin_source(pinned.__file__)
    unpin_source(pinned.__file__)
    assert linecache.getline(pinned.__file__, 1) == "# edited, and longer\n"


def test_unpinning_leaves_what_others_put_there(pinned):
    theirs = (1, None, ["theirs\n"], pinned.__file__)
    linecache.cache[pinned.__file__] = theirs
    unpin_source(pinned.__file__)
    assert linecache.cache.pop(pinned.__file__) is theirs


def test_pinning_again_replaces(pinned):
    pin_source(pinned.__file__, "second")
    assert linecache.getlines(pinned.__file__) == ["second\n"]
