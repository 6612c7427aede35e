"""Run the demonstration notebook: ``make demo``."""

import sys

sys.exit("There is no demonstration yet: its notebook is missing.")
