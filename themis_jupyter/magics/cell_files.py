"""The files behind plugins that are written in cells: in a folder of this kernel, gone with it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path


class CellFiles:
    """One file per plugin that is written in a cell."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def write(self, name: str, line: str, before: int, text: str) -> Path:
        """Write what a cell says, so that line numbers are those of the cell.

        :param name: of the plugin's module.
        :param line: the cell's first line, with the magic.
        :param before: how many lines come before that one.
        :param text: the lines after it.
        :returns: the file.
        """
        path = self._made() / f"{name}.py"
        data = f"{os.linesep * before}# {line}{os.linesep}{text}".encode()
        write_settled(path, data)
        return path

    def holds(self, path: Path) -> bool:
        """Return whether a file is one of these."""
        return self._folder is not None and path.parent == self._folder

    def close(self) -> None:
        """Remove them all."""
        folder, self._folder = self._folder, None
        if folder is not None:
            atexit.unregister(self.close)
            shutil.rmtree(folder, ignore_errors=True)

    def _made(self) -> Path:
        if self._folder is None or not self._folder.is_dir():
            self._folder = Path(tempfile.mkdtemp(prefix="themis-cells-")).resolve()
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
