"""The yarn for a quilt."""

from themis_jupyter import Plugin

COLOURS = "░█"


class Yarn(Plugin):
    """Gives out yarn."""

    version = "1.0"
    description = "yarn of several colours"

    def colour(self, number):
        """Return one of the colours."""
        return COLOURS[number % len(COLOURS)]
