"""Builds what a page runs, with npm, before a wheel or an sdist is made, so that users need no Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PANEL = "themis_jupyter/widgets/static/panel.js"
EXTENSION = "themis_jupyter/labextension"
INSTALLED_AS = "share/jupyter/labextensions/themis-jupyter"

#: What is made, of files and folders: nothing that an older source made may be packaged.
MADE = (PANEL, EXTENSION, "ui/dist/lib", "labextension/lib")
COMMANDS = (("ui", "build"), ("ui", "lib"), ("labextension", "build"))


class PageBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Makes the panel's script and JupyterLab's extension anew; an sdist (no ``ui/``) has them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build.

        :raises RuntimeError: something cannot be built, or is not there.
        """
        if version == "editable":  # make ui and make labextension do it
            return
        root = Path(self.root)
        if (root / "ui" / "package.json").is_file():
            build(root)
        missing = missing_in(root)
        if missing:
            raise RuntimeError(
                f"{', '.join(missing)}: not there, and there is nothing to build it from. "
                "Use a wheel, or a clone of the repository."
            )
        if self.target_name == "wheel":
            build_data["shared_data"][EXTENSION] = INSTALLED_AS


def build(root: Path) -> None:
    """Make everything from its sources.

    :raises RuntimeError: that does not work.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is needed to build the panel: install Node 20, or use a wheel.")
    for each in MADE:
        path = root / each
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in ("ui", "labextension"):
        if not is_installed(root / folder):
            run(npm, "ci", "--no-audit", "--no-fund", folder=root / folder)
    for folder, script in COMMANDS:
        run(npm, "run", script, folder=root / folder)


def is_installed(folder: Path) -> bool:
    """Whether npm completed what the lock file says: it writes its own copy of that last."""
    done = folder / "node_modules" / ".package-lock.json"
    return done.is_file() and all(
        done.stat().st_mtime >= (folder / name).stat().st_mtime
        for name in ("package.json", "package-lock.json")
    )


def run(npm: str, *arguments: str, folder: Path) -> None:
    if subprocess.run([npm, *arguments], cwd=folder).returncode:
        raise RuntimeError(
            f"npm {' '.join(arguments)} failed in {folder.name}/; what it says is above. "
            f"Mend that, or remove {folder.name}/node_modules if it is half made, and try again."
        )


def missing_in(root: Path) -> list[str]:
    """Return which parts a package has to have, and are not there."""
    wanted = (
        PANEL,
        f"{EXTENSION}/package.json",
        f"{EXTENSION}/install.json",
        f"{EXTENSION}/static/remoteEntry.*.js",
    )
    return [each for each in wanted if not any(root.glob(each))]
