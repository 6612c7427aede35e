"""Background tasks of plugins: threads that a reload stops before the swap and starts after it.

They are no state: what is known of them is kept here, not in the instance's attributes, by the identity
of the instance and no longer than it lives. A name stands for one :class:`Task` of an instance for good,
so that a task which a plugin keeps in an attribute is the same one after a reload.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import monotonic
from types import FunctionType, MethodType
from typing import Any

from .errors import describe
from .inflight import Occupied
from .task import Call, Run, Task, title_of

#: Seconds that a thread may take to go away when its work is done.
_A_MOMENT = 1.0

_numbers = itertools.count(1)


class Tasks:
    """The background tasks of one instance.

    :param forget: called when the instance is gone.
    """

    def __init__(self, instance: object, forget: Callable[[object], object]) -> None:
        self.instance = weakref.ref(instance, forget)
        self.number = next(_numbers)
        self.gate: Occupied | None = None
        self.tasks: dict[str, Task] = {}
        #: Those that the reload under way has stopped, and is going to start again.
        self.suspended: dict[str, Call] = {}
        #: Names of those that the plugin has started since then.
        self._anew: set[str] = set()

    def start(self, name: str, call: Call) -> Task:
        """Start a task; one that runs under that name is asked to stop, and waited for by the new one."""
        task = self.tasks.setdefault(name, Task(name))
        self._anew.add(name)
        self._begin(task, call)
        return task

    def _begin(self, task: Task, call: Call) -> None:
        plugin = _plugin_name(self.instance()) if self.gate is None else self.gate.plugin
        task.begin(call, f"themis_jupyter {plugin}: {task.name}", self.gate)

    def attach(self, gate: Occupied) -> None:
        """Count the tasks as in flight in a gate, those that run already as well."""
        self.gate = gate
        for task in self.tasks.values():
            task.count_in(gate)

    def halt(self, *, suspend: bool) -> list[Run]:
        """Ask all tasks to stop, and return what still runs.

        :param suspend: remember them for :meth:`resume`.
        """
        if suspend:
            for name, task in self.tasks.items():
                call = task.wanted()
                if call is not None:
                    self.suspended[name] = call
        self._anew.clear()
        return [run for task in self.tasks.values() for run in task.halt()]

    def resume(self) -> Iterator[str]:
        """Start again what was suspended, unless the plugin has; yield, in words, what is not started."""
        instance = self.instance()
        suspended, self.suspended = self.suspended, {}
        for name, call in suspended.items():
            task = self.tasks.setdefault(name, Task(name))
            if name in self._anew or task.recall():
                continue
            function = _as_it_is_now(instance, call.function)
            if function is None:
                yield (
                    f"the background task {name!r} is not started again: the new code has no "
                    f"{title_of(call.function)}() any more."
                )
                continue
            try:
                self._begin(task, replace(call, function=function))
            except Exception as error:  # noqa: BLE001 - the plugin runs: that is what counts
                yield f"the background task {name!r} could not be started again: {describe(error)}"
        self._anew.clear()


_known: dict[int, Tasks] = {}


def tasks_of(instance: object) -> Tasks | None:
    """Return the tasks of an instance, if it ever had one or was attached to a gate."""
    tasks = _known.get(id(instance))
    return tasks if tasks is not None and tasks.instance() is instance else None


def _tasks(instance: object) -> Tasks:
    tasks = tasks_of(instance)
    if tasks is None:
        forget = functools.partial(_forget_key, id(instance))
        tasks = _known[id(instance)] = Tasks(instance, forget)
    return tasks


def _forget_key(key: int, reference: object) -> None:
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
    if every is not None and not (
        isinstance(every, int | float)
        and math.isfinite(every)
        and 0 <= every <= threading.TIMEOUT_MAX
    ):
        raise ValueError(f"every={every!r}: expected a number of seconds, not negative, or None.")
    if name is None and called.endswith("<lambda>"):
        raise ValueError("a lambda has no name: self.background(lambda: ..., name='a name').")
    call = Call(function, args, kwargs, every, _wants_stop(function, args, kwargs))
    return _tasks(instance).start(called if name is None else str(name), call)


def _wants_stop(function: Callable[..., object], args: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether a function is to get the event ``stop``.

    :raises TypeError: the arguments do not fit it.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some of those written in C tell nothing
        return False
    parameter = signature.parameters.get("stop")
    takes = parameter is not None and parameter.kind not in (
        parameter.POSITIONAL_ONLY,
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    )
    if takes and "stop" not in signature.bind_partial(*args, **kwargs).arguments:
        signature.bind(*args, **kwargs, stop=None)
        return True
    signature.bind(*args, **kwargs)
    return False


def _as_it_is_now(instance: object, function: Callable[..., object]) -> Any:
    """Return what a function has become in the present code; None where it is gone."""
    if isinstance(function, MethodType) and function.__self__ is instance:
        return getattr(instance, function.__name__, None)
    if isinstance(function, FunctionType) and function.__qualname__ == function.__name__:
        namespace = function.__globals__
        if namespace.get("__name__") == type(instance).__module__:
            return namespace.get(function.__name__)
    return function


def _plugin_name(instance: object) -> str:
    cls = type(instance)
    return str(getattr(cls, "name", "") or cls.__module__)


# -- for the manager -------------------------------------------------------------------------------


def attach(instance: object, gate: Occupied) -> None:
    """Let the tasks of an instance, now and later, count in a gate."""
    _tasks(instance).attach(gate)


def suspend(instances: Iterable[object]) -> None:
    """Ask the tasks of instances to stop, to be started by :func:`resume`; does not wait."""
    for instance in instances:
        tasks = tasks_of(instance)
        if tasks is not None:
            tasks.halt(suspend=True)


def resume(instance: object) -> list[str]:
    """Start again what :func:`suspend` stopped; return, in words, what could not be."""
    tasks = tasks_of(instance)
    return [] if tasks is None else list(tasks.resume())


def settle(instances: Iterable[object]) -> None:
    """Let the threads of tasks that have ended go away."""
    found = [tasks for tasks in map(tasks_of, instances) if tasks is not None]
    for task in [task for tasks in found for task in tasks.tasks.values()]:
        if not task.running:
            task.join(_A_MOMENT)


def end(instance: object, timeout: float) -> list[str]:
    """Stop all tasks of an instance and wait; return, in words, those that did not end.

    What was suspended before stays so.
    """
    tasks = tasks_of(instance)
    return [] if tasks is None else _wait(tasks.halt(suspend=False), timeout)


def forget(instance: object) -> None:
    """Keep nothing of the tasks of an instance that is not used any more."""
    tasks = _known.pop(id(instance), None)
    if tasks is not None:
        tasks.suspended.clear()


def mark() -> int:
    """Return what :func:`end_strays` takes for this moment."""
    return next(_numbers)


def end_strays(module: str, since: int, timeout: float) -> list[str]:
    """Stop the tasks of a module's objects that were made since a moment and never became a plugin.

    :param since: what :func:`mark` returned.
    """
    left: list[str] = []
    for tasks in list(_known.values()):
        instance = tasks.instance()
        ours = f"{type(instance).__module__}.".startswith(f"{module}.")
        if ours and tasks.gate is None and tasks.number > since:
            left += end(instance, timeout)
            forget(instance)
    return left


def hand_over(made: object, instance: object, timeout: float) -> list[str]:
    """Give the tasks of what a factory made to the instance that goes on in its place.

    :returns: those of ``made`` that did not end, in words.
    """
    theirs = tasks_of(made)
    if theirs is None or made is instance:
        return []
    left = _wait(theirs.halt(suspend=True), timeout)
    for name, call in theirs.suspended.items():
        function = call.function
        if isinstance(function, MethodType) and function.__self__ is made:
            call = replace(call, function=MethodType(function.__func__, instance))
        _tasks(instance).start(name, call)
    forget(made)
    return left


def _wait(runs: list[Run], timeout: float) -> list[str]:
    deadline = monotonic() + timeout
    return [
        f"its background task {run.task.name!r} did not end in time, and goes on (thread "
        f"{run.thread.name!r}). Give its function a parameter `stop`, an event that is set when it is to "
        "end, and look at it often."
        for run in runs
        if not run.join(max(0.0, deadline - monotonic()))
    ]


def told(instance: object) -> list[str]:
    """Return a few words on each task of an instance."""
    tasks = tasks_of(instance)
    return [] if tasks is None else [task.told() for task in tasks.tasks.values()]
