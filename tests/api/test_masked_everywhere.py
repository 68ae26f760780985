"""What is masked is masked on every page, whatever the role: one rule, asked of routes that show persons' values.

Each value below is put where it can be: attributes, event fields, identifiers, samples. A route may show none of them
in clear to a role that may not see it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from onepool.api.lookup import show_customer
from onepool.layout import install
from onepool.privacy.roles import PERMISSIONS, Permission, Role
from onepool.standards.load import load_standard
from onepool.standards.personal import hidden_of

from . import people
from .conftest import World

NAME = "欧阳张伟明"
SECRETS = {
    "phone": "+8613733334444",
    "email": "ou.yang@mail.example.com",
    "address": "上海市徐汇区虹桥路1号3幢502室",
    "id_card": "digest-of-a-card-0001",
    "income_band": "50k-80k-yearly",
    "masked_phone": "17012345678",
    "masked_email": "ou@x.example.com",
}
NAMES = {"name": NAME, "nickname": "伟明小同学", "first_name": "伟明伟", "last_name": "欧阳欧"}
FIELDS = {
    "receiver_name": NAME,
    "receiver_phone": "13733334444",
    "address": SECRETS["address"],
    "nickname": NAMES["nickname"],
    "收件人": NAME,
    "phone": SECRETS["phone"],
}


@pytest.fixture
def full(world: World) -> World:
    """The first customer with every hidden attribute, an order with every hidden field, and segments that ask."""
    hidden = hidden_of(load_standard())
    assert hidden.attributes <= SECRETS.keys(), "give every hidden attribute a value here"
    with world.ws.pool.write() as session:
        for number, (name, value) in enumerate({**SECRETS, **NAMES}.items()):
            fact = {"identifier_id": 1, "attribute": name, "value": value, "time": people.DAY, "seq": 9000 + number}
            people.put(session, "attribute_facts", {**fact, "touchpoint": "crm"})
        people.put(session, "events", people.event(900, 1, "order_paid", people.DAY, order_id="O9", **FIELDS))
    for name in (*SECRETS, *NAMES):
        world.ws.save("segment", f"has_{name}", segment({"attribute": name, "is_set": True}), author="test")
    world.ws.save("segment", "vip", segment({"attribute": "name", "is_set": True}), author="test")
    return world


def segment(condition: dict[str, Any]) -> dict[str, Any]:
    return {"segment": "x", "title": {"zh": "人", "en": "x"}, "condition": condition}


@pytest.mark.parametrize("role", Role)
def test_nothing_hidden_is_shown(full: World, role: Role) -> None:
    browser = full.signed_in(role)
    pages = ["/customers", "/customers/1", "/customers/1/timeline", "/customers/1/orders", "/segments/vip/members"]
    pages += [f"/customers/1/segments/has_{name}/why" for name in (*SECRETS, *NAMES)]
    for page in pages:
        answer = browser.get(f"/api/v1{page}")
        assert answer.status_code == 200, (page, answer.text)
        text = json.dumps(answer.json(), ensure_ascii=False)
        for value in SECRETS.values():
            assert value not in text, (role, page)
        assert "13733334444" not in text, (role, page)
        if Permission.CUSTOMERS_NAMES not in PERMISSIONS[role]:
            for value in NAMES.values():
                assert value not in text, (role, page)


def test_a_name_is_shown_to_who_may_see_it(full: World) -> None:
    why = full.signed_in(Role.MARKETER).get("/api/v1/customers/1/segments/has_name/why").json()
    assert why["reason"]["figure"] == NAME
    timeline = full.signed_in(Role.PRIVACY).get("/api/v1/customers/1/timeline").json()
    fields = next(item["fields"] for item in timeline["items"] if "receiver_name" in item["fields"])
    assert (fields["receiver_name"], fields["收件人"]) == (NAME, NAME)
    assert fields["receiver_phone"] == "137****4444"


def test_commands_show_nothing_in_clear(full: World) -> None:
    with full.ws.pool.read() as session:
        page = show_customer(session, 1, full.ws.standard())
    text = str(page)
    assert not [value for value in (*SECRETS.values(), *NAMES.values()) if value in text]


def test_views_show_no_more_than_pages(full: World) -> None:
    common = {"class": "strong", "scope": "none", "title": {"zh": "号", "en": "No."}}
    standard = load_standard([{"identifier_types": {"whatsapp": {**common, "personal": "contact"}}}])
    with full.ws.pool.write() as session:
        row = {"identifier_id": 70, "type": "whatsapp", "scope": "", "value": "447911123456"}
        people.put(session, "identifiers", {**row, "first_seen": people.T0, "last_seen": people.T0})
        people.put(session, "customer_of", {"identifier_id": 70, "customer_id": 1})
        session.execute("UPDATE profiles SET address = $text WHERE customer_id = 1", {"text": "虹桥路1号3幢502"})
        install(session, standard)
        found = session.query("SELECT type, value FROM analyst.identifiers").to_pylist()
        address = session.query("SELECT address FROM analyst.customers WHERE customer_id = 1").to_pylist()[0]["address"]
    shown = {row["type"]: row["value"] for row in found}
    assert (shown["whatsapp"], shown["openid"]) == ("447****3456", "oABC")
    assert (shown["phone"], shown["email"], address) == ("+86137****2222", "z***@example.com", "虹桥路****")


WHOLE = {"event": "order_paid", "traits": {"name": NAME}, "properties": {k: FIELDS[k] for k in FIELDS}, "x": "y" * 30}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ENGINEER, Role.PRIVACY, Role.ADMIN])
@pytest.mark.parametrize("cut", [0, 5, 40])
def test_samples_whole_and_cut(full: World, role: Role, cut: int) -> None:
    whole = json.dumps(WHOLE, ensure_ascii=False)
    sample = whole[: len(whole) - cut]
    with full.ws.pool.write() as session:
        session.execute("UPDATE quarantine SET sample = $sample", {"sample": sample})
    browser = full.signed_in(role)
    row = browser.get("/api/v1/quarantine").json()["items"][0]
    shown = browser.get(f"/api/v1/quarantine/{row['id']}").json()["sample"]
    assert "order_paid" in shown
    assert SECRETS["address"] not in shown and "虹桥路" not in shown and "13733334444" not in shown
    assert (NAME in shown) == (Permission.CUSTOMERS_NAMES in PERMISSIONS[role])


def test_types_of_ones_own_are_masked_by_their_class() -> None:
    common = {"class": "strong", "scope": "none", "title": {"zh": "号", "en": "No."}}
    types = {"whatsapp": {**common, "personal": "contact"}, "club_no": {**common, "personal": "pseudonym"}}
    hidden = hidden_of(load_standard([{"identifier_types": types}]))
    assert hidden.identifier("whatsapp", "447911123456") == ("4479****3456", True)
    assert hidden.identifier("whatsapp", "w@chat.example.com") == ("w***@chat.example.com", True)
    assert hidden.identifier("club_no", "447911123456") == ("447911123456", False)
    assert hidden.identifier("openid", "oABC") == ("oABC", False)
    # A digest is masked like what it is of.
    assert hidden.identifier("phone_md5", "0123456789abcdef0123456789abcdef") == ("012****cdef", True)
    assert hidden.masked_types() == {
        "phone": "contact", "email": "contact", "id_card": "id_card", "privacy_number": "contact",
        "whatsapp": "contact", "phone_md5": "contact", "phone_sha256": "contact", "phone_sha256_salted": "contact",
        "email_md5": "contact", "email_sha256": "contact",
    }  # fmt: skip
