"""Metaclasses, ``__init_subclass__``, descriptors and ``__class_getitem__``."""

from __future__ import annotations

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

META = """
    class Meta(type):
        registry = {}

        def __new__(meta, name, bases, namespace, **kwargs):
            cls = super().__new__(meta, name, bases, namespace)
            meta.registry[name] = cls
            return cls

        def __init__(cls, name, bases, namespace, **kwargs):
            super().__init__(name, bases, namespace)
            cls.options = kwargs

        def describe(cls):
            return "old " + cls.__name__

    class A(metaclass=Meta, flag=1):
        def f(self):
            return 1

    class B(A):
        pass
    """


def test_metaclass_with_state(workspace: Workspace) -> None:
    m = workspace.load("m", META)
    user = workspace.import_("user", "from m import A\n\nclass C(A):\n    pass\n")
    meta, registry, a, b, c = m.Meta, m.Meta.registry, m.A, m.B, user.C
    expected = {"A": a, "B": b, "C": c}
    assert registry == expected
    workspace.replace(m, "return 1", "return 2")
    assert (m.A, m.B, m.Meta.registry) == (a, b, registry)
    assert registry == expected
    assert all(registry[name] is cls for name, cls in expected.items())
    assert user.C().f() == 2
    workspace.replace(m, '"old "', '"new "')
    assert m.Meta is meta is type(c) is type(m.A)
    assert (a.describe(), c.describe()) == ("new A", "new C")
    assert all(m.Meta.registry[name] is cls for name, cls in expected.items())
    workspace.replace(m, "flag=1", "flag=2")
    assert a.options == {"flag": 2}
    assert m.A is a


def test_new_metaclass_over_plain_type_is_refused(workspace: Workspace) -> None:
    m = workspace.load("m", "class Left:\n    pass\n\nclass A(Left):\n    x = 1\n")
    workspace.edit(
        "m.py", "class A(Left)", "class M(type):\n    pass\n\nclass A(Left, metaclass=M)"
    )
    with pytest.raises(ReloadError, match=r"m\.A.*metaclass"):
        workspace.reload(m)
    assert type(m.A) is type
    assert not hasattr(m, "M")


def test_init_subclass(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Base:
            plugins = []

            def __init_subclass__(cls, **kwargs):
                super().__init_subclass__(**kwargs)
                Base.plugins.append(cls)

        class One(Base):
            def f(self):
                return 1

        class Two(Base):
            pass
        """,
    )
    user = workspace.import_("user", "from m import Base\n\nclass Three(Base):\n    pass\n")
    plugins, one, two = m.Base.plugins, m.One, m.Two
    workspace.replace(m, "return 1", "return 2")
    assert m.Base.plugins is plugins == [one, two, user.Three]
    assert m.Base.__subclasses__() == [one, two, user.Three]
    assert one().f() == 2


def test_descriptors(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        class Field:
            def __init__(self, default):
                self.default = default

            def __set_name__(self, owner, name):
                self.owner, self.name = owner, name

            def __get__(self, instance, owner=None):
                if instance is None:
                    return self
                return instance.__dict__.get(self.name, self.default)

            def __set__(self, instance, value):
                instance.__dict__[self.name] = value

        class A:
            x = Field(1)
            y = Field(2)
        """,
    )
    a = m.A()
    a.x = 10
    workspace.replace(m, "y = Field(2)", "y = Field(3)\n    z = Field(4)")
    assert (a.x, a.y, a.z) == (10, 3, 4)
    assert [m.A.x.owner, m.A.z.owner] == [m.A, m.A]
    assert [m.A.x.name, m.A.z.name] == ["x", "z"]
    workspace.replace(
        m, "instance.__dict__[self.name] = value", "instance.__dict__[self.name] = -value"
    )
    a.x = 5
    assert a.x == -5
    assert type(m.A.x) is m.Field
    assert m.A.z.owner is m.A


def test_class_getitem(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "class A:\n    def __class_getitem__(cls, item):\n        return (cls, item)\n"
    )
    cls = m.A
    workspace.replace(m, "return (cls, item)", "return (item, cls)")
    assert cls[int] == (int, cls)
