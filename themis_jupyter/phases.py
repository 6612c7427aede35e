"""The steps of a reload, its outcomes, and the one table that says what may follow what.

Nothing here does any work. :class:`PhaseTrack` walks the table; the transaction that does the work
asks it before each step.
"""

from __future__ import annotations

import enum

from .errors import PhaseOrderError


class Phase(enum.Enum):
    """One step of a reload, in the order in which steps happen; ROLLBACK undoes them."""

    CHECK = "check"
    VERIFY = "verify"
    STAGE = "stage"
    SAVE_STATE = "save state"
    BEFORE_UNLOAD = "before unload"
    UNLOAD = "unload"
    AFTER_UNLOAD = "after unload"
    LOAD = "load"
    CREATE = "create"
    INITIALIZE = "initialize"
    RESTORE_STATE = "restore state"
    AFTER_LOAD = "after load"
    ROLLBACK = "rollback"


class Outcome(enum.Enum):
    """How a reload ended. Every reload ends in exactly one of these."""

    RELOADED = "reloaded"
    UNCHANGED = "unchanged"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"

    @property
    def ok(self) -> bool:
        """True where the plugin now runs what is on disk or, with a revert, what was asked for."""
        return self in (Outcome.RELOADED, Outcome.UNCHANGED)


Step = Phase | Outcome

_STOPPED = (Outcome.ABORTED, Outcome.FAILED)

# From each step (None: not begun) to those that may follow. Up to SAVE_STATE nothing live has been
# touched, so a failure aborts; from BEFORE_UNLOAD on it rolls back. A rollback can fail; a plugin that
# an earlier one has left broken still is when a reload of it stops at an early step: failed, too.
TRANSITIONS: dict[Step | None, frozenset[Step]] = {
    None: frozenset({Phase.CHECK}),
    Phase.CHECK: frozenset({Phase.VERIFY, *_STOPPED}),
    Phase.VERIFY: frozenset({Phase.STAGE, Outcome.UNCHANGED, *_STOPPED}),
    Phase.STAGE: frozenset({Phase.SAVE_STATE, *_STOPPED}),
    Phase.SAVE_STATE: frozenset({Phase.BEFORE_UNLOAD, *_STOPPED}),
    Phase.BEFORE_UNLOAD: frozenset({Phase.UNLOAD, Phase.ROLLBACK}),
    Phase.UNLOAD: frozenset({Phase.AFTER_UNLOAD, Phase.ROLLBACK}),
    Phase.AFTER_UNLOAD: frozenset({Phase.LOAD, Phase.ROLLBACK}),
    Phase.LOAD: frozenset({Phase.CREATE, Phase.ROLLBACK}),
    Phase.CREATE: frozenset({Phase.INITIALIZE, Phase.ROLLBACK}),
    Phase.INITIALIZE: frozenset({Phase.RESTORE_STATE, Phase.ROLLBACK}),
    Phase.RESTORE_STATE: frozenset({Phase.AFTER_LOAD, Phase.ROLLBACK}),
    Phase.AFTER_LOAD: frozenset({Outcome.RELOADED, Phase.ROLLBACK}),
    # A drain that times out leaves the old plugin running and untouched: aborted.
    Phase.ROLLBACK: frozenset({Outcome.ROLLED_BACK, Outcome.ABORTED, Outcome.FAILED}),
    Outcome.RELOADED: frozenset(),
    Outcome.UNCHANGED: frozenset(),
    Outcome.ABORTED: frozenset(),
    Outcome.ROLLED_BACK: frozenset(),
    Outcome.FAILED: frozenset(),
}

#: Steps before which nothing live has been touched.
UNTOUCHED = frozenset({Phase.CHECK, Phase.VERIFY, Phase.STAGE, Phase.SAVE_STATE})

#: The steps that reload listeners hear of; the event stream carries all of them.
ANNOUNCED = frozenset({Phase.BEFORE_UNLOAD, Phase.AFTER_UNLOAD, Phase.AFTER_LOAD})


class PhaseTrack:
    """Where one reload stands. An illegal step raises and leaves the track as it was."""

    def __init__(self) -> None:
        self.current: Step | None = None

    def advance(self, step: Step) -> None:
        """Go on to ``step``.

        :raises PhaseOrderError: ``step`` may not follow the current one.
        """
        if step not in TRANSITIONS[self.current]:
            here = "the start" if self.current is None else f"{self.current.value!r}"
            raise PhaseOrderError(f"{step.value!r} may not follow {here}")
        self.current = step

    @property
    def ended(self) -> bool:
        """True once an outcome has been reached."""
        return isinstance(self.current, Outcome)
