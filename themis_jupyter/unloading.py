"""Unloading plugins that go down together, dependents first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from . import background
from .closure import Closure
from .errors import PluginBusyError, PluginError, describe
from .loading import SubmoduleFinder, drop_modules
from .operation import Operation
from .phases import Outcome, Phase
from .record import Record, running_sources, sources_of
from .running import Runner

_Told = list[tuple[Record, Operation]]


def unload(
    records: Sequence[Record],
    runner: Runner,
    operation: Callable[[], Operation],
    finder: SubmoduleFinder,
    drain_timeout: float,
) -> None:
    """Shut plugins down and drop their modules.

    :param records: dependents before what they need.
    :param operation: makes the operation of one unload.
    :raises PluginBusyError: calls in flight do not end; all of them go on running.
    :raises PluginError: a ``shutdown`` raised, or a background task goes on; they are unloaded all the
        same.
    :raises KeyboardInterrupt: Ctrl-C; those whose turn had not come go on running.
    """
    left: _Told = [(record, operation()) for record in records]
    closure = Closure(record.gate for record in records)
    errors: list[PluginError] = []
    try:
        _shut_gates(left, closure, runner, drain_timeout)
        while left:
            runner.guard.check()
            errors += _take_down(*left[0], runner, finder)
            del left[0]
    except BaseException as error:
        for record, told in left:
            background.resume(record.instance)
            told.tell(record.name, Outcome.ABORTED, "ended", told.elapsed, describe(error))
        raise
    finally:
        closure.open()
    if len(errors) == 1:
        raise errors[0] from errors[0].__cause__
    if errors:
        message = " ".join(map(str, errors))
        if all(error.__cause__ is not None for error in errors):
            names = ", ".join(repr(error.plugin) for error in errors)
            message = f"{names} are unloaded, but their shutdown() raised."
        several = PluginError(errors[0].plugin, message)
        several.sources = {name: text for e in errors for name, text in e.sources.items()}
        raise several from ExceptionGroup("unloading", errors)


def _shut_gates(told: _Told, closure: Closure, runner: Runner, drain_timeout: float) -> None:
    for number, (record, operation) in enumerate(told, 1):
        with operation.step(record.name, Phase.BEFORE_UNLOAD):
            operation.announce(record.name, Phase.BEFORE_UNLOAD)
            if number == len(told):
                closure.shut()
                with runner.guard.allowed():
                    closure.drain_calls(drain_timeout)
                background.suspend(each.instance for each, _ in told)
                # A user wants it gone, also with a task that goes on: that is told later.
                with suppress(PluginBusyError), runner.guard.allowed():
                    closure.drain(drain_timeout)


def _take_down(
    record: Record, operation: Operation, runner: Runner, finder: SubmoduleFinder
) -> list[PluginError]:
    name = record.name
    errors: list[PluginError] = []
    if record.instance is not None:
        try:
            with operation.step(name, Phase.UNLOAD):
                runner.shutdown(name, record.instance)
        except BaseException as raised:  # noqa: BLE001 - told; a user wants it gone all the same
            what = describe(raised).rstrip(".")
            error = PluginError(name, f"{name!r} is unloaded, but its shutdown() raised {what}.")
            error.__cause__ = raised
            error.sources = running_sources(record.modules)
            errors.append(error)
        background.settle([record.instance])
        for words in background.end(record.instance, 0.0):  # they had their time
            errors.append(PluginError(name, f"{name!r} is unloaded, but {words}"))
        background.retire(record.instance)
    elif record.dormant is not None:
        background.retire(record.dormant)
    with operation.step(name, Phase.AFTER_UNLOAD):
        record.history.grow(sources_of(record.modules))
        if not record.adopted:
            drop_modules(record.modules)
        if record.candidate.is_package:
            finder.remove(record.candidate.module)
        record.own_widget.end()
        record.instance = record.dormant = record.module = record.kept = None
        record.gate.retire()
        record.history.unloaded()
        operation.announce(name, Phase.AFTER_UNLOAD)
    operation.tell(name, Phase.AFTER_UNLOAD, "ended", operation.elapsed)
    return errors
