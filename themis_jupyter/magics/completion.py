"""Tab completion of the magics' names of plugins, paths, options and variables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ..errors import ThemisError
from .arguments import options
from .words import ESCAPED, Word, read

if TYPE_CHECKING:
    from IPython.core.completer import SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from ..manager import PluginManager

#: Of the options that take a value: which.
_VALUES = (
    "--config",
    "--as",
    "-n",
    "--last",
    "--when",
    "--use",
    "--reloads",
    "--timeout",
    "--folder",
)
_OF_HISTORY = ("plugin_history", "plugin_diff", "revert_plugin")


class Completion:
    """Completes the lines of our magics; other lines are none of its business.

    :param magics: the magics, by name; each has its parser.
    """

    def __init__(
        self, shell: InteractiveShell, manager: PluginManager, magics: Mapping[str, Any]
    ) -> None:
        self._shell = shell
        self._manager = manager
        self._magics = magics
        names = "|".join(map(re.escape, magics))
        # At the start of a line, or after an assignment.
        self._line = re.compile(
            rf"(?:\s*|[^%=]*=\s*)(?P<escape>%?)(?P<magic>{names})\s+(?P<rest>.*)"
        )

        # IPython wants a function that can carry attributes; a bound method cannot.
        @context_matcher(identifier="themis_jupyter.plugins")  # type: ignore[untyped-decorator]
        def matcher(context: CompletionContext) -> SimpleMatcherResult:
            return self.complete(context.text_until_cursor)

        self.matcher = matcher

    def install(self) -> None:
        """Begin to complete."""
        self._shell.Completer.custom_matchers.append(self.matcher)

    def remove(self) -> None:
        """Complete no longer."""
        matchers = self._shell.Completer.custom_matchers
        matchers[:] = [each for each in matchers if each is not self.matcher]

    def complete(self, before: str) -> SimpleMatcherResult:
        """Return what may follow.

        :param before: the line up to the cursor.
        """
        found = self._line.fullmatch(before)
        if found is None or not self._is_magic(found):
            return {"completions": []}
        words = list(read(found["rest"]))
        typed = Word("", "", len(found["rest"]))
        if words and words[-1].start + len(words[-1].raw) == len(found["rest"]):
            typed = words.pop()
        completions = list(self._candidates(found["magic"], words, typed))
        # Nobody else's completions: Jedi takes the line for Python.
        return {
            "completions": completions,
            "matched_fragment": typed.raw,
            "suppress": bool(completions),
        }

    def _is_magic(self, found: re.Match[str]) -> bool:
        if found["escape"]:
            return True
        # Automagic, which a variable of that name overrides.
        alone = not found.string[: found.start("magic")].strip()
        return alone and bool(self._shell.automagic) and found["magic"] not in self._shell.user_ns

    def _candidates(self, magic: str, words: list[Word], typed: Word) -> Iterator[SimpleCompletion]:
        option = words[-1].text if words else ""
        value = typed
        if typed.raw.startswith("--") and "=" in typed.raw:
            option, _, raw = typed.raw.partition("=")
            value = Word(
                typed.text.partition("=")[2], raw, typed.start + len(option) + 1, typed.unclosed
            )
        if option in _VALUES:
            head = typed.raw[: len(typed.raw) - len(value.raw)]
            found = self._values(option, value)
            yield from (SimpleCompletion(head + text, type="value") for text in found)
        elif typed.raw.startswith("-"):
            used = {word.text for word in words}
            for each in options(self._magics[magic].parser):
                if each.startswith(typed.raw) and each not in used:
                    yield SimpleCompletion(each, type="option")
        else:
            taken = {word.text for word in words}
            for name in self._names(magic):
                if name.startswith(typed.text) and name not in taken:
                    yield SimpleCompletion(quoted(name, typed), type="plugin")
            if magic in ("load_plugin", "test_plugin"):
                yield from (SimpleCompletion(p, type="path") for p in paths(typed, (".py",)))

    def _values(self, option: str, value: Word) -> Iterator[str]:
        if option == "--when":
            choices = ("between-cells", "immediately")
            yield from (each for each in choices if each.startswith(value.raw))
        if option == "--folder":
            yield from paths(value, ())
        if option != "--config":
            return
        if value.text.startswith("@"):
            path = Word(value.text[1:], value.raw.replace("@", "", 1), value.start, value.unclosed)
            for found in paths(path, (".json",)):
                quote = found[:1] if value.unclosed else ""
                yield f"{quote}@{found.removeprefix(quote)}"
        else:
            for name, variable in list(self._shell.user_ns.items()):
                hidden = name.startswith("_") or name == "Out"
                if isinstance(variable, dict) and not hidden and f"${name}".startswith(value.raw):
                    yield f"${name}"

    def _names(self, magic: str) -> Iterable[str]:
        loaded = self._manager.list_loaded_plugins()
        if magic in ("reload_plugin", "unload_plugin", *_OF_HISTORY):
            return loaded
        if magic == "watch_plugins":
            return [*loaded, "on", "off", "status"]
        if magic == "plugin_events":
            return sorted({event.plugin for event in list(self._manager.events.history)})
        if magic in ("plugin_errors", "new_plugin"):
            return ()
        try:
            known = self._manager.list_plugins()
        except ThemisError:
            return loaded
        return [n for n in known if n not in loaded] if magic == "load_plugin" else known


def paths(typed: Word, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the folders, and files with these endings, that ``typed`` may become."""
    head, tail = os.path.split(typed.text)
    folder = Path(head or ".").expanduser()
    try:
        entries = sorted(folder.iterdir())
    except (OSError, RuntimeError):
        return
    for entry in entries:
        name = entry.name
        hidden = name.startswith(".") and not tail.startswith(".")
        if hidden or name.startswith("__") or not name.startswith(tail):
            continue
        path = head + "/" * bool(head and not head.endswith(("/", os.sep))) + name
        if entry.is_dir():
            yield quoted(f"{path}/", typed, closed=False)
        elif name.endswith(endings):
            yield quoted(path, typed)


def quoted(text: str, typed: Word, *, closed: bool = True) -> str:
    """Return ``text`` as it is to be typed: in the quotes that are open, or with escapes."""
    quote = typed.unclosed
    if not quote and not ESCAPED and any(c in text for c in " '"):
        quote = '"'
    if quote:
        return f"{quote}{text}{quote * closed}"
    return "".join(f"\\{char}" if char in ESCAPED else char for char in text)
