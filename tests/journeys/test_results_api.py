"""Results, plans, simulations and reasons over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from tests.api.conftest import World, empty, quick_hashes, world  # noqa: F401
from tests.journeys.brand import CART, COUPON, MESSAGE, STAFF, TOUCHPOINTS

from onepool.api.backtest_jobs import AT_ONCE

JOURNEYS = "/api/v1/journeys"


@pytest.fixture
def brand(world: World) -> Iterator[World]:  # noqa: F811
    """The three customers, with everything that the cart story names."""
    ws = world.ws
    for name, body in TOUCHPOINTS.items():
        ws.save("touchpoint", name, body, author="test")
    for kind, body in (("segment", STAFF), ("message", MESSAGE), ("coupon", COUPON)):
        ws.save(kind, str(body[kind]), body, author="test")
    yield world


def test_before_publication(brand: World) -> None:
    browser = brand.signed_in()
    plan = browser.post(f"{JOURNEYS}/plan", {"definition": CART})
    assert plan.status_code == 200, plan.text
    assert (plan.json()["basis"], plan.json()["entrants_now"], plan.json()["in_flight"]) == ("past", 0, [])
    assert plan.json()["notes"][-1]["en"] == "What the past 30 days would have brought stands for the 30 days to come."
    everybody = {**CART, "journey": "spring", "entry": {"one_off": {"who": {"not": {"segment": "staff"}}}}, "exit": []}
    del everybody["goal"]
    everybody["nodes"] = {"done": {"do": "end", "as": "completed"}}
    everybody["start"] = "done"
    plan = browser.post(f"{JOURNEYS}/plan", {"definition": everybody})
    assert plan.status_code == 200, plan.text
    assert plan.json()["entrants_now"] == plan.json()["population"] == 3

    start = (brand.clock.now() - timedelta(days=10)).isoformat()
    asked = {"definition": CART, "customers": [1, 2], "start": start, "days": 10}
    simulation = browser.post(f"{JOURNEYS}/simulate", asked)
    assert simulation.status_code == 200, simulation.text
    body = simulation.json()
    assert body["customers"] == 2 and {one["customer_id"] for one in body["runs"]} == {1, 2}
    assert all(one["entered"] or one["not_entered"] for one in body["runs"])
    shorter = {**asked, "before": CART, "definition": {**CART, "max_life": "13 days"}}
    both = browser.post(f"{JOURNEYS}/simulate/difference", shorter)
    assert both.status_code == 200, both.text
    assert both.json()["before"]["customers"] == both.json()["after"]["customers"] == 2


def test_so_many_simulations_are_carried_out_side_by_side(brand: World) -> None:
    browser = brand.signed_in()
    start = (brand.clock.now() - timedelta(days=10)).isoformat()
    asked = {"definition": CART, "customers": [1], "start": start, "days": 10}
    every = {
        "simulate": asked, "simulate/difference": {**asked, "before": CART}, "cases": {**asked, "name": "kept"},
    }  # fmt: skip
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(brand.app.state.backtests.simulating())
        for path, body in every.items():
            refused = browser.post(f"{JOURNEYS}/{path}", body)
            assert (refused.status_code, refused.json()["code"]) == (429, "simulations-busy"), refused.text
            assert int(refused.headers["retry-after"]) > 0 and "backtest" in refused.json()["hint"]
        assert browser.get(f"{JOURNEYS}/cart_recall/cases").json()["items"] == []
    # One that fails gives its place back too.
    for _ in range(AT_ONCE + 1):
        assert browser.post(f"{JOURNEYS}/cases", {**asked, "name": "Not a name"}).status_code == 422
    for path, body in every.items():
        answer = browser.post(f"{JOURNEYS}/{path}", body)
        assert answer.status_code in (200, 201), answer.text


def test_faults_are_told_first(brand: World) -> None:
    browser = brand.signed_in()
    for path in ("plan", "simulate", "backtest"):
        body = {"definition": {"journey": "j"}} | ({} if path == "plan" else {"start": "2026-01-01T00:00:00Z"})
        answer = browser.post(f"{JOURNEYS}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "journey-faults"), answer.text


def test_long_ones(brand: World) -> None:
    browser = brand.signed_in()
    start = (brand.clock.now() - timedelta(days=30)).isoformat()
    begun = browser.post(f"{JOURNEYS}/backtest", {"definition": CART, "start": start, "days": 30})
    assert begun.status_code == 202, begun.text
    path = f"{JOURNEYS}/backtest/{begun.json()['id']}"
    until = time.monotonic() + 60
    while browser.get(path).json()["status"] == "running" and time.monotonic() < until:
        browser.get(f"{JOURNEYS}/results")
    assert browser.get(path).json()["status"] == "done", browser.get(path).text
    assert browser.delete(path).json()["result"]["edges"] is not None
    assert browser.get(f"{JOURNEYS}/backtest/{'0' * 16}").status_code == 404


def test_after_publication(brand: World) -> None:
    browser = brand.signed_in()
    assert browser.get(f"{JOURNEYS}/cart_recall/results").status_code in (404, 422)
    browser.post(JOURNEYS, {"definition": CART})
    assert browser.post(f"{JOURNEYS}/cart_recall/publish", {}).status_code == 200
    found = browser.get(f"{JOURNEYS}/cart_recall/results")
    assert found.status_code == 200, found.text
    assert found.json()["entered"] == 0 and {one["node"] for one in found.json()["nodes"]} == set(CART["nodes"])
    assert browser.get(f"{JOURNEYS}/cart_recall/runs").json() == {"items": [], "next": None, "total": 0}
    for asked in ("stage=clicked", "stage=goal&segment=staff", "segment=staff"):
        assert browser.get(f"{JOURNEYS}/cart_recall/runs?{asked}").json()["total"] == 0, asked
    assert browser.get(f"{JOURNEYS}/cart_recall/runs?stage=elsewhere").status_code == 422
    assert browser.get(f"{JOURNEYS}/cart_recall/runs/17").status_code == 404
    (row,) = browser.get(f"{JOURNEYS}/results").json()["items"]
    assert (row["name"], row["goal_rate"]) == ("cart_recall", None)
    two = browser.get(f"{JOURNEYS}/cart_recall/compare?a=1&b=1")
    assert two.status_code == 200 and two.json()["a"] == two.json()["b"]
    why = browser.get("/api/v1/customers/1/journeys")
    assert why.status_code == 200, why.text
    (one,) = why.json()["journeys"]
    assert one["journey"] == "cart_recall" and one["runs"] == [] and one["answer"]["zh"].startswith("没有进入")
    assert browser.get("/api/v1/customers/999999/journeys").status_code == 404
