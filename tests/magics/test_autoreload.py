"""IPython's ``%autoreload`` and plugins: it leaves them alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.magics.session import Session
from themis_jupyter.magics import unload


def skipped(session: Session) -> set[str]:
    magics: Any = session.shell.magics_manager.registry["AutoreloadMagics"]
    return set(magics._reloader.skip_modules)


@pytest.fixture(autouse=True)
def off_in_the_end(session: Session) -> Any:
    yield
    session.run("%autoreload 0")
    session.run("%unload_ext autoreload")


@pytest.mark.parametrize("first", [True, False])
def test_a_plugin_is_reloaded_by_us_only(session: Session, first: bool) -> None:
    on = "%load_ext autoreload\n%autoreload 2"
    if first:
        session.run(on)
    session.run("%load_plugin counter --as c;\nfrom counter import Counter, LIMIT")
    if not first:
        session.run(on)
    session.run("c.add()")
    session.edit("self.total += self.step", "self.total += 10")
    session.edit("LIMIT = 10", "LIMIT = 11")
    assert session.run("c.add()") == 2, "autoreload has run the file"
    assert session.run("%reload_plugin")
    assert session.run("c.add(), LIMIT, isinstance(c, Counter)") == (12, 11, True)


def test_packages_and_what_is_no_plugin(session: Session) -> None:
    session.workspace.write("pack/__init__.py", "from . import part\nfrom counter import Counter as C\n"
                            "class P(C): pass\n")  # fmt: skip
    session.workspace.write("pack/part.py", "x = 1\n")
    session.workspace.write("plain.py", "y = 1\n")
    session.run("%load_ext autoreload\n%autoreload 2\nimport plain")
    session.run("%load_plugin ./pack")
    assert {"pack", "pack.part"} <= skipped(session)
    session.workspace.write("plain.py", "y = 2\n")
    assert session.run("plain.y") == 2
    session.run("%unload_plugin pack")
    assert not {"pack", "pack.part", "plain"} & skipped(session)


def test_what_the_user_has_marked_stays_marked(session: Session) -> None:
    session.run("%load_ext autoreload")
    before = skipped(session)
    session.run("import counter\n%aimport -counter")
    session.run("%load_plugin counter;")
    session.run("%unload_plugin counter")
    assert skipped(session) == before | {"counter"}


def test_nothing_is_left_marked(session: Session) -> None:
    session.run("%load_ext autoreload")
    before = skipped(session)
    session.run("%load_plugin counter;")
    assert skipped(session) == before | {"counter"}
    unload(session.shell)
    assert skipped(session) == before
