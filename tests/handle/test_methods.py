"""Calls through a handle: each is counted."""

from __future__ import annotations

import asyncio
import collections
import functools
import inspect
import sys
from types import FrameType
from typing import Any

import pytest

from tests.handle.conftest import (
    Counter,
    handle_of,
    names_in_flight,
)


def test_a_method_is_counted_and_gets_its_arguments(handle):
    assert handle.add(2, twice=True) == 4
    handle.handle = handle
    assert handle.seen() == ["seen"]
    assert names_in_flight(handle) == []


def test_an_argument_may_have_any_name():
    class Odd:
        def method(this, self, handle, name):  # noqa: N805
            return self, handle, name

    assert handle_of(Odd()).method(self=1, handle=2, name=3) == (1, 2, 3)


def test_methods_of_all_kinds_are_counted(record):
    log = []

    class Kinds:
        @classmethod
        def of_class(cls, number):
            log.append(names_in_flight(handle))
            return number

        @staticmethod
        def static(number):
            log.append(names_in_flight(handle))
            return number

        @functools.singledispatchmethod
        def dispatched(self, number):
            log.append(names_in_flight(handle))
            return number

        @functools.lru_cache  # noqa: B019 - what users write
        def cached(self, number):
            log.append(names_in_flight(handle))
            return number

    handle = handle_of(Kinds())
    for name in ("of_class", "static", "dispatched", "cached"):
        assert getattr(handle, name)(7) == 7
    assert log == [["of_class"], ["static"], ["dispatched"], ["cached"]]
    assert handle.cached.cache_info().currsize == 1


def test_a_callable_in_the_class_body_is_data():
    class Loss:
        def __call__(self, *args):
            return args

    class Plugin:
        loss = Loss()
        Nested = Counter

    handle = handle_of(Plugin())
    assert handle.loss is Plugin.loss
    assert handle.Nested is Counter


def test_methods_of_a_builtin_base_are_counted():
    handle = handle_of(collections.OrderedDict(a=1))
    assert handle.get("a") == 1
    handle.update(b=2)
    assert dict(handle) == {"a": 1, "b": 2}
    assert list(handle.items()) == [("a", 1), ("b", 2)]


def test_a_method_tells_what_it_is(handle, record):
    method = handle.add
    assert (method.__name__, method.__doc__) == ("add", "Add to the total.")
    assert method.__self__ is handle
    assert method.__wrapped__ is Counter.add
    assert inspect.ismethod(method)
    assert inspect.getdoc(method) == "Add to the total."
    assert inspect.getsource(method) == inspect.getsource(Counter.add)


@pytest.mark.parametrize(
    "name", ["add", "make", "triple", "cached", "tenfold", "numbers", "fetch", "stream"]
)
def test_signatures_are_those_of_the_instance(handle, record, name):
    expected = inspect.signature(getattr(record.instance, name))
    assert inspect.signature(getattr(handle, name)) == expected


def test_signatures_of_builtin_methods():
    instance: list[int] = []
    assert inspect.signature(handle_of(instance).append) == inspect.signature(instance.append)


def test_methods_are_equal_by_handle_and_name(handle):
    assert handle.add == handle.add
    assert hash(handle.add) == hash(handle.add)
    assert handle.add != handle.me
    assert handle.add != handle_of(Counter()).add


def test_coroutine_functions_are_recognised(handle):
    assert inspect.iscoroutinefunction(handle.fetch)
    assert asyncio.iscoroutinefunction(handle.fetch)
    assert not inspect.iscoroutinefunction(handle.add)
    assert not inspect.iscoroutinefunction(handle.numbers)


def test_generators_coroutines_and_async_generators_count(handle):
    generator = handle.numbers(2)
    assert names_in_flight(handle) == ["numbers"]
    assert list(generator) == [0, 1]

    async def use():
        coroutine = handle.fetch(4)
        assert inspect.iscoroutine(coroutine)
        assert names_in_flight(handle) == ["fetch"]
        assert await coroutine == 4
        stream = handle.stream()
        assert inspect.isasyncgen(stream)
        assert [names_in_flight(handle) async for _ in stream] == [["stream"], ["stream"]]
        assert names_in_flight(handle) == []

    asyncio.run(use())


def test_what_a_coroutine_returns_counts_too():
    class Opener:
        async def open(self):
            return self.lines()

        def lines(self):
            yield "line"

        async def __aenter__(self):
            return self

        async def __aexit__(self, *exc):
            return None

    handle = handle_of(Opener())

    async def use():
        lines = await handle.open()
        assert names_in_flight(handle) == ["open"]
        assert list(lines) == ["line"]
        async with handle as inner:
            assert inner is handle

    asyncio.run(use())
    assert names_in_flight(handle) == []


def test_a_call_runs_few_python_functions_more(handle, record):
    # What that costs in time is measured by benchmarks/bench_handle.py.
    def called(obj: Any) -> int:
        names: list[str] = []

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                names.append(frame.f_code.co_name)

        sys.setprofile(note)
        try:
            obj.triple(1)
        finally:
            sys.setprofile(None)
        return len(names)

    called(handle)  # what is made once, at the first use
    assert called(handle) - called(record.instance) <= 2
