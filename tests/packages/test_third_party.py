"""Well-known packages are reloaded, every module of them, and pass their own tests as before.

Each run is a fresh interpreter, so that nothing of one reaches another. What went wrong here at first
is in ``tests/reload/test_found_by_packages.py``, in small.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).with_name("run_package.py")
_SEED = 20240229


@dataclass(frozen=True)
class Package:
    """A package that ships its tests.

    :param tests: files of tests, or folders, in the package.
    :param passing: so many of them pass, and the others are skipped, where nothing is reloaded.
    :param choose: which of them, as in ``pytest -k``.
    :param skip: names of modules, and of packages with all in them, that are not reloaded.
    :param alone: whether its modules can be run again one by one.
    :param rounds: how often each of them is.
    :param brief: only what takes least is done.
    """

    package: str
    tests: tuple[str, ...]
    passing: int
    choose: str = ""
    skip: tuple[str, ...] = ("tests",)
    alone: bool = True
    rounds: int = 3
    brief: bool = False


PACKAGES = [
    # Plain functions, curried ones, a package that is imported by its own submodules.
    Package("toolz", ("tests",), 187),
    # Large classes, and a table of methods by the type of a node.
    Package(
        "pyflakes",
        ("test/test_imports.py", "test/test_other.py"),
        278,
        skip=("test", "__main__"),
    ),
    # attrs, and classes that a function makes. Its other tests need data that the wheel has not.
    Package(
        "jsonschema",
        tuple(f"tests/test_{name}.py" for name in ("validators", "types", "format", "utils")),
        352,
        skip=("tests", "benchmarks", "__main__"),
    ),
    # Abstract and generic classes, and methods that keep a lock. What is left out is about threads and takes
    # long, or needs a plugin of pytest.
    Package(
        "zict",
        tuple(f"tests/test_{name}.py" for name in ("cache", "func", "lru")),
        179,
        choose="not threadsafe and not stress",
    ),
    # Closures that a registry of all of them makes methods of; numbers that are objects with slots.
    # Alone, the module with that registry would begin with an empty one. Its suite takes a minute.
    Package(
        "mpmath",
        tuple(f"tests/test_{name}.py" for name in ("basic_ops", "fp", "linalg", "pickle", "trig")),
        55,
        alone=False,
        rounds=2,
    ),
    # Nearly 300 modules, which import the package that is importing them; a registry of decorated functions
    # that refuses a second one of the same name, so that no module of it can be run again alone. Its import
    # alone takes seconds.
    Package(
        "networkx",
        ("classes/tests/test_reportviews.py",),
        242,
        skip=("tests", "conftest"),
        alone=False,
        rounds=1,
        brief=True,
    ),
]

BY_NAME = {package.package: package for package in PACKAGES}


def run(package: Package, *steps: str, folder: Path | None = None) -> dict[str, Any]:
    """Reload a package and run its tests in another process.

    :param steps: methods of ``run_package.Reloads``.
    :param folder: where the package is, in place of the installed one.
    """
    request = json.dumps(asdict(package) | {"steps": steps, "seed": _SEED})
    path = os.pathsep.join(str(item) for item in (folder, _ROOT) if item is not None)
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), request],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def check_outcomes(package: Package, outcomes: dict[str, str]) -> None:
    """See to it that the package's tests end as they do where nothing is reloaded: none fails."""
    others = {test: how for test, how in outcomes.items() if how not in ("passed", "skipped")}
    assert not others
    assert list(outcomes.values()).count("passed") >= package.passing


def copy_of(package: Package, folder: Path) -> Path:
    """Copy an installed package, whose files a test is going to edit."""
    spec = find_spec(package.package)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent
    shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("name", BY_NAME)
def test_full_reload(name: str) -> None:
    package = BY_NAME[name]
    steps = ["one_at_a_time", "together"] if package.alone else ["together"]
    result = run(package, *steps)
    assert result["reloads"] == len(steps) * package.rounds * result["modules"]
    check_outcomes(package, result["outcomes"])


@pytest.mark.parametrize("name", [p.package for p in PACKAGES if not p.brief])
def test_edited(name: str, tmp_path: Path) -> None:
    package = BY_NAME[name]
    result = run(package, "edited", folder=copy_of(package, tmp_path))
    assert result["reloads"] == result["modules"]
    check_outcomes(package, result["outcomes"])


# What a failure takes back hardly depends on the package: one of functions, and one of classes.
@pytest.mark.parametrize("name", ["toolz", "jsonschema"])
def test_failed_reload(name: str, tmp_path: Path) -> None:
    package = BY_NAME[name]
    result = run(package, "failed", folder=copy_of(package, tmp_path))
    assert result["reloads"] == 2 * result["modules"]
    check_outcomes(package, result["outcomes"])
