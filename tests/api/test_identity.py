"""OneID over HTTP: overview, graph, explanation, rules, the model."""

from __future__ import annotations

from typing import Any

import pytest

from onepool.api.app import create_app
from onepool.identity import decisions
from onepool.identity.decisions import Side
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
    # Nobody's contact leaves in clear.
    assert WEI not in answer.text
    assert LI not in answer.text
    return answer.json()


def test_overview(found: Identified) -> None:
    body = ok(found.world.signed_in(Role.MARKETER).get(f"{BASE}/overview", days=7))
    assert (body["customers"], body["identifiers"], body["linked"], body["anonymous"]) == (3, 6, 2, 1)
    phone = next(one for one in body["by_type"] if one["type"] == "phone")
    assert (phone["class"], phone["title"]["zh"], phone["customers"]) == ("strong", "手机号", 2)
    assert phone["touchpoints"] == [{"touchpoint": "shop", "identifiers": 2}]
    assert body["conflicts"] == {"open": 1, "by_reason": [{"reason": "limit", "count": 1}]}
    assert body["links"]["void"] == 2
    assert body["candidates"]["open"] == 1
    assert [(one["customer_id"], one["name"], one["identifiers"]) for one in body["largest"]] == [
        (1, "张伟", 3),
        (4, "张玮", 2),
    ]
    assert len(body["changes"]) == 7
    assert [one["day"] for one in body["joined"]] == [one["day"] for one in body["changes"]]
    assert body["joined"][-1] == {"day": body["changes"][-1]["day"], "customers": 3, "joined": 2}


def test_names_are_for_those_who_may(found: Identified) -> None:
    body = ok(found.world.signed_in(Role.ANALYST).get(f"{BASE}/overview"))
    assert body["largest"][0]["name"] == "张**"


def test_graph(found: Identified) -> None:
    body = ok(found.world.signed_in(Role.MARKETER).get(f"{BASE}/customers/2/graph"))
    assert body["customer_id"] == 1
    nodes = {node["identifier_id"]: node for node in body["nodes"]}
    assert {number: node["role"] for number, node in nodes.items()} == {
        1: "member",
        2: "member",
        3: "member",
        5: "neighbour",
        6: "void",
    }
    assert (nodes[1]["value"], nodes[1]["class"], nodes[2]["value"]) == ("137****2222", "strong", "uA")
    link = next(one for one in body["links"] if one["link_id"] == found.conflict)
    assert (link["a"], link["b"], link["status"], link["reason"]) == (2, 5, "conflict", "limit:unionid@wx-open")
    assert link["first_event"].startswith("00000000-")
    assert not body["truncated"]
    answer = found.world.signed_in_again(Role.MARKETER).get(f"{BASE}/customers/99/graph")
    assert (answer.status_code, answer.json()["code"]) == (404, "customer-unknown")


def test_rulings_in_the_graph(found: Identified) -> None:
    one, other = Side(1, (1, 2, 3)), Side(4, (4, 5))
    made = decisions.never(found.written.state, found.world.clock, one, other, author="user:a@b.test")
    body = ok(found.world.signed_in().get(f"{BASE}/customers/1/graph"))
    assert body["never"] == [{"a": 1, "b": 4, "decision": made.id}]
    assert body["merged"] == []


@pytest.mark.parametrize("a", ["phone:13711112222", "手机号:+86 137 1111 2222", "customer:1", "1", "identifier:1"])
def test_explain_one_customer(found: Identified, a: str) -> None:
    body = ok(found.world.signed_in().post(f"{BASE}/explain", {"a": a, "b": "unionid@wx-open:uA"}))
    assert body["together"]
    assert (body["a"]["identifier"]["value"], body["b"]["customer_id"]) == ("137****2222", 1)
    (step,) = body["path"]
    assert (step["source"]["identifier_id"], step["target"]["identifier_id"]) == (1, 2)
    assert step["link"]["touchpoint"] == "shop"
    assert "旗舰店" in step["text"]["zh"] or "shop" in step["text"]["zh"]


def test_explain_two_customers(found: Identified) -> None:
    body = ok(found.world.signed_in().post(f"{BASE}/explain", {"a": "customer:1", "b": "customer:4"}))
    assert not body["together"]
    assert [(one["code"], one["link"] and one["link"]["link_id"]) for one in body["reasons"][:1]] == [
        ("limit", found.conflict)
    ]
    codes = {one["code"]: one for one in body["reasons"]}
    assert codes["void"]["identifier"]["value"] == "counter"
    assert codes["candidate"]["probability"] == 0.91
    assert codes["candidate"]["why"][1] == {
        "comparison": "phone",
        "title": {"zh": "手机号", "en": "Phone"},
        "level": "same last four",
        "weight": 4.25,
        "a": "137****2222",
        "b": "137****4444",
    }
    assert body["rules_version"] is None


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("phone:13799999999", 404, "identifier-unknown"),
        ("customer:77", 404, "identifier-unknown"),
        ("something", 422, "identifier-form"),
        ("customer:anna", 422, "identifier-form"),
        ("phome:13711112222", 422, "identifier-type-unknown"),
        ("unionid:uX", 422, "identifier-ambiguous"),
    ],
)
def test_explain_what_nobody_is_known_under(found: Identified, asked: str, status: int, code: str) -> None:
    for scope in ("wx1", "wx2"):
        found.written.identifier("unionid", "uX", scope=scope)
    answer = found.world.signed_in().post(f"{BASE}/explain", {"a": asked, "b": "customer:1"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_rules_and_their_history(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    body = ok(browser.get(f"{BASE}/rules"))
    assert (body["version"], body["body"], body["names"]) == (0, {}, "veto")
    phone = next(one for one in body["types"] if one["type"] == "phone")
    assert (phone["class"], phone["verified"], phone["identifiers"], phone["overridden"]) == ("strong", False, 2, [])
    assert body["touchpoints"] == [
        {"name": "shop", "title": {"zh": "旗舰店", "en": "Flagship"}, "version": 1, "joining": "free"}
    ]
    change = {"types": {"phone": {"max_customers": 2, "class": "weak"}}, "max_identifiers": 100}
    saved = ok(browser.put(f"{BASE}/rules", {"body": change, "version": 0, "reason": "family phones"}))
    phone = next(one for one in saved["types"] if one["type"] == "phone")
    assert (phone["class"], phone["max_customers"], phone["overridden"]) == ("weak", 2, ["class", "max_customers"])
    assert (saved["version"], saved["max_identifiers"]) == (1, 100)
    again = browser.put(f"{BASE}/rules", {"body": {}, "version": 0, "reason": "did not look"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    (_, entry), *_ = audit.trail(found.written.state)
    assert (entry.action, entry.subject) == ("definition.save", "identity:rules")


def test_rules_that_make_no_sense(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    wrong = {"body": {"types": {"horoscope": {"priority": 1}}}, "version": 0, "reason": "because"}
    answer = browser.put(f"{BASE}/rules", wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "identity-rules")
    assert "horoscope" in answer.json()["detail"]
    preview = ok(browser.post(f"{BASE}/rules/preview", {"body": {"names": "perhaps"}}))
    assert preview["problems"]
    assert found.desk.asked == []


def test_rules_are_previewed(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    body = ok(browser.post(f"{BASE}/rules/preview", {"body": {"names": "ignore"}, "segments": ["vip"]}))
    assert found.desk.asked == [({"names": "ignore"}, ["vip"])]
    assert (body["customers_before"], body["customers_after"], body["problems"]) == (2, 1, [])
    assert body["largest"] == [{"customer_id": 1, "identifiers": 4}]
    assert [[one["identifier_id"] for one in some] for some in body["samples"][0]["before"]] == [[1, 2, 3], [4]]


def test_no_model_yet(found: Identified) -> None:
    body = ok(found.world.signed_in().get(f"{BASE}/model"))
    assert body["model"] is None
    assert body["settings"] == {"join": 0.995, "review": 0.7, "auto": False}
    assert body["last_run"]["joined"] == 12
    assert body["run"]["state"] == "done"


MODEL = {
    "version": 1,
    "prior": 0.0001,
    "forest": None,
    "report": {
        "records": 1200,
        "expected_matches": 310.5,
        "blocking_recall": 0.93,
        "comparisons": [
            {
                "name": "phone",
                "kind": "phone",
                "missing": 40,
                "levels": [{"name": "same", "m": 0.9, "u": 1e-6, "weight": 19.8, "pairs": 300, "matches": 299.0}],
            }
        ],
        "rules": [{"rule": "phone", "pairs": 320, "recall": 0.8}],
        "thresholds": [{"threshold": 0.9, "pairs": 300, "precision": 0.99, "recall": 0.92}],
        "weights": [{"bits": 12, "pairs": 4, "matches": 3.0}],
    },
}


def test_model(found: Identified) -> None:
    found.world.ws.definitions.save("model", "customers", MODEL, author="user:a@b.test")
    body = ok(found.world.signed_in().get(f"{BASE}/model"))
    model = body["model"]
    assert (model["version"], model["records"], model["method"], body["versions"]) == (1, 1200, "weights", [1])
    assert model["comparisons"][0]["title"] == {"zh": "手机号", "en": "Phone"}
    assert model["comparisons"][0]["levels"][0]["weight"] == 19.8
    assert model["histogram"] == [{"weight": 12.0, "pairs": 4, "probability": 0.75}]
    assert model["thresholds"] == {"join": 0.995, "review": 0.7}
    assert model["curve"][0]["recall"] == 0.92


def test_pairs_near_a_threshold(found: Identified) -> None:
    found.written.candidate(2, 4, 0.72, detail="[]")
    browser = found.world.signed_in()
    nearest = ok(browser.get(f"{BASE}/model/pairs", near="review", size=1))
    assert (nearest["total"], nearest["items"][0]["probability"]) == (2, 0.72)
    assert ok(browser.get(f"{BASE}/model/pairs", near="join"))["items"][0]["probability"] == 0.91


def test_matching_runs_in_the_background(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    answer = browser.post(f"{BASE}/model/fit", {})
    assert (answer.status_code, answer.json()["state"], answer.json()["progress"]) == (202, "running", 0.25)
    assert ok(browser.get(f"{BASE}/model/run"))["state"] == "done"


def test_thresholds(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    assert ok(browser.post(f"{BASE}/model/preview", {"join": 0.9, "review": 0.5}))["pairs_joined"] == 12
    change = {"join": 0.97, "review": 0.6, "auto": True, "reason": "measured on labels"}
    body = ok(browser.put(f"{BASE}/model/thresholds", change))
    assert body["settings"] == {"join": 0.97, "review": 0.6, "auto": True}
    assert ok(browser.get(f"{BASE}/rules"))["likelihood"]["join"] == 0.97
    answer = browser.put(f"{BASE}/model/thresholds", {**change, "review": 0.99})
    assert answer.status_code == 422


def test_without_a_worker_nothing_is_previewed(found: Identified) -> None:
    world = found.world
    world.app = create_app(world.ws, world.feed, world.clock)
    browser = world.signed_in()
    answer = browser.post(f"{BASE}/preview", {"change": {"kind": "merge", "a": 1, "b": 4}})
    assert (answer.status_code, answer.json()["code"]) == (503, "no-worker")
    assert ok(browser.get(f"{BASE}/customers/1/graph"))["customer_id"] == 1


def test_a_workspace_without_own_rules_has_no_versions_of_them(empty: World) -> None:
    assert empty.signed_in().get("/api/v1/identity/rules/versions").json() == {"items": []}
