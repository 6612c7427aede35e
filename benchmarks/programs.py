"""Measuring programs that need a process of their own: they print one line of JSON at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).absolute().parent.parent


def output_of(module: str, *arguments: str) -> str:
    """Run ``python -m module`` and return what it prints.

    :raises RuntimeError: it fails; the message holds what it wrote.
    """
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    # Users have bytecode caches, whatever the shell of who measures says.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def run(module: str, *arguments: str) -> Any:
    """Return the value that ``python -m module`` prints as its last line, in JSON."""
    return json.loads(output_of(module, *arguments).splitlines()[-1])


def run_together(module: str, arguments: Sequence[Sequence[str]]) -> list[Any]:
    """Do the same for several sets of arguments at the same time."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(lambda each: run(module, *each), arguments))
