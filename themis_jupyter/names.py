"""Which names plugins and their modules may have, said in plain words."""

from __future__ import annotations

import keyword
import re
import reprlib
import sys

#: What messages say of a plugin's name.
NAME_RULE = (
    "letters, digits and _, beginning with a letter or _, with single . or - in between, "
    "at most 100 characters"
)

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def shown(value: object) -> str:
    """Return a short ``repr`` on one line, also for values whose ``repr`` fails."""
    try:
        return " ".join(_short.repr(value).split())
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything
        return f"<{type(value).__name__}>"


def check_plugin_name(name: str) -> str:
    """Return ``name`` if a plugin may be called so.

    The rule leaves no room for path separators, ``..``, spaces or control characters, so a name can
    be part of a file name.

    :raises ValueError: it may not; the message names the rule.
    """
    first, *others = re.split(r"[.-]", name)
    # isidentifier, not \w: it knows the marks that some scripts write their letters with.
    good = first.isidentifier() and all(o and f"_{o}".isidentifier() for o in others)
    if good and len(name) <= 100:
        return name
    raise ValueError(f"{shown(name)} cannot be the name of a plugin; expected {NAME_RULE}")


def check_module_name(name: str, label: str) -> str:
    """Return ``name`` if a plugin's module may be called so.

    :param label: what the user calls it, such as ``my-plugin.py``; for the message.
    :raises ValueError: it may not; the message says what to rename it to.
    """
    ending = label[len(name) :] if label.startswith(name) else ""
    if not name.isidentifier():
        better = re.sub(r"\W+", "_", name).strip("_")
        better = better if better.isidentifier() else f"plugin_{better}".rstrip("_")
        why = f"{shown(name)} is not a Python identifier"
    elif keyword.iskeyword(name):
        better, why = f"{name}_plugin", f"{name!r} is a Python keyword"
    elif name in sys.stdlib_module_names or name == "themis_jupyter":
        owner = "this package" if name == "themis_jupyter" else "Python's own module"
        better, why = f"{name}_plugin", f"it would hide {owner} {name!r}"
    else:
        return name
    raise ValueError(
        f"{shown(label)} cannot be a plugin: {why}; rename it, for instance to {better + ending!r}"
    )


def titled(name: str, version: object) -> str:
    """Return a plugin's name with its version; an author who states none has version ``0``."""
    return f"{name} {version}" if isinstance(version, str) and version != "0" else name
