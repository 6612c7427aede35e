"""Processes that are killed while they save, and several in one folder. See ``processes.py``.

``THEMIS_EXAMPLES=5000 pytest tests/state/test_processes.py`` kills more often.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.state.samples import needs_fork

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("THEMIS_EXAMPLES", "0"))

pytestmark = pytest.mark.skipif(not needs_fork, reason="there is no fork")


def run(what: str, folder: Path, count: int, way: str = "flock", seed: int = 1) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.state.processes",
            what,
            str(folder),
            str(seed),
            str(count),
            way,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120 + EXAMPLES,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_killed_at_200_random_moments(tmp_path: Path) -> None:
    run("random", tmp_path / "states", EXAMPLES or 200)


def test_killed_at_each_step(tmp_path: Path) -> None:
    run("steps", tmp_path / "states", 0)


@pytest.mark.parametrize("way", ["flock", "no flock"])
def test_two_save_while_others_clean_up_and_read(tmp_path: Path, way: str) -> None:
    run("together", tmp_path / "states", EXAMPLES or 60, way)
