"""What a handle says that it is."""

from __future__ import annotations

import abc
import collections
import copy
import inspect
import pickle
import pydoc
import weakref
from typing import Protocol, runtime_checkable

import pytest

from tests.gates import SOON, end, start
from tests.handle.conftest import (
    Counter,
    gate_of,
    handle_of,
)
from themis_jupyter.closure import close_gates
from themis_jupyter.handle import Handle


def test_isinstance_sees_the_plugins_class(handle):
    class Base(abc.ABC):  # noqa: B024 - registered below
        pass

    @runtime_checkable
    class Adds(Protocol):
        def add(self, step: int) -> int: ...

    Base.register(Counter)
    assert isinstance(handle, Counter)
    assert isinstance(handle, Base)
    assert isinstance(handle, Handle)
    assert isinstance(handle, Adds)
    assert not isinstance(handle, int)
    assert handle.__class__ is Counter
    assert handle.__doc__ == "Counts."
    assert handle.__module__ == Counter.__module__


def test_repr(handle, record):
    assert repr(handle) == str(handle) == f"{handle}" == "<plugin counter 1.2: Counter object>"
    assert repr(handle_of(collections.Counter(a=1))) == "<plugin counter: Counter({'a': 1})>"
    record.unload()
    assert repr(handle) == "<plugin counter: not loaded; `%load_plugin counter` loads it>"
    assert str(handle) == repr(handle)
    assert repr(handle_of(None)) == repr(handle)


def test_repr_does_not_wait_for_a_swap(handle):
    with close_gates([gate_of(handle)], SOON):
        assert end(start(lambda: repr(handle))) == "<plugin counter 1.2: being reloaded>"
        assert repr(handle) == "<plugin counter 1.2: Counter object>"  # the thread that reloads


def test_help_shows_the_plugin(handle):
    text = pydoc.plain(pydoc.render_doc(handle))
    for part in ("Counts.", "add(self, step", "Add to the total.", "half", "Half of the total."):
        assert part in text
    assert "_core" not in text


def test_help_for_a_method(handle):
    text = pydoc.plain(pydoc.render_doc(handle.add))
    assert "add(step" in text
    assert "Add to the total." in text


def test_the_signature_of_a_callable_plugin():
    class Scaler:
        def __call__(self, value: float, *, by: float = 2) -> float:
            return value * by

    assert inspect.signature(handle_of(Scaler())) == inspect.signature(Scaler())


def test_copies_are_the_handle_and_pickles_are_refused(handle):
    assert copy.copy(handle) is handle
    assert copy.deepcopy([handle])[0] is handle
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="handle of plugin 'counter' cannot be pickled"):
            pickle.dumps(handle, protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle.add)


def test_a_handle_can_be_referred_to_weakly(handle):
    assert weakref.ref(handle)() is handle


def test_ipython_display_asks_only_for_what_the_plugin_has(handle):
    formatters = pytest.importorskip("IPython.core.formatters")

    class Rich:
        def _repr_html_(self):
            return "<b>rich</b>"

        def __repr__(self):
            return "Rich"

    display = formatters.DisplayFormatter()
    data, _ = display.format(handle_of(Rich()))
    assert data == {"text/html": "<b>rich</b>", "text/plain": "<plugin counter: Rich>"}
    data, _ = display.format(handle)
    assert set(data) == {"text/plain"}
    data, _ = display.format(handle_of(None))
    assert data == {"text/plain": repr(handle_of(None))}
    assert not hasattr(handle, "_repr_html_")
    assert not hasattr(handle, "_ipython_canary_method_should_not_exist_")


def test_ipython_completes_and_inspects(handle):
    core = pytest.importorskip("IPython.core.interactiveshell")
    from IPython.core.completer import provisionalcompleter

    shell = core.InteractiveShell()
    try:
        shell.user_ns["h"] = handle
        for jedi in (False, True):
            shell.Completer.use_jedi = jedi
            with provisionalcompleter():
                found = {each.text.strip(".") for each in shell.Completer.completions("h.", 2)}
            assert {"add", "total", "half", "fetch"} <= found
        info = shell.object_inspect("h.add")
        assert info["docstring"] == "Add to the total."
        assert shell.object_inspect("h")["docstring"] == "Counts."
    finally:
        shell.history_manager.end_session()
        shell.restore_sys_module_state()
