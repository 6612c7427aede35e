"""A page shows what there is: it gets the state once, then what changed, and a reply to each request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.board.conftest import Page
from tests.manager.conftest import Lab, counter
from tests.watch.conftest import until
from themis_jupyter import Outcome
from themis_jupyter.board import Board

MakePage = Callable[[], Page]

PLUGIN = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        version = "1.0"
        description = "Counts <b>."

        def initialize(self, config):
            self.total = 0

        def edition(self):
            return 1
"""


def test_a_page_sees_the_same_as_a_new_one(lab: Lab, page: MakePage) -> None:
    first = page()
    lab.load("counter", PLUGIN)
    lab.load(
        "index",
        PLUGIN.replace("Counter", "Index").replace(
            "version =", "dependencies = ['counter']\n        version ="
        ),
    )
    first.settled()
    assert [card["life"] for card in first.state["plugins"]] == ["loaded", "loaded"]
    assert first.card("counter")["dependents"] == ["index"]
    lab.edit("counter.py", "return 1", "return 2")
    assert lab.reload("counter", cascade=True)
    lab.edit("counter.py", "return 2", "return 1 +")
    assert not lab.reload("counter", cascade=True)
    first.settled()
    second = page()
    for key in ("plugins", "operations", "log"):
        assert first.state[key] == second.state[key], key
    card = first.card("counter")
    assert card["last"]["outcome"] == "aborted"
    assert "not valid Python (line" in card["error"]["words"]
    where = card["error"]["where"]
    assert where["file"].endswith("counter.py")
    assert f"(line {where['line']}" in card["error"]["words"]
    assert (card["drift"], card["stateSize"] is not None) == ("edited", True)
    assert [version["number"] for version in card["versions"]] == [1, 2]
    lab.manager.unload_plugin("index")
    first.settled()
    assert first.card("index")["life"] == "not loaded"
    assert first.gaps == 0


def test_the_steps_fill_in_while_the_reload_runs(lab: Lab, page: MakePage) -> None:
    lab.load("counter", PLUGIN)
    shown = page()
    seen: list[list[tuple[str, str]]] = []
    hold, there = threading.Event(), threading.Event()

    def listener(event: Any) -> None:
        if event.phase.value == "before unload":
            there.set()
            hold.wait(10)

    lab.manager.register_reload_listener(listener)
    lab.edit("counter.py", "return 1", "return 2")
    reload = threading.Thread(target=lab.manager.reload_plugin, args=("counter",), name="plugin r")
    reload.start()
    assert there.wait(10)

    def steps() -> list[tuple[str, str]]:
        last = shown.state["operations"][-1]
        return [(step["phase"], step["status"]) for step in last["steps"]]

    until(lambda: steps()[-1:] == [("before unload", "started")])
    seen.append(steps())
    assert ("stage", "finished") in seen[0]
    assert shown.state["operations"][-1]["outcome"] == ""
    hold.set()
    reload.join(10)
    until(lambda: shown.state["operations"][-1]["outcome"] == "reloaded")
    assert steps()[-1] == ("after load", "finished")
    assert shown.state["operations"][-1]["elapsed"] > 0


def test_a_rollback_shows(lab: Lab, page: MakePage, faults: Any) -> None:
    lab.load("counter", counter(1))
    shown = page()
    faults.arm("initialize", 2, lambda: 1 / 0)
    lab.write("counter.py", counter(2))
    assert lab.reload("counter").outcome is Outcome.ROLLED_BACK
    shown.settled()
    last = shown.state["operations"][-1]
    failed = [step for step in last["steps"] if step["status"] == "failed"]
    assert [(step["phase"], "ZeroDivisionError" in step["error"]) for step in failed] == [
        ("initialize", True)
    ]
    assert last["steps"][-1]["phase"] == "rollback"
    card = shown.card("counter")
    assert "line" in card["error"]["traceback"] and "initialize" in card["error"]["traceback"]
    where = card["error"]["where"]
    assert (
        where["file"] == str(lab.path_of("counter"))
        and f"line {where['line']}," in card["error"]["traceback"]
    )
    assert card["error"]["advice"]


def test_many_events_are_sent_at_a_pace_that_a_page_can_follow(lab: Lab, page: MakePage) -> None:
    lab.load("counter", PLUGIN)
    shown = page()
    before, began = len(shown.messages), time.monotonic()
    for _ in range(40):
        lab.manager.reload_plugin("counter", full=True)
    lasted = time.monotonic() - began
    shown.settled()
    sent = len(shown.messages) - before
    assert sent <= 30 * (lasted + 1) + 2, (sent, lasted)
    assert len(shown.state["log"]) > 200 or shown.messages[-1].get("dropped", 0)


def test_only_what_changed_is_sent(lab: Lab, page: MakePage) -> None:
    for number in range(30):
        lab.load(f"plugin{number}", PLUGIN)
    shown = page()
    before = len(shown.messages)
    lab.edit("plugin7.py", "return 1", "return 2")
    lab.reload("plugin7")
    shown.settled()
    patches = shown.messages[before:]
    assert {name for patch in patches for name in patch.get("plugins", {})} == {"plugin7"}
    fields = {key for patch in patches for key in patch.get("plugins", {}).get("plugin7", {})}
    assert "description" not in fields and "last" in fields


def test_calls_in_flight(lab: Lab, page: MakePage) -> None:
    text = (
        PLUGIN
        + """
        def work(self, entered, end):
            entered.set()
            end.wait(10)
    """
    )
    handle = lab.load("counter", text)
    shown = page()
    entered, end = threading.Event(), threading.Event()
    worker = threading.Thread(target=lambda: handle.work(entered, end), name="plugin w")
    worker.start()
    assert entered.wait(10)
    until(lambda: shown.card("counter")["inFlight"] == 1)
    end.set()
    worker.join(10)
    until(lambda: shown.card("counter")["inFlight"] == 0)


# -- requests --------------------------------------------------------------------------------------


def test_requests(lab: Lab, page: MakePage) -> None:
    handle = lab.load("counter", PLUGIN)
    shown = page()
    lab.edit("counter.py", "return 1", "return 2")
    found = shown.ask("diff", plugin="counter")
    assert found["ok"] and "+" in "".join(line[0] for line in found["data"]["modules"][0]["lines"])
    reply = shown.ask("reload", plugins=["counter"])
    assert reply["ok"] and reply["text"].startswith("counter reloaded in")
    assert handle.edition() == 2
    assert shown.ask("revert", plugin="counter", version=1)["ok"]
    assert handle.edition() == 1
    assert shown.ask("revert", plugin="counter", what="code")["ok"]
    assert handle.edition() == 2
    assert shown.ask("watch", plugin="counter", on=True)["ok"]
    shown.settled()
    assert shown.card("counter")["watched"] == "between cells"
    assert shown.ask("watch", on=False)["ok"]
    assert shown.ask("unload", plugin="counter")["ok"]
    shown.settled()
    assert shown.card("counter")["life"] == "not loaded"
    assert shown.ask("load", plugin="counter")["ok"]
    shown.settled()
    assert shown.card("counter")["life"] == "loaded"


def test_a_state_that_is_kept_is_offered(lab: Lab, page: MakePage) -> None:
    handle = lab.load("counter", PLUGIN)
    handle.total = 7
    lab.manager.save_state("counter")
    shown = page()
    assert shown.card("counter")["kept"] == ""
    lab.manager.unload_plugin("counter")
    shown.settled()
    assert shown.card("counter")["kept"].startswith("state saved 20")
    assert shown.ask("load", plugin="counter", restore=True)["ok"]
    assert lab.get("counter").total == 7
    shown.settled()
    assert shown.card("counter")["kept"] == ""


def test_a_look_at_one_plugin_asks_the_disk_for_that_one_only(
    lab: Lab, board: Board, page: MakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(manager: object, name: str) -> str:
        asked.append(name)
        return ""

    monkeypatch.setattr("themis_jupyter.board.board.kept_state", look)
    lab.write("one.py", PLUGIN)
    lab.write("two.py", PLUGIN)
    shown = page()
    assert sorted(asked) == ["one", "two"]
    asked.clear()
    board.touch("one")
    lab.load("three", PLUGIN)  # makes all cards again
    shown.settled()
    assert asked == ["one"]
    asked.clear()
    board.touch()
    shown.settled()
    assert sorted(asked) == ["one", "two"]


def test_the_template_of_a_new_plugin(lab: Lab, page: MakePage) -> None:
    shown = page()
    data = shown.ask("template", plugin="tally", stateful=True)["data"]
    assert data["file"] == "tally.py" and "class Tally(StatefulPlugin)" in data["text"]
    assert "cannot be" in shown.ask("template", plugin="1 + 1")["text"]
    assert not list(lab.folder.iterdir())


def test_a_widget_of_the_plugins_own(lab: Lab, page: MakePage) -> None:
    lab.load("counter", PLUGIN)
    shown = page()
    assert shown.card("counter")["widget"] is None
    assert shown.ask("widget", plugin="counter")["data"] == {"model": None}
    own = """
        def widget(self):
            import ipywidgets
            return ipywidgets.IntSlider()
    """
    lab.write("counter.py", PLUGIN + own)
    assert lab.reload("counter")
    shown.settled()
    assert shown.card("counter")["widget"] is not None
    made = lab.manager.get_widget("counter")
    assert shown.ask("widget", plugin="counter")["data"] == {"model": made.model_id}
    lab.manager.unload_plugin("counter")
    assert not shown.ask("widget", plugin="counter")["ok"]


def test_two_clicks_do_not_reload_twice(lab: Lab, page: MakePage) -> None:
    lab.load("counter", PLUGIN)
    one, other = page(), page()
    seen = one.state["operations"][-1]["number"]
    assert one.ask("reload", plugins=["counter"], fresh=True, seen={"counter": seen})["ok"]
    before = len(lab.terminal())
    reply = other.ask("reload", plugins=["counter"], fresh=True, seen={"counter": seen})
    assert reply["ok"] and "already" in reply["text"]
    assert len(lab.terminal()) == before


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (None, "a request is an object"),
        ([], "a request is an object"),
        ({}, "no request of the kind None"),
        ({"kind": []}, "no request of the kind []"),
        ({"kind": "explode", "id": "x"}, "no request of the kind 'explode'"),
        ({"kind": "reload", "id": "x"}, "'plugins' is a required property"),
        ({"kind": "reload", "id": "x", "plugins": "counter"}, "is not of type 'array'"),
        ({"kind": "revert", "id": "x", "plugin": "counter", "version": "2"}, "['version']"),
        ({"kind": "load", "id": "x", "plugin": "a", "code": "import os"}, "unexpected"),
        ({"kind": "reload", "id": "x", "plugins": ["nothing"]}, "no plugin 'nothing'"),
        ({"kind": "unload", "id": "x", "plugin": "nothing"}, "no plugin 'nothing'"),
        ({"kind": "revert", "id": "x", "plugin": "counter", "version": 9}, "version 9"),
        ({"kind": "diff", "id": "x", "plugin": "counter", "a": "old"}, "'old' is not"),
        ({"kind": "load", "id": "x", "plugin": "../../x"}, "there is no"),
        ({"kind": "hello", "id": "x", "protocol": 99}, "speaks version 99"),
    ],
)
def test_each_request_gets_an_answer(lab: Lab, page: MakePage, request_: Any, says: str) -> None:
    lab.load("counter", PLUGIN)
    shown = page()
    before = len(shown.messages)
    shown.desk.handle(request_)
    (reply,) = [m for m in shown.messages[before:] if m["kind"] == "reply"]
    assert not reply["ok"] and says in reply["text"], reply
    assert reply["id"] == ("x" if isinstance(request_, dict) and "id" in request_ else "")
    assert lab.manager.list_loaded_plugins() == ["counter"]


def test_a_page_that_fails_harms_nobody(lab: Lab, board: Board, page: MakePage) -> None:
    shown = page()
    broken = Page(board)
    broken.hello()
    broken.feed._send = lambda message: 1 / 0
    lab.load("counter", PLUGIN)
    shown.settled()
    assert shown.card("counter")["life"] == "loaded"
    broken.feed.end()


def test_hostile_names(lab: Lab, page: MakePage) -> None:
    from themis_jupyter.board.static import static_html, static_text

    name = "<img src=x onerror=alert(1)>"
    lab.load("counter", PLUGIN.replace("Counts <b>.", f"{name}\\u202e\\x1b[31m"))
    shown = page()
    card = shown.card("counter")
    assert card["description"] == f"{name}\\u202e\\x1b[31m"
    card["name"] = name
    html = static_html(shown.state)
    assert "<img" not in html and "&lt;img" in html
    assert name in static_text(shown.state)
