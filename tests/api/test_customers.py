"""Finding customers, one customer's page, timeline and orders, and what is hidden of them."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from onepool.privacy import audit
from onepool.privacy.roles import Role

from .conftest import World
from .people import EMAIL, PHONE, T0, event, put


def ids(answer: Any) -> list[int]:
    return [item["customer_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("text", "expected", "how"),
    [
        ("", [1, 3, 5], "all"),
        ("13711112222", [1], "identifier"),
        (" 137-1111-2222 ", [1], "identifier"),
        ("+86 137 1111 2222", [1], "identifier"),
        ("Zhang.Wei@Example.com", [1], "identifier"),
        ("oABC", [3], "identifier"),
        ("M-4", [3], "identifier"),
        ("3", [3], "customer_id"),
        ("4", [3], "customer_id"),
        ("张", [1, 3], "name"),
        ("小丽", [3], "name"),
        ("%", [], "name"),
        ("' OR 1=1 --", [], "name"),
        ("13799999999", [], "name"),
    ],
)
def test_search(world: World, text: str, expected: list[int], how: str) -> None:
    answer = world.signed_in().get("/api/v1/customers", q=text)
    assert ids(answer) == expected
    assert answer.json()["total"] == len(expected)
    assert answer.json()["matched_by"] == how


def test_filters(world: World) -> None:
    browser = world.signed_in()
    assert ids(browser.get("/api/v1/customers", segment="vip")) == [1]
    assert ids(browser.get("/api/v1/customers", segment="nothing")) == []
    assert ids(browser.get("/api/v1/customers", tag="buyer")) == [1, 3]
    assert ids(browser.get("/api/v1/customers", tag="buyer", tag_value="low")) == [3]
    assert ids(browser.get("/api/v1/customers", tag="likes", tag_value="童装")) == [1]
    assert ids(browser.get("/api/v1/customers", q="张", tag="buyer", tag_value="high")) == [1]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-last_seen", [1, 3, 5]),
        ("last_seen", [5, 3, 1]),
        ("-spend", [1, 3, 5]),
        ("spend", [3, 5, 1]),
        ("-orders", [1, 3, 5]),
        ("customer_id", [1, 3, 5]),
    ],
)
def test_sorting_and_paging(world: World, sort: str, expected: list[int]) -> None:
    browser = world.signed_in()
    assert ids(browser.get("/api/v1/customers", sort=sort)) == expected
    pages = [ids(browser.get("/api/v1/customers", sort=sort, size=1, page=page)) for page in (1, 2, 3, 4)]
    assert pages == [[expected[0]], [expected[1]], [expected[2]], []]


def test_row(world: World) -> None:
    row = world.signed_in().get("/api/v1/customers", q=EMAIL).json()["items"][0]
    assert (row["name"], row["phone"], row["email"]) == ("张伟", "137****2222", "z***@example.com")
    # 120.50 - 20 in CNY; the order in USD counts as an order and not as money.
    assert (row["orders"], row["spend"], row["currency"]) == (2, "100.50", "CNY")
    assert row["tags"] == {"buyer": "high", "likes": "母婴"}
    assert row["attributes"]["city"] == "上海"
    assert row["attributes"]["phone"] == "137****2222"


def test_page(world: World) -> None:
    page = world.signed_in().get("/api/v1/customers/1").json()
    assert page["customer_id"] == 1 and page["alias_of"] is None and page["name"] == "张伟"
    attributes = {item["attribute"]: item for item in page["attributes"]}
    assert attributes["name"]["value"] == "张伟", "the latest fact wins"
    assert attributes["name"]["title"] == {"zh": "姓名", "en": "Name"}
    assert (attributes["phone"]["value"], attributes["phone"]["masked"]) == ("137****2222", True)
    assert {(item["type"], item["value"]) for item in page["identifiers"]} == {
        ("phone", "137****2222"),
        ("email", "z***@example.com"),
    }
    assert page["identifiers"][0]["touchpoints"] == ["shop"]
    assert page["segments"] == [
        {"segment": "vip", "title": {"zh": "vip", "en": "vip"}, "since": "2026-11-19T02:00:00Z"}
    ]
    assert {item["tag"]: item["list"] for item in page["tags"]} == {"buyer": None, "likes": ["母婴", "童装"]}
    summary = page["summary"]
    assert (summary["orders"], summary["spend"], summary["events"]) == (2, "100.50", 4)
    assert summary["other_currencies"] == {"USD": "9.99"}
    assert page["channels"] == ["tmall"]
    assert page["events"] == ["order_paid", "page_viewed", "product_viewed"]


def test_merged_number_resolves(world: World) -> None:
    browser = world.signed_in()
    page = browser.get("/api/v1/customers/4").json()
    assert (page["customer_id"], page["alias_of"]) == (3, 3)
    assert browser.get("/api/v1/customers/4/timeline").json() == browser.get("/api/v1/customers/3/timeline").json()
    for path in ("", "/timeline", "/orders"):
        assert browser.get(f"/api/v1/customers/77{path}").json()["code"] == "customer-unknown"


def test_timeline(world: World) -> None:
    browser = world.signed_in()
    items = browser.get("/api/v1/customers/1/timeline").json()["items"]
    assert [item["event_id"][-2:] for item in items] == ["13", "12", "11", "10"]
    paid = items[2]
    assert (paid["event"], paid["title"]["zh"], paid["amount"], paid["order_id"]) == (
        "order_paid",
        "支付订单",
        "120.50",
        "O-1",
    )
    assert paid["identifier"] == {"type": "email", "scope": "", "value": "z***@example.com"}
    assert paid["fields"]["receiver_phone"] == "137****2222"
    note = browser.get("/api/v1/customers/3/timeline").json()["items"][0]["fields"]["note"]
    assert note == "call 137****2222 or a***@c.com"
    assert browser.get("/api/v1/customers/5/timeline").json()["items"][0]["title"] == {
        "zh": "my_own_event",
        "en": "my_own_event",
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_timeline_pages_meet_without_gap_or_overlap(world: World, limit: int) -> None:
    browser = world.signed_in()
    seen: list[str] = []
    before: dict[str, str] = {}
    while True:
        page = browser.get("/api/v1/customers/1/timeline", limit=limit, **before).json()
        seen += [item["event_id"][-2:] for item in page["items"]]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert seen == ["13", "12", "11", "10"]


def test_timeline_filters(world: World) -> None:
    browser = world.signed_in()
    assert len(browser.get("/api/v1/customers/1/timeline", event="product_viewed").json()["items"]) == 2
    assert browser.get("/api/v1/customers/1/timeline", channel="wecom").json() == {"items": [], "next": None}
    assert browser.get("/api/v1/customers/1/timeline", before="1; DROP").json()["code"] == "invalid-request"


def test_late_event_lands_at_its_time(world: World) -> None:
    with world.ws.pool.write() as session:
        put(session, "events", event(99, 2, "page_viewed", T0.replace(minute=30)))
    items = world.signed_in().get("/api/v1/customers/1/timeline").json()["items"]
    assert [item["event_id"][-2:] for item in items] == ["13", "12", "11", "99", "10"]


def test_orders(world: World) -> None:
    answer = world.signed_in().get("/api/v1/customers/1/orders").json()
    assert [item["order_id"] for item in answer["items"]] == ["O-2", "O-1"]
    assert answer["total"] == 2
    assert answer["items"][1]["refunded_amount"] == "20.00"


def test_names_by_role(world: World) -> None:
    for role in Role:
        row = world.signed_in(role).get("/api/v1/customers", q="张伟").json()["items"][0]
        shown = "张伟" if role not in (Role.ANALYST, Role.ENGINEER) else "张**"
        assert (row["name"], row["attributes"]["name"]) == (shown, shown), role


def test_nothing_in_clear_on_any_page(world: World) -> None:
    browser = world.signed_in()
    for path in (
        "/api/v1/customers",
        "/api/v1/customers/1",
        "/api/v1/customers/1/timeline",
        "/api/v1/customers/3/timeline",
        "/api/v1/quarantine",
        f"/api/v1/quarantine/{7 << 20}",
    ):
        text = browser.get(path).text
        assert not re.search(r"1371111222|zhang\.wei@|a\.b@c", text), path


def test_reveal(world: World) -> None:
    browser = world.signed_in(Role.PRIVACY)
    assert browser.post("/api/v1/customers/1/reveal", {"reason": ""}).status_code == 422
    answer = browser.post("/api/v1/customers/1/reveal", {"reason": "request of the data subject"}).json()
    values = {(item["kind"], item["name"]): item["value"] for item in answer["values"]}
    assert values[("identifier", "phone")] == PHONE
    assert values[("attribute", "email")] == EMAIL
    assert values[("attribute", "name")] == "张伟"


def test_a_copy_is_for_those_who_may_see_values_in_clear_and_give_a_reason(world: World) -> None:
    privacy = world.signed_in(Role.PRIVACY)
    path = "/api/v1/customers/1/copy"
    assert privacy.post(path, {"reason": ""}).status_code == 422
    assert world.signed_in(Role.MARKETER).post(path, {"reason": "curious"}).status_code == 403
    assert privacy.post("/api/v1/customers/999999/copy", {"reason": "asked by letter"}).status_code == 404
    answer = privacy.post(path, {"reason": "asked by letter", "format": "csv"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert 'filename="customer-1.zip"' in answer.headers["content-disposition"]
    copy = zipfile.ZipFile(io.BytesIO(answer.content))
    assert PHONE in copy.read("identifiers.csv").decode()
    noted = [one for _, one in audit.trail(world.ws.state) if one.action == "customer.copy"]
    assert [(one.subject, one.detail["reason"]) for one in noted] == [("customer:1", "asked by letter")]
