"""What ``make lab`` saves: this project's own notebooks without what running them leaves behind.

JupyterLab saves every two minutes. The notebooks here are committed without outputs, and a test
insists on it: who only tries one out shall not find it changed. Notebooks of other names, copies
among them, are saved as they are.
"""

from __future__ import annotations

import re
from typing import Any

_OURS = re.compile(r"\d\d_\w+\.ipynb")


def without_outputs(*, path: str, model: dict[str, Any], **_: Any) -> None:
    """Take outputs, counts, and what JupyterLab notes about cells and kernel out of the model.

    A ``pre_save_hook`` of Jupyter's contents manager.

    :param path: seen from the folder that JupyterLab shows.
    """
    notebook = model.get("content")
    if model.get("type") != "notebook" or not notebook or not _OURS.fullmatch(path.strip("/")):
        return
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    known = notebook["metadata"]
    notebook["metadata"] = {
        "kernelspec": known.get("kernelspec", {}),
        "language_info": {"name": "python"},
    }
