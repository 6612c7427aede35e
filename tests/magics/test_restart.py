"""A state that is saved when a kernel ends is there in the next one, with what only the notebook defines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from themis_jupyter.testing import dedent

COUNTER = """
    from themis_jupyter import StatefulPlugin

    class Counter(StatefulPlugin):
        def initialize(self, config):
            self.total = 0
            self.things = []
"""

FIRST = """
    %load_ext themis_jupyter
    %config StateKeeper.save_at_exit = True
    %load_plugin counter.py --as c
    import dataclasses, enum

    class Color(enum.Enum):
        RED = 1

    @dataclasses.dataclass
    class Point:
        x: int

        def twice(self):
            return 2 * self.x

    k = 7

    def scale(value):
        return k * value

    c.total = 5
    c.things = [Color.RED, Point(4), scale, lambda value: value + k]
"""

SECOND = """
    %load_ext themis_jupyter
    plugins = %plugins
    print(plugins.notes)
    %load_plugin counter.py --as c --restore
    print(c.total, c.things[0].name, c.things[1].twice(), c.things[2](2), c.things[3](1))
"""


def run(folder: Path, script: str) -> str:
    file = folder / "script.ipy"
    file.write_text(dedent(script))
    environment = {
        **os.environ,
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=nocolor", "--no-banner", str(file)],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_state_is_there_in_the_next_kernel(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text(dedent(COUNTER))
    run(tmp_path, FIRST)
    told = run(tmp_path, SECOND).splitlines()
    assert "A state of counter, saved " in told[0]
    assert "%load_plugin counter --restore" in told[0]
    assert told[-1] == "5 RED 8 14 8"
