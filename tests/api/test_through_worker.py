"""From a request of a sender to the console: log, worker, API together."""

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
from onepool.tick import LiveEvent, Worker
from onepool.workspace import init_workspace

from .conftest import NOW, World


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[World, Worker, list[Any]]]:
    clock = FakeClock(NOW)
    ws = init_workspace(tmp_path / "brand", clock=clock)
    ws.save("touchpoint", "shop", {"channel": "web", "title": {"zh": "商城", "en": "Shop"}}, author="test")
    feed, told = LiveFeed(), list[Any]()

    def publish(event: LiveEvent) -> None:
        told.append(event)
        feed.publish(event)

    worker = Worker(ws, publish)
    worker.drain()
    yield World(ws, clock, feed, create_app(ws, feed, clock)), worker, told
    worker.close()
    ws.close()


def send(world: World, *messages: dict[str, Any]) -> None:
    body = json.dumps({"batch": messages, "sentAt": NOW.isoformat()}).encode()
    headers = json.dumps({"scopes": {"user_id": "shop", "anonymous_id": "shop"}, "path": "/v1/batch"}).encode()
    world.ws.log.append([NewRecord(world.clock.now(), "shop", "segment", headers, body)])


def paid(user: str, order: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m-{order}",
        "userId": user,
        "timestamp": (NOW - timedelta(hours=1)).isoformat(),
        "properties": {"order_id": order, "total": amount, "currency": "CNY", **more},
    }


def identify(user: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": f"i-{user}", "userId": user, "traits": traits}


def test_story(running: tuple[World, Worker, list[Any]]) -> None:
    world, worker, told = running
    browser = world.signed_in()
    vip = {
        "name": "vip",
        "title": {"zh": "大客户", "en": "Big spenders"},
        "condition": {"did": "order_paid", "sum": {"of": "amount", "at_least": 100}, "within": {"last": "30 days"}},
    }
    assert browser.post("/api/v1/segments", vip).status_code == 201
    worker.drain()
    send(world, identify("u1", name="李雷", phone="13711112222"), paid("u1", "O-1", "60.00"))
    send(world, paid("u2", "O-2", "not a number"))
    worker.drain()
    found = browser.get("/api/v1/customers", q="137 1111 2222").json()
    assert [row["name"] for row in found["items"]] == ["李雷"]
    customer = found["items"][0]["customer_id"]
    assert (found["items"][0]["orders"], found["items"][0]["spend"]) == (1, "60.00")
    assert browser.get("/api/v1/segments/vip").json()["size"] == 0

    send(world, paid("u1", "O-3", "55.50"))
    worker.drain()
    assert browser.get("/api/v1/segments/vip").json()["size"] == 1
    assert (customer, "vip", "enter") in [change for event in told for change in event.changes]
    members = browser.get("/api/v1/segments/vip/members").json()["items"]
    assert [member["phone"] for member in members] == ["137****2222"]
    why = browser.get(f"/api/v1/customers/{customer}/segments/vip/why").json()
    assert why.get("member"), why
    assert why["reason"]["figure"] == "115.5" and len(why["reason"]["event_ids"]) == 2
    timeline = browser.get(f"/api/v1/customers/{customer}/timeline").json()["items"]
    assert sorted(item["order_id"] for item in timeline if item["event"] == "order_paid") == ["O-1", "O-3"]
    assert browser.get(f"/api/v1/customers/{customer}/orders").json()["total"] == 2
    preview = browser.post("/api/v1/conditions/preview", {"condition": vip["condition"]}).json()
    assert (preview["size"], preview["sample"][0]["customer_id"]) == (1, customer)

    home = browser.get("/api/v1/home").json()
    assert home["delay_seconds"] == 0 and home["applied"] == home["log_end"]
    assert home["quarantine_open"] == 1 and home["segments"][0]["size"] == 1
    waiting = browser.get("/api/v1/quarantine").json()["items"][0]
    assert "not a number" in browser.get(f"/api/v1/quarantine/{waiting['id']}").json()["sample"]
    replayed = browser.post("/api/v1/quarantine/replay", {"ids": [waiting["id"]]}).json()
    worker.drain()
    assert replayed["replayed"] == 1 and world.ws.applied() == replayed["offset"]
    outcome = browser.get(f"/api/v1/quarantine/replays/{replayed['first']}/{replayed['offset']}").json()
    assert (outcome["done"], outcome["tried"], outcome["accepted"]) == (True, 1, 0)
    assert [(one["rule"], one["count"]) for one in outcome["waiting"]] == [(waiting["rule"], 1)]
    again = browser.get("/api/v1/quarantine").json()["items"]
    assert [item["attempts"] for item in again] == [2]

    world.clock.advance(timedelta(days=31))
    worker.drain()
    assert world.signed_in_again().get("/api/v1/segments/vip").json()["size"] == 0
    answer = world.signed_in_again().post("/api/v1/query", {"sql": "SELECT segment, change FROM segment_changes"})
    assert answer.json()["rows"] == [["vip", "enter"], ["vip", "exit"]]
    assert browser.delete("/api/v1/segments/vip").status_code == 401
