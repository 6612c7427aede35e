"""The files behind plugins that are written in cells: in a folder of this kernel, gone with it."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from .cell_text import encoded

_STATES_ENCODING = re.compile(r"#.*?coding[:=][ \t]*[-\w.]+")  # PEP 263


class CellFiles:
    """One file per plugin that is written in a cell."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process = 0

    def write(self, name: str, line: str, before: int, text: str) -> Path:
        """Write what a cell says, so that line numbers are those of the cell.

        :param name: of the plugin's module.
        :param line: the cell's first line, with the magic.
        :param before: how many lines come before that one.
        :param text: the lines after it.
        :returns: the file.
        :raises UsageError: a character of the text cannot be written to one.
        """
        path = self._made() / f"{name}.py"
        if _STATES_ENCODING.match(
            f"# {line}"
        ):  # by chance, in a setting: it is not meant for Python
            line = f"%%plugin {name}"
        data = encoded(name, f"{os.linesep * before}# {line}{os.linesep}{text}")
        write_settled(path, data)
        return path

    def holds(self, path: Path) -> bool:
        """Return whether a file is one of these."""
        return self._folder is not None and path.parent == self._folder

    def close(self) -> None:
        """Remove them all."""
        folder, self._folder = self._folder, None
        if folder is not None and os.getpid() == self._process:  # a forked one leaves them alone
            atexit.unregister(self.close)
            shutil.rmtree(folder, ignore_errors=True)

    def _made(self) -> Path:
        if self._folder is None or not self._folder.is_dir() or self._process != os.getpid():
            self._folder = Path(tempfile.mkdtemp(prefix="themis-cells-")).resolve()
            self._process = os.getpid()
            atexit.register(self.close)
        return self._folder


def write_settled(path: Path, data: bytes) -> None:
    """Write a file at once, with a date that tells that nobody is still writing it."""
    if path.is_file() and path.read_bytes() == data:
        return
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(data)
    moment = time.time() - 1
    os.utime(new, (moment, moment))
    new.replace(path)
