"""Only what changed runs again: state of the module survives an edit elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from themis_jupyter.testing import Workspace

EXPENSIVE = """
    import trace_of_runs as runs

    try:
        CACHE
    except NameError:
        CACHE = {}

    DATA = runs.note("DATA")
    LIMIT = 10
    HANDLERS = []

    def limit():
        return LIMIT

    def build(n):
        runs.note("build")
        return list(range(n))

    TABLE = build(LIMIT)
    DERIVED = [x + 1 for x in TABLE]
    VIA = limit() * 2

    class Model:
        instances = 0
        weights = runs.note("weights")

        def __init__(self):
            Model.instances += 1

        def predict(self):
            return "old"

    def register(f):
        runs.note("register " + f.__name__)
        HANDLERS.append(f)
        return f

    @register
    def on_event():
        return "old"

    def elsewhere():
        return "old elsewhere"

    MODEL = Model()
    runs.note("end")
    """


@pytest.fixture
def runs(workspace: Workspace) -> Any:
    return workspace.import_(
        "trace_of_runs",
        "RAN = []\n\ndef note(what):\n    RAN.append(what)\n    return [what]\n",
    )


@pytest.fixture
def m(workspace: Workspace, runs: Any) -> Any:
    module = workspace.load("m", EXPENSIVE)
    runs.RAN.clear()
    return module


def test_edit_elsewhere_runs_nothing(workspace: Workspace, m: Any, runs: Any) -> None:
    m.CACHE["k"] = 1
    m.Model()
    m.TABLE.append("mutated")
    m.HANDLERS.append("mine")
    m.LIMIT = 99
    m.USER = "mine"
    kept = {k: v for k, v in vars(m).items() if k != "elsewhere"}
    report = workspace.replace(m, '"old elsewhere"', '"new elsewhere"')
    assert m.elsewhere() == "new elsewhere"
    assert runs.RAN == []
    assert {k: v for k, v in vars(m).items() if k != "elsewhere"} == kept
    assert all(vars(m)[k] is v for k, v in kept.items())
    assert m.Model.instances == 2
    assert [m.on_event, "mine"] == m.HANDLERS
    assert (m.CACHE, m.LIMIT, m.USER) == ({"k": 1}, 99, "mine")
    assert [(r.module, r.text) for r in report.ran] == [("m", "def elsewhere():")]


def test_method_of_a_class_with_state(workspace: Workspace, m: Any, runs: Any) -> None:
    weights, model = m.Model.weights, m.MODEL
    workspace.replace(m, 'predict(self):\n        return "old"', "predict(self):\n        return 1")
    assert m.MODEL.predict() == model.predict() == 1
    assert m.Model.weights is weights
    assert "DATA" not in runs.RAN


def test_what_depends_on_a_constant_follows(workspace: Workspace, m: Any, runs: Any) -> None:
    data, handlers = m.DATA, m.HANDLERS
    report = workspace.replace(m, "LIMIT = 10", "LIMIT = 3")
    assert m.TABLE == [0, 1, 2]
    assert m.DERIVED == [1, 2, 3]
    assert m.VIA == 6, "through a function that it calls"
    assert runs.RAN == ["build"]
    assert m.DATA is data
    assert m.HANDLERS is handlers == [m.on_event]
    why = {r.text: r.why for r in report.ran}
    assert set(why) == {
        "LIMIT = 3",
        "TABLE = build(LIMIT)",
        "DERIVED = [x + 1 for x in TABLE]",
        "VIA = limit() * 2",
    }
    assert "LIMIT" in why["TABLE = build(LIMIT)"]


def test_what_calls_a_changed_function_runs_again(workspace: Workspace, m: Any, runs: Any) -> None:
    workspace.replace(m, "list(range(n))", "list(range(n + 1))")
    assert len(m.TABLE) == len(m.DERIVED) == 11
    assert runs.RAN == ["build"]


def test_registered_function_is_registered_once(workspace: Workspace, m: Any, runs: Any) -> None:
    on_event = m.on_event
    workspace.replace(m, 'def on_event():\n    return "old"', 'def on_event():\n    return "new"')
    assert [on_event] == m.HANDLERS
    assert m.HANDLERS[0]() == "new"
    assert runs.RAN == ["register on_event"]


@pytest.mark.parametrize(
    "edit",
    [
        ("DATA = ", "# a comment\n\nDATA = "),
        ("DATA = runs", "DATA   =   runs"),
        ("LIMIT = 10", "LIMIT = (10)  # same"),
        ("HANDLERS = []\n", "HANDLERS = []\n\n\n\n"),
    ],
)
def test_comments_and_layout_run_nothing(
    workspace: Workspace, m: Any, runs: Any, edit: tuple[str, str]
) -> None:
    before = dict(vars(m))
    workspace.replace(m, *edit)
    assert runs.RAN == []
    assert all(vars(m)[name] is value for name, value in before.items())
    assert list(vars(m)) == list(before)


def test_unchanged_file(workspace: Workspace, m: Any, runs: Any) -> None:
    m.LIMIT = 5
    report = workspace.reload(m)
    assert report.outcome.value == "unchanged"
    assert report
    workspace.rewrite(m, EXPENSIVE)
    assert runs.RAN == []
    assert m.LIMIT == 5


def test_full_runs_everything(workspace: Workspace, m: Any, runs: Any) -> None:
    cls, on_event, model = m.Model, m.on_event, m.MODEL
    m.CACHE["k"] = 1
    m.LIMIT, m.USER = 77, "mine"
    assert workspace.reload(m, full=True)
    assert runs.RAN == ["DATA", "build", "weights", "register on_event", "end"]
    assert m.LIMIT == 10
    assert m.USER == "mine", "what the source does not bind is not its own to take away"
    assert m.CACHE == {"k": 1}, "try/except NameError keeps its data"
    assert m.Model is cls is type(model)
    assert m.on_event is on_event
    assert [on_event] == m.HANDLERS


def test_full_run_of_a_broken_body_leaves_all(workspace: Workspace, m: Any, runs: Any) -> None:
    before = dict(vars(m))
    workspace.edit("m.py", 'runs.note("end")', "1 / 0")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        workspace.reload(m, full=True)
    assert all(vars(m)[name] is value for name, value in before.items())
    assert [m.on_event] == m.HANDLERS


def test_try_except_name_error_keeps_its_data_when_edited(workspace: Workspace, m: Any) -> None:
    m.CACHE["k"] = 1
    cache = m.CACHE
    workspace.replace(m, "CACHE = {}", "CACHE = {'initial': 0}")
    assert m.CACHE is cache == {"k": 1}


def test_augmented_and_repeated_assignments_run_together(workspace: Workspace) -> None:
    m = workspace.load("m", "X = 1\nX += 1\n\ndef f():\n    return X\n")
    workspace.replace(m, "X = 1", "X = 10")
    assert (m.X, m.f()) == (11, 11)
    workspace.replace(m, "X += 1", "X += 2")
    assert m.X == 12


def test_loop_that_fills_a_table(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        NAMES = ["a", "b"]
        TABLE = {}
        for name in NAMES:
            TABLE[name] = len(TABLE)

        def f():
            return 1
        """,
    )
    table = m.TABLE
    table["mine"] = 9
    workspace.replace(m, "return 1", "return 2")
    assert m.TABLE is table == {"a": 0, "b": 1, "mine": 9}
    workspace.replace(m, '["a", "b"]', '["a", "b", "c"]')
    assert m.TABLE["c"] == len(m.TABLE) - 1


def test_removed_effect_is_told(workspace: Workspace) -> None:
    m = workspace.load("m", "ITEMS = []\nITEMS.append(1)\nITEMS.append(2)\n")
    report = workspace.replace(m, "ITEMS.append(1)\n", "")
    if m.ITEMS == [1, 2]:
        assert any("ITEMS" in w and "--full" in w for w in report.warnings)
    assert workspace.reload(m, full=True)
    assert m.ITEMS == [2]


def test_user_sets_a_name_that_the_source_starts_to_bind(workspace: Workspace) -> None:
    m = workspace.load("m", "A = 1\n")
    m.B = "mine"
    workspace.rewrite(m, "A = 1\nB = 2\n")
    assert m.B == 2
    workspace.rewrite(m, "A = 1\n")
    assert not hasattr(m, "B")


def test_name_deleted_by_the_user_stays_away(workspace: Workspace) -> None:
    m = workspace.load("m", "A = 1\nB = 2\n\ndef f():\n    return 1\n")
    del m.B
    workspace.replace(m, "return 1", "return 2")
    assert not hasattr(m, "B")
    workspace.replace(m, "B = 2\n", "")
    assert m.f() == 2


def test_singleton_instance_keeps_its_state(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import threading

        class Service:
            def __init__(self):
                self.lock = threading.Lock()
                self.seen = []

            def add(self, x):
                self.seen.append(x)
                return "old"

        def helper():
            return 1

        SERVICE = Service()
        """,
    )
    service = m.SERVICE
    service.add(1)
    workspace.replace(m, "return 1", "return 2")
    assert m.SERVICE is service
    assert service.seen == [1]
    workspace.replace(m, '"old"', '"new"')
    assert service.add(2) == m.SERVICE.add(2) == "new"
    assert type(m.SERVICE) is type(service) is m.Service
