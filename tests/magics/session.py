"""A shell for tests: cells go in, values, outputs and errors come out."""

from __future__ import annotations

import warnings
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from themis_jupyter import PluginManager
from themis_jupyter.testing import Workspace, dedent

COUNTER = """
    from themis_jupyter import StatefulPlugin

    LIMIT = 10
    TABLE = {"a": 1}

    def double(value):
        return 2 * value

    class Counter(StatefulPlugin):
        \"\"\"Counts.\"\"\"

        version = "1.0"

        def initialize(self, config):
            self.step = config.get("step", 1)
            self.total = 0

        def add(self):
            self.total += self.step
            return self.total
"""


class Session:
    """A fresh shell with the extension, and a folder with the plugin ``counter``."""

    def __init__(self, shell: InteractiveShell, workspace: Workspace) -> None:
        self.shell: Any = shell
        self.workspace = workspace
        self.shell.display_pub = CapturingDisplayPublisher()
        workspace.write("counter.py", COUNTER)
        self.run("%load_ext themis_jupyter")

    @property
    def manager(self) -> PluginManager:
        return PluginManager.instance()

    @property
    def names(self) -> dict[str, Any]:
        return self.shell.user_ns

    def run(self, cell: str) -> Any:
        """Run a cell that must succeed; return the value that it shows."""
        result = self.shell.run_cell(dedent(cell), store_history=True)
        result.raise_error()
        return result.result

    def error(self, cell: str) -> BaseException:
        """Run a cell that must raise; return what it raised."""
        result = self.shell.run_cell(dedent(cell), store_history=True)
        assert result.error_in_exec is not None, "no error was raised"
        return result.error_in_exec

    def usage_error(self, cell: str) -> str:
        """Run a cell that must end in a ``UsageError``; return its message."""
        error = self.error(cell)
        assert type(error) is UsageError, repr(error)
        return str(error)

    def shown(self) -> list[dict[str, str]]:
        """Return, and forget, what was displayed other than as a cell's value."""
        outputs = [output["data"] for output in self.shell.display_pub.outputs]
        self.shell.display_pub.outputs.clear()
        return outputs

    def edit(self, old: str, new: str, file: str = "counter.py") -> None:
        self.workspace.edit(file, old, new)

    def ours(self, line: str) -> list[str]:
        """Return what this extension completes at the end of ``line``."""
        extension = self.shell.magics_manager.registry["PluginMagics"].extension
        return [found.text for found in extension._completion.complete(line)["completions"]]

    def complete(self, line: str) -> list[str]:
        """Return what Tab gives at the end of ``line``: the whole lines, as they would be."""
        code = f"x = 1\n{line}"
        with provisionalcompleter():
            found = list(self.shell.Completer.completions(code, len(code)))
        whole = [(code[: c.start] + c.text + code[c.end :]).split("\n")[1] for c in found]
        if not self.ours(line):
            return whole
        # Who uses the older interface gets the same.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            text, matches = self.shell.complete(None, line, len(line))
        assert sorted(line[: len(line) - len(text)] + m for m in matches) == sorted(whole)
        return whole


BROKEN = """
    from themis_jupyter import Plugin

    class Broken(Plugin):
        def initialize(self, config):
            raise ValueError("no good")
"""
