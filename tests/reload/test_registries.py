"""Registries of every make that the body fills hold each old object once, and it is the live one."""

from __future__ import annotations

from typing import Any

import pytest

from themis_jupyter.testing import Workspace, dedent

#: Those whose contents a registration makes anew: who is in them twice cannot be told from outside.
MADE_ANEW = ("rebound tuple", "instance with slots")

#: How a registry is made, how something is put into it, and how all of it is listed.
REGISTRIES = {
    "list": ("[]", "R.append(x)", "list(R)"),
    "list at the front": ("[]", "R.insert(0, x)", "R[::-1]"),
    "dict by name": ("{}", "R[x.__name__] = x", "list(R.values())"),
    "dict by object": ("{}", "R[x] = x.__name__", "list(R)"),
    "dict both ways": ("{}", "R[x] = x", "[*R, *R.values()][:len(R)]"),
    "setdefault": ("{}", "R.setdefault('all', []).append(x)", "R['all']"),
    "set": ("set()", "R.add(x)", "sorted(R, key=lambda x: x.__name__)"),
    "deque": ("collections.deque()", "R.append(x)", "list(R)"),
    "defaultdict": ("collections.defaultdict(list)", "R['k'].append(x)", "R['k']"),
    "OrderedDict": ("collections.OrderedDict()", "R[x.__name__] = x", "list(R.values())"),
    "ChainMap": ("collections.ChainMap()", "R[x.__name__] = x", "list(R.values())"),
    "tuples": ("[]", "R.append((x.__name__, x))", "[x for _, x in R]"),
    "nested": ("{'a': {'b': []}}", "R['a']['b'].append([x])", "[x for [x] in R['a']['b']]"),
    "partial": ("[]", "R.append(functools.partial(x))", "[p.func for p in R]"),
    "rebound tuple": ("[()]", "R[0] = (*R[0], x)", "list(R[0])"),
    "frozenset": ("[frozenset()]", "R[0] |= {x}", "sorted(R[0], key=lambda x: x.__name__)"),
    "WeakSet": ("weakref.WeakSet()", "R.add(x)", "sorted(R, key=lambda x: x.__name__)"),
    "WeakValueDictionary": (
        "weakref.WeakValueDictionary()",
        "R[x.__name__] = x",
        "[R[k] for k in sorted(R)]",
    ),
    "WeakKeyDictionary": (
        "weakref.WeakKeyDictionary()",
        "R[x] = 1",
        "sorted(R, key=lambda x: x.__name__)",
    ),
    "attribute": ("types.SimpleNamespace(all=[])", "R.all.append(x)", "R.all"),
    "attribute by name": (
        "types.SimpleNamespace()",
        "setattr(R, x.__name__, x)",
        "list(vars(R).values())",
    ),
    "instance with slots": ("Slots()", "R.items = (*R.items, x)", "list(R.items)"),
    "dataclass": ("Data()", "R.items.append(x)", "R.items"),
    "class": ("type('R', (), {'items': []})", "R.items.append(x)", "R.items"),
    "class attribute": ("type('R', (), {})", "setattr(R, 'on_' + x.__name__, x)",
                        "[v for k, v in vars(R).items() if k.startswith('on_')]"),
    "method of a registry": ("Router()", "R.add(x)", "R.all()"),
    "records": ("[]", "R.append(Record(x.__name__, x))", "[r.item for r in R]"),
}  # fmt: skip

HOME = """
    import collections
    import dataclasses
    import functools
    import types
    import weakref
    from typing import Any, NamedTuple

    class Slots:
        __slots__ = ("items",)
        def __init__(self):
            self.items = ()

    @dataclasses.dataclass
    class Data:
        items: list = dataclasses.field(default_factory=list)

    class Router:
        def __init__(self):
            self._routes = {}
        def add(self, x):
            self._routes.setdefault(x.__name__, set()).add(x)
        def all(self):
            return [x for name in sorted(self._routes) for x in self._routes[name]]

    class Record(NamedTuple):
        name: str
        item: Any
    """

BODY = """
    @register
    def a():
        return 1

    @register
    class b:
        def f(self):
            return 1

    @register
    def c():
        return 1
    """


@pytest.mark.parametrize("kind", REGISTRIES)
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_registry(workspace: Workspace, kind: str, where: str) -> None:
    make, add, every = REGISTRIES[kind]
    register = f"""
    R = {make}

    def register(x):
        {add}
        return x

    def every():
        return {every}
    """
    if where == "here":
        m = workspace.load("m", HOME + register + BODY)
        home = m
    else:
        home = workspace.import_("home", HOME + register)
        m = workspace.load("m", "from home import register\n" + dedent(BODY))
    registry, a, b, c = home.R, m.a, m.b, m.c
    once = kind not in MADE_ANEW
    check(home, registry, [a, b, c], once)
    workspace.replace(m, "def a():\n    return 1", "def a():\n    return 2")
    assert a() == 2
    check(home, registry, [a, b, c], once)
    workspace.replace(m, "def f(self):\n        return 1", "def f(self):\n        return 2")
    assert b().f() == 2
    check(home, registry, [a, b, c], once)
    workspace.replace(m, "def c():\n    return 1", "def d():\n    return 4")
    found = home.every()
    assert m.d in found
    assert found.count(m.d) == 1
    assert {id(x) for x in found} <= {id(a), id(b), id(c), id(m.d)}


def check(home: Any, registry: Any, expected: list[Any], once: bool) -> None:
    assert home.R is registry
    found = home.every()
    assert {id(x) for x in found} == {id(x) for x in expected}, found
    assert len(found) == len(expected) or once is False, found
