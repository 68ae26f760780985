"""Runs of learned tags in the state, over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from onepool.audience.mining import ModelLog, compute, save_model
from onepool.audience.mining.store import KEPT, pack, unpack
from onepool.audience.tags import check_definition, parse_tag, tag_sentence
from onepool.cli.app import app
from onepool.clock import FakeClock
from onepool.layout import columns_of
from onepool.pool.schema import create
from onepool.state.schema import tag_models
from onepool.workspace import Workspace, init_workspace

from . import shop

BODY: dict[str, Any] = {
    "tag": "worth",
    "title": {"zh": "价值", "en": "Worth"},
    "says": "value",
    "kind": "model",
    "model": "clv",
    "from": {"did": "order_paid", "sum": "amount"},
    "horizon": "60 days",
    "fit": "mbg_nbd",
}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    workspace = init_workspace(tmp_path / "brand", clock=FakeClock(shop.AT))
    workspace.save("tag", "worth", BODY, author="test")
    plain = {"tag": "plain", "title": "x", "says": "attribute", "kind": "attribute", "from": {"attribute": "city"}}
    workspace.save("tag", "plain", plain, author="test")
    yield workspace
    workspace.close()


def ran(workspace: Workspace, at: Any = shop.AT, **changes: Any) -> None:
    """A run of the tag over the shop, kept; the shop's events are put into the workspace's pool."""
    known = shop.shop(600, 2)
    source = shop.pool(known)
    tag = parse_tag({**BODY, "minimum": {"repeat_buyers": 20}, **changes})
    with source.read() as session:
        found = compute(session, tag, at, shop.context())  # type: ignore[arg-type]
        tables = {name: session.query(f"SELECT * FROM {name}") for name in ("events", "customer_of")}
    with workspace.state.write() as connection:
        save_model(connection, tag="worth", version=1, at=at, trained_at=shop.AT, card=found.card, model=found.model)
    pool = workspace.open_pool()
    with pool.write() as session:
        create(session, columns_of(shop.STANDARD))
        session.execute("DELETE FROM events")
        session.execute("DELETE FROM customer_of")
        for name, table in tables.items():
            session.append(name, table.drop_columns(["fields"]) if name == "events" else table)
    pool.close()


def test_runs_are_kept_by_their_instant(ws: Workspace) -> None:
    log = ModelLog(ws.state)
    assert log.latest("worth") is None and log.published("worth") is None and log.runs("worth") == []
    ran(ws, shop.AT - timedelta(days=20))
    ran(ws)
    ran(ws, shop.AT - timedelta(days=10), minimum={"repeat_buyers": 5000})
    newest = log.latest("worth")
    assert newest is not None and newest.as_of == shop.AT and not newest.refused and newest.model is not None
    refused = log.latest("worth", shop.AT - timedelta(days=5))
    assert refused is not None and refused.refused and refused.model is None
    published = log.published("worth", shop.AT - timedelta(days=5))
    assert published is not None and published.as_of == shop.AT - timedelta(days=20)
    before = log.before("worth", shop.AT)
    assert before is not None and before.as_of == shop.AT - timedelta(days=20)
    assert [run.refused for run in log.runs("worth")] == [False, True, False]
    ran(ws)
    assert len(log.runs("worth")) == 3, "the same instant again"


def test_only_so_many_runs_are_kept(ws: Workspace) -> None:
    ran(ws)
    card = ModelLog(ws.state).latest("worth").card  # type: ignore[union-attr]
    with ws.state.write() as connection:
        for day in range(KEPT + 5):
            at = shop.AT + timedelta(days=day)
            save_model(connection, tag="worth", version=1, at=at, trained_at=at, card=card, model=None)
        count = connection.execute(select(func.count()).select_from(tag_models)).scalar_one()
        oldest = connection.execute(select(func.min(tag_models.c.as_of))).scalar_one()
    assert count == KEPT and oldest == int((shop.AT + timedelta(days=5)).timestamp() * 1e6)


def test_models_are_numbers_and_texts_only() -> None:
    with pytest.raises(TypeError, match="numbers and texts"):
        pack({"a": np.array([object()])})
    found = unpack(pack({"a": np.arange(3), "t": np.array("texts")}))
    assert found["a"].tolist() == [0, 1, 2] and str(found["t"]) == "texts"


def test_definition_is_checked_and_read_back() -> None:
    names = shop.context().names
    tag = parse_tag(BODY)
    assert check_definition(tag, names) == []
    assert "60 days" in tag_sentence(tag, "en", names) and "支付" in tag_sentence(tag, "zh", names)
    wrong = parse_tag({**BODY, "from": {"did": "order_paid", "sum": "city"}})
    assert [one.place for one in check_definition(wrong, names)] == ["from.sum"]
    target = {"did": "order_payed"}
    unknown = {**BODY, "model": "classifier", "target": target, "ahead": "30 days", "features": {"events": ["nothing"]}}
    for key in ("from", "horizon", "fit"):
        unknown.pop(key)
    places = {one.place for one in check_definition(parse_tag(unknown), names)}
    assert any(place.startswith("target") for place in places) and "features.events[0]" in places
    for text in ("en", "zh"):
        assert tag_sentence(parse_tag(unknown), text, names)


def test_command_line(ws: Workspace) -> None:
    folder = str(ws.root)
    ran(ws)

    def asked(*words: str) -> str:
        answer = CliRunner().invoke(app, ["tag", "model", *words, "--workspace", folder], env={"COLUMNS": "200"})
        assert answer.exit_code == 0, answer.output
        return answer.output

    card = json.loads(asked("worth", "--json"))
    assert (card["model"], card["method"], card["tag"], card["version"]) == ("clv", "mbg_nbd", "worth", 1)
    assert "alpha" in asked("worth") and "2026-" in asked("worth", "--runs")
    who = int(shop.shop(600, 2).customer[shop.shop(600, 2).kind == 1][0])
    why = json.loads(asked("worth", "--customer", str(who), "--json"))
    assert why["customer_id"] == who and why["number"] >= 0
    failed = CliRunner().invoke(app, ["tag", "model", "plain", "--workspace", folder])
    assert failed.exit_code != 0
