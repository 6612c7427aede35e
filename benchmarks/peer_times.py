"""Times the edits with one tool in a fresh process: ``python -m benchmarks.peer_times TOOL``.

Peers look for objects all over the heap, so that they would be slow in pytest's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.generated import EDITS, Project, run_whole, runs_edit
from benchmarks.peers import ALL, Tool
from benchmarks.timing import Pairs, seconds

ROUNDS = 9
#: An edit gets no further round after this many seconds.
PATIENCE = 2.5


def measure(tool: Tool, edit: str, number: int) -> Pairs:
    """Return the times of one kind of edit."""
    make = EDITS[edit]
    name = f"generated_{number}"
    with tempfile.TemporaryDirectory() as folder, Project(Path(folder)) as project:
        module = project.load(name, make(0))
        tool.watch(module)
        pairs = Pairs(lambda: run_whole(project.path(name)))
        began = time.monotonic()
        for version in range(1, ROUNDS + 2):
            project.write(name, make(version))
            pairs.measure_yard()
            pairs.times.append(seconds(lambda: tool.apply(module)))
            if edit != "an unchanged file, saved again":
                assert runs_edit(module, version), f"{tool.name} did not bring in: {edit}"
            if version == 1:  # a warm-up
                pairs.times.clear()
            elif time.monotonic() - began > PATIENCE:
                break
    return pairs


def main(name: str) -> None:
    """Print the times of all edits, as JSON."""
    make = next(make for make in ALL if make.name == name)
    result = {}
    for number, edit in enumerate(EDITS):
        tool = make()
        pairs = measure(tool, edit, number)
        tool.close()
        result[edit] = {"ratio": pairs.ratio, "ms": pairs.milliseconds}
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
