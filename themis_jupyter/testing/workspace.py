"""Files, imports and reloads for tests: of modules, and of plugins.

::

    def test_edited_method(workspace):  # the fixture of the pytest plugin
        counter = workspace.plugin("counter", text, config={"step": 2})
        add = counter.add
        assert workspace.replace(counter, "+= self.step", "-= self.step")
        assert add() == -2

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
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ThemisError
from ..handle import Handle, target_of
from ..limits import rest
from ..manager import PluginManager
from ..reload import forget, reload_in_place, track
from ..report import ReloadReport

# Bytecode caches count in whole seconds, and the engine waits for files that were written just now:
# each version is given a time of its own, long past.
_LONG_AGO = 100_000
_STEP = 2

#: Seconds that threads get to end: ``shutdown()`` need not wait for them.
_PATIENCE = 1.0


class Workspace:
    """A folder on ``sys.path`` whose modules and plugins a test writes, loads, edits and reloads.

    Use it through :func:`workspace`, which removes what was imported.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seconds = itertools.count(int(time.time()) - _LONG_AGO, _STEP)
        self._manager: PluginManager | None = None
        self._threads = set(threading.enumerate())

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

    def file_of(self, item: ModuleType | Handle) -> str:
        """Return the name of the file of a module or plugin, relative to the workspace."""
        module = getattr(target_of(item), "module", None) if isinstance(item, Handle) else item
        assert module is not None
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

    # -- plugins ---------------------------------------------------------------------------------

    @property
    def manager(self) -> PluginManager:
        """The manager of the workspace, which finds plugins in its folder."""
        if self._manager is None:
            self._manager = PluginManager(plugin_folders=[str(self.folder)])
        return self._manager

    def plugin(
        self, name: str, text: str | bytes | None = None, config: dict[str, Any] | None = None
    ) -> Any:
        """Load a plugin by the manager of the workspace; return its handle.

        :param name: of its file without ``.py``, or of its folder.
        :param text: what to write to the file first.
        :raises ThemisError: it cannot be loaded.
        """
        path = self.path(name)
        if not path.is_dir():
            path = path.with_suffix(".py")
        if text is not None:
            main = path / "__init__.py" if path.is_dir() else path
            self.write(main.relative_to(self.folder).as_posix(), text)
        return self.manager.load_plugin(path, config)

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

    def reload(
        self, *items: ModuleType | Handle | str, full: bool = False, **options: Any
    ) -> ReloadReport:
        """Reload modules in place, or plugins by the manager, as one transaction.

        :param items: modules or their names; or handles.
        :param options: for plugins, what :meth:`PluginManager.reload_plugins` takes.
        """
        names = [target_of(item).name for item in items if isinstance(item, Handle)]
        if names:
            assert len(names) == len(items), "give modules or handles, not both"
            return self.manager.reload_plugins(names, full=full, **options)
        modules = [sys.modules[i] if isinstance(i, str) else i for i in items]
        first, *more = (m for m in modules if not isinstance(m, Handle))
        return reload_in_place(first, *more, full=full)

    def replace(self, item: ModuleType | Handle, old: str, new: str) -> ReloadReport:
        """Edit the file of a module or plugin, and reload it."""
        self.edit(self.file_of(item), old, new)
        return self.reload(item)

    def rewrite(self, item: ModuleType | Handle, text: str | bytes) -> ReloadReport:
        """Give the file of a module or plugin other contents, and reload it."""
        self.write(self.file_of(item), text)
        return self.reload(item)

    def modules(self) -> dict[str, ModuleType]:
        """Return what is imported from the workspace."""
        return {name: module for name, module in list(sys.modules.items()) if self._holds(module)}

    def _holds(self, module: object) -> bool:
        if self._is_ours(getattr(module, "__file__", None)):
            return True
        return any(self._is_ours(str(entry)) for entry in getattr(module, "__path__", ()))

    def _unload(self) -> list[str]:
        """Unload all plugins; return what they leave behind, in words."""
        if self._manager is None:
            return []
        left: list[str] = []
        try:
            self._manager.unload_all_plugins()
        except ExceptionGroup as group:
            left += map(str, group.exceptions)
        rest()
        until = time.monotonic() + _PATIENCE
        threads = [t for t in threading.enumerate() if t not in self._threads]
        while any(t.is_alive() for t in threads) and time.monotonic() < until:
            time.sleep(0.01)
        left += [f"the thread {t.name!r} is still running" for t in threads if t.is_alive()]
        return left

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

    :raises AssertionError: at the end, if reloads, or plugins that are unloaded, left traces in the process.
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
        with suppress(ThemisError):  # what the test says is what counts
            ws._unload()
        _clean_up(ws, path)
        raise
    leaks = ws._unload()
    leaks += _leaks(ws, modules, path, collects, frozen)
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
