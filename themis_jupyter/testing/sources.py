"""The copy of a plugin, which is edited in its place."""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import time
import tokenize
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

from .edits import decode
from .request import AuthorsEdit

# As in workspaces: a time of its own for each version, long past.
_LONG_AGO = 100_000

_LEFT_OUT = ("__pycache__", ".git", ".ipynb_checkpoints")


class Copy:
    """A plugin's file or package in another folder, with links to what is beside the original.

    :param original: the ``.py`` file, or the package's ``__init__.py``.
    :param folder: an empty folder.
    """

    def __init__(self, original: Path, folder: Path) -> None:
        self._seconds = itertools.count(int(time.time()) - _LONG_AGO, 2)
        package = original.parent if original.name == "__init__.py" else None
        source = package or original
        self.original = source
        #: What is to be loaded.
        self.path = folder / source.name
        #: Why files beside the plugin are missing in the copy; empty where they are not.
        self.note = _link_siblings(source, folder)
        if package:
            shutil.copytree(package, self.path, ignore=shutil.ignore_patterns(*_LEFT_OUT))
            self._files = sorted(self.path.rglob("*.py"))
        else:
            shutil.copyfile(original, self.path)
            self._files = [self.path]
        self._data = {file: file.read_bytes() for file in self._files}
        self._base: dict[Path, str] = {}

    @property
    def main(self) -> Path:
        """The file that has the plugin's class."""
        return self.path / "__init__.py" if self.path.is_dir() else self.path

    def texts(self) -> dict[Path, str]:
        """Return the texts as they were at the beginning, by file.

        :raises SyntaxError: the encoding of a file is not known.
        """
        if not self._base:
            self._base = {file: decode(data)[0] for file, data in self._data.items()}
        return dict(self._base)

    def change(self, change: Callable[[str], str]) -> None:
        """Write what a change makes of each of the original texts."""
        self.write({file: change(text) for file, text in self.texts().items()})

    def write(self, texts: Mapping[Path, str]) -> None:
        """Write the files, in the encoding that they say."""
        for file, text in texts.items():
            encoding = decode(self._data[file])[1]
            data = text.encode(encoding, "surrogateescape")
            if tokenize.detect_encoding(BytesIO(data).readline)[0] != encoding:
                data = text.encode()  # the line that named it is gone
            self._put(file, data)

    def restore(self) -> None:
        """Write the original bytes."""
        for file, data in self._data.items():
            self._put(file, data)

    def _put(self, file: Path, data: bytes) -> None:
        file.write_bytes(data)
        moment = next(self._seconds)
        os.utime(file, (moment, moment))
        importlib.invalidate_caches()

    def apply(self, texts: Mapping[Path, str], edit: AuthorsEdit) -> dict[Path, str]:
        """Return the texts with an author's edit in them.

        :raises ValueError: the old text is not there exactly once.
        """
        changed = dict(texts)
        if isinstance(edit, str):
            changed[self.main] = edit
            return changed
        old, new = edit
        places = [(file, text.count(old)) for file, text in texts.items() if old in text]
        if len(places) != 1 or places[0][1] != 1:
            count = sum(number for _, number in places)
            raise ValueError(f"the old text {old!r} is there {count} times, not once")
        file = places[0][0]
        changed[file] = texts[file].replace(old, new)
        return changed


def _link_siblings(source: Path, folder: Path) -> str:
    """Link what is beside ``source`` into ``folder``; return why that could not be done, or nothing."""
    for entry in source.parent.iterdir():
        if entry.name == source.name or entry.name in _LEFT_OUT or entry.name.startswith("."):
            continue
        try:
            (folder / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
        except OSError as error:
            return f"files beside it are not there in the copy ({error.strerror or error})"
    return ""
