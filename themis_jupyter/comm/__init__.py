"""The board on a comm of its own, for front ends that have an extension of ours: JupyterLab."""

from __future__ import annotations

from .target import TARGET, CommTarget

__all__ = ["TARGET", "CommTarget"]
