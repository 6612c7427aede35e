"""Tools that bring an edited module in, behind one face, so that all are measured alike."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import shutil
import tempfile
from types import ModuleType
from typing import Any, Protocol


class Tool(Protocol):
    """A way to reload a module after its file has changed."""

    name: str

    def watch(self, module: ModuleType) -> None:
        """Be told of a module that was just imported."""

    def apply(self, module: ModuleType) -> None:
        """Bring in what the file holds now; a failure is reported, or not, but never raised."""

    def close(self) -> None:
        """Let go of all modules."""


class Themis:
    """This package."""

    name = "themis_jupyter"

    def __init__(self) -> None:
        from themis_jupyter import reload

        self._engine = reload
        self._watched: list[ModuleType] = []

    def watch(self, module: ModuleType) -> None:
        self._engine.track(module)
        self._watched.append(module)

    def apply(self, module: ModuleType) -> None:
        with contextlib.suppress(Exception):
            self._engine.reload_in_place(module)

    def close(self) -> None:
        for module in self._watched:
            self._engine.forget(module)


class Importlib:
    """``importlib.reload``."""

    name = "importlib.reload"

    def watch(self, module: ModuleType) -> None:
        pass

    def apply(self, module: ModuleType) -> None:
        with contextlib.suppress(Exception):
            importlib.reload(module)

    def close(self) -> None:
        pass


class Autoreload:
    """IPython's ``%autoreload 2``, through the magic's own hook that runs before each cell."""

    name = "%autoreload 2"
    _line = "2 --hide-errors"

    def __init__(self) -> None:
        from IPython.extensions import autoreload

        make: Any = autoreload.AutoreloadMagics
        self._magics = make(_shell())
        self._magics.autoreload(self._line)

    def watch(self, module: ModuleType) -> None:
        self._magics.pre_run_cell(None)  # notes the file's time and text

    def apply(self, module: ModuleType) -> None:
        self._magics.pre_run_cell(None)

    def close(self) -> None:
        self._magics.autoreload("0")


class ClassicAutoreload(Autoreload):
    """The same without its newer algorithm, which compares syntax trees."""

    name = "%autoreload 2 --full"
    _line = "2 --full --hide-errors"


class Jurigged:
    """jurigged, driven by hand in place of its file watcher."""

    name = "jurigged"

    def __init__(self) -> None:
        from jurigged.register import Registry

        self._registry: Any = Registry()

    def watch(self, module: ModuleType) -> None:
        self._registry.find(module)

    def apply(self, module: ModuleType) -> None:
        code_file = self._registry.get(module.__file__)
        # It prints nothing by itself, but logs what goes wrong and carries on.
        with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
            code_file.refresh()

    def close(self) -> None:
        pass


PEERS: tuple[type[Any], ...] = (Importlib, Autoreload, ClassicAutoreload, Jurigged)
ALL: tuple[type[Any], ...] = (Themis, *PEERS)


def _shell() -> Any:
    """Return the IPython shell of this process."""
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance() if InteractiveShell.initialized() else start_shell()


def start_shell() -> Any:
    """Start a shell like a kernel's: no terminal, no history, its folder gone at the end."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    folder = tempfile.mkdtemp(prefix="benchmarks-ipython-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = Config()
    config.HistoryManager.enabled = False
    return InteractiveShell.instance(config=config, ipython_dir=folder)
