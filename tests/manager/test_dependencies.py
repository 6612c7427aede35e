"""Plugins that need each other: up in order, down in reverse order, and back all together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.manager.conftest import Faults, Lab, check_ends_once
from themis_jupyter import Outcome, Phase, PluginManager, PluginType
from themis_jupyter.errors import (
    DependencyError,
    DependentsError,
    PluginBusyError,
    PluginError,
    PluginLoadError,
    PluginNotFoundError,
    PluginNotLoadedError,
)


def plugin(name: str, needs: str = "", version: str = "1.0", more: str = "") -> str:
    return f"""
from themis_jupyter import StatefulPlugin, PluginType
import faults

class {name.title()}(StatefulPlugin):
    version = "{version}"
    dependencies = [{needs}]
    type = PluginType.IMPORTER
    {more}
    def initialize(self, config):
        faults.hit("up {name}", 0)
        self.n = 0
        return faults.hit("{name}", edition())
    def shutdown(self):
        faults.hit("down {name}", 0)
    def edition(self):
        return edition()

def edition():
    return 1
"""


def edit(lab: Lab, *names: str) -> None:
    for name in names:
        path = lab.folder / f"{name}.py"
        edition = 2 if "return 1" in path.read_text() else 1
        lab.edit(f"{name}.py", f"return {3 - edition}", f"return {edition}")


@pytest.fixture
def chain(lab: Lab, faults: Faults) -> Callable[[], dict[str, Any]]:
    """``report`` needs ``index`` needs ``storage``; ``other`` stands alone."""
    lab.write("storage.py", plugin("storage"))
    lab.write("index.py", plugin("index", "'storage>=1'"))
    lab.write("report.py", plugin("report", "'index', 'storage'"))
    lab.write("other.py", plugin("other"))
    handles: dict[str, Any] = dict.fromkeys(("storage", "index", "report", "other"))

    def load() -> dict[str, Any]:
        lab.manager.load_plugin("report")
        lab.manager.load_plugin("other")
        for number, name in enumerate(handles, 1):
            handles[name] = lab.get(name)
            handles[name].n = number * 11
        faults.visited.clear()
        return handles

    return load


def went(faults: Faults) -> list[str]:
    return [where for where, number in faults.visited if number == 0]


UP = ["up storage", "up index", "up report"]
DOWN = ["down report", "down index", "down storage"]


# -- loading ---------------------------------------------------------------------------------------


def test_dependencies_are_loaded_first(lab: Lab, faults: Faults, chain: Any) -> None:
    lab.manager.load_plugin("report")
    assert went(faults) == UP
    assert lab.manager.list_loaded_plugins() == ["storage", "index", "report"]
    assert lab.manager.get_dependents("storage") == ["report", "index"]
    assert lab.manager.get_dependents("storage", transitive=False) == ["report", "index"]
    assert lab.manager.get_dependents("index") == ["report"]
    assert lab.manager.get_dependents("report") == []


def test_what_is_loaded_is_not_loaded_again(lab: Lab, faults: Faults, chain: Any) -> None:
    storage = lab.manager.load_plugin("storage")
    lab.manager.load_plugin("report")
    assert went(faults) == UP
    assert lab.manager.load_plugin("storage") is storage


def test_by_path_its_neighbours_are_found(lab: Lab, faults: Faults, chain: Any) -> None:
    lab.load("report")
    assert went(faults) == UP


@pytest.mark.parametrize("failing", ["storage", "index", "report"])
def test_if_one_fails_all_are_taken_back(
    failing: str, lab: Lab, faults: Faults, chain: Any
) -> None:
    def fail() -> None:
        raise ValueError("boom")

    faults.arm(failing, 1, fail)
    with pytest.raises(PluginLoadError, match=f"'{failing}' was not loaded: ValueError: boom"):
        lab.manager.load_plugin("report")
    assert lab.manager.list_loaded_plugins() == []
    up = UP[: UP.index(f"up {failing}") + 1]
    assert went(faults) == up + DOWN[-len(up) :]
    faults.disarm()
    faults.visited.clear()
    lab.manager.load_plugin("report")
    assert went(faults) == UP


def test_what_was_loaded_before_stays(lab: Lab, faults: Faults, chain: Any) -> None:
    lab.manager.load_plugin("storage")
    faults.arm("report", 1, lambda: False)
    with pytest.raises(PluginLoadError, match="refuses to start"):
        lab.manager.load_plugin("report")
    assert lab.manager.list_loaded_plugins() == ["storage"]


@pytest.mark.parametrize(
    ("needs", "told", "path"),
    [
        ("'storag'", "no plugin 'storag'; did you mean 'storage'?", ("index", "storag")),
        ("'storage>=2'", "needs 'storage>=2', but the version of 'storage' is 1.0", None),
        ("'report'", "index → report → index", ("index", "report", "index")),
        ("'index'", "index → index", ("index", "index")),
    ],
)
def test_a_dependency_that_cannot_be_had(
    needs: str, told: str, path: Any, lab: Lab, faults: Faults, chain: Any
) -> None:
    lab.write("index.py", plugin("index", needs))
    with pytest.raises(DependencyError) as caught:
        lab.manager.load_plugin("index")
    assert told in str(caught.value)
    assert caught.value.path == (path or ("index", "storage"))
    with pytest.raises(DependencyError) as caught:
        lab.manager.load_plugin("report")
    assert caught.value.path[:2] == ("report", "index")
    assert lab.manager.list_loaded_plugins() == []
    assert went(faults) == []


def test_a_dependency_that_only_running_the_code_tells(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    lab.write("index.py", plugin("index", "''.join(['sto', 'rage'])"))
    lab.manager.load_plugin("index")
    assert lab.manager.list_loaded_plugins() == ["storage", "index"]


def test_a_wrong_version_that_only_running_the_code_tells(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    lab.write("storage.py", plugin("storage").replace('"1.0"', '".".join("05")'))
    with pytest.raises(DependencyError, match=r"is 0\.5"):
        lab.manager.load_plugin("index")
    assert lab.manager.list_loaded_plugins() == []


def test_a_long_chain(lab: Lab, faults: Faults) -> None:
    for number in range(60):
        needs = f"'p{number - 1}'" if number else ""
        lab.write(f"p{number}.py", plugin(f"p{number}", needs))
    lab.manager.load_plugin("p59")
    assert len(lab.manager.list_loaded_plugins()) == 60
    lab.edit("p0.py", "return 1", "return 2")
    assert lab.reload("p0", cascade=True).outcome is Outcome.RELOADED
    assert lab.manager.unload_plugin("p0", cascade=True)[0] == "p59"


# -- unloading -------------------------------------------------------------------------------------


def test_what_others_need_is_not_unloaded_alone(lab: Lab, faults: Faults, chain: Any) -> None:
    chain()
    with pytest.raises(DependentsError) as caught:
        lab.manager.unload_plugin("storage")
    assert caught.value.dependents == ("report", "index")
    assert "report, index need it" in str(caught.value)
    assert "%unload_plugin storage --cascade" in str(caught.value)
    assert lab.manager.unload_plugin("storage", cascade=True) == ["report", "index", "storage"]
    assert went(faults) == DOWN
    assert lab.manager.list_loaded_plugins() == ["other"]


def test_unloading_all(lab: Lab, faults: Faults, chain: Any) -> None:
    chain()
    assert lab.manager.unload_all_plugins() == ["other", "report", "index", "storage"]
    assert lab.manager.list_loaded_plugins() == []


def test_a_cascade_with_a_call_in_flight_unloads_nothing(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    lab.write("index.py", plugin("index", "'storage'") + "\n    def count(self): yield 1\n")
    lab.edit("index.py", "\n    def count(self): yield 1\n", "")
    lab.edit(
        "index.py", "    def edition(self):", "    def count(self): yield 1\n    def edition(self):"
    )
    handles = chain()
    counting = handles["index"].count()
    next(counting)
    with pytest.raises(PluginBusyError, match=r"index\.count"):
        lab.manager.unload_plugin("storage", cascade=True)
    assert went(faults) == []
    assert len(lab.manager.list_loaded_plugins()) == 4
    assert handles["report"].edition() == 1
    counting.close()
    lab.manager.unload_plugin("storage", cascade=True)


def test_a_shutdown_that_raises_does_not_stop_a_cascade(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    chain()

    def fail() -> None:
        raise ValueError("boom")

    faults.arm("down report", 0, fail)
    faults.arm("down index", 0, fail)
    with pytest.raises(PluginError, match="'report', 'index' are unloaded, but") as caught:
        lab.manager.unload_plugin("storage", cascade=True)
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    assert went(faults) == DOWN
    assert lab.manager.list_loaded_plugins() == ["other"]


# -- reloading -------------------------------------------------------------------------------------


def test_what_others_need_is_not_reloaded_alone(lab: Lab, faults: Faults, chain: Any) -> None:
    handles = chain()
    edit(lab, "storage")
    report = lab.reload("storage")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, DependentsError)
    assert report.error.dependents == ("report", "index")
    assert "%reload_plugin storage --cascade" in str(report.error)
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.CHECK
    check_ends_once(lab, report)
    assert handles["storage"].edition() == 1
    assert went(faults) == []


def test_a_cascade_goes_down_in_reverse_and_up_in_order(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    handles = chain()
    edit(lab, "storage", "report")
    report = lab.reload("storage", cascade=True)
    assert report.outcome is Outcome.RELOADED
    assert report.plugins == ("storage", "index", "report")
    check_ends_once(lab, report)
    assert went(faults) == DOWN + UP
    assert {n: (h.edition(), h.n) for n, h in handles.items()} == {
        "storage": (2, 11),
        "index": (1, 22),
        "report": (2, 33),
        "other": (1, 44),
    }
    assert len(report.state) == 3
    assert set(report.hashes) == {"storage", "index", "report"}


@pytest.mark.parametrize("failing", ["storage", "index", "report"])
def test_if_one_fails_all_run_as_before(failing: str, lab: Lab, faults: Faults, chain: Any) -> None:
    handles = chain()
    before = {name: vars(lab.instance(name)).copy() for name in handles}

    def fail() -> None:
        raise ValueError("boom")

    edit(lab, "storage", "index", "report")
    faults.arm(failing, 2, fail)
    report = lab.reload("storage", cascade=True)
    assert report.outcome is Outcome.ROLLED_BACK
    assert report.failed_step is not None
    assert (report.failed_step.plugin, report.failed_step.phase) == (failing, Phase.INITIALIZE)
    check_ends_once(lab, report)
    started = UP[: UP.index(f"up {failing}") + 1]
    assert went(faults) == DOWN + started + DOWN[-len(started) :] + UP
    assert {name: handle.edition() for name, handle in handles.items()} == dict.fromkeys(handles, 1)
    assert {name: vars(lab.instance(name)) for name in handles} == before
    faults.disarm()
    assert lab.reload("storage", cascade=True).outcome is Outcome.RELOADED
    assert handles["report"].edition() == 2
    assert handles["report"].n == 33


def test_if_one_cannot_be_brought_back_the_others_run(lab: Lab, faults: Faults, chain: Any) -> None:
    handles = chain()

    def fail() -> None:
        raise ValueError("boom")

    edit(lab, "report")
    faults.arm("report", 2, fail)
    faults.arm("index", 1, lambda: fail() if faults.visited.count(("index", 1)) > 1 else None)
    report = lab.reload("storage", cascade=True)
    assert report.outcome is Outcome.FAILED
    assert handles["storage"].n == 11
    assert handles["report"].n == 33
    with pytest.raises(PluginNotLoadedError):
        handles["index"].edition()
    faults.disarm()
    assert lab.reload("storage", cascade=True).outcome is Outcome.RELOADED
    assert {name: handle.n for name, handle in handles.items()} == {
        "storage": 11, "index": 22, "report": 33, "other": 44,
    }  # fmt: skip


def test_several_plugins_as_one_transaction(lab: Lab, faults: Faults, chain: Any) -> None:
    handles = chain()
    edit(lab, "other", "report")
    faults.arm("other", 2, lambda: False)
    report = lab.reload("report", "other")
    assert report.outcome is Outcome.ROLLED_BACK
    assert [handles[n].edition() for n in ("report", "other")] == [1, 1]
    faults.disarm()
    report = lab.reload("other", "report", "other")
    assert report.outcome is Outcome.RELOADED
    assert set(report.plugins) == {"other", "report"}
    assert [handles[n].edition() for n in ("report", "other")] == [2, 2]
    assert [handles[n].n for n in ("report", "other")] == [33, 44]


def test_named_with_their_dependents_they_need_no_cascade(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    chain()
    edit(lab, "storage")
    report = lab.reload("report", "storage", "index")
    assert report.outcome is Outcome.RELOADED
    assert went(faults) == DOWN + UP


def test_a_bare_name_is_one_name(lab: Lab, faults: Faults, chain: Any) -> None:
    chain()
    assert lab.manager.reload_plugins("other").plugins == ("other",)


@pytest.mark.parametrize("names", [[], ["nothing"], ["other", "othr"], [3], [["other"]]])
def test_names_that_are_not_loaded(names: Any, lab: Lab, faults: Faults, chain: Any) -> None:
    chain()
    report = lab.manager.reload_plugins(names)
    assert report.outcome is Outcome.ABORTED
    assert report.error is not None
    assert report.failed_step is not None
    assert report.failed_step.phase is Phase.CHECK
    check_ends_once(lab, report)
    assert went(faults) == []
    if names == ["other", "othr"]:
        assert "did you mean 'other'?" in str(report.error)


def test_known_but_not_loaded(lab: Lab, faults: Faults, chain: Any) -> None:
    lab.manager.scan_plugin_directory(lab.folder)
    report = lab.manager.reload_plugin("other")
    assert isinstance(report.error, PluginNotLoadedError)
    assert "%load_plugin other" in str(report.error)
    with pytest.raises(PluginNotLoadedError):
        lab.get("other")
    with pytest.raises(PluginNotFoundError):
        lab.get("nothing")


# -- edits that change who needs whom --------------------------------------------------------------


def test_a_new_dependency_is_loaded(lab: Lab, faults: Faults, chain: Any) -> None:
    lab.manager.load_plugin("other")
    lab.write("other.py", plugin("other", "'index'").replace("return 1", "return 2"))
    report = lab.reload("other")
    assert report.outcome is Outcome.RELOADED
    assert lab.manager.list_loaded_plugins() == ["other", "storage", "index"]
    assert lab.manager.get_dependents("storage") == ["other", "index"]
    with pytest.raises(DependentsError):
        lab.manager.unload_plugin("index")


@pytest.mark.parametrize("factory", [False, True])
def test_a_new_dependency_is_unloaded_again_on_failure(
    factory: bool, lab: Lab, faults: Faults, chain: Any
) -> None:
    handle = lab.load("other", plugin("other"))
    text = plugin("other", "'index'").replace("return 1", "return 2")
    if factory:
        text += "\ndef create_plugin():\n    return Other()\n"
    lab.write("other.py", text)
    faults.arm("other", 2, lambda: False)
    report = lab.reload("other")
    assert report.outcome is Outcome.ROLLED_BACK
    assert not report.warnings
    assert lab.manager.list_loaded_plugins() == ["other"]
    assert "index" not in vars(lab.module("other"))
    assert handle.edition() == 1
    faults.disarm()
    assert lab.reload("other").outcome is Outcome.RELOADED
    assert lab.manager.list_loaded_plugins() == ["other", "storage", "index"]


def test_a_new_dependency_that_fails(lab: Lab, faults: Faults, chain: Any) -> None:
    handle = lab.load("other", plugin("other"))
    lab.write("other.py", plugin("other", "'storage', 'report'").replace("return 1", "return 2"))
    faults.arm("report", 1, lambda: False)
    report = lab.reload("other")
    assert report.outcome is Outcome.ABORTED
    assert lab.manager.list_loaded_plugins() == ["other"]
    assert handle.edition() == 1


def test_a_new_dependency_that_is_not_there(lab: Lab, faults: Faults, chain: Any) -> None:
    handles = chain()
    for needs, told in (
        ("'nowhere'", "no plugin 'nowhere'"),
        ("'index>5'", "version of 'index' is 1.0"),
    ):
        lab.write("other.py", plugin("other", needs).replace("return 1", "return 2"))
        report = lab.reload("other")
        assert report.outcome is Outcome.ABORTED
        assert isinstance(report.error, DependencyError)
        assert told in str(report.error)
    lab.write("storage.py", plugin("storage", "'report'"))
    report = lab.reload("storage", cascade=True)
    assert "in a circle" in str(report.error)
    assert handles["other"].edition() == handles["storage"].edition() == 1


def test_a_new_version_that_a_dependent_does_not_accept(
    lab: Lab, faults: Faults, chain: Any
) -> None:
    lab.write("index.py", plugin("index", "'storage<2'"))
    handles = chain()
    lab.write("storage.py", plugin("storage", version="2.0").replace("return 1", "return 2"))
    report = lab.reload("storage", cascade=True)
    assert report.outcome is Outcome.ABORTED
    assert "'index' needs 'storage<2', but the version of 'storage' is 2.0" in str(report.error)
    assert handles["storage"].edition() == 1
    lab.write("index.py", plugin("index", "'storage<3'"))
    assert lab.reload("storage", cascade=True).outcome is Outcome.RELOADED


def test_a_dependency_that_turns_round(lab: Lab, faults: Faults, chain: Any) -> None:
    """Both are edited: that each is checked against the other's old manifest must not stop them."""
    lab.write("left.py", plugin("left"))
    lab.write("right.py", plugin("right", "'left'"))
    lab.manager.load_plugin("right")
    faults.visited.clear()
    lab.write("left.py", plugin("left", "'right'").replace("return 1", "return 2"))
    lab.write("right.py", plugin("right").replace("return 1", "return 2"))
    report = lab.reload("left", cascade=True)
    report.raise_for_outcome()
    assert went(faults) == ["down right", "down left", "up right", "up left"]
    assert lab.manager.get_dependents("right") == ["left"]
    assert lab.manager.unload_plugin("right", cascade=True) == ["left", "right"]


# -- auto load, by type ----------------------------------------------------------------------------


def test_auto_load(lab: Lab, faults: Faults) -> None:
    auto = "auto_load = True; load_priority = {}"
    lab.write("late.py", plugin("late", more=auto.format(1)))
    lab.write("early.py", plugin("early", "'base'", more=auto.format(9)))
    lab.write("base.py", plugin("base"))
    lab.write("lonely.py", plugin("lonely", "'nowhere'", more=auto.format(5)))
    lab.write("refuses.py", plugin("refuses", more=auto.format(3)))
    lab.write("never.py", plugin("never"))
    faults.arm("refuses", 1, lambda: False)
    failed = lab.manager.auto_load_plugins()
    assert went(faults) == ["up base", "up early", "up refuses", "down refuses", "up late"]
    assert lab.manager.list_loaded_plugins() == ["base", "early", "late"]
    assert set(failed) == {"lonely", "refuses"}
    assert "no plugin 'nowhere'" in str(failed["lonely"])
    assert isinstance(failed["refuses"], PluginLoadError)
    assert lab.manager.auto_load_plugins().keys() == failed.keys()
    assert [h.edition() for h in lab.manager.get_plugins_by_type(PluginType.IMPORTER)] == [1, 1, 1]
    assert lab.manager.get_plugins_by_type(PluginType.EXPORTER) == []
    assert len(lab.manager.get_plugins_by_type("importer")) == 3
    with pytest.raises(ValueError, match="imprter"):
        lab.manager.get_plugins_by_type("imprter")


def test_the_one_of_this_kernel(lab: Lab) -> None:
    try:
        assert PluginManager.instance() is PluginManager.instance()
    finally:
        PluginManager.clear_instance()


@pytest.mark.parametrize("package", [False, True], ids=["file", "package"])
def test_what_a_plugin_needs_is_looked_for_beside_it(lab: Lab, package: bool) -> None:
    needing = """
        from themis_jupyter import Plugin

        class Index(Plugin):
            dependencies = ["shelf"]
    """
    lab.write("deep/shelf.py", "from themis_jupyter import Plugin\nclass Shelf(Plugin): pass\n")
    lab.write("deep/index/__init__.py" if package else "deep/index.py", needing)
    lab.manager.load_plugin(lab.folder / "deep" / ("index" if package else "index.py"))
    assert lab.manager.list_loaded_plugins() == ["shelf", "index"]
