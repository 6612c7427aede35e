"""Snakes and ladders: who is the first on the last square?"""

from pathlib import Path

from themis_jupyter import PluginManager, StatefulPlugin

BOARD = Path(__file__).with_name("board.txt")
LAST = 60


class Ladders(StatefulPlugin):
    """A game of two players. What `transient` does not name is its state."""

    version = "1.0"
    description = "snakes and ladders"
    dependencies = ("dice",)
    transient = ("board", "dice")

    def initialize(self, config):
        """Read where the ladders and snakes are; after a reload, the saved state is put on top."""
        lines = BOARD.read_text(encoding="utf-8").splitlines()
        self.board = dict(map(int, line.split()) for line in lines)
        self.dice = PluginManager.instance().get_plugin("dice")
        self.places = {"Ada": 0, "Ben": 0}
        self.rounds = 0

    def play(self):
        """Let both players roll and move, and return where they are."""
        self.rounds += 1
        for player in self.places:
            place = self.places[player] + self.dice.roll()
            self.places[player] = min(LAST, self.board.get(place, place))
        return dict(self.places)
