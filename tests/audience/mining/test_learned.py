"""Learned tags: what they find in a shop whose secrets are known, what they refuse, and that runs can be repeated."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from onepool.audience.mining import Learned, ModelCard, TrainedModel, compute, explain_customer
from onepool.audience.mining.cluster.naming import matched
from onepool.audience.mining.deciles import auc
from onepool.audience.tags.learned import ModelTag
from onepool.pool import DuckDBEngine

from . import shop

CTX = shop.context(lookers={"did": "product_viewed", "times": {"at_least": 60}})
CLV = {"from": {"did": "order_paid", "sum": "amount"}, "horizon": "60 days"}
BUYS = {"target": {"did": "order_paid"}, "ahead": "30 days"}
LIKE = {"like": {"attribute": "source", "is": "bargains"}}
CLUSTER = {"within": {"last": "60 days"}, "clusters": [3, 6]}


@lru_cache(maxsize=1)
def engine() -> DuckDBEngine:
    return shop.pool(shop.shop())


def run(tag: ModelTag, pool: DuckDBEngine | None = None, at: Any = shop.AT, previous: bytes | None = None) -> Learned:
    with (pool or engine()).read() as session:
        return compute(session, tag, at, CTX, previous=previous)


def codes(found: Learned) -> tuple[set[str], set[str]]:
    return {one.code for one in found.card.refusals}, {one.code for one in found.card.warnings}


def numbers(found: Learned) -> tuple[shop.I64, shop.F64]:
    return found.values.column("customer_id").to_numpy(), found.values.column("number").to_numpy()


@lru_cache(maxsize=1)
def buying() -> tuple[ModelTag, Learned]:
    """A classifier of who buys, learned once."""
    tag = shop.tag("classifier", **BUYS)
    return tag, run(tag)


def trained(found: Learned) -> TrainedModel:
    return TrainedModel("learned", 1, shop.AT, shop.AT, found.card, found.model)


def explained(tag: ModelTag, found: Learned, customer: int) -> Any:
    with engine().read() as session:
        return explain_customer(session, tag, trained(found), customer, CTX)


@pytest.mark.parametrize("fit", ["auto", "bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_clv_knows_who_is_gone_and_who_buys(fit: str) -> None:
    known = shop.shop()
    alive = run(shop.tag("clv", **{**CLV, "predict": "alive", "fit": fit, "from": {"did": "order_paid"}}))
    who, chance = numbers(alive)
    there = known.ends[who - 1] >= shop.DAYS
    # BG/NBD knows nothing of those who bought once.
    assert auc(chance, there) > (0.6 if fit == "bg_nbd" else 0.8)
    worth = run(shop.tag("clv", **{**CLV, "fit": fit}))
    who, money = numbers(worth)
    assert (money >= 0).all() and np.isfinite(money).all()
    to_come = known.rate[who - 1] * known.spend[who - 1] * there
    order = np.argsort(-money)
    assert to_come[order[: who.size // 5]].mean() > 2.5 * to_come.mean()
    assert 0.7 < worth.card.metrics["holdout_ratio"] < 1.4
    assert worth.card.metrics["holdout_mae"] < worth.card.metrics["naive_mae"]
    assert worth.card.lift[0].lift > 2 and worth.card.lift[-1].captured == pytest.approx(1.0)


def test_clv_by_opportunities() -> None:
    known = shop.shop()
    body = {"from": {"did": "order_paid"}, "horizon": "60 days", "fit": "bg_bb", "period": "7 days", "predict": "alive"}
    found = run(shop.tag("clv", **body))
    who, chance = numbers(found)
    assert auc(chance, known.ends[who - 1] >= shop.DAYS) > 0.8
    assert found.card.method == "bg_bb" and found.card.metrics["holdout_ratio"] == pytest.approx(1, abs=0.3)


def test_clv_says_when_one_time_buyers_mislead_it() -> None:
    known = shop.shop(1500, 8)
    pool = shop.pool(known)
    with pool.write() as session:  # four fifths of the customers bought once
        session.execute(
            """DELETE FROM events WHERE event = 'order_paid' AND identifier_id % 5 > 0 AND seq NOT IN (
            SELECT min(seq) FROM events WHERE event = 'order_paid' GROUP BY identifier_id)"""
        )
    found = run(shop.tag("clv", **{**CLV, "fit": "bg_nbd", "minimum": {"repeat_buyers": 50}}), pool)
    assert "one-time-buyers-alive" in codes(found)[1]
    assert any(one.advice is not None and "mbg_nbd" in one.advice.en for one in found.card.warnings)
    modified = run(shop.tag("clv", **{**CLV, "fit": "mbg_nbd", "minimum": {"repeat_buyers": 50}}), pool)
    assert "one-time-buyers-alive" not in codes(modified)[1]


def test_clv_counts_from_within_its_window_and_says_so() -> None:
    found = run(shop.tag("clv", **{**CLV, "within": {"last": "90 days"}}))
    assert "history-cut" in codes(found)[1]
    assert "horizon-long" in codes(run(shop.tag("clv", **{**CLV, "horizon": "400 days"})))[1]


def test_clv_refuses_what_it_cannot_know() -> None:
    few = run(shop.tag("clv", **{**CLV, "minimum": {"repeat_buyers": 5000}}))
    assert codes(few)[0] == {"few-repeat-buyers"} and few.values.num_rows == 0 and few.model is None
    assert run(shop.tag("clv", **{**CLV, "from": {"did": "order_refunded", "sum": "amount"}})).card.refusals
    free = run(shop.tag("clv", **{**CLV, "from": {"did": "product_viewed", "sum": "amount"}}))
    assert codes(free)[0] == {"no-amounts"} and free.values.num_rows == 0


def test_clv_is_explained() -> None:
    tag = shop.tag("clv", **CLV)
    found = run(tag)
    row = found.values.slice(40, 1).to_pylist()[0]
    why = explained(tag, found, row["customer_id"])
    assert why.number == pytest.approx(row["number"], abs=1e-4)
    figures = {one.name: one.value for one in why.figures}
    known = shop.shop()
    mine = (known.customer == row["customer_id"]) & (known.kind == 1)
    local = np.floor((shop.START.timestamp() + known.day[mine] * 86_400) / 86_400 + 8 / 24)
    assert figures["purchases"] == np.unique(local).size
    assert 0 <= figures["alive"] <= 1 and figures["worth"] == pytest.approx(row["number"], abs=1e-4)
    assert explained(tag, found, 999_999).value is None


def test_layers_are_cut_as_those_of_metrics() -> None:
    cut = {"by": "percent", "at": [50, 90], "labels": ["low", "middle", "high"]}
    found = run(shop.tag("clv", **{**CLV, "cut": cut}))
    _, money = numbers(found)
    values = np.array(found.values.column("value").to_pylist())
    share = {name: (values == name).mean() for name in cut["labels"]}
    assert share == pytest.approx({"low": 0.5, "middle": 0.4, "high": 0.1}, abs=0.01)
    assert money[values == "low"].max() <= money[values == "middle"].min() <= money[values == "high"].min()


def test_classifier_learns_and_is_calibrated() -> None:
    known = shop.shop()
    _, found = buying()
    assert not found.card.refusals
    metrics = found.card.metrics
    assert metrics["auc"] > 0.8 and metrics["brier"] < 0.75 * metrics["brier_base"]
    assert metrics["calibration_error"] < 0.05 and found.card.lift[0].lift > 2
    who, chance = numbers(found)
    assert ((chance >= 0) & (chance <= 1)).all()
    there = known.ends[who - 1] >= shop.DAYS
    truth = -np.expm1(-30 * known.rate[who - 1]) * there
    assert auc(chance, truth > np.median(truth)) > 0.85
    uses = [(one.use, one.cut_off) for one in found.card.samples]
    assert [use for use, _ in uses[-3:]] == ["calibrate", "test", "score"] and uses[-1][1] == shop.AT
    ahead = timedelta(days=30)
    assert uses[-2][1] == shop.AT - ahead and uses[-3][1] == shop.AT - 2 * ahead
    assert max(at for use, at in uses if use == "train") <= shop.AT - 3 * ahead
    assert sum(one.weight for one in found.card.features) <= 1 + 1e-9


def test_classifier_is_explained() -> None:
    tag, found = buying()
    for row in found.values.slice(100, 3).to_pylist():
        why = explained(tag, found, row["customer_id"])
        assert why.number == pytest.approx(row["number"], abs=1e-4)
        effects = [abs(one.effect) for one in why.contributions]
        assert effects == sorted(effects, reverse=True) and effects
        assert all(one.sentence.zh and one.sentence.en for one in why.contributions)


def test_classifier_asks_only_whom_it_is_asked_of() -> None:
    among = {"did": "order_paid", "within": {"last": "60 days"}}
    churn = run(shop.tag("classifier", target={"did_not": "order_paid"}, ahead="30 days", among=among))
    known = shop.shop()
    bought = np.unique(known.customer[(known.kind == 1) & (known.day >= shop.DAYS - 60)])
    assert numbers(churn)[0].tolist() == bought.tolist()


def test_nobody_is_asked_of_before_they_came() -> None:
    """`did_not` holds of everybody who is yet to come."""
    known = shop.shop()
    found = run(shop.tag("classifier", **BUYS, among={"did_not": "order_paid"}, minimum={"auc": 0.5}))
    seen = [np.unique(known.customer[known.day < shop.DAYS - days]).size for days in (60, 30)]
    rows = {one.use: one.rows for one in found.card.samples}
    assert rows["calibrate"] < seen[0] and rows["test"] < seen[1]


def test_classifier_refuses() -> None:
    assert codes(run(shop.tag("classifier", **BUYS), at=shop.START + timedelta(days=60)))[0] == {"too-little-history"}
    assert codes(run(shop.tag("classifier", **BUYS, minimum={"positives": 50_000})))[0] == {"few-positives"}
    weak = run(shop.tag("classifier", **BUYS, minimum={"auc": 0.999}))
    assert codes(weak)[0] == {"low-auc"} and weak.values.num_rows == 0 and weak.model is None
    assert weak.card.metrics["auc"] > 0.8 and weak.card.lift


def test_lookalike_finds_the_others() -> None:
    """Half of the bargain hunters are the seed; of all others those hunters who are not must come first."""
    known = shop.shop()
    tag = shop.tag("lookalike", **LIKE)
    found = run(tag)
    who, score = numbers(found)
    seed = np.flatnonzero(known.hunter & (np.arange(known.hunter.size) % 2 == 1)) + 1
    lately = np.unique(known.customer[known.day >= shop.DAYS - 180])
    assert who.tolist() == np.setdiff1d(lately, seed).tolist()
    assert auc(score, known.hunter[who - 1]) > 0.7
    assert score.min() >= 0 and score.max() <= 100 and score.mean() == pytest.approx(50, abs=0.1)
    assert not [one for one in found.card.features if one.name == "attribute_source"]
    assert "small-seed" in codes(found)[1]
    best = int(who[np.argmax(score)])
    why = explained(tag, found, best)
    assert why.contributions and why.figures[0].value > 0


def test_lookalike_leaves_out_what_defines_the_seed() -> None:
    found = run(shop.tag("lookalike", like={"segment": "lookers"}))
    names = [one.name for one in found.card.features]
    assert not [name for name in names if name.startswith("product_viewed")]
    # Every view is a deed on a channel: days of activity say nearly the same.
    assert "features-left-out" in codes(found)[1]


def test_lookalike_refuses() -> None:
    assert codes(run(shop.tag("lookalike", **LIKE, minimum={"seeds": 5000})))[0] == {"few-seeds"}
    chance = shop.tag("lookalike", like={"attribute": "city", "is": "上海"})
    assert codes(run(chance))[0] == {"seed-like-all"}


def test_clusters_are_named_and_keep_their_names() -> None:
    tag = shop.tag("cluster", **CLUSTER)
    first = run(tag)
    names = {one.name for one in first.card.clusters}
    assert 3 <= len(names) == len(first.card.clusters) <= 6
    assert sum(one.customers for one in first.card.clusters) == first.values.num_rows == first.card.scored
    assert set(first.values.column("value").to_pylist()) == names
    called = [one for one in first.card.clusters if not one.name.startswith("quiet")]
    assert called and all(max(trait.tgi for trait in one.traits) > 120 for one in called)
    other = shop.tag("cluster", **CLUSTER, random_seed=99)
    again = run(other, at=shop.AT - timedelta(days=3), previous=first.model)
    kept = [one for one in again.card.clusters if one.before is not None]
    assert len(kept) >= len(names) - 1 and all(one.before == one.name for one in kept)
    before = dict(zip(*(first.values.column(name).to_pylist() for name in ("customer_id", "value")), strict=True))
    now = dict(zip(*(again.values.column(name).to_pylist() for name in ("customer_id", "value")), strict=True))
    both = before.keys() & now.keys()
    assert sum(before[one] == now[one] for one in both) / len(both) > 0.7


def test_clusters_are_explained() -> None:
    tag = shop.tag("cluster", **CLUSTER)
    found = run(tag)
    for row in found.values.slice(5, 3).to_pylist():
        why = explained(tag, found, row["customer_id"])
        assert why.value == row["value"] and why.figures[0].name == row["value"]
        assert all(one.effect > 0 for one in why.contributions)


def test_matching_of_groups() -> None:
    before = np.repeat(np.arange(3), 100)
    turned = np.array([2, 0, 1])[before]
    assert matched(before, ["a", "b", "c"], turned, 3) == {2: "a", 0: "b", 1: "c"}
    mixed = np.arange(300) % 10
    assert matched(before, ["a", "b", "c"], mixed, 10) == {}


def test_clusters_refuse() -> None:
    assert codes(run(shop.tag("cluster", **CLUSTER, minimum={"customers": 50_000})))[0] == {"few-customers"}


KINDS = {
    "clv": CLV,
    "classifier": {**BUYS, "cut_offs": 3},
    "lookalike": LIKE,
    "cluster": {**CLUSTER, "clusters": [3, 4]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_can_be_repeated_and_knows_nothing_of_later(kind: str) -> None:
    """The same run, later, over a pool to which much was added that happened after its instant."""
    known = shop.shop(900, 3)
    pool, tag = shop.pool(known), shop.tag(kind, **KINDS[kind])
    at = shop.START + timedelta(days=150)
    later = run(tag, pool, at)
    with pool.write() as session:
        session.execute("DELETE FROM events WHERE time >= $at", {"at": at})
    then = run(tag, pool, at)
    assert not then.card.refusals
    assert later.values.equals(then.values)
    assert later.card == then.card and later.model == then.model
    assert ModelCard.model_validate_json(then.card.model_dump_json()) == then.card


def test_definitions_are_checked() -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("clv", {**CLV, "fit": "bg_bb"}),
        ("clv", {**CLV, "period": "7 days"}),
        ("clv", {**CLV, "horizon": "2 months"}),
        ("clv", {**CLV, "from": {"did": "order_paid"}}),
        ("clv", {**CLV, "minimum": {"repeat_buyers": 1}}),
        ("classifier", {**BUYS, "target": {"did": "order_paid", "within": {"last": "3 days"}}}),
        ("classifier", {**BUYS, "target": {"tag": "points", "at_least": 1}}),
        ("classifier", {**BUYS, "ahead": "1 hours"}),
        ("cluster", {"within": {"this": "month"}}),
        ("cluster", {**CLUSTER, "clusters": [5, 3]}),
        ("cluster", {**CLUSTER, "cut": {"by": "number", "at": [1], "labels": ["a", "b"]}}),
    ]
    for model, body in wrong:
        with pytest.raises(ValidationError):
            shop.tag(model, **body)
    assert pa.types.is_string(run(shop.tag("clv", **CLV)).values.schema.field("value").type)
