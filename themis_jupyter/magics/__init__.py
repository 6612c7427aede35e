"""Line magics, their completion, and notebook names that follow the plugins they came from.

:mod:`.extension` puts all of it into a shell and takes it out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load", "unload"]


def load(shell: InteractiveShell) -> None:
    """Add magics, completion and hooks to ``shell``; a second time, do nothing."""
    from .extension import Extension

    Extension.install(shell)


def unload(shell: InteractiveShell) -> None:
    """Shut the plugins down and take everything out of ``shell`` again.

    :raises UsageError: calls of a plugin do not end; then the extension stays.
    """
    from .extension import Extension

    Extension.remove(shell)
