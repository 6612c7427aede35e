"""Modules as small Python objects that are rendered to text; see :mod:`.strategies` for random ones.

A reference that cannot be resolved where it stands (its name is not bound yet, or would make functions call
each other for ever) is left out, so each list of items is a module that imports without an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

NAMES = ("a", "b", "c", "d", "e", "f")
DECORATORS = ("deco1", "deco2", "deco3")
METHODS = ("m0", "m1", "m2")
ATTRIBUTES = ("x", "y")

#: What stands at the top of each module, and is never edited.
PRELUDE = """\
import functools
import side
from dataclasses import dataclass
from enum import Enum
class Root:
    pass
"""


#: Kinds of decorators that give back what they were given.
FOR_CLASSES = ("deco mark", "deco register")


class Env:
    """What is bound where the text has come to.

    :param final: kinds of all names at the end of the module, for what is used when functions are called.
    """

    def __init__(self, final: dict[str, str]) -> None:
        self.final = final
        self.kinds: dict[str, str] = {}
        self.uses: dict[str, set[str]] = {}
        self.methods: dict[str, frozenset[str]] = {}
        self.ancestors: dict[str, frozenset[str]] = {}
        self.used: set[str] = set()
        self.bound: set[str] = set()

    def closure(self, name: str) -> set[str]:
        """Return ``name`` and all names that using it may lead to."""
        seen: set[str] = set()
        pending = [name]
        while pending:
            if (item := pending.pop()) not in seen:
                seen.add(item)
                pending += self.uses.get(item, ())
        return seen

    def use(self, name: str, binder: str) -> None:
        """Note that what ``binder`` stands for uses ``name``."""
        self.used.add(name)
        if name != binder:
            self.uses.setdefault(binder, set()).add(name)

    def bind(self, name: str, kind: str) -> None:
        """Note that ``name`` is bound from here on."""
        self.kinds[name] = kind
        self.bound.add(name)
        self.methods.pop(name, None)
        self.ancestors.pop(name, None)

    def refer(self, name: str, binder: str, *, now: bool) -> str | None:
        """Return an expression for what ``name`` stands for; None where there is none."""
        kind = self.kinds.get(name)
        if kind is None and not now and self.final.get(name) == "value":
            kind = "value"
        if kind is None or name == binder or binder in (needs := self.closure(name)):
            return None
        if now and not needs <= self.kinds.keys():
            return None
        calls = "".join(f", {name}().{m}()" for m in sorted(self.methods.get(name, ())))
        texts = {
            "value": name,
            "function": f"{name}()",
            "run": f"side.run({name}())",
            "factory": f"{name}(5)()",
            "class": f"({name}.__name__{calls},)",
            "enum": f"[m.name for m in {name}]",
        }
        if kind not in texts:
            return None
        self.use(name, binder)
        return texts[kind]

    def decorators(self, wanted: Sequence[str], binder: str) -> list[tuple[str, str]]:
        """Return those that can be used here: how they are written, and their kind."""
        found = []
        for name in wanted:
            kind = self.kinds.get(name, "")
            if name in ("functools.cache", "dataclass"):
                found.append((name, "cache"))
            elif kind.startswith("deco"):
                needs = self.closure(name)
                if binder not in needs and needs <= self.kinds.keys():
                    self.use(name, binder)
                    found.append((f"{name}(2)" if kind == "deco args" else name, kind))
        return found


@dataclass(frozen=True)
class Expr:
    """A tuple of a literal and of what some names stand for, where they are bound."""

    value: object = 0
    refs: tuple[str, ...] = ()

    def render(self, env: Env, binder: str, *, now: bool) -> str:
        parts = [repr(self.value)]
        for name in self.refs:
            text = env.refer(name, binder, now=now)
            if text is not None:
                parts.append(text)
        return f"({', '.join(parts)},)" if len(parts) > 1 else parts[0]


class Body:
    """What an item binds its name to."""

    def render(self, env: Env, name: str) -> list[str]:
        raise NotImplementedError


@dataclass(frozen=True)
class Const(Body):
    expr: Expr = Expr()
    how: Literal["=", "annotated", "walrus", "chain", "unpack", "note"] = "="

    def render(self, env: Env, name: str) -> list[str]:
        text = self.expr.render(env, name, now=True)
        env.bind(name, "value")
        if self.how in ("chain", "unpack"):
            env.bind(f"{name}_too", "value")
            env.uses.setdefault(f"{name}_too", set()).add(name)
        return [
            {
                "=": f"{name} = {text}",
                "annotated": f"{name}: object = {text}",
                "walrus": f"print(end=str(({name} := {text}))[:0])",
                "chain": f"{name} = {name}_too = {text}",
                "unpack": f"{name}, {name}_too = {text}, 1",
                "note": f"{name} = side.note({name!r}, {text})",
            }[self.how]
        ]


@dataclass(frozen=True)
class Again(Body):
    """A second statement that binds the same name."""

    expr: Expr = Expr()
    how: Literal["=", "loop", "del"] = "="

    def render(self, env: Env, name: str) -> list[str]:
        if env.kinds.get(name) != "value":
            return []
        env.used.add(name)
        env.bound.add(name)
        if self.how == "del":
            del env.kinds[name]
            env.kinds.pop(f"{name}_too", None)  # only so that nothing refers to what is gone
            return [f"del {name}"]
        text = self.expr.render(env, name, now=True)
        if self.how == "loop":
            return ["for i in range(2):", f"    {name} = ({name}, i, {text})"]
        return [f"{name} = ({name}, {text})"]


@dataclass(frozen=True)
class State(Body):
    """A container that is filled while the program runs, not by the source."""

    def render(self, env: Env, name: str) -> list[str]:
        env.bind(name, "state")
        return [f"{name} = {{}}"]


@dataclass(frozen=True)
class Func(Body):
    kind: Literal["plain", "generator", "async", "async generator", "lambda"] = "plain"
    expr: Expr = Expr()
    default: Expr | None = None
    keyword: Expr | None = None
    hint: str = ""
    doc: int = 0
    decorators: tuple[str, ...] = ()
    inner_gap: int = 0

    def render(self, env: Env, name: str) -> list[str]:
        decorators = env.decorators(self.decorators, name)
        parameters = []
        if self.default is not None:
            hint = ""
            if self.hint in env.kinds and name not in env.closure(self.hint):
                env.used.add(self.hint)
                hint = f": {self.hint}"
            parameters.append(f"x{hint}={self.default.render(env, name, now=True)}")
        if self.keyword is not None:
            parameters += ["*", f"k={self.keyword.render(env, name, now=True)}"]
        value = self.expr.render(env, name, now=False)
        given = "".join(f", {p}" for p in ("x", "k") if any(q[0] == p for q in parameters))
        result = f"({value}{given},)"
        kind = self.kind
        if kind == "lambda":
            value = self.expr.render(env, name, now=True)
            env.bind(name, "function")
            return [f"{name} = lambda: ({value},)"]
        if any(kind != "deco register" for _, kind in decorators):
            kind = "plain"
        lines = [f"@{text}" for text, _ in decorators]
        lines.append(f"{'async ' if 'async' in kind else ''}def {name}({', '.join(parameters)}):")
        if self.doc:
            lines.append(f'    """Doc {self.doc}."""')
        lines += ["    # note"] * self.inner_gap
        if "generator" in kind:
            lines += ["    yield 1", f"    yield {result}"]
        else:
            lines.append(f"    return {result}")
        env.bind(name, "function" if kind == "plain" else "run")
        return lines


@dataclass(frozen=True)
class Factory(Body):
    """A function that makes closures."""

    expr: Expr = Expr()
    free: tuple[str, ...] = ("n",)

    def render(self, env: Env, name: str) -> list[str]:
        value = self.expr.render(env, name, now=False)
        lines = [f"def {name}(n):", f"    o = {value}", "    def inner(x=3):"]
        lines += [f"        return (x, {', '.join(self.free)},)", "    return inner"]
        env.bind(name, "factory")
        return lines


@dataclass(frozen=True)
class Made(Body):
    """A closure that a factory made."""

    factory: str = "a"
    value: int = 0

    def render(self, env: Env, name: str) -> list[str]:
        made = f"functools.partial(side.run, {self.value})"
        if env.kinds.get(self.factory) == "factory" and env.refer(self.factory, name, now=True):
            made = f"{self.factory}({self.value})"
        env.bind(name, "function")
        return [f"{name} = {made}"]


@dataclass(frozen=True)
class Alias(Body):
    target: str = "a"

    def render(self, env: Env, name: str) -> list[str]:
        kind = env.kinds.get(self.target)
        if kind is None or self.target == name or name in env.closure(self.target):
            return [*Const(Expr("alias")).render(env, name)]
        env.use(self.target, name)
        methods, ancestors = env.methods.get(self.target), env.ancestors.get(self.target)
        env.bind(name, kind)
        if methods is not None and ancestors is not None:
            env.methods[name], env.ancestors[name] = methods, ancestors
        return [f"{name} = {self.target}"]


@dataclass(frozen=True)
class Deco(Body):
    """A decorator of this module."""

    kind: Literal["wraps", "class", "args", "same", "mark"] = "wraps"
    expr: Expr = Expr()

    def render(self, env: Env, name: str) -> list[str]:
        value = self.expr.render(env, name, now=False)
        wrapper = [
            "@functools.wraps(fn)",
            "def wrapper(*args, **kwargs):",
            f"    return ({value}, fn(*args, **kwargs))",
            "return wrapper",
        ]
        deep = [f"    {line}" for line in wrapper]
        lines = {
            "wraps": [f"def {name}(fn):", *deep],
            "args": [f"def {name}(n):", "    def outer(fn):"]
            + [f"    {line.replace(value, f'n, {value}')}" for line in deep]
            + ["    return outer"],
            "same": [f"def {name}(fn):", "    return fn"],
            "mark": [f"def {name}(fn):", f"    fn.mark = {value}", "    return fn"],
            "class": [
                f"class {name}:",
                "    def __init__(self, fn):",
                "        self.fn = fn",
                "        functools.update_wrapper(self, fn)",
                "    def __call__(self, *args, **kwargs):",
                f"        return ({value}, self.fn(*args, **kwargs))",
            ],
        }[self.kind]
        kind = {"args": "deco args", "mark": "deco mark", "same": "deco mark"}.get(
            self.kind, "deco"
        )
        env.bind(name, kind)
        return lines


@dataclass(frozen=True)
class Member:
    """A statement of a class body."""

    name: str = "m0"
    kind: Literal["attribute", "method", "static", "class", "property", "nested"] = "method"
    expr: Expr = Expr()
    parent: bool = False
    own: bool = False
    gap: int = 0

    def render(self, env: Env, cls: str, inherited: frozenset[str]) -> list[str]:
        name = self.name
        gap = ["# between"] * self.gap
        if self.kind == "attribute":
            return [*gap, f"{name} = {self.expr.render(env, cls, now=True)}"]
        if self.kind == "nested":
            lines = Member("m0", "method", self.expr).render(env, cls, frozenset())
            return [*gap, f"class {name.upper()}:", *(f"    {line}" for line in lines)]
        value = self.expr.render(env, cls, now=False)
        if self.parent and name in inherited and self.kind == "method":
            value += f", side.result(super().{name})"
        if self.own and self.kind == "method" and name != "m0":
            value += ", side.result(getattr(self, 'm0', None))"
        argument = {"static": "", "class": "cls"}.get(self.kind, "self")
        marks = {"static": ["@staticmethod"], "class": ["@classmethod"], "property": ["@property"]}
        return [
            *gap,
            *marks.get(self.kind, []),
            f"def {name}({argument}):",
            f"    return ({value},)",
        ]


@dataclass(frozen=True)
class Class(Body):
    bases: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    made: Expr | None = None
    doc: int = 0
    decorators: tuple[str, ...] = ()

    def render(self, env: Env, name: str) -> list[str]:
        bases: list[str] = []
        for base in self.bases:
            above = env.ancestors.get(base)
            if above is None or env.kinds[base] != "class" or name in env.closure(base):
                continue
            # Neither of two bases may be the other's, in whatever order; nor the same by two names.
            if base in bases or any(above & env.ancestors[b] for b in bases):
                continue
            env.use(base, name)
            bases.append(base)
        inherited = frozenset[str]().union(*(env.methods[b] for b in bases))
        ancestors = frozenset({name}).union(*(env.ancestors[b] for b in bases))
        decorators = [
            text for text, kind in env.decorators(self.decorators, name) if kind in FOR_CLASSES
        ]
        lines = [*(f"@{d}" for d in decorators), f"class {name}({', '.join(bases or ['Root'])}):"]
        if self.doc:
            lines.append(f'    """Class {self.doc}."""')
        if self.made is not None:
            lines += [
                "    def __init__(self):",
                f"        self.made = {self.made.render(env, name, now=False)}",
            ]
        methods = set(inherited)
        for member in self.members:
            lines += [f"    {line}" for line in member.render(env, name, inherited)]
            (methods.add if member.kind == "method" else methods.discard)(member.name)
        if not self.members and self.made is None:
            lines.append("    pass")
        env.bind(name, "class")
        env.methods[name], env.ancestors[name] = frozenset(methods), ancestors
        return lines


@dataclass(frozen=True)
class Data(Body):
    """A dataclass."""

    fields: tuple[tuple[str, Expr], ...] = ()
    frozen: bool = False

    def render(self, env: Env, name: str) -> list[str]:
        lines = ["@dataclass(frozen=True)" if self.frozen else "@dataclass", f"class {name}(Root):"]
        for field_, expr in self.fields:
            # A tuple may hold anything; a bare list or dict is no default.
            lines.append(f"    {field_}: object = ({expr.render(env, name, now=True)},)")
        lines += ["    def m0(self):", "        return vars(self)"]
        env.bind(name, "class")
        env.methods[name], env.ancestors[name] = frozenset({"m0"}), frozenset({name, "dataclass"})
        return lines


@dataclass(frozen=True)
class Members(Body):
    """An enumeration."""

    members: tuple[tuple[str, Expr], ...] = ()

    def render(self, env: Env, name: str) -> list[str]:
        lines = [f"class {name}(Enum):"]
        for index, (member, expr) in enumerate(self.members):
            lines.append(f"    {member} = ({index}, {expr.render(env, name, now=True)})")
        lines += ["    def m0(self):", "        return self.value"]
        env.bind(name, "enum" if self.members else "empty enum")
        return lines


@dataclass(frozen=True)
class Registry(Body):
    """A list of this module, and a decorator that puts things into it."""

    def render(self, env: Env, name: str) -> list[str]:
        env.bind("REG", "registry")
        env.bind(name, "deco register")
        env.use("REG", name)
        return ["REG = []", "", f"def {name}(fn):", "    REG.append(fn)", "    return fn"]


@dataclass(frozen=True)
class Touch(Body):
    """Something that is set on a function or class from outside of its definition."""

    expr: Expr = Expr()

    def render(self, env: Env, name: str) -> list[str]:
        if env.kinds.get(name) not in ("class", "function"):
            return []
        env.used.add(name)
        return [f"{name}.extra = {self.expr.render(env, name, now=True)}"]


@dataclass(frozen=True)
class Import(Body):
    what: Literal[
        "import math as {}", "from math import pi as {}", "from string import capwords as {}"
    ]

    def render(self, env: Env, name: str) -> list[str]:
        env.bind(name, "value" if "pi" in self.what else "module")
        return [self.what.format(name)]


@dataclass(frozen=True)
class Fail(Body):
    """Something that raises while the module runs."""

    how: str = "raise"
    error: str = "ValueError(1)"

    def render(self, env: Env, name: str) -> list[str]:
        classes = [n for n, kind in env.kinds.items() if kind == "class"]
        return [
            line.format(error=self.error, base=classes[0] if classes else "Root")
            for line in FAILURES[self.how]
        ]


FAILURES = {
    "raise": ["raise {error}"],
    "call": ["Boom = [side.boom({error}) for _ in (1, 2)]"],
    "class body": ["class Boom({base}):", "    x = 1", "    y = side.boom({error})"],
    "decorator": ["@(lambda f: side.boom({error}))", "def boom():", "    pass"],
    "class decorator": ["@(lambda c: side.boom({error}))", "class Boom({base}):", "    pass"],
    "default": ["def boom(x=side.boom({error})):", "    pass"],
    "metaclass": ["class Boom(metaclass=lambda *a: side.boom({error})):", "    pass"],
    "__set_name__": ["class Boom({base}):", "    x = side.Named({error})"],
    "__init_subclass__": [
        "class Boom({base}):",
        "    def __init_subclass__(cls):",
        "        side.boom({error})",
        "class Boom2(Boom):",
        "    pass",
    ],
    "deep": ["def boom():", "    return boom()", "boom()"],
}
ERRORS = (
    "ValueError(1)", "KeyboardInterrupt", "SystemExit(1)", "GeneratorExit", "StopIteration",
    "RecursionError", "MemoryError", "side.Odd", "ExceptionGroup('x', [OSError()])",
)  # fmt: skip


WRAPS = {
    "if": ["if True:"],
    "else": ["if not side:", "    pass", "else:"],
    "except": ["try:", "    raise ImportError", "except ImportError:"],
    "for": ["for i in (0,):"],
    "with": ["with side.nothing():"],
}


@dataclass(frozen=True)
class Item:
    """One statement, or two that belong together.

    :param gap: blank lines and comments before it.
    :param wrap: the block that it stands in.
    :param joined: it shares a line with the one before, where both can.
    """

    name: str
    body: Body
    gap: int = 0
    wrap: str = ""
    joined: bool = False


@dataclass(frozen=True)
class Rendered:
    """A top-level statement as text.

    :param uses: names that it uses, now or when its functions are called.
    """

    item: Item
    text: str
    binds: frozenset[str]
    uses: frozenset[str]


@dataclass(frozen=True, repr=False)
class Program:
    """A module.

    :param names_all: it has an ``__all__``.
    """

    items: tuple[Item, ...] = ()
    doc: int = 0
    names_all: bool = False
    future: bool = False

    def __repr__(self) -> str:
        return f"\n{self.text}# --"

    def rendered(self) -> tuple[Rendered, ...]:
        final: dict[str, str] = {}
        for _ in range(2):
            env = Env(final)
            result = []
            for item in self.items:
                env.used, env.bound = set(), set()
                lines = item.body.render(env, item.name)
                if not lines:
                    continue
                if item.wrap:
                    lines = [*WRAPS[item.wrap], *(f"    {line}".rstrip() for line in lines)]
                text = "\n".join(lines)
                result.append(Rendered(item, text, frozenset(env.bound), frozenset(env.used)))
            final = {name: kind for name, kind in env.kinds.items() if kind == "value"}
        return tuple(result)

    @property
    def text(self) -> str:
        """The source."""
        text = f'"""Module {self.doc}."""\n' if self.doc else ""
        text += "from __future__ import annotations\n" if self.future else ""
        text += PRELUDE
        for index, one in enumerate(self.rendered()):
            gap = "\n" * one.item.gap + (f"# comment {one.item.gap}\n" if one.item.gap > 1 else "")
            plain = one.text.startswith(f"{one.item.name} = ")
            if one.item.joined and plain and index and text.splitlines()[-1].startswith(NAMES):
                text = f"{text[:-1]}; {one.text}\n"
            else:
                text += f"{gap}{one.text}\n"
        if self.names_all:
            text += f"__all__ = {sorted({n for one in self.rendered() for n in one.binds})}\n"
        return text
