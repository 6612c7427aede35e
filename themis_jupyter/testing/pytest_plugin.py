"""The pytest plugin: the fixture ``workspace``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A folder whose modules and plugins are written, edited and reloaded; nothing of them is left."""
    from .workspace import workspace as make_workspace

    with make_workspace(tmp_path) as ws:
        yield ws
