"""What reloading well-known packages has shown to go wrong, each as small as it could be made.

The packages themselves are reloaded in ``tests/packages``.
"""

from __future__ import annotations

import gc
import inspect

import pytest

from themis_jupyter.errors import ReloadError, UnpatchableError
from themis_jupyter.testing import Workspace

# Objects that a module makes of its own classes, by what keeps them from changing their class.
_OBJECTS = {
    "slots": "class P:\n    __slots__ = ('x',)\n\nONE = P()\nONE.x = [P, ONE]\n",
    "slots and weakref": (
        "class P:\n    __slots__ = ('x', '__weakref__')\n\nONE = P()\nONE.x = [P, ONE]\n"
    ),
    "slots of a subclass": (
        "class P:\n    __slots__ = ()\n\nclass Q(P):\n    __slots__ = ('x', 'y')\n\n"
        "ONE = Q()\nONE.x = [P, ONE]\n"
    ),
    "dataclass with slots": (
        "import dataclasses\n\n@dataclasses.dataclass(slots=True, weakref_slot=True)\n"
        "class P:\n    x: object = None\n\nONE = P()\nONE.x = [P, ONE]\n"
    ),
    "number": "class P(int):\n    pass\n\nONE = P(5)\nONE.x = [P, ONE]\nassert ONE == 5\n",
    "tuple": "class P(tuple):\n    pass\n\nONE = P((P, 2))\nONE.x = [ONE[0], ONE]\n",
    "dict": (
        "class P(dict):\n    __slots__ = ('x', '__weakref__')\n\nONE = P(k=P)\nONE.x = [ONE['k'], ONE]\n"
    ),
}


@pytest.mark.parametrize("kind", _OBJECTS)
def test_object_made_by_the_module(workspace: Workspace, kind: str) -> None:
    """Seen in attrs, packaging, pygments and mpmath: "descriptor 'x' … doesn't apply"."""
    keys = "ALL = {ONE: 1} if P.__hash__ else {}\n"
    m = workspace.load("m", _OBJECTS[kind] + keys)
    cls, kind_of_one = m.P, type(m.ONE)
    for _ in range(2):
        workspace.reload(m, full=True)
        assert m.P is cls
        assert type(m.ONE) is kind_of_one
        assert m.ONE.x[0] is cls
        assert m.ONE.x[1] is m.ONE
        assert all(key is m.ONE for key in m.ALL)


_HOLDERS = {
    "named tuple": "from typing import NamedTuple\n\nclass P(NamedTuple):\n    f: object\n\nONE = P(f)\n",
    "named tuple from elsewhere": (
        "from inspect import Traceback\n\nclass P:\n    pass\n\n"
        "ONE = Traceback('', 1, f, None, None)\n"
    ),
    "frozen set": "class P(frozenset):\n    pass\n\nONE = P([f])\nONE.x = f\n",
    "frozen set with slots": "class P(frozenset):\n    __slots__ = ()\n\nONE = P([f])\n",
}


@pytest.mark.parametrize("kind", _HOLDERS)
def test_object_that_cannot_let_go_of_what_it_holds(workspace: Workspace, kind: str) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\n" + _HOLDERS[kind])
    cls, f, kind_of_one = m.P, m.f, type(m.ONE)
    for number in (2, 3):
        workspace.edit("m.py", f"return {number - 1}", f"return {number}")
        workspace.reload(m, full=True)
        assert (m.P, m.f) == (cls, f)
        assert type(m.ONE) is kind_of_one
        assert f in m.ONE
        assert getattr(m.ONE, "x", f) is f
        assert f() == number


def test_object_that_cannot_be_made_again(workspace: Workspace) -> None:
    text = "class P(bytearray):\n    __slots__ = ()\n\nclass Q(P):\n    __slots__ = ('x', 'y')\n\nONE = Q()\n"
    m = workspace.load("m", text)
    one = m.ONE
    with pytest.raises(UnpatchableError, match="built on bytearray"):
        workspace.reload(m, full=True)
    assert m.ONE is one
    assert type(one) is m.Q


@pytest.mark.parametrize("user", ["_open = open", "_open = [open][0]", "_open = (open)  # edited"])
def test_builtin_kept_under_another_name(workspace: Workspace, user: str) -> None:
    """Seen in boltons: the wrapper around a builtin came to call itself for ever."""
    m = workspace.load("m", "_open = open\n\ndef open(path):\n    return _open(path)\n")
    own = m.open
    workspace.edit("m.py", "_open = open", user)
    workspace.reload(m)
    assert m._open is open
    workspace.replace(m, "_open(path)", "_open(path, 'rb')")
    workspace.reload(m, full=True)
    assert m._open is open
    assert m.open is own


def test_builtin_hidden_by_a_module_that_did_not_run_again(workspace: Workspace) -> None:
    m = workspace.load("m", "def open(path):\n    return path + '!'\n\nX = open('a')\n")
    workspace.replace(m, "open('a')", "open('b')")
    assert m.X == "b!"


def test_package_deletes_the_submodule_it_imported(workspace: Workspace) -> None:
    """Seen in toolz.curried: "name 'inner' is not defined"."""
    workspace.write("pack/__init__.py", "from .inner import f\n\ndel inner\n")
    workspace.write("pack/inner.py", "def f():\n    return 1\n")
    pack = workspace.load("pack")
    f = pack.f
    workspace.reload(pack, full=True)
    assert pack.f is f
    assert not hasattr(pack, "inner")


def test_packages_run_before_modules_in_them_that_others_import(workspace: Workspace) -> None:
    """Seen in mpmath: a package whose ``__init__`` fills the registry of one of its modules."""
    workspace.write("pack/__init__.py", "from .use import NAMES\n")
    workspace.write("pack/use.py", "from .sub.registry import known\n\nNAMES = list(known)\n")
    workspace.write("pack/sub/__init__.py", "from . import registry, entry\n")
    workspace.write("pack/sub/registry.py", "known = []\n")
    workspace.write("pack/sub/entry.py", "from .registry import known\n\nknown.append('entry')\n")
    pack = workspace.load("pack")
    names = ["pack", "pack.use", "pack.sub", "pack.sub.registry", "pack.sub.entry"]
    modules = [workspace.load(name) for name in names]
    for order in (modules, modules[::-1]):
        workspace.reload(*order, full=True)
        assert pack.NAMES == ["entry"]


def test_imports_for_type_checkers_say_nothing_of_the_order(workspace: Workspace) -> None:
    workspace.write(
        "base.py",
        """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            import app

        LIMIT = 1
        """,
    )
    base = workspace.load("base")
    app = workspace.load("app", "from base import LIMIT\n\nTWICE = 2 * LIMIT\n")
    workspace.edit("base.py", "LIMIT = 1", "LIMIT = 5")
    workspace.reload(base, app)
    assert app.TWICE == 10


def test_attributes_set_from_outside_stay(workspace: Workspace) -> None:
    """They used to vanish with the second reload: the first had taken them for the source's own."""
    m = workspace.load(
        "m", "class A:\n    def f(self):\n        return 1\n\ndef g():\n    return 1\n"
    )
    m.A.extra = m.A.f.mark = m.g.mark = 5
    for number in (2, 3):
        workspace.edit("m.py", f"        return {number - 1}", f"        return {number}")
        workspace.replace(m, f"    return {number - 1}\n", f"    return {number}\n")
        workspace.reload(m, full=True)
        assert m.A().f() == m.g() == number
        assert m.A.extra == m.A.f.mark == m.g.mark == 5


def test_methods_that_another_module_adds_stay(workspace: Workspace) -> None:
    """Seen in mpmath and networkx: the import of one module fills a class of another."""
    m = workspace.import_("m", "LIMIT = 1\n\nclass A:\n    limit = LIMIT\n")
    more = workspace.load(
        "more", "import m\n\ndef f(self):\n    return 1\n\nm.A.f = f\nm.A.data = {}\n"
    )
    workspace.load("m")
    workspace.reload(m, full=True)
    assert m.A.f is more.f
    assert m.A.data == {}
    workspace.replace(m, "LIMIT = 1", "LIMIT = 2")
    assert m.A.f is more.f


def test_method_from_another_module_goes_with_its_line(workspace: Workspace) -> None:
    workspace.write("more.py", "def f(self):\n    return 1\n")
    m = workspace.load("m", "import more\n\nclass A:\n    f = more.f\n    x = 1\n")
    workspace.replace(m, "    f = more.f\n", "")
    assert not hasattr(m.A, "f")


def test_what_statements_set_goes_with_them(workspace: Workspace) -> None:
    text = "class A:\n    x = 1\n\nA.limit = 1\n\ndef f():\n    return 1\n\nf.mark = 1\n"
    m = workspace.load("m", text)
    for _ in range(2):
        workspace.replace(m, "A.limit = 1\n", "A.limit = 1\nA.more = 1\n")
        assert m.A.more == m.A.limit == 1
        workspace.edit("m.py", "A.limit = 1\nA.more = 1\n", "A.limit = 1\n")
        workspace.replace(m, "x = 1", "x = 1 ")
        workspace.replace(m, "x = 1 ", "x = 1;y = 1")
        assert not hasattr(m.A, "more")
        workspace.replace(m, "x = 1;y = 1", "x = 1")


def test_function_that_was_a_trampoline_shows_its_own_signature(workspace: Workspace) -> None:
    closed = (
        "def make():\n    n = 1\n    def f(a, b):\n        return n\n    return f\n\nf = make()\n"
    )
    m = workspace.load(
        "m", "def make():\n    def f(a):\n        return 0\n    return f\n\nf = make()\n"
    )
    f = m.f
    workspace.rewrite(m, closed)
    assert m.f is f
    assert f(1, 2) == 1
    assert list(inspect.signature(f).parameters) == ["a", "b"]
    workspace.rewrite(m, "def f(x, y, z):\n    return 3\n")
    assert m.f is f
    assert f(1, 2, 3) == 3
    assert list(inspect.signature(f).parameters) == ["x", "y", "z"]


def test_submodule_uses_what_its_package_has_by_then(workspace: Workspace) -> None:
    """Seen in networkx: ``import nx`` in a submodule, and ``@nx.register`` further down."""
    workspace.write("pack/__init__.py", "from .tools import register\nfrom . import use\n")
    workspace.write(
        "pack/tools.py",
        """
        known = {}

        def register(f):
            if f.__name__ in known:
                raise KeyError("already exists")
            known[f.__name__] = f
            return f
        """,
    )
    workspace.write(
        "pack/use.py", "import pack\n\n@pack.register\ndef double(x):\n    return 2 * x\n"
    )
    modules = [workspace.load(name) for name in ("pack", "pack.tools", "pack.use")]
    pack, double = modules[0], modules[0].use.double
    for order in (modules, modules[::-1]):
        workspace.reload(*order, full=True)
        assert pack.use.double is double
        assert pack.tools.known == {"double": double}


def test_module_whose_failure_another_one_catches(workspace: Workspace) -> None:
    workspace.write(
        "pack/__init__.py", "try:\n    from .part import f\nexcept ImportError:\n    f = None\n"
    )
    workspace.write("pack/part.py", "def f():\n    return 1\n")
    pack, part = workspace.load("pack"), workspace.load("pack.part")
    f = pack.f
    workspace.edit("pack/part.py", "return 1", "return 2\n\nraise ImportError('no part')")
    with pytest.raises(ReloadError, match="no part"):
        workspace.reload(pack, part, full=True)
    assert pack.f is part.f is f
    assert f() == 1


def test_wrapper_by_a_decorator_of_a_module_reloaded_along(workspace: Workspace) -> None:
    """Seen in networkx: the wrapper lost its defaults, being made to call a new one."""
    deco = workspace.load(
        "deco",
        """
        def loud(f):
            def wrapper(*args, end="!"):
                return f(*args) + end
            return wrapper
        """,
    )
    m = workspace.load("m", "from deco import loud\n\n@loud\ndef f(x):\n    return x\n")
    f, code = m.f, m.f.__code__
    workspace.reload(m, deco, full=True)
    assert m.f is f
    assert f.__kwdefaults__ == {"end": "!"}
    assert f.__code__ == code, "it runs its own code, not a call of another function"
    workspace.edit("deco.py", '"!"', '"?"')
    workspace.edit("m.py", "return x", "return 2 * x")
    workspace.reload(m, deco)
    assert f("a") == "aa?"


def test_statement_that_uses_what_the_module_deletes_further_down(workspace: Workspace) -> None:
    """Seen in toolz: "name 'operator' is not defined", after an edit elsewhere."""
    m = workspace.load(
        "m",
        """
        import math as source

        def make(name):
            return name.upper()

        NAMES = ["a", "b"]
        KEPT = {name: None for name in NAMES}
        TABLE = {}
        for name in NAMES:
            TABLE[name] = make(name)
        locals().update(pi=source.pi)
        del source, NAMES, name
        """,
    )
    m.KEPT["mine"] = 1
    workspace.replace(m, ".upper()", ".upper() + '!'")
    assert m.TABLE == {"a": "A!", "b": "B!"}
    assert "mine" in m.KEPT, "it would be the same again"
    workspace.replace(m, "KEPT =", "# a comment\nOTHER = 1\nKEPT =")
    assert m.OTHER == 1
    assert not {"source", "NAMES", "name"} & vars(m).keys()


def test_new_class_that_was_looked_into_while_it_was_made(workspace: Workspace) -> None:
    """Seen in hypothesis: a crash of the interpreter. Python still knew what is no longer in the class."""
    m = workspace.load("m", "class A:\n    pass\n")
    workspace.edit(
        "m.py",
        "class A:",
        """
class New:
    pair = (int, lambda: 1)

    @property
    def half(self):
        return 1

    @staticmethod
    def plain():
        return 1

for name in ("pair", "half", "plain"):
    for _ in range(3):
        getattr(New, name)

class A:""",
    )
    workspace.reload(m)
    gc.collect()
    assert m.New.pair is vars(m.New)["pair"]
    assert m.New.half is vars(m.New)["half"]
    assert m.New.plain is vars(m.New)["plain"].__func__


def test_package_that_gives_its_name_to_what_it_shows(workspace: Workspace) -> None:
    """Seen in sympy and hypothesis, and usual in others: the class became another one."""
    workspace.write(
        "pack/part.py", "class A:\n    x = 1\n\ndef f():\n    return 1\n\nclass B(A):\n    pass\n"
    )
    workspace.write(
        "pack/__init__.py",
        "from .part import A, B, f\n\nfor item in (A, B, f):\n    item.__module__ = __name__\n",
    )
    pack = workspace.load("pack")
    part = workspace.load("pack.part")
    a, b, f = pack.A, pack.B(), pack.f
    workspace.edit("pack/part.py", "return 1", "return 2")
    workspace.replace(part, "x = 1", "x = 2")
    workspace.reload(part, full=True)
    assert part.A is pack.A is a
    assert part.f is f
    assert (b.x, f()) == (2, 2)
    assert type(b) is part.B
    assert a.__module__ == f.__module__ == "pack"


def test_class_whose_metaclass_answers_for_all_attributes(workspace: Workspace) -> None:
    """Seen in pydantic: a recursion without end."""
    m = workspace.load(
        "m",
        """
        class Meta(type):
            def __getattribute__(cls, name):
                return super().__getattribute__(name)

        class A(metaclass=Meta):
            x = 1
        """,
    )
    cls = m.A
    workspace.reload(m, full=True)
    assert m.A is cls
    workspace.replace(m, "x = 1", "x = 2")
    assert cls.x == 2


def test_weak_proxy_to_what_is_gone(workspace: Workspace) -> None:
    """Seen in dill: "weakly-referenced object no longer exists"."""
    m = workspace.load(
        "m", "import weakref\n\nclass A:\n    x = 1\n\nPROXY = weakref.proxy(A())\nMORE = [PROXY]\n"
    )
    cls = m.A
    workspace.reload(m, full=True)
    workspace.replace(m, "x = 1", "x = 2")
    assert m.A is cls
    assert cls.x == 2


def test_weak_reference_to_what_stays(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import weakref

        class A:
            pass

        ONE = A()
        WEAK = {"one": weakref.ref(ONE), "class": weakref.ref(A)}
        """,
    )
    workspace.reload(m, full=True)
    gc.collect()
    assert m.WEAK["one"]() is m.ONE
    assert m.WEAK["class"]() is m.A


def test_ctypes_structures(workspace: Workspace) -> None:
    """Seen in prompt_toolkit: "can't apply this __setattr__"."""
    m = workspace.load(
        "m",
        """
        import ctypes

        class Point(ctypes.Structure):
            _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int)]

            def sum(self):
                return self.x + self.y

        class Line(ctypes.Structure):
            _fields_ = [("start", Point), ("end", Point)]

        class Node(ctypes.Structure):
            pass

        Node._fields_ = [("value", ctypes.c_int), ("next", ctypes.POINTER(Node))]
        """,
    )
    cls, point, line = m.Point, m.Point(1, 2), m.Line()
    workspace.replace(m, "self.x + self.y", "10 * self.x + self.y")
    workspace.reload(m, full=True)
    assert m.Point is cls
    assert point.sum() == 12
    line.start = point
    assert m.Line(point, point).end.sum() == line.start.sum() == 12
    workspace.edit("m.py", '("y", ctypes.c_int)]', '("y", ctypes.c_short)]')
    with pytest.raises(UnpatchableError, match="_fields_"):
        workspace.reload(m)
    assert point.sum() == 12
