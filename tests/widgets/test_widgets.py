"""The widgets, with a comm that goes nowhere: what is sent, and what messages do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.manager.conftest import Lab, lab
from tests.watch.conftest import until
from themis_jupyter import subshells
from themis_jupyter.board.protocol import check_message
from themis_jupyter.errors import WidgetError
from themis_jupyter.widgets import (
    PhaseTimeline,
    PluginPanel,
    PluginStatus,
    ReloadButton,
    host,
)

__all__ = ["lab"]

PLUGIN = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        version = "1.0"

        def edition(self):
            return 1
"""


class Sent(list[Any]):
    """What a widget sends to its page."""

    def of(self, widget: Any) -> Sent:
        widget.send = lambda message, buffers=None: self.append(check_message(message))
        widget._feed._send = widget._desk._send = widget.send
        return self

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self]


@pytest.fixture
def panel(lab: Lab) -> Iterator[PluginPanel]:
    lab.load("counter", PLUGIN)
    made = PluginPanel(lab.manager)
    yield made
    made.close()
    assert not [t for t in threading.enumerate() if t.name == "themis_jupyter board"]


def ask(widget: Any, **message: Any) -> None:
    """Let a message of the page arrive, as ipywidgets does."""
    widget._handle_custom_msg(message, [])


def test_a_page_asks_and_is_answered(lab: Lab, panel: PluginPanel) -> None:
    sent = Sent().of(panel)
    ask(panel, kind="hello", id="1", protocol=1)
    assert sent.kinds() == ["state", "reply"]
    assert [plugin["name"] for plugin in sent[0]["plugins"]] == ["counter"]
    lab.edit("counter.py", "return 1", "return 2")
    ask(panel, kind="reload", id="2", plugins=["counter"])
    until(lambda: "patch" in sent.kinds() and "reply" in sent.kinds()[2:])
    assert lab.get("counter").edition() == 2
    ask(panel, kind="explode", id="3")
    assert sent[-1]["ok"] is False


def test_nothing_is_sent_before_a_page_asks(lab: Lab, panel: PluginPanel) -> None:
    sent = Sent().of(panel)
    lab.reload("counter", full=True)
    assert sent == []


def test_a_closed_widget_is_silent(lab: Lab, panel: PluginPanel) -> None:
    sent = Sent().of(panel)
    ask(panel, kind="hello", id="1", protocol=1)
    panel.close()
    before = len(sent)
    lab.reload("counter", full=True)
    assert len(sent) == before


def test_where_widgets_do_not_work_a_static_card_shows(panel: PluginPanel) -> None:
    data, _ = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "counter" in data["text/plain"] and "<table>" in data["text/html"]
    assert panel.saved and "counter" in panel.saved


def test_small_widgets_have_traits_to_observe(lab: Lab) -> None:
    lab.load("counter", PLUGIN)
    manager: Any = lab.manager
    made = [
        kind("counter", manager=manager) for kind in (ReloadButton, PhaseTimeline, PluginStatus)
    ]
    assert [widget.view for widget in made] == ["button", "timeline", "status"]
    seen: list[tuple[str, str]] = []
    made[2].observe(
        lambda change: seen.append((change["name"], change["new"])), ["outcome", "phase"]
    )
    lab.edit("counter.py", "return 1", "return 2")
    lab.reload("counter")
    assert ("phase", "stage") in seen and ("outcome", "reloaded") in seen
    assert (made[2].life, made[2].phase, made[2].elapsed > 0) == ("loaded", "", True)
    lab.manager.unload_plugin("counter")
    assert made[2].life == "not loaded"
    for widget in made:
        widget.close()


def test_a_script_that_was_not_built_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "SCRIPT", host.SCRIPT.with_name("nothing.js"))
    with pytest.raises(WidgetError, match="make ui"):
        PluginPanel(lab.manager)


def test_messages_go_to_the_shell_that_they_are_meant_for() -> None:
    """The trap of ipykernel 7: replies follow the last thing that was published on the comm."""
    from ipykernel.comm.comm import BaseComm

    assert hasattr(BaseComm, "_reply_subshell_for"), "the private name has gone: see environment.md"

    class Comm:
        def _reply_subshell_for(self, data: object, default: object) -> str:
            return "main"

    comm: Any = Comm()
    subshells.keep_its_shell(comm)
    assert comm._reply_subshell_for({}, "the subshell") == "the subshell"
    subshells.keep_its_shell(object())  # other kernels
    assert subshells.kernel_has_subshells() is False
