"""Operations step by step, and the log: what the event stream tells, in the form that a page shows."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

from ..events import DriftEvent, Event, PhaseEvent
from ..phases import Outcome
from ..render.format import one_line, printable, shortened

#: See ``Operation``, ``Step`` and ``LogEntry`` in ``protocol.json``.
Operation = dict[str, Any]
Entry = dict[str, Any]

#: So many operations are kept.
OPERATIONS = 300
# So many entries of the log, and so many characters of each text.
_LOG = 1000
_TEXT = 500


class Journal:
    """What happened. To be used under one lock."""

    def __init__(self) -> None:
        self.operations: OrderedDict[int, Operation] = OrderedDict()
        self.log: deque[Entry] = deque(maxlen=_LOG)
        #: By plugin, the number of its last operation.
        self.last: dict[str, int] = {}
        #: By plugin, the number of its last reload that has ended.
        self.last_reload: dict[str, int] = {}
        self._seq = 0

    def note(self, event: Event) -> tuple[int | None, Entry | None]:
        """Write an event down; return the number of the operation that it changed, and the log's entry."""
        number = self._note_step(event) if isinstance(event, PhaseEvent) else None
        if event.passing:
            return number, None
        self._seq += 1
        entry = _entry(event, self._seq)
        self.log.append(entry)
        return number, entry

    def _note_step(self, event: PhaseEvent) -> int:
        found = self.operations.get(event.operation)
        if found is None:
            found = self.operations[event.operation] = {
                "number": event.operation,
                "operation": event.kind,
                "plugins": [],
                "began": event.time,
                "elapsed": None,
                "outcome": "",
                "steps": [],
            }
            while len(self.operations) > OPERATIONS:
                self.operations.popitem(last=False)
        if event.plugin not in found["plugins"]:
            found["plugins"].append(event.plugin)
        self.last[event.plugin] = event.operation
        if event.terminal:
            done = event.phase if isinstance(event.phase, Outcome) else None
            found["outcome"] = done.value if done is not None else f"{event.kind}ed"
            found["elapsed"] = event.elapsed
            if event.kind == "reload":
                self.last_reload.update(dict.fromkeys(found["plugins"], event.operation))
        else:
            _put_step(found["steps"], event)
        return event.operation


def _put_step(steps: list[dict[str, Any]], event: PhaseEvent) -> None:
    step = next(
        (
            s
            for s in reversed(steps)
            if (s["plugin"], s["phase"]) == (event.plugin, event.phase.value)
        ),
        None,
    )
    if step is None or event.status == "started":
        step = {"plugin": event.plugin, "phase": event.phase.value, "began": event.time}
        steps.append(step)
    step |= {
        "status": "started" if event.passing else event.status,
        "elapsed": event.elapsed,
        "error": _text(event.error or ""),
        "detail": _text(event.detail),
        "done": event.done,
        "total": event.total,
    }


def _entry(event: Event, seq: int) -> Entry:
    if isinstance(event, DriftEvent):
        what, status, elapsed = "drift", "drift", None
        text = event.text or "what runs is what is on disk"
    else:
        what, status = f"{event.kind} {event.operation}: {event.phase.value}", event.status
        elapsed, text = event.elapsed, event.error or event.detail
    return {
        "seq": seq,
        "time": event.time,
        "plugin": printable(event.plugin),
        "what": what,
        "status": status,
        "text": _text(text),
        "elapsed": elapsed,
    }


def _text(text: str) -> str:
    return shortened(one_line(text), _TEXT)
