"""A plugin's own widget: made when it is asked for, and what users changed in it is state."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

from tests.manager.conftest import Lab
from themis_jupyter import Outcome
from themis_jupyter.errors import PluginNotLoadedError, StateError, WidgetError

PLUGIN = """
    import ipywidgets
    from themis_jupyter import StatefulPlugin

    class Tuner(StatefulPlugin):
        def initialize(self, config):
            self.asked = 0

        def widget(self):
            self.asked += 1
            self.slider = ipywidgets.IntSlider(value=3, max=10, description="step")
            return ipywidgets.VBox([self.slider, ipywidgets.Text("name")])

        transient = ("slider",)
"""


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()


def get(lab: Lab) -> Any:
    return lab.manager.get_widget("tuner")


def slider(lab: Lab) -> Any:
    return get(lab).children[0]


def test_it_is_made_once(lab: Lab) -> None:
    handle = lab.load("tuner", PLUGIN)
    assert get(lab) is get(lab)
    assert handle.asked == 1


def test_what_a_user_changed_survives_a_reload_and_what_the_author_edited_comes_in(
    lab: Lab,
) -> None:
    lab.load("tuner", PLUGIN)
    before = get(lab)
    before.children[0].value = 7
    before.children[1].value = "mine"
    lab.edit("tuner.py", 'max=10, description="step"', 'max=20, description="width"')
    assert lab.reload("tuner")
    after = get(lab)
    assert after is not before
    assert (after.children[0].value, after.children[1].value) == (7, "mine")
    assert (after.children[0].max, after.children[0].description) == (20, "width")
    # The former one is closed, and those in it.
    assert before.comm is None and before.children[0].comm is None
    # ... and once more, without anybody having looked at it in between.
    lab.edit("tuner.py", "max=20", "max=30")
    assert lab.reload("tuner")
    lab.edit("tuner.py", "max=30", "max=40")
    assert lab.reload("tuner")
    assert (slider(lab).value, slider(lab).max) == (7, 40)


def test_a_page_learns_that_it_is_another_one(lab: Lab) -> None:
    from themis_jupyter.board.cards import card_of

    def shown() -> Any:
        card = card_of(lab.manager, "tuner")
        assert card is not None
        return card["widget"]

    lab.load("tuner", PLUGIN)
    first = shown()
    assert first is not None
    assert lab.reload("tuner").outcome is Outcome.UNCHANGED and shown() == first
    lab.edit("tuner.py", "max=10", "max=20")
    assert lab.reload("tuner") and shown() not in (first, None)
    lab.load("plain", "from themis_jupyter import Plugin\n\nclass Plain(Plugin): pass\n")
    card = card_of(lab.manager, "plain")
    assert card is not None and card["widget"] is None
    assert lab.manager.get_widget("plain") is None


def test_a_reload_that_fails_leaves_it_as_it_was(lab: Lab) -> None:
    lab.load("tuner", PLUGIN.replace("self.asked = 0", "self.asked = 0; self.mine = None"))
    before = get(lab)
    before.children[0].value = 7
    lab.edit("tuner.py", "self.asked = 0;", "self.asked = 1 / 0;")
    assert lab.reload("tuner").outcome is Outcome.ROLLED_BACK
    assert get(lab) is before
    assert before.children[0].value == 7 and before.children[0].comm is not None


def test_new_code_that_fails_after_it_touched_the_widget(lab: Lab) -> None:
    """Here the plugin keeps its widget itself."""
    text = """
        import ipywidgets
        from themis_jupyter import StatefulPlugin

        class Tuner(StatefulPlugin):
            slider = None

            def initialize(self, config):
                if Tuner.slider is None:
                    Tuner.slider = ipywidgets.IntSlider(value=3, max=10)

            def widget(self):
                return Tuner.slider
    """
    lab.load("tuner", text)
    own = get(lab)
    own.value = 7
    lab.edit(
        "tuner.py", "if Tuner.slider", "self.widget().value = 1; 1 / 0\n        if Tuner.slider"
    )
    assert lab.reload("tuner").outcome is Outcome.ROLLED_BACK
    assert get(lab) is own and own.value == 7


def test_a_widget_among_the_attributes_stays_the_same(lab: Lab) -> None:
    handle = lab.load("tuner", PLUGIN.replace('transient = ("slider",)', "pass"))
    own = slider(lab)
    own.value = 9
    lab.edit("tuner.py", "max=10", "max=20")
    assert lab.reload("tuner")
    assert handle.slider is own
    with pytest.raises(StateError, match="a widget, which belongs to this kernel"):
        lab.manager.save_state("tuner")


def test_fresh_means_fresh(lab: Lab) -> None:
    lab.load("tuner", PLUGIN)
    slider(lab).value = 7
    assert lab.manager.reload_plugin("tuner", fresh=True)
    assert slider(lab).value == 3


def test_it_is_saved_along_and_comes_back_with_a_version(lab: Lab) -> None:
    lab.load("tuner", PLUGIN)
    slider(lab).value = 7
    label = lab.manager.save_state("tuner")
    slider(lab).value = 8
    lab.manager.unload_plugin("tuner")
    lab.manager.load_plugin("tuner")
    assert slider(lab).value == 3
    assert lab.manager.restore_state("tuner", label)
    assert slider(lab).value == 7
    lab.edit("tuner.py", "max=10", "max=20")
    assert lab.reload("tuner")
    slider(lab).value = 5
    assert lab.manager.revert_plugin("tuner")
    assert (slider(lab).value, slider(lab).max) == (7, 10)


def test_a_plugin_without_state_keeps_it_too(lab: Lab) -> None:
    text = PLUGIN.replace("StatefulPlugin", "Plugin")
    lab.load("tuner", text)
    slider(lab).value = 7
    lab.edit("tuner.py", "max=10", "max=20")
    assert lab.reload("tuner")
    assert (slider(lab).value, slider(lab).max) == (7, 20)


def test_what_does_not_fit_any_more_is_told(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.load("tuner", PLUGIN)
    slider(lab).value = 7
    get(lab).children[1].value = "mine"
    lab.edit("tuner.py", 'ipywidgets.Text("name")', "ipywidgets.IntText(4)")
    assert lab.reload("tuner")
    with caplog.at_level(logging.WARNING):
        after = get(lab)
    assert (after.children[0].value, after.children[1].value) == (7, 4)
    assert "children[1].value = 'mine' does not fit any more" in caplog.text


@pytest.mark.parametrize(
    ("body", "says"),
    [("return 3", "returned 3 (int)"), ("return 1 / 0", "raised ZeroDivisionError")],
)
def test_nonsense_is_refused(lab: Lab, body: str, says: str) -> None:
    lab.load(
        "tuner",
        f"""
        from themis_jupyter import Plugin

        class Tuner(Plugin):
            def widget(self):
                {body}
        """,
    )
    with pytest.raises(WidgetError) as raised:
        get(lab)
    assert says in str(raised.value)


def test_unloading_closes_it(lab: Lab) -> None:
    lab.load("tuner", PLUGIN)
    own = get(lab)
    lab.manager.unload_plugin("tuner")
    assert own.comm is None
    with pytest.raises(PluginNotLoadedError):
        get(lab)


def test_an_attribute_of_that_name_is_the_plugins_own_affair(lab: Lab) -> None:
    lab.load(
        "tuner",
        """
        import ipywidgets
        from themis_jupyter import Plugin

        class Tuner(Plugin):
            widget = ipywidgets.IntSlider()
        """,
    )
    assert get(lab) is None


def test_a_reload_that_widget_itself_asks_for_is_refused(lab: Lab) -> None:
    text = PLUGIN.replace(
        "self.asked += 1", "self.report = self.pm.reload_plugin('tuner', full=True)"
    )
    lab.load("tuner", text.replace('("slider",)', '("slider", "pm", "report")'))
    lab.instance("tuner").pm = lab.manager
    assert get(lab).children
    report = lab.instance("tuner").report
    assert report.outcome is Outcome.ABORTED
    assert "from inside" in report.headline()
