"""What a Python file defines, read from its syntax tree: no code of it runs."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import PluginDefinitionError
from .names import shown


@dataclass(slots=True)
class StaticModule:
    """The top level of one module.

    :param name: dotted name, as relative imports in it are counted from.
    :param classes: class statements by name.
    :param imports: name here → dotted name of what was imported.
    :param stars: modules whose names were all imported.
    :param assigned: what a name is set to; None where that happens more than once or somewhere
        conditional.
    :param functions: names of functions.
    """

    name: str
    is_package: bool
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    assigned: dict[str, ast.expr | None] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)


def parse_module(text: str, name: str, path: Path | None) -> StaticModule:
    """Return what the source ``text`` of module ``name`` defines at its top level.

    :raises PluginDefinitionError: it does not parse; the message says where and why.
    """
    label = path.name if path else name
    try:
        with warnings.catch_warnings():
            # "\d" in a string: its author hears of it when the module is compiled.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise PluginDefinitionError(name, syntax_problem(label, error)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "it is nested too deeply"
        raise PluginDefinitionError(name, f"{label} does not parse: {reason}") from None
    is_package = path is not None and path.name == "__init__.py"
    module = StaticModule(name, is_package)
    _collect(module, tree.body, certain=True)
    return module


def syntax_problem(label: str, error: SyntaxError) -> str:
    """Return file, line and reason of a syntax error, on one line."""
    where = f"line {error.lineno}" if error.lineno else "it"
    source = (error.text or "").strip()
    shows = f" at {shown(source)}" if source else ""
    return f"{label} does not parse: {where}: {error.msg}{shows}"


def decode(data: bytes, name: str, path: Path) -> str:
    """Return source text as Python reads it: PEP 263, byte order mark, any kind of line end.

    :raises PluginDefinitionError: its encoding is unknown, or not the one it is written in.
    """
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise PluginDefinitionError(name, f"{path.name} cannot be decoded: {reason}") from None


def _collect(module: StaticModule, body: Iterable[ast.stmt], certain: bool) -> None:
    """Enter the bindings of ``body``. What is not ``certain`` to run does not replace others."""
    for node in body:
        match node:
            case ast.ClassDef():
                if certain or node.name not in module.classes:
                    module.classes[node.name] = node
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.functions.add(node.name)
            case ast.Import():
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    module.imports[bound] = alias.name if alias.asname else bound
            case ast.ImportFrom():
                _collect_from(module, node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _assign(module, target, value if certain else None)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _assign(module, target, value if certain else None)
            case ast.AugAssign(target=target):
                _assign(module, target, None)
            case ast.If():
                if not _is_main_guard(node.test):
                    _collect(module, node.body, False)
                _collect(module, node.orelse, False)
            case ast.Try() | ast.TryStar():
                _collect(module, node.body, False)
                for handler in node.handlers:
                    _collect(module, handler.body, False)
                _collect(module, [*node.orelse, *node.finalbody], False)
            case ast.With():
                _collect(module, node.body, False)
            case _:
                for name in stored_names(node):
                    module.assigned[name] = None


def _collect_from(module: StaticModule, node: ast.ImportFrom) -> None:
    origin = node.module or ""
    if node.level:
        parts = module.name.split(".")
        if not module.is_package:
            parts.pop()
        parts = parts[: len(parts) - (node.level - 1)]
        origin = ".".join([*parts, origin] if origin else parts)
    for alias in node.names:
        if alias.name == "*":
            module.stars.append(origin)
        else:
            module.imports[alias.asname or alias.name] = f"{origin}.{alias.name}"


def _assign(module: StaticModule, target: ast.expr, value: ast.expr | None) -> None:
    if isinstance(target, ast.Name):
        again = target.id in module.assigned
        module.assigned[target.id] = None if again else value
    else:
        for name in stored_names(target):
            module.assigned[name] = None


def _is_main_guard(test: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(test))


def stored_names(node: ast.AST) -> set[str]:
    """Return the names that a statement binds, by whatever means; functions' bodies excepted."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        item = waiting.pop()
        match item:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
                continue
            case ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
        waiting.extend(ast.iter_child_nodes(item))
    return found


class Neighbourhood:
    """The modules that one can import from, as far as they lie in the same place.

    :param root: the folder that module names are counted from; nothing outside it is read.
    :param top: only modules in this package are read; None allows all in ``root``.
    """

    def __init__(self, root: Path | None, top: str | None) -> None:
        self._root = root
        self._top = top
        self._read: dict[str, StaticModule | None] = {}

    def add(self, module: StaticModule) -> None:
        """Take ``module`` as it is, instead of reading it."""
        self._read[module.name] = module

    def module(self, name: str) -> StaticModule | None:
        """Return what module ``name`` defines; None if it is not here or does not parse."""
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    def _load(self, name: str) -> StaticModule | None:
        parts = name.split(".")
        if self._root is None or not name or (self._top not in (None, parts[0])):
            return None
        base = self._root.joinpath(*parts)
        for path in (base / "__init__.py", base.with_name(f"{parts[-1]}.py")):
            try:
                if path.is_file() and inside(self._root, path):
                    return parse_module(decode(path.read_bytes(), name, path), name, path)
            except (OSError, PluginDefinitionError):
                return None
        return None


def inside(folder: Path, path: Path) -> bool:
    """Return whether ``path`` lies in ``folder`` when all links are followed."""
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # RuntimeError: a circle of links, before Python 3.13
        return False
