"""Model cards over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from onepool.audience.mining import ModelCard, save_model
from onepool.audience.mining.card import Words, notice
from onepool.audience.mining.clv.fitting import Fitted
from onepool.audience.mining.lifetime import BgNbd, GammaGamma
from onepool.audience.mining.store import pack

from .conftest import NOW, World

BODY: dict[str, Any] = {
    "tag": "worth",
    "title": {"zh": "价值", "en": "Worth"},
    "says": "value",
    "kind": "model",
    "model": "clv",
    "from": {"did": "order_paid", "sum": "amount"},
    "horizon": "60 days",
}


def keep(world: World, at: datetime, *, refused: bool = False) -> None:
    """A run of the tag."""
    why = [notice("few-repeat-buyers", "太少", "too few", ("等待", "wait"))] if refused else []
    card = ModelCard(
        model="clv", method="bg_nbd", as_of=at, summary=Words(zh="小结", en="summary"), rows=3, scored=2,
        metrics={"log_likelihood": -3.5}, refusals=why,
    )  # fmt: skip
    fitted = Fitted(BgNbd(0.243, 4.414, 0.793, 2.426), 7, GammaGamma(6.25, 3.74, 15.44))
    model = pack(fitted.arrays())
    with world.ws.state.write() as connection:
        save_model(connection, tag="worth", version=1, at=at, trained_at=NOW, card=card, model=model)


def test_card_and_runs(world: World) -> None:
    world.ws.save("tag", "worth", BODY, author="test")
    browser = world.signed_in()
    assert browser.get("/api/v1/tags/nothing/model").json()["code"] == "tag-unknown"
    answer = browser.get("/api/v1/tags/worth/model")
    assert (answer.status_code, answer.json()["code"]) == (404, "model-none")
    assert browser.get("/api/v1/tags/buyer/model").json()["code"] == "model-none"
    keep(world, NOW - timedelta(days=7))
    keep(world, NOW, refused=True)
    card = browser.get("/api/v1/tags/worth/model").json()
    assert (card["tag"], card["version"], card["method"]) == ("worth", 1, "bg_nbd")
    assert card["metrics"] == {"log_likelihood": -3.5}
    assert card["refusals"][0]["advice"] == {"zh": "等待", "en": "wait"}
    earlier = browser.get("/api/v1/tags/worth/model", as_of=(NOW - timedelta(days=1)).isoformat()).json()
    assert earlier["refusals"] == [] and earlier["as_of"].startswith("2026-11-13")
    runs = browser.get("/api/v1/tags/worth/model/versions").json()["items"]
    assert [(run["refused"], run["headline"]["en"]) for run in runs] == [(True, "summary"), (False, "summary")]


def test_one_customer(world: World) -> None:
    world.ws.save("tag", "worth", BODY, author="test")
    browser = world.signed_in()
    keep(world, NOW)
    ids = world.ws.pool.query(
        "SELECT DISTINCT customer_id FROM events JOIN customer_of USING (identifier_id) WHERE event = 'order_paid'"
    )
    buyer = int(np.min(ids.column("customer_id").to_numpy()))
    why = browser.get("/api/v1/tags/worth/model/explain", customer=str(buyer)).json()
    assert why["customer_id"] == buyer and why["number"] > 0
    assert {"alive", "worth", "last_purchase"} <= {one["name"] for one in why["figures"]}
    page = browser.get(f"/api/v1/customers/{buyer}/tags/worth/why").json()
    shown = {one["sentence"]["en"] for one in page["reason"]["children"]}
    assert {"Last purchase", "Probability to be a customer still"} <= shown
    unknown = browser.get("/api/v1/tags/worth/model/explain", customer="phone:13999999999")
    assert unknown.status_code == 404
