"""The sealed test in small: generated people whose truth is known, joined by rules and likelihood."""

from __future__ import annotations

from pathlib import Path

from onepool.api.whom import sources
from onepool.clock import SystemClock
from onepool.demo.people import Plan
from onepool.demo.people.make import make_people
from onepool.identity.evaluate import Evaluation, evaluate
from onepool.identity.files import read_truth
from onepool.identity.read import find_records
from onepool.tick import Desk, Worker
from onepool.workspace import Workspace, open_workspace

PEOPLE = 3_000
"""From which enough is learned; docs/benchmarks.md has more of them."""


def scored(workspace: Workspace, truth: Path) -> Evaluation:
    table = read_truth(truth)
    with workspace.pool.read() as session:
        found = find_records(sources(workspace, session), table["record_id"])
    return evaluate(table, found.clusters)


def test_likelihood_finds_nearly_what_an_oracle_finds_and_merges_no_stranger(tmp_path: Path) -> None:
    """At most one of 10,000 persons with a stranger: of so few nobody."""
    made = make_people(tmp_path / "people", Plan(people=PEOPLE, seed=4, sealed=True), SystemClock())
    workspace = open_workspace(made.root, SystemClock())
    truth = made.root / "truth" / "records.csv"
    try:
        worker = Worker(workspace)
        try:
            worker.drain()
            before = scored(workspace, truth)
            assert before.over_merged == 0
            assert Desk(workspace, worker).match().problem is None
            after = scored(workspace, truth)
        finally:
            worker.close()
    finally:
        workspace.close()
    assert after.over_merge <= 1
    assert after.pairwise.recall >= 0.97 * made.bounds["oracle"]["recall"]
    assert after.pairwise.recall > before.pairwise.recall + 0.05
