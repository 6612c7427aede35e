"""Fixtures for tests of magics."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.magics.session import Session
from themis_jupyter import PluginManager
from themis_jupyter.magics import unload
from themis_jupyter.testing import Workspace


@pytest.fixture
def shell_config() -> Config:
    """The shell's configuration; a test may change it before it asks for ``shell``."""
    return Config(HistoryManager={"enabled": False, "hist_file": ":memory:"})


# After ``workspace``: a shell puts its own __main__ into sys.modules, and takes it away in time.
@pytest.fixture
def shell(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell_config: Config
) -> Iterator[InteractiveShell]:
    """A shell of its own for each test, in the workspace's folder."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path.parent / f"{tmp_path.name}-ipython"))
    monkeypatch.chdir(workspace.folder)
    PluginManager.clear_instance()
    made: Any = InteractiveShell.instance(config=shell_config)
    made.colors = "nocolor"
    yield made
    if PluginManager.initialized():
        PluginManager.instance().unload_all_plugins()
        PluginManager.clear_instance()
    unload(made)
    made.restore_sys_module_state()
    # In its place: it collects garbage, which takes longer than most of these tests.
    atexit.unregister(made.atexit_operations)
    InteractiveShell.clear_instance()


@pytest.fixture
def session(shell: InteractiveShell, workspace: Workspace) -> Session:
    """A shell in which the extension is loaded."""
    return Session(shell, workspace)
