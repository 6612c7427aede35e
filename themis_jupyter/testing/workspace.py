"""Files, imports and reloads for tests: of this package, and of plugins.

As a pytest fixture::

    # conftest.py
    @pytest.fixture
    def workspace():
        with themis_jupyter.testing.workspace() as ws:
            yield ws


    # test_plugin.py
    def test_edited_method(workspace):
        counter = workspace.load(
            "counter",
            '''
            def step():
                return 1
        ''',
        )
        step = counter.step
        workspace.replace(counter, "return 1", "return 2")
        assert counter.step is step and step() == 2

The files are real, so are the imports; nothing of them is left afterwards.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import itertools
import linecache
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .reload import forget, reload_in_place, track
from .report import ReloadReport

# Bytecode caches count in whole seconds, and the engine waits for files that were written just now:
# each version is given a time of its own, long past.
_LONG_AGO = 100_000
_STEP = 2


class Workspace:
    """A folder on ``sys.path`` whose modules a test writes, imports, edits and reloads.

    Use it through :func:`workspace`, which removes what was imported.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seconds = itertools.count(int(time.time()) - _LONG_AGO, _STEP)

    # -- files -----------------------------------------------------------------------------------

    def path(self, file: str) -> Path:
        """Return the path of a file of the workspace."""
        return self.folder / file

    def write(self, file: str, text: str | bytes, *, just_now: bool = False) -> Path:
        """Write a file; text loses its common indentation and a leading empty line.

        :param just_now: leave it the present time, as an editor does.
        """
        path = self.path(file)
        self._refuse_to_hide(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        if not just_now:
            moment = next(self._seconds)
            os.utime(path, (moment, moment))
        importlib.invalidate_caches()
        return path

    def edit(self, file: str, old: str, new: str) -> Path:
        """Replace one stretch of text in a file.

        :raises AssertionError: ``old`` is not there exactly once.
        """
        text = self.path(file).read_bytes().decode()
        count = text.count(old)
        assert count == 1, f"{old!r} is {count} times in {file}, not once:\n{text}"
        return self.write(file, text.replace(old, new).encode())

    def delete(self, file: str) -> None:
        """Delete a file."""
        self.path(file).unlink()
        importlib.invalidate_caches()

    def file_of(self, module: ModuleType) -> str:
        """Return the name of a module's file, relative to the workspace."""
        assert module.__file__ is not None
        return Path(module.__file__).relative_to(self.folder).as_posix()

    def _refuse_to_hide(self, path: Path) -> None:
        name = path.relative_to(self.folder).parts[0].removesuffix(".py")
        if not name.isidentifier() or (self.folder / name).exists() or path.exists():
            return
        known = sys.modules.get(name) or importlib.util.find_spec(name)
        if known is not None and not self._is_ours(getattr(known, "__file__", None)):
            assert self.folder.as_posix() in str(known), f"{name!r} would hide another module"

    def _is_ours(self, filename: str | None) -> bool:
        return filename is not None and Path(filename).is_relative_to(self.folder)

    # -- modules ---------------------------------------------------------------------------------

    def load(self, name: str, text: str | bytes | None = None) -> Any:
        """Import a module and remember its source, as the manager does.

        :param text: what to write to ``name.py`` first.
        """
        module = self.import_(name, text)
        track(module)
        return module

    def import_(self, name: str, text: str | bytes | None = None) -> Any:
        """Import a module, no more than that."""
        if text is not None:
            self.write(name.replace(".", "/") + ".py", text)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    def reload(self, *modules: ModuleType | str, full: bool = False) -> ReloadReport:
        """Reload modules in place, as one transaction."""
        first, *more = (sys.modules[m] if isinstance(m, str) else m for m in modules)
        return reload_in_place(first, *more, full=full)

    def replace(self, module: ModuleType, old: str, new: str) -> ReloadReport:
        """Edit a module's file and reload the module."""
        self.edit(self.file_of(module), old, new)
        return self.reload(module)

    def rewrite(self, module: ModuleType, text: str | bytes) -> ReloadReport:
        """Give a module's file other contents and reload the module."""
        self.write(self.file_of(module), text)
        return self.reload(module)

    def modules(self) -> dict[str, ModuleType]:
        """Return what is imported from the workspace."""
        return {name: module for name, module in list(sys.modules.items()) if self._holds(module)}

    def _holds(self, module: object) -> bool:
        if self._is_ours(getattr(module, "__file__", None)):
            return True
        return any(self._is_ours(str(entry)) for entry in getattr(module, "__path__", ()))

    def _remove(self) -> None:
        for name, module in self.modules().items():
            forget(module)
            sys.modules.pop(name, None)
        for path in [path for path in sys.path_importer_cache if self._is_ours(path)]:
            del sys.path_importer_cache[path]


def dedent(text: str) -> str:
    """Return ``text`` without its common indentation and without a leading empty line."""
    return textwrap.dedent(text).removeprefix("\n").rstrip(" ")


@contextmanager
def workspace(folder: str | os.PathLike[str] | None = None) -> Iterator[Workspace]:
    """Give a workspace, in a temporary folder unless one is named.

    :raises AssertionError: at the end, if the reloads left traces in the process.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="themis-") as made, workspace(made) as ws:
            yield ws
        return
    ws = Workspace(Path(folder).resolve())
    modules, path, collects = dict(sys.modules), list(sys.path), gc.isenabled()
    frozen = gc.get_freeze_count()
    sys.path.insert(0, str(ws.folder))
    try:
        yield ws
    except BaseException:
        _clean_up(ws, path)
        raise
    leaks = _leaks(ws, modules, path, collects, frozen)
    _clean_up(ws, path)
    leaks += [
        f"linecache still shows {name}"
        for name, entry in linecache.cache.items()
        if ws._is_ours(name) and len(entry) > 1 and entry[1] is None
    ]
    for name in [name for name in linecache.cache if ws._is_ours(name)]:
        del linecache.cache[name]
    assert not leaks, "; ".join(leaks)


def _clean_up(ws: Workspace, path: list[str]) -> None:
    ws._remove()
    sys.path[:] = path


def _leaks(
    ws: Workspace,
    modules: dict[str, ModuleType],
    path: list[str],
    collects: bool,
    frozen: int,
) -> list[str]:
    leaks = [
        f"sys.modules[{name!r}] was replaced or removed"
        for name, module in modules.items()
        if sys.modules.get(name) is not module
    ]
    if sys.path != [str(ws.folder), *path]:
        leaks.append(f"sys.path was changed: {sys.path}")
    if gc.isenabled() is not collects:
        leaks.append(f"the garbage collector was left {'on' if gc.isenabled() else 'off'}")
    if gc.get_freeze_count() > frozen + 1000:  # Python 3.12 freezes some hundreds itself
        leaks.append(f"{gc.get_freeze_count()} objects are still frozen")
    return leaks
