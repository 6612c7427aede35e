"""Measures the extension in a fresh IPython: ``python -m benchmarks.in_ipython load|idle|watched``."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers import start_shell

EXTENSION = "themis_jupyter"
#: What must not be imported until it is needed.
HEAVY = ("ipywidgets", "dill", "jsonschema", "numpy")

PLUGIN = """
from themis_jupyter import StatefulPlugin

LIMIT = 10


class Counter(StatefulPlugin):
    def initialize(self, config):
        self.total = 0
"""


def start() -> Any:
    """Return a shell that has run its first cell."""
    shell = start_shell()
    shell.run_cell("pass")
    return shell


def load() -> dict[str, Any]:
    """Time ``%load_ext``, once; in seconds."""
    shell = start()
    before = set(sys.modules)
    began, began_work = time.perf_counter(), time.process_time()
    shell.run_line_magic("load_ext", EXTENSION)
    took, worked = time.perf_counter() - began, time.process_time() - began_work
    assert EXTENSION in shell.extension_manager.loaded
    new = sys.modules.keys() - before
    heavy = [name for name in HEAVY if name in new]
    return {"took": took, "worked": worked, "heavy": heavy, "modules": len(new)}


def idle(turns: int = 25, cells: int = 40, watch: str = "") -> dict[str, Any]:
    """Time an idle cell without the extension, with it, and with a plugin loaded; in seconds.

    :param watch: ``--watch`` where the plugin is watched, too.

    The three take turns, so that what else the machine does meets all of them.
    """
    shell = start()
    manager = shell.extension_manager

    def cell_time() -> float:
        times = []
        for _ in range(cells):
            began = time.perf_counter()
            shell.run_cell("pass")
            times.append(time.perf_counter() - began)
        return median(times)

    extra, with_plugin, without = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "counter.py")
        path.write_text(PLUGIN)
        for _ in range(turns):
            plain = cell_time()
            manager.load_extension(EXTENSION)
            loaded = cell_time()
            shell.run_cell(
                f"%load_plugin {path} --as counter {watch}\nfrom counter import LIMIT, Counter"
            )
            busy = cell_time()
            shell.run_cell("%unload_plugin counter")
            manager.unload_extension(EXTENSION)
            again = cell_time()
            plain = (plain + again) / 2
            without.append(plain)
            extra.append(loaded - plain)
            with_plugin.append(busy - plain)
    return {"without": median(without), "extra": median(extra), "plugin": median(with_plugin)}


if __name__ == "__main__":
    programs: dict[str, Callable[[], dict[str, Any]]] = {
        "load": load,
        "idle": idle,
        "watched": partial(idle, watch="--watch"),
    }
    result = programs[sys.argv[1]]()
    print()
    print(json.dumps(result))
