"""Journeys over HTTP: drafts, checks, publishing, approval, versions, the gallery."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update
from tests.api.conftest import NOW, World, empty, quick_hashes, world  # noqa: F401
from tests.api.people import event, put
from tests.journeys.brand import CART, COUPON, MESSAGE, STAFF, TOUCHPOINTS, cart

from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.state.journeys import journey_requests, journey_states

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


def test_a_draft_may_be_unfinished_but_not_published(brand: World) -> None:
    browser = brand.signed_in()
    unfinished = {"journey": "cart_recall", "name": "Cart", "nodes": {"one": {"do": "sned"}}}
    made = browser.post(JOURNEYS, {"definition": unfinished})
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["status"], body["sentence"], body["nodes"], body["entry"]) == ("draft", None, 1, None)
    assert body["draft"]["problems"] > 0 and body["published"] is None
    assert browser.post(JOURNEYS, {"definition": unfinished}).json()["code"] == "journey-exists"
    refused = browser.post(f"{JOURNEYS}/cart_recall/publish", {})
    assert refused.status_code == 422
    places = {one["place"]: one["suggestion"] for one in refused.json()["problems"]}
    assert places["nodes.one"] == "send" and "entry" in places
    assert browser.get(f"{JOURNEYS}/cart_recall").json()["status"] == "draft"


@pytest.mark.parametrize("name", ["Cart", "", "templates", "new", 7])
def test_names_of_journeys(brand: World, name: object) -> None:
    answer = brand.signed_in().post(JOURNEYS, {"definition": {"journey": name}})
    assert (answer.status_code, answer.json()["where"]) == (422, "definition.journey")


def test_life_of_a_journey(brand: World) -> None:
    browser = brand.signed_in()
    made = browser.post(JOURNEYS, {"definition": CART, "reason": "new"}).json()
    assert (made["draft_version"], made["entry"], made["title"]["zh"]) == (1, "did", "加购未支付召回")
    live = browser.post(f"{JOURNEYS}/cart_recall/publish", {"reason": "go", "version": 1})
    assert live.status_code == 200, live.text
    body = live.json()
    assert (body["status"], body["version"], body["draft"], body["live_runs"]) == ("live", 1, None, 0)
    assert len(body["published"]["hash"]) == 64 and body["published"]["definition"] == CART

    changed = browser.put(f"{JOURNEYS}/cart_recall", {"definition": cart(max_life="10 days"), "version": 1}).json()
    assert (changed["draft_version"], changed["draft"]["problems"], changed["version"]) == (2, 0, 1)
    stale = browser.put(f"{JOURNEYS}/cart_recall", {"definition": CART, "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "journey-changed")
    diff = browser.get(f"{JOURNEYS}/cart_recall/diff").json()["items"]
    assert [(one["place"], one["op"]) for one in diff] == [("max_life", "changed")]
    assert "14 天" in diff[0]["before"]["zh"] and "10 days" in diff[0]["sentence"]["en"]
    assert browser.get(f"{JOURNEYS}/cart_recall/diff", before="1", after="2").json()["items"] == diff

    stale = browser.post(f"{JOURNEYS}/cart_recall/publish", {"version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "journey-changed")
    assert browser.post(f"{JOURNEYS}/cart_recall/publish", {"old_runs": "move"}).json()["version"] == 2
    versions = browser.get(f"{JOURNEYS}/cart_recall/versions").json()["items"]
    assert [(one["version"], one["live"], one["reason"]) for one in versions] == [(2, True, ""), (1, False, "new")]
    assert [one["published_because"] for one in versions] == ["", "go"]
    first = browser.get(f"{JOURNEYS}/cart_recall/versions/1").json()
    assert (first["definition"], first["reason"], first["published_because"]) == (CART, "new", "go")
    assert browser.get(f"{JOURNEYS}/cart_recall/versions/9").json()["code"] == "version-unknown"

    assert browser.post(f"{JOURNEYS}/cart_recall/pause", {}).json()["status"] == "paused"
    again = browser.post(f"{JOURNEYS}/cart_recall/pause", {})
    assert (again.status_code, again.json()["code"]) == (409, "journey-not-live")
    assert browser.post(f"{JOURNEYS}/cart_recall/resume", {}).json()["status"] == "live"
    used = browser.delete(f"{JOURNEYS}/cart_recall")
    assert (used.status_code, used.json()["code"]) == (409, "journey-in-use")
    assert browser.post(f"{JOURNEYS}/cart_recall/stop", {"reason": "over"}).json()["status"] == "stopping"
    done = [entry.action for _, entry in audit.trail(brand.ws.state) if entry.subject == "journey:cart_recall"]
    assert done[::-1] == [
        "definition.save", "journey.publish", "definition.save", "journey.publish", "journey.pause", "journey.resume",
        "journey.stop",
    ]  # fmt: skip


def test_only_the_name_is_kept(brand: World) -> None:
    browser = brand.signed_in()
    browser.post(JOURNEYS, {"definition": CART})
    other = browser.put(f"{JOURNEYS}/cart_recall", {"definition": {**CART, "journey": "other"}})
    assert (other.status_code, other.json()["where"]) == (422, "definition.journey")
    assert browser.delete(f"{JOURNEYS}/cart_recall").status_code == 204
    assert browser.get(f"{JOURNEYS}/cart_recall").json()["code"] == "journey-unknown"
    assert browser.get(JOURNEYS).json()["items"] == []


def test_check_names_place_and_suggestion(brand: World) -> None:
    browser = brand.signed_in(Role.ANALYST)
    found = browser.post(f"{JOURNEYS}/check", {"definition": cart(nodes__wait3__next="chek")}).json()
    errors = [one for one in found["problems"] if one["severity"] == "error"]
    assert {(one["place"], one["suggestion"]) for one in errors} >= {("nodes.wait3.next", "check")}
    assert "Cart" not in found["sentence"]["zh"] and "加入购物车" in found["sentence"]["zh"]
    assert found["nodes"]["give"]["en"] == "issues a coupon of CPN_CART_20"
    assert {"from": "check", "label": "cases[0]", "to": "end_goal"} in found["edges"]
    whole = browser.post(f"{JOURNEYS}/check", {"definition": CART}).json()
    assert {one["severity"] for one in whole["problems"]} <= {"warning"}
    broken = browser.post(f"{JOURNEYS}/check", {"definition": {"journey": "x", "entry": 3}}).json()
    assert broken["sentence"] is None and broken["edges"] == []


def test_values_that_were_never_seen_are_warned_of_wherever_a_journey_compares(brand: World) -> None:
    definition = cart(
        exit__0={"did": "order_cancelled", "where": {"channel": "tmal"}, "as": "gone"},
        entry__eligible={
            "all": [
                {"attribute": "city", "is": "上海市"},
                {"consent": {"purpose": "marketting"}},
                {"consent": {"purpose": "birthday_gift"}},
            ]
        },
    )
    with brand.ws.pool.write() as session:
        put(session, "events", event(90, 1, "order_cancelled", NOW, channel="tmall"))
        put(session, "events", {**event(91, 1, "consent_granted", NOW), "purpose": "birthday_gift,marketing"})
    found = brand.signed_in().post(f"{JOURNEYS}/check", {"definition": definition}).json()["problems"]
    assert {(one["severity"], one["place"], one["suggestion"]) for one in found} >= {
        ("warning", "exit[0].where.channel.is", "tmall"),
        ("warning", "entry.eligible.all[0].is", "上海"),
        ("warning", "entry.eligible.all[1].consent.purpose", "marketing"),
    }
    assert not [one for one in found if one["place"].startswith("entry.eligible.all[2]")]


def test_events_that_only_the_pool_knows_are_no_faults(brand: World) -> None:
    definition = cart(exit__0={"did": "robot_waved", "as": "gone"})
    browser = brand.signed_in()
    before = browser.post(f"{JOURNEYS}/check", {"definition": definition}).json()
    assert [one["place"] for one in before["problems"] if one["severity"] == "error"] == ["exit[0].did"]


def test_a_second_person_approves(brand: World) -> None:
    marketer, approver = brand.signed_in(Role.MARKETER), brand.signed_in(Role.APPROVER)
    made = marketer.post(JOURNEYS, {"definition": CART}).json()
    assert (made["needs_approval"], made["may_publish"]) == (True, True)
    refused = marketer.post(f"{JOURNEYS}/cart_recall/publish", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "approval-missing")
    nobody = approver.post(f"{JOURNEYS}/cart_recall/approve", {"decision": "approved"})
    assert nobody.json()["code"] == "approval-unknown"
    asked = marketer.post(f"{JOURNEYS}/cart_recall/ask-approval", {"note": "please"}).json()
    assert (asked["approval"]["status"], asked["approval"]["note"]) == ("asked", "please")
    assert approver.post(f"{JOURNEYS}/cart_recall/approve", {"decision": "refused"}).json()["needs_approval"] is False
    assert marketer.post(f"{JOURNEYS}/cart_recall/publish", {}).json()["code"] == "approval-missing"
    marketer.post(f"{JOURNEYS}/cart_recall/ask-approval", {})
    approver.post(f"{JOURNEYS}/cart_recall/approve", {"decision": "approved"})
    assert marketer.post(f"{JOURNEYS}/cart_recall/publish", {}).json()["status"] == "live"
    # What was approved is what goes live: another draft has to be asked for again.
    marketer.put(f"{JOURNEYS}/cart_recall", {"definition": cart(max_life="9 days")})
    assert marketer.post(f"{JOURNEYS}/cart_recall/publish", {}).json()["code"] == "approval-missing"
    assert approver.post(f"{JOURNEYS}/cart_recall/publish", {}).json()["version"] == 2


def test_nobody_approves_what_he_asked_for(brand: World) -> None:
    approver = brand.signed_in(Role.APPROVER)
    approver.post(JOURNEYS, {"definition": CART})
    approver.post(f"{JOURNEYS}/cart_recall/ask-approval", {})
    own = approver.post(f"{JOURNEYS}/cart_recall/approve", {"decision": "approved"})
    assert own.json()["code"] == "approval-own"


def test_customers_enter_over_the_api(brand: World) -> None:
    browser = brand.signed_in()
    body = copy.deepcopy(CART)
    del body["exit"][1], body["nodes"]["give"]["batch"]
    body |= {"journey": "asked", "entry": {"api": True, "fields": {"why": "text"}, "key": "$trigger.why"}}
    body["nodes"]["give"]["batch"] = "CPN_CART_20"
    del body["params"]
    brand.ws.save("message", "cart_coupon", {**MESSAGE, "variables": {"product": {"default": "x"}, "code": {
        "type": "coupon", "from": "vars.coupon_code"}}}, author="test")  # fmt: skip
    browser.post(JOURNEYS, {"definition": body})
    early = browser.post(f"{JOURNEYS}/asked/enter", {"customer_id": 1})
    assert early.json()["code"] == "journey-unknown"
    live = browser.post(f"{JOURNEYS}/asked/publish", {})
    assert live.status_code == 200, live.text
    done = browser.post(f"{JOURNEYS}/asked/enter", {"customer_id": 1, "key": "a", "fields": {"why": "call"}})
    assert done.status_code == 202, done.text
    with brand.ws.state.read() as connection:
        row = connection.execute(select(journey_requests).where(journey_requests.c.kind == "enter")).one()
    assert (row.id, row.customer_id, row.key, row.fields) == (done.json()["request"], 1, "a", '{"why": "call"}')
    assert browser.post(f"{JOURNEYS}/asked/enter", {"customer_id": 99}).json()["code"] == "customer-unknown"
    wrong = browser.post(f"{JOURNEYS}/asked/enter", {"customer_id": 1, "fields": {"who": "x"}})
    assert wrong.status_code == 422 and "who" in wrong.json()["detail"]
    browser.post(f"{JOURNEYS}/asked/pause", {})
    paused = browser.post(f"{JOURNEYS}/asked/enter", {"customer_id": 1})
    assert (paused.status_code, paused.json()["code"]) == (409, "journey-not-live")


def test_what_a_journey_names_is_not_deleted(brand: World) -> None:
    browser = brand.signed_in()
    browser.post(JOURNEYS, {"definition": CART})
    assert browser.get("/api/v1/segments/staff").json()["used_by"] == ["journey:cart_recall"]
    used = browser.delete("/api/v1/segments/staff")
    assert (used.status_code, used.json()["code"]) == (409, "segment-in-use")
    browser.put(f"{JOURNEYS}/cart_recall", {"definition": cart(entry__eligible=None)})
    assert browser.delete("/api/v1/segments/staff").status_code == 204


def test_what_a_published_version_names_is_not_deleted_though_the_draft_has_other_ideas(brand: World) -> None:
    browser = brand.signed_in()
    browser.post(JOURNEYS, {"definition": CART})
    assert browser.post(f"{JOURNEYS}/cart_recall/publish", {}).status_code == 200
    browser.put(f"{JOURNEYS}/cart_recall", {"definition": cart(entry__eligible=None)})
    assert browser.get("/api/v1/segments/staff").json()["used_by"] == ["journey:cart_recall"]
    used = browser.delete("/api/v1/segments/staff")
    assert (used.status_code, used.json()["code"]) == (409, "segment-in-use")
    assert browser.post(f"{JOURNEYS}/cart_recall/stop", {}).status_code in (200, 204)
    with brand.ws.state.write() as connection:
        connection.execute(update(journey_states).values(status="stopped"))
    assert browser.delete("/api/v1/segments/staff").status_code == 204


def test_the_gallery(brand: World) -> None:
    browser = brand.signed_in(Role.MARKETER)
    items = {one["name"]: one for one in browser.get(f"{JOURNEYS}/templates").json()["items"]}
    assert len(items) == 11 and all(one["summary"]["zh"] and one["title"]["en"] for one in items.values())
    faulty = {one["name"]: p for one in items.values() for p in one["problems"] if p["severity"] == "error"}
    # This workspace has a message of that name which says other things: told before anything is made.
    assert set(faulty) == {"cart_recall"} and "没有名为 CART_COUPON" in faulty["cart_recall"]["message"]
    cart_recall = items["cart_recall"]
    assert {one["name"]: one["default"] for one in cart_recall["params"]}["wait"] == "3 days"
    there = {(one["kind"], one["name"]): one["exists"] for one in cart_recall["creates"]}
    assert there[("coupon", "CPN_CART_20")] is True and there[("message", "cart_reminder")] is False

    wanted = {"journey": "spring", "title": {"zh": "春", "en": "Spring"}, "params": {"products": ["P1"]}}
    made = browser.post(f"{JOURNEYS}/templates/cart_recall", wanted)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["status"], body["title"], body["definition"]["params"]["products"]) == (
        "draft", {"zh": "春", "en": "Spring"}, ["P1"],
    )  # fmt: skip
    assert brand.ws.definitions.get("message", "cart_reminder") is not None
    coupon = brand.ws.definitions.get("coupon", "CPN_CART_20")
    assert coupon is not None and coupon.body == COUPON, "what was there is as it was"
    for path, body, status, code in (
        ("cart_recall", wanted, 409, "journey-exists"),
        ("cart_recal", {"journey": "other"}, 404, "template-unknown"),
        ("birthday", {"journey": "other", "params": {"cuopon": "x"}}, 422, "template-param"),
    ):
        refused = browser.post(f"{JOURNEYS}/templates/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert brand.ws.definitions.get("journey", "other") is None
