"""Fixtures for all tests."""

from __future__ import annotations

# Also where the package is installed without its entry points.
from themis_jupyter.testing.pytest_plugin import workspace

__all__ = ["workspace"]
