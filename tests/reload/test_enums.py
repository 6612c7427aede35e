"""Enums keep their members: by identity, in dicts, in pickles, in other modules."""

from __future__ import annotations

import copy
import pickle

import pytest

from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace

COLOR = """
    from enum import Enum

    class Color(Enum):
        RED = 1
        GREEN = 2
        CRIMSON = 1

        def describe(self):
            return "old " + self.name

        @property
        def lower(self):
            return self.name.lower()
    """


def test_method_of_an_enum(workspace: Workspace) -> None:
    m = workspace.load("m", COLOR)
    user = workspace.import_("user", "from m import Color\nRED = Color.RED\nT = {RED: 'r'}\n")
    cls, red, green = m.Color, m.Color.RED, m.Color.GREEN
    workspace.replace(m, '"old "', '"new "')
    assert m.Color is cls is user.Color
    assert m.Color.RED is m.Color(1) is m.Color["RED"] is m.Color.CRIMSON is red is user.RED
    assert list(m.Color) == [red, green]
    assert user.T[m.Color.RED] == "r"
    assert (red.describe(), green.describe(), red.lower) == ("new RED", "new GREEN", "red")
    assert pickle.loads(pickle.dumps(red)) is copy.deepcopy(red) is red


def test_members_added(workspace: Workspace) -> None:
    m = workspace.load("m", COLOR)
    red, green = m.Color.RED, m.Color.GREEN
    workspace.replace(m, "GREEN = 2", "GREEN = 2\n    BLUE = 3")
    assert m.Color.RED is red
    assert list(m.Color) == [red, green, m.Color.BLUE]
    assert m.Color(3) is m.Color["BLUE"] is m.Color.BLUE
    assert m.Color.BLUE.__class__ is m.Color
    assert m.Color.BLUE in m.Color
    assert m.Color.BLUE.describe() == "old BLUE"
    assert repr(m.Color.BLUE) == "<Color.BLUE: 3>"
    assert len({red, green, m.Color.BLUE}) == len(list(m.Color)) == 3
    assert pickle.loads(pickle.dumps(m.Color.BLUE)) is m.Color.BLUE
    workspace.replace(m, "RED = 1\n", "WHITE = 0\n    RED = 1\n")
    assert [c.name for c in m.Color] == ["WHITE", "RED", "GREEN", "BLUE"]
    assert m.Color(1) is red


def test_members_removed(workspace: Workspace) -> None:
    m = workspace.load("m", COLOR)
    red, green = m.Color.RED, m.Color.GREEN
    workspace.replace(m, "    GREEN = 2\n", "")
    assert list(m.Color) == [red]
    assert not hasattr(m.Color, "GREEN")
    with pytest.raises(ValueError, match="2 is not a valid Color"):
        m.Color(2)
    with pytest.raises(KeyError):
        m.Color["GREEN"]
    assert isinstance(green, m.Color), "who still holds it can still use it"
    assert green.describe() == "old GREEN"
    workspace.replace(m, "CRIMSON = 1", "CRIMSON = 1\n    GREEN = 2")
    assert m.Color(2) is m.Color.GREEN


def test_alias_added_and_removed(workspace: Workspace) -> None:
    m = workspace.load("m", COLOR)
    red = m.Color.RED
    workspace.replace(m, "    CRIMSON = 1\n", "    SCARLET = 1\n")
    assert m.Color.SCARLET is m.Color["SCARLET"] is red
    assert not hasattr(m.Color, "CRIMSON")
    assert list(m.Color.__members__) == ["RED", "GREEN", "SCARLET"]


def test_value_of_a_member_changes(workspace: Workspace) -> None:
    m = workspace.load("m", COLOR)
    green = m.Color.GREEN
    workspace.replace(m, "GREEN = 2", "GREEN = 'g'")
    assert m.Color.GREEN is m.Color("g") is m.Color["GREEN"] is green
    assert green.value == "g"
    with pytest.raises(ValueError, match="2 is not a valid Color"):
        m.Color(2)


def test_values_are_swapped(workspace: Workspace) -> None:
    m = workspace.load("m", "from enum import Enum\n\nclass E(Enum):\n    A = 1\n    B = 2\n")
    a, b = m.E.A, m.E.B
    workspace.rewrite(m, "from enum import Enum\n\nclass E(Enum):\n    A = 2\n    B = 1\n")
    assert (m.E.A, m.E.B, m.E(1), m.E(2)) == (a, b, b, a)
    assert (a.value, b.value) == (2, 1)


def test_auto_and_members_with_attributes(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        from enum import Enum, auto

        class Planet(Enum):
            EARTH = (6, "blue")
            MARS = (3, "red")

            def __init__(self, mass, colour):
                self.mass = mass
                self.colour = colour

        class Step(Enum):
            ONE = auto()
            TWO = auto()
        """,
    )
    earth, one, two = m.Planet.EARTH, m.Step.ONE, m.Step.TWO
    workspace.replace(m, '(6, "blue")', '(7, "blue")')
    assert m.Planet.EARTH is earth
    assert (earth.mass, earth.value) == (7, (7, "blue"))
    workspace.replace(m, "TWO = auto()", "MID = auto()\n    TWO = auto()")
    assert (one, two) == (m.Step.ONE, m.Step.TWO)
    assert [s.value for s in m.Step] == [1, 2, 3]
    assert m.Step(3) is two


FLAG = """
    from enum import Flag, auto

    class Perm(Flag):
        R = auto()
        W = auto()

        def short(self):
            return "old"
    """


def test_flag(workspace: Workspace) -> None:
    m = workspace.load("m", FLAG)
    user = workspace.import_("user", "from m import Perm\nRW = Perm.R | Perm.W\n")
    r, w = m.Perm.R, m.Perm.W
    workspace.edit("m.py", '"old"', '"new"')
    workspace.replace(m, "W = auto()", "W = auto()\n    X = auto()")
    assert m.Perm.R is r
    assert m.Perm.R | m.Perm.W is user.RW, "composites are members too"
    assert user.RW.short() == "new"
    assert r in user.RW
    assert m.Perm.X not in user.RW
    assert (user.RW | m.Perm.X).value == 7
    assert list(~r) == [w, m.Perm.X]
    assert list(m.Perm) == [r, w, m.Perm.X]
    assert m.Perm(3) is user.RW
    assert pickle.loads(pickle.dumps(user.RW)) is user.RW


@pytest.mark.parametrize(
    ("base", "value"), [("IntEnum", "1"), ("StrEnum", "'a'"), ("IntFlag", "4")]
)
def test_int_and_str_enums(workspace: Workspace, base: str, value: str) -> None:
    m = workspace.load(
        "m",
        f"""
        from enum import {base}

        class E({base}):
            A = {value}

            def twice(self):
                return self * 2
        """,
    )
    cls, a = m.E, m.E.A
    plain = eval(value)
    workspace.replace(m, "self * 2", "[self, self]")
    assert m.E is cls
    assert m.E.A is m.E(plain) is a
    assert a == plain
    assert a.twice() == [a, a]
    new = {"IntEnum": 2, "StrEnum": "b", "IntFlag": 8}[base]
    workspace.replace(m, f"A = {value}\n", f"A = {value}\n    B = {new!r}\n")
    assert m.E.A is a
    assert m.E.B is m.E(new)
    assert new == m.E.B
    assert {plain: 1, new: 2}[m.E.B] == 2
    assert isinstance(m.E.B, cls)


@pytest.mark.parametrize(("base", "old", "new"), [("IntEnum", 1, 2), ("StrEnum", "'a'", "'b'")])
def test_changed_value_of_an_int_or_str_member_is_refused(
    workspace: Workspace, base: str, old: object, new: object
) -> None:
    m = workspace.load("m", f"from enum import {base}\n\nclass E({base}):\n    A = {old}\n")
    a = m.E.A
    workspace.edit("m.py", f"A = {old}", f"A = {new}")
    with pytest.raises(ReloadError, match=r"m\.E"):
        workspace.reload(m)
    assert m.E.A is a
    assert [str(c.value) for c in m.E] == [str(old).strip("'")]
    workspace.replace(m, f"A = {new}", f"A = {old}\n    B = {new}")
    assert m.E.A is a
    assert len(m.E) == 2


def test_functional_enum(workspace: Workspace) -> None:
    m = workspace.load(
        "m", "from enum import Enum\n\nE = Enum('E', 'A B')\n\ndef f():\n    return 1\n"
    )
    user = workspace.import_("user", "from m import E\nA = E.A\n")
    workspace.replace(m, "return 1", "return E.A")
    assert m.f() is user.A
    workspace.replace(m, "'A B'", "'A B C'")
    assert user.E is m.E
    assert m.E.A is user.A
    assert m.E.C.value == 3


def test_match_statement_and_dict_of_members(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        COLOR
        + """
    NAMES = {Color.RED: "r", Color.GREEN: "g"}

    def show(c):
        match c:
            case Color.RED:
                return "red!"
        return NAMES[c]
    """,
    )
    red, green = m.Color.RED, m.Color.GREEN
    workspace.edit("m.py", '"old "', '"new "')
    workspace.replace(m, "GREEN = 2", "GREEN = 2\n    BLUE = 3")
    assert m.show(red) == "red!"
    assert m.show(green) == "g"
    assert list(m.NAMES) == [red, green]
    assert m.NAMES[m.Color.RED] == "r"
