"""Background tasks of plugins: threads that a reload stops before the swap and starts after it.

They are no state: what is known of them is kept here, not in the instance's attributes, by the identity
of the instance and no longer than it lives. A name stands for one :class:`Task` of an instance for good,
so that a task which a plugin keeps in an attribute is the same one after a reload.
"""

from __future__ import annotations

import functools
import inspect
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import monotonic
from types import FunctionType, MethodType, TracebackType
from typing import Any

from .errors import describe
from .inflight import Occupied
from .task import Call, Run, Task, title_of

#: Seconds that a thread may take to go away when its work is done.
_A_MOMENT = 1.0


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
            elif not self._retired:
                self._begin(task, call)
            return task

    def _task(self, name: str) -> Task:
        return self.tasks.setdefault(name, Task(name, functools.partial(self._cancel, name)))

    def _cancel(self, name: str) -> None:
        self._anew.pop(name, None)

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
            wanted = {**self._suspended, **self._anew}
            anew, self._waiting, self._retired = set(self._anew), None, False
            self._suspended.clear()
            self._anew.clear()
            for name, call in wanted.items():
                yield from self._resume(self._task(name), call, anew=name in anew)

    def _resume(self, task: Task, call: Call, *, anew: bool) -> Iterator[str]:
        if not anew and task.recall(call):
            return
        try:
            if not anew:
                now = _as_it_is_now(self.instance(), call)
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
            other.start(name, call)
        self.retire()


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
        forget = functools.partial(_forget, id(instance))
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
    by_name = _found(instance, function) == function
    call = Call(function, args, kwargs, every, _wants_stop(function, args, kwargs), by_name)
    return _tasks(instance).start(called if name is None else str(name), call)


def _is_interval(every: object) -> bool:
    """Whether it is None or a number of seconds that one can wait for."""
    if every is None:
        return True
    return isinstance(every, int | float) and 0 <= every <= threading.TIMEOUT_MAX


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


def _as_it_is_now(instance: object, call: Call) -> Call | None:
    """Return what is to be called in the present code; None where it is gone.

    :raises TypeError: the arguments do not fit any more.
    """
    function = _found(instance, call.function) if call.by_name else call.function
    if function is None:
        return None
    wants_stop = _wants_stop(function, call.args, call.kwargs)
    return replace(call, function=function, wants_stop=wants_stop)


def _found(instance: object, function: Callable[..., object]) -> Any:
    """Return what has a function's name now, where it is looked for; None if nothing has."""
    if isinstance(function, MethodType) and function.__self__ is instance:
        return getattr(instance, function.__name__, None)
    if isinstance(function, FunctionType) and function.__qualname__ == function.__name__:
        return function.__globals__.get(function.__name__)
    return None


def _plugin_name(instance: object) -> str:
    cls = type(instance)
    return str(getattr(cls, "name", "") or cls.__module__)


# -- for the manager -------------------------------------------------------------------------------


def hold(instance: object, coming: ComingUp) -> None:
    """Let what an instance starts wait until it is up."""
    tasks = tasks_of(instance)
    if tasks is not None:
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
