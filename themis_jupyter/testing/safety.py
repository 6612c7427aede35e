"""Whether a plugin can be reloaded safely: ``assert_reload_safe``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..candidate import Candidate
from ..catalog import Catalog
from ..errors import PluginError
from ..handle import Handle, target_of
from ..manager import PluginManager
from ..record import Record
from .request import AuthorsEdit, Request, Use
from .safety_report import Row, SafetyReport

#: Seconds that checks in a process of their own may take.
TIMEOUT = 300.0


def assert_reload_safe(
    plugin: str | os.PathLike[str] | Handle,
    *,
    config: dict[str, Any] | None = None,
    use: Use | None = None,
    edits: Sequence[AuthorsEdit] = (),
    reloads: int = 20,
    timeout: float = TIMEOUT,
) -> SafetyReport:
    """Check that a plugin can be reloaded safely; see :func:`check_reload_safety`.

    :returns: the report, nothing in which failed.
    :raises AssertionError: something failed; it says what, and what to do.
    """
    __tracebackhide__ = True  # pytest is to show the test
    report = check_reload_safety(
        plugin, config=config, use=use, edits=edits, reloads=reloads, timeout=timeout
    )
    if not report:
        raise AssertionError(report.problems())
    return report


def check_reload_safety(
    plugin: str | os.PathLike[str] | Handle,
    *,
    config: dict[str, Any] | None = None,
    use: Use | None = None,
    edits: Sequence[AuthorsEdit] = (),
    reloads: int = 20,
    timeout: float = TIMEOUT,
) -> SafetyReport:
    """Edit, break and reload a copy of a plugin in all ways there are, and tell what came of it.

    Where its module is imported in this process already, that is done in a new process.

    :param plugin: path of its file or folder, its name, or the handle of a loaded plugin.
    :param config: handed to ``initialize``; by default, that of the handle.
    :param use: builds up state: a function of the plugin, or statements that call it ``plugin``.
    :param edits: further edits, one after the other: pairs of old and new text, or whole new texts.
    :param reloads: how many reloads are made to look for leaks.
    :param timeout: seconds that a new process may take.
    :raises PluginError: there is no such plugin, or it cannot be checked.
    """
    request = request_for(plugin, config=config, use=use, edits=edits, reloads=reloads)
    if request.module not in sys.modules:
        return check_here(request)
    if callable(use):
        raise PluginError(
            request.name,
            f"{request.module!r} is imported in this process, so {request.path} is checked in a new one, "
            'where a function cannot be sent to. Give `use` as text: use="plugin.add()"; or unload the '
            "plugin first.",
        )
    from .apart import check_apart

    return check_apart(request, timeout)


def request_for(
    plugin: str | os.PathLike[str] | Handle,
    *,
    config: dict[str, Any] | None = None,
    use: Use | None = None,
    edits: Sequence[AuthorsEdit] = (),
    reloads: int = 20,
    manager: PluginManager | None = None,
) -> Request:
    """Return what is to be checked.

    :param manager: whose folders are searched for a name; by default, the one of this kernel.
    :raises PluginError: there is no such plugin, or it cannot be checked.
    :raises ValueError: ``reloads`` is too small.
    """
    if reloads < 2:
        raise ValueError(f"reloads={reloads}: to see whether something grows takes 2 at least")
    if manager is None and PluginManager.initialized():
        manager = PluginManager.instance()
    folders = manager.plugin_folders if manager is not None else [".", "plugins"]
    if isinstance(plugin, Handle):
        record = target_of(plugin)
        assert isinstance(record, Record)
        candidate, known = record.candidate, record.config
    else:
        candidate, known = Catalog().find(plugin, folders), {}
    _refuse(candidate)
    return Request(
        path=candidate.path.resolve(),
        module=candidate.module,
        name=candidate.name,
        config=dict(known if config is None else config),
        use=use,
        edits=tuple(edits),
        reloads=reloads,
        folders=tuple(str(Path(folder).expanduser().resolve()) for folder in folders),
    )


def _refuse(candidate: Candidate) -> None:
    if "." in candidate.module:
        raise PluginError(
            candidate.name,
            f"{candidate.name!r} is the module {candidate.module!r} of an installed package, which cannot "
            "be copied without the package. Give the path of a plugin's own file or folder.",
        )
    if not candidate.path.is_file():
        raise PluginError(
            candidate.name,
            f"{candidate.path} is not there any more: save the file, and check again.",
        )


def check_here(
    request: Request,
    begin: Callable[[str], None] = lambda check: None,
    made: Callable[[Row], None] = lambda row: None,
) -> SafetyReport:
    """Make the checks in this process.

    :param begin: is told the name of each check before it is made.
    :param made: is told each row.
    """
    from .checks import Checks
    from .faults import FaultyManager
    from .sources import Copy
    from .subject import Subject

    began = time.perf_counter()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="themis-check-", ignore_cleanup_errors=True) as made_in:
        copy = Copy(request.path, Path(made_in).resolve())
        manager = FaultyManager(plugin_folders=list(request.folders))
        subject = Subject(request, copy, manager)
        with manager.in_charge():
            try:
                for row in Checks(subject, begin).run():
                    rows.append(row)
                    made(row)
            finally:
                try:
                    manager.unload_all_plugins()
                except* PluginError:
                    pass  # the check that unloads has told it
    return SafetyReport(subject.name, tuple(rows), time.perf_counter() - began)
