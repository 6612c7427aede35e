"""The manifest of a plugin's source, without running it.

Python's own rules decide what a class inherits: for each class statement a stand-in class is made,
with the same bases and the fields' literal values. Then a plugin is what derives from the stand-in
for ``Plugin``, and an attribute is found where the real class would find it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .manifest import Manifest, build_manifest, class_label, declares
from .manifest_fields import FIELDS
from .plugin import Capability, PluginType
from .plugin_source import is_own, leaves
from .static_source import Neighbourhood, StaticModule, parse_module, stored_names


class _Root:
    """Stands in for ``Plugin``."""


class _Stateful(_Root):
    """Stands in for ``StatefulPlugin``."""


_BASES: dict[str, type] = {"Plugin": _Root, "StatefulPlugin": _Stateful}


class _Computed:
    """The value of what is not a literal."""

    def __repr__(self) -> str:
        return "<computed>"


COMPUTED = _Computed()


@dataclass(frozen=True, slots=True)
class StaticPlugin:
    """What the source says.

    :param looks_like_plugin: it has a plugin class or a ``create_plugin`` of its own.
    """

    looks_like_plugin: bool
    manifest: Manifest


def static_manifest(
    source_text: str,
    module: str,
    path: Path | None,
    json_fields: Mapping[str, Any] | None = None,
    *,
    default_name: str | None = None,
) -> Manifest:
    """Return what ``source_text`` says of its plugin. Fields that are computed are in ``unknown``.

    :param path: the file; base classes are looked up in the files beside it. None: nowhere.
    :param json_fields: what :func:`read_plugin_json` returned.
    :raises PluginDefinitionError: the text does not parse, or a field holds what it may not.
    """
    parsed = parse_module(source_text, module, path)
    return analyse(parsed, path, json_fields, default_name=default_name).manifest


def analyse(
    module: StaticModule,
    path: Path | None,
    json_fields: Mapping[str, Any] | None = None,
    *,
    default_name: str | None = None,
    attr: str | None = None,
    siblings: bool = True,
) -> StaticPlugin:
    """Return whether a parsed module looks like a plugin, and its manifest.

    :param attr: the class that is meant, where an entry point names one.
    :param siblings: whether files beside a top-level module are read for base classes.
    :raises PluginDefinitionError: a field holds what it may not, or contradicts ``plugin.json``.
    """
    top = None if siblings and "." not in module.name else module.name.partition(".")[0]
    reader = _Reader(Neighbourhood(_root_of(module, path), top))
    reader.neighbours.add(module)
    classes = reader.plugin_classes(module)
    found = leaves(classes.values())
    if attr in classes:
        found = [classes[attr]]
    elif attr in module.classes:  # its base is out of sight
        found = [reader.stand_in(module, attr)]
    values: dict[str, Any] = {}
    unknown: tuple[str, ...] = tuple(FIELDS)
    who = "plugin.json"
    if len(found) == 1:
        who = class_label(found[0].__name__, module.name, path)
        for name in FIELDS:
            if declares(found[0], name, _Root):
                values[name] = getattr(found[0], name)
        # A base that cannot be seen may set anything that the class leaves open.
        blind = tuple(FIELDS) if _Root not in found[0].__mro__ else ()
        computed = {name for name, value in values.items() if value is COMPUTED}
        values = {name: value for name, value in values.items() if name not in computed}
        unknown = tuple(n for n in FIELDS if n in computed or (n in blind and n not in values))
    manifest = build_manifest(
        module.name, path, who, values, json_fields, default_name=default_name, unknown=unknown
    )
    return StaticPlugin(bool(classes) or _has_factory(module), manifest)


def _root_of(module: StaticModule, path: Path | None) -> Path | None:
    """Return the folder that the module's dotted name is counted from, if path and name agree."""
    if path is None:
        return None
    place = path.parent if module.is_package else path.with_suffix("")
    parts = module.name.split(".")
    if place.parts[-len(parts) :] != tuple(parts):
        return None
    return place.parents[len(parts) - 1]


def _has_factory(module: StaticModule) -> bool:
    name = "create_plugin"
    if name in module.functions or name in module.assigned:
        return True
    # Importing another module's create_plugin is what a script that uses it does.
    return module.is_package and is_own(module.imports.get(name, ""), module.name)


class _Reader:
    """Makes stand-ins for the classes of modules that lie beside each other."""

    def __init__(self, neighbours: Neighbourhood) -> None:
        self.neighbours = neighbours
        self._made: dict[tuple[str, str], type] = {}

    def plugin_classes(self, module: StaticModule) -> dict[str, type]:
        """Return stand-ins for the plugin classes that ``module`` defines, by their name in it.

        A package's are also those that it imports from its own submodules.
        """
        found = {name: self.stand_in(module, name) for name in module.classes}
        for name, origin in module.imports.items():
            if module.is_package and is_own(origin, module.name):
                cls = self._look_up(module, name, set())
                if cls is not None:
                    found[name] = cls
        bases = _BASES.values()
        return {n: cls for n, cls in found.items() if _Root in cls.__mro__ and cls not in bases}

    def stand_in(self, module: StaticModule, name: str) -> type:
        """Return the stand-in for a class statement of ``module``."""
        key = (module.name, name)
        if key not in self._made:
            self._made[key] = object  # what a class that derives from itself finds
            node = module.classes[name]
            bases: dict[type, None] = {}
            for expression in node.bases:
                for dotted in _mentioned(expression):
                    base = self._look_up(module, dotted, set())
                    if base not in (None, object):
                        bases[base] = None
            attributes = dict(_class_fields(module, node))
            try:
                made = type(name, tuple(bases), attributes)
            except TypeError:  # no order of resolution: the real class will not do either
                plugin = any(_Root in base.__mro__ for base in bases)
                made = type(name, (_Root,) if plugin else (), dict.fromkeys(FIELDS, COMPUTED))
            self._made[key] = made
        return self._made[key]

    def _look_up(self, module: StaticModule, dotted: str, seen: set[str]) -> type | None:
        """Return the stand-in for what ``dotted`` means in ``module``; None if out of sight."""
        step = f"{module.name}:{dotted}"
        if step in seen:
            return None
        seen.add(step)
        first, _, rest = dotted.partition(".")
        if not rest and first in module.classes:
            return self.stand_in(module, first)
        origin = dotted
        if first in module.imports:
            origin = module.imports[first] + (f".{rest}" if rest else "")
            *path, last = origin.split(".")
            neighbour = self.neighbours.module(".".join(path))
            if neighbour is not None:
                return self._look_up(neighbour, last, seen)
        elif first in module.assigned:
            value = module.assigned[first]
            other = _dotted(value) if value is not None else None
            if other is None:
                return None
            return self._look_up(module, f"{other}.{rest}" if rest else other, seen)
        else:
            for star in module.stars:
                neighbour = self.neighbours.module(star)
                found = self._look_up(neighbour, dotted, seen) if neighbour else None
                if found is not None:
                    return found
            if not module.stars:
                return None
        # Whatever module it comes from, perhaps one that passes ours on: the word decides.
        return _BASES.get(origin.rpartition(".")[2])


def _mentioned(expression: ast.expr) -> Iterator[str]:
    """Yield the dotted names a base may come from: ``Base``, ``Base[int]``, ``with_log(Base)``."""
    while isinstance(expression, ast.Subscript):
        expression = expression.value
    if isinstance(expression, ast.Call):
        for argument in expression.args:
            yield from _mentioned(argument)
    else:
        dotted = _dotted(expression)
        if dotted:
            yield dotted


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else None
    return None


def _class_fields(module: StaticModule, node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """Yield each manifest field that a class body sets, with its value; later ones win."""
    for statement in node.body:
        match statement:
            case ast.Assign(targets=targets, value=value) if all(
                isinstance(t, ast.Name) for t in targets
            ):
                names = {t.id for t in targets if isinstance(t, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                if value is None:
                    continue  # an annotation alone sets nothing
                names = {name}
            case _:
                names, value = stored_names(statement), None
        for name in names & FIELDS.keys():
            yield name, COMPUTED if value is None else _value(module, value)


def _value(module: StaticModule, node: ast.expr) -> Any:
    """Return what an expression is worth without running it, or COMPUTED."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _value(module, node.left), _value(module, node.right)
        both = isinstance(left, Capability) and isinstance(right, Capability)
        return left | right if both else COMPUTED
    if isinstance(node, ast.Name):
        # A constant of the module: VERSION = "1.2"
        constant = module.assigned.get(node.id)
        is_own_name = node.id not in module.imports and node.id not in module.classes
        return _literal(constant) if constant is not None and is_own_name else COMPUTED
    dotted = _dotted(node)
    if dotted is not None:
        return _member(module, dotted)
    return _literal(node)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return COMPUTED


def _member(module: StaticModule, dotted: str) -> Any:
    """Return ``PluginType.X`` or ``Capability.X``, under whatever name they were imported."""
    first, _, rest = dotted.partition(".")
    *_, enum, name = [*module.imports.get(first, first).split("."), *rest.split(".")]
    if first in module.classes:
        return COMPUTED
    kinds: dict[str, Any] = {"PluginType": PluginType, "Capability": Capability}
    members = kinds[enum].__members__ if enum in kinds else {}
    return members.get(name, COMPUTED)
