"""A handle has the attributes of its instance."""

from __future__ import annotations

import pytest

from tests.handle.conftest import (
    handle_of,
    names_in_flight,
)
from themis_jupyter.handle import instance_of, target_of


def test_attributes_are_read_set_and_deleted_on_the_instance(handle, record):
    assert handle.total == 0
    handle.total = 5
    handle.note = "x"
    assert record.instance.__dict__ == {"total": 5, "note": "x"}
    del handle.note
    assert not hasattr(record.instance, "note")
    assert not hasattr(handle, "note")
    assert vars(handle) is vars(record.instance)
    handle.half = 4
    assert handle.half == handle.total / 2 == 4


def test_a_missing_attribute_fails_as_on_the_instance(handle):
    with pytest.raises(AttributeError, match="'Counter' object has no attribute 'totl'"):
        _ = handle.totl
    with pytest.raises(AttributeError):
        del handle.totl


def test_each_access_is_a_call_in_flight():
    class Curious:
        @property
        def seen(self):
            return names_in_flight(handle)

        @seen.setter
        def seen(self, value):
            log.append(names_in_flight(handle))

        @seen.deleter
        def seen(self):
            log.append(names_in_flight(handle))

    log: list[list[str]] = []
    handle = handle_of(Curious())
    assert handle.seen == ["seen"]
    handle.seen = 1
    del handle.seen
    assert log == [["seen"], ["seen"]]


@pytest.mark.parametrize(
    "name", ["_core", "target", "gate", "methods", "lookup", "name", "instance"]
)
def test_bookkeeping_hides_no_attribute_of_the_plugin(name):
    cls = type("Plugin", (), {name: lambda self: "method"})
    handle = handle_of(cls())
    assert getattr(handle, name)() == "method"
    setattr(handle, name, "data")
    assert getattr(handle, name) == "data"
    delattr(handle, name)
    assert getattr(handle, name)() == "method"
    assert not hasattr(handle_of(object()), name)


def test_an_instance_attribute_wins_over_a_method(handle, record):
    record.instance.add = 5
    assert handle.add == 5
    del record.instance.add
    assert handle.add() == 1


def test_a_method_can_be_replaced_and_put_back(handle, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(handle, "add", lambda: "fake")
        assert handle.add() == "fake"
    assert handle.add() == 1
    assert names_in_flight(handle) == []


def test_a_method_kept_under_a_second_name_is_counted(handle):
    handle.handle = handle
    handle.alias = handle.seen
    assert handle.alias() == ["alias"]
    assert handle.alias == handle.alias


def test_a_plugin_may_answer_for_attributes_by_itself():
    class Dynamic:
        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            return name.upper()

    handle = handle_of(Dynamic())
    assert handle.anything == "ANYTHING"

    class Stubborn:
        def plain(self):
            return 1

        def __getattribute__(self, name):
            return "mine" if name == "plain" else object.__getattribute__(self, name)

    assert handle_of(Stubborn()).plain == "mine"


def test_a_plugin_with_slots_works():
    class Slotted:
        __slots__ = ("value",)
        value: int

        def get(self):
            return (self.value, names_in_flight(handle))

    handle = handle_of(Slotted())
    handle.value = 3
    assert handle.value == 3
    assert handle.get() == (3, ["get"])
    assert handle.get is handle.get


def test_dir_is_that_of_the_instance(handle, record):
    handle.extra = 1
    assert dir(handle) == dir(record.instance)
    assert "extra" in dir(handle)


def test_the_instance_is_given_out_as_the_handle(handle, record):
    assert handle.me() is handle
    record.instance.itself = record.instance
    assert handle.itself is handle
    assert instance_of(handle) is record.instance
    assert target_of(handle) is record
