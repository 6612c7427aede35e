"""A pond: frogs eat flies, and flies have many children.

The numbers follow the equations of Lotka (1925) and Volterra (1926). Animals are counted in
fractions, because the equations do.
"""

import time
from dataclasses import dataclass
from math import log
from pathlib import Path

from themis_jupyter import StatefulPlugin

METHOD = "Euler's method"
TITLE = f"Flies and frogs, by {METHOD}"
LOGBOOK = Path(__file__).with_name("logbook.txt")

BIRTHS = 0.5  # new flies, per fly and day
EATEN = 0.01  # flies eaten, per fly, frog and day
FED = 0.0005  # new frogs, per fly, frog and day
DEATHS = 0.3  # dead frogs, per frog and day
STEPS = 4  # steps of the calculation, per day


def count_animals():
    """Wade through the pond and count. This takes a while, and is noted in the logbook."""
    time.sleep(1)
    with LOGBOOK.open("a", encoding="utf-8") as book:
        book.write("counted all animals in the pond\n")
    return {"flies": 900.0, "frogs": 30.0}


START = count_animals()


def rates(flies, frogs):
    """Return how fast the flies and the frogs increase, in animals per day."""
    return (BIRTHS - EATEN * frogs) * flies, (FED * flies - DEATHS) * frogs


def step(flies, frogs, days):
    """Return how many flies and frogs there are after a fraction of a day."""
    more_flies, more_frogs = rates(flies, frogs)
    return flies + days * more_flies, frogs + days * more_frogs


@dataclass
class Day:
    """What was seen in the pond on one day."""

    number: int
    flies: float
    frogs: float

    @property
    def balance(self):
        """A number that stays the same for ever, if the calculation is good."""
        return (
            FED * self.flies
            - DEATHS * log(self.flies)
            + EATEN * self.frogs
            - BIRTHS * log(self.frogs)
        )


class Pond(StatefulPlugin):
    """The pond itself. Its attributes are its state: they survive a reload."""

    version = "1.0"
    description = "a pond with flies and frogs"

    def initialize(self, config):
        """Begin with the animals that were counted; a reload puts the saved state on top."""
        self.today = Day(0, START["flies"], START["frogs"])
        self.diary = [self.today]

    def live(self, days=1):
        """Let some days pass, and return the last one."""
        for _ in range(days):
            flies, frogs = self.today.flies, self.today.frogs
            for _ in range(STEPS):
                flies, frogs = step(flies, frogs, 1 / STEPS)
            self.today = Day(self.today.number + 1, flies, frogs)
            self.diary.append(self.today)
        return self.today

    def chart(self):
        """Return the last 60 days as two lines of little bars."""
        days = self.diary[-60:]
        return "\n".join(
            [
                TITLE,
                "flies " + bars([day.flies for day in days]),
                "frogs " + bars([day.frogs for day in days]),
            ]
        )


def bars(numbers):
    """Return one little bar for each number; the highest number gets the highest bar."""
    top = max(numbers)
    return "".join("▁▂▃▄▅▆▇█"[int(7.99 * number / top)] for number in numbers)
