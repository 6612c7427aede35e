"""Collects the figures of all benchmarks and ends the run with them. A missed bar fails nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.figures import Figure, table
from benchmarks.generated import Project

_figures = pytest.StashKey[list[Figure]]()
_texts = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--few", action="store_true", help="few rounds, which only show that it works")


@pytest.fixture
def few(request: pytest.FixtureRequest) -> bool:
    """Tell whether few rounds are enough."""
    return bool(request.config.getoption("--few"))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_figures] = []
    config.stash[_texts] = []


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Give ``report(section, name, value, unit="", bar=None, note="")``: one row of the table."""
    figures = request.config.stash[_figures]

    def add(
        section: str,
        name: str,
        value: float,
        unit: str = "",
        bar: float | None = None,
        note: str = "",
    ) -> None:
        figures.append(Figure(section, name, value, unit, bar, note))

    return add


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Give ``show(text)``: a text that is printed before the table."""
    return request.config.stash[_texts].append


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Give an importable folder of modules."""
    with Project(tmp_path) as made:
        yield made


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for text in config.stash[_texts]:
        terminalreporter.section("what a reload does")
        terminalreporter.write_line(text)
    figures = config.stash[_figures]
    if figures:
        terminalreporter.section("figures and bars")
        terminalreporter.write_line(table(figures))
        terminalreporter.write_line(
            "F is the time to read, compile and execute the whole file into an empty dict. "
            "Ratios are medians of pairs measured next to each other."
        )
