"""Operators and protocols go through a handle."""

from __future__ import annotations

import asyncio
import collections
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handle.conftest import (
    Bag,
    Counter,
    handle_of,
    names_in_flight,
)
from themis_jupyter.handle import make_handle


def test_a_container_through_its_handle():
    bag = Bag(1, 2, 3)
    handle = handle_of(bag)
    assert len(handle) == 3
    assert handle[0] == 1
    handle[0] = 9
    del handle[1]
    assert bag.items == [9, 3]
    assert list(handle) == [9, 3]
    assert list(reversed(handle)) == [3, 9]
    assert 3 in handle
    assert 4 not in handle
    assert next(iter(handle)) == 9
    assert names_in_flight(handle) == []
    iterator = iter(handle)
    assert names_in_flight(handle) == ["__iter__"]
    assert next(iterator) == 9
    iterator.close()


def test_calls_and_contexts_through_a_handle():
    handle = handle_of(Bag())
    assert handle(1, key=2) == ((1,), {"key": 2})
    assert callable(handle)
    with handle as inner:
        assert inner is handle
        raise LookupError
    assert handle.left is LookupError


def test_operators_through_a_handle():
    bag = Bag(1)
    handle, other = handle_of(bag), handle_of(Bag(2, 3))
    assert (handle + other).items == [1, 2, 3]
    assert (handle + Bag(4)).items == [1, 4]
    assert (bag + other) == ("radd", bag)  # Bag.__add__ sees a handle, which is no Bag by type()
    assert "x" + handle == ("radd", "x")
    with pytest.raises(TypeError):
        handle - 1
    same = handle
    handle += 5
    assert handle is same
    assert bag.items == [1, 5]
    assert (-handle).items == [-1, -5]
    assert handle == bag
    assert handle == handle_of(Bag(1, 5))
    assert handle != other
    assert other > handle_of(Bag())
    assert hash(handle) == hash(bag)
    assert handle
    assert not handle_of(Bag())
    assert int(handle) == 6
    assert f"{handle:x}" == "bag:x"
    assert str(handle) == "Bag[1, 5]"


def test_a_plain_plugin_has_no_special_methods(handle, record):
    assert not callable(handle)
    for use in (len, iter, int, lambda h: h[0], lambda h: h + 1, lambda h: h < h):
        with pytest.raises(TypeError):
            use(handle)
    with pytest.raises(TypeError), handle:
        pass
    assert bool(handle) is True
    assert isinstance(handle, collections.abc.Hashable)
    assert not isinstance(handle, collections.abc.Iterable)


def test_equality_and_hash_of_a_plain_plugin(handle, record):
    assert handle == handle
    assert handle == record.instance
    assert record.instance == handle
    assert handle == make_handle(record)
    assert handle != handle_of(Counter())
    assert handle != 1
    assert hash(handle) == hash(record.instance)
    assert {handle: 1}[record.instance] == 1


def test_an_unhashable_plugin_stays_unhashable():
    @dataclasses.dataclass
    class Point:
        x: int
        y: int = 0

    handle = handle_of(Point(1))
    with pytest.raises(TypeError, match="unhashable"):
        hash(handle)
    assert handle == Point(1)
    assert dataclasses.asdict(handle) == {"x": 1, "y": 0}
    match handle:
        case Point(x, y):
            assert (x, y) == (1, 0)
        case _:
            raise AssertionError("no match")


def test_an_iterator_plugin_stays_behind_its_handle():
    class Ticks:
        def __iter__(self):
            return self

        def __next__(self):
            return names_in_flight(handle)

    handle = handle_of(Ticks())
    assert iter(handle) is handle
    assert next(handle) == ["__next__"]


def test_an_awaitable_plugin_can_be_awaited_and_iterated():
    class Source:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "awaited"

        async def __aiter__(self):
            yield 1

    handle = handle_of(Source())

    async def use():
        return await handle, [item async for item in handle]

    assert asyncio.run(use()) == ("awaited", [1])


@given(
    st.lists(st.integers(-3, 3), max_size=4),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["append", "pop", "remove", "insert", "count", "__getitem__", "__delitem__"]
            ),
            st.lists(st.integers(-3, 3), max_size=2),
        ),
        max_size=6,
    ),
)
def test_a_list_through_a_handle_is_a_list(items, steps):
    plain, behind = list(items), list(items)
    handle = handle_of(behind)

    def attempt(obj, name, args):
        try:
            return getattr(obj, name)(*args)
        except (TypeError, LookupError, ValueError) as error:
            return type(error), str(error)

    for name, args in steps:
        assert attempt(handle, name, args) == attempt(plain, name, args)
        assert handle == plain
        assert (len(handle), bool(handle), list(handle)) == (len(plain), bool(plain), plain)
        assert (handle + plain, handle * 2) == (plain + plain, plain * 2)
        assert (handle < [0]) == (plain < [0])
