"""Plugins to check, and a module that they can do something to."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from themis_jupyter.testing import SafetyReport, check_reload_safety, dedent

Check = Callable[..., SafetyReport]


@pytest.fixture
def world() -> Iterator[Any]:
    """The module ``world`` that plugins import: a registry, and an event that ends all threads."""
    module: Any = types.ModuleType("world")
    module.HANDLERS = []
    module.bus = types.SimpleNamespace(listeners={})
    module.end = threading.Event()
    sys.modules["world"] = module
    before = set(threading.enumerate())
    yield module
    module.end.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    del sys.modules["world"]


@pytest.fixture
def check(tmp_path: Path, world: Any) -> Check:
    """Check a plugin whose text is given."""

    def check_text(text: str, **options: Any) -> SafetyReport:
        path = tmp_path / "subject.py"
        path.write_text(dedent(text))
        options.setdefault("reloads", 8)
        report = check_reload_safety(path, **options)
        assert path.read_text() == dedent(text), "the original is written to"
        assert "subject" not in sys.modules
        return report

    return check_text
