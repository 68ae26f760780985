"""Review and decisions over HTTP: by value, one of two at once, each item for itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from onepool.identity import decisions
from onepool.identity.decisions import Side
from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.state import schema

from .conftest import Browser, World
from .identified import LI, WEI, Identified, fill

BASE = "/api/v1/identity"
BOTH = Side(1, (1, 2, 3)), Side(4, (4, 5))


@pytest.fixture
def found(empty: World) -> Identified:
    return fill(empty)


def ok(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    assert WEI not in answer.text
    assert LI not in answer.text
    return answer.json()


def test_conflicts(found: Identified) -> None:
    body = ok(found.world.signed_in(Role.MARKETER).get(f"{BASE}/conflicts"))
    (one,) = body["items"]
    assert (one["link_id"], one["reason"], one["detail"], one["value"]) == (
        found.conflict,
        "limit",
        "unionid@wx-open",
        "150.5000",
    )
    assert (one["a"]["value"], one["customer_a"]["customer_id"], one["customer_b"]["phone"]) == ("uA", 1, "137****4444")
    assert "UnionID" in one["text"]["zh"]
    assert ok(found.world.signed_in_again(Role.MARKETER).get(f"{BASE}/conflicts", reason="name"))["items"] == []


def test_queue(found: Identified) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    body = ok(browser.get(f"{BASE}/review"))
    assert [item["id"] for item in body["items"]] == [f"candidate:{found.candidate}", f"conflict:{found.conflict}"]
    item = body["items"][0]
    assert (item["probability"], item["a"]["name"], item["why"][0]["a"]) == (0.91, "张伟", "张伟")
    assert item["a"]["spend"] == "120.50"
    assert len(item["a"]["identifiers"]) == 3
    assert ok(browser.get(f"{BASE}/review", kind="conflict"))["total"] == 1
    assert ok(browser.get(f"{BASE}/review", kind="candidate"))["total"] == 1
    assert ok(browser.get(f"{BASE}/review", status="never"))["total"] == 0


def decide(browser: Browser, *items: tuple[str, str]) -> Any:
    body = {"items": [{"id": one, "decision": what} for one, what in items], "reason": "known in the shop"}
    return ok(browser.post(f"{BASE}/review/decide", body))


def test_decide_a_proposal(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    body = decide(browser, (f"candidate:{found.candidate}", "merge"), (f"conflict:{found.conflict}", "later"))
    (made,) = body["decisions"]
    assert (made["kind"], made["a"]["identifier_id"], made["b"]["identifier_id"]) == ("merge", 1, 4)
    assert (made["author"], made["reason"], made["applied"]) == (
        "user:approver@brand.test",
        "known in the shop",
        False,
    )
    assert body["conflicts"] == []
    assert ok(browser.get(f"{BASE}/review", kind="candidate"))["total"] == 0
    merged = ok(browser.get(f"{BASE}/review", kind="candidate", status="merged"))
    assert merged["total"] == 1


def test_decide_a_conflict(found: Identified) -> None:
    browser = found.world.signed_in(Role.PRIVACY)
    body = decide(browser, (f"conflict:{found.conflict}", "never"))
    (made,) = body["decisions"]
    assert (made["kind"], made["a"]["identifier_id"], made["b"]["identifier_id"]) == ("never", 2, 5)
    # What is between the same customers is settled with it.
    assert ok(browser.get(f"{BASE}/review"))["items"] == []
    found.written.mark(found.conflict, "conflict", "never")
    never = ok(browser.get(f"{BASE}/review", status="never"))
    assert [(item["id"], item["status"]) for item in never["items"]] == [
        (f"candidate:{found.candidate}", "never"),
        (f"conflict:{found.conflict}", "never"),
    ]


def test_two_reviewers_at_once(found: Identified) -> None:
    first, second = found.world.signed_in(Role.APPROVER), found.world.signed_in(Role.PRIVACY)
    decide(first, (f"candidate:{found.candidate}", "never"))
    body = decide(second, (f"candidate:{found.candidate}", "merge"), ("conflict:999", "never"))
    assert body["decisions"] == []
    assert [(one["id"], one["code"]) for one in body["conflicts"]] == [
        (f"candidate:{found.candidate}", "decided-meanwhile"),
        ("conflict:999", "review-gone"),
    ]
    assert "user:approver@brand.test said that they are never to be one" in body["conflicts"][0]["problem"]
    assert ok(second.get(f"{BASE}/decisions"))["total"] == 1


def test_marketers_may_look_but_not_decide(found: Identified) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    ok(browser.get(f"{BASE}/review"))
    body = {"items": [{"id": "conflict:1", "decision": "merge"}]}
    assert browser.post(f"{BASE}/review/decide", body).status_code == 403
    assert browser.post(f"{BASE}/decisions", {"kind": "block", "identifier": 1}).status_code == 403


def test_merge_and_undo(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    made = browser.post(f"{BASE}/decisions", {"kind": "merge", "a": 1, "b": 4, "reason": "twin accounts"})
    assert made.status_code == 201
    again = browser.post(f"{BASE}/decisions", {"kind": "never", "a": 4, "b": 1})
    assert (again.status_code, again.json()["code"]) == (409, "decided-meanwhile")
    assert again.json()["detail"].startswith("user:approver@brand.test merged them")
    number = made.json()["id"]
    undone = ok(browser.post(f"{BASE}/decisions/{number}/undo", {"reason": "not them"}))
    assert (undone["kind"], undone["undoes"]) == ("undo", number)
    assert browser.post(f"{BASE}/decisions/{number}/undo", {}).status_code == 409
    assert browser.post(f"{BASE}/decisions/77/undo", {}).status_code == 404
    listed = ok(browser.get(f"{BASE}/decisions", customer_id=4))
    assert [(one["id"], one["undone_by"]) for one in listed["items"]] == [(undone["id"], None), (number, undone["id"])]
    assert ok(browser.get(f"{BASE}/decisions", customer_id=6))["items"] == []


def test_overrule_knowingly(found: Identified) -> None:
    before = decisions.never(found.written.state, found.world.clock, *BOTH, author="user:a@b.test")
    browser = found.world.signed_in(Role.APPROVER)
    made = ok(browser.post(f"{BASE}/decisions", {"kind": "merge", "a": 1, "b": 4, "seen": before.id}))
    kept = decisions.get(found.written.state, made["id"])
    assert kept is not None
    assert kept.over == (before.id,)


def test_split(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    body = {"kind": "split", "customer_id": 1, "identifiers": [2], "reason": "his wife's"}
    made = ok(browser.post(f"{BASE}/decisions", body))
    assert (made["a"]["identifier_id"], made["b"]["identifier_id"]) == (2, 1)
    assert [one["identifier_id"] for one in made["identifiers"]] == [2]
    kept = decisions.get(found.written.state, made["id"])
    assert kept is not None
    assert kept.pairs == ((1, 2),)
    for wrong in ([5], [1, 2, 3]):
        answer = browser.post(f"{BASE}/decisions", {**body, "identifiers": wrong})
        assert (answer.status_code, answer.json()["where"]) == (422, "identifiers")


def test_block(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    made = ok(browser.post(f"{BASE}/decisions", {"kind": "block", "identifier": 6, "reason": "counter"}))
    assert made["a"]["value"] == "counter"
    assert browser.post(f"{BASE}/decisions", {"kind": "block", "identifier": 66}).status_code == 404
    assert browser.post(f"{BASE}/decisions", {"kind": "merge", "a": 1, "b": 6}).json()["code"] == "no-anchor"
    assert browser.post(f"{BASE}/decisions", {"kind": "merge", "a": 1, "b": 99}).json()["code"] == "customer-unknown"


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"kind": "merge", "a": 1, "b": 4}, ("merge", 1, 4, (), ((1, 2), (4, 5)), None)),
        ({"kind": "never", "a": 1, "b": 4}, ("never", 1, 4, (), (), None)),
        ({"kind": "split", "customer_id": 1, "identifiers": [3]}, ("split", None, 1, (3,), ((1, 3),), None)),
        ({"kind": "block", "identifier": 6}, ("block", 6, None, (), (), None)),
        ({"kind": "undo", "decision": 12}, ("undo", None, None, (), (), 12)),
    ],
)
def test_preview(found: Identified, change: dict[str, Any], asked: tuple[Any, ...]) -> None:
    browser = found.world.signed_in(Role.MARKETER)
    body = ok(browser.post(f"{BASE}/preview", {"change": change, "segments": ["vip"]}))
    assert found.desk.segments == ["vip"]
    (got,) = found.desk.asked
    assert (got.kind, got.a, got.b, got.part, got.pairs, got.decision) == asked
    assert [one["customer_id"] for one in body["customers_before"]] == [1, 4]
    assert body["customers_before"][0]["name"] == "张伟"
    assert [len(one["identifiers"]) for one in body["customers_after"]] == [4]
    assert body["segments"][0]["leaving"] == 1
    assert "UnionID" in body["warnings"][0]["text"]["en"]
    assert body["seen"] == 0


def test_what_is_put_off_is_out_of_the_queue_until_its_day(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    candidate, conflict = f"candidate:{found.candidate}", f"conflict:{found.conflict}"
    until = (found.world.clock.now() + timedelta(days=2)).isoformat()
    body = {"items": [{"id": candidate, "decision": "later"}], "until": until, "reason": "ask the shop"}
    answer = ok(browser.post(f"{BASE}/review/decide", body))
    assert (answer["decisions"], answer["conflicts"]) == ([], [])
    assert datetime.fromisoformat(answer["until"]) == datetime.fromisoformat(until)
    assert [item["id"] for item in ok(browser.get(f"{BASE}/review"))["items"]] == [conflict]
    (item,) = ok(browser.get(f"{BASE}/review", status="later"))["items"]
    assert (item["id"], item["later"]["reason"]) == (candidate, "ask the shop")
    assert item["later"]["author"] == "user:approver@brand.test"
    found.world.clock.advance(timedelta(days=2))
    back = ok(found.world.signed_in_again(Role.APPROVER).get(f"{BASE}/review"))["items"]
    assert [item["id"] for item in back] == [candidate, conflict]
    assert back[0]["later"] is None


def test_new_evidence_brings_back_what_was_put_off(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    items = [f"candidate:{found.candidate}", f"conflict:{found.conflict}"]
    decide(browser, *((one, "later") for one in items))
    assert ok(browser.get(f"{BASE}/review"))["total"] == 0
    with found.world.ws.state.write() as connection:
        connection.execute(update(schema.links).where(schema.links.c.id == found.conflict).values(count=2))
    assert [item["id"] for item in ok(browser.get(f"{BASE}/review"))["items"]] == [items[1]]
    with found.world.ws.state.write() as connection:
        connection.execute(update(schema.candidates).values(probability=0.95))
    assert ok(browser.get(f"{BASE}/review"))["total"] == 2
    assert ok(browser.get(f"{BASE}/review", status="later"))["total"] == 0


def test_what_was_put_off_can_be_brought_back(found: Identified) -> None:
    browser = found.world.signed_in(Role.APPROVER)
    item = f"candidate:{found.candidate}"
    decide(browser, (item, "later"))
    assert ok(browser.get(f"{BASE}/review", kind="candidate"))["total"] == 0
    decide(browser, (item, "resume"))
    assert ok(browser.get(f"{BASE}/review", kind="candidate"))["total"] == 1
    actions = [entry.detail for _, entry in audit.trail(found.world.ws.state) if entry.action == "identity.postpone"]
    assert [one["until"] is None for one in actions] == [True, False]
    past = {"items": [{"id": item, "decision": "later"}], "until": "2020-01-01T00:00:00Z"}
    assert browser.post(f"{BASE}/review/decide", past).status_code == 422


def test_conflicts_of_the_same_two_customers_stand_in_the_queue_once(found: Identified) -> None:
    """Four links between two customers are one question: it is asked once, and put off and settled as one."""
    with found.world.ws.state.read() as connection:
        a, b = connection.execute(
            select(schema.links.c.a, schema.links.c.b).where(schema.links.c.id == found.conflict)
        ).one()
    further = [found.written.link(b, a, "conflict", "name", day=4 + day) for day in range(3)]
    browser = found.world.signed_in(Role.APPROVER)
    asked = ok(browser.get(f"{BASE}/review", kind="conflict"))
    assert (asked["total"], [item["id"] for item in asked["items"]]) == (1, [f"conflict:{found.conflict}"])
    assert ok(browser.get(f"{BASE}/conflicts"))["total"] == 4
    decide(browser, (f"conflict:{found.conflict}", "later"))
    assert ok(browser.get(f"{BASE}/review", kind="conflict"))["total"] == 0
    assert ok(browser.get(f"{BASE}/review", kind="conflict", status="later"))["total"] == 1
    decide(browser, (f"conflict:{further[2]}", "resume"))
    assert ok(browser.get(f"{BASE}/review", kind="conflict"))["total"] == 1
    # What comes after it was put off is new, and is asked.
    decide(browser, (f"conflict:{found.conflict}", "later"))
    found.written.link(a, b, "conflict", "size", day=9)
    assert ok(browser.get(f"{BASE}/review", kind="conflict"))["total"] == 1
    decide(browser, (f"conflict:{found.conflict}", "never"))
    assert ok(browser.get(f"{BASE}/review", kind="conflict"))["total"] == 0
