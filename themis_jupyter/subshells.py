"""Letting messages of a page reach a kernel in which a cell is running."""

from __future__ import annotations

from typing import Any


def kernel_has_subshells() -> bool:
    """Return whether a page can reach this kernel while a cell is running."""
    kernel = _kernel()
    return bool(getattr(kernel, "_supports_kernel_subshells", False))


def keep_its_shell(comm: Any) -> None:
    """Let a comm's incoming messages go to the shell that the page has sent them to.

    Without that, the kernel sends them to the shell of the last thing that was published on this comm: one
    message sent while a cell runs would make the next click wait for the end of the cell. The name is
    private to ipykernel 7, hence the guard; a test tells when it is gone.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


def _kernel() -> Any:
    import sys

    module = sys.modules.get("ipykernel.kernelbase")
    if module is None or not module.Kernel.initialized():
        return None
    return module.Kernel.instance()
