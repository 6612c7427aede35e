"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from themis_jupyter.testing import Workspace
from themis_jupyter.testing import workspace as make_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Give a folder on ``sys.path`` whose modules are written, imported, edited and reloaded."""
    with make_workspace(tmp_path) as ws:
        yield ws
