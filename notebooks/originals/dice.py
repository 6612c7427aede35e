"""A die that is fair, but has the same luck in each run."""

from random import Random

from themis_jupyter import StatefulPlugin

SIDES = 6


class Dice(StatefulPlugin):
    """A die."""

    version = "1.0"
    description = "a die"

    def initialize(self, config):
        """Begin with the first number; after a reload, the saved state is put on top."""
        self.random = Random(7)

    def roll(self):
        """Return the next number."""
        return self.random.randint(1, SIDES)
