"""A plugin to start from: short files that work, and say in comments what is what."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from .errors import PluginDefinitionError
from .names import check_module_name, shown

_PLAIN = '''\
"""NAME: say here in one line what it does."""

from themis_jupyter import Plugin

# Statements at the top of the file run once, when it is loaded. After an edit, only those run
# again that you changed, or that use what you changed: a large table stays loaded.
GREETING = "Hello"


class CLASS(Plugin):
    version = "0.1"
    description = "Greets."

    def initialize(self, config):
        """Start: take what is needed. Runs after loading, and after each reload.

        `config` is what `%load_plugin NAME --config {"name": "you"}` gives; else, it is empty.
        """
        self.name = config.get("name", "world")

    def shutdown(self):
        """Stop: give back what initialize() took (files, threads, entries in lists of others).

        Runs before each reload and before unloading. Nothing to give back? Leave it out.
        """

    def greet(self):
        """Return a greeting. Change it, save, and run `%reload_plugin NAME`."""
        return f"{GREETING}, {self.name}!"
'''

_STATEFUL = '''\
"""NAME: say here in one line what it does."""

import threading

from themis_jupyter import StatefulPlugin

# Statements at the top of the file run once, when it is loaded. After an edit, only those run
# again that you changed, or that use what you changed: a large table stays loaded.
FIRST = 0


class CLASS(StatefulPlugin):
    version = "0.1"
    description = "Counts."

    # The state: all attributes of `self` survive a reload, but for those that are named here.
    # Name what comes from the configuration, what is quickly made anew, and what cannot be saved:
    # threads, open files, connections. initialize() makes them.
    transient = ("step", "lock")

    # When attributes get other names or another meaning, raise this, and say how the old state
    # becomes the new one, in a function of this class (from themis_jupyter import migrates):
    #
    #     @staticmethod
    #     @migrates(1, 2)
    #     def total_to_count(state):
    #         return {"count": state["total"], "history": state["history"]}
    state_version = 1

    def initialize(self, config):
        """Start: set everything to its beginning. After a reload, the state is put on top of it.

        `config` is what `%load_plugin NAME --config {"step": 2}` gives; else, it is empty.
        """
        self.step = config.get("step", 1)
        self.lock = threading.Lock()
        self.total = FIRST
        self.history = []

    def shutdown(self):
        """Stop: give back what initialize() took (files, threads, entries in lists of others).

        Runs before each reload and before unloading. Nothing to give back? Leave it out.
        """

    # To keep less than all attributes, or something else, write both of these. Without them,
    # it is done as said above.
    #
    #     def save_state(self):
    #         return {"total": self.total}
    #
    #     def restore_state(self, state):
    #         self.total = state["total"]

    def add(self):
        """Count on. Change it, save, and run `%reload_plugin NAME`: the total stays."""
        with self.lock:
            self.total += self.step
            self.history.append(self.total)
            return self.total
'''


def starter(name: str, *, stateful: bool = False) -> str:
    """Return the text of a plugin to start from.

    :param name: of its module.
    :raises PluginDefinitionError: no module can be called so.
    """
    check_name(name)
    text = _STATEFUL if stateful else _PLAIN
    return text.replace("CLASS", class_name(name)).replace("NAME", name)


def write_starter(folder: Path, name: str, *, stateful: bool = False) -> Path:
    """Write a plugin to start from to ``folder``; return the path of its file.

    :raises PluginDefinitionError: no module can be called so, there is something of that name, or the
        file cannot be written.
    """
    text = starter(name, stateful=stateful)
    path = folder / f"{name}.py"
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist: make it first"
        raise PluginDefinitionError(name, f"{path} was not written: '{folder}' {what}.")
    for taken in (path, folder / name):
        if taken.exists() or taken.is_symlink():
            raise PluginDefinitionError(
                name, f"'{taken}' exists already and was left as it is; choose another name."
            )
    other = _module_elsewhere(name)
    if other:
        raise PluginDefinitionError(
            name,
            f"a plugin {name!r} would hide the module {name!r} of {other}; choose another name.",
        )
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise PluginDefinitionError(
            name, f"'{path}' cannot be written: {error.strerror or error}"
        ) from None
    return path


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a plugin's module.

    :raises PluginDefinitionError: it cannot; the message says what to write.
    """
    stem = name.removesuffix(".py")
    if stem != name and stem.isidentifier():
        raise PluginDefinitionError(name, f"give the name without the .py: {stem}")
    try:
        check_module_name(name, name)
    except ValueError as error:
        raise PluginDefinitionError(name, str(error)) from None
    if len(name) > 100 or not name.strip("_"):
        raise PluginDefinitionError(
            name, f"{shown(name)} cannot be the name of a plugin: letters, at most 100 characters"
        )


def class_name(name: str) -> str:
    """Return how the class of a plugin is to be called: ``MyPlugin`` for ``my_plugin``."""
    words = [word for word in name.split("_") if word]
    camel = "".join(word[:1].upper() + word[1:] for word in words)
    if camel in ("Plugin", "StatefulPlugin") or not camel.isidentifier():
        camel = f"My{camel}"
    return camel


def _module_elsewhere(name: str) -> str:
    """Return where there is a module of that name already; empty where there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # ValueError: imported, but made by hand
        return "this process"
    if spec is None or spec.origin is None:  # a mere folder hides nothing
        return ""
    return f"'{spec.origin}'"
