"""Plugins to check, and a module that they can do something to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from themis_jupyter.testing import SafetyReport, check_reload_safety, dedent
from themis_jupyter.testing.apart import check_apart
from themis_jupyter.testing.safety import request_for

Check = Callable[..., SafetyReport]

#: A module that plugins import, with a registry; and a place where no module shows what is kept.
WORLD = """
    import time, types

    HANDLERS = []
    bus = types.SimpleNamespace(listeners={})
    hidden = [].append

    def wait():
        time.sleep(100)
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let plugins import the module ``world``."""
    (tmp_path / "world.py").write_text(dedent(WORLD))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("world", None)


@pytest.fixture
def check(tmp_path: Path, world: None) -> Check:
    """Check a plugin whose text is given; with ``apart=True``, in a new process."""

    def check_text(text: str, *, apart: bool = False, **options: Any) -> SafetyReport:
        path = tmp_path / "subject.py"
        path.write_text(dedent(text))
        options.setdefault("reloads", 6)
        if apart:
            report = check_apart(request_for(path, **options), 100)
        else:
            report = check_reload_safety(path, **options)
        assert path.read_text() == dedent(text), "the original is written to"
        assert "subject" not in sys.modules
        return report

    return check_text
