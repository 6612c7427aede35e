"""The pytest plugin, in a project of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import themis_jupyter
from themis_jupyter.testing import dedent

ROOT = Path(themis_jupyter.__file__).parent.parent


def run_pytest(folder: Path, text: str) -> str:
    (folder / "test_mine.py").write_text(dedent(text))
    # By name, and not by its entry point, which an environment may have or not.
    line = "-q -p no:themis_jupyter -p themis_jupyter.testing.pytest_plugin -p no:cacheprovider --rootdir"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *line.split(), str(folder), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.stdout + done.stderr


def test_the_fixture_and_the_assertion(tmp_path: Path) -> None:
    told = run_pytest(tmp_path, """
        from themis_jupyter.testing import assert_reload_safe

        TEXT = '''
        from themis_jupyter import StatefulPlugin

        class Counter(StatefulPlugin):
            def initialize(self, config):
                self.step = config.get("step", 1)
                self.total = 0

            def add(self):
                self.total += self.step
                return self.total
        '''

        def test_reload(workspace):
            counter = workspace.plugin("subject", TEXT, config={"step": 2})
            counter.add()
            assert workspace.replace(counter, "+= self.step", "+= 10 * self.step")
            assert counter.add() == 22

        def test_safe(workspace):
            path = workspace.write("subject.py", TEXT)
            assert_reload_safe(path, use=lambda counter: counter.add(), reloads=4)

        def test_unsafe(workspace):
            path = workspace.write("subject.py", TEXT + '''
            def restore_state(self, state):
                pass
        ''')
            assert_reload_safe(path, use=lambda counter: counter.add(), reloads=4)
    """)  # fmt: skip
    assert "1 failed, 2 passed" in told, told
    assert "AssertionError: subject: " in told
    assert "state: state.total was 1, is 0" in told


def test_what_a_plugin_leaves_behind_is_an_error(tmp_path: Path) -> None:
    told = run_pytest(tmp_path, """
        def test_reload(workspace):
            workspace.plugin("subject", '''
                import threading, time
                from themis_jupyter import Plugin

                class Leaky(Plugin):
                    def initialize(self, config):
                        threading.Thread(
                            target=time.sleep, args=(30,), name="leaky", daemon=True
                        ).start()
            ''')
    """)  # fmt: skip
    assert "1 passed, 1 error" in told, told
    assert "the thread 'leaky' is still running" in told


def test_it_is_registered_and_light() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,) = project["entry-points"]["pytest11"].values()
    assert import_module(name).workspace
    code = (
        f"import {name}, sys; print([m for m in sys.modules if m.startswith('themis_jupyter.') and "
        "m.split('.')[1] in ('reload', 'state', 'loader', 'magics')], "
        "'themis_jupyter.testing.workspace' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["[]", "False"], done.stdout + done.stderr
