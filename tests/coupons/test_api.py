"""Batches over HTTP: stock at a glance, codes in clear only for those who may use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.api.conftest import World, empty, quick_hashes, world  # noqa: F401

from onepool.clock import to_micros
from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.reach import coupons

PATH = "/api/v1/coupons"
BODY: dict[str, Any] = {
    "coupon": "C1", "face": {"amount": 20, "min_spend": 99}, "valid": {"for": "30 days"},
    "codes": {"generated": {"prefix": "CT"}}, "stock": 100, "touchpoints": ["shop"],
}  # fmt: skip


@pytest.fixture
def made(world: World) -> World:  # noqa: F811
    answer = world.signed_in(Role.MARKETER).post(PATH, {"definition": BODY})
    assert answer.status_code == 201, answer.text
    return world


def test_a_batch_from_draft_to_retired(made: World) -> None:
    browser = made.signed_in_again(Role.MARKETER)
    row = browser.get(PATH).json()["items"][0]
    assert (row["name"], row["codes"], row["figures"]["left"], row["face"]["currency"]) == (
        "C1",
        "generated",
        100,
        "CNY",
    )
    assert not row["figures"]["low"]
    assert (
        browser.put(f"{PATH}/C1", {"definition": {**BODY, "stock": 50}, "version": 1}).json()["figures"]["left"] == 50
    )
    assert browser.put(f"{PATH}/C1", {"definition": BODY, "version": 1}).json()["code"] == "coupon-changed"
    wrong = browser.post(f"{PATH}/check", {"definition": {**BODY, "touchpoints": ["shp"]}}).json()
    assert wrong["problems"] == [
        {"place": "touchpoints[0]", "message": "没有触点 shp / there is no touchpoint shp", "suggestion": "shop"}
    ]
    assert browser.post(PATH, {"definition": {"coupon": "C2", "face": {}}}).json()["problems"][0]["place"] == "face"
    made.ws.definitions.save(
        "journey", "j", {"journey": "j", "nodes": {"a": {"do": "issue_coupon", "batch": "C1"}}}, author="t"
    )
    assert browser.delete(f"{PATH}/C1").json()["code"] == "coupon-in-use"
    made.ws.definitions.delete("journey", "j", author="t")
    assert browser.delete(f"{PATH}/C1").status_code == 204
    assert len(browser.get(f"{PATH}/C1/versions").json()["items"]) == 3


def test_codes_are_made_listed_exported_and_voided(made: World) -> None:
    marketer, approver = made.signed_in_again(Role.MARKETER), made.signed_in(Role.APPROVER)
    assert marketer.post(f"{PATH}/C1/generate", {"count": 500}).json()["made"] == 100
    with made.ws.state.write() as connection:
        keys = np.arange(95)
        coupons.issue(connection, "C1", keys, keys, keys, to_micros(made.clock.now()))
    figures = marketer.get(f"{PATH}/C1").json()["figures"]
    assert (figures["issued"], figures["left"], figures["low"]) == (95, 5, True)
    first = marketer.get(f"{PATH}/C1/codes", status="issued", limit=60).json()
    assert first["masked"] and "****" in first["items"][0]["code"] and len(first["items"]) == 60
    rest = marketer.get(f"{PATH}/C1/codes", status="issued", limit=60, after=first["next"]).json()
    assert len(rest["items"]) == 35 and rest["next"] is None
    clear = approver.get(f"{PATH}/C1/codes", customer_id="7").json()
    assert not clear["masked"] and clear["items"][0]["code"].startswith("CT") and clear["items"][0]["run_id"] == "7"
    assert (clear["items"][0]["customer_id"], clear["items"][0]["name"]) == ("7", None)
    assert marketer.get(f"{PATH}/C1/codes", customer_id="1").json()["items"][0]["name"] == "张伟"
    assert marketer.get(f"{PATH}/C1/codes.csv").status_code == 403
    lines = approver.get(f"{PATH}/C1/codes.csv").text.splitlines()
    assert len(lines) == 101 and clear["items"][0]["code"] in "\n".join(lines)
    assert any(entry.action == "export" for _, entry in audit.trail(made.ws.state))
    code = clear["items"][0]["code"]
    assert marketer.post(f"{PATH}/C1/void", {"codes": [code], "reason": "leaked"}).json()["voided"] == 1
    assert marketer.post(f"{PATH}/C1/void", {"free": True, "reason": "season over"}).json()["figures"]["void"] == 6
    assert marketer.post(f"{PATH}/C1/void", {"reason": "nothing"}).status_code == 422
    moved = marketer.put(f"{PATH}/C1", {"definition": {**BODY, "codes": {"uploaded": True}}})
    assert moved.status_code == 409, "a batch with codes keeps where they come from"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_of_codes_is_taken_in(world: World, encoding: str) -> None:  # noqa: F811
    browser = world.signed_in(Role.MARKETER)
    browser.post(PATH, {"definition": {**BODY, "codes": {"uploaded": True}, "stock": None}})
    text = "券码,备注\nAAA111,一\nBBB222,二\nAAA111,又\nbad code,三\n".encode(encoding)
    answer = browser.request("POST", f"{PATH}/C1/codes", content=text)
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["added"], told["duplicates"], told["refused"], told["figures"]["left"]) == (2, 1, 1, 2)
    again = browser.request("POST", f"{PATH}/C1/codes", content=b"AAA111\nCCC333\n").json()
    assert (again["added"], again["duplicates"]) == (1, 1)
    assert browser.request("POST", f"{PATH}/C1/generate", json={"count": 1}).json()["code"] == "coupon-codes"
