"""A module whose source is in another file from now on: everything follows, and goes back."""

from __future__ import annotations

import gc
import inspect
import linecache
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from tests.reload.everything import SOURCE, World
from themis_jupyter.reload import prepare
from themis_jupyter.reload.staged import Staged
from themis_jupyter.testing import Workspace, dedent

TEXT = '''
    from pathlib import Path

    HERE = Path(__file__).name
    CACHE = []

    def fails():
        return 1 / 0

    def maker():
        def made():
            return [x for x in (1, 2)]
        return made

    MADE = maker()

    class Model:
        """A model."""

        def value(self):
            return (lambda: HERE)()
'''


def move(module: ModuleType, path: Path) -> Staged:
    """Prepare and run, but not commit, the reload of a module from another file."""
    staged = prepare([module], paths={module.__name__: path})
    assert not staged.unchanged
    staged.stage(lambda body: body())
    return staged


def functions_of(module: ModuleType) -> list[FunctionType]:
    return [
        f for f in gc.get_objects() if type(f) is FunctionType and f.__globals__ is vars(module)
    ]


@pytest.fixture
def moved(workspace: Workspace) -> tuple[Any, Path]:
    module = workspace.load("plug", TEXT)
    module.CACHE.append("kept")
    return module, workspace.write("elsewhere/plug.py", "# in another file\n" + dedent(TEXT))


def test_the_same_text_in_another_file(moved: tuple[Any, Path]) -> None:
    module, path = moved
    model, made, fails = module.Model(), module.MADE, module.fails
    old = module.__file__
    staged = move(module, path)
    staged.commit()
    staged.finish()
    assert module.__file__ == str(path)
    assert module.HERE == "plug.py"
    assert (module.MADE, module.fails) == (made, fails)
    assert module.CACHE == ["kept"]
    assert {f.__code__.co_filename for f in functions_of(module)} == {str(path)}
    assert inspect.getsource(module.Model).startswith("class Model")
    assert inspect.getsource(fails) == "def fails():\n    return 1 / 0\n"
    with pytest.raises(ZeroDivisionError) as caught:
        fails()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.line, last.lineno) == (str(path), "return 1 / 0", 8)
    assert made() == [1, 2] and model.value() == "plug.py"
    assert old not in linecache.cache


def test_taking_it_back(moved: tuple[Any, Path]) -> None:
    module, path = moved
    old = module.__file__
    staged = move(module, path)
    assert module.__file__ == old
    staged.commit()
    staged.undo()
    assert module.__file__ == old
    assert {f.__code__.co_filename for f in functions_of(module)} == {old}
    assert inspect.getsource(module.fails) == "def fails():\n    return 1 / 0\n"
    assert str(path) not in linecache.cache
    staged = move(module, path)
    staged.discard()
    assert {f.__code__.co_filename for f in functions_of(module)} == {old}


def test_another_text_in_another_file(moved: tuple[Any, Path], workspace: Workspace) -> None:
    module, path = moved
    model = module.Model()
    workspace.write("elsewhere/plug.py", dedent(TEXT).replace("HERE)()", "HERE.upper())()"))
    staged = move(module, path)
    staged.commit()
    staged.finish()
    assert model.value() == "PLUG.PY"
    assert {f.__code__.co_filename for f in functions_of(module)} == {str(path)}
    # From there on it is reloaded as ever.
    workspace.edit("elsewhere/plug.py", ".upper()", ".title()")
    assert workspace.reload(module)
    assert model.value() == "Plug.Py"


def test_everything_that_a_module_can_define(workspace: Workspace) -> None:
    world = World(workspace)
    module: Any = world.module
    old = module.__file__
    before = {id(f): f.__code__.co_filename for f in functions_of(module)}
    path = workspace.write(f"elsewhere/{Path(old).name}", f"\n\n{SOURCE}")
    staged = move(module, path)
    staged.commit()
    staged.finish()
    left = [f for f in functions_of(module) if f.__code__.co_filename == old]
    assert not left
    assert sum(name == old for name in before.values()) > 10
