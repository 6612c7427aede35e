"""Which live objects the statements that are going to run may change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType

from .group import imports_of
from .stage import Draft
from .surroundings import user_modules


def roots_of(
    drafts: Sequence[Draft],
) -> tuple[list[tuple[str, object]], set[str], list[ModuleType]]:
    """Return what the statements name, the attribute names that they use, and bystanders.

    A module that is imported for the first time may change anything; then what stands at the top of
    the user's own modules is watched as well.
    """
    roots: dict[str, object] = {}
    asked: set[str] = set()
    bystanders: list[ModuleType] = []
    for item in drafts:
        module = item.module.__name__
        running = item.plan.run
        for statement in running:
            names = statement.names
            if not (names.effects or names.opaque):
                continue
            asked |= names.attributes
            wanted = item.live.keys() if names.opaque else names.now | names.binds
            for name in wanted:
                if name in item.live and not name.startswith("__"):
                    roots.setdefault(f"{module}.{name}", item.live[name])
        for statement, source, name, _ in imports_of(item):
            if statement not in running:
                continue
            asked.add(name)
            if source in sys.modules:
                roots.setdefault(source, sys.modules[source])
            elif not source.startswith("__"):
                bystanders = bystanders or list(user_modules())
    return list(roots.items()), asked, bystanders
