"""What a plugin keeps over a reload: its object, its state (given back once), its configuration."""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest

from tests.manager.conftest import Lab
from themis_jupyter import Outcome, Phase
from themis_jupyter.errors import ConfigError, PluginDefinitionError, ThemisError

# -- restored exactly once -------------------------------------------------------------------------

RESTORES = """
    from themis_jupyter import StatefulPlugin

    class Base(StatefulPlugin):
        def initialize(self, config):
            self.total = 0
            self.restored = 0
            BASE

        def restore_state(self, state):
            self.restored += 1
            self.total = state["total"]
            RETURN

    class P(Base):
        def initialize(self, config):
            super().initialize(config)
            self.keys = sorted(config)
            OWN

        def save_state(self):
            return {"total": self.total}

        def where(self):
            return "old"
"""
GUARDED = "if 'restored_state' in config: "


def restoring(base: str = "", own: str = "", answer: str = "") -> str:
    text = RESTORES.replace("BASE", base and GUARDED + base).replace("OWN", own and GUARDED + own)
    return text.replace("RETURN", answer)


ONCE = {
    "not by initialize": restoring(),
    "by initialize": restoring(own="self.restore_state(config['restored_state'])"),
    "by super().initialize": restoring(base="self.restore_state(config['restored_state'])"),
    "by super().restore_state": restoring(own="super().restore_state(config['restored_state'])"),
    "by the class": restoring(own="Base.restore_state(self, config['restored_state'])"),
    "by the base class, keyword": restoring(own="self.restore_state(state=config['restored_state'])"),
    "by initialize, True": restoring(own="self.restore_state(config['restored_state'])",
                                     answer="return True"),
}  # fmt: skip


@pytest.mark.parametrize("way", ONCE)
def test_state_is_restored_exactly_once(way: str, lab: Lab) -> None:
    handle = lab.load("keeper", ONCE[way])
    assert (handle.keys, handle.restored) == ([], 0)
    handle.total = 7
    lab.edit("keeper.py", '"old"', '"new"')
    report = lab.reload("keeper").raise_for_outcome()
    assert (handle.where(), handle.total, handle.restored) == ("new", 7, 1)
    assert handle.keys == ["restored_state"]
    step = next(s for s in report.steps if s.phase is Phase.RESTORE_STATE)
    assert step.detail == ("" if way == "not by initialize" else "by initialize()")
    assert "restore_state" not in vars(lab.instance("keeper"))


REFUSED = {
    "raises, and is caught": restoring(
        own="\n                try: self.restore_state({})\n                except KeyError: pass"
    ),
    "returns False, and is not looked at": restoring(
        own="self.restore_state(config['restored_state'])", answer="return False"
    ),
}


@pytest.mark.parametrize("way", REFUSED)
def test_a_restore_that_did_not_succeed_does_not_count(way: str, lab: Lab) -> None:
    handle = lab.load("keeper", REFUSED[way])
    handle.total = 7
    lab.edit("keeper.py", '"old"', '"new"')
    report = lab.reload("keeper")
    if way.startswith("raises"):  # tried again, with the whole state
        assert report.outcome is Outcome.RELOADED
        assert (handle.where(), handle.total) == ("new", 7)
    else:
        assert report.failed_step is not None
        assert report.failed_step.phase is Phase.RESTORE_STATE


def test_initialize_sees_its_own_attributes_only(lab: Lab) -> None:
    """What watches for restore_state leaves no trace in what the plugin copies."""
    text = """
        import copy
        from themis_jupyter import StatefulPlugin

        class P(StatefulPlugin):
            transient = ("seen", "like_me")
            def initialize(self, config):
                self.seen = dict(vars(self))
                self.like_me = copy.deepcopy(vars(self))
                self.n = 1
            def where(self): return "old"
    """
    handle = lab.load("copier", text)
    lab.edit("copier.py", '"old"', '"new"')
    lab.reload("copier").raise_for_outcome()
    assert handle.seen == {}
    assert handle.n == 1


def test_an_instance_whose_truth_is_false(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin

        class Shelf(StatefulPlugin):
            def initialize(self, config): self.books = []
            def __len__(self): return len(self.books)
            def __eq__(self, other): raise RuntimeError("not to be compared")
            __hash__ = None
            def where(self): return "old"
    """
    handle = lab.load("shelf", text)
    lab.edit("shelf.py", '"old"', '"new"')
    lab.reload("shelf").raise_for_outcome()
    assert (handle.where(), len(handle)) == ("new", 0)
    lab.edit("shelf.py", "self.books = []", "self.books = 1 / 0")
    assert lab.reload("shelf").outcome is Outcome.ROLLED_BACK
    assert handle.books == []


# -- plugins of all kinds --------------------------------------------------------------------------


def test_a_plugin_without_state_starts_anew(lab: Lab) -> None:
    text = """
        from themis_jupyter import Plugin

        class P(Plugin):
            def initialize(self, config):
                self.n = 0
                self.given = sorted(config)
            def where(self): return "old"
    """
    handle = lab.load("stateless", text, {"size": 3})
    instance = lab.instance("stateless")
    handle.n = 5
    handle.other = 1
    lab.edit("stateless.py", '"old"', '"new"')
    report = lab.reload("stateless").raise_for_outcome()
    assert lab.instance("stateless") is instance
    assert vars(instance) == {"n": 0, "given": ["size"]}
    assert report.state == ()


def test_slots(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin

        class Base(StatefulPlugin):
            __slots__ = "public"

        class P(Base):
            __slots__ = ("one", "__two", "unset")
            def initialize(self, config):
                self.one, self.__two, self.public, self.plain = 1, 2, 3, 4
            def save_state(self): return {"one": self.one}
            def restore_state(self, state): self.one = state["one"]
            def both(self): return self.one, self.__two, self.public, self.plain, "old"
    """
    handle = lab.load("slotted", text)
    handle.one = 11
    lab.instance("slotted").unset = "set"
    assert handle.both() == (11, 2, 3, 4, "old")
    lab.edit("slotted.py", '"old"', '"new"')
    lab.reload("slotted").raise_for_outcome()
    assert handle.both() == (11, 2, 3, 4, "new")
    assert not hasattr(lab.instance("slotted"), "unset")
    lab.instance("slotted").unset = "set"
    lab.edit("slotted.py", "1, 2, 3, 4", "1, 2, 3, 1 / 0")
    assert lab.reload("slotted").outcome is Outcome.ROLLED_BACK
    assert handle.both() == (11, 2, 3, 4, "new")
    assert lab.instance("slotted").unset == "set"


def test_attributes_that_new_made(lab: Lab) -> None:
    text = """
        from themis_jupyter import Plugin

        class P(Plugin):
            def __new__(cls):
                self = super().__new__(cls)
                self.registry = {}
                return self
            def where(self): return "old", self.registry
    """
    handle = lab.load("newish", text)
    lab.edit("newish.py", '"old"', '"new"')
    lab.reload("newish").raise_for_outcome()
    assert handle.where() == ("new", {})


SINGLETONS = {
    "by __new__": """
        from themis_jupyter import Plugin
        class P(Plugin):
            _it = None
            def __new__(cls):
                if cls._it is None:
                    cls._it = super().__new__(cls)
                return cls._it
            def __init__(self): self.n = 0
            def where(self): return "old"
    """,
    "by a metaclass": """
        from themis_jupyter import Plugin
        class Single(type):
            def __call__(cls, *args):
                if "_it" not in vars(cls):
                    cls._it = super().__call__(*args)
                return cls._it
        class P(Plugin, metaclass=Single):
            def __init__(self): self.n = 0
            def where(self): return "old"
    """,
    "by a factory": """
        from themis_jupyter import Plugin
        class P(Plugin):
            def __init__(self): self.n = 0
            def where(self): return "old"
        _made = []
        def create_plugin():
            if not _made:
                _made.append(P())
            return _made[0]
    """,
}


@pytest.mark.parametrize("way", SINGLETONS)
def test_singletons(way: str, lab: Lab) -> None:
    handle = lab.load("single", SINGLETONS[way])
    instance = lab.instance("single")
    lab.edit("single.py", '"old"', '"new"')
    lab.reload("single").raise_for_outcome()
    assert lab.instance("single") is instance
    assert (handle.where(), handle.n) == ("new", 0)


def test_a_factory_that_returns_another_class(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin

        class Small(StatefulPlugin):
            def initialize(self, config): self.n = 0
            def size(self): return "small"

        class Large(StatefulPlugin):
            def __init__(self): self.made = "large"
            def initialize(self, config): self.n = 0
            def size(self): return "large"

        def create_plugin():
            return Small()
    """
    handle = lab.load("maker", text)
    instance, size = lab.instance("maker"), handle.size
    handle.n = 3
    lab.edit("maker.py", "return Small()", "return Large()")
    lab.reload("maker").raise_for_outcome()
    assert lab.instance("maker") is instance
    assert isinstance(instance, lab.module("maker").Large)
    assert (handle.n, handle.made, size()) == (3, "large", "large")
    lab.edit("maker.py", "return Large()", "return Small() if 1 / 0 else None")
    assert lab.reload("maker").outcome is Outcome.ROLLED_BACK
    assert (handle.n, handle.made, size()) == (3, "large", "large")


def test_a_factory_that_returns_what_the_object_cannot_become(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin

        class Plain(StatefulPlugin):
            def where(self): return "plain"

        class Slotted(StatefulPlugin):
            __slots__ = ("extra",)

        def create_plugin():
            return Plain()
    """
    handle = lab.load("maker", text)
    lab.edit("maker.py", "return Plain()", "return Slotted()")
    report = lab.reload("maker")
    assert report.outcome is Outcome.ROLLED_BACK
    assert "cannot become a 'Slotted'" in str(report.error)
    assert "unload the plugin and load it again" in str(report.error)
    assert handle.where() == "plain"


@pytest.mark.parametrize("result", ["None", "Counter", "42", "object()"])
def test_a_factory_that_returns_no_plugin(result: str, lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin
        class Counter(StatefulPlugin):
            def initialize(self, config): self.n = 0
        def create_plugin():
            return Counter()
    """
    handle = lab.load("maker", text)
    handle.n = 4
    lab.edit("maker.py", "return Counter()", f"return {result}")
    report = lab.reload("maker")
    assert report.outcome is Outcome.ROLLED_BACK
    assert "create_plugin()" in str(report.error)
    assert handle.n == 4


def test_from_a_class_to_a_factory_and_back(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin
        class Counter(StatefulPlugin):
            def initialize(self, config): self.n = 0
    """
    handle = lab.load("maker", text)
    instance = lab.instance("maker")
    handle.n = 4
    body = ("made = Counter()", "made.by = 1", "return made")
    factory = "        def create_plugin():\n" + "".join(f"            {s}\n" for s in body)
    lab.write("maker.py", text.rstrip(" ") + factory)
    lab.reload("maker").raise_for_outcome()
    assert lab.instance("maker") is instance
    assert (handle.n, handle.by) == (4, 1)
    lab.write("maker.py", text)
    lab.reload("maker").raise_for_outcome()
    assert lab.instance("maker") is instance
    assert handle.n == 4


def test_a_renamed_class(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin
        class Counter(StatefulPlugin):
            def initialize(self, config): self.n = 0
            def where(self): return "old"
    """
    handle = lab.load("renamed", text)
    instance, bound = lab.instance("renamed"), handle.where
    handle.n = 4
    lab.write("renamed.py", text.replace("Counter", "Tally").replace('"old"', '"new"'))
    lab.reload("renamed").raise_for_outcome()
    assert lab.instance("renamed") is instance
    assert type(instance) is lab.module("renamed").Tally
    assert not hasattr(lab.module("renamed"), "Counter")
    assert (handle.n, handle.where(), bound()) == (4, "new", "new")
    lab.write("renamed.py", text.replace("Counter", "Third").replace("self.n = 0", "self.n = 1/0"))
    assert lab.reload("renamed").outcome is Outcome.ROLLED_BACK
    assert type(instance) is lab.module("renamed").Tally
    assert (handle.n, handle.where(), bound()) == (4, "new", "new")


def test_a_plugin_that_lost_its_restore_state(lab: Lab) -> None:
    handle = lab.load("lost", """
        from themis_jupyter import Plugin, StatefulPlugin
        class P(StatefulPlugin):
            def initialize(self, config): self.n = 0
    """)  # fmt: skip
    handle.n = 4
    lab.edit("lost.py", "class P(StatefulPlugin)", "class P(Plugin)")
    report = lab.reload("lost")
    assert report.outcome is Outcome.ROLLED_BACK
    assert "--fresh" in str(report.error)
    assert handle.n == 4
    lab.reload("lost", fresh=True).raise_for_outcome()
    assert handle.n == 0


def test_save_state_without_return(lab: Lab) -> None:
    handle = lab.load("forgetful", """
        from themis_jupyter import StatefulPlugin
        class P(StatefulPlugin):
            def initialize(self, config): self.n = 0
            def save_state(self): {"n": self.n}
    """)  # fmt: skip
    handle.n = 4
    lab.edit("forgetful.py", '{"n"', 'return {"n"')
    report = lab.reload("forgetful")
    assert report.outcome is Outcome.ABORTED
    assert "is a 'return' missing?" in str(report.error)
    assert handle.n == 4


# -- configuration ---------------------------------------------------------------------------------

GREEDY = """
    from themis_jupyter import StatefulPlugin

    class Greedy(StatefulPlugin):
        transient = ("config", "first", "given")
        config_schema = {"properties": {"size": {"type": "integer"}}}
        def initialize(self, config):
            self.config = config
            self.first = dict(config)
            self.given = {k: list(v) if isinstance(v, list) else v for k, v in config.items()}
            config["mine"] = 1
            config.get("names", []).append("mine")
            config.pop("size", None)
        def where(self): return "old"
"""


def test_a_configuration_is_nobody_elses(lab: Lab) -> None:
    given = {"size": 3, "names": ["a"], "shared": object()}
    before = {"size": 3, "names": ["a"], "shared": given["shared"]}
    handle = lab.load("greedy", GREEDY, given)
    assert given == before
    record = lab.manager.get_record("greedy")
    assert record.config == before
    given["names"].append("by the user")  # type: ignore[attr-defined]
    for text in ("new", "newer"):
        lab.write("greedy.py", GREEDY.replace('"old"', f'"{text}"'))
        lab.reload("greedy").raise_for_outcome()
        assert handle.where() == text
        assert handle.given.pop("restored_state") == {}
        assert handle.given == before
        assert record.config == before
    lab.edit("greedy.py", "self.config = config", "self.config = config; 1 / 0")
    assert lab.reload("greedy").outcome is Outcome.ROLLED_BACK
    assert record.config == before


def test_a_new_configuration(lab: Lab) -> None:
    handle = lab.load("greedy", GREEDY, {"size": 3})
    new = {"size": 4, "names": ["b"]}
    report = lab.reload("greedy", config=new)
    assert report.outcome is Outcome.RELOADED  # though the file is the same
    assert {k: v for k, v in handle.given.items() if k != "restored_state"} == {
        "size": 4,
        "names": ["b"],
    }
    assert new == {"size": 4, "names": ["b"]}
    assert lab.reload("greedy").outcome is Outcome.UNCHANGED
    assert lab.reload("greedy", config={}).outcome is Outcome.RELOADED
    assert lab.manager.get_record("greedy").config == {}


@pytest.mark.parametrize("config", [{"size": "large"}, ["size"], {1: 2}, "size"])
def test_a_configuration_that_does_not_fit(config: Any, lab: Lab) -> None:
    with pytest.raises(ConfigError):
        lab.load("greedy", GREEDY, config)
    assert not lab.manager.is_plugin_loaded("greedy")
    handle = lab.load("greedy", GREEDY, {"size": 3})
    report = lab.reload("greedy", config=config)
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, ConfigError)
    assert lab.manager.get_record("greedy").config == {"size": 3}
    assert handle.where() == "old"


def test_a_schema_that_the_old_configuration_does_not_fit(lab: Lab) -> None:
    handle = lab.load("greedy", GREEDY, {"size": 3})
    lab.edit("greedy.py", '"integer"', '"string"')
    report = lab.reload("greedy")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, ConfigError)
    assert handle.where() == "old"
    lab.reload("greedy", config={"size": "large"}).raise_for_outcome()
    assert handle.first["size"] == "large"


def test_a_configuration_that_refers_to_itself_and_arrays(lab: Lab) -> None:
    import numpy as np

    config: dict[str, Any] = {"array": np.arange(3), "tuple": ([1],)}
    config["self"] = config
    handle = lab.load("greedy", GREEDY, config)
    inner = handle.config["self"]
    assert inner is not config
    assert inner["self"] is inner
    assert handle.config["array"] is config["array"]
    assert handle.config["tuple"][0] is not config["tuple"][0]
    with pytest.raises(Exception, match="another configuration"):
        lab.load("greedy", config={"array": np.arange(3)})


# -- what a reload leaves in memory ----------------------------------------------------------------


def test_the_old_state_is_not_kept_alive(lab: Lab) -> None:
    text = """
        from themis_jupyter import StatefulPlugin
        class Big: ...
        class P(StatefulPlugin):
            transient = ("big",)
            def initialize(self, config): self.big = Big()
            def where(self): return "old"
    """
    lab.load("big", text)
    for number in range(3):
        lab.write("big.py", text.replace('"old"', f'"{number}"'))
        lab.reload("big").raise_for_outcome()
    gc.collect()
    big = lab.module("big").Big
    assert sum(type(item) is big for item in gc.get_objects()) == 1


# -- what comes back as itself ---------------------------------------------------------------------

REFERS = """
    from themis_jupyter import PluginManager, StatefulPlugin

    class Worker:
        def __init__(self, owner): self.owner = owner

    class Refers(StatefulPlugin):
        dependencies = ["storage"]

        def initialize(self, config):
            self.total = 0
            self.listeners = [self.add]
            self.worker = Worker(self)

        def use(self, storage):
            self.storage = storage
            self.puts = {"put": storage.put}

        def add(self):
            self.total += 1
            return "old"
"""

STORAGE = """
    from themis_jupyter import StatefulPlugin

    class Storage(StatefulPlugin):
        def initialize(self, config): self.n = 0
        def put(self):
            self.n += 1
            return self.n
"""


def test_the_plugin_in_its_own_state_is_no_copy(lab: Lab) -> None:
    """Otherwise what listens, or works, for the plugin goes on with a ghost of it."""
    lab.write("storage.py", STORAGE)
    handle = lab.load("refers", REFERS)
    handle.add()
    lab.edit("refers.py", '"old"', '"new"')
    lab.reload("refers").raise_for_outcome()
    instance = lab.instance("refers")
    assert handle.listeners[0]() == "new"
    assert handle.total == 2
    assert handle.worker.owner is instance
    assert handle.listeners[0].__self__ is instance


def test_handles_in_a_state_are_kept(lab: Lab) -> None:
    """A plugin holds what it needs: that is no reason to refuse its reload."""
    lab.write("storage.py", STORAGE)
    handle = lab.load("refers", REFERS)
    storage = lab.manager.get_plugin("storage")
    handle.use(storage)
    lab.edit("refers.py", '"old"', '"new"')
    lab.reload("refers").raise_for_outcome()
    assert handle.storage is storage
    assert handle.puts["put"]() == storage.n == 1
    lab.edit("storage.py", "self.n += 1", "self.n += 10")
    lab.reload("storage", cascade=True).raise_for_outcome()
    assert handle.puts["put"]() == 11


def test_what_does_not_serialise_beside_a_handle_is_named(lab: Lab) -> None:
    lab.write("storage.py", STORAGE)
    handle = lab.load("refers", REFERS)
    handle.puts = {"storage": lab.manager.get_plugin("storage"), "later": (i for i in [1])}
    lab.edit("refers.py", '"old"', '"new"')
    report = lab.reload("refers")
    assert report.outcome is Outcome.ABORTED
    assert "state.puts['later'] is a generator" in str(report.error)


def test_the_plugin_itself_as_its_state_is_a_copy(lab: Lab) -> None:
    lab.load("whole", """
        from themis_jupyter import StatefulPlugin

        class Whole(StatefulPlugin):
            def initialize(self, config): self.total = 0
            def save_state(self): return self
            def restore_state(self, state): self.total = state.total
            def where(self): return "old"
    """).total = 5  # fmt: skip
    lab.edit("whole.py", '"old"', '"new"')
    lab.reload("whole").raise_for_outcome()
    assert lab.manager.get_plugin("whole").total == 5


# -- what is no state ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('("model_cache")', r"transient is 'model_cache' \(str\); expected .* \('model_cache',\)"),
        ("3", r"transient is 3 \(int\)"),
        ("None", "transient is None"),
        ('("lock", 3)', "expected a tuple of names of attributes"),
    ],
)
def test_transient_that_would_lose_state_is_refused(lab: Lab, value: str, says: str) -> None:
    """``"model" not in "model_cache"`` is false: in silence, the model would be no state."""
    text = """
        from themis_jupyter import StatefulPlugin

        class Keeps(StatefulPlugin):
            transient = TRANSIENT
            def initialize(self, config): self.model = 1
    """
    with pytest.raises(PluginDefinitionError, match=says):
        lab.load("keeps", text.replace("TRANSIENT", value))
    handle = lab.load("keeps", text.replace("TRANSIENT", '["lock"]'))
    handle.model = 2
    lab.edit("keeps.py", '["lock"]', value)
    report = lab.reload("keeps")
    assert report.outcome is Outcome.ABORTED
    assert isinstance(report.error, PluginDefinitionError)
    lab.edit("keeps.py", value, "{'lock'}")
    lab.reload("keeps").raise_for_outcome()
    assert handle.model == 2


def test_transient_may_depend_on_the_instance(lab: Lab) -> None:
    handle = lab.load("keeps", """
        from themis_jupyter import StatefulPlugin

        class Keeps(StatefulPlugin):
            transient = property(lambda self: ("lock",))
            def initialize(self, config): self.lock, self.model = "old", 1
    """)  # fmt: skip
    handle.model = 2
    lab.edit("keeps.py", '"old"', '"new"')
    lab.reload("keeps").raise_for_outcome()
    assert (handle.lock, handle.model) == ("new", 2)


LISTS_ITS_STATE = """
    from themis_jupyter import StatefulPlugin

    class P(StatefulPlugin):
        def initialize(self, config):
            self.items = []

        def save_state(self):
            return list(self.items)
"""


def test_state_that_nobody_could_take_back_is_refused_in_time(lab: Lab) -> None:
    plugin = lab.load("lister", LISTS_ITS_STATE)
    plugin.items.append(1)
    lab.edit("lister.py", "self.items = []", "self.items, self.more = [], 1")
    report = lab.reload("lister")
    assert report.outcome is Outcome.ABORTED
    assert "write restore_state(state) as well" in str(report.error)
    assert plugin.items == [1]
    # The way out that it names: the new code can take it.
    taking = "def restore_state(self, state):\n        self.items = state\n\n    def save_state"
    lab.edit("lister.py", "def save_state", taking)
    assert lab.reload("lister")
    assert (plugin.items, plugin.more) == ([1], 1)


def test_a_file_inside_a_package_names_the_package(lab: Lab) -> None:
    lab.write("bundle/__init__.py", "")
    lab.write(
        "bundle/core.py",
        "from .other import X\nfrom themis_jupyter import Plugin\nclass P(Plugin): pass\n",
    )
    with pytest.raises(ThemisError, match=r"belongs to the package 'bundle'"):
        lab.manager.load_plugin(lab.folder / "bundle" / "core.py")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of POSIX")
def test_a_pipe_in_place_of_the_file_is_not_waited_for(lab: Lab) -> None:
    lab.load("lister", LISTS_ITS_STATE)
    (lab.folder / "lister.py").unlink()
    os.mkfifo(lab.folder / "lister.py")
    report = lab.reload("lister")
    assert report.outcome is Outcome.ABORTED
    assert "is not a file" in str(report.error)
