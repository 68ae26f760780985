"""Identifiers by type and touchpoint, whose one was, versions of the rules, and what touchpoints' evidence may join."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from onepool.privacy import audit
from onepool.privacy.roles import Role

from .conftest import World
from .identified import LI, WEI, Identified, fill

BASE = "/api/v1/identity"


@pytest.fixture
def found(empty: World) -> Identified:
    return fill(empty)


def ok(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    assert WEI not in answer.text
    assert LI not in answer.text
    return answer.json()


def test_identifiers_by_type_and_touchpoint(found: Identified) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    body = ok(browser.get(f"{BASE}/identifiers", type="phone"))
    assert [(one["identifier"]["identifier_id"], one["identifier"]["value"]) for one in body["items"]] == [
        (4, "137****4444"),
        (1, "137****2222"),
    ]
    assert ([one["customer"] for one in body["items"]], body["next"]) == (["张玮", "张伟"], None)
    overview = ok(browser.get(f"{BASE}/overview"))
    for row in overview["by_type"]:
        for cell in row["touchpoints"]:
            named = ok(browser.get(f"{BASE}/identifiers", type=row["type"], touchpoint=cell["touchpoint"]))
            assert len(named["items"]) == cell["identifiers"]
    assert ok(browser.get(f"{BASE}/identifiers", type="phone", touchpoint="elsewhere"))["items"] == []
    assert browser.get(f"{BASE}/identifiers", type="nothing").status_code == 404


def test_pages_of_identifiers(found: Identified) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    for touchpoint in ({}, {"touchpoint": "shop"}):
        first = ok(browser.get(f"{BASE}/identifiers", type="unionid", size=1, **touchpoint))
        second = ok(browser.get(f"{BASE}/identifiers", type="unionid", size=1, before=first["next"], **touchpoint))
        assert [one["items"][0]["identifier"]["identifier_id"] for one in (first, second)] == [5, 2]
        assert second["next"] is None


def test_names_in_lists_are_for_those_who_may(found: Identified) -> None:
    body = ok(found.world.signed_in(Role.ANALYST).get(f"{BASE}/identifiers", type="phone"))
    assert [one["customer"] for one in body["items"]] == ["张**", "张**"]


def test_whose_an_identifier_was(found: Identified) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    found.written.change("merge", 5.0, customer=2, other=1)
    then = (found.written.clock.now() - timedelta(days=18)).isoformat()
    body = ok(browser.get(f"{BASE}/customer", identifier="identifier:2", at=then))
    assert (body["customer_id"], body["identifier"]["customer_id"]) == (2, 1)
    now = found.written.clock.now().isoformat()
    assert ok(browser.get(f"{BASE}/customer", identifier="identifier:2", at=now))["customer_id"] == 1
    assert browser.get(f"{BASE}/customer", identifier="identifier:2", at="2026-11-01T00:00:00").status_code == 422


def test_versions_of_the_rules_and_the_way_back(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    first = {"types": {"phone": {"max_customers": 2}}, "names": "ignore"}
    ok(browser.put(f"{BASE}/rules", {"body": first, "version": 0, "reason": "fewer"}))
    second = {"types": {"phone": {"max_customers": 4}}}
    ok(browser.put(f"{BASE}/rules", {"body": second, "version": 1, "reason": "more again"}))
    newest, oldest = ok(browser.get(f"{BASE}/rules/versions"))["items"]
    assert (newest["version"], newest["reason"], newest["current"], newest["to_present"]) == (2, "more again", True, [])
    assert {one["path"]: (one["before"], one["after"]) for one in newest["changes"]} == {
        "names": ("ignore", None),
        "types.phone.max_customers": (2, 4),
    }
    assert {one["path"] for one in oldest["to_present"]} == {"names", "types.phone.max_customers"}
    back = ok(browser.post(f"{BASE}/rules/restore", {"to": 1, "version": 2, "reason": "it was right"}))
    assert (back["version"], back["body"], back["names"]) == (3, first, "ignore")
    assert browser.post(f"{BASE}/rules/restore", {"to": 1, "version": 2, "reason": "late"}).status_code == 409
    assert browser.post(f"{BASE}/rules/restore", {"to": 9, "version": 3, "reason": "what"}).status_code == 404
    assert ok(browser.post(f"{BASE}/rules/restore", {"to": 0, "version": 3, "reason": "standard"}))["body"] == {}
    marketer = found.world.signed_in(Role.MARKETER)
    assert marketer.post(f"{BASE}/rules/restore", {"to": 1, "version": 4, "reason": "no"}).status_code == 403


def test_what_a_touchpoints_evidence_may_join(found: Identified) -> None:
    ws = found.world.ws
    ws.save("touchpoint", "till", {"touchpoint": "till", "channel": "web", "title": "till"}, author="test")
    browser = found.world.signed_in(Role.ENGINEER)
    before = {one["name"]: one for one in ok(browser.get(f"{BASE}/rules"))["touchpoints"]}["till"]
    assert (before["joining"], before["version"]) == ("free", 1)
    change = {"joining": "consent", "version": 1, "reason": "other purpose"}
    after = ok(browser.put(f"{BASE}/touchpoints/till/joining", change))
    assert {one["name"]: one["joining"] for one in after["touchpoints"]}["till"] == "consent"
    saved = ws.definitions.get("touchpoint", "till")
    assert saved is not None
    assert (saved.version, saved.body["joining"], saved.reason, saved.body["title"]) == (
        2,
        "consent",
        "other purpose",
        "till",
    )
    assert browser.put(f"{BASE}/touchpoints/till/joining", change).status_code == 409
    assert browser.put(f"{BASE}/touchpoints/none/joining", change).status_code == 404
    assert browser.put(f"{BASE}/touchpoints/till/joining", change | {"joining": "perhaps"}).status_code == 422
    subjects = [entry.subject for _, entry in audit.trail(ws.state) if entry.action == "definition.save"]
    assert "touchpoint:till" in subjects
