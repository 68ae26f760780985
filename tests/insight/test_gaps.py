"""The gaps that the map names against what was planted in the brand and plain counting; and whom it reaches."""

from __future__ import annotations

import csv
from collections import defaultdict

import pytest
from tests.insight.conftest import NOW, PLAN, Brand

from onepool.channels import registry
from onepool.demo.brand.customers import Customers, draw_customers
from onepool.insight.map import Cell, cell_customers
from onepool.insight.map.types import Gap


@pytest.fixture(scope="module")
def people() -> Customers:
    """Who the brand's people are: the same draw that it was made of."""
    return draw_customers(PLAN)


@pytest.fixture(scope="module")
def persons(brand: Brand) -> dict[int, set[int]]:
    """customer -> the people whose records were put there, as places in the draw."""
    with (brand.truth / "records.csv").open(encoding="utf-8") as file:
        owner = {row["record_id"]: int(row["entity_id"][1:]) for row in csv.DictReader(file)}
    found: dict[int, set[int]] = defaultdict(set)
    rows = brand.session.query(
        "SELECT customer_id, type, scope, value FROM identifiers JOIN customer_of USING (identifier_id)"
    ).to_pylist()
    for row in rows:
        kind = f"{row['type']}@{row['scope']}" if row["scope"] else row["type"]
        person = owner.get(f"{kind}:{row['value']}")
        if person is not None:
            found[row["customer_id"]].add(person)
    return found


def _behind(brand: Brand, touchpoint: str) -> set[int]:
    cell = Cell("unjoinable", touchpoint)
    ids, total = cell_customers(brand.sources, brand.gathered, brand.workspace.touchpoints(), cell, NOW, limit=10_000)
    assert len(set(ids)) == len(ids) == total
    return set(ids)


def _gap(brand: Brand, kind: str, touchpoint: str) -> Gap:
    (found,) = (gap for gap in brand.map.gaps if (gap.kind, gap.touchpoint) == (kind, touchpoint))
    return found


def _only_at(brand: Brand, touchpoint: str) -> set[int]:
    at = brand.gathered.place(touchpoint)
    with brand.gathered.read() as work:
        sql = "SELECT customer FROM presence GROUP BY 1 HAVING count(*) = 1 AND any_value(tp) = $tp"
        return set(work.query(sql, {"tp": at})["customer"].to_pylist())


def test_followers_whose_unionid_was_never_told_are_found(
    brand: Brand, people: Customers, persons: dict[int, set[int]]
) -> None:
    found = _behind(brand, "oa")
    gap = _gap(brand, "unjoinable", "oa")
    assert gap.customers == len(found) > 0 and gap.subjects == ["unionid"]
    # All of them were planted, and all that were planted and are known at the official account alone are there. Who
    # asked to be forgotten gave a unionid that is not kept.
    asked = brand.session.query(
        """SELECT DISTINCT customer_id FROM events JOIN customer_of USING (identifier_id)
        WHERE touchpoint = 'oa' AND event = 'erasure_requested'"""
    )
    found -= set(asked["customer_id"].to_pylist())
    assert len(found) > 10 and all(people.hidden[list(persons[customer])].all() for customer in found)
    planted = {one for one in _only_at(brand, "oa") if persons[one] and people.hidden[list(persons[one])].all()}
    assert planted - set(asked["customer_id"].to_pylist()) == found


def test_marketplace_buyers_outside_of_the_membership_are_found(
    brand: Brand, people: Customers, persons: dict[int, set[int]]
) -> None:
    found = _behind(brand, "tmall")
    gap = _gap(brand, "unjoinable", "tmall")
    assert gap.customers == len(found) and gap.subjects == ["omid"] and gap.severity == "warning"
    assert not any(people.omid[list(persons[customer])].any() for customer in found)
    members = {one for one in _only_at(brand, "tmall") if people.omid[list(persons[one])].any()}
    assert members.isdisjoint(found) and members | found == _only_at(brand, "tmall")


def test_what_no_platform_tells_and_what_stands_apart_is_named(brand: Brand) -> None:
    unseen = {(gap.touchpoint, *gap.subjects) for gap in brand.map.gaps if gap.kind == "identifier-unseen"}
    # The generator never gives these three.
    assert unseen == {("douyin", "douyin_union_id"), ("xiaohongshu", "xhs_open_id"), ("ads_tencent", "oaid")}
    islands = {gap.touchpoint: gap for gap in brand.map.gaps if gap.kind == "island"}
    assert islands.keys() == {one.touchpoint for one in brand.map.places if one.island}
    assert {"jd", "xiaohongshu", "ads_ocean"} <= islands.keys()
    for name, gap in islands.items():
        assert gap.customers == len(_only_at(brand, name))
    assert _gap(brand, "late", "crm").figures["share"] > 0.9


def test_no_identifier_is_complained_of_that_another_one_makes_up_for(brand: Brand) -> None:
    assert not [gap for gap in brand.map.gaps if gap.kind == "identifier-joins-nothing"]
    why = {(gap.touchpoint, *gap.subjects): gap for gap in brand.map.explained if gap.kind.startswith("identifier")}
    openid = why["mini", "openid"]
    assert (openid.explained, openid.by) == ("joined", "unionid")
    assert why["jd", "jd_open_id"].explained == "told"
    assert why["ads_ocean", "imei"].explained == "optional"
    # What joins at a touchpoint is never said to be missing there, and nothing is told twice.
    cells = {(cell.touchpoint, cell.type): cell for cell in brand.map.identifier_cells}
    for gap in brand.map.explained:
        if gap.explained == "joined":
            assert cells[gap.touchpoint, gap.by or ""].joining > 0
    keys = [(gap.kind, gap.touchpoint, subject) for gap in (*brand.map.gaps, *brand.map.explained)
            for subject in gap.subjects or [""] if gap.kind != "unjoinable"]  # fmt: skip
    assert len(keys) == len(set(keys))


def test_gaps_are_few_enough_to_read_and_the_largest_of_each_weight_stands_first(brand: Brand) -> None:
    assert len(brand.map.gaps) <= 3 * len(brand.map.places)
    order = {"error": 0, "warning": 1, "info": 2}
    ranks = [(order[gap.severity], -gap.customers) for gap in brand.map.gaps]
    assert ranks == sorted(ranks)
    # Signals that never came stand together, a row for each touchpoint.
    places = [gap.touchpoint for gap in brand.map.gaps if gap.kind == "signal-unseen"]
    assert len(places) == len(set(places))


def test_a_channel_that_only_answers_is_not_silent_while_nothing_is_sent(brand: Brand) -> None:
    sent = {row["touchpoint"] for row in brand.session.query("SELECT DISTINCT touchpoint FROM sends").to_pylist()}
    if "email" not in sent:
        assert _gap(brand, "unused", "email").severity == "info"
    assert not [
        gap for gap in brand.map.gaps if gap.kind in ("silent", "stopped") and gap.touchpoint in {"sms", "email"} - sent
    ]


def test_only_messages_reach_people() -> None:
    for manifest in registry.manifests():
        addresses = {one.type for one in manifest.addresses}
        for kind in manifest.messages:
            # The same channels reach people here as in segments and broadcasts.
            assert (kind.carries == "message") == bool(addresses & set(kind.to)) or kind.carries == "mark"
        assert bool(addresses) == any(kind.carries == "message" for kind in manifest.messages)


def test_ads_are_an_audience_and_reach_nobody(brand: Brand) -> None:
    kinds = {(one.touchpoint, one.message): one for one in brand.map.reach}
    assert {kinds["ads_ocean", name].carries for name in ("conversion", "audience")} == {"report", "audience"}
    assert kinds["wecom", "tags"].carries == "mark" and kinds["youzan", "coupon"].carries == "benefit"
    carrying = {one.touchpoint for one in brand.map.reach if one.carries == "message"}
    assert brand.map.reachable_by.keys() == carrying == {"douyin", "email", "mini", "oa", "sms", "wecom"}
    with brand.gathered.read() as work:
        slots = [n for kind in ("phone", "oaid", "idfa", "imei") for n in brand.gathered.of_type(kind)]
        sql = "SELECT count(DISTINCT customer) AS n FROM ident WHERE list_contains($slots, slot)"
        assert kinds["ads_ocean", "audience"].addressed == work.query(sql, {"slots": slots})["n"][0].as_py()
