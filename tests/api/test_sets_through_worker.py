"""Sets, portraits, plans and snapshots over a worker's own ticks: members as the tick left them, merges included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onepool.api.app import create_app
from onepool.api.live import LiveFeed
from onepool.clock import FakeClock
from onepool.collect.log import NewRecord
from onepool.privacy.roles import Role
from onepool.tick import Worker
from onepool.workspace import init_workspace

from .conftest import NOW, World

TITLE = {"zh": "人群", "en": "Segment"}
STAGE = {
    "tag": "stage",
    "title": {"zh": "阶段", "en": "Stage"},
    "says": "behaviour",
    "kind": "state",
    "states": [{"value": "buyer", "when": {"did": "order_paid"}}],
    "otherwise": "visitor",
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[World, Worker]]:
    clock = FakeClock(NOW)
    ws = init_workspace(tmp_path / "brand", clock=clock)
    ws.save("touchpoint", "shop", {"channel": "web", "title": {"zh": "商城", "en": "Shop"}}, author="test")
    ws.save("tag", "stage", STAGE, author="test")
    feed = LiveFeed()
    worker = Worker(ws, feed.publish)
    worker.drain()
    yield World(ws, clock, feed, create_app(ws, feed, clock)), worker
    worker.close()
    ws.close()


def send(world: World, worker: Worker, *messages: dict[str, Any]) -> None:
    body = json.dumps({"batch": messages, "sentAt": world.clock.now().isoformat()}).encode()
    headers = json.dumps({"scopes": {"user_id": "shop", "anonymous_id": "shop"}, "path": "/v1/batch"}).encode()
    world.ws.log.append([NewRecord(world.clock.now(), "shop", "segment", headers, body)])
    world.clock.advance(timedelta(seconds=1))
    worker.drain()


def track(user: str, name: str, number: str) -> dict[str, Any]:
    at = (NOW - timedelta(hours=1)).isoformat()
    properties = {"order_id": number, "total": "60", "currency": "CNY"} if "Order" in name else {}
    return {
        "type": "track",
        "event": name,
        "messageId": f"m-{number}",
        "userId": user,
        "timestamp": at,
        "properties": properties,
    }


def agree(world: World, browser: Any) -> dict[str, int]:
    """What the sets say is what the pool's tables say; the sizes of the segments."""
    names = ["buyers", "visitors"]
    found = browser.post("/api/v1/segments/overlap", {"segments": names}).json()
    sizes = {one["segment"]: one["size"] for one in found["sizes"]}
    rows = world.ws.pool.query("SELECT segment, count(*) AS n FROM segment_members GROUP BY 1").to_pylist()
    assert sizes == dict.fromkeys(names, 0) | {row["segment"]: row["n"] for row in rows}
    customers = world.ws.pool.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of")["n"][0].as_py()
    assert found["customers"] == customers
    for value in ("buyer", "visitor"):
        got = browser.post("/api/v1/segments/combine", {"expression": {"tag": "stage", "value": value}}).json()["size"]
        assert (
            got
            == world.ws.pool.query(
                "SELECT count(*) AS n FROM tag_values WHERE tag = 'stage' AND value = $value", {"value": value}
            )["n"][0].as_py()
        )
    portrait = browser.get("/api/v1/segments/buyers/portrait").json()
    channel = [one for one in portrait["dimensions"] if one["kind"] == "channel"]
    assert portrait["sizes"]["base"] == customers and (not channel or channel[0]["base_known"] <= customers)
    return sizes


def test_sets_follow_the_ticks(running: tuple[World, Worker]) -> None:
    world, worker = running
    browser = world.signed_in()
    for name, condition in (("buyers", {"did": "order_paid"}), ("visitors", {"not": {"did": "order_paid"}})):
        made = browser.post("/api/v1/segments", {"name": name, "title": TITLE, "condition": condition})
        assert made.status_code == 201
    worker.drain()
    assert agree(world, browser) == {"buyers": 0, "visitors": 0}
    send(world, worker, track("u1", "Page Viewed", "1"), track("u2", "Order Completed", "2"))
    assert agree(world, browser) == {"buyers": 1, "visitors": 1}
    send(world, worker, track("u1", "Order Completed", "3"), track("u3", "Page Viewed", "4"))
    assert agree(world, browser) == {"buyers": 2, "visitors": 1}

    plan = browser.post(
        "/api/v1/segments/plan", {"name": "buyers", "condition": {"did": "order_paid", "times": {"at_least": 2}}}
    ).json()
    assert (plan["before"], plan["after"], plan["left"]) == (2, 0, 2)
    kept = browser.post("/api/v1/segments/buyers/snapshot", {"list": "kept", "title": TITLE})
    assert kept.status_code == 201
    worker.drain()

    # The two buyers turn out to be one person; what holds for both is true at once, in every number.
    phone = {"phone": "13711112222"}
    for user in ("u1", "u2"):
        send(world, worker, {"type": "identify", "messageId": f"i-{user}", "userId": user, "traits": phone})
    assert agree(world, browser) == {"buyers": 1, "visitors": 1}
    plan = browser.post(
        "/api/v1/segments/plan", {"name": "buyers", "condition": {"did": "order_paid", "times": {"at_least": 2}}}
    ).json()
    assert (plan["before"], plan["after"], plan["left"]) == (1, 1, 0)
    assert browser.post("/api/v1/segments/combine", {"expression": {"list": "kept"}}).json()["size"] == 1
    history = browser.get("/api/v1/segments/buyers/history", step="hour", days=1).json()["series"]
    assert (history[-1]["size"], history[-1]["entered"] - history[-1]["left"]) == (1, 1)

    # A new version of the definition moves everyone with the next tick.
    change = {"title": TITLE, "condition": {"did": "order_paid", "times": {"at_least": 3}}}
    assert browser.put("/api/v1/segments/buyers", change).status_code == 200
    worker.drain()
    assert agree(world, browser) == {"buyers": 0, "visitors": 1}
    assert browser.post("/api/v1/segments/combine", {"expression": {"list": "kept"}}).json()["size"] == 1


def test_who_was_on_a_list_is_shown_from_when_until_when(running: tuple[World, Worker]) -> None:
    world, worker = running
    browser = world.signed_in(Role.MARKETER)
    phones = ["13800000001", "13800000002"]
    for number, phone in enumerate(phones):
        who = {"messageId": f"p-{number}", "userId": f"past{number}", "traits": {"phone": phone}}
        send(world, worker, {"type": "identify", **who})
    assert browser.post("/api/v1/lists", {"name": "fair", "title": {"zh": "展会", "en": "Fair"}}).status_code == 201

    def put(text: str, mode: str) -> None:
        params = {"filename": "numbers.csv", "type": "phone", "mode": mode}
        browser.request("POST", "/api/v1/lists/fair/entries", content=text.encode(), params=params).raise_for_status()
        world.clock.advance(timedelta(minutes=1))
        worker.drain()

    put("\n".join(phones), "add")
    before = {one["customer_id"]: one["since"] for one in browser.get("/api/v1/lists/fair/members").json()["items"]}
    assert len(before) == 2
    assert browser.get("/api/v1/lists/fair/past").json() == {"items": [], "total": 0, "page": 1, "size": 50}
    put(phones[0], "remove")
    now = {one["customer_id"] for one in browser.get("/api/v1/lists/fair/members").json()["items"]}
    found = browser.get("/api/v1/lists/fair/past").json()
    (gone,) = found["items"]
    assert found["total"] == 1 and {gone["customer_id"]} == set(before) - now
    assert gone["since"] == before[gone["customer_id"]] <= gone["until"]
    assert gone["phone"] == "138****0001"
    # Who is put on it again is there now, not in the past alone.
    put(phones[0], "add")
    assert browser.get("/api/v1/lists/fair/past").json()["total"] == 0
