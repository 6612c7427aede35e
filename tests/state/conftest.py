"""Fixtures for the tests of what keeps snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.state.samples import PLUGIN, SECRET
from themis_jupyter.state import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    """Give an empty store in files."""
    return FileStore(tmp_path / "states", PLUGIN, SECRET)
