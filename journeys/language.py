"""German for a JupyterLab without a language pack: what is in no catalogue stays English."""

from __future__ import annotations

from pathlib import Path

PACK = "jupyterlab_language_pack_de_DE"


def german(folder: Path) -> None:
    """Write the smallest language pack; the server finds it with the folder on ``PYTHONPATH``.

    The server hands out a package's own texts only in languages for which there is a pack.
    """
    package, info = folder / PACK, folder / f"{PACK}-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").touch()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACK}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[jupyterlab.languagepack]\nde_DE = {PACK}\n")
