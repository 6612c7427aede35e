"""Reports as HTML: readable without colour or style, and nothing in them is ever obeyed."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.render.samples import ABORTED, ALL, FAILED, RELOADED, ROLLED_BACK, UNCHANGED, report
from themis_jupyter.phases import Outcome, Phase
from themis_jupyter.render.html import html_table, prose, report_html
from themis_jupyter.report import Change, RanStatement, ReloadReport, StateSummary, StepRecord

TAGS = {"style", "div", "span", "strong", "details", "summary", "pre", "code", "ul", "li"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"class", "style", "open", "scope", "tabindex", "aria-hidden"}
VOID = {"br", "hr", "img"}


class Page(HTMLParser):
    """Collects tags, attributes and text; insists that tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.opened: list[str] = []
        self.text = ""
        self.style = ""
        self.feed(text)
        self.close()
        assert not self.opened

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        if self.opened[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data

    def check(self):
        assert self.tags <= TAGS
        assert {name for name, _ in self.attributes} <= ATTRIBUTES
        for name, value in self.attributes:
            if name == "style":
                assert value
                assert value.startswith("width:")
        return self


@pytest.mark.parametrize("each", ALL, ids=lambda r: r.outcome.value)
def test_well_formed_and_without_script(each):
    bundle = each._repr_mimebundle_()
    assert bundle["text/html"] == report_html(each)
    assert bundle["text/plain"] == repr(each)
    Page(bundle["text/html"]).check()


@pytest.mark.parametrize(
    ("each", "words"),
    [
        (RELOADED, "✓ Reloaded counter in 3.2 ms2 changes, state kept (3 fields, 1.2 kB)"),
        (UNCHANGED, "= Unchanged counter in 3.2 ms"),
        (ABORTED, "⊘ Aborted counter in 3.2 msStopped at verify: SyntaxError: expected ':'"),
        (ROLLED_BACK, "↩\ufe0e Rolled back counter in 3.2 msInitialize failed: ValueError: bad."),
        (FAILED, "✗ Failed counter in 3.2 msInitialize failed: ValueError: bad; then the rollback"),
    ],
)
def test_the_outcome_is_a_word_and_a_symbol(each, words):
    assert Page(report_html(each)).text.startswith(words)


def test_what_is_true_now_is_said():
    assert "The old version goes on running." in report_html(ABORTED)
    assert "The old version is running again." in report_html(ROLLED_BACK)
    assert "Its saved state is kept" in report_html(FAILED)


@pytest.mark.parametrize("each", ALL, ids=lambda r: r.outcome.value)
def test_the_traceback_is_open_after_a_failure(each):
    shown = "<details open><summary>Traceback</summary>" in report_html(each)
    assert shown == bool(each.traceback)
    assert "<details><summary>Steps" in report_html(each)


def test_a_failed_step_is_marked_by_words():
    text = Page(report_html(ROLLED_BACK)).text
    assert "✗ FAILED: ValueError: bad" in text


def test_a_long_message_without_traceback_is_shown_in_full():
    each = report(Outcome.ABORTED, error=ValueError("x" * 1000))
    assert "x" * 1000 in report_html(each)


def test_times_have_bars_in_proportion():
    each = report(
        Outcome.RELOADED,
        steps=tuple(
            StepRecord("counter", phase, elapsed)
            for phase, elapsed in [(Phase.CHECK, 0.0), (Phase.VERIFY, 0.5), (Phase.STAGE, 1.0)]
        ),
    )
    html = report_html(each)
    assert [s in html for s in ("width:0.0%", "width:50.0%", "width:100.0%")] == [True] * 3
    assert "width:0.0%" in report_html(replace(each, steps=each.steps[:1]))


def test_long_lists_are_cut():
    many = tuple(Change("added", "value", f"v{n}") for n in range(100))
    assert "… and 60 more" in report_html(report(Outcome.RELOADED, changes=many))


# --- escaping ----------------------------------------------------------------------------------


def hostile(text: str, outcome: Outcome = Outcome.FAILED) -> ReloadReport:
    """Return a report with ``text`` wherever a plugin, a path or an error may have put it."""
    return ReloadReport(
        plugins=(text, text + "2"),
        outcome=outcome,
        steps=(
            StepRecord(text, Phase.CHECK, 0.1, "", text),
            StepRecord(text, Phase.VERIFY, 0.1, text or "error", text),
        ),
        changes=(Change("changed", text, text, text, text), Change("added", text, text, "", "")),
        ran=(RanStatement(text, 3, text, text), RanStatement("other", 3, text, text)),
        state=(StateSummary(text, (text,), 3, ((text, text),)),),
        error=ValueError(text),
        traceback=text,
        hashes={text: text},
        warnings=(text,),
    )


NASTY = [
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "' onmouseover='alert(1)' x=\"",
    "</style><script>alert(1)</script>",
    "</pre></details></div><iframe src=//evil>",
    "&lt;b&gt; &amp;",
    "]]><!-- ",
    "a\x1b[31m\x00\udc80\u202e",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_everything_is_escaped(text, outcome):
    html = report_html(hostile(text, outcome))
    html.encode("utf-8")
    page = Page(html).check()
    assert "alert" not in page.style
    if text.isprintable():
        assert page.text.count(text) >= 10


@settings(max_examples=60)
@given(st.text(st.characters(codec=None)) | st.text("<>&\"'/=! ascriptonx-"))
def test_no_text_becomes_markup(text):
    Page(report_html(hostile(text))).check()
    Page(html_table([(text, 1)], [text, "n"])).check()


def test_what_is_between_backticks_is_code():
    assert prose("a `b <c>` d") == "a <code>b &lt;c&gt;</code> d"
    assert prose("``") == "``"
    assert prose("`a\nb`") == "`a\nb`"


@given(st.text("`<>&x/"))
def test_prose_is_well_formed(text):
    Page(f"<div>{prose(text)}</div>").check()


def test_a_table():
    page = Page(html_table([("<b>", 1, None), ("x", 2, "y")], ["na<me", "n", "file"])).check()
    assert page.text == "na<menfile<b>1x2y"
    assert html_table([("a", 1)], ["x", "n"]).count("class='themis-number'") == 2
    Page(html_table([], ["x"])).check()


def test_in_a_narrow_page_only_long_texts_are_broken():
    html = html_table([("not loaded", "/a" * 20, 1), ("loaded", "", 2)], ["state", "file", "n"])
    assert "<td>not loaded</td>" in html
    assert html.count("<td class='themis-wide'>") == 2
    assert "<td>before unload</td>" in report_html(ROLLED_BACK)
    assert "<td class='themis-wide'><strong>✗ FAILED: ValueError: bad" in report_html(ROLLED_BACK)


@pytest.mark.parametrize("html", [*map(report_html, ALL), html_table([("a", 1)], ["x", "n"])])
def test_dollar_signs_are_not_taken_for_mathematics(html):
    """JupyterLab lets MathJax loose on HTML, unless it finds this class."""
    (outermost, *_) = re.findall(r"<div class='([^']*)'", html)
    assert {"mathjax_ignore", "tex2jax_ignore"} <= set(outermost.split())


def test_the_style_is_scoped_and_asks_for_nothing_from_outside():
    style = Page(report_html(RELOADED)).style
    for rule in style.split("}"):
        for selector in rule.partition("{")[0].split(","):
            assert not selector.strip() or selector.strip().startswith(".themis")
    assert "url(" not in style
    assert "@import" not in style
