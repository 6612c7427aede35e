"""Methods whose names are nearly those that the manager calls."""

from __future__ import annotations

import pytest

from themis_jupyter import StatefulPlugin
from themis_jupyter.hooks import misspelt_hooks


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("initialise", "initialize"),
        ("shut_down", "shutdown"),
        ("save_sate", "save_state"),
        ("restoreState", "restore_state"),
        ("on_reload_request", "on_reload_requested"),
        ("onReloadRequested", "on_reload_requested"),
    ],
)
def test_near_misses_are_told(name: str, meant: str) -> None:
    cls = type("Counter", (StatefulPlugin,), {name: lambda self: None})
    [told] = misspelt_hooks(cls)
    assert f"Counter.{name}()" in told
    assert f"did you mean {meant}()?" in told
    # Who has both knows what he does.
    assert misspelt_hooks(type("Counter", (cls,), {meant: lambda self: None})) == []


@pytest.mark.parametrize("name", ["reset_state", "load", "save", "init", "state", "shut", "close"])
def test_other_names_are_nobodys_business(name: str) -> None:
    assert misspelt_hooks(type("Counter", (StatefulPlugin,), {name: lambda self: None})) == []
