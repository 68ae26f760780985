"""Consent, suppressions and approvals over the API: who may, what is shown, what is in force at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, insert, select
from tests.api.routes import kept_routes as kept_routes

from onepool.api.app import create_app
from onepool.api.live import LiveFeed
from onepool.clock import to_micros
from onepool.privacy import approvals, users
from onepool.privacy.audit import trail
from onepool.privacy.roles import Role
from onepool.privacy.users import create_user
from onepool.reach import suppression
from onepool.state.schema import identifiers

from .conftest import EMAIL, PHONE, Brand

PASSWORD = "correct horse battery"


@dataclass
class Browser:
    """A signed-in person's requests."""

    app: Any
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=("203.0.113.7", 1))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://x", cookies=self.cookies, headers={"X-OnePool": "1"}
            ) as client:
                answer = await client.request(method, f"/api/v1{path}", **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())


@dataclass
class Office:
    brand: Brand
    app: Any

    def person(self, role: Role) -> Browser:
        world = self.brand.world
        email = f"{role.value}@brand.test"
        create_user(world.workspace.state, world.clock, email=email, name=role.value, role=role, password=PASSWORD)
        browser = Browser(self.app)
        assert browser("POST", "/session", json={"email": email, "password": PASSWORD}).status_code == 200
        return browser


@pytest.fixture
def office(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", hasher)
    nobody = hasher.hash("nobody")
    monkeypatch.setattr(users, "_nobody", lambda: nobody)
    world = brand.world
    yield Office(brand, create_app(world.workspace, LiveFeed(), world.clock))


def cell(body: dict[str, Any], purpose: str, channel: str) -> dict[str, Any]:
    (found,) = [one for one in body["standings"] if (one["purpose"], one["channel"]) == (purpose, channel)]
    return dict(found)


def test_how_a_customer_stands_and_what_is_written_down_for_them(office: Office) -> None:
    brand, ask = office.brand, office.person(Role.PRIVACY)
    customer = brand.customer()
    body = ask("GET", "/consents", params={"customer": customer}).json()
    assert body["customer_id"] == customer
    yes = cell(body, "marketing", "sms")
    assert (yes["granted"], yes["stopped"], yes["channel_title"]["zh"]) == (True, None, "短信")
    assert yes["proof"]["source"] == "event" and yes["proof"]["purpose"] == "marketing"
    assert cell(body, "profiling", "")["granted"] is False and cell(body, "profiling", "")["proof"] is None
    assert PHONE not in str(body) and EMAIL not in str(body)

    said = {"granted": False, "purpose": "marketing", "channel": "sms"}
    reason = f"called from {PHONE}"
    answer = ask("POST", "/consents", json={"customer_id": customer, "choices": [said], "reason": reason})
    assert answer.status_code == 202
    assert brand.told("marketing", "sms") == (True, "opted_out"), "in force before the tick"
    assert cell(ask("GET", "/consents", params={"customer": customer}).json(), "marketing", "sms")["stopped"]
    brand.world.settle()
    body = ask("GET", "/consents", params={"customer": customer}).json()
    no = cell(body, "marketing", "sms")
    assert (no["granted"], no["stopped"], no["proof"]["source"]) == (False, None, "api")
    assert no["proof"]["identifier"] == "phone:139****0001" and "139****0001" not in no["proof"]["evidence"]
    (entry,) = [one for _, one in trail(brand.world.workspace.state) if one.action == "consent.record"]
    assert (entry.subject, entry.actor) == (f"customer:{customer}", "user:privacy@brand.test")
    assert PHONE not in str(entry.detail) and "139****0001" in str(entry.detail)

    page = ask("GET", "/consents/ledger", params={"customer": customer, "limit": 1}).json()
    assert len(page["items"]) == 1 and page["items"][0]["granted"] is False
    more = ask("GET", "/consents/ledger", params={"customer": customer, "before": page["next"]}).json()
    assert {one["purpose"] for one in more["items"]} == {"marketing", "service"} and more["next"] is None
    assert ask("GET", "/consents", params={"customer": 99_999}).status_code == 404

    path = ask("POST", "/consents/link", params={"customer": customer}).json()["path"]
    assert brand.desk.view(path.removeprefix("/p/")) is not None


def test_what_a_marketer_may_not(office: Office) -> None:
    ask = office.person(Role.MARKETER)
    customer = office.brand.customer()
    assert ask("GET", "/consents", params={"customer": customer}).status_code == 200
    said = {"customer_id": customer, "choices": [{"granted": True, "purpose": "all"}], "reason": "wants to"}
    assert ask("POST", "/consents", json=said).json()["code"] == "no-permission"
    assert ask("POST", "/suppressions", json={"customer_id": customer, "note": "x"}).status_code == 403
    assert ask("POST", "/consents/link", params={"customer": customer}).status_code == 403


def test_the_list_of_those_who_get_nothing(office: Office) -> None:
    brand, ask = office.brand, office.person(Role.PRIVACY)
    customer = brand.customer()
    made = ask("POST", "/suppressions", json={"customer_id": customer, "note": "a lawyer's letter", "channel": "sms"})
    assert made.status_code == 201 and made.json()["known"] == 0
    assert brand.told("marketing", "sms") == (True, "manual") and brand.told("marketing", "email") == (True, "")
    again = ask("POST", "/suppressions", json={"customer_id": customer, "note": "again", "channel": "sms"})
    assert again.json() == {"ids": [], "known": 1, "unknown": 0}
    mailed = {"type": "phone", "addresses": [PHONE, f"+86 {PHONE}", "13900000000", "no number"], "note": "wrong number"}
    many = ask("POST", "/suppressions", json=mailed).json()
    assert (len(many["ids"]), many["unknown"]) == (1, 2)
    listed = ask("GET", "/suppressions", params={"customer": customer}).json()
    assert [one["address"] for one in listed["items"]] == ["phone:139****0001", None]
    assert {one["customer_id"] for one in listed["items"]} == {customer} and PHONE not in str(listed)
    number = made.json()["ids"][0]
    lifted = ask("POST", f"/suppressions/{number}/lift", json={"reason": "settled"}).json()
    assert (lifted["live"], lifted["lifted_by"]) == (False, "user:privacy@brand.test")
    assert brand.told("marketing", "sms") == (True, "")
    assert ask("POST", "/suppressions/999/lift", json={"reason": "x"}).json()["code"] == "suppression-unknown"
    assert ask("POST", "/suppressions", json={"note": "nobody"}).json()["code"] == "suppression"
    assert [one["id"] for one in ask("GET", "/suppressions").json()["items"]] == many["ids"]
    actions = [one.action for _, one in trail(brand.world.workspace.state)]
    assert actions.count("suppression.add") == 3 and actions.count("suppression.lift") == 1


def test_what_a_person_asked_for_is_not_for_others_to_lift(office: Office) -> None:
    brand, ask = office.brand, office.person(Role.ADMIN)
    said = {"customer_id": brand.customer(), "choices": [{"granted": False, "purpose": "all"}], "reason": "a letter"}
    assert ask("POST", "/consents", json=said).status_code == 202
    (stop,) = ask("GET", "/suppressions").json()["items"]
    refused = ask("POST", f"/suppressions/{stop['id']}/lift", json={"reason": "more reach"})
    assert refused.status_code == 422 and brand.told("marketing", "sms")[1] == "opted_out"


def test_notices_have_versions_that_stay(office: Office) -> None:
    ask = office.person(Role.PRIVACY)
    texts = {"zh": "我们……", "en": "We …"}
    first = ask("POST", "/notices", json={"name": "welcome", "texts": texts}).json()
    same = ask("POST", "/notices", json={"name": "welcome", "texts": texts}).json()
    second = ask("POST", "/notices", json={"name": "welcome", "texts": {"zh": "新的"}}).json()
    assert (first["label"], same["label"], second["label"]) == ("welcome@1", "welcome@1", "welcome@2")
    assert len(first["hashes"]["zh"]) == 64
    listed = ask("GET", "/notices").json()["items"]
    assert [one["label"] for one in listed] == ["welcome@2", "welcome@1"] and listed[1]["texts"] == texts
    assert ask("POST", "/notices", json={"name": "x", "texts": {"zh": " "}}).status_code == 422


def test_approvals_over_the_api(office: Office) -> None:
    ws, clock = office.brand.world.workspace, office.brand.world.clock
    marketer, approver = office.person(Role.MARKETER), office.person(Role.APPROVER)
    mine = approvals.ask(ws.state, clock, "journey", "cart", 1, actor="user:marketer@brand.test")
    own = approvals.ask(ws.state, clock, "message", "hello", 1, actor="user:approver@brand.test")
    listed = marketer("GET", "/approvals").json()["items"]
    assert [(one["name"], one["mine"]) for one in listed] == [("cart", True), ("hello", False)]
    assert marketer("POST", f"/approvals/{mine.id}/decide", json={"approve": True}).status_code == 403
    assert approver("POST", f"/approvals/{own.id}/decide", json={"approve": True}).json()["code"] == "approval-own"
    assert marketer("POST", f"/approvals/{own.id}/withdraw", json={}).json()["code"] == "approval-others"
    done = approver("POST", f"/approvals/{mine.id}/decide", json={"approve": True, "note": "go"}).json()
    assert (done["status"], done["decided_by"]) == ("approved", "user:approver@brand.test")
    assert approver("POST", f"/approvals/{mine.id}/decide", json={"approve": False}).status_code == 409
    assert approver("POST", "/approvals/99/decide", json={"approve": False}).status_code == 404
    clock.advance(timedelta(minutes=1))
    assert approver("POST", f"/approvals/{own.id}/withdraw", json={}).json()["status"] == "withdrawn"
    about = marketer("GET", "/approvals", params={"kind": "journey", "name": "cart"}).json()["items"]
    assert [one["status"] for one in about] == ["approved"]


def test_a_number_that_was_handed_on_is_listed_for_who_has_it_now(office: Office) -> None:
    brand, ask = office.brand, office.person(Role.PRIVACY)
    state, now = brand.world.workspace.state, to_micros(brand.world.clock.now())
    first = brand.node(PHONE)
    with state.write() as connection:
        later = connection.execute(select(func.max(identifiers.c.id))).scalar_one() + 1
        for number, since in enumerate((now - 1, None, now + 1), 1):  # in use; needless since; of tomorrow
            connection.execute(
                insert(identifiers).values(
                    id=later + number, key=number.to_bytes(16, "big"), type="phone", scope="", value=PHONE,
                    first_seen=1, last_seen=2, base=first, generation=number, valid_from=since, witness=0,
                )
            )  # fmt: skip
    made = ask("POST", "/suppressions", json={"type": "phone", "addresses": [PHONE], "note": "asked by phone"}).json()
    assert (len(made["ids"]), made["unknown"]) == (1, 0)
    with state.read() as connection:
        assert [one.identifier_id for one in suppression.entries(connection, nodes=[later + 1])] == [later + 1]
