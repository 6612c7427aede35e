"""A handle whose plugin is unloaded."""

from __future__ import annotations

import contextlib
import copy
import pickle
import pydoc
from collections.abc import Callable
from typing import Any

import pytest

from tests.handle.conftest import (
    Bag,
    Counter,
    Record,
    names_in_flight,
)
from themis_jupyter.errors import PluginNotLoadedError
from themis_jupyter.handle import Handle, make_handle, refresh

USES: dict[str, Callable[[Any], Any]] = {
    "attribute": lambda h: h.total,
    "method": lambda h: h.add,
    "set": lambda h: setattr(h, "total", 1),
    "delete": lambda h: delattr(h, "total"),
    "call": lambda h: h(),
    "length": len,
    "item": lambda h: h[0],
    "iterate": iter,
    "contains": lambda h: 1 in h,
    "context": lambda h: h.__class__ and contextlib.ExitStack().enter_context(h),
    "add": lambda h: h + 1,
    "equal": lambda h: h == 1,
    "hash": hash,
    "bool": bool,
}


@pytest.mark.parametrize("use", USES)
def test_each_use_of_an_unloaded_plugin_says_so(use):
    record = Record(Bag())
    handle: Any = make_handle(record)
    record.unload()
    with pytest.raises(PluginNotLoadedError, match="%load_plugin counter") as caught:
        USES[use](handle)
    assert caught.value.plugin == "counter"


def test_a_plugin_that_is_only_taken_away_says_so_too(record, handle):
    add = handle.add
    record.instance = None
    with pytest.raises(PluginNotLoadedError):
        add()
    with pytest.raises(PluginNotLoadedError):
        handle.add()
    assert names_in_flight(handle) == []


def test_probing_an_unloaded_plugin_is_harmless(record, handle):
    record.unload()
    assert not hasattr(handle, "__array__")
    assert not hasattr(handle, "_repr_html_")
    assert not isinstance(handle, Counter)
    assert isinstance(handle, Handle)
    assert dir(handle) == []
    assert copy.copy(handle) is copy.deepcopy(handle) is handle
    assert "not loaded" in handle.__repr__()
    assert pydoc.render_doc(handle)
    refresh(handle)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle)


def test_a_handle_works_again_after_loading_anew(record, handle):
    class Counter2:
        def add(self):
            return "new"

        def __call__(self):
            return "called"

    add, fetch = handle.add, handle.fetch
    record.unload()
    for use in (add, fetch):
        with pytest.raises(PluginNotLoadedError, match="not loaded"):
            use()
    record.load(Counter2())
    assert add() == handle.add() == "new"
    assert add == handle.add
    assert handle() == "called"


def test_a_handle_made_before_the_first_load_works_after_it():
    record = Record(None)
    handle: Any = make_handle(record)
    with pytest.raises(PluginNotLoadedError):
        _ = handle.add
    record.load(Counter())
    assert handle.add() == 1
