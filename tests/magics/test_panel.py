"""``%plugins`` shows the panel where there can be one, and a table elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from tests.magics.session import Session
from themis_jupyter.magics import panel as panels
from themis_jupyter.widgets import PluginPanel, host

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def kernel(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A shell that is one of a kernel."""
    session.run("%load_plugin counter;")
    monkeypatch.setattr(session.shell, "kernel", object(), raising=False)
    return session


def shown(session: Session, cell: str) -> dict[str, Any]:
    data, _ = session.shell.display_formatter.format(session.run(cell))
    return dict(data)


def test_in_a_kernel_it_is_the_panel_and_the_table_where_that_does_not_show(
    kernel: Session,
) -> None:
    data = shown(kernel, "%plugins")
    assert VIEW in data
    assert "counter" in data["text/plain"] and "<table" in data["text/html"]
    # It is a sequence of plugins all the same.
    assert kernel.run("found = %plugins\nfound['counter'].state") == "loaded"


def test_nothing_is_made_for_an_answer_that_is_not_shown(
    kernel: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "panel", lambda manager: 1 / 0)
    assert kernel.run("found = %plugins\nlen(found)") == 1


def test_a_table_if_that_is_asked_for(kernel: Session) -> None:
    assert VIEW not in shown(kernel, "%plugins --table")
    assert isinstance(kernel.run("%plugins --panel"), PluginPanel)


def test_in_a_terminal_it_is_a_table(session: Session) -> None:
    session.run("%load_plugin counter;")
    assert VIEW not in shown(session, "%plugins")


def test_without_widgets_it_is_a_table_and_panel_says_why(
    kernel: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "themis_jupyter.widgets", None)
    assert VIEW not in shown(kernel, "%plugins")
    assert "pip install themis-jupyter[widgets]" in kernel.usage_error("%plugins --panel")


def test_a_script_that_was_not_built(
    kernel: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(host, "SCRIPT", host.SCRIPT.with_name("nothing.js"))
    with caplog.at_level(logging.INFO, "themis_jupyter"):
        assert VIEW not in shown(kernel, "%plugins")
    assert "make ui" in caplog.text
    assert "make ui" in str(kernel.error("%plugins --panel"))


def test_what_does_not_go_together(session: Session) -> None:
    assert "exclude each other" in session.usage_error("%plugins --panel --table")
    assert "leave the name out" in session.usage_error("%plugins counter --panel")
    assert "leave the name out" in session.usage_error("%plugins counter --table")
