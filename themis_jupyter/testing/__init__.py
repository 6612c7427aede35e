"""For tests: a workspace whose plugins are edited and reloaded, and checks that a reload is safe.

::

    def test_counter(workspace):  # a pytest fixture
        counter = workspace.plugin("counter", text)
        assert workspace.replace(counter, "+= 1", "+= 2")


    def test_reload_safe():
        assert_reload_safe("counter.py", use=lambda counter: counter.add())

What is asked for is imported then: pytest imports this package in every project that has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .safety import assert_reload_safe, check_reload_safety
    from .safety_report import SafetyReport
    from .workspace import Workspace, dedent, workspace

__all__ = [
    "SafetyReport",
    "Workspace",
    "assert_reload_safe",
    "check_reload_safety",
    "dedent",
    "workspace",
]

_FROM = {
    "SafetyReport": "safety_report",
    "Workspace": "workspace",
    "assert_reload_safe": "safety",
    "check_reload_safety": "safety",
    "dedent": "workspace",
    "workspace": "workspace",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_FROM[name]}", __name__), name)
    # Also because the import has just bound the module ``workspace`` where the function belongs.
    globals()[name] = value
    return value
