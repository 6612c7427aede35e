"""Importing a plugin's module from bytes that are read once, checked, and then run."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from os.path import samefile
from types import ModuleType

from .candidate import Candidate
from .errors import PluginDefinitionError, SourceError, VerificationError
from .names import shown
from .policy import Bytes, Policy
from .record import submodules
from .reload import Staged, prepare
from .reload.source import QUIET, Source, read_settled, syntax_error
from .reload.tracking import forget, track, tracked


class VerifiedLoader(importlib.machinery.SourceFileLoader):
    """Reads a file once; those bytes are checked, compiled, run and remembered.

    No bytecode cache is read: what runs is what was verified.

    :param source: the bytes, where they do not come from disk.
    """

    def __init__(
        self,
        fullname: str,
        path: str,
        policy: Callable[[], Policy],
        source: Source | None = None,
    ) -> None:
        super().__init__(fullname, path)
        self._policy = policy
        self._source = source

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's source in ``module``.

        :raises SourceError: the file cannot be read, decoded or compiled.
        :raises VerificationError: the policy refuses the bytes.
        """
        name = module.__name__

        def compile_(source: Source) -> object:
            check(self._policy(), name, source)
            try:
                return compile(source.text, source.filename, "exec", dont_inherit=True)
            except SyntaxError as error:
                raise syntax_error(source, error) from error

        if self._source is not None:
            source, code = self._source, compile_(self._source)
        else:
            source, code = read_settled(self.path, compile_, quiet=QUIET)
        module.__dict__.pop("__cached__", None)
        exec(code, module.__dict__)  # type: ignore[arg-type]
        track(module, source)


def check(policy: Policy, module: str, source: Source) -> None:
    """Ask the policy about a source.

    :raises VerificationError: it refuses, or does not answer as a policy does.
    """
    ask: Callable[[Bytes], object] = policy.check
    answer = ask(Bytes(module, source.filename, source.data, source.sha256))
    if answer is None or answer is True:
        return
    # Most likely somebody thought that False refuses, or wrote ``async def``: nothing was checked.
    if inspect.iscoroutine(answer):
        answer.close()
        wrong = "is a coroutine: write it with def, not async def"
    else:
        wrong = f"returned {shown(answer)} ({type(answer).__name__}); it raises VerificationError to refuse"
    raise VerificationError(
        f"{source.filename} may not run: check() of the policy {type(policy).__name__} {wrong}, "
        "and returns nothing to accept."
    )


class SubmoduleFinder:
    """Gives submodules of package plugins the loader above; other modules are none of its business."""

    def __init__(self, policy: Callable[[], Policy]) -> None:
        self._policy = policy
        self.packages: set[str] = set()
        self._overlays: dict[str, Mapping[str, Source]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the ordinary spec with a verifying loader, for a submodule of a package plugin."""
        if path is None or not any(fullname.startswith(f"{p}.") for p in list(self.packages)):
            return None
        overlays = list(self._overlays.values())
        kept = next((each[fullname] for each in overlays if fullname in each), None)
        if kept is not None:
            return self._spec_of(fullname, kept)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = VerifiedLoader(fullname, spec.loader.path, self._policy)
        return spec

    def _spec_of(self, fullname: str, source: Source) -> importlib.machinery.ModuleSpec | None:
        path, name = os.path.split(source.filename)
        return importlib.util.spec_from_file_location(
            fullname,
            source.filename,
            loader=VerifiedLoader(fullname, source.filename, self._policy, source),
            submodule_search_locations=[path] if name == "__init__.py" else None,
        )

    def overlay(
        self, package: str, sources: Mapping[str, Source] | None
    ) -> Mapping[str, Source] | None:
        """Let submodules of ``package`` come from these bytes, whatever is on disk; None: from disk.

        :param sources: by module name. What is not among them comes from disk.
        :returns: what was in force before.
        """
        before = self._overlays.pop(package, None)
        if sources is not None:
            self._overlays[package] = sources
        return before

    def add(self, package: str) -> None:
        """Look after the submodules of ``package``."""
        self.packages.add(package)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self, package: str) -> None:
        """No longer look after them; with the last package, leave ``sys.meta_path``."""
        self.packages.discard(package)
        self._overlays.pop(package, None)
        if not self.packages:
            with suppress(ValueError):
                sys.meta_path.remove(self)


def import_candidate(candidate: Candidate, policy: Callable[[], Policy]) -> ModuleType:
    """Import a candidate's module, which is not imported yet, and the packages above it.

    :raises SourceError: the file cannot be read, decoded or compiled.
    :raises BaseException: whatever the module's body raises.
    """
    name = candidate.module
    parent, _, child = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
        if name in sys.modules:  # its package has just imported it
            return sys.modules[name]
    loader = VerifiedLoader(name, str(candidate.path), policy)
    spec = importlib.util.spec_from_file_location(
        name,
        candidate.path,
        loader=loader,
        submodule_search_locations=list(candidate.search_locations or ()) or None,
    )
    if spec is None:
        raise PluginDefinitionError(name, f"{candidate.path} cannot be imported as {name!r}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    if parent:
        setattr(sys.modules[parent], child, module)
    return sys.modules[name]


def prepare_present(candidate: Candidate, module: ModuleType, policy: Policy) -> Staged:
    """Prepare a module that was imported by other means to run what is on disk, in place.

    Where it is not known for sure what an earlier import ran, it runs in full.

    :raises PluginDefinitionError: it is another module of that name.
    :raises SourceError: the file cannot be read, decoded or compiled.
    """
    filename = getattr(module, "__file__", None)
    if filename is None or not _same_file(filename, candidate):
        raise PluginDefinitionError(
            candidate.name,
            f"a module {module.__name__!r} is loaded already, from {filename or 'elsewhere'}, so "
            f"{candidate.path} cannot be loaded under that name. Rename one of the files.",
        )
    modules = [*(submodules(module.__name__) if candidate.is_package else ()), module]
    return prepare(
        [m for m in modules if (m.__file__ or "").endswith(".py")],
        check=lambda name, source: check(policy, name, source),
    )


def rehome(module: ModuleType, candidate: Candidate, policy: Callable[[], Policy]) -> None:
    """Let a module's spec and loader name the file that it is read from now."""
    loader = VerifiedLoader(module.__name__, str(candidate.path), policy)
    module.__spec__ = importlib.util.spec_from_file_location(
        module.__name__, candidate.path, loader=loader
    )
    module.__loader__ = loader


def _same_file(filename: str, candidate: Candidate) -> bool:
    try:
        return samefile(filename, candidate.path)
    except OSError:
        return False


def drop_modules(modules: Iterable[ModuleType]) -> None:
    """Take modules out of ``sys.modules`` and forget their sources."""
    for module in modules:
        name = module.__name__
        if sys.modules.get(name) is module:
            del sys.modules[name]
        parent, _, child = name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None and vars(holder).get(child) is module:
            delattr(holder, child)
        forget(module)


def source_of(module: ModuleType) -> Source:
    """Return the source that a plugin's module runs.

    :raises SourceError: it is not known.
    """
    known = tracked(module)
    if known is None:
        raise SourceError(f"the source that {module.__name__!r} runs is not known.")
    return known.source
