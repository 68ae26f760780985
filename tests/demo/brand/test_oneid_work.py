"""OneID has something to do in the brand: suspicious values, pairs to judge, a model that learned from pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.brands import brand_once
from tests.demo.brand.conftest import CLOCK, PLAN, Brand

from onepool.demo.brand.rates import RATES
from onepool.identity import read
from onepool.identity.read.sources import sources_of
from onepool.tick import Worker
from onepool.tick.desk import Desk
from onepool.workspace import Workspace, open_workspace

MUCH = replace(
    RATES, web=0.9, kiosk=0.9, store=0.9, store_member=0.9, staff_phone=0.3, placeholder=0.12, second_record=0.5
)
"""So that few people do what many do in a brand of thousands."""


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    root, made = brand_once(tmp_path_factory, PLAN, CLOCK, rates=MUCH)
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


def test_versions_of_the_model_are_compared_and_gone_back_to(worked: Brand) -> None:
    ws = worked.workspace
    worker = Worker(ws)
    try:
        desk = Desk(ws, worker)
        (learned,) = read.model_versions(ws.state)
        assert (learned.cause, learned.auto) == ("learned", False)
        saved = ws.definitions.get("identity", "rules")
        body = {} if saved is None else saved.body
        ws.save("identity", "rules", {**body, "likelihood": {"join": 0.9, "review": 0.4, "auto": True}}, author="mei")
        before = _customers(ws)
        tried = desk.compare_models(1, 2, True)
        assert (tried.before.joined, tried.after.joined > 0) == (0, True)
        assert tried.changed >= tried.after.joined and tried.merged > 0
        assert {one.after for one in tried.pairs} <= {"join", "review"}
        assert _customers(ws) == before
        # What was tried is what happens.
        assert desk.match(learn=False).problem is None
        worker.drain()
        assert len(before) - len(_customers(ws)) == tried.merged
        back = desk.compare_models(2, 1, True, ["no_such_segment"])
        assert (back.split, back.segments) == (tried.merged, [])
        assert (back.before, back.after) == (tried.after, tried.before)
        for (kind, name), restored, replaced in read.to_restore(ws.state, read.model_versions(ws.state), learned):
            ws.save(kind, name, restored, author="mei", reason="back", expected=replaced)
        assert desk.match(learn=False).problem is None
        worker.drain()
        assert _customers(ws) == before
        assert [one.weights for one in read.model_versions(ws.state)] == [1, 1, 1]
    finally:
        worker.close()


def test_newcomers_are_looked_for_by_the_rules_of_the_model_in_force(worked: Brand) -> None:
    ws = worked.workspace
    model = ws.definitions.get("model", "customers")
    assert model is not None
    ws.save("model", "customers", {**model.body, "rules": model.body["rules"][::-1]}, author="mei", reason="turned")
    worker = Worker(ws)
    try:
        kept = _keys(ws)
        with worker.pool.write() as session:
            session.execute("INSERT INTO match_pending SELECT min(customer_id) FROM customer_of")
        worker.drain()
        turned = _keys(ws)
        # The same keys, each under the number that its rule has now.
        most = len(model.body["rules"]) - 1
        assert turned != kept and {(one, most - rule, key) for one, rule, key in turned} == kept
    finally:
        worker.close()


def test_what_splink_finds_waits_for_people(worked: Brand) -> None:
    ws = worked.workspace
    worker = Worker(ws)
    try:
        rules = ws.definitions.get("identity", "rules")
        body = {} if rules is None else rules.body
        # So few people teach Splink little: it is sure of nobody.
        ws.save("identity", "rules", {**body, "likelihood": {"join": 0.9, "review": 0.1}}, author="mei")
        before, versions = _customers(ws), read.model_versions(ws.state)
        state = Desk(ws, worker).match(engine="splink")
        assert (state.problem, state.state) == (None, "done")
        assert state.last is not None and state.last.candidates > 0 and state.last.joined == 0
        worker.drain()
        assert (_customers(ws), read.model_versions(ws.state)) == (before, versions)
        with ws.pool.read() as session:
            sources = sources_of(ws.state, session, ws.standard(), ws.definitions)
            waiting = read.candidates(sources, ["open", "joined"])
            known = read.candidates_by_id(sources, [number for _, number, *_ in waiting])
        # Of names it learns nothing here; the rest is told level by level.
        assert any('"comparison":"phone"' in row.detail for row in known.values())
    finally:
        worker.close()


def _customers(ws: Workspace) -> list[tuple[int, ...]]:
    found = ws.pool.query(
        "SELECT list(identifier_id ORDER BY identifier_id) AS ids FROM customer_of GROUP BY customer_id"
    )
    return sorted(tuple(ids) for ids in found["ids"].to_pylist())


def _keys(ws: Workspace) -> set[tuple[int, int, int]]:
    found = ws.pool.query("SELECT record_id, rule, key FROM match_keys")
    return set(zip(*(found[name].to_pylist() for name in ("record_id", "rule", "key")), strict=True))
