"""Times one edited method in small and large sessions.

Run as ``python -m benchmarks.session_size TOOL``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from benchmarks.generated import EDITS, Project, runs_edit
from benchmarks.peers import ALL, Themis, Tool
from benchmarks.timing import seconds

INSTANCES = 100_000
OBJECTS = 1_000_000
EDIT = EDITS["one edited method"]


def crowd(module: ModuleType) -> list[Any]:
    """Return instances of the edited class, and other objects that the collector tracks."""
    instances = [module.Class20(number) for number in range(INSTANCES)]
    others: list[Any] = [[number] for number in range(OBJECTS // 2)]
    others += [{"number": [number]} for number in range(OBJECTS // 4)]
    return [instances, others]


def main(name: str, turns: int = 5, rounds: int = 9) -> None:
    """Print the median times in seconds, and the ratios turn by turn, as JSON."""
    tool: Tool = next(make for make in ALL if make.name == name)()
    times: dict[str, list[float]] = {"small": [], "large": []}
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Project(Path(folder)) as project:
        module = project.load("generated", EDIT(0))
        tool.watch(module)
        version = 0
        for _ in range(turns):
            turn: dict[str, list[float]] = {}
            for size in ("small", "large", "small"):
                held = crowd(module) if size == "large" else []
                for index in range(rounds + 1):
                    version += 1
                    project.write("generated", EDIT(version))
                    took = seconds(lambda: tool.apply(module))
                    if index:  # the first one after a change of scene is a warm-up
                        turn.setdefault(size, []).append(took)
                assert runs_edit(module, version)
                assert not held or held[0][0].method_1(1) == version + 2
                del held
            ratios.append(median(turn["large"]) / median(turn["small"]))
            times["small"] += turn["small"]
            times["large"] += turn["large"]
    result = {size: median(values) for size, values in times.items()}
    print(json.dumps({**result, "ratio": median(ratios)}))


if __name__ == "__main__":
    if sys.argv[1] == Themis.name:
        main(sys.argv[1])
    else:
        main(sys.argv[1], turns=1, rounds=1)
