"""What reloading well-known packages has shown to go wrong, each as small as it could be made.

The packages themselves are reloaded in ``tests/packages``.
"""

from __future__ import annotations

import pytest

from themis_jupyter.errors import UnpatchableError
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


def test_object_that_cannot_be_made_again(workspace: Workspace) -> None:
    text = "class P(bytearray):\n    __slots__ = ('x', '__weakref__')\n\nONE = P()\n"
    m = workspace.load("m", text)
    one = m.ONE
    with pytest.raises(UnpatchableError, match="built on bytearray"):
        workspace.reload(m, full=True)
    assert m.ONE is one
    assert type(one) is m.P
