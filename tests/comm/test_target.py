"""A front end opens a comm, and is told what there is; with a comm manager like the kernel's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.manager.conftest import Lab, lab
from tests.watch.conftest import until
from themis_jupyter.board.protocol import check_message
from themis_jupyter.comm import TARGET, CommTarget

__all__ = ["lab"]

PLUGIN = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        def edition(self):
            return 1
"""


class Comm:
    """One end of a comm; what the kernel sends is checked and kept."""

    def __init__(self, number: int) -> None:
        self.comm_id = f"comm-{number}"
        self.sent: list[dict[str, Any]] = []
        self.closed = False
        self._message: Callable[[Any], object] = lambda message: None
        self._close: Callable[[Any], object] = lambda message: None

    def on_msg(self, callback: Callable[[Any], object]) -> None:
        self._message = callback

    def on_close(self, callback: Callable[[Any], object]) -> None:
        self._close = callback

    def send(self, data: dict[str, Any]) -> None:
        self.sent.append(check_message(data))

    def close(self) -> None:
        self.closed = True

    def arrives(self, data: object) -> None:
        self._message({"content": {"data": data}})

    def goes(self) -> None:
        self._close({})

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.sent]


class Comms:
    """A kernel's manager of comms."""

    def __init__(self) -> None:
        self.targets: dict[str, Callable[[Any, Any], object]] = {}
        self._made = 0

    def register_target(self, name: str, callback: Callable[[Any, Any], object]) -> None:
        self.targets[name] = callback

    def unregister_target(self, name: str, callback: Callable[[Any, Any], object]) -> None:
        assert self.targets.pop(name) == callback

    def open(self, name: str = TARGET, data: object = None) -> Comm:
        self._made += 1
        comm = Comm(self._made)
        self.targets[name](comm, {"content": {"data": {} if data is None else data}})
        return comm


@pytest.fixture
def comms() -> Comms:
    return Comms()


@pytest.fixture
def target(lab: Lab, comms: Comms) -> Iterator[CommTarget]:
    lab.load("counter", PLUGIN)
    made = CommTarget(lab.manager, comms)
    made.install()
    yield made
    if TARGET in comms.targets:
        made.remove()
    assert not [t for t in threading.enumerate() if t.name == "themis_jupyter board"]


def test_a_page_is_told_and_asks(lab: Lab, target: CommTarget, comms: Comms) -> None:
    page = comms.open()
    assert page.sent == []
    page.arrives({"kind": "hello", "id": "1", "protocol": 1})
    assert page.kinds() == ["state", "reply"]
    lab.edit("counter.py", "return 1", "return 2")
    page.arrives({"kind": "reload", "id": "2", "plugins": ["counter"]})
    assert lab.get("counter").edition() == 2
    until(lambda: "patch" in page.kinds())
    assert [m["ok"] for m in page.sent if m["kind"] == "reply"] == [True, True]


@pytest.mark.parametrize("data", [None, [], {}, {"kind": "run", "id": "1", "code": "1 / 0"}, "x"])
def test_nonsense_gets_an_answer_and_harms_nothing(
    target: CommTarget, comms: Comms, data: object
) -> None:
    page = comms.open()
    page.arrives(data)
    (reply,) = page.sent
    assert reply["ok"] is False and "not understood" in reply["text"]


def test_a_page_that_was_loaded_again_takes_the_place_of_what_it_left(
    target: CommTarget, comms: Comms
) -> None:
    left = comms.open()
    left.arrives({"kind": "hello", "id": "1", "protocol": 1})
    page = comms.open(data={"replaces": [left.comm_id, "of another kernel"]})
    assert left.closed and not page.closed
    assert len(target) == 1
    page.arrives({"kind": "hello", "id": "1", "protocol": 1})
    assert page.kinds() == ["state", "reply"]


@pytest.mark.parametrize("data", [[], "x", {"replaces": "x"}, {"replaces": [1]}, {"code": "1 / 0"}])
def test_a_comm_that_is_opened_with_nonsense_is_told_so_and_works(
    target: CommTarget, comms: Comms, data: object
) -> None:
    page = comms.open(data=data)
    (reply,) = page.sent
    assert reply["ok"] is False and "opening a comm" in reply["text"]
    page.arrives({"kind": "hello", "id": "1", "protocol": 1})
    assert page.kinds() == ["reply", "state", "reply"]


def test_a_page_that_goes_is_told_nothing_more(lab: Lab, target: CommTarget, comms: Comms) -> None:
    page, other = comms.open(), comms.open()
    for each in (page, other):
        each.arrives({"kind": "hello", "id": "1", "protocol": 1})
    page.goes()
    assert len(target) == 1
    before = len(page.sent)
    lab.reload("counter", full=True)
    until(lambda: "patch" in other.kinds())
    assert len(page.sent) == before


def test_fifty_pages_leave_nothing_behind(lab: Lab, target: CommTarget, comms: Comms) -> None:
    listeners = len(lab.manager.events)
    for _ in range(50):
        page = comms.open()
        page.arrives({"kind": "hello", "id": "1", "protocol": 1})
        page.goes()
    assert len(target) == 0
    assert len(lab.manager.events) <= listeners + 1  # one board, whoever looks


def test_unloading_the_extension_closes_what_is_open(target: CommTarget, comms: Comms) -> None:
    page = comms.open()
    target.remove()
    assert page.closed and TARGET not in comms.targets
