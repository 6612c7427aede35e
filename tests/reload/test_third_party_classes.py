"""attrs and pydantic classes."""

from __future__ import annotations

import copy
import pickle

import pytest

from themis_jupyter.testing import Workspace

attrs = pytest.importorskip("attrs")
pydantic = pytest.importorskip("pydantic")

ATTRS = """
    import attrs

    @attrs.define{options}
    class Point:
        x: int
        y: int = 2

        def total(self):
            return self.x + self.y
    """


@pytest.mark.parametrize("options", ["", "(slots=False)", "(frozen=True)", "(order=True)"])
def test_method_of_an_attrs_class(workspace: Workspace, options: str) -> None:
    m = workspace.load("m", ATTRS.format(options=options))
    user = workspace.import_("user", "from m import Point\nP = Point(1)\n")
    cls = m.Point
    workspace.replace(m, "self.x + self.y", "self.x * 10 + self.y")
    assert m.Point is cls is user.Point is type(user.P)
    assert user.P.total() == 12
    assert m.Point(1) == user.P
    assert repr(user.P) == "Point(x=1, y=2)"
    assert pickle.loads(pickle.dumps(user.P)) == copy.deepcopy(user.P) == user.P


def test_attrs_default_validator_and_field(workspace: Workspace) -> None:
    m = workspace.load("m", ATTRS.format(options="(slots=False)"))
    p = m.Point(1)
    workspace.replace(m, "y: int = 2", "y: int = 3\n    z: int = 4")
    assert repr(m.Point(1)) == "Point(x=1, y=3, z=4)"
    assert [a.name for a in attrs.fields(m.Point)] == ["x", "y", "z"]
    assert p.y == 2
    workspace.replace(m, "x: int", "x: int = attrs.field(validator=attrs.validators.gt(0))")
    with pytest.raises(ValueError, match="'x' must be > 0"):
        m.Point(-1)
    with pytest.raises(ValueError, match="'x' must be > 0"):
        p.x = -1
    assert m.Point(1).x == 1


def test_attrs_default_with_slots(workspace: Workspace) -> None:
    m = workspace.load("m", ATTRS.format(options=""))
    cls = m.Point
    workspace.replace(m, "y: int = 2", "y: int = 3")
    assert m.Point is cls
    assert m.Point(1).y == 3


def test_attrs_validator_method(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import attrs

        @attrs.define
        class P:
            x: int = attrs.field()

            @x.validator
            def _check(self, attribute, value):
                if value > 10:
                    raise ValueError("more than ten")
        """,
    )
    p = m.P(1)
    workspace.replace(m, "value > 10", "value > 5")
    with pytest.raises(ValueError, match="more than ten"):
        m.P(6)
    with pytest.raises(ValueError, match="more than ten"):
        p.x = 7
    assert m.P(5) == attrs.evolve(p, x=5)


def test_attrs_subclass_and_super(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        ATTRS.format(options="")
        + """
    @attrs.define
    class Named(Point):
        name: str = "n"

        def total(self):
            return (self.name, super().total())
    """,
    )
    named = m.Named(1)
    workspace.replace(m, "self.x + self.y", "-self.x")
    assert named.total() == ("n", -1)
    workspace.replace(m, "(self.name, super().total())", "[self.name, super().total()]")
    assert named.total() == m.Named(1).total() == ["n", -1]


MODEL = """
    from pydantic import BaseModel, Field, field_validator

    class User(BaseModel):
        name: str
        age: int = 1

        @field_validator("name")
        @classmethod
        def check(cls, value):
            return "old " + value

        def greet(self):
            return "hi " + self.name

    class Group(BaseModel):
        users: list[User] = Field(default_factory=list)
    """


def test_method_of_a_pydantic_model(workspace: Workspace) -> None:
    m = workspace.load("m", MODEL)
    user = workspace.import_("user", "from m import User\nU = User(name='a')\n")
    cls = m.User
    workspace.replace(m, '"hi "', '"hello "')
    assert m.User is cls is user.User is type(user.U)
    assert user.U.greet() == "hello old a"
    assert m.User(name="a") == user.U
    assert isinstance(m.User.model_validate({"name": "b"}), cls)
    assert type(m.User(name="x")) is cls
    assert user.U.model_copy() == pickle.loads(pickle.dumps(user.U)) == user.U
    assert m.Group(users=[user.U]).users[0] is user.U


def test_validator_of_a_pydantic_model(workspace: Workspace) -> None:
    m = workspace.load("m", MODEL)
    old = m.User(name="a")
    workspace.replace(m, '"old "', '"new "')
    assert m.User(name="a").name == "new a"
    assert old.name == "old a"
    assert m.Group(users=[{"name": "b"}]).users[0].name == "new b"
    assert m.Group(users=[old]).users[0] is old


def test_fields_of_a_pydantic_model(workspace: Workspace) -> None:
    m = workspace.load("m", MODEL)
    old = m.User(name="a")
    workspace.replace(m, "age: int = 1", "age: int = Field(default=2, ge=0)\n    tag: str = 't'")
    assert m.User(name="a").model_dump() == {"name": "old a", "age": 2, "tag": "t"}
    assert set(m.User.model_fields) == {"name", "age", "tag"}
    with pytest.raises(pydantic.ValidationError):
        m.User(name="a", age=-1)
    with pytest.raises(pydantic.ValidationError):
        m.Group(users=[{"name": "a", "age": -1}])
    assert old.age == 1
    assert old.model_dump()["name"] == "old a"
    workspace.replace(m, "\n    tag: str = 't'", "")
    assert m.User(name="a").model_dump() == {"name": "old a", "age": 2}
    assert isinstance(old, m.User)


def test_pydantic_subclass_elsewhere(workspace: Workspace) -> None:
    m = workspace.load("m", MODEL)
    user = workspace.import_(
        "user", "from m import User\n\nclass Admin(User):\n    level: int = 3\n"
    )
    admin = user.Admin(name="a")
    workspace.replace(m, '"hi "', '"hello "')
    assert admin.greet() == "hello old a"
    assert isinstance(admin, m.User)
    assert user.Admin(name="b").level == 3


def test_pydantic_validator_added(workspace: Workspace) -> None:
    m = workspace.load("m", MODEL)
    workspace.replace(
        m,
        "    def greet",
        '    @field_validator("age")\n    @classmethod\n    def check_age(cls, value):\n'
        "        return value * 100\n\n    def greet",
    )
    assert m.User(name="a", age=3).age == 300
    assert m.User(name="a").age == 1
