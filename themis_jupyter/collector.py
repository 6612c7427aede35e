"""Keeping the garbage collector from running for a moment; several may ask for it at a time."""

from __future__ import annotations

import gc
import threading
from types import TracebackType

_lock = threading.Lock()
_asking = 0
_was_enabled = False


class CollectorPaused:
    """A context in which no automatic collection begins; to be left soon."""

    def __enter__(self) -> CollectorPaused:
        global _asking, _was_enabled
        with _lock:
            if _asking == 0:
                _was_enabled = gc.isenabled()
                gc.disable()
            _asking += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        global _asking
        with _lock:
            _asking -= 1
            if _asking == 0:
                # Whatever was done meanwhile, by the body of a module, say.
                (gc.enable if _was_enabled else gc.disable)()
