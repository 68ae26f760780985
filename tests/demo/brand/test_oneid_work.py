"""OneID has something to do in the brand: suspicious values, pairs to judge, a model that learned from pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.demo.brand.conftest import CLOCK, PLAN, Brand

from onepool.demo.brand.make import make_brand
from onepool.demo.brand.rates import RATES
from onepool.identity import read
from onepool.identity.read.sources import sources_of
from onepool.tick import Worker
from onepool.tick.desk import Desk
from onepool.workspace import open_workspace

MUCH = replace(
    RATES, web=0.9, kiosk=0.9, store=0.9, store_member=0.9, staff_phone=0.3, placeholder=0.12, second_record=0.5
)
"""So that few people do what many do in a brand of thousands."""


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    root = tmp_path_factory.mktemp("oneid") / "w"
    made = make_brand(root, PLAN, CLOCK, rates=MUCH)
    workspace = open_workspace(root, CLOCK)
    worker = Worker(workspace)
    state = Desk(workspace, worker).match()
    worker.close()
    assert (state.state, state.problem) == ("done", None)
    yield Brand(made, workspace, root / "truth")
    workspace.close()


def test_what_was_planted_is_found_suspicious(worked: Brand) -> None:
    planted = json.loads((worked.truth / "planted.json").read_text(encoding="utf-8"))
    ws = worked.workspace
    with ws.pool.read() as session:
        found = read.suspicious(sources_of(ws.state, session, ws.standard(), ws.definitions), most=50)
    values = {f"{one.node.type}:{one.node.value}" for one in found}
    assert {one["record_id"].replace("@site", "") for one in planted["shared"]} <= values
    assert planted["placeholders"][0] in values
    # The data standard itself knows the other one: it never becomes an identifier.
    assert planted["placeholders"][1] not in values


def test_there_are_pairs_to_judge_and_a_model_that_saw_some(worked: Brand) -> None:
    ws = worked.workspace
    model = ws.definitions.get("model", "customers")
    assert model is not None and model.body["report"]["pairs_kept"] > 0
    with ws.pool.read() as session:
        sources = sources_of(ws.state, session, ws.standard(), ws.definitions)
        waiting = [*read.candidates(sources, ["open"]), *read.open_conflicts(sources)]
    assert {kind for kind, *_ in waiting} == {"candidate", "conflict"}
    assert sum(kind == "candidate" for kind, *_ in waiting) >= 10
