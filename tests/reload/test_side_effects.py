"""What a body did to the world before it failed is taken back."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from tests.reload import snapshot
from themis_jupyter.errors import ReloadError
from themis_jupyter.testing import Workspace, dedent

OWN = dedent("""
    import collections
    import shared

    ITEMS = [1, 2, 3]
    TABLE = {"a": 1, "b": [1]}
    KNOWN = {1, 2}
    QUEUE = collections.deque([1, 2], maxlen=5)
    DEFAULTS = collections.defaultdict(list, a=[1])
    COUNTS = collections.Counter("ab")
    ORDERED = collections.OrderedDict(a=1, b=2)

    class Registry(dict):
        pass

    REGISTRY = Registry(a=1)

    class Settings:
        level = 1
        nested = {"deep": [1]}

        def __init__(self):
            self.values = {"a": [1]}

    SETTINGS = Settings()

    class Slotted:
        __slots__ = ("value",)

    SLOTTED = Slotted()
    SLOTTED.value = 1

    def f():
        return 1

    f.calls = 0

    def add(value):
        ITEMS.append(value)
        SETTINGS.values["a"].append(value)
    """)

SHARED = """
    LIST = []
    DICT = {}
    LEVEL = 1

    class Base:
        level = 1

        def method(self):
            return 1

    class Thing:
        def __init__(self):
            self.parts = []

    THING = Thing()

    def register(item):
        LIST.append(item)
        return item

    def function():
        return 1
    """


@pytest.fixture
def m(workspace: Workspace) -> types.ModuleType:
    workspace.load("shared", SHARED)
    return workspace.load("m", OWN)


@pytest.fixture(autouse=True)
def _process_put_back() -> Iterator[None]:
    """Whatever a test leaves behind where the engine fails to put it back."""
    environ, cwd, path, meta = dict(os.environ), os.getcwd(), list(sys.path), list(sys.meta_path)
    handler, level = signal.getsignal(signal.SIGUSR1), logging.root.level
    interrupt, handlers = signal.getsignal(signal.SIGINT), list(logging.root.handlers)
    hook, limit, stdout = sys.excepthook, sys.getrecursionlimit(), sys.stdout
    yield
    os.chdir(cwd)
    sys.path[:], sys.meta_path[:], logging.root.handlers[:] = path, meta, handlers
    logging.root.setLevel(level)
    signal.signal(signal.SIGUSR1, handler)
    signal.signal(signal.SIGINT, interrupt)
    sys.excepthook, sys.stdout = hook, stdout
    sys.setrecursionlimit(limit)
    for key in [k for k in os.environ if k.startswith("THEMIS_TEST_")]:
        del os.environ[key]
    os.environ.update({k: v for k, v in environ.items() if k != "PYTEST_CURRENT_TEST"})


EFFECTS = {
    "list appended": "ITEMS.append(4)",
    "list emptied": "ITEMS.clear()",
    "list sorted": "ITEMS.reverse()",
    "list item": "ITEMS[0] = 9",
    "list sliced": "ITEMS[1:] = []",
    "list deleted": "del ITEMS[0]",
    "list augmented": "ITEMS += [4]",
    "list by a function of the module": "add(4)",
    "list in a dict": "TABLE['b'].append(2)",
    "dict item": "TABLE['c'] = 3",
    "dict reordered": "TABLE['a'] = TABLE.pop('a')",
    "dict merged": "TABLE |= {'a': 2}",
    "set": "KNOWN.add(3)\nKNOWN.discard(1)",
    "deque": "QUEUE.rotate(1)\nQUEUE.append(3)",
    "defaultdict": "DEFAULTS['b'].append(1)",
    "Counter": "COUNTS.update('abc')",
    "OrderedDict": "ORDERED.move_to_end('a')",
    "dict subclass": "REGISTRY['b'] = 2",
    "class attribute": "Settings.level = 2",
    "class attribute added": "Settings.other = 2",
    "class attribute deleted": "del Settings.level",
    "method replaced": "Settings.__init__ = lambda self: None",
    "container of a class": "Settings.nested['deep'].append(2)",
    "instance attribute": "SETTINGS.values = {}",
    "instance attribute added": "SETTINGS.extra = 1",
    "container of an instance": "SETTINGS.values['a'].append(2)",
    "class of an instance": "class Other:\n    pass\nSETTINGS.__class__ = Other",
    "slot": "SLOTTED.value = 2",
    "slot deleted": "del SLOTTED.value",
    "function attribute": "f.calls += 1",
    "function attribute added": "f.extra = 1",
    "function code": "f.__code__ = add.__code__",
    "function defaults": "add.__defaults__ = (1,)",
    "loop": "for i in range(3):\n    ITEMS.append(i)\n    TABLE[i] = i",
    "other module: list": "shared.LIST.append(1)",
    "other module: dict": "shared.DICT['a'] = 1",
    "other module: name": "shared.LEVEL = 2",
    "other module: name added": "shared.EXTRA = 2",
    "other module: name deleted": "del shared.LEVEL",
    "other module: function replaced": "shared.function = f",
    "other module: function code": "shared.function.__code__ = f.__code__",
    "other module: class patched": "shared.Base.method = f\nshared.Base.level = 2",
    "other module: instance": "shared.THING.parts.append(1)\nshared.THING.more = 1",
    "other module: registered": "@shared.register\ndef g():\n    pass",
    "other module: imported name": "from shared import LIST, Base\nLIST.append(1)\nBase.level = 3",
    "other module: setattr": "setattr(shared, 'LEVEL', 3)",
    "globals": "globals()['ITEMS'].append(4)\nglobals()['NEW'] = 1",
    "exec": "exec('ITEMS.append(4)')",
    "subclass": "class Sub(shared.Base):\n    pass",
    "standard library patched": "import json\njson.dumps = f",
    "standard library extended": "import json\njson.extra_of_test = 1",
    "builtins": "import builtins\nbuiltins.extra_of_test = 1",
    "builtin replaced": "import builtins\nbuiltins.sorted = f",
    "sys.path": "import sys\nsys.path.insert(0, '/nowhere')",
    "sys.path replaced": "import sys\nsys.path = ['/nowhere', *sys.path]",
    "sys.meta_path": "import sys\nsys.meta_path.insert(0, SETTINGS)",
    "sys.modules": "import sys\nsys.modules['invented_module'] = shared",
    "sys.modules removed": "import sys\ndel sys.modules['shared']",
    "sys.modules replaced": "import sys\nsys.modules['shared'] = sys",
    "sys.modules itself": "import sys\ndel sys.modules[__name__]",
    "sys.stdout": "import sys, io\nsys.stdout = io.StringIO()",
    "sys.excepthook": "import sys\nsys.excepthook = f",
    "environ": "import os\nos.environ['THEMIS_TEST_A'] = '1'\nos.environ.pop('HOME', None)",
    "cwd": "import os\nos.chdir('/')",
    "warnings.filters": "import warnings\nwarnings.simplefilter('ignore')",
    "log handler": "import logging\nlogging.getLogger().addHandler(logging.NullHandler())",
    "log level": "import logging\nlogging.getLogger('themis_test').setLevel('DEBUG')",
    "new logger": "import logging\nlogging.getLogger('themis_new').propagate = False",
    "log handlers removed": "import logging\nlogging.root.handlers.clear()",
    "log level of the root": "import logging\nlogging.basicConfig(level=10)\nlogging.root.setLevel(10)",
    "signal handler": "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None)",
    "SIGINT handler": "import signal\nsignal.signal(signal.SIGINT, lambda *a: None)",
    "atexit": "import atexit\natexit.register(f)",
    "atexit of a lambda": "import atexit\natexit.register(lambda: None)",
}


def picture() -> snapshot.Picture:
    import json

    found = [sys.modules[n] for n in ("m", "shared")]
    result = snapshot.take(modules=found)
    result["json"] = {k: snapshot.Same(v) for k, v in vars(json).items()}
    result["slot"] = getattr(sys.modules["m"].SLOTTED, "value", "<none>")
    result["newest loggers"] = logging.getLogger("themis_test").level
    return result


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)
def test_effect_is_taken_back(workspace: Workspace, m: Any, effect: str) -> None:
    logging.getLogger("themis_test")
    sys_path = sys.path
    workspace.write("m.py", f"{OWN}\n{effect}\n1 / 0\n")
    before = picture()
    try:
        with pytest.raises(ReloadError):
            workspace.reload(m)
        assert snapshot.difference(before, picture()) == []
    finally:
        _repair(before, sys_path)
    workspace.write("m.py", OWN.replace("return 1", "return 2"))
    assert workspace.reload(m)
    assert m.f() == 2


def _repair(before: snapshot.Picture, sys_path: list[str]) -> None:
    """Keep a failure of this test from spreading to others."""
    import builtins
    import gc
    import json

    for module, known in ((builtins, before["builtins"]), (json, before["json"])):
        for name in set(vars(module)) - set(known) - {"_"}:
            delattr(module, name)
        for name, same in known.items():
            if vars(module).get(name) is not same.value:
                setattr(module, name, same.value)
    sys.modules.pop("invented_module", None)
    for name, same in before["sys.modules"].items():
        sys.modules[name] = same.value
    sys.path = sys_path
    gc.enable()


def test_effects_inside_a_fixture_of_warnings(workspace: Workspace, m: Any) -> None:
    """``catch_warnings`` replaces the list of filters: the one in force is put back."""
    import warnings

    workspace.write(
        "m.py",
        OWN + "\nimport warnings\nwarnings.catch_warnings().__enter__()\n"
        "warnings.simplefilter('ignore')\n1 / 0\n",
    )
    filters, shown = list(warnings.filters), warnings.showwarning
    holder = warnings.filters
    try:
        with pytest.raises(ReloadError):
            workspace.reload(m)
        assert list(warnings.filters) == filters
    finally:
        warnings.filters = holder
        warnings.showwarning = shown


def test_atexit_callback_does_not_run(workspace: Workspace) -> None:
    """Python lists its exit callbacks to nobody: only a process that exits can tell."""
    workspace.write("m.py", "X = 1\n")
    script = f"""
        import sys
        sys.path.insert(0, {str(workspace.path("."))!r})
        import m
        from themis_jupyter.reload import reload_in_place, track
        track(m)
        with open(m.__file__, "w") as file:
            file.write("import atexit\\natexit.register(lambda: print('left over'))\\n1 / 0\\n")
        try:
            reload_in_place(m)
        except Exception:
            print("failed")
        """
    command = [sys.executable, "-c", dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "failed\n"


def test_effects_of_a_successful_reload_stay(workspace: Workspace, m: Any) -> None:
    shared = sys.modules["shared"]
    effect = "shared.LIST.append(1)\nshared.LEVEL = 2\nITEMS.append(4)\nSettings.level = 2\n"
    workspace.write("m.py", OWN + "\n" + effect)
    workspace.reload(m)
    assert (shared.LIST, shared.LEVEL) == ([1], 2)
    assert (m.ITEMS, m.Settings.level) == ([1, 2, 3, 4], 2)
