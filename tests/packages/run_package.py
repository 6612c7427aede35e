"""Reloads a package's modules in a fresh interpreter, then runs the package's own tests there.

``test_third_party.py`` starts it, with a request as JSON; it prints a result as JSON in its last line.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.phases import Outcome
from themis_jupyter.reload import reload_in_place, track

_PURPOSE = "this failure is on purpose"


def modules_of(package: str, skip: list[str]) -> list[ModuleType]:
    """Import a package and all that is in it, and return what can be reloaded."""
    top = importlib.import_module(package)
    names = [package]
    for info in pkgutil.walk_packages(top.__path__, f"{package}."):
        if not set(info.name.split(".")) & set(skip):
            names.append(info.name)
    modules = [importlib.import_module(name) for name in names]
    return [module for module in modules if (module.__file__ or "").endswith(".py")]


def definitions(modules: list[ModuleType]) -> dict[str, Any]:
    """Return the functions and classes that the modules define, by qualified name."""
    found: dict[str, Any] = {}
    for module in modules:
        for name, value in vars(module).items():
            found.update(_definitions(f"{module.__name__}.{name}", value, module.__name__))
    return found


def _definitions(name: str, value: Any, module: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        value = value.fget
    if not isinstance(value, FunctionType | type) or value.__module__ != module:
        return
    yield name, value
    if isinstance(value, type) and value.__name__ == name.rpartition(".")[2]:
        for key, member in vars(value).items():
            yield from _definitions(f"{name}.{key}", member, module)


class Reloads:
    """The modules of a package, and what has to stay the same of them.

    :param request: what the test asked for.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self.modules = modules_of(request["package"], request["skip"])
        for module in self.modules:
            track(module)
        self.before = definitions(self.modules)
        self.random = random.Random(request["seed"])
        self.rounds: int = request["rounds"]
        self.count = 0

    def check(self, what: str) -> None:
        """See to it that each function and class is still the same object, and none has come or gone."""
        now = definitions(self.modules)
        others = [name for name, value in self.before.items() if now.get(name) is not value]
        others += now.keys() - self.before.keys()
        assert not others, f"after {what}: {len(others)} are others: {sorted(others)[:20]}"

    def reload(self, *modules: ModuleType, full: bool) -> None:
        """Reload in place; there is something to do in each module that is not empty."""
        report = reload_in_place(*modules, full=full)
        if any(Path(str(module.__file__)).read_bytes().strip() for module in modules):
            assert report.outcome is Outcome.RELOADED, (modules, report)
        self.count += len(modules)

    def one_at_a_time(self) -> None:
        """Reload each module in full, in an order of chance."""
        for number in range(self.rounds):
            for module in self.random.sample(self.modules, len(self.modules)):
                self.reload(module, full=True)
                if not number:
                    self.check(f"the reload of {module.__name__}")
            self.check(f"round {number}")

    def together(self) -> None:
        """Reload all modules in full, as one transaction, named in an order of chance."""
        for number in range(self.rounds):
            self.reload(*self.random.sample(self.modules, len(self.modules)), full=True)
            self.check(f"transaction {number}")

    def edited(self) -> None:
        """Edit each module so that all of its lines move, and reload it."""
        lines = self.lines()
        for module in self.modules:
            path = Path(str(module.__file__))
            text = path.read_text(encoding="utf-8")
            path.write_text(f"# A new first line.\n{text}\n_NEW = 1\n", encoding="utf-8")
            self.reload(module, full=False)
            assert module._NEW == 1
        self.check("the edits")
        assert self.lines() == {name: line + 1 for name, line in lines.items()}

    def lines(self) -> dict[str, int]:
        """Return where the functions stand whose code is of the module that they say they are of."""
        return {
            name: value.__code__.co_firstlineno
            for name, value in self.before.items()
            if isinstance(value, FunctionType)
            and value.__code__.co_filename == sys.modules[value.__module__].__file__
        }

    def failed(self) -> None:
        """Let the last statement of each module raise: nothing is reloaded then."""
        for module in self.modules:
            path = Path(str(module.__file__))
            data = path.read_bytes()
            path.write_bytes(data + f"\nraise RuntimeError({_PURPOSE!r})\n".encode())
            for others in ([], [m for m in self.modules if m is not module][:5]):
                with pytest.raises(ReloadError, match=_PURPOSE):
                    reload_in_place(module, *others, full=True)
                self.count += 1
            path.write_bytes(data)
        self.check("the failures")


class Outcomes:
    """A plugin of pytest that notes how each test ended."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the worst of set-up, test and tear-down."""
        known = self.outcomes.get(report.nodeid, "passed")
        if report.outcome != "passed" or known == "passed":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note what could not be collected."""
        if report.failed:
            self.outcomes[report.nodeid] = "not collected"


def main() -> None:
    """Do what the request says, and print the result."""
    request = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")  # those of the packages are not ours
    reloads = Reloads(request)
    for step in request["steps"]:
        getattr(reloads, step)()
    folder = Path(str(reloads.modules[0].__file__)).parent
    outcomes = Outcomes()
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore", "-c", "/dev/null"]
    tests = [str(folder / test) for test in request["tests"]]
    options += ["-k", request["choose"]]
    pytest.main([*options, f"--rootdir={folder.parent}", *tests], plugins=[outcomes])
    result = {
        "modules": len(reloads.modules),
        "definitions": len(reloads.before),
        "reloads": reloads.count,
        "outcomes": outcomes.outcomes,
    }
    print("\n" + json.dumps(result))


if __name__ == "__main__":
    main()
