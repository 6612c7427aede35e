"""Builds the panel's script with npm before a wheel or an sdist is made, so that users need no Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCRIPT = "themis_jupyter/widgets/static/panel.js"


class PanelBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Makes the script anew from ``ui/``; where that is not there (an sdist), the script is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build.

        :raises RuntimeError: it cannot be built, and is not there.
        """
        if version == "editable":  # make ui does it
            return
        root = Path(self.root)
        script = root / SCRIPT
        if not (root / "ui" / "package.json").is_file():
            if not script.is_file():
                raise RuntimeError(f"{script} is missing, and there is no ui/ to build it from")
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to build the panel: install Node, or use a wheel")
        script.unlink(missing_ok=True)  # never package what an older source made
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=root / "ui", check=True)
