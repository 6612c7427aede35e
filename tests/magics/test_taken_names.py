"""Names that came by ``from plugin import NAME`` follow the plugin, unless they were rebound."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tests.gates import end, start
from tests.magics.session import COUNTER, Session
from themis_jupyter import reload_in_place
from themis_jupyter.magics.taken_names import TakenNames
from themis_jupyter.reload import importers


@pytest.fixture
def session(session: Session) -> Session:
    session.run("%load_plugin counter --as c;")
    return session


def raise_limit(session: Session) -> Any:
    session.edit("LIMIT = 10", "LIMIT = 99")
    report = session.run("%reload_plugin counter")
    assert report, report.headline()
    return report


@pytest.mark.parametrize(
    "cell",
    [
        "from counter import LIMIT",
        "from counter import LIMIT\nLIMIT",
        "from counter import double, LIMIT, TABLE",
        "from counter import *",
        "if True:\n    from counter import LIMIT",
        "try:\n    from counter import LIMIT\nexcept ImportError:\n    LIMIT = None",
        "with open('counter.py') as file:\n    from counter import LIMIT",
        "LIMIT = 3\nfrom counter import LIMIT",
        "LIMIT = 10; from counter import LIMIT",
        "from math import *\nfrom counter import LIMIT",
        "%matplotlib?\nfrom counter import LIMIT",
        "!true\nfrom counter import LIMIT",
        "%%time\nfrom counter import LIMIT",
        "%%capture\nfrom counter import LIMIT",
        "x = await __import__('asyncio').sleep(0)\nfrom counter import LIMIT",
        "from counter import LIMIT\ndef f(LIMIT=10):\n    LIMIT = 10\nclass C:\n    LIMIT = 10",
        "from counter import LIMIT\n[LIMIT for LIMIT in [10]]",
        "from counter import LIMIT\nx = LIMIT == 10\nd = {'LIMIT': 10}\nx = dict(LIMIT=10)",
        "from counter import LIMIT\nif False:\n    from math import pi as LIMIT",
        "import counter\nfrom counter import LIMIT",
    ],
)
def test_a_constant_follows(session: Session, cell: str) -> None:
    session.run(cell)
    raise_limit(session)
    assert session.names["LIMIT"] == 99


@pytest.mark.parametrize(
    "cell",
    [
        "LIMIT = 10",
        "LIMIT: int = 10",
        "LIMIT += 0",
        "a, (LIMIT, b) = 1, (10, 2)",
        "for LIMIT in [10]:\n    pass",
        "for x in [1]:\n    LIMIT = 10",
        "import contextlib\nwith contextlib.nullcontext(10) as LIMIT:\n    pass",
        "(LIMIT := 10)",
        "[LIMIT := each for each in [10]]",
        "del LIMIT\nLIMIT = 5 + 5",
        "from other import LIMIT",
        "from other import *",
        "from other import LIMIT as LIMIT",
        "import counter\nLIMIT = counter.LIMIT",
        "match 10:\n    case LIMIT:\n        pass",
        "if True:\n    LIMIT = 10",
        "try:\n    LIMIT = 10\nfinally:\n    pass",
        "%time LIMIT = 10\nLIMIT = 10",
        "%%time\nLIMIT = 10",
        "LIMIT = %who_ls\nLIMIT = 10",
    ],
)
def test_a_name_that_was_rebound_does_not(session: Session, cell: str) -> None:
    session.workspace.write("other.py", "LIMIT = 10\n")
    session.run("from counter import LIMIT")
    session.run(cell)
    assert session.names["LIMIT"] == 10, "a number that is the same object, or the test is no test"
    raise_limit(session)
    assert session.names["LIMIT"] == 10


def test_an_equal_constant_that_was_never_imported_does_not(session: Session) -> None:
    session.run("LIMIT = 10\nTEN = 10\nimport counter")
    raise_limit(session)
    assert (session.names["LIMIT"], session.names["TEN"]) == (10, 10)


@pytest.mark.parametrize(
    "cell",
    [
        "%%writefile made.py\nLIMIT = 10",
        "%%bash\nLIMIT=10",
        "def f():\n    LIMIT = 10",
        "x = 'LIMIT = 10'  # LIMIT = 10",
        "print(LIMIT)",
    ],
)
def test_a_cell_that_only_mentions_it_rebinds_nothing(session: Session, cell: str) -> None:
    session.run("from counter import LIMIT")
    session.run(cell)
    raise_limit(session)
    assert session.names["LIMIT"] == 99


def test_a_cell_that_failed_counts_as_far_as_it_came(session: Session) -> None:
    session.error("from counter import LIMIT\n1 / 0\nLIMIT = 10")
    session.error("LIMIT = 1 / 0")
    raise_limit(session)
    assert session.names["LIMIT"] == 99


def test_a_cell_that_does_not_compile_rebinds_nothing(session: Session) -> None:
    session.run("from counter import LIMIT")
    session.shell.run_cell("LIMIT = 10\nreturn", store_history=True)
    session.shell.run_cell("LIMIT = (", store_history=True)
    raise_limit(session)
    assert session.names["LIMIT"] == 99


def test_under_another_name_and_twice(session: Session) -> None:
    session.run("from counter import LIMIT as one\nfrom counter import LIMIT as two, TABLE")
    table = session.names["TABLE"]
    raise_limit(session)
    assert (session.names["one"], session.names["two"]) == (99, 99)
    assert session.names["TABLE"] is table


def test_values_that_are_no_numbers(session: Session) -> None:
    session.run("from counter import TABLE, double\nmine = TABLE")
    session.edit('TABLE = {"a": 1}', 'TABLE = ["b"]')
    session.edit("2 * value", "3 * value")
    session.run("r = %reload_plugin counter")
    assert session.names["TABLE"] == ["b"]
    assert session.names["double"](2) == 6
    assert session.names["mine"] == {"a": 1}


@pytest.mark.parametrize("end", ["", "\nLIMIT = 5"])
def test_a_reload_in_the_same_cell(session: Session, end: str) -> None:
    session.edit("LIMIT = 10", "LIMIT = 99")
    seen = session.run(f"""
from counter import LIMIT
%reload_plugin counter;
now = LIMIT{end}
now
""")
    # The engine reloads what is on disk; the import came first, from what was running.
    assert seen == 99
    assert session.names["LIMIT"] == (5 if end else 99)


def test_what_was_rebound_earlier_in_the_same_cell_stays(session: Session) -> None:
    session.run("from counter import LIMIT")
    session.edit("LIMIT = 10", "LIMIT = 99")
    session.run("LIMIT = 10\n%reload_plugin counter;")
    assert session.names["LIMIT"] == 10


def test_a_reload_in_another_thread_while_the_cell_runs(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = 99")
    seen = session.run("""
        import threading
        from themis_jupyter import PluginManager
        from counter import LIMIT
        other = 10
        manager = PluginManager.instance()
        thread = threading.Thread(target=manager.reload_plugin, args=["counter"])
        thread.start(); thread.join()
        LIMIT, other
    """)
    assert seen == (99, 10)


def test_a_reload_in_another_thread_between_cells(session: Session) -> None:
    session.run("from counter import LIMIT")
    session.edit("LIMIT = 10", "LIMIT = 99")
    assert end(start(lambda: session.manager.reload_plugin("counter")))
    assert session.names["LIMIT"] == 99


def test_in_a_loop_in_the_same_cell(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = 99")
    session.run("for _ in range(1):\n    from counter import LIMIT\n    %reload_plugin -q counter")
    assert session.names["LIMIT"] == 99


def test_a_module_that_becomes_a_plugin_later(session: Session) -> None:
    session.workspace.write("third.py", COUNTER)
    session.run("from third import LIMIT")
    session.run("%load_plugin ./third.py;")
    session.edit("LIMIT = 10", "LIMIT = 99", "third.py")
    assert session.run("%reload_plugin third")
    assert session.names["LIMIT"] == 99


def test_a_module_that_is_no_plugin_but_reloaded_in_place(session: Session) -> None:
    module = session.workspace.load("helper", "SIZE = 10\n")
    session.run("from helper import *")
    session.workspace.edit("helper.py", "10", "11")
    assert reload_in_place(module)
    assert session.names["SIZE"] == 11


def test_a_submodule(session: Session) -> None:
    session.workspace.write("pack/__init__.py", """
        from themis_jupyter import Plugin
        from .inner import SIZE

        class Pack(Plugin):
            pass
    """)  # fmt: skip
    session.workspace.write("pack/inner.py", "SIZE = 10\n")
    session.run("%load_plugin ./pack;")
    session.run("from pack.inner import SIZE as inner\nfrom pack import SIZE as outer")
    session.edit("10", "11", "pack/inner.py")
    assert session.run("%reload_plugin pack")
    assert (session.names["inner"], session.names["outer"]) == (11, 11)


def test_a_removed_name_keeps_its_object(session: Session) -> None:
    session.run("from counter import LIMIT, double")
    session.edit("LIMIT = 10\n", "")
    session.edit("def double(value):\n    return 2 * value\n", "")
    assert session.run("%reload_plugin counter")
    assert session.names["LIMIT"] == 10
    assert session.names["double"](4) == 8


def test_a_name_that_was_deleted_stays_deleted(session: Session) -> None:
    session.edit("LIMIT = 10", "LIMIT = None")
    session.run("%reload_plugin counter;\nfrom counter import LIMIT\ndel LIMIT")
    session.names.pop("LIMIT", None)
    session.edit("LIMIT = None", "LIMIT = 99")
    session.run("%reload_plugin counter;")
    assert "LIMIT" not in session.names


def test_a_reload_that_is_rolled_back_takes_the_names_back(session: Session) -> None:
    session.run("from counter import LIMIT")
    session.edit("LIMIT = 10", "LIMIT = 99")
    session.edit("self.total = 0", "self.total = 1 / 0")
    assert session.run("%reload_plugin counter").outcome.value == "rolled back"
    assert session.names["LIMIT"] == 10


def test_a_rebound_name_can_be_taken_again(session: Session) -> None:
    session.run("from counter import LIMIT")
    session.run("LIMIT = 10")
    session.run("from counter import LIMIT")
    raise_limit(session)
    assert session.names["LIMIT"] == 99


def test_cells_that_run_cells(session: Session) -> None:
    session.run("get_ipython().run_cell('from counter import LIMIT')\nx = 1")
    session.run("get_ipython().run_cell('x = 2')\nfrom counter import LIMIT as other")
    raise_limit(session)
    assert (session.names["LIMIT"], session.names["other"]) == (99, 99)


def test_without_a_transformed_cell_as_in_older_versions(session: Session) -> None:
    names = session.shell.magics_manager.registry["PluginMagics"].extension._names
    session.run("from counter import LIMIT")
    names._taken.clear()
    cell = SimpleNamespace(raw_cell="%time 1\nfrom counter import LIMIT")
    names._before(cell)
    names._after(SimpleNamespace(info=cell, error_before_exec=None, error_in_exec=None))
    assert names._taken == {"LIMIT": ("counter", "LIMIT")}


def test_an_expression_of_a_thousand_terms_is_survived(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.run("from counter import LIMIT")
    session.run("x = LIMIT" + " + 1" * 900)
    assert "Error in callback" not in capsys.readouterr().out


def test_cells_are_not_parsed_without_need(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.run("from counter import double, LIMIT")
    parsed: list[Any] = []
    monkeypatch.setattr(TakenNames, "_parse", lambda self, cell: parsed.append(cell))
    session.run("x = 1")
    session.run("double(3)\nfrom_ = 3")
    assert parsed == []


def test_star_imports_of_libraries_are_not_remembered(session: Session) -> None:
    session.run("from os.path import *\nfrom string import *")
    names = session.shell.magics_manager.registry["PluginMagics"].extension._names
    assert "ascii_letters" not in names._taken


def test_nothing_of_it_is_left(session: Session) -> None:
    session.run("from counter import LIMIT")
    assert len(importers._providers) == 1
    session.run("%unload_ext themis_jupyter")
    assert importers._providers == []
    assert "counter" not in sys.modules


def test_cells_before_the_extension_count(session: Session) -> None:
    session.run("%unload_ext themis_jupyter")
    session.run("from counter import LIMIT, TABLE as table, double")
    session.run("from counter import LIMIT as mine")
    session.run("mine = 10")
    session.error("from counter import LIMIT as late\n1 / 0\nlate = 3")
    session.run("%load_ext themis_jupyter")
    session.run("%load_plugin counter;")
    session.edit("LIMIT = 10", "LIMIT = 11")
    session.run("%reload_plugin -q")
    # It is not known of an earlier cell how far it came.
    assert session.run("LIMIT, mine, late") == (11, 10, 10)
