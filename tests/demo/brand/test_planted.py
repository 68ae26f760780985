"""What is hard about the brand's people is really there: privacy numbers, second-hand numbers, conversations."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.demo.brand.conftest import KEYS, PLAN, Told

from onepool.demo.brand.customers import draw_customers
from onepool.demo.brand.life import Life
from onepool.demo.brand.places import APP, DESK, JD, TMALL, WEB, WECOM
from onepool.demo.brand.plan import BrandPlan
from onepool.demo.brand.privacy import hides, privacy_numbers
from onepool.demo.brand.rates import RATES
from onepool.demo.brand.scene import day_chance, make_scene
from onepool.demo.brand.secrets import made_up
from onepool.demo.brand.sending import Delivery, Page
from onepool.demo.brand.truth import write_truth
from onepool.demo.people.population import NEVER

PRIVACY = re.compile(r"170\d{8}-\d{4}")


@pytest.fixture(scope="module")
def lived() -> Life:
    """A longer story of more people, played to its end."""
    life = Life(make_scene(draw_customers(BrandPlan(3_000, 120, 2, PLAN.last)), made_up(1), KEYS))
    for day in range(120):
        life.day(day)
    return life


def _orders(told: Told, shop: str) -> dict[str, set[str]]:
    """The phones of the receivers of a marketplace's orders, by order."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in told.sendings:
        thing = one.thing()
        if not isinstance(thing, Page) or thing.touchpoint != shop:
            continue
        body = json.loads(thing.body)
        if shop == TMALL and thing.call == "trades":
            for trade in body["trades_sold_increment_get_response"]["trades"]["trade"]:
                found[trade["tid_str"]].add(trade["receiver_mobile"])
        if shop == JD and thing.call == "orders":
            for order in body["jingdong_pop_order_search_responce"]["searchorderinfo_result"]["orderInfoList"]:
                found[order["orderId"]].add(order["consigneeInfo"]["mobile"])
    return found


def test_marketplaces_hand_out_a_privacy_number_an_order(told: Told) -> None:
    for shop in (TMALL, JD):
        orders = _orders(told, shop)
        hidden = {order: phones for order, phones in orders.items() if any(map(PRIVACY.fullmatch, phones))}
        share = len(hidden) / len(orders)
        assert abs(share - RATES.privacy_number) < 4 * np.sqrt(RATES.privacy_number / len(orders))
        # All that is told of an order shows the same number, and no other order has it.
        assert all(len(phones) == 1 for phones in hidden.values())
        assert len({phone for phones in hidden.values() for phone in phones}) == len(hidden)
        assert told.life.scene.shown.values["privacy_number", shop] == len(hidden)


def test_guests_leave_privacy_numbers_at_their_rate() -> None:
    orders = np.arange(0, 4_000_000, 1_000)
    assert abs(hides(orders, RATES.guest_privacy).mean() - RATES.guest_privacy) < 0.03
    assert all(map(PRIVACY.fullmatch, privacy_numbers(orders).tolist()))


def test_numbers_change_hands_within_the_period(lived: Life, tmp_path: Path) -> None:
    phones = lived.scene.customers.phones
    taken = (phones.previous >= 0) & (phones.chains.start > 0)
    # 12 % of numbers are given back in a year and 80 % of those given on: about 8 % a year, 2.7 % in 120 days.
    assert 0.015 < taken.sum() / np.unique(phones.number).size < 0.04
    counts = write_truth(lived, tmp_path)
    shown = int((lived.scene.shown.phone < NEVER).sum())
    assert counts["second-hand numbers"] > shown * 0.006
    uses: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (tmp_path / "recycled.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            uses[row["record_id"]].append(row)
    assert len(uses) == counts["second-hand numbers"]
    with (tmp_path / "records.csv").open(encoding="utf-8") as file:
        owner = {row["record_id"]: row["entity_id"] for row in csv.DictReader(file)}
    for number, rows in uses.items():
        assert len({row["entity_id"] for row in rows}) == len(rows) > 1
        # Who gave it up is never seen with it again, and the truth has the last owner.
        for one, other in pairwise(rows):
            rest = datetime.fromisoformat(other["first_used"]) - datetime.fromisoformat(one["last_used"])
            assert rest.days >= 90
        assert owner[number] == rows[-1]["entity_id"]


def test_the_crm_knew_some_before_the_period(lived: Life) -> None:
    customers = lived.scene.customers
    known = customers.known < NEVER
    assert (customers.known[known] < 0).all()
    assert abs(known.mean() - RATES.known_before) < 4 * np.sqrt(RATES.known_before / customers.size)
    assert ((lived.scene.shown.first["crm_before"] < NEVER) == known).all()


def test_only_its_owner_shows_whose_a_number_is(lived: Life) -> None:
    scene = lived.scene
    person = np.tile(np.arange(scene.customers.size), 5)
    chance = day_chance(scene, 0, 40)
    texts, shows = scene.typed_phones(chance, person, np.full(person.size, 86_400))
    phones = scene.customers.phones
    own = phones.chains.owner[phones.chains.slot[np.maximum(shows, 0)]] == person
    assert own[shows >= 0].all()
    # Of the others, some are mistyped and some a relative's, who alone can show whose that is.
    known = set(phones.number.tolist())
    assert sum(int(text) in known for text in texts[shows < 0].tolist()) > 20


def test_people_write_to_associates_and_are_answered(told: Told) -> None:
    notices, messages = 0, []
    for one in told.sendings:
        thing = one.thing()
        if isinstance(thing, Page) and thing.touchpoint == WECOM and thing.call == "service":
            page = json.loads(thing.body)
            messages += page["msg_list"]
            assert all(message["send_time"] * 1000 < one.at for message in page["msg_list"])
        elif isinstance(thing, Delivery) and one.way is told.life.scene.ways.wecom:
            notices += "kf_msg_or_event" in one.said[1]
    wrote, answers = Counter[str](), Counter[str]()
    for message in messages:
        if message["msgtype"] == "text":
            assert message["open_kfid"] == DESK
            (wrote if message["origin"] == 3 else answers)[message["external_userid"]] += 1
            assert (message["origin"] == 5) == bool(message.get("servicer_userid"))
    assert notices >= len(wrote) >= 5
    assert set(answers) <= set(wrote)
    assert len(answers) > len(wrote) * 0.7
    customers = told.life.scene.customers
    friends = set(told.life.scene.ids(WECOM, np.flatnonzero(customers.opened[WECOM] < NEVER)).tolist())
    assert set(wrote) <= friends


def test_kiosks_staff_phones_and_placeholders_are_used_and_told_apart(lived: Life, tmp_path: Path) -> None:
    write_truth(lived, tmp_path)
    planted = json.loads((tmp_path / "planted.json").read_text(encoding="utf-8"))
    shared = {one["kind"]: one for one in planted["shared"]}
    # More than a customer may have: the identity rules take 3 customers of a phone and 50 of a cookie.
    assert shared["staff_phone"]["persons"] > 10
    assert shared["kiosk"]["persons"] > 50
    assert set(planted["sent"]["privacy_number"]) == {TMALL, JD, WEB, APP}
    assert planted["sent"]["placeholder"].keys() >= {WEB, "forms"}
    assert planted["sent"]["copied_record"]["crm"] > 10
    nobodys = {one["record_id"] for one in planted["shared"]} | set(planted["placeholders"])
    for file in ("records.csv", "devices.csv"):
        with (tmp_path / file).open(encoding="utf-8") as rows:
            assert not nobodys & {row["record_id"] for row in csv.DictReader(rows)}
