"""``%plugin_history``, ``%plugin_diff`` and ``%revert_plugin``."""

from __future__ import annotations

from typing import Any

import pytest
from traitlets.config import Config

from tests.magics.session import COUNTER, Session
from themis_jupyter import Outcome
from themis_jupyter.comparing import Comparison, ModuleDiff, Side, compare
from themis_jupyter.magics.versions import Difference
from themis_jupyter.reload.source import Source
from themis_jupyter.render.diff import MOST, diff_html
from themis_jupyter.state.header import Field


@pytest.fixture
def two(session: Session) -> Session:
    """Two versions have run; the second one runs, with a total of 12."""
    session.run("%load_plugin counter --as c;")
    session.run("c.add()")
    session.edit("self.total += self.step", "self.total += 10 * self.step + 1")
    session.run("%reload_plugin counter")
    session.run("c.add()")
    return session


def html(value: Any) -> str:
    """Return the page without its styles."""
    text: str = value._repr_mimebundle_()["text/html"]
    return text.partition("</style>")[2]


# -- %plugin_history -------------------------------------------------------------------------------


def test_the_history(two: Session) -> None:
    found = two.run("%plugin_history counter")
    assert len(found) == 2
    assert [(v.number, v.how, v.plugin_version, v.source, v.config, v.now) for v in found] == [
        (1, "load", "1.0", "the first that is kept", "", ""),
        (2, "reload", "1.0", "+1 -1", "", "running, on disk"),
    ]
    assert found[0].state.startswith("2 fields, ")
    assert found[1].state == "in use"
    lines = repr(found).splitlines()
    assert lines[0].split() == [
        *("version", "began", "by", "calls", "itself", "source", "configuration", "state", "now")
    ]
    assert "<table>" in html(found)
    two.run("%revert_plugin counter")
    one, two_ = two.run("%plugin_history counter")
    assert (one.how, one.now, two_.now) == ("revert", "running", "on disk")
    assert one.state.startswith("in use; before: 2 fields, ")


def test_another_configuration(two: Session) -> None:
    two.run('%reload_plugin counter --config {"step": 3}')
    last = two.run("%plugin_history counter")[-1]
    assert (last.number, last.source, last.config) == (3, "", "changed")


def test_a_state_that_is_not_kept(two: Session) -> None:
    two.manager.history_keeper.state_bytes = 1
    two.edit("LIMIT = 10", "LIMIT = 11")
    two.run("%reload_plugin counter")
    found = two.run("%plugin_history counter")
    assert [v.state.endswith(", no longer kept") for v in found] == [False, True, False]
    assert found[1].state.startswith("2 fields, ")


def test_of_a_plugin_that_was_unloaded(two: Session) -> None:
    two.run("%unload_plugin counter")
    found = two.run("%plugin_history counter")
    assert [v.now for v in found] == ["", "on disk"]
    assert found[1].state == "the plugin was unloaded, which does not save it"
    assert "not loaded" in two.usage_error("%plugin_diff counter 1")
    assert "nothing differs" in repr(two.run("%plugin_diff counter"))
    two.edit("LIMIT = 10", "LIMIT = 12")
    assert "+LIMIT = 12" in repr(two.run("%plugin_diff counter"))
    assert "not loaded" in two.usage_error("%revert_plugin counter")


class TestConfiguration:
    @pytest.fixture
    def shell_config(self, shell_config: Config) -> Config:
        shell_config.HistoryKeeper.versions = 2
        return shell_config

    def test_it_comes_from_the_shell(self, two: Session) -> None:
        assert two.manager.history_keeper.versions == 2
        two.edit("LIMIT = 10", "LIMIT = 11")
        two.run("%reload_plugin counter")
        assert [v.number for v in two.run("%plugin_history counter")] == [2, 3]
        two.run("%config HistoryKeeper.versions = 7")
        assert two.manager.history_keeper.versions == 7


# -- %plugin_diff ----------------------------------------------------------------------------------


def test_the_version_before_against_what_runs(two: Session) -> None:
    found = two.run("%plugin_diff counter")
    assert found
    text = repr(found)
    assert text.startswith("counter: version 1 → running version 2\n")
    assert "counter (changed, +1 -1)" in text
    assert "\n-        self.total += self.step\n" in text
    assert "\n+        self.total += 10 * self.step + 1\n" in text
    page = html(found)
    assert "<span class='themis-removed'>-        self.total += self.step</span>" in page
    assert "<span class='themis-added'>+        self.total += 10" in page


def test_what_runs_against_the_file(two: Session) -> None:
    two.edit("LIMIT = 10", 'LIMIT = "<script>"')
    found = two.run("%plugin_diff counter")
    assert repr(found).startswith("counter: running version 2 → file\n")
    assert "+LIMIT = &quot;&lt;script&gt;&quot;" in html(found)
    assert "<script>" not in html(found)
    two.run("%revert_plugin counter 1;")
    assert "version 2" not in two.run("%plugin_diff counter 1 file").text().splitlines()[0]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("1", "version 1 → running version 2"),
        ("v1", "version 1 → running version 2"),
        ("2 1", "running version 2 → version 1"),
        ("file 1", "file (version 2) → version 1"),
        ("running file", "running version 2 → file (version 2): nothing differs"),
        ("1 1", "version 1 → version 1: nothing differs"),
    ],
)
def test_versions_that_are_named(words: str, title: str, two: Session) -> None:
    found = two.run(f"%plugin_diff counter {words}")
    assert repr(found).splitlines()[0] == f"counter: {title}"
    assert bool(found) is not title.endswith("differs")


def test_configuration_and_state(two: Session) -> None:
    two.edit("self.total = 0", "self.total = 0; self.name = 'x'")
    two.run('%reload_plugin counter --config {"step": 3}')
    two.run("c.total = 'many'")
    found = two.run("%plugin_diff counter 1")
    assert found.found.config == (("step", "", "3"),)
    state = {
        name: (old.partition(",")[0], new.partition(",")[0]) for name, old, new in found.found.state
    }
    assert state == {"total": ("int", "str"), "name": ("", "str")}
    assert "configuration" in repr(found) and "state" in repr(found)


def test_secrets_are_not_shown(session: Session) -> None:
    schema = '{"type": "object", "properties": {"key": {"writeOnly": True}}}'
    session.edit('version = "1.0"', f'version = "1.0"\n    config_schema = {schema}')
    session.run('%load_plugin counter --config {"key": "geheim"};')
    session.run('%reload_plugin counter --config {"key": "secret"}')
    found = session.run("%plugin_diff counter")
    assert [name for name, _, _ in found.found.config] == ["key"]
    for shown in (repr(found), html(found)):
        assert "geheim" not in shown and "secret" not in shown


def test_a_state_that_cannot_be_saved_now(two: Session) -> None:
    two.run("import threading; c.thread = threading.Thread()")
    two.run("c.lock = threading.Lock(); c.lock.acquire()")
    found = two.run("%plugin_diff counter")
    assert "What was in the state of running version 2 is not known" in repr(found)
    two.run("del c.thread, c.lock")


# -- %revert_plugin --------------------------------------------------------------------------------


def test_a_revert(two: Session) -> None:
    report = two.run("%revert_plugin counter")
    assert report.outcome is Outcome.RELOADED
    assert report.headline().startswith("counter reverted to version 1 with its state in ")
    assert "Reverted to version 1 with its state" in html(report)
    assert two.run("c.add()") == 2
    row = two.run("%plugins")["counter"]
    assert (row.drift, row.drift_in_words) == ("reverted", "running version 1, file has version 2")
    assert "reverted: running version 1, file has version 2" in repr(two.run("%plugins"))
    facts = two.run("%plugins counter")
    assert facts["on disk"] == "running version 1, file has version 2"
    assert facts["runs"].startswith("version 1 of those that ran (by revert); 1 more in ")
    assert "reverted to a former version" in repr(two.run("%load_plugin counter"))


def test_names_taken_in_a_cell_follow(two: Session) -> None:
    two.run("from counter import LIMIT, double")
    two.edit("LIMIT = 10", "LIMIT = 11")
    two.edit("return 2 * value", "return 3 * value")
    two.run("%reload_plugin counter")
    assert two.run("LIMIT, double(1)") == (11, 3)
    two.run("%revert_plugin counter")
    assert two.run("LIMIT, double(1)") == (10, 2)


def test_options(two: Session) -> None:
    assert two.run("%revert_plugin counter 1 --code-only")
    assert two.run("c.add()") == 13
    assert two.run("%revert_plugin counter 2 --state-only")
    assert two.run("c.add()") == 13
    two.run("%revert_plugin counter 1 --write")
    assert two.workspace.path("counter.py").read_text() == COUNTER.replace("\n    ", "\n").lstrip(
        "\n"
    ).rstrip(" ")


def test_one_that_fails(two: Session) -> None:
    two.manager.history_keeper.state_bytes = 0
    two.edit("LIMIT = 10", "LIMIT = 11")
    two.run("%reload_plugin counter")
    report = two.run("%revert_plugin counter")
    assert report.outcome is Outcome.ABORTED
    assert "--code-only" in report.headline()
    assert "not reverted" in html(report)
    assert "<script" not in html(report)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%revert_plugin", "required"),
        ("%revert_plugin countr", "did you mean 'counter'?"),
        ("%revert_plugin counter 9", "version 9 of 'counter' is not there. There are: 1-2"),
        ("%revert_plugin counter 0", "version 0 of 'counter' is not there"),
        ("%revert_plugin counter two", "'two' is not the number of a version; see %plugin_history"),
        ("%revert_plugin counter 1.5", "'1.5' is not the number"),
        ("%revert_plugin counter ²", "'²' is not the number"),
        (
            "%revert_plugin counter file",
            "give a number. What the file has is brought in by %reload",
        ),
        ("%revert_plugin counter 1 2", "there is no place for '2'"),
        ("%revert_plugin counter 1 --code-ony", "did you mean '--code-only'?"),
        ("%revert_plugin counter --code-only --state-only", "--code-only and --state-only exclude"),
        ("%revert_plugin counter 1 --state-only --write", "--state-only and --write exclude"),
        ("%plugin_diff counter runing", "did you mean 'running'?"),
        ("%plugin_diff counter 1 fle", "did you mean 'file'?"),
        ("%plugin_diff counter 7", "is not there. There are: 1-2"),
        ("%plugin_diff counter 1 2 3", "there is no place for '3'"),
        ("%plugin_diff contr", "did you mean 'counter'?"),
        ("%plugin_history contr", "did you mean 'counter'?"),
        (
            "%plugin_history c",
            "that is the variable which holds the plugin; did you mean 'counter'?",
        ),
        ("%plugin_history ./nothing.py", "no plugin is loaded from"),
    ],
)
def test_wrong_lines(line: str, says: str, two: Session) -> None:
    assert says in two.usage_error(line)
    assert two.run("c.add()") == 23


def test_a_plugin_that_was_never_loaded(session: Session) -> None:
    session.run("%plugins")
    for line in ("%plugin_history counter", "%plugin_diff counter", "%revert_plugin counter"):
        assert "is not loaded. Load it: %load_plugin counter" in session.usage_error(line)


def test_completion(two: Session) -> None:
    two.workspace.write("other.py", COUNTER)
    for magic in ("revert_plugin", "plugin_history", "plugin_diff"):
        assert two.ours(f"%{magic} c") == ["counter"]
        assert two.ours(f"%{magic} o") == []
    assert two.ours("%revert_plugin counter --s") == ["--state-only"]


def test_a_path_names_the_plugin(two: Session) -> None:
    assert len(two.run("%plugin_history ./counter.py")) == 2
    assert two.run("%revert_plugin ./counter.py")


# -- what is shown ---------------------------------------------------------------------------------


def side(label: str, text: bytes, **more: Any) -> Side:
    return Side(label, {"m": Source("m.py", text)}, **more)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (b"a\nb\n", b"a\nc\n", ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]),
        (b"a\n", b"a", ["+(no newline at the end of the file)"]),
        (b"a", b"a\n", ["-(no newline at the end of the file)"]),
        (b"a\n", b"a\r\n", ["  (only line ends, a byte order mark or the encoding differ)"]),
        (b"\xff\n", b"b\n", ["@@ -1 +1 @@", "-\\xff", "+b"]),
        (b"--- x\n", b"+++ x\n", ["@@ -1 +1 @@", "---- x", "++++ x"]),
    ],
)
def test_lines_of_a_diff(old: bytes, new: bytes, lines: list[str]) -> None:
    (found,) = compare("p", side("one", old), side("two", new)).modules
    assert list(found.lines) == lines


def test_modules_that_come_and_go() -> None:
    old = Side("one", {"p": Source("p.py", b"x\n"), "p.a": Source("a.py", b"a\n")})
    new = Side("two", {"p": Source("p.py", b"x\n"), "p.b": Source("b.py", b"b\nb\n")})
    found = compare("p", old, new).modules
    assert [(m.module, m.word, m.added, m.removed) for m in found] == [
        ("p.a", "removed", 0, 1),
        ("p.b", "added", 2, 0),
    ]


def test_configurations_that_cannot_be_compared() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("no")

        __hash__ = None  # type: ignore[assignment]

    odd = Odd()
    one = side("a", b"", config={"x": odd, "y": [odd]})
    found = compare("p", one, side("b", b"", config={"x": odd, "y": [Odd()]}))
    assert [name for name, _, _ in found.config] == ["y"]


def test_fields() -> None:
    old = side(
        "a",
        b"",
        fields=[Field("same", "int", 3), Field("size", "list", 10), Field("gone", "int", 1)],
    )
    new = side(
        "b",
        b"",
        fields=[Field("same", "int", 3), Field("size", "list", 2000), Field("new", "a.B", 1)],
    )
    assert compare("p", old, new).state == (
        ("size", "list, 10 B", "list, 2.0 kB"),
        ("gone", "int, 1 B", ""),
        ("new", "", "a.B, 1 B"),
    )


def test_everything_is_escaped_and_made_safe() -> None:
    lines = ("+<b>\x1b[31m\u202e", "-$x$ & 'y'", "@@ <i> @@", " <u>")
    found = Comparison("<p>", "<one>", "<two>", (ModuleDiff("<m>", "changed", lines),),
                       (("<k>", "<a>", "<b>"),), (("<f>", "", "<t>"),), ("<note>",))  # fmt: skip
    shown = Difference(found)
    page = html(shown)
    for tag in (
        "<b>",
        "<i>",
        "<u>",
        "<p>",
        "<m>",
        "<one>",
        "<two>",
        "<k>",
        "<a>",
        "<f>",
        "<t>",
        "<note>",
    ):
        assert tag not in page
    assert "\x1b" not in page and "\x1b" not in repr(shown)
    assert "\u202e" not in page and "\u202e" not in repr(shown)
    assert "mathjax_ignore" in page
    # No colour says what no sign says.
    assert "themis-added'>+" in page and "themis-removed'>-" in page and "themis-hunk'>@@" in page


def test_long_diffs_are_cut() -> None:
    page = diff_html("t", [("m", [f"+{n}" for n in range(MOST + 5)])], [], [])
    assert page.count("themis-added'") == MOST
    assert "… and 5 more lines" in page


def test_the_plain_plugin_has_no_state(session: Session) -> None:
    session.workspace.write("plain.py", """
        from themis_jupyter import Plugin

        class Plain(Plugin):
            pass
    """)  # fmt: skip
    session.run("%load_plugin plain;")
    (row,) = session.run("%plugin_history plain")
    assert row.state == "none"
