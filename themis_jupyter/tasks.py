"""The background tasks of one plugin: which run, which were stopped for a reload, which are to begin."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import MethodType

from .errors import describe
from .inflight import Occupied
from .task import Run, Task
from .task_call import Call, as_it_is_now, title_of


class Tasks:
    """The background tasks of one instance.

    :param forget: called when the instance is gone.
    """

    def __init__(self, instance: object, forget: Callable[[object], object]) -> None:
        self.instance = weakref.ref(instance, forget)
        self.gate: Occupied | None = None
        self.tasks: dict[str, Task] = {}
        #: What was stopped for a reload, and is going to be started again.
        self._suspended: dict[str, Call] = {}
        #: What the plugin has started while it was coming up.
        self._anew: dict[str, Call] = {}
        #: What the plugin has stopped meanwhile.
        self._cancelled: set[str] = set()
        #: Which of the two gets what is started; None: it begins at once.
        self._waiting: dict[str, Call] | None = None
        self._retired = False
        self._lock = threading.Lock()

    # -- by the plugin ---------------------------------------------------------------------------

    def start(self, name: str, call: Call) -> Task:
        """Start a task, or note that it is to be; one that runs under that name is asked to stop."""
        with self._lock:
            task = self._task(name)
            if self._waiting is not None:
                self._waiting[name] = call
                self._cancelled.discard(name)
            elif not self._retired:
                self._begin(task, call)
            return task

    def _task(self, name: str) -> Task:
        return self.tasks.setdefault(name, Task(name, partial(self._cancel, name)))

    def _cancel(self, name: str) -> None:
        # While it goes down, a plugin stops what has been stopped for it already: that says nothing.
        if self._waiting is self._anew:
            self._anew.pop(name, None)
            self._cancelled.add(name)

    def _begin(self, task: Task, call: Call) -> None:
        plugin = _plugin_name(self.instance()) if self.gate is None else self.gate.plugin
        task.begin(call, f"themis_jupyter {plugin}: {task.name}", self.gate)

    # -- by the manager --------------------------------------------------------------------------

    def attach(self, gate: Occupied) -> None:
        """Count the tasks as in flight in a gate, those that run already as well."""
        with self._lock:
            self.gate = gate
            for task in self.tasks.values():
                task.count_in(gate)

    def suspend(self) -> None:
        """Ask all tasks to stop, and remember them, and what is started from now on."""
        with self._lock:
            for name, task in self.tasks.items():
                call = task.wanted()
                if call is not None:
                    self._suspended[name] = call
            self._waiting = self._suspended
            self._halt()

    def drop_suspended(self) -> None:
        """Do not start what was stopped, only what the plugin itself starts."""
        with self._lock:
            self._suspended.clear()

    def hold(self) -> None:
        """Let what is started from now on wait until the plugin is up."""
        with self._lock:
            self._anew.clear()
            self._cancelled.clear()
            self._waiting = self._anew
            self._retired = False

    def end(self) -> list[Run]:
        """Ask all tasks to stop; return those whose threads are still there."""
        with self._lock:
            self._anew.clear()
            return self._halt()

    def retire(self) -> None:
        """Start nothing any more, and forget all that was to be started."""
        with self._lock:
            self._retired, self._waiting = True, None
            self._anew.clear()
            self._suspended.clear()

    def _halt(self) -> list[Run]:
        return [run for task in self.tasks.values() for run in task.halt()]

    def resume(self) -> Iterator[str]:
        """Start what was suspended, and what the plugin has started anew; yield what cannot be."""
        with self._lock:
            both = {**self._suspended, **self._anew}
            wanted = {n: call for n, call in both.items() if n not in self._cancelled}
            anew, self._waiting, self._retired = set(self._anew), None, False
            self._suspended.clear()
            self._anew.clear()
            self._cancelled.clear()
            for name, call in wanted.items():
                yield from self._resume(self._task(name), call, anew=name in anew)

    def _resume(self, task: Task, call: Call, *, anew: bool) -> Iterator[str]:
        if not anew and task.recall(call):
            return
        try:
            if not anew:
                now = as_it_is_now(self.instance(), call)
                if now is None:
                    yield (
                        f"the background task {task.name!r} is not started again: the new code has no "
                        f"{title_of(call.function)}() any more."
                    )
                    return
                call = now
            self._begin(task, call)
        except Exception as error:  # noqa: BLE001 - the plugin runs: that is what counts
            yield f"the background task {task.name!r} could not be started: {describe(error)}"

    def hand_over(self, other: Tasks, made: object, instance: object) -> None:
        """Let another instance start, in its own name, what was to be started here."""
        for name, call in self._anew.items():
            function = call.function
            if isinstance(function, MethodType) and function.__self__ is made:
                call = replace(call, function=MethodType(function.__func__, instance))
            task, mine = other.start(name, call), self.tasks[name]
            for key, value in vars(instance).items():
                if value is mine:
                    vars(instance)[key] = task
        self.retire()


def _plugin_name(instance: object) -> str:
    cls = type(instance)
    return str(getattr(cls, "name", "") or cls.__module__)
