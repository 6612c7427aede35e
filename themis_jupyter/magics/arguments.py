"""The magics' arguments: those that several share, and how a line is read."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser, argument
from IPython.utils.text import DollarFormatter

from ..errors import describe, did_you_mean
from .words import split


def takes(*names: str, **details: Any) -> argument:
    """Return an argument of a magic, as argparse describes it."""
    return argument(*names, **details)  # type: ignore[no-untyped-call]


NAME = takes("name", metavar="NAME", help="name of a loaded plugin")
SOME_NAME = takes("name", metavar="NAME", nargs="?", help="name of one plugin")
NAMES = takes("names", metavar="NAME", nargs="*", help="names of loaded plugins")
NAME_OR_PATH = takes(
    "name",
    metavar="NAME|PATH",
    help="name of a plugin, or path of its file or folder; $VAR and {expression} are worked out",
)
CASCADE = takes(
    "--cascade", action="store_true", help="take the plugins that need it along, with their state"
)
CONFIG = takes(
    "--config",
    metavar="JSON|@FILE|$VAR",
    help='its configuration: JSON such as {"step": 2}, @ and a JSON file, or $ and a variable',
)
AS = takes("--as", dest="variable", metavar="VAR", help="variable to put the plugin into")

#: What ``%plugin_state`` can do.
ACTIONS = ("show", "save", "restore", "list", "reset", "export", "import", "gc")

_OF_IPYTHON = frozenset({"In", "Out", "get_ipython", "exit", "quit", "_", "__", "___"})


def parse(
    magic: str, parser: MagicArgumentParser, line: str, namespace: Mapping[str, Any]
) -> Namespace:
    """Return the arguments in a magic's line, and in ``silent`` whether it ends in a semicolon.

    :param magic: its name, as ``%name``; for messages.
    :param namespace: where ``$VAR`` and ``{expression}`` in names and paths are looked up.
    :raises UsageError: the line is wrong; the message names the nearest option.
    """
    words, silent = split(line)
    try:
        found, extra = parser.parse_known_intermixed_args(words)
    except UsageError as error:
        raise UsageError(f"{magic}: {error}. {magic}? shows what it takes.") from None
    if extra:
        raise UsageError(f"{magic}: {_not_taken(extra[0], parser)} {magic}? shows what it takes.")
    if getattr(found, "name", None) is not None:
        found.name = expand(found.name, namespace)
    for several in ("names", "words"):
        if hasattr(found, several):
            words = [expand(word, namespace) for word in getattr(found, several)]
            setattr(found, several, words)
    found.silent = silent
    return found


def options(parser: MagicArgumentParser) -> list[str]:
    """Return the options that a magic takes."""
    return [option for action in parser._actions for option in action.option_strings]


def _not_taken(word: str, parser: MagicArgumentParser) -> str:
    if not word.startswith("-"):
        takes_path = any("PATH" in str(action.metavar) for action in parser._actions)
        hint = " A path with blanks in it needs quotes." if takes_path else ""
        return f"there is no place for {word!r}.{hint}"
    word = word.partition("=")[0]
    return f"no option {word!r}{did_you_mean(word, options(parser)) or '.'}"


def expand(text: str, namespace: Mapping[str, Any]) -> str:
    """Return ``text`` with ``$VAR`` and ``{expression}`` worked out, as IPython does for magics.

    :raises UsageError: they cannot be.
    """
    if "$" not in text and "{" not in text:
        return text
    try:
        return DollarFormatter().vformat(text, [], dict(namespace))
    except NameError as error:
        name = error.name or ""
        raise UsageError(
            f"{text}: there is no variable {name!r}{did_you_mean(name, namespace)}"
        ) from None
    except Exception as error:  # noqa: BLE001 - an expression of the user may raise anything
        raise UsageError(f"{text} cannot be worked out: {describe(error)}") from None


def check_variable(name: str) -> str:
    """Return ``name`` if it may be the target of ``--as``.

    :raises UsageError: it may not.
    """
    if name in _OF_IPYTHON or name.startswith("__"):
        raise UsageError(f"--as {name}: {name!r} belongs to IPython or Python; choose another name")
    if keyword.iskeyword(name):
        raise UsageError(f"--as {name}: {name!r} is a Python keyword; how about '{name}_plugin'?")
    if not name.isidentifier():
        better = re.sub(r"\W+", "_", name).strip("_")
        hint = f"; did you mean {better!r}?" if better.isidentifier() else ""
        raise UsageError(f"--as {name}: {name!r} cannot be the name of a variable{hint}")
    return name


def warn_of_hidden(name: str) -> None:
    """Tell the user if a variable hides one of Python's own names."""
    if hasattr(builtins, name):
        print(
            f"Note: {name!r} hides Python's own {name!r} in this notebook; "
            f"del {name} brings that back.",
            file=sys.stderr,
        )
