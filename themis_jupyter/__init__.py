"""Live reload of notebook plugins, in place."""

__version__ = "0.1.0"
