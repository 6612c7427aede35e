"""Who needs whom: parsing dependencies, and the orders in which plugins go up and down.

Pure functions over mappings from plugin name to :class:`Manifest`; nothing here loads anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import DependencyError, PluginNotFoundError, did_you_mean
from .names import check_plugin_name, shown

if TYPE_CHECKING:
    from .manifest import Manifest

_PARTS = re.compile(r"\s*([^\s<>=!~,;@()\[\]]+)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dependency:
    """A plugin that another one needs.

    :param name: its name.
    :param specifier: PEP 440 version specifiers without spaces, ``>=1.2,<2``; empty accepts any.
    """

    name: str
    specifier: str = ""

    @classmethod
    def parse(cls, text: str) -> Dependency:
        """Return the dependency that ``storage>=1.2,<2`` stands for.

        Not ``packaging.requirements.Requirement``: that refuses names such as ``_private``.

        :raises ValueError: name or version specifier is not one.
        """
        match = _PARTS.fullmatch(text)
        if match is None:
            raise ValueError(f"{shown(text)} names no plugin; expected 'storage' or 'storage>=1.2'")
        name, specifier = match[1], re.sub(r"\s+", "", match[2])
        check_plugin_name(name)
        if specifier:
            from packaging.specifiers import InvalidSpecifier, SpecifierSet

            try:
                SpecifierSet(specifier)
            except InvalidSpecifier:
                raise ValueError(
                    f"{shown(text)}: {shown(match[2])} is not a version specifier; "
                    "expected one such as '>=1.2' or '>=1.2,<2'"
                ) from None
        return cls(name, specifier)

    def accepts(self, version: str) -> bool:
        """Return whether ``version`` (PEP 440) will do; pre-releases count as versions."""
        if not self.specifier:
            return True
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(self.specifier).contains(version, prereleases=True)

    def __str__(self) -> str:
        return self.name + self.specifier


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to load, in order, and which plugins cannot be loaded.

    :param order: dependencies come before what needs them.
    :param problems: one for each plugin asked for that is left out.
    """

    order: tuple[str, ...]
    problems: tuple[DependencyError, ...] = ()


def load_order(name: str, manifests: Mapping[str, Manifest]) -> list[str]:
    """Return ``name`` and all it needs, dependencies first, in the order they are written in.

    A version that is not known yet (``"version" in manifest.unknown``) is not compared.

    :raises PluginNotFoundError: there is no plugin ``name``.
    :raises DependencyError: a dependency is missing, has the wrong version, or needs itself.
    """
    if name not in manifests:
        raise PluginNotFoundError(name, f"no plugin {name!r}{did_you_mean(name, manifests)}")
    order: list[str] = []
    done: set[str] = set()
    # A stack of our own: a long chain of plugins is no reason for a RecursionError.
    path = [name]
    waiting: list[Iterator[Dependency]] = [iter(manifests[name].dependencies)]
    while path:
        dependency = next(waiting[-1], None)
        if dependency is None:
            waiting.pop()
            done.add(path[-1])
            order.append(path.pop())
            continue
        _check(dependency, path, manifests)
        if dependency.name not in done:
            path.append(dependency.name)
            waiting.append(iter(manifests[dependency.name].dependencies))
    return order


def _check(dependency: Dependency, path: list[str], manifests: Mapping[str, Manifest]) -> None:
    """Raise DependencyError if the last of ``path`` cannot have ``dependency``."""
    name, whole = dependency.name, [*path, dependency.name]
    if name in path:
        circle = " → ".join(whole[path.index(name) :])
        reached = f" (reached by {' → '.join(whole)})" if name != path[0] else ""
        message = f"plugins need each other in a circle: {circle}{reached}; remove one dependency"
    elif name not in manifests:
        message = (
            f"{path[-1]!r} needs {str(dependency)!r}, but there is no plugin {name!r}"
            f"{did_you_mean(name, manifests)} (path: {' → '.join(whole)})"
        )
    else:
        found = manifests[name]
        if "version" in found.unknown or dependency.accepts(found.version):
            return
        message = (
            f"{path[-1]!r} needs {str(dependency)!r}, but the version of {name!r} is "
            f"{found.version} (path: {' → '.join(whole)})"
        )
    raise DependencyError(path[0], message, whole)


def dependents_of(
    name: str, loaded_manifests: Mapping[str, Manifest], transitive: bool = True
) -> list[str]:
    """Return the loaded plugins that need ``name``, in the order in which they would go down.

    Each comes before what it needs; among equals, the one loaded last (last in the mapping) first.

    :param transitive: also those that need it through others.
    """
    needed_by: dict[str, list[str]] = {}
    for other in loaded_manifests:
        for need in _needs(other, loaded_manifests):
            needed_by.setdefault(need, []).append(other)
    direct = set(needed_by.get(name, ())) - {name}
    affected: set[str] = set()
    waiting = list(direct)
    while waiting:
        other = waiting.pop()
        if other not in affected and other != name:
            affected.add(other)
            waiting += needed_by.get(other, ())
    # Ordered with those between them, which decide the order of direct dependents as well.
    down = dependencies_first([n for n in loaded_manifests if n in affected], loaded_manifests)
    down.reverse()
    return down if transitive else [n for n in down if n in direct]


def auto_load_order(manifests: Mapping[str, Manifest]) -> LoadPlan:
    """Return what ``auto_load`` asks for: high ``load_priority`` first, but dependencies before.

    Dependencies are in it whether or not they ask for it themselves. A plugin whose dependencies
    cannot be had is left out with its reason, so that it does not keep the others from loading.
    """
    wanted = [m for m in manifests.values() if m.auto_load]
    wanted.sort(key=lambda m: (-m.load_priority, m.name))
    order: dict[str, None] = {}
    problems: list[DependencyError] = []
    for manifest in wanted:
        try:
            order.update(dict.fromkeys(load_order(manifest.name, manifests)))
        except DependencyError as error:
            problems.append(error)
    return LoadPlan(tuple(order), tuple(problems))


def _needs(name: str, manifests: Mapping[str, Manifest]) -> list[str]:
    return [d.name for d in manifests[name].dependencies]


def dependencies_first(names: Iterable[str], manifests: Mapping[str, Manifest]) -> list[str]:
    """Return ``names`` reordered, by depth first; what is not among them is ignored."""
    wanted = dict.fromkeys(names)
    order: dict[str, None] = {}
    seen: set[str] = set()
    stack = [(n, False) for n in reversed(wanted)]
    while stack:
        name, needs_done = stack.pop()
        if needs_done:
            order[name] = None
        elif name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack += [(n, False) for n in reversed(_needs(name, manifests)) if n in wanted]
    return list(order)
