"""One background task: what a plugin holds of it, and the thread that it runs in."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from time import monotonic

from .errors import describe
from .holds import Hold
from .inflight import Occupied
from .task_call import Call


class Task:
    """A background task of a plugin, under one name for as long as the plugin is loaded.

    ``Plugin.background`` gives one.
    """

    def __init__(self, name: str, cancel: Callable[[], object]) -> None:
        self.name = name
        self._cancel = cancel
        #: What ended it; None while it runs, and if nothing did.
        self.error: BaseException | None = None
        self._call: Call | None = None
        self._runs: list[Run] = []  # the last one, and those before it that have not ended
        self._lock = threading.Lock()
        self._told = ""

    def __repr__(self) -> str:
        return f"<background task {self.told()}>"

    @property
    def running(self) -> bool:
        """Whether it runs, or waits for its next turn."""
        return any(not run.done.is_set() for run in self._runs)

    def stop(self) -> None:
        """Ask it to end, and do not wait; also from inside. No reload starts it again."""
        self._cancel()
        self.halt()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; return whether it has. From inside, it has not."""
        return all(run.join(timeout) for run in list(self._runs))

    def told(self) -> str:
        """Return its name, and how it goes."""
        if not self.running:
            how = "ended" if self.error is None else f"ended: {describe(self.error)}"
            return f"{self.name} ({how})"
        if self.wanted() is None:
            return f"{self.name} (asked to stop)"
        return f"{self.name}{self._told}"

    # -- by the manager --------------------------------------------------------------------------

    def begin(self, call: Call, thread: str, gate: Occupied | None) -> None:
        """Begin in a new thread, which first waits for the former one to end."""
        with self._lock:
            for run in self._runs:
                run.halt()
            before = [run for run in self._runs if not run.done.is_set()]
            run = Run(self, call, thread, before)
            self.error, self._call = None, call
            self._told = "" if call.every is None else f" (every {call.every:g} s)"
            try:
                run.count_in(gate)
                self._runs = [*before, run]
                run.thread.start()
            except BaseException:
                run.never_began()
                raise

    def count_in(self, gate: Occupied) -> None:
        """Count what runs in a gate."""
        with self._lock:
            for run in self._runs:
                run.count_in(gate)

    def wanted(self) -> Call | None:
        """Return what it does, unless it has ended or was asked to."""
        with self._lock:
            run = self._runs[-1] if self._runs else None
            return self._call if run is not None and run.is_wanted else None

    def halt(self) -> list[Run]:
        """Ask it to end; return those whose thread is still there."""
        with self._lock:
            for run in self._runs:
                run.halt()
            return [run for run in self._runs if run.thread.is_alive() or not run.done.is_set()]

    def recall(self, call: Call) -> bool:
        """Take the last :meth:`halt` back; return False where ``call`` has to begin again."""
        with self._lock:
            run = self._runs[-1] if self._runs else None
            return run is not None and run.reference() is call and run.recall()

    def ended(self, run: Run, error: BaseException | None) -> None:
        """Be told, by the thread, that a run is over."""
        with self._lock:
            if self._runs and self._runs[-1] is run:
                self.error, self._call = error, None  # what it held can go


class Run:
    """One thread of a task.

    :param before: those that have to end first.
    """

    def __init__(self, task: Task, call: Call, name: str, before: list[Run]) -> None:
        self.task = task
        self.done = threading.Event()
        self.stop = _Stop()
        self.reference = weakref.ref(call)
        self._call: Call | None = call
        self._before = before
        self._hold: Hold | None = None
        self._lock = threading.Lock()
        self._recalled = False
        self._finished = False  # by itself, not because it was asked to
        self.thread = threading.Thread(target=self._body, name=name, daemon=True)

    @property
    def is_wanted(self) -> bool:
        """Whether it runs, and nobody has asked it to end."""
        return not self.done.is_set() and not self.stop.is_set_for_us()

    def count_in(self, gate: Occupied | None) -> None:
        """Be in flight in a gate until it ends."""
        with self._lock:
            if gate is not None and self._hold is None and not self.done.is_set():
                self._hold = Hold(gate, self.task.name, "background task")
                if self.thread.ident is not None:
                    self._hold.begin(self.thread)

    def halt(self) -> None:
        """Ask it to end."""
        with self._lock:
            self._recalled = False
            self.stop.set()

    def recall(self) -> bool:
        """Let it go on, also if it is about to end as it was asked to.

        :returns: False if it has ended for that; what has finished its work has nothing to go on with.
        """
        with self._lock:
            if self.done.is_set():
                return self._finished
            self._recalled = True
            self.stop.clear()
            return True

    def join(self, timeout: float | None) -> bool:
        """Wait for the end of the thread; return whether it has ended. From inside, it has not."""
        if self.thread is threading.current_thread() or not self.done.wait(timeout):
            return False
        if self.thread.ident is not None:  # it could be started
            self.thread.join(timeout)
        return True

    def never_began(self) -> None:
        """Take it for ended: there is no thread for it; or Ctrl-C came when there was, which ends soon."""
        self.stop.set()
        self._end()

    def _body(self) -> None:
        with self._lock:
            if self._hold is not None:
                self._hold.begin()
        before, self._before = self._before, []
        for run in before:
            run.done.wait()
        del before
        error: BaseException | None = None
        try:
            while self._once():
                pass
        except BaseException as raised:
            error = raised
            self._finished = True
            raise  # threading.excepthook tells it
        finally:
            self.task.ended(self, error)
            error = None
            self._end()

    def _once(self) -> bool:
        """Run the function, wait for its next turn, and return whether there is one."""
        call = self._call
        if call is None:
            return False
        began = monotonic()
        self.stop.was_seen = False
        is_run = not self.stop.is_set_for_us()
        if is_run:
            given = {"stop": self.stop} if call.wants_stop else {}
            call.function(*call.args, **call.kwargs, **given)
            if call.every is not None:
                self.stop.wait_for_us(max(0.0, began + call.every - monotonic()))
        with self._lock:
            self._finished = is_run and call.every is None and not self.stop.was_seen
            if self.stop.is_set_for_us():
                again = False
            elif call.every is not None:
                again = True
            else:  # it ended as it was asked to, which was taken back: it is to go on
                again = self._recalled and self.stop.was_seen
            self._recalled = False
            if not again:
                self._close()
            return again

    def _end(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        """Be over. Under the lock: who recalls it sees whether it comes too late."""
        self._call = None
        self.done.set()
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.end()


class _Stop(threading.Event):
    """Knows whether the function has been told to stop."""

    was_seen = False

    def is_set(self) -> bool:
        answer = super().is_set()
        if answer:
            self.was_seen = True
        return answer

    def wait(self, timeout: float | None = None) -> bool:
        answer = super().wait(timeout)
        if answer:
            self.was_seen = True
        return answer

    def is_set_for_us(self) -> bool:
        """Return the same without taking it for seen."""
        return super().is_set()

    def wait_for_us(self, timeout: float) -> bool:
        """Wait without taking it for seen."""
        return super().wait(timeout)
