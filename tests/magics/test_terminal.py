"""The magics in ``ipython`` in a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.magics.session import COUNTER
from themis_jupyter.testing import dedent

LINES = """\
%load_ext themis_jupyter
%load_plugin counter.py --as counter
%reload_plugin counter
%reload_plugin -q counter
r = %reload_plugin counter --full
bool(r)
_ = open("counter.py", "a").write("1 / 0")
%reload_plugin counter
%reload_plugin countr
%unload_ext themis_jupyter
"""


def test_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text(dedent(COUNTER))
    options = ["--simple-prompt", "--no-banner", "--colors=nocolor", "--no-confirm-exit"]
    run = subprocess.run(
        [sys.executable, "-m", "IPython", *options, "--HistoryManager.enabled=False"],
        input=LINES,
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / ".ipython")},
        timeout=60,
    )
    text = re.sub(r"\d[\d.]* [mµ]?s\b", "TIME", run.stdout)
    text = re.sub(r"^(In \[\d+\]: )+", "", text, flags=re.MULTILINE)
    assert [line for line in text.splitlines() if line.strip()] == [
        "Out[2]: counter 1.0 loaded in TIME, as `counter`",
        "Out[3]: counter is unchanged",
        "Out[6]: True",
        "Out[8]: counter was not reloaded (aborted at stage): ZeroDivisionError: division by zero. "
        "The old version goes on running. (%plugin_errors shows the traceback)",
        "themis_jupyter: counter was shut down and unloaded. Variables that hold plugins need new "
        "ones: %load_plugin NAME --as VAR.",
    ]
    assert "UsageError: no plugin 'countr'; did you mean 'counter'?" in run.stderr
