"""Tags over HTTP: trying out, saving, running, importing, explaining."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onepool.api.app import create_app
from onepool.api.estimating import Sample
from onepool.api.live import LiveFeed
from onepool.clock import FakeClock
from onepool.collect.log import NewRecord
from onepool.pool import catalog
from onepool.pool.histogram import Bar, histogram
from onepool.privacy.roles import Role
from onepool.tick import Runner, Worker
from onepool.workspace import init_workspace

from .conftest import World

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LEVEL = {"tag": "level", "title": "Level", "says": "value", "kind": "import", "values": ["gold", "silver"]}
RFM = {
    "tag": "rfm", "title": {"zh": "分群", "en": "RFM"}, "says": "value", "group": "value/rfm", "kind": "rfm",
    "from": {"did": "order_paid", "sum": "amount"},
}  # fmt: skip
SQL = {
    "tag": "orders", "title": "Orders", "says": "behaviour", "kind": "sql", "type": "number",
    "sql": "SELECT customer_id AS id, count(*) AS value FROM events WHERE event = 'order_paid' GROUP BY 1",
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[World, Worker]]:
    """A workspace with a worker and two buyers."""
    clock = FakeClock(NOW)
    ws = init_workspace(tmp_path / "brand", clock=clock)
    ws.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web", "title": "s", "write_key": "w"}, author="t")
    worker = Worker(ws)
    calls = [
        f'{{"type":"track","event":"order_paid","userId":"{who}","messageId":"{who}{number}",'
        f'"timestamp":"2026-11-1{number}T00:00:00Z",'
        f'"properties":{{"order_id":"{who}{number}","amount":{amount},"currency":"CNY"}}}}'
        for who, number, amount in (("u1", 1, 50), ("u1", 2, 70), ("u2", 3, 10))
    ]
    body = f'{{"batch":[{",".join(calls)}]}}'.encode()
    ws.log.append([NewRecord(NOW, "shop", "segment", b'{"call":"batch"}', body)])
    worker.drain()
    feed = LiveFeed()
    yield World(ws, clock, feed, create_app(ws, feed, clock)), worker
    worker.close()
    ws.close()


def test_from_a_dry_run_to_runs(made: tuple[World, Worker]) -> None:
    world, worker = made
    browser = world.signed_in(Role.MARKETER)
    tried = browser.post("/api/v1/tags/plan", {"definition": RFM}).json()
    assert (tried["coverage"], tried["total"], tried["changed"], tried["gained"]) == (2, 2, 2, 2)
    assert {one["value"]: (one["count"], one["live"]) for one in tried["values"]} == {
        "重要保持客户": (1, 0),
        "一般发展客户": (1, 0),
    }
    assert "RFM" not in tried["sentence"]["en"] and tried["problems"] == []
    checked = browser.post("/api/v1/tags/plan", {"definition": {**RFM, "by": "men"}, "check": True}).json()
    assert checked["coverage"] is None and checked["problems"][0]["place"] == "by"
    saved = browser.post("/api/v1/tags", {"definition": RFM, "reason": "first"})
    assert saved.status_code == 201 and saved.json()["mode"] == "live"
    assert browser.post("/api/v1/tags", {"definition": RFM}).json()["code"] == "tag-exists"
    worker.drain()
    (row,) = browser.get("/api/v1/tags").json()["items"]
    assert (row["coverage"], row["group"], row["freshness"], row["problem"]) == (
        2,
        "value/rfm",
        "2026-11-20T04:00:00Z",
        None,
    )
    job = browser.post(
        "/api/v1/tags/rfm/backfill", {"from": "2026-11-12T06:00:00Z", "to": "2026-11-13T06:00:00Z"}
    ).json()
    assert (job["status"], job["parts"]) == ("waiting", 2)
    Runner(world.ws, worker).work_off()
    assert browser.get(f"/api/v1/jobs/{job['id']}").json()["status"] == "done"
    runs = browser.get("/api/v1/tags/rfm/runs").json()["items"]
    assert [(one["as_of"], one["coverage"], one["why"], one["kept"]) for one in runs] == [
        ("2026-11-20T04:00:00Z", 2, "daily", False),
        ("2026-11-13T06:00:00Z", 2, "backfill", True),
        ("2026-11-12T06:00:00Z", 1, "backfill", True),
    ]
    why = browser.get("/api/v1/tags/rfm/explain", customer="user_id@shop:u1").json()
    assert why["value"] == "重要保持客户" and len(why["reason"]["event_ids"]) == 2
    figures = {one["sentence"]["en"]: one["figure"] for one in why["reason"]["children"]}
    assert (figures["Purchases"], figures["Money spent"]) == ("2", "120")
    body = {"definition": {**RFM, "by": "rank"}, "version": 1, "reason": "ranks"}
    assert browser.put("/api/v1/tags/rfm", body).json()["version"] == 2
    assert browser.put("/api/v1/tags/rfm", body).status_code == 409
    versions = browser.get("/api/v1/tags/rfm/versions").json()["items"]
    assert [(one["version"], one["reason"]) for one in versions] == [(2, "ranks"), (1, "first")]
    assert browser.delete("/api/v1/tags/rfm").status_code == 204
    worker.drain()
    assert browser.get("/api/v1/tags").json()["items"] == []


def test_sql_wants_the_right_to_query(made: tuple[World, Worker]) -> None:
    world, worker = made
    marketer = world.signed_in(Role.MARKETER)
    for path in ("/api/v1/tags", "/api/v1/tags/plan"):
        answer = marketer.post(path, {"definition": SQL})
        assert (answer.status_code, answer.json()["where"]) == (403, "query.run")
    analyst = world.signed_in(Role.ANALYST)
    assert analyst.post("/api/v1/tags/plan", {"definition": SQL}).json()["coverage"] == 2
    answer = analyst.post("/api/v1/tags", {"definition": SQL}).json()
    assert (answer["mode"], answer["schedule"], answer["next_run"]) == (
        "scheduled",
        "0 3 * * *",
        "2026-11-20T19:00:00Z",
    )
    for answer in (marketer.delete("/api/v1/tags/orders"), marketer.put("/api/v1/tags/orders", {"definition": RFM})):
        assert (answer.status_code, answer.json()["where"]) == (403, "query.run")
    Runner(world.ws, worker).work_off()
    detail = analyst.get("/api/v1/tags/orders").json()
    assert (detail["coverage"], detail["last_run"]["why"], detail["freshness"]) == (2, "saved", "2026-11-20T04:00:00Z")
    why = analyst.get("/api/v1/tags/orders/explain", customer="user_id@shop:u1").json()
    assert why["value"] == "2"
    assert detail["spread"]["bars"] == [
        {"low": 1.0, "high": 2.0, "count": 1},
        {"low": 2.0, "high": 3.0, "count": 1},
    ]


def test_values_come_over_http(made: tuple[World, Worker]) -> None:
    world, worker = made
    browser = world.signed_in()
    gold = {"zh": "金卡", "en": "Gold"}
    browser.post("/api/v1/tags", {"definition": {**LEVEL, "value_titles": {"gold": gold}}})
    raw = b"id,level\nu1,gold\nu2,bronze\nu7,silver\n"
    answer = browser.request("POST", "/api/v1/tags/level/values", params={"type": "user_id@shop"}, content=raw)
    assert {**answer.json(), "samples": None} == {
        "read": 3, "matched": 1, "unmatched": 1, "refused": 1, "duplicates": 0, "samples": None,
    }  # fmt: skip
    assert "not among the tag's values" in answer.json()["samples"][0]
    worker.drain()
    detail = browser.get("/api/v1/tags/level").json()
    assert (detail["mode"], [one["value"] for one in detail["distribution"]]) == ("import", ["gold"])
    assert detail["distribution"][0]["title"] == gold and detail["value_titles"] == {"gold": gold}
    why = browser.get("/api/v1/tags/level/explain", customer="user_id@shop:u1").json()
    assert (why["value"], why["value_title"]) == ("gold", gold)
    (one,) = browser.get("/api/v1/customers", tag="level").json()["items"]
    page = browser.get(f"/api/v1/customers/{one['customer_id']}").json()
    assert page["tags"][0]["value_titles"] == {"gold": gold}
    asked = browser.post("/api/v1/conditions/preview", {"condition": {"tag": "level", "is": "gold"}}).json()
    assert (asked["sentence"]["zh"], asked["sentence"]["en"]) == ("标签「Level」 是 金卡", "the tag “Level” is Gold")
    (known,) = browser.get("/api/v1/conditions/names").json()["tags"]
    assert known["value_titles"] == {"gold": gold}
    wrong = browser.request("POST", "/api/v1/tags/level/values", params={"type": "user_id@shop"}, content=b"x")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "tag-values")


def test_the_catalogue_reads_no_values_and_pages_no_definition_again(
    made: tuple[World, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = made[0].signed_in()
    gold = {"zh": "金卡", "en": "Gold"}
    browser.post("/api/v1/tags", {"definition": {**LEVEL, "value_titles": {"gold": gold}}})
    browser.get("/api/v1/tags")
    with monkeypatch.context() as counting:
        counting.setattr(catalog, "tag_values", _not_asked)
        counting.setattr("onepool.api.audience.workspace_names", _not_asked)
        (row,) = browser.get("/api/v1/tags").json()["items"]
        assert row["value_titles"] == {"gold": gold}
    body = {"definition": {**LEVEL, "value_titles": {}}, "version": 1}
    browser.put("/api/v1/tags/level", body)
    assert browser.get("/api/v1/tags").json()["items"][0]["value_titles"] == {}


def _not_asked(*_: object, **__: object) -> None:
    raise AssertionError("read again")


def test_what_is_used_or_wrong_is_refused(made: tuple[World, Worker]) -> None:
    world, _ = made
    browser = world.signed_in()
    body: dict[str, Any] = {**RFM, "from": {"did": "order_payd", "sum": "amount"}}
    answer = browser.post("/api/v1/tags", {"definition": body})
    assert answer.status_code == 422 and answer.json()["problems"][0]["suggestion"] == "order_paid"
    browser.post("/api/v1/tags", {"definition": RFM})
    formula = {"tag": "f", "title": "F", "says": "value", "kind": "expression", "expression": "if(tag.rfm = 'x', 1, 2)"}
    assert browser.post("/api/v1/tags", {"definition": formula}).status_code == 201
    answer = browser.delete("/api/v1/tags/rfm")
    assert (answer.status_code, answer.json()["code"]) == (409, "tag-in-use")
    round_again = {**RFM, "kind": "expression", "expression": "if(tag.f > 1, 1, 2)"}
    round_again.pop("from")
    answer = browser.put("/api/v1/tags/rfm", {"definition": round_again})
    assert answer.status_code == 422 and "in a circle" in answer.json()["problems"][0]["message"]
    assert browser.post("/api/v1/tags/rfm/run", {"as_of": "2030-01-01T00:00:00Z"}).json()["code"] == "tag-ahead"
    assert browser.delete("/api/v1/jobs/77").json()["code"] == "job-unknown"


def test_where_there_are_very_many_an_estimate_comes_first(
    made: tuple[World, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = made[0].signed_in()
    asked = {"condition": {"did": "order_paid", "times": {"at_least": 2}}, "approximate": True}
    few = browser.post("/api/v1/conditions/preview", asked).json()
    assert (few["approximate"], few["between"], few["size"]) == (False, None, 1)
    monkeypatch.setattr("onepool.api.estimating.EXACT", 1)
    many = browser.post("/api/v1/conditions/preview", asked).json()
    assert (many["approximate"], many["size"], many["total"]) == (True, 1, 2)
    low, high = many["between"]
    assert low == 1 and high == 2
    assert browser.post("/api/v1/conditions/preview", {**asked, "approximate": False}).json()["between"] is None


def test_estimates_hold_what_they_say() -> None:
    for total, drawn, found in ((1_000_000, 20_000, 20), (1_000_000, 20_000, 10_000), (1_000_000, 20_000, 0)):
        sample = Sample(np.arange(drawn), total)
        low, high = sample.between(found)
        assert low <= sample.size(found) <= high and low >= found
        assert high - low < 0.0142 * total
    assert Sample(np.arange(0), 5).between(0) == (0, 5)


_ODD = {"one": [1e19], "wide": [-1.7e308, 1.7e308], "high": [1.6e308, 1.7e308], "tiny": [0.0, 5e-324]}
"""Numbers that bars of floating point can't tell apart or span."""


def test_far_numbers_stand_in_open_bars(made: tuple[World, Worker]) -> None:
    numbers = [*range(100), *range(100), 100_000]
    with made[0].ws.pool.write() as session:
        session.relation("_spread", pa.table({"number": pa.array(numbers, pa.float64())}))
        session.execute("INSERT INTO tag_values BY NAME SELECT 'far' AS tag, number FROM _spread")
        bars = histogram(session, "far")
        assert histogram(session, "nobody") == []
        for name, odd in _ODD.items():
            session.relation("_odd", pa.table({"number": pa.array(odd, pa.float64())}))
            session.execute("INSERT INTO tag_values BY NAME SELECT $tag AS tag, number FROM _odd", {"tag": name})
            assert histogram(session, name) == [], name
            spread = catalog.tag_spread(session, name)
            assert spread is not None and math.isfinite(spread.mean), name
    assert sum(one.count for one in bars) == len(numbers)
    assert (bars[0].low, bars[0].high, bars[0].count) == (0.0, 5.0, 10)
    assert bars[-1] == Bar(100.0, None, 1) and len(bars) == 21


def test_a_plan_warns_of_values_that_were_never_seen(made: tuple[World, Worker]) -> None:
    """As a segment's plan does, in conditions and in filters; also where only faults are looked for."""
    browser = made[0].signed_in(Role.MARKETER)
    quiet = {"did": "order_paid", "percentile": 50, "where": {"currency": "CNX"}}
    north = {"attribute": "province", "is": "北京省"}
    states = [{"value": "north", "when": {"not": north}}, {"value": "quiet", "quiet": quiet}]
    state = {"tag": "where", "title": "x", "says": "attribute", "kind": "state", "states": states}
    for check in (True, False):
        tried = browser.post("/api/v1/tags/plan", {"definition": state, "check": check}).json()
        assert tried["problems"] == [] and (tried["coverage"] is None) == check
        places = [(one["place"], one["suggestion"]) for one in tried["warnings"]]
        assert places == [("states[0].when.not.is", "北京"), ("states[1].quiet.where.currency.is", "CNY")]
        said = "字段 currency 从来没有过取值 CNX / the field currency has never been CNX"
        assert tried["warnings"][1]["message"] == said
    paid = {"did": "order_paid", "sum": "amount", "where": {"currency": {"in": ["CNY", "CNX"]}}}
    inputs = {"paid": {**paid, "within": {"last": "30 days"}}}
    formula = {"tag": "f", "title": "x", "says": "value", "kind": "expression", "inputs": inputs, "expression": "paid"}
    ratio = {"tag": "r", "title": "x", "says": "value", "kind": "metric", "from": paid, "over": paid}
    for tag, wanted in (
        (formula, ["inputs.paid.where.currency.in"]),
        (ratio, ["from.where.currency.in", "over.where.currency.in"]),
        ({**RFM, "from": {**RFM["from"], "where": {"currency": "CNX"}}}, ["from.where.currency.is"]),
        (RFM, []),
        (SQL, []),
    ):
        caller = made[0].signed_in(Role.ANALYST) if tag is SQL else browser
        tried = caller.post("/api/v1/tags/plan", {"definition": tag, "check": True}).json()
        assert [one["place"] for one in tried["warnings"]] == wanted, tried
    wrong = {**state, "states": [{"value": "north", "when": {**north, "isn": "x"}}]}
    assert browser.post("/api/v1/tags/plan", {"definition": wrong}).json()["warnings"] == []
