"""``python -m themis_jupyter.testing FOLDER``: make the checks that another process asks for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .apart import main

if __name__ == "__main__":
    main(Path(sys.argv[1]))
    # Threads that a plugin left behind are not waited for: they were told.
    sys.stdout.flush()
    os._exit(0)
