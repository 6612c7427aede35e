"""What a reload would do is told, and nothing is done."""

from __future__ import annotations

import pytest

from tests.manager.conftest import Lab
from themis_jupyter.errors import PluginNotLoadedError
from themis_jupyter.planning import FieldPlan

MODEL = """
    import threading
    from themis_jupyter import StatefulPlugin

    LIMIT = 10
    TABLE = [LIMIT]

    def helper():
        return 1

    class Model(StatefulPlugin):
        name = "model"
        transient = ("cache",)

        def initialize(self, config):
            self.weights = list(range(1000))
            self.lock = threading.Lock()
            self.me = [self]
            self.cache = {}

        def step(self):
            return helper()
"""

USER = """
    from themis_jupyter import StatefulPlugin

    class User(StatefulPlugin):
        name = "user"
        dependencies = ["model"]
"""


def test_everything_is_told_and_nothing_is_done(lab: Lab) -> None:
    plugin = lab.load("model", MODEL)
    module = lab.manager.get_record("model").module
    table, weights = vars(module)["TABLE"], plugin.weights
    lab.edit("model.py", "LIMIT = 10", "LIMIT = 20")
    lab.edit("model.py", "return 1", "return 2")
    lab.events.clear()
    plan = lab.manager.plan_reload("model")
    assert plan
    assert plan.plugins == ("model",)
    assert {str(change) for change in plan.changes} == {
        "changed value LIMIT",
        "changed function helper",
    }
    assert [(s.line, s.why) for s in plan.statements if s.text.startswith("TABLE")] == [
        (5, "uses LIMIT: LIMIT changed")
    ]
    becomes = {field.name: field.becomes for field in plan.state}
    assert becomes == {
        "weights": "serialised",
        "lock": "serialised",
        "me": "serialised",
        "state.me[0]": "kept",
        "state.lock": "reset",
        "cache": "lost",
    }
    sizes: dict[str, FieldPlan] = {field.name: field for field in plan.state}
    assert sizes["weights"].type == "list"
    assert (sizes["weights"].size or 0) > 1000
    assert sizes["weights"].seconds is not None
    # Nothing has happened.
    assert lab.events == []
    assert (plugin.step(), plugin.weights) == (1, weights)
    assert vars(module)["TABLE"] is table == [10]
    assert lab.reload("model")
    assert plugin.step() == 2
    text = repr(lab.manager.plan_reload("model"))
    assert text.startswith("model: nothing would change")
    assert "<" not in lab.manager.plan_reload("model")._repr_mimebundle_()["text/plain"]


def test_what_goes_along_and_what_keeps_it_from_happening(lab: Lab) -> None:
    lab.load("model", MODEL)
    lab.load("user", USER)
    plan = lab.manager.plan_reload("model")
    assert not plan
    assert "user needs 'model'" in plan.problems[0]
    plan = lab.manager.plan_reload("model", cascade=True)
    assert plan
    assert (plan.plugins, plan.along) == (("model", "user"), ("user",))
    lab.edit("model.py", "LIMIT = 10", "LIMIT = (")
    lab.get("model").weights = (i for i in [1])
    plan = lab.manager.plan_reload("model", cascade=True, fresh=True)
    assert len(plan.problems) == 2
    assert "is not valid Python (line 4)" in plan.problems[0]
    assert "state.weights is a generator" in plan.problems[1]
    assert "could not be reloaded" in repr(plan)


def test_fresh_loses_the_state(lab: Lab) -> None:
    lab.load("model", MODEL)
    plan = lab.manager.plan_reload("model", fresh=True)
    assert {f.becomes for f in plan.state if f.name == "weights"} == {"lost"}


def test_of_what_is_not_loaded(lab: Lab) -> None:
    lab.load("model", MODEL)
    lab.manager.unload_plugin("model")
    with pytest.raises(PluginNotLoadedError):
        lab.manager.plan_reload("model")
