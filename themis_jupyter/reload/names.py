"""Which names a statement binds, uses when it runs, and uses when its functions are called.

Everything is read from the syntax tree; nothing runs. Where a name's scope is in doubt, it counts as
used: the price is a statement that runs again without need.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

# What calls to these do to names cannot be told from the source.
_OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "setattr", "delattr"})

_GROWING = frozenset({"append", "appendleft", "extend", "extendleft", "insert"})
_BY_NAME = frozenset({"getattr", "methodcaller"})

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(slots=True)
class Names:
    """What one statement does with module-level names.

    :param binds: names that it assigns, defines, imports or deletes.
    :param deletes: those of ``binds`` that it deletes.
    :param now: names that it uses while it runs.
    :param hints: names that it uses in annotations only.
    :param temporary: those of ``binds`` that are only loop or ``with`` variables.
    :param later: names that functions defined in it use when they are called.
    :param touches: names whose object it may change (``X.append(1)``, ``X[k] = v``, ``X.a = v``).
    :param grows: those of ``touches`` that become longer each time (``X.append(1)``).
    :param stores: what it sets on objects, such as ``A.limit``.
    :param attributes: names that it asks objects for (``x.name``); "*" where that cannot be told. For a
        class, those of its methods are not among them.
    :param methods: for a class, what each of its methods uses.
    :param annotates: names that it puts into the module's ``__annotations__``.
    :param opaque: it may do things to names that cannot be told (``exec``, star import).
    :param effects: it may do more than bind names.
    """

    binds: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    hints: set[str] = field(default_factory=set)
    temporary: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    touches: set[str] = field(default_factory=set)
    grows: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    methods: dict[str, Names] = field(default_factory=dict)
    annotates: set[str] = field(default_factory=set)
    opaque: bool = False
    effects: bool = False


def names_of(statement: ast.stmt, *, lazy_annotations: bool = False) -> Names:
    """Return what a top-level statement does with names.

    :param lazy_annotations: ``from __future__ import annotations`` is in force.
    """
    reader = _Reader(lazy_annotations)
    reader.visit(statement)
    names = reader.names
    names.hints -= names.now
    names.temporary -= reader.lasting
    return names


class _Scope:
    """One function-like scope: the names that are local to it."""

    def __init__(
        self, locals_: set[str], *, is_class: bool = False, is_comprehension: bool = False
    ) -> None:
        self.locals = locals_
        self.is_class = is_class
        self.is_comprehension = is_comprehension


class _Reader(ast.NodeVisitor):
    """Walks one top-level statement.

    ``_scopes`` holds the scopes around the current node; ``_depth`` counts the function bodies
    among them, that is, whether the code runs now or later.
    """

    def __init__(self, lazy_annotations: bool) -> None:
        self.names = Names()
        self._lazy = lazy_annotations
        self._scopes: list[_Scope] = []
        self._depth = 0
        self._hinting = False
        self.lasting: set[str] = set()
        self._method: Names | None = None

    # -- uses and bindings ---------------------------------------------------------------------

    def _use(self, name: str) -> None:
        for scope in reversed(self._scopes):
            # Names of a class are not seen by the functions in it, and its body may read a module
            # name before it binds the same one: for a class, the name counts as used.
            if name in scope.locals and not scope.is_class:
                return
        names = self.names
        (names.later if self._depth else names.hints if self._hinting else names.now).add(name)
        if self._method is not None and self._depth:
            self._method.later.add(name)

    def _bind(self, name: str, *, temporary: bool = False) -> None:
        if not self._scopes:
            self.names.binds.add(name)
            (self.names.temporary if temporary else self.lasting).add(name)

    def _temporary(self, target: ast.expr | None) -> None:
        for node in ast.walk(target) if target is not None else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._bind(node.id, temporary=True)
            elif isinstance(node, ast.Attribute | ast.Subscript):
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id)
        if not isinstance(node.ctx, ast.Store):
            self._use(node.id)
        if isinstance(node.ctx, ast.Del) and not self._scopes:
            self.names.deletes.add(node.id)

    def _target(self, node: ast.expr) -> None:
        """Note that the object behind ``node`` may change."""
        base = node
        while isinstance(base, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
            base = base.func if isinstance(base, ast.Call) else base.value
        if isinstance(base, ast.Name) and not self._depth:
            self.names.touches.add(base.id)
        if not self._depth:
            self.names.effects = True

    def _ask(self, attribute: str) -> None:
        (self._method or self.names).attributes.add(attribute)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._ask(node.attr)
        if not isinstance(node.ctx, ast.Load):
            self._target(node)
            self.names.stores.add(ast.unparse(node))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._target(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            self._target(node.func.value)
            owner = node.func.value
            if node.func.attr in _GROWING and isinstance(owner, ast.Name) and not self._depth:
                self.names.grows.add(owner.id)
        elif isinstance(node.func, ast.Name) and node.func.id in _BY_NAME:
            given = node.args[1] if len(node.args) > 1 else None
            known = isinstance(given, ast.Constant) and isinstance(given.value, str)
            self._ask(given.value if known else "*")  # type: ignore[union-attr]
        if not self._depth:
            self.names.effects = True
            if isinstance(node.func, ast.Name) and node.func.id in _OPAQUE_CALLS:
                self.names.opaque = True
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._use(node.target.id)
            self._target(node.target)
        self.generic_visit(node)

    def _effect(self, node: ast.AST) -> None:
        if not self._depth:
            self.names.effects = True
        self.generic_visit(node)

    # Operators, loops and so on may call anything; only what is plainly harmless stays without mark.
    visit_BinOp = visit_Compare = visit_Await = visit_Raise = visit_Assert = _effect
    visit_Yield = visit_YieldFrom = visit_While = visit_Match = _effect

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self._temporary(node.target)
        self._visit_all([node.iter, *node.body, *node.orelse])
        if not self._depth:
            self.names.effects = True

    visit_For = visit_AsyncFor = _loop

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            self._temporary(item.optional_vars)
        self._visit_all(node.body)
        if not self._depth:
            self.names.effects = True

    visit_With = visit_AsyncWith = _with

    # -- imports -------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])
        self._effect(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.names.opaque = True
            else:
                self._bind(alias.asname or alias.name)
        self._effect(node)

    # -- statements that bind ------------------------------------------------------------------

    def visit_Global(self, node: ast.Global) -> None:
        """Handled where the scope is made: a global name is not local."""

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, temporary=True)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self._bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self._bind(node.rest)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        # In a comprehension, a walrus binds in the scope around it.
        if all(scope.is_comprehension for scope in self._scopes):
            self.names.binds.add(node.target.id)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and not self._scopes and node.simple:
            self.names.annotates.add(node.target.id)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)
            if node.value is not None:
                self.visit(node.value)
        self._annotation(node.annotation)

    def _annotation(self, node: ast.expr | None) -> None:
        if node is not None and not self._lazy:
            outer, self._hinting = self._hinting, True
            self.visit(node)
            self._hinting = outer

    # -- scopes --------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        if node.decorator_list and not self._depth:
            self.names.effects = True
        self._visit_all(node.decorator_list)
        self._defaults(node.args)
        type_names = self._enter_type_params(node)
        for argument in _arguments(node.args):
            self._annotation(argument.annotation)
        self._annotation(node.returns)
        self._body(node.args, node.body)
        if type_names:
            self._scopes.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        # A lambda may be called at once (``sorted(key=...)``): what it uses counts as used now.
        self._scopes.append(_Scope({a.arg for a in _arguments(node.args)} | _stored([node.body])))
        self.visit(node.body)
        self._scopes.pop()

    def _defaults(self, args: ast.arguments) -> None:
        self._visit_all(args.defaults)
        self._visit_all([d for d in args.kw_defaults if d is not None])

    def _body(self, args: ast.arguments, body: list[ast.stmt]) -> None:
        local = {a.arg for a in _arguments(args)} | _stored(body)
        self._scopes.append(_Scope(local))
        self._depth += 1
        self._visit_all(body)
        self._depth -= 1
        self._scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        # A base may have a metaclass or an __init_subclass__ that does anything.
        if (node.decorator_list or node.keywords or node.bases) and not self._depth:
            self.names.effects = True
        self._visit_all(node.decorator_list)
        type_names = self._enter_type_params(node)
        self._visit_all(node.bases)
        self._visit_all(node.keywords)
        outermost = not self._scopes or not any(s.is_class for s in self._scopes)
        self._scopes.append(_Scope(_stored(node.body), is_class=True))
        for statement in node.body:
            if outermost and not self._depth and isinstance(statement, _FUNCTIONS):
                self._method = self.names.methods.setdefault(statement.name, Names())
            self.visit(statement)
            if outermost:
                self._method = None
        self._scopes.pop()
        if type_names:
            self._scopes.pop()

    def visit_TypeAlias(self, node: ast.AST) -> None:  # Python 3.12
        self.visit(node.name)  # type: ignore[attr-defined]
        type_names = self._enter_type_params(node)
        # Its value is worked out when it is first asked for.
        self._depth += 1
        self.visit(node.value)  # type: ignore[attr-defined]
        self._depth -= 1
        if type_names:
            self._scopes.pop()

    def _enter_type_params(self, node: ast.AST) -> bool:
        params = getattr(node, "type_params", None)
        if not params:
            return False
        self._scopes.append(_Scope({p.name for p in params}))
        for param in params:
            bound = getattr(param, "bound", None)
            if bound is not None:
                self.visit(bound)
        return True

    def _comprehension(self, node: ast.AST) -> None:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        self.visit(generators[0].iter)
        local = _stored([g.target for g in generators])
        self._scopes.append(_Scope(local, is_comprehension=True))
        for index, generator in enumerate(generators):
            if index:
                self.visit(generator.iter)
            self._visit_all(generator.ifs)
        for part in ("elt", "key", "value"):
            if hasattr(node, part):
                self.visit(getattr(node, part))
        self._scopes.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _arguments(args: ast.arguments) -> list[ast.arg]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return every + [a for a in (args.vararg, args.kwarg) if a is not None]


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that a scope with these nodes makes local to itself."""
    stored: set[str] = set()
    not_local: set[str] = set()
    pending: list[ast.AST] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                stored.add(node.id)
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            stored.add(node.name)  # its body is another scope
            continue
        elif isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            pending += [n for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            continue
        elif isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name):
            stored.add(node.target.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            stored |= {a.asname or a.name.partition(".")[0] for a in node.names}
        elif isinstance(node, ast.Global):
            not_local |= set(node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            stored.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            stored.add(node.rest)
        pending += ast.iter_child_nodes(node)
    return stored - not_local
