"""Run tests under each supported Python of this machine, in ``.venv-3.X``.

``python -m tools.pythons [--others] PYTEST-ARGUMENT …``; with ``--others``, not under the Python
that runs this. The engine patches CPython's own objects, so each minor version has to be tried.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.environment import ROOT, install, is_current, version_of

SUPPORTED = ("3.11", "3.12", "3.13")


def candidates(version: str) -> Iterator[str]:
    """Where an interpreter of this version may be; a pyenv shim may exist without running."""
    # The one this environment was made from: what PYTHON=… named.
    yield sys._base_executable  # type: ignore[attr-defined]  # typeshed leaves it out
    yield from (str(Path(directory, f"python{version}")) for directory in os.get_exec_path())
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        # Digits only: no release candidates and no free-threaded builds ("3.13.0t").
        builds = [p for p in Path(root, "versions").glob(f"{version}.*") if p.name[5:].isdigit()]
        for build in sorted(builds, key=lambda path: int(path.name[5:]), reverse=True):
            yield str(build / "bin" / "python")


def running(version: str) -> Iterator[tuple[str, str]]:
    """The release and the path of each interpreter of this version that runs."""
    for python in candidates(version):
        release = version_of(python)
        if release and release.startswith(version + "."):
            yield release, python


def run_tests(version: str, python: str, arguments: list[str]) -> bool:
    venv = ROOT / f".venv-{version}"
    inside = venv / "bin" / "python"
    if not is_current(venv):
        inside = install(venv, "test", python)
    print(f"\n== Python {version}: pytest {' '.join(arguments)}", flush=True)
    # The cache of the main environment remembers that one's failures.
    command = [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def main(arguments: list[str]) -> int:
    pythons = {}
    for version in SUPPORTED:
        # The first will do, and asking them all takes a second.
        for release, python in running(version):
            print(f"Found Python {release}: {python}")
            pythons[version] = python
            break
    if missing := [version for version in SUPPORTED if version not in pythons]:
        print("Not found, not tested: " + ", ".join(missing))
    if arguments[:1] == ["--others"]:
        arguments = arguments[1:]
        pythons.pop(f"{sys.version_info.major}.{sys.version_info.minor}", None)
    failed = [version for version in pythons if not run_tests(version, pythons[version], arguments)]
    if failed:
        print("\nTests failed under Python " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
