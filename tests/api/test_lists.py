"""Lists over HTTP, and the names and regions that conditions may use."""

from __future__ import annotations

from typing import Any

import pytest

from onepool.privacy import audit
from onepool.privacy.roles import Role
from onepool.tick import Worker

from .conftest import Browser, World

PHONE = "13800000001"


def made(browser: Browser, name: str = "vip") -> None:
    answer = browser.post("/api/v1/lists", {"name": name, "title": {"zh": "贵宾", "en": "VIP"}})
    assert answer.status_code == 201, answer.text


def put(browser: Browser, text: str, name: str = "vip", **params: Any) -> Any:
    return browser.request(
        "POST", f"/api/v1/lists/{name}/entries", content=text.encode(), params={"filename": "numbers.csv", **params}
    )


def test_a_list_from_making_to_deleting(empty: World) -> None:
    browser = empty.signed_in(Role.MARKETER)
    made(browser)
    assert (
        browser.post("/api/v1/lists", {"name": "vip", "title": {"zh": "x", "en": "x"}}).json()["code"] == "list-exists"
    )
    checked = put(browser, f"手机号\n{PHONE}\n{PHONE}\n138****0000\n", check=True).json()
    assert browser.get("/api/v1/lists/vip").json()["changes"] == []
    answer = put(browser, f"手机号\n{PHONE}\n{PHONE}\n138****0000\n")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found == checked
    refusals = found.pop("refusals")
    assert found == {
        "mode": "add", "type": "phone", "column": "手机号", "read": 3, "entries": 1, "matched": 0, "unmatched": 1,
        "duplicates": 1, "refused": 1,
    }  # fmt: skip
    assert [(one["row"], one["value"]) for one in refusals] == [(4, "138****0000")]
    detail = browser.get("/api/v1/lists/vip").json()
    (change,) = detail["changes"]
    assert (change["mode"], change["source"], change["author"], change["entries"]) == (
        "add", "numbers.csv", "user:marketer@brand.test", 1,
    )  # fmt: skip
    actions = [entry.action for _, entry in audit.trail(empty.ws.state)]
    assert "list.upload" in actions and PHONE not in str(list(audit.trail(empty.ws.state)))
    segment = {"name": "vips", "title": {"zh": "v", "en": "v"}, "condition": {"not": {"list": "vip"}}}
    assert browser.post("/api/v1/segments", segment).status_code == 201
    assert browser.get("/api/v1/lists").json()["items"][0]["used_by"] == ["segment:vips"]
    refused = browser.delete("/api/v1/lists/vip")
    assert (refused.status_code, refused.json()["code"]) == (409, "list-in-use")
    assert browser.delete("/api/v1/segments/vips").status_code == 204
    assert browser.delete("/api/v1/lists/vip").status_code == 204
    assert browser.get("/api/v1/lists/vip").status_code == 404


def test_members_and_unmatched_are_masked(empty: World) -> None:
    empty.ws.close()
    worker = Worker(empty.ws)
    try:
        empty.app.state.workspace = empty.ws
        browser = empty.signed_in(Role.MARKETER)
        made(browser)
        put(browser, f"{PHONE}\n13800000002", type="phone")
        worker.drain()
        found = browser.get("/api/v1/lists/vip/unmatched").json()
        assert (found["total"], [one["value"] for one in found["items"]]) == (2, ["138****0001", "138****0002"])
        assert browser.get("/api/v1/lists/vip/unmatched", page=2, size=1).json()["items"][0]["value"] == "138****0002"
        assert browser.get("/api/v1/lists/vip/members").json() == {"items": [], "total": 0, "page": 1, "size": 50}
        detail = browser.get("/api/v1/lists/vip").json()
        assert (detail["size"], detail["entries"], detail["unmatched"]) == (0, 2, 2)
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("text", "params", "code"),
    [
        ("x", {"type": "phone"}, "list-empty"),
        ("", {"type": "phone"}, "list-file"),
        (PHONE, {}, "list-type"),
        (PHONE, {"type": "member_no"}, "list-scope"),
        (PHONE, {"type": "phone", "column": "mobile"}, "list-column"),
    ],
)
def test_problems_say_what_to_do(empty: World, text: str, params: dict[str, str], code: str) -> None:
    browser = empty.signed_in(Role.MARKETER)
    made(browser)
    answer = put(browser, text, **params)
    assert (answer.status_code // 100, answer.json()["code"]) == (4, code), answer.text


def test_whole_files_may_be_large_and_other_bodies_not(empty: World) -> None:
    browser = empty.signed_in(Role.MARKETER)
    made(browser)
    text = "\n".join(str(13_000_000_000 + number) for number in range(300_000))
    assert len(text) > 2 * 1024 * 1024
    assert put(browser, text, type="phone", check=True).json()["read"] == 300_000
    assert browser.request("POST", "/api/v1/lists", content=text.encode()).status_code == 413


def test_names_of_conditions_have_lists_purposes_channels_and_provinces(empty: World) -> None:
    browser = empty.signed_in(Role.MARKETER)
    made(browser)
    empty.ws.save("touchpoint", "oa", {"touchpoint": "oa", "channel": "wechat_oa", "title": "OA"}, author="test")
    names = browser.get("/api/v1/conditions/names").json()
    assert [one["name"] for one in names["lists"]] == ["vip"]
    assert names["purposes"][0]["name"] == "marketing"
    assert [(one["name"], [at["name"] for at in one["touchpoints"]]) for one in names["reach_channels"]] == [
        ("wechat_oa", ["oa"])
    ]
    assert "sms" in {one["name"] for one in names["consent_channels"]}
    assert len(names["regions"]) == 34 and names["regions"][0]["code"] == "110000"


def test_regions_by_parent_words_and_codes(empty: World) -> None:
    browser = empty.signed_in(Role.MARKETER)

    def codes(**params: str) -> list[str]:
        found = browser.get("/api/v1/conditions/regions", **params).json()["items"]
        return [one["code"] for one in found]

    assert len(codes()) == 34
    assert codes(parent="浙江")[0] == "330100"
    assert "330106" in codes(parent="330100")
    assert codes(q="西湖区")[:2] == ["330106", "360103"]
    assert codes(codes="杭州,310115,火星") == ["330100", "310115"]
    (one,) = browser.get("/api/v1/conditions/regions", codes="330106").json()["items"]
    assert (one["full_name"], one["parent"], one["level"], one["children"]) == (
        "浙江省杭州市西湖区",
        "330100",
        3,
        False,
    )
    assert browser.get("/api/v1/conditions/regions", parent="火星").json()["code"] == "region-unknown"
