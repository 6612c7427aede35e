"""What the size of the session, and of the module, does to the time of a reload."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import pytest

from benchmarks.generated import Project, edit_method, run_whole, source
from benchmarks.peers import ClassicAutoreload, Themis
from benchmarks.programs import run
from benchmarks.timing import seconds

SESSION = "A large session: 100,000 live instances of the edited class and a million other objects"
LINEAR = "A module ten times as large: time for each definition, against the small one"
FACTOR = 10
ROUNDS = 3

MAKERS = {
    "one edited method": edit_method,
    "an unchanged file, saved again": lambda text, version: text,
    "everything changed": lambda text, version: text.replace(" 1\n", f" {version + 2}\n"),
}


@pytest.mark.parametrize("tool", [Themis, ClassicAutoreload], ids=lambda tool: tool.name)
def test_session(report, tool):
    times = run("benchmarks.session_size", tool.name)
    note = f"{times['small'] * 1e3:.1f} ms → {times['large'] * 1e3:.1f} ms"
    bar = 1.1 if tool is Themis else None
    name = "one edited method" if tool is Themis else f"one edited method: {tool.name}"
    report(SESSION, name, times["ratio"], "times", bar, note)


def test_growth(report, project: Project):
    """The bar leaves room for what F itself grows beyond the linear: caches and the collector."""
    texts = {"small": source(), "large": source(200 * FACTOR, 40 * FACTOR)}
    yards: dict[str, list[float]] = {size: [] for size in texts}
    for number, (edit, make) in enumerate(MAKERS.items()):
        times: dict[str, list[float]] = {size: [] for size in texts}
        modules = {size: project.load(f"{size}_{number}", text) for size, text in texts.items()}
        tool = Themis()
        for module in modules.values():
            tool.watch(module)
        for version in range(ROUNDS + 1):
            for size, module in modules.items():
                path = project.write(module.__name__, make(texts[size], version))
                times[size].append(seconds(partial(tool.apply, module)))
                yards[size].append(seconds(partial(run_whole, path)))
        tool.close()
        _report_growth(report, edit, {size: taken[1:] for size, taken in times.items()}, 1.5)
    _report_growth(report, "F itself", yards, None)


def _report_growth(
    report: Callable[..., None], name: str, times: dict[str, list[float]], bar: float | None
) -> None:
    small, large = times["small"], times["large"]
    growth = median(b / a for a, b in zip(small, large, strict=True)) / FACTOR
    note = f"{median(small) * 1e3:.1f} ms → {median(large) * 1e3:.1f} ms"
    report(LINEAR, name, growth, "times", bar, note)
