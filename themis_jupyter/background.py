"""Background tasks of plugins: threads that a reload stops before the swap and starts after it.

They are no state: what is known of them is kept here, not in the instance's attributes, by the identity
of the instance and no longer than it lives. A name stands for one :class:`Task` of an instance for good,
so that a task which a plugin keeps in an attribute is the same one after a reload.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any

from .inflight import Occupied
from .task import Task
from .task_call import Call, found, title_of, wants_stop
from .tasks import Tasks

#: Seconds that a thread may take to go away when its work is done.
_A_MOMENT = 1.0


class ComingUp:
    """Plugins on their way up: what their objects start, waits until they are there.

    A context, to be entered while code of the plugins runs that brings them up.
    """

    def __init__(self) -> None:
        self._tasks: list[Tasks] = []

    def __enter__(self) -> ComingUp:
        _thread.coming = [*_coming_up(), self]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _thread.coming = _coming_up()[:-1]

    def add(self, tasks: Tasks) -> None:
        """Let the tasks of one more object wait."""
        if tasks not in self._tasks:
            tasks.hold()
            self._tasks.append(tasks)

    def begin(self) -> list[str]:
        """Start what waits; return, in words, what could not be started."""
        ours, self._tasks = self._tasks, []
        return [words for tasks in ours for words in tasks.resume()]

    def drop(self) -> None:
        """Start nothing of it. What was suspended before stays so."""
        ours, self._tasks = self._tasks, []
        for tasks in ours:
            tasks.end()
            if tasks.gate is None:  # it never became a plugin
                tasks.retire()


_known: dict[int, Tasks] = {}
_thread = threading.local()


def _coming_up() -> list[ComingUp]:
    return getattr(_thread, "coming", [])


def tasks_of(instance: object) -> Tasks | None:
    """Return the tasks of an instance, if it ever had one or was attached to a gate."""
    tasks = _known.get(id(instance))
    return tasks if tasks is not None and tasks.instance() is instance else None


def _tasks(instance: object) -> Tasks:
    tasks = tasks_of(instance)
    if tasks is None:
        forget = partial(_forget, id(instance))
        tasks = _known[id(instance)] = Tasks(instance, forget)
        for coming in _coming_up()[-1:]:
            coming.add(tasks)
    return tasks


def _forget(key: int, reference: object) -> None:
    tasks = _known.get(key)
    if tasks is not None and tasks.instance is reference:
        del _known[key]


# -- for plugins -----------------------------------------------------------------------------------


def start(
    instance: object,
    function: Callable[..., object],
    args: tuple[Any, ...],
    every: float | None,
    name: str | None,
    kwargs: dict[str, Any],
) -> Task:
    """Run a function in a thread of its own; see :meth:`.Plugin.background`.

    :raises TypeError: it is no function to be run in a thread, or the arguments do not fit it.
    :raises ValueError: it has no name, or ``every`` is no number of seconds.
    """
    if not callable(function):
        raise TypeError(
            f"background() got {function!r}, which cannot be called: give it the function itself, "
            "self.background(self.poll, ...), not what it returns."
        )
    called = title_of(function)
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(
            f"{called}() is a coroutine or a generator: calling it would run nothing of it. A background "
            "task is a thread; write it with def, and for a coroutine call asyncio.run(...) in it."
        )
    if not _is_interval(every):
        raise ValueError(f"every={every!r}: expected a number of seconds, not negative, or None.")
    if name is None and called.endswith("<lambda>"):
        raise ValueError("a lambda has no name: self.background(lambda: ..., name='a name').")
    by_name = found(instance, function) == function
    call = Call(function, args, kwargs, every, wants_stop(function, args, kwargs), by_name)
    return _tasks(instance).start(called if name is None else str(name), call)


def _is_interval(every: object) -> bool:
    """Whether it is None or a number of seconds that one can wait for."""
    if every is None:
        return True
    return isinstance(every, int | float) and 0 <= every <= threading.TIMEOUT_MAX


# -- for the manager -------------------------------------------------------------------------------


def hold(instance: object, coming: ComingUp | None = None) -> None:
    """Let what an instance starts wait until it is up.

    :param coming: sees to it then; without it, :func:`resume` has to be called.
    """
    tasks = tasks_of(instance)
    if tasks is not None:
        if coming is None:
            tasks.hold()
        else:
            coming.add(tasks)


def attach(instance: object, gate: Occupied) -> None:
    """Let the tasks of an instance, now and later, count in a gate."""
    _tasks(instance).attach(gate)


def suspend(instances: Iterable[object]) -> None:
    """Ask the tasks of instances to stop, to be started by :func:`resume`; does not wait."""
    for tasks in filter(None, map(tasks_of, instances)):
        tasks.suspend()


def start_fresh(instance: object) -> None:
    """Do not start what :func:`suspend` stopped, only what the plugin itself starts."""
    tasks = tasks_of(instance)
    if tasks is not None:
        tasks.drop_suspended()


def settle(instances: Iterable[object]) -> None:
    """Let the threads of tasks that have ended go away."""
    for tasks in filter(None, map(tasks_of, instances)):
        for task in tasks.tasks.values():
            if not task.running:
                task.join(_A_MOMENT)


def hand_over(made: object, instance: object) -> None:
    """Let an instance start what another object, whose place it takes, was to start."""
    theirs = tasks_of(made)
    if theirs is not None and made is not instance:
        theirs.hand_over(_tasks(instance), made, instance)


def resume(instance: object) -> list[str]:
    """Start what waits; return, in words, what could not be started."""
    tasks = tasks_of(instance)
    return [] if tasks is None else list(tasks.resume())


def end(instance: object, timeout: float = _A_MOMENT) -> list[str]:
    """Stop all tasks of an instance and wait; return, in words, those that did not end.

    What is suspended stays so.
    """
    tasks = tasks_of(instance)
    runs = [] if tasks is None else tasks.end()
    deadline = monotonic() + timeout
    return [
        f"its background task {run.task.name!r} did not end in time, and goes on (thread "
        f"{run.thread.name!r}). Give its function a parameter `stop`, an event that is set when it is to "
        "end, and look at it often."
        for run in runs
        if not run.join(max(0.0, deadline - monotonic()))
    ]


def retire(instance: object) -> None:
    """Start nothing of an instance any more."""
    tasks = tasks_of(instance)
    if tasks is not None:
        tasks.retire()


def told(instance: object) -> list[str]:
    """Return a few words on each task of an instance."""
    tasks = tasks_of(instance)
    return [] if tasks is None else [task.told() for task in list(tasks.tasks.values())]
