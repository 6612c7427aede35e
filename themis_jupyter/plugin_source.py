"""Finding the plugin that a module defines, once its body has run."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import PluginDefinitionError
from .names import shown
from .plugin import Plugin, StatefulPlugin

_HOW = "define one subclass of Plugin or StatefulPlugin, or a function create_plugin()"


@dataclass(frozen=True, slots=True)
class PluginSource:
    """What makes a plugin: its class, or a function of the module.

    :param module: name of the module it was found in.
    :param target: the class, or the function.
    """

    module: str
    kind: Literal["class", "factory"]
    target: Callable[[], Any]

    @property
    def plugin_class(self) -> type[Plugin] | None:
        """The class, if that is what was found; a factory's is known when it has run."""
        return self.target if isinstance(self.target, type) else None

    def create(self) -> Plugin:
        """Return a new instance. What the plugin's own code raises comes through unchanged.

        :raises PluginDefinitionError: what came is not an instance of a plugin, or the class or
            function cannot be called without arguments.
        """
        self.check()
        made = self.target()
        if isinstance(made, Plugin):
            return made
        if inspect.iscoroutine(made):
            made.close()  # or Python warns that it was never awaited
            found, hint = "a coroutine", "write it with def, not async def"
        elif made is None:
            found, hint = "None", "is a 'return' missing?"
        elif isinstance(made, type):
            found, hint = f"the class {made.__qualname__!r}", f"return {made.__qualname__}()"
        else:
            found, hint = f"{shown(made)} ({type(made).__name__})", "its class is not a plugin's"
        raise PluginDefinitionError(
            self.module,
            f"{self._labels[0]} of {self.module!r} gives {found}; expected an instance of Plugin: "
            f"{hint}",
        )

    @property
    def _labels(self) -> tuple[str, str]:
        """What messages call it, and what is called."""
        name = getattr(self.target, "__qualname__", "create_plugin")
        if self.kind == "class":
            return f"class {name!r}", f"{name}.__init__"
        return f"{name}()", f"{name}()"

    def check(self) -> None:
        """Look whether it can be called without arguments; none of its code runs.

        :raises PluginDefinitionError: it cannot.
        """
        label, first = self._labels
        missing = sorted(getattr(self.target, "__abstractmethods__", ()))
        if self.kind == "class" and missing:
            raise PluginDefinitionError(
                self.module,
                f"{label} of {self.module!r} is abstract; it has to define {', '.join(missing)}",
            )
        try:
            signature = inspect.signature(self.target)
        except (TypeError, ValueError):
            return  # written in C, or without a signature: calling it will tell
        try:
            signature.bind()
        except TypeError as error:
            raise PluginDefinitionError(
                self.module,
                f"{first} of {self.module!r} is called without arguments: {error}; "
                "settings come to initialize(config)",
            ) from None


def find_plugin(
    namespace: Mapping[str, object], module_name: str, attr: str | None = None
) -> PluginSource:
    """Return what makes the plugin in a module's namespace, which may be a staged one.

    A ``create_plugin`` of the module, imported or not, wins. Otherwise it is the one plugin class
    that the module, or a submodule of it, defines; classes that only serve others as a base
    do not count, nor abstract ones beside one that is not.

    :param attr: the one object to take, as an entry point ``module:attr`` names it.
    :raises PluginDefinitionError: there is none, or more than one; the message names them.
    """
    if attr is not None:
        return _named(namespace, module_name, attr)
    if "create_plugin" in namespace:
        return _factory(namespace["create_plugin"], module_name)
    classes = _plugin_classes(namespace.values())
    own = [c for c in classes if is_own(c.__module__, module_name)]
    found = leaves(own)
    if len(found) > 1:
        found = [c for c in found if not inspect.isabstract(c)] or found
    if len(found) == 1:
        return PluginSource(module_name, "class", found[0])
    if found:
        names = " and ".join(_label(c, namespace) for c in found)
        problem = (
            f"{module_name!r} defines {len(found)} plugins: {names}; keep one, "
            "derive one from the other, or add create_plugin() to choose"
        )
    elif classes:
        names = ", ".join(f"{c.__qualname__!r} from {c.__module__!r}" for c in classes)
        problem = f"{module_name!r} only imports {names}; {_HOW}"
    else:
        problem = f"{module_name!r} has no plugin; {_HOW}{_lookalike(namespace, module_name)}"
    raise PluginDefinitionError(module_name, problem)


def is_own(origin: str, module_name: str) -> bool:
    """Return whether ``origin`` is ``module_name`` or a submodule of it."""
    return origin == module_name or origin.startswith(module_name + ".")


def leaves(classes: Iterable[type]) -> list[type]:
    """Return those classes, each once, that no other of them derives from."""
    unique = list(dict.fromkeys(classes))
    return [c for c in unique if not any(c in o.__mro__ for o in unique if o is not c)]


def _plugin_classes(values: Iterable[object]) -> list[type]:
    # Only what type() says, and "is": a lazy proxy's __class__, or a metaclass's __subclasscheck__
    # or __eq__, runs foreign code.
    return [
        value
        for value in values
        if issubclass(type(value), type)
        and isinstance(value, type)
        and any(base is Plugin for base in value.__mro__)
        and not (value is Plugin or value is StatefulPlugin)
    ]


def _factory(target: object, module_name: str) -> PluginSource:
    if not callable(target):
        raise PluginDefinitionError(
            module_name,
            f"create_plugin in {module_name!r} is {shown(target)} ({type(target).__name__}); "
            "expected a function that returns a plugin",
        )
    if inspect.iscoroutinefunction(target):
        raise PluginDefinitionError(
            module_name, f"create_plugin() in {module_name!r} is async; write it with def"
        )
    return PluginSource(module_name, "factory", target)


def _named(namespace: Mapping[str, object], module_name: str, attr: str) -> PluginSource:
    first, *others = attr.split(".")
    try:
        target = namespace[first]
        for name in others:
            target = getattr(target, name)
    except (KeyError, AttributeError):
        raise PluginDefinitionError(
            module_name, f"{module_name!r} has no {attr!r}, which its entry point names"
        ) from None
    if isinstance(target, type):
        if not _plugin_classes([target]):
            raise PluginDefinitionError(
                module_name,
                f"{attr!r} in {module_name!r} is a class, but not a subclass of Plugin; {_HOW}",
            )
        return PluginSource(module_name, "class", target)
    return _factory(target, module_name)


def _label(cls: type, namespace: Mapping[str, object]) -> str:
    line = _line(cls, namespace)
    return f"{cls.__qualname__!r} (line {line})" if line else repr(cls.__qualname__)


def _line(cls: type, namespace: Mapping[str, object]) -> int | None:
    """Return the line where the class statement begins, if it can be found."""
    first = vars(cls).get("__firstlineno__")  # since Python 3.13
    if isinstance(first, int):
        return first
    # inspect.getsourcelines() asks sys.modules, where a staged module is not.
    if namespace.get("__name__") != cls.__module__:
        module = sys.modules.get(cls.__module__)
        namespace = vars(module) if module else {}
    file = namespace.get("__file__")
    try:
        tree = ast.parse("".join(linecache.getlines(file))) if isinstance(file, str) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)] if tree else []
    lines = [n.lineno for n in nodes if n.name == cls.__name__]
    return lines[-1] if lines else None


def _lookalike(namespace: Mapping[str, object], module_name: str) -> str:
    """Name a class that has a plugin's methods but not its base."""
    for value in namespace.values():
        if not (issubclass(type(value), type) and isinstance(value, type)):
            continue
        if value.__module__ == module_name and "initialize" in vars(value):
            label = _label(value, namespace)
            return f" (class {label} has initialize(), but does not derive from Plugin)"
    return ""
