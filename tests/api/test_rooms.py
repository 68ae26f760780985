"""Home, tags, segments' figures, quarantine, standard, touchpoints."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from onepool.collect.log import NewRecord
from onepool.pool import catalog
from onepool.privacy.roles import Role

from .conftest import NOW, World


def test_home_of_a_new_workspace(empty: World) -> None:
    home = empty.signed_in().get("/api/v1/home").json()
    assert home["received"] == {"today": 0, "yesterday": 0, "total_events": 0}
    assert (home["delay_seconds"], home["applied"], home["customers"]) == (0, 0, 0)
    assert len(home["series"]) == 48 and not any(hour["accepted"] for hour in home["series"])
    assert [problem["code"] for problem in home["problems"]] == ["empty"]


def test_home(world: World) -> None:
    home = world.signed_in().get("/api/v1/home").json()
    # 03:00Z is today in Shanghai (from 16:00Z), 02:00Z of the day before was yesterday.
    assert home["received"] == {"today": 2, "yesterday": 4, "total_events": 6}
    assert (home["customers"], home["identifiers"], home["orders"], home["quarantine_open"]) == (3, 5, 3, 3)
    assert home["touchpoints"] == [
        {
            "name": "shop",
            "title": {"zh": "旗舰店", "en": "Flagship"},
            "channel": "tmall",
            "events_24h": 2,
            "quarantined_24h": 1,
            "last_at": "2026-11-19T06:00:00Z",
        }
    ]
    hours = {hour["hour"]: hour for hour in home["series"]}
    assert list(hours) == sorted(hours)
    assert hours["2026-11-20T03:00:00Z"] == {"hour": "2026-11-20T03:00:00Z", "accepted": 2, "quarantined": 1}
    assert hours["2026-11-20T04:00:00Z"]["accepted"] == 0
    assert {problem["code"] for problem in home["problems"]} >= {"quarantine-share", "quarantine-open"}


@pytest.mark.parametrize(("minutes", "severity"), [(0, None), (2, "warning"), (20, "error")])
def test_home_says_how_late(world: World, minutes: int, severity: str | None) -> None:
    offset = world.ws.log.append([NewRecord(NOW, "shop", "segment", b"{}", b"{}")])[0]
    world.clock.advance(timedelta(minutes=minutes))
    home = world.signed_in().get("/api/v1/home").json()
    assert (home["log_end"], home["applied"], home["delay_seconds"]) == (offset, 0, minutes * 60)
    assert next((p["severity"] for p in home["problems"] if p["code"] == "late"), None) == severity


def test_tags(world: World) -> None:
    browser = world.signed_in()
    tags = browser.get("/api/v1/tags").json()
    assert tags["customers"] == 3
    assert [(row["name"], row["coverage"], row["values"], row["kind"]) for row in tags["items"]] == [
        ("buyer", 2, 2, "metric")
    ]
    tag = browser.get("/api/v1/tags/buyer").json()
    assert tag["distribution"] == [
        {"value": "high", "title": None, "count": 1, "share": 0.5},
        {"value": "low", "title": None, "count": 1, "share": 0.5},
    ]
    assert tag["spread"]["median"] == 62.75
    assert (tag["coverage"], tag["total"], tag["version"]) == (2, 3, 1)
    assert browser.get("/api/v1/tags/none").json()["code"] == "tag-unknown"


def test_list_tags_count_every_value(world: World) -> None:
    with world.ws.pool.read() as session:
        assert catalog.tag_distribution(session, "likes") == [("母婴", 1), ("童装", 1)]
        assert catalog.tag_values(session) == {"buyer": ["high", "low"], "likes": ["母婴", "童装"]}


def test_quarantine(world: World) -> None:
    browser = world.signed_in()
    page = browser.get("/api/v1/quarantine", size=2).json()
    assert (len(page["items"]), page["total"]) == (2, 3)
    assert page["by_rule"][0] == {"rule": "type.money", "field": "amount", "touchpoint": "shop", "count": 2}
    assert browser.get("/api/v1/quarantine", rule="time.future").json()["total"] == 1
    assert browser.get("/api/v1/quarantine", touchpoint="other").json()["total"] == 0
    one = browser.get(f"/api/v1/quarantine/{page['items'][0]['id']}").json()
    assert json.loads(one["sample"]) == {"phone": "137****2222", "note": "mail a***@c.com", "amount": "abc"}
    assert browser.get("/api/v1/quarantine/12345").status_code == 404
    assert browser.get("/api/v1/quarantine/x").status_code == 422


def test_replay(world: World) -> None:
    browser = world.signed_in(Role.ENGINEER)
    end = world.ws.log.end()
    answer = browser.post("/api/v1/quarantine/replay", {"rule": "type.money"}).json()
    assert answer == {"replayed": 2, "offset": end + 1, "first": end + 1}
    record = world.ws.log.get([end + 1])[0]
    assert (record.protocol, json.loads(record.body)) == ("replay", [[7, 0], [7, 1]])
    some = browser.post("/api/v1/quarantine/replay", {"ids": [str((7 << 20) + 2), "999"]}).json()
    assert some["replayed"] == 1
    none = browser.post("/api/v1/quarantine/replay", {"rule": "no.such"}).json()
    assert none == {"replayed": 0, "offset": None, "first": None}
    for wrong in ({}, {"rule": "a", "ids": ["1"]}, {"ids": ["x"]}, {"ids": ["1; DROP"]}):
        assert browser.post("/api/v1/quarantine/replay", wrong).status_code == 422


def test_standard(empty: World) -> None:
    standard = empty.signed_in().get("/api/v1/standard").json()
    assert len(standard["version"]) == 64
    paid = next(event for event in standard["events"] if event["name"] == "order_paid")
    assert paid["title"] == {"zh": "支付订单", "en": "Order paid"}
    order_id = next(field for field in paid["fields"] if field["name"] == "order_id")
    assert order_id["required"] and order_id["personal"] is None
    phone = next(attribute for attribute in standard["attributes"] if attribute["name"] == "phone")
    assert phone["personal"] == "contact"
    assert {kind["name"] for kind in standard["objects"]} >= {"order", "product", "store"}
    assert next(kind for kind in standard["identifiers"] if kind["name"] == "device")["strength"] == "weak"


def test_touchpoints_and_their_keys(world: World) -> None:
    key = world.ws.touchpoints()["shop"].write_key
    assert key
    for role in Role:
        touchpoint = world.signed_in(role).get("/api/v1/touchpoints").json()["items"][0]
        assert touchpoint["write_key"] == (key if role in (Role.ENGINEER, Role.ADMIN) else None)
        assert touchpoint["channel_title"] == {"zh": "天猫", "en": "Tmall"}


def test_workspace_facts_in_the_session(empty: World) -> None:
    session = empty.signed_in(Role.MARKETER).get("/api/v1/session").json()
    assert session["workspace"]["time_zone"] == "Asia/Shanghai"
    assert session["language"] == "zh-CN"
    assert "segments.write" in session["user"]["permissions"]
    assert "query.run" not in session["user"]["permissions"]
