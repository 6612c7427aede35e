"""Handles: they behave as the instance does, over reloads and unloads, and each use is counted."""

from __future__ import annotations

import abc
import asyncio
import collections
import contextlib
import copy
import dataclasses
import functools
import inspect
import pickle
import pydoc
import threading
import weakref
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import gates
from tests.gates import SOON, check_interrupts, end, looks_of_a_call, start
from themis_jupyter.closure import close_gates
from themis_jupyter.errors import PluginBusyError, PluginNotLoadedError
from themis_jupyter.gate import Gate
from themis_jupyter.handle import Handle, instance_of, make_handle, refresh, target_of

drains, stack = gates.drains, gates.stack


class Record:
    """What a manager keeps of a plugin, as far as a handle cares."""

    def __init__(self, instance: object | None, name: str = "counter") -> None:
        self.name = name
        self.instance = instance
        self.gate = Gate(name)

    def unload(self) -> None:
        self.instance = None
        self.gate.retire()

    def load(self, instance: object) -> None:
        self.instance = instance
        self.gate.revive()


def handle_of(instance: object | None) -> Any:
    return make_handle(Record(instance))


def gate_of(handle: Any) -> Gate:
    return target_of(handle).gate


def names_in_flight(handle: Any) -> list[str]:
    return [call.name for call in gate_of(handle).in_flight()]


class Counter:
    """Counts."""

    version = "1.2"
    handle: Any  # set by who wants to be seen

    def __init__(self, total: int = 0) -> None:
        self.total = total

    def add(self, step: int = 1, *, twice: bool = False) -> int:
        """Add to the total."""
        self.total += step * (2 if twice else 1)
        return self.total

    def seen(self) -> list[str]:
        return names_in_flight(self.handle)

    @property
    def half(self) -> float:
        """Half of the total."""
        return self.total / 2

    @half.setter
    def half(self, value: float) -> None:
        self.total = int(value * 2)

    @classmethod
    def make(cls, total: int) -> Counter:
        return cls(total)

    @staticmethod
    def triple(number: int) -> int:
        return number * 3

    @functools.lru_cache(maxsize=8)  # noqa: B019 - what users write
    def cached(self, number: int) -> int:
        return number + 1

    def added(self, step: int, factor: int) -> int:
        return self.add(step * factor)

    tenfold = functools.partialmethod(added, factor=10)

    def numbers(self, upto: int):
        """Yield numbers."""
        yield from range(upto)

    async def fetch(self, number: int = 1) -> int:
        """Fetch a number."""
        await asyncio.sleep(0)
        return number

    async def stream(self):
        yield 1
        yield 2

    def me(self) -> Counter:
        return self


@pytest.fixture
def record() -> Record:
    return Record(Counter())


@pytest.fixture
def handle(record: Record) -> Any:
    return make_handle(record)


# --- attributes -----------------------------------------------------------------------------------


def test_attributes_are_read_set_and_deleted_on_the_instance(handle, record):
    assert handle.total == 0
    handle.total = 5
    handle.note = "x"
    assert record.instance.__dict__ == {"total": 5, "note": "x"}
    del handle.note
    assert not hasattr(record.instance, "note")
    assert not hasattr(handle, "note")
    assert vars(handle) is vars(record.instance)
    handle.half = 4
    assert handle.half == handle.total / 2 == 4


def test_a_missing_attribute_fails_as_on_the_instance(handle):
    with pytest.raises(AttributeError, match="'Counter' object has no attribute 'totl'"):
        _ = handle.totl
    with pytest.raises(AttributeError):
        del handle.totl


def test_each_access_is_a_call_in_flight():
    class Curious:
        @property
        def seen(self):
            return names_in_flight(handle)

        @seen.setter
        def seen(self, value):
            log.append(names_in_flight(handle))

        @seen.deleter
        def seen(self):
            log.append(names_in_flight(handle))

    log: list[list[str]] = []
    handle = handle_of(Curious())
    assert handle.seen == ["seen"]
    handle.seen = 1
    del handle.seen
    assert log == [["seen"], ["seen"]]


@pytest.mark.parametrize(
    "name", ["_core", "target", "gate", "methods", "lookup", "name", "instance"]
)
def test_bookkeeping_hides_no_attribute_of_the_plugin(name):
    cls = type("Plugin", (), {name: lambda self: "method"})
    handle = handle_of(cls())
    assert getattr(handle, name)() == "method"
    setattr(handle, name, "data")
    assert getattr(handle, name) == "data"
    delattr(handle, name)
    assert getattr(handle, name)() == "method"
    assert not hasattr(handle_of(object()), name)


def test_an_instance_attribute_wins_over_a_method(handle, record):
    record.instance.add = 5
    assert handle.add == 5
    del record.instance.add
    assert handle.add() == 1


def test_a_method_can_be_replaced_and_put_back(handle, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(handle, "add", lambda: "fake")
        assert handle.add() == "fake"
    assert handle.add() == 1
    assert names_in_flight(handle) == []


def test_a_method_kept_under_a_second_name_is_counted(handle):
    handle.handle = handle
    handle.alias = handle.seen
    assert handle.alias() == ["alias"]
    assert handle.alias == handle.alias


def test_a_plugin_may_answer_for_attributes_by_itself():
    class Dynamic:
        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            return name.upper()

    handle = handle_of(Dynamic())
    assert handle.anything == "ANYTHING"

    class Stubborn:
        def plain(self):
            return 1

        def __getattribute__(self, name):
            return "mine" if name == "plain" else object.__getattribute__(self, name)

    assert handle_of(Stubborn()).plain == "mine"


def test_a_plugin_with_slots_works():
    class Slotted:
        __slots__ = ("value",)
        value: int

        def get(self):
            return (self.value, names_in_flight(handle))

    handle = handle_of(Slotted())
    handle.value = 3
    assert handle.value == 3
    assert handle.get() == (3, ["get"])
    assert handle.get is handle.get


def test_dir_is_that_of_the_instance(handle, record):
    handle.extra = 1
    assert dir(handle) == dir(record.instance)
    assert "extra" in dir(handle)


def test_the_instance_is_given_out_as_the_handle(handle, record):
    assert handle.me() is handle
    record.instance.itself = record.instance
    assert handle.itself is handle
    assert instance_of(handle) is record.instance
    assert target_of(handle) is record


# --- methods --------------------------------------------------------------------------------------


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


# --- special methods ------------------------------------------------------------------------------


class Bag:
    """A container that also is a number, a callable and a context."""

    def __init__(self, *items: int) -> None:
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __delitem__(self, key):
        del self.items[key]

    def __iter__(self):
        yield from self.items

    def __contains__(self, item):
        return item in self.items

    def __reversed__(self):
        return reversed(self.items)

    def __call__(self, *args, **kwargs):
        return args, kwargs

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.left = exc[0]
        return exc[0] is LookupError

    def __add__(self, other):
        return Bag(*self.items, *other.items) if type(other) is Bag else NotImplemented

    def __radd__(self, other):
        return ("radd", other)

    def __iadd__(self, other):
        self.items.append(other)
        return self

    def __neg__(self):
        return Bag(*(-item for item in self.items))

    def __eq__(self, other):
        return type(other) is Bag and other.items == self.items

    def __hash__(self):
        return hash(tuple(self.items))

    def __lt__(self, other):
        return len(self.items) < len(other.items)

    def __bool__(self):
        return sum(self.items) > 0

    def __int__(self):
        return sum(self.items)

    def __format__(self, spec):
        return f"bag:{spec}"

    def __str__(self):
        return f"Bag{self.items}"


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


# --- what kind of thing it says it is -------------------------------------------------------------


def test_isinstance_sees_the_plugins_class(handle):
    class Base(abc.ABC):  # noqa: B024 - registered below
        pass

    @runtime_checkable
    class Adds(Protocol):
        def add(self, step: int) -> int: ...

    Base.register(Counter)
    assert isinstance(handle, Counter)
    assert isinstance(handle, Base)
    assert isinstance(handle, Handle)
    assert isinstance(handle, Adds)
    assert not isinstance(handle, int)
    assert handle.__class__ is Counter
    assert handle.__doc__ == "Counts."
    assert handle.__module__ == __name__


def test_repr(handle, record):
    assert repr(handle) == str(handle) == f"{handle}" == "<plugin counter 1.2: Counter object>"
    assert repr(handle_of(collections.Counter(a=1))) == "<plugin counter: Counter({'a': 1})>"
    record.unload()
    assert repr(handle) == "<plugin counter: not loaded; `%load_plugin counter` loads it>"
    assert str(handle) == repr(handle)
    assert repr(handle_of(None)) == repr(handle)


def test_repr_does_not_wait_for_a_swap(handle):
    with close_gates([gate_of(handle)], SOON):
        assert end(start(lambda: repr(handle))) == "<plugin counter 1.2: being reloaded>"
        assert repr(handle) == "<plugin counter 1.2: Counter object>"  # the thread that reloads


def test_help_shows_the_plugin(handle):
    text = pydoc.plain(pydoc.render_doc(handle))
    for part in ("Counts.", "add(self, step", "Add to the total.", "half", "Half of the total."):
        assert part in text
    assert "_core" not in text


def test_help_for_a_method(handle):
    text = pydoc.plain(pydoc.render_doc(handle.add))
    assert "add(step" in text
    assert "Add to the total." in text


def test_the_signature_of_a_callable_plugin():
    class Scaler:
        def __call__(self, value: float, *, by: float = 2) -> float:
            return value * by

    assert inspect.signature(handle_of(Scaler())) == inspect.signature(Scaler())


def test_copies_are_the_handle_and_pickles_are_refused(handle):
    assert copy.copy(handle) is handle
    assert copy.deepcopy([handle])[0] is handle
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="handle of plugin 'counter' cannot be pickled"):
            pickle.dumps(handle, protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle.add)


def test_a_handle_can_be_referred_to_weakly(handle):
    assert weakref.ref(handle)() is handle


def test_ipython_display_asks_only_for_what_the_plugin_has(handle):
    formatters = pytest.importorskip("IPython.core.formatters")

    class Rich:
        def _repr_html_(self):
            return "<b>rich</b>"

        def __repr__(self):
            return "Rich"

    display = formatters.DisplayFormatter()
    data, _ = display.format(handle_of(Rich()))
    assert data == {"text/html": "<b>rich</b>", "text/plain": "<plugin counter: Rich>"}
    data, _ = display.format(handle)
    assert set(data) == {"text/plain"}
    data, _ = display.format(handle_of(None))
    assert data == {"text/plain": repr(handle_of(None))}
    assert not hasattr(handle, "_repr_html_")
    assert not hasattr(handle, "_ipython_canary_method_should_not_exist_")


def test_ipython_completes_and_inspects(handle):
    core = pytest.importorskip("IPython.core.interactiveshell")
    from IPython.core.completer import provisionalcompleter

    shell = core.InteractiveShell()
    try:
        shell.user_ns["h"] = handle
        for jedi in (False, True):
            shell.Completer.use_jedi = jedi
            with provisionalcompleter():
                found = {each.text.strip(".") for each in shell.Completer.completions("h.", 2)}
            assert {"add", "total", "half", "fetch"} <= found
        info = shell.object_inspect("h.add")
        assert info["docstring"] == "Add to the total."
        assert shell.object_inspect("h")["docstring"] == "Counts."
    finally:
        shell.history_manager.end_session()
        shell.restore_sys_module_state()


# --- over reloads ---------------------------------------------------------------------------------


@contextlib.contextmanager
def swap(record: Record):
    with close_gates([record.gate], SOON):
        yield


def test_a_reload_may_add_and_take_away_methods():
    class Methods:
        def old(self):
            return "old"

        def both(self):
            """Say before."""
            return "before"

        def __len__(self):
            return 2

    Plugin: Any = Methods
    record = Record(Plugin())
    handle: Any = make_handle(record)
    both = handle.both

    def after(self, extra=None):
        """Say after."""
        return "after"

    with swap(record):
        del Plugin.old, Plugin.__len__
        Plugin.__call__ = lambda self: "called"
        Plugin.new = lambda self: "new"
        Plugin.both = after

    assert callable(handle)
    assert handle() == "called"
    assert handle.new() == "new"
    assert both() == handle.both() == "after"
    assert both == handle.both
    assert inspect.signature(both) == inspect.signature(Plugin().both)
    assert both.__doc__ == "Say after."
    assert not hasattr(handle, "old")
    with pytest.raises(TypeError):
        len(handle)
    text = pydoc.plain(pydoc.render_doc(handle))
    assert "new" in text
    assert "old" not in text


def test_a_method_may_become_asynchronous_and_back():
    class Methods:
        def work(self):
            return 1

    Plugin: Any = Methods
    record = Record(Plugin())
    handle: Any = make_handle(record)
    work = handle.work
    sync = Plugin.work

    async def later(self):
        return 2

    with swap(record):
        Plugin.work = later
    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(work()) == 2
    with swap(record):
        Plugin.work = sync
    assert not inspect.iscoroutinefunction(work)
    assert work() == 1


def test_a_change_with_the_gate_open_shows_after_refresh():
    Plugin: Any = type("Plugin", (), {})
    handle = handle_of(Plugin())
    Plugin.__len__ = lambda self: 3
    Plugin.new = lambda self: names_in_flight(handle)
    assert handle.new() == ["new"]  # ordinary attributes need none
    refresh(handle)
    assert len(handle) == 3


def test_a_refresh_that_finds_no_change_changes_nothing(handle):
    methods = {name: getattr(handle, name) for name in ("add", "numbers", "fetch")}
    before = dict(vars(type(handle)))
    refresh(handle)
    assert dict(vars(type(handle))) == before
    assert all(getattr(handle, name) is method for name, method in methods.items())


def test_a_reload_may_change_the_class_of_the_instance(record, handle):
    class Other:
        def __call__(self):
            return "other"

    add = handle.add
    with swap(record):
        record.instance = Other()
    assert handle() == "other"
    assert isinstance(handle, Other)
    assert not isinstance(handle, Counter)
    with pytest.raises(AttributeError, match="'Other' object has no attribute 'add'"):
        add()
    assert not hasattr(handle, "add")


def test_reads_and_calls_wait_during_a_swap(record, handle):
    uses = [lambda: handle.total, lambda: handle.add(0), lambda: vars(handle)["total"]]
    with swap(record):
        attributes = dict(record.instance.__dict__)
        record.instance.__dict__.clear()
        futures = [start(use) for use in uses]
        record.instance.total = 0
        record.instance.__dict__.update(attributes, total=41)
    assert [end(future) for future in futures] == [41, 41, 41]


def test_an_asynchronous_call_waits_without_blocking_its_loop(record, handle):
    shut, opening = threading.Event(), threading.Event()

    def swapping():
        with swap(record):
            shut.set()
            assert opening.wait(SOON)

    async def use():
        future = start(swapping)
        await asyncio.to_thread(shut.wait, SOON)
        task = asyncio.create_task(handle.fetch(3))
        for _ in range(20):  # the loop goes on
            await asyncio.sleep(0)
        assert not task.done()
        assert names_in_flight(handle) == []  # it does not hold up the drain either
        cancelled = asyncio.create_task(handle.fetch(4))
        await asyncio.sleep(0)
        cancelled.cancel()
        opening.set()
        assert await task == 3
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await asyncio.to_thread(future.result, SOON)

    asyncio.run(use())
    assert names_in_flight(handle) == []


def test_tasks_that_call_without_pause_do_not_keep_a_reload_from_draining(record, handle):
    swaps = 0

    def swapping():
        nonlocal swaps
        for _ in range(20):
            with swap(record):
                swaps += 1

    async def task(until):
        made = 0
        while not until.done():
            made += await handle.fetch()
        return made

    async def use():
        until = asyncio.create_task(asyncio.to_thread(swapping))
        return await asyncio.gather(*(task(until) for _ in range(5)))

    assert min(asyncio.run(use())) > 0
    assert swaps == 20


def test_an_asynchronous_call_outside_a_loop_waits_too(record, handle):
    with swap(record):
        future = start(lambda: asyncio.run(handle.fetch(2)))
        assert not future.done()
    assert end(future) == 2


def test_an_asynchronous_call_that_waits_for_an_unloaded_plugin_fails(record, handle):
    async def use():
        return await handle.fetch()

    with swap(record):
        future = start(lambda: asyncio.run(use()))
        record.unload()
    with pytest.raises(PluginNotLoadedError):
        end(future)


def test_draining_is_woken_by_the_last_call_through_a_handle(drains):
    class Plugin:
        def work(self):
            entered.set()
            assert leave.wait(SOON)
            return "done"

    entered, leave = threading.Event(), threading.Event()
    handle = handle_of(Plugin())
    working = start(handle.work)
    assert entered.wait(SOON)
    closing = start(lambda: close_gates([gate_of(handle)], None))
    assert drains.acquire(timeout=SOON)
    leave.set()
    assert end(working) == "done"
    end(closing).open()


def test_a_call_is_counted_before_it_looks_through_a_handle_too():
    class Plugin:
        def work(self):
            return 1

    def make_call(gate):
        record = Record(Plugin())
        record.gate = gate
        handle: Any = make_handle(record)
        return handle.work

    assert looks_of_a_call(make_call) == [["work"], []]


def test_an_interrupt_in_a_handle_leaves_the_counts_right(drains, stack):
    class Plugin:
        def work(self, body):
            body()

    handle = handle_of(Plugin())
    check_interrupts(stack, gate_of(handle), drains, handle.work)


def test_a_coroutine_in_flight_may_call_the_plugin_while_it_is_drained(drains):
    class Plugin:
        async def outer(self):
            begun.set()
            await asyncio.to_thread(drains.acquire, timeout=SOON)
            return await handle.inner()

        async def inner(self):
            return "inner"

    begun = threading.Event()
    handle = handle_of(Plugin())
    running = start(lambda: asyncio.run(handle.outer()))
    assert begun.wait(SOON)
    closing = start(lambda: close_gates([gate_of(handle)], None))
    assert end(running) == "inner"
    end(closing).open()


def test_a_generator_in_flight_is_named(record, handle):
    generator = handle.numbers(2)
    with pytest.raises(PluginBusyError, match=r"generator of counter\.numbers"):
        close_gates([record.gate], 0)
    generator.close()
    close_gates([record.gate], 0).open()


def test_no_call_fails_during_swaps_under_8_threads(record, handle):
    stop, progress = threading.Event(), threading.Semaphore(0)

    def worker():
        made = 0
        while not stop.is_set():
            handle.add()
            assert handle.total >= 1
            assert list(handle.numbers(3)) == [0, 1, 2]
            made += 1
            progress.release()
        return made

    handle.add()
    workers = [start(worker) for _ in range(8)]
    for _ in range(100):
        assert progress.acquire(timeout=SOON)
        with swap(record):
            attributes = dict(record.instance.__dict__)
            record.instance.__dict__.clear()
            record.instance.__dict__.update(attributes)
    stop.set()
    assert sum(map(end, workers)) >= 100
    assert names_in_flight(handle) == []


# --- unloaded -------------------------------------------------------------------------------------

USES: dict[str, Callable[[Any], Any]] = {
    "attribute": lambda h: h.total,
    "method": lambda h: h.add,
    "set": lambda h: setattr(h, "total", 1),
    "delete": lambda h: delattr(h, "total"),
    "call": lambda h: h(),
    "length": len,
    "item": lambda h: h[0],
    "iterate": iter,
    "contains": lambda h: 1 in h,
    "context": lambda h: h.__class__ and contextlib.ExitStack().enter_context(h),
    "add": lambda h: h + 1,
    "equal": lambda h: h == 1,
    "hash": hash,
    "bool": bool,
}


@pytest.mark.parametrize("use", USES)
def test_each_use_of_an_unloaded_plugin_says_so(use):
    record = Record(Bag())
    handle: Any = make_handle(record)
    record.unload()
    with pytest.raises(PluginNotLoadedError, match="%load_plugin counter") as caught:
        USES[use](handle)
    assert caught.value.plugin == "counter"


def test_a_plugin_that_is_only_taken_away_says_so_too(record, handle):
    add = handle.add
    record.instance = None
    with pytest.raises(PluginNotLoadedError):
        add()
    with pytest.raises(PluginNotLoadedError):
        handle.add()
    assert names_in_flight(handle) == []


def test_probing_an_unloaded_plugin_is_harmless(record, handle):
    record.unload()
    assert not hasattr(handle, "__array__")
    assert not hasattr(handle, "_repr_html_")
    assert not isinstance(handle, Counter)
    assert isinstance(handle, Handle)
    assert dir(handle) == []
    assert copy.copy(handle) is copy.deepcopy(handle) is handle
    assert "not loaded" in handle.__repr__()
    assert pydoc.render_doc(handle)
    refresh(handle)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle)


def test_a_handle_works_again_after_loading_anew(record, handle):
    class Counter2:
        def add(self):
            return "new"

        def __call__(self):
            return "called"

    add, fetch = handle.add, handle.fetch
    record.unload()
    for use in (add, fetch):
        with pytest.raises(PluginNotLoadedError, match="not loaded"):
            use()
    record.load(Counter2())
    assert add() == handle.add() == "new"
    assert add == handle.add
    assert handle() == "called"


def test_a_handle_made_before_the_first_load_works_after_it():
    record = Record(None)
    handle: Any = make_handle(record)
    with pytest.raises(PluginNotLoadedError):
        _ = handle.add
    record.load(Counter())
    assert handle.add() == 1
