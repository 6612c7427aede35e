"""A household budget: what there is to spend in a month, and what was spent on what."""

from dataclasses import dataclass

from themis_jupyter import StatefulPlugin


@dataclass
class Entry:
    """One thing that was paid for."""

    what: str
    amount: float  # in euros


class Budget(StatefulPlugin):
    """The budget. Its attributes are its state: they survive a reload."""

    version = "1.0"
    description = "a household budget"

    def initialize(self, config):
        """Begin a month; after a reload, the saved state is put on top."""
        self.limit = config.get("limit", 300)
        self.entries = []

    def spend(self, what, amount):
        """Pay for something, and return what is left."""
        self.entries.append(Entry(what, amount))
        return self.left()

    def spent(self):
        """Return what was spent so far."""
        return sum(entry.amount for entry in self.entries)

    def left(self):
        """Return what can still be spent."""
        return self.limit - self.spent()

    def show(self):
        """Return the budget as lines of text."""
        lines = [f"{entry.what:10} {entry.amount:8.2f}" for entry in self.entries]
        return "\n".join([*lines, f"{'left':10} {self.left():8.2f}"])
