"""What is known of a plugin: the manifest as a value, and how a live class gives it."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PluginDefinitionError, describe
from .manifest_fields import FIELDS, check_field
from .names import shown
from .plugin import Capability, Plugin, PluginType, StatefulPlugin

if TYPE_CHECKING:
    from .dependencies import Dependency


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts of one plugin.

    :param name: how users call it; unique within a manager.
    :param module: name of its module.
    :param path: its file (a package's ``__init__.py``); None for what has no file.
    :param version: PEP 440 version.
    :param config_schema: JSON Schema as plain dicts and lists, a copy of the author's.
    :param load_priority: high loads first.
    :param unknown: fields that only running the code would tell; they hold their defaults here.
    """

    name: str
    module: str
    path: Path | None
    version: str = "0"
    description: str = ""
    type: PluginType = PluginType.CUSTOM
    dependencies: tuple[Dependency, ...] = ()
    capabilities: Capability = Capability.NONE
    config_schema: Mapping[str, Any] | None = None
    auto_load: bool = False
    load_priority: int = 0
    unknown: tuple[str, ...] = ()


def manifest_of(
    plugin: type[Plugin] | Plugin,
    module: str,
    path: Path | None,
    json_fields: Mapping[str, Any] | None = None,
    *,
    default_name: str | None = None,
) -> Manifest:
    """Return the manifest of a live plugin.

    :param plugin: its class; or the instance, which may have set fields of its own.
    :param json_fields: what :func:`read_plugin_json` returned. It fills in for what neither the
        class nor the instance sets, and must agree with what they set.
    :param default_name: its name where nothing sets one; by default the last part of ``module``.
    :raises PluginDefinitionError: a field holds what it may not, or contradicts ``plugin.json``.
    """
    cls = plugin if isinstance(plugin, type) else type(plugin)
    own = {} if isinstance(plugin, type) else getattr(plugin, "__dict__", {})
    who = class_label(cls.__qualname__, module, path)
    values: dict[str, Any] = {}
    for field in FIELDS:
        if field not in own and not declares(cls, field, Plugin):
            continue
        try:
            values[field] = getattr(plugin, field)
        except Exception as error:
            raise PluginDefinitionError(
                module, f"{who}: {field} cannot be read: {describe(error)}"
            ) from error
    wrong = _wrong_transient(own.get("transient", inspect.getattr_static(cls, "transient", ())))
    if wrong and issubclass(cls, StatefulPlugin):
        raise PluginDefinitionError(module, f"{who}: {wrong}")
    return build_manifest(module, path, who, values, json_fields, default_name=default_name)


def _wrong_transient(value: object) -> str:
    """Return what is wrong with the names of attributes that are no state; empty if nothing is."""
    if isinstance(value, property):  # what it gives may depend on what initialize() has done
        return ""
    if isinstance(value, str):  # ("lock") is one: each part of that name would be no state, either
        return f"transient is {shown(value)} (str); expected a tuple of names: ({shown(value)},)"
    if isinstance(value, Collection) and all(isinstance(name, str) for name in value):
        return ""
    return (
        f"transient is {shown(value)} ({type(value).__name__}); "
        "expected a tuple of names of attributes, such as ('lock', 'connection')"
    )


def declares(cls: type, field: str, root: type) -> bool:
    """Return whether ``cls`` or a base of it sets ``field``, as seen before ``root``.

    What comes after ``root`` in the order of resolution is hidden by root's defaults: a mixin's
    ``name`` (``threading.Thread`` has one) says nothing about the plugin.
    """
    for base in cls.__mro__:
        if base is root:
            return False
        if field in vars(base):
            return True
    return False


def build_manifest(
    module: str,
    path: Path | None,
    who: str,
    values: Mapping[str, Any],
    json_fields: Mapping[str, Any] | None,
    *,
    default_name: str | None = None,
    unknown: tuple[str, ...] = (),
) -> Manifest:
    """Return a manifest from unchecked class attributes and checked fields of ``plugin.json``.

    :param who: what to call the class in messages.
    :raises PluginDefinitionError: a value is unusable, or the two contradict each other.
    """
    fields = dict(json_fields or {})
    for field, value in values.items():
        # An empty name is Plugin's own default.
        if field == "name" and isinstance(value, str) and not value:
            continue
        try:
            checked = check_field(field, value)
        except ValueError as error:
            hint = ""
            if isinstance(value, property):
                hint = " (a property: set it as a plain class attribute)"
            raise PluginDefinitionError(module, f"{who}: {error}{hint}") from None
        if field in fields and not _same(field, checked, fields[field]):
            raise PluginDefinitionError(
                module,
                f"{who} and its plugin.json contradict each other: {field} is {_shown(checked)} "
                f"in the class and {_shown(fields[field])} in plugin.json; remove one of them",
            )
        fields[field] = checked
    left = tuple(field for field in unknown if field not in fields)
    fields.setdefault("name", default_name or module.rpartition(".")[2])
    return Manifest(module=module, path=path, unknown=left, **fields)


def _same(field: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    if field == "version":
        from packaging.version import Version

        return Version(one) == Version(other)
    # The order of dependencies is no contradiction: it only decides among equals.
    return field == "dependencies" and set(one) == set(other)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return shown([str(item) for item in value])
    return shown(value)


def class_label(name: str, module: str, path: Path | None) -> str:
    """Return what messages call a class: ``class 'Counter' in counter.py``."""
    where = repr(module)
    if path is not None:
        is_package = path.name == "__init__.py"
        where = f"{path.parent.name}/{path.name}" if is_package else path.name
    return f"class {name!r} in {where}"
