"""The checks in a new process: the plugin may be loaded in this one, may hang, and may crash.

The new process writes what it finds line by line, so that what it found is known whatever becomes of it.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import themis_jupyter

from ..errors import describe
from .request import Request
from .safety_report import Row, SafetyReport, failed, skipped

_REQUEST, _CONFIG, _ANSWER, _SAID = "request", "config", "answer", "said"

#: How much of what the process printed is told where it crashed.
_LAST = 500


def check_apart(request: Request, timeout: float) -> SafetyReport:
    """Make the checks in a new process, with this one's ``sys.path`` and working directory.

    :param timeout: seconds; after that, the process is ended.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="themis-check-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        rows = _write(request, folder)
        with open(folder / _SAID, "wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "themis_jupyter.testing", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; and its children end with it
            )
            try:
                code: int | None = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _end(process)
        found, last, name = _read(folder)
        rows += found
        if code is None:
            what = f"it did not end within {timeout:g} s, in the check {last!r}"
            rows.append(
                failed("time limit", what, "does it wait for something? Or raise the limit")
            )
        elif code != 0:
            rows.append(
                failed("the process", _crash(folder, code, last), "does it end its process?")
            )
    return SafetyReport(name or request.name, tuple(rows), time.perf_counter() - began)


def _write(request: Request, folder: Path) -> list[Row]:
    """Write what the new process reads; return what cannot be sent to it."""
    rows = []
    try:
        config = pickle.dumps(request.config)
    except Exception as error:  # noqa: BLE001 - whatever a configuration holds may refuse
        config = pickle.dumps({})
        rows.append(_config_left_out(describe(error)))
    (folder / _CONFIG).write_bytes(config)
    sent = {
        "request": replace(request, config={}),
        "path": sys.path,
        "python_path": os.environ.get("PYTHONPATH"),
    }
    (folder / _REQUEST).write_bytes(pickle.dumps(sent))
    return rows


def _config_left_out(why: str) -> Row:
    return skipped(
        "configuration",
        f"it cannot be sent to a new process ({why}); checked with an empty one",
        "call assert_reload_safe with the configuration, where the plugin is not loaded",
    )


def _environment() -> dict[str, str]:
    """Return the environment, in which the new process finds this package."""
    here = str(Path(themis_jupyter.__file__).parent.parent)
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *([known] if known else [])])}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()


def _read(folder: Path) -> tuple[list[Row], str, str]:
    """Return the rows, the name of the check that was begun last, and the plugin's name."""
    rows, last, name = [], "the start", ""
    with suppress(FileNotFoundError):
        for line in (folder / _ANSWER).read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError):  # the line that it was writing
                told = json.loads(line)
                last, name = told.get("begin", last), told.get("plugin", name)
                rows += [Row.from_dict(told["row"])] if "row" in told else []
    return rows, last, name


def _crash(folder: Path, code: int, last: str) -> str:
    said = (folder / _SAID).read_text(encoding="utf-8", errors="replace").strip()
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"it {how}, in the check {last!r}" + (f": …{said[-_LAST:]}" if said else "")


def main(folder: Path) -> None:
    """Make the checks that another process has asked for, in this one."""
    sent: dict[str, Any] = pickle.loads((folder / _REQUEST).read_bytes())
    sys.path[:] = sent["path"]
    if sent["python_path"] is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = sent["python_path"]
    from .safety import check_here

    with open(folder / _ANSWER, "w", encoding="utf-8", buffering=1) as answer:

        def tell(**told: Any) -> None:
            answer.write(json.dumps(told) + "\n")

        request: Request = sent["request"]
        try:
            config = pickle.loads((folder / _CONFIG).read_bytes())
        except Exception as error:  # noqa: BLE001 - its classes may be known in the notebook only
            tell(row=_config_left_out(describe(error)).as_dict())
            config = {}
        report = check_here(
            replace(request, config=config),
            begin=lambda check: tell(begin=check),
            made=lambda row: tell(row=row.as_dict()),
        )
        tell(plugin=report.plugin)
