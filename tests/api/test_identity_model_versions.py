"""Versions of the model over HTTP: each is seen, two are compared, an earlier one comes back in force."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from onepool.privacy import audit
from onepool.privacy.roles import Role

from .conftest import World
from .identified import Identified, fill
from .test_identity import BASE, MODEL, ok

BODY: dict[str, Any] = {"model": "customers", **MODEL}


@pytest.fixture
def found(empty: World) -> Identified:
    """Version 1 was learned; in 2 the thresholds moved; in 3 it was fitted on a file, with another weight."""
    made = fill(empty)
    ws = made.world.ws
    model = {
        **BODY,
        "comparisons": [{"spec": {"name": "phone", "levels": ["same", "different"]}, "weights": [19.8, -3.0]}],
    }
    ws.save("model", "customers", model, author="onepool", reason="learned anew")
    line = {"join": 0.97, "review": 0.6, "auto": True}
    ws.save("identity", "rules", {"identity": "rules", "names": "ignore", "likelihood": line}, author="user:mei@b.test")
    other = deepcopy(model)
    other["comparisons"][0]["weights"] = [12.0, -3.0]
    other["report"]["rules"] = [{"rule": "email", "pairs": 10, "recall": 0.5}]
    ws.save("model", "customers", other, author="user:mei@b.test", reason="identity fit")
    return made


def test_versions_are_listed(found: Identified) -> None:
    items = ok(found.world.signed_in(Role.MARKETER).get(f"{BASE}/model/versions"))["items"]
    assert [(one["version"], one["cause"], one["weights"], one["current"]) for one in items] == [
        (3, "fitted", 2, True),
        (2, "thresholds", 1, False),
        (1, "learned", 1, False),
    ]
    assert [(one["join"], one["auto"]) for one in items] == [(0.97, True), (0.97, True), (0.995, False)]
    assert items[1]["hash"] == items[2]["hash"] != items[0]["hash"]
    assert {one["records"] for one in items} == {1200}


def test_an_earlier_version_is_seen(found: Identified) -> None:
    browser = found.world.signed_in()
    body = ok(browser.get(f"{BASE}/model", version=1))
    assert (body["model"]["version"], body["model"]["author"], body["versions"]) == (1, "onepool", [3, 2, 1])
    assert body["model"]["thresholds"] == {"join": 0.995, "review": 0.7}
    assert body["settings"]["join"] == 0.97
    assert ok(browser.get(f"{BASE}/model"))["model"]["version"] == 3
    assert browser.get(f"{BASE}/model", version=4).status_code == 404


def test_two_are_compared(found: Identified) -> None:
    browser = found.world.signed_in()
    body = ok(browser.get(f"{BASE}/model/difference", before=1, after=3))
    assert found.desk.asked == [(1, 3, False, [])]
    assert body["weights"] == [
        {
            "comparison": "phone",
            "title": {"zh": "手机号", "en": "Phone"},
            "level": "same",
            "before": 19.8,
            "after": 12.0,
        }
    ]
    assert (body["blocking_added"], body["blocking_removed"]) == (["email"], ["phone"])
    assert (body["before"]["join"], body["after"]["join"]) == (0.995, 0.97)
    (pair,) = body["pairs"]
    assert (pair["before"], pair["after"], pair["a"]["value"]) == ("join", "review", "137****2222")
    assert browser.get(f"{BASE}/model/difference", before=1, after=9).status_code == 404


def test_going_back_is_tried_first(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    body = ok(browser.post(f"{BASE}/model/restore/preview", {"to": 1, "segments": ["vip"]}))
    assert found.desk.asked == [(3, 1, True, ["vip"])]
    assert (body["split"], body["identifiers_moved"]) == (1, 2)
    assert [(one["segment"], one["before"], one["after"]) for one in body["segments"]] == [("vip", 3, 3)]
    assert ok(browser.get(f"{BASE}/model"))["versions"] == [3, 2, 1]


def test_an_earlier_version_comes_back_in_force(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    back = {"to": 1, "version": 3, "reason": "too many wrong joins"}
    assert browser.post(f"{BASE}/model/restore", {**back, "version": 2}).status_code == 409
    made = ok(browser.post(f"{BASE}/model/restore", back))
    # Weights and thresholds are one version, whichever definition holds them.
    assert (made["version"], made["cause"], made["restored"], made["reason"]) == (4, "restored", 1, back["reason"])
    assert (made["join"], made["review"], made["auto"]) == (0.995, 0.7, False)
    assert found.desk.learned is False
    body = ok(browser.get(f"{BASE}/model"))
    assert (body["model"]["version"], body["versions"]) == (4, [4, 3, 2, 1])
    assert body["settings"] == {"join": 0.995, "review": 0.7, "auto": False}
    # What else the rules say stays.
    assert ok(browser.get(f"{BASE}/rules"))["names"] == "ignore"
    told = [one for _, one in audit.trail(found.world.ws.state) if one.action == "identity.model.restore"]
    assert [one.detail for one in told] == [{"to": 1, "version": 4}]
    # Going back to what is in force changes nothing.
    assert ok(browser.post(f"{BASE}/model/restore", {**back, "to": 4, "version": 4}))["version"] == 4
    assert browser.post(f"{BASE}/model/restore", {**back, "to": 9, "version": 4}).status_code == 404


def test_only_who_may_change_rules_goes_back_and_never_into_a_run(found: Identified) -> None:
    back = {"to": 1, "version": 3, "reason": "too many wrong joins"}
    marketer = found.world.signed_in(Role.MARKETER)
    assert marketer.post(f"{BASE}/model/restore", back).status_code == 403
    assert marketer.post(f"{BASE}/model/restore/preview", {"to": 1}).status_code == 403
    found.desk.running = True
    answer = found.world.signed_in(Role.ENGINEER).post(f"{BASE}/model/restore", back)
    assert answer.status_code == 409


def test_the_model_in_force_is_applied_without_learning(found: Identified) -> None:
    browser = found.world.signed_in(Role.ENGINEER)
    assert browser.request("POST", f"{BASE}/model/fit?learn=false").status_code == 202
    assert found.desk.learned is False
    assert browser.post(f"{BASE}/model/fit", {}).status_code == 202
    assert found.desk.learned is True
