"""How long a reload takes, in F, for us and for our peers; and how long the commit takes of it."""

from __future__ import annotations

from statistics import median

import pytest

from benchmarks.generated import EDITS, TEXT, Project, run_whole, runs_edit
from benchmarks.peers import PEERS, Themis
from benchmarks.programs import run
from benchmarks.timing import Pairs, timed
from themis_jupyter.reload import Staged
from themis_jupyter.reload.writes import Writes

LINES = len(TEXT.splitlines())
ENGINE = f"The engine, on a module of 200 functions and 40 classes ({LINES:,} lines)"
PEER = "Peers on the same module, each in a fresh process (for comparison)"
ONE, UNCHANGED, EVERYTHING = (
    "one edited method",
    "an unchanged file, saved again",
    "everything changed",
)

#: What an edit may take, in F; the same for one edited method whatever else moves with it.
BARS: dict[str, float | None] = dict.fromkeys(EDITS, 1.5)
BARS |= {UNCHANGED: 0.1, EVERYTHING: None}


@pytest.mark.parametrize("edit", EDITS)
def test_reload(benchmark, report, project: Project, edit: str):
    make = EDITS[edit]
    module = project.load("generated", make(0))
    tool = Themis()
    tool.watch(module)
    pairs = Pairs(lambda: run_whole(project.path("generated")))
    version = 0

    def save() -> None:
        nonlocal version
        version += 1
        project.write("generated", make(version))
        pairs.measure_yard()

    benchmark.group = "a reload"
    benchmark.pedantic(
        timed(lambda: tool.apply(module), pairs.times), setup=save, rounds=25, warmup_rounds=2
    )
    if edit != UNCHANGED:
        assert runs_edit(module, version)
    tool.close()
    if edit == ONE:
        report(ENGINE, "F, a full run into an empty dict", median(pairs.yards) * 1e3, "ms")
    reach = "; reach for < 1" if edit == ONE else ""
    report(ENGINE, edit, pairs.ratio, "F", BARS[edit], f"{pairs.milliseconds:.1f} ms{reach}")


@pytest.mark.parametrize(("edit", "bar"), [(ONE, 1.0), (EVERYTHING, 10.0)])
def test_commit(report, project: Project, monkeypatch, edit: str, bar: float):
    commits: list[float] = []
    writes: list[float] = []
    monkeypatch.setattr(Staged, "commit", timed(Staged.commit, commits))
    monkeypatch.setattr(Writes, "apply", timed(Writes.apply, writes))
    module = project.load("generated", EDITS[edit](0))
    tool = Themis()
    tool.watch(module)
    for version in range(1, 25):
        project.write("generated", EDITS[edit](version))
        tool.apply(module)
        assert runs_edit(module, version)
    tool.close()
    note = f"{median(writes) * 1e3:.3f} ms of it are the writes"
    report(ENGINE, f"the commit, {edit}", median(commits) * 1e3, "ms", bar, note)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peer(report, peer):
    for edit, times in run("benchmarks.peer_times", peer.name).items():
        report(PEER, f"{edit}: {peer.name}", times["ratio"], "F", None, f"{times['ms']:.1f} ms")
