"""Bases, mixins, abstract classes, generics and Protocols."""

from __future__ import annotations

import abc
import inspect
import sys
from collections.abc import Sized
from typing import Any

import pytest

from themis_jupyter.errors import ReloadError, UnpatchableError
from themis_jupyter.testing import Workspace

BASES = """
    class Left:
        def who(self):
            return "left"

    class Right:
        def who(self):
            return "right"

    class Mixin:
        def more(self):
            return "more"

    class A(Left):
        x = 1
    """


def test_base_is_swapped(workspace: Workspace) -> None:
    m = workspace.load("m", BASES)
    user = workspace.import_("user", "from m import A\n\nclass B(A):\n    pass\n")
    a, b = m.A(), user.B()
    workspace.replace(m, "A(Left)", "A(Right)")
    assert a.who() == b.who() == "right"
    assert m.A.__mro__ == (m.A, m.Right, object)
    assert isinstance(b, m.Right)
    assert not issubclass(user.B, m.Left)
    assert m.Left.__subclasses__() == []
    assert m.Right.__subclasses__() == [m.A]
    assert m.A.__subclasses__() == [user.B]


def test_mixin_added_moved_and_removed(workspace: Workspace) -> None:
    m = workspace.load("m", BASES)
    a = m.A()
    workspace.replace(m, "A(Left)", "A(Left, Mixin)")
    assert (a.who(), a.more()) == ("left", "more")
    workspace.replace(m, "A(Left, Mixin)", "A(Mixin, Left)")
    assert m.A.__mro__[1:3] == (m.Mixin, m.Left)
    workspace.replace(m, "A(Mixin, Left)", "A(Left)")
    assert not hasattr(a, "more")


def test_mixin_added_where_the_layout_forbids_it(workspace: Workspace) -> None:
    m = workspace.load(
        "m", BASES + "\n    class Bare:\n        def f(self):\n            return 1\n"
    )
    bare = m.Bare()
    workspace.edit("m.py", "return 1", "return 2")
    with pytest.raises(UnpatchableError, match=r"m\.Bare") as caught:
        workspace.replace(m, "class Bare:", "class Bare(Mixin):")
    assert caught.value.target == "m.Bare"
    assert "object" in str(caught.value) or "Mixin" in str(caught.value)
    assert bare.f() == 1
    assert m.Mixin.__subclasses__() == []


@pytest.mark.parametrize("base", ["int", "dict", "Exception", "list"])
def test_builtin_base_is_refused(workspace: Workspace, base: str) -> None:
    m = workspace.load("m", BASES)
    a = m.A()
    workspace.edit("m.py", "A(Left)", f"A({base})")
    with pytest.raises(ReloadError, match=r"m\.A"):
        workspace.reload(m)
    assert a.who() == "left"
    workspace.replace(m, f"A({base})", "A(Right)")
    assert a.who() == "right"


def test_subclasses_in_other_modules_see_new_base_methods(workspace: Workspace) -> None:
    m = workspace.load("m", BASES)
    user = workspace.import_(
        "user",
        "import m\n\nclass B(m.A):\n    def who(self):\n        return super().who() + '!'\n",
    )
    b = user.B()
    who = b.who
    workspace.edit("m.py", "x = 1", "x = 1\n\n    def __len__(self):\n        return 5")
    workspace.replace(m, '"left"', '"LEFT"')
    assert (b.who(), who(), len(b)) == ("LEFT!", "LEFT!", 5)
    assert isinstance(b, Sized)


def test_slots_of_a_subclass_elsewhere(workspace: Workspace) -> None:
    m = workspace.load("m", "class P:\n    __slots__ = ()\n\n    def f(self):\n        return 1\n")
    user = workspace.import_("user", "from m import P\n\nclass Q(P):\n    __slots__ = ('x',)\n")
    q = user.Q()
    q.x = 3
    workspace.replace(m, "return 1", "return self.x")
    assert q.f() == 3


def test_abstract_methods(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from abc import ABC, abstractmethod

        class Base(ABC):
            @abstractmethod
            def f(self): ...

            def g(self):
                return "g"

        class Done(Base):
            def f(self):
                return "f"
        """,
    )
    user = workspace.import_("user", "from m import Base\n\nclass Mine(Base):\n    def f(self):\n"
                             "        return 'mine'\n")  # fmt: skip
    done, mine = m.Done(), user.Mine()

    @m.Base.register
    class Registered:
        pass

    assert isinstance(Registered(), m.Base)
    workspace.replace(
        m, 'def g(self):\n        return "g"', "@abstractmethod\n    def g(self): ..."
    )
    assert m.Base.__abstractmethods__ == {"f", "g"}
    assert isinstance(Registered(), m.Base), "registrations are kept"
    assert (done.f(), mine.f()) == ("f", "mine")
    with pytest.raises(TypeError, match="abstract"):
        m.Base()
    with pytest.raises(TypeError, match="abstract"):
        m.Done()
    workspace.replace(
        m, "@abstractmethod\n    def g(self): ...", "def g(self):\n        return 'G'"
    )
    assert m.Done().g() == done.g() == mine.g() == user.Mine().g() == "G"


def test_subclass_hook_and_caches(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from abc import ABC

        class Quacks(ABC):
            @classmethod
            def __subclasshook__(cls, other):
                return hasattr(other, "quack")
        """,
    )

    class Duck:
        quack = bark = True

    class Dog:
        bark = True

    assert (issubclass(Duck, m.Quacks), issubclass(Dog, m.Quacks)) == (True, False)
    workspace.replace(m, '"quack"', '"bark"')
    assert (issubclass(Duck, m.Quacks), issubclass(Dog, m.Quacks)) == (True, True)
    assert isinstance(m.Quacks, abc.ABCMeta)


def test_generics(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from typing import Generic, TypeVar

        T = TypeVar("T")

        class Box(Generic[T]):
            def __init__(self, value: T):
                self.value = value

            def get(self) -> T:
                return self.value

        class IntBox(Box[int]):
            pass

        ints: list[Box[int]] = [IntBox(1)]
        """,
    )
    box, kept, variable = m.IntBox(2), m.ints[0], m.T
    alias = m.Box[int]
    workspace.replace(m, "return self.value", "return [self.value]")
    assert (box.get(), kept.get()) == ([2], [1])
    assert m.T is variable
    assert m.IntBox.__orig_bases__ == (alias,)
    assert alias(3).get() == [3]
    assert m.Box.__parameters__ == (variable,)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 is new in Python 3.12")
def test_pep_695(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Box[T]:
            def __init__(self, value: T):
                self.value = value

            def get(self) -> T:
                return self.value

        def first[T](items: list[T]) -> T:
            return items[0]

        type Boxes = list[Box[int]]
        type Pair[T] = tuple[T, T]
        """,
    )
    cls, box, first = m.Box, m.Box(1), m.first
    workspace.edit("m.py", "items[0]", "items[-1]")
    workspace.replace(m, "return self.value", "return [self.value]")
    assert m.Box is cls is m.Boxes.__value__.__args__[0].__origin__
    assert (box.get(), first([1, 2])) == ([1], 2)
    assert m.first is first
    assert first.__type_params__[0].__name__ == "T"
    assert cls.__type_params__ == cls.__parameters__
    workspace.replace(m, "type Boxes = list", "type Boxes = set")
    assert m.Boxes.__value__.__origin__ is set
    workspace.replace(m, "class Box[T]", "class Box[T, U = int]" if sys.version_info >= (3, 13)
                      else "class Box[T, U]")  # fmt: skip
    assert len(m.Box.__type_params__) == 2
    assert m.Box is cls


def test_runtime_checkable_protocol(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from typing import Protocol, runtime_checkable

        @runtime_checkable
        class HasName(Protocol):
            def name(self): ...

        class Named:
            def name(self):
                return "x"
        """,
    )
    protocol, named = m.HasName, m.Named()
    assert isinstance(named, protocol)
    workspace.replace(m, "def name(self): ...", "def name(self): ...\n    def age(self): ...")
    assert m.HasName is protocol
    assert not isinstance(named, protocol)
    workspace.replace(m, 'return "x"', 'return "x"\n    def age(self):\n        return 1')
    assert isinstance(named, protocol)
    assert isinstance(m.Named(), protocol)
    assert inspect.isabstract(protocol) is False or protocol.__abstractmethods__


def test_base_class_of_another_module_reloaded_twice(workspace: Workspace) -> None:
    base = workspace.load("base", "class Base:\n    def f(self):\n        return 1\n")
    m = workspace.load(
        "m", "from base import Base\n\nclass A(Base):\n    def g(self):\n        return 1\n"
    )
    a: Any = m.A()
    workspace.replace(base, "return 1", "return 2")
    workspace.replace(m, "return 1", "return self.f()")
    workspace.replace(base, "return 2", "return 3")
    assert (a.f(), a.g()) == (3, 3)
    assert base.Base.__subclasses__() == [m.A]
