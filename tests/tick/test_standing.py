"""Consent, reach, birthdays and regions in live segments: right with every batch, at midnight, and from scratch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onepool.verify import verify

from .conftest import World

PHONE = "13912340001"


def define(world: World) -> None:
    world.define("touchpoint", "texts", channel="sms", title="texts", write_key="wk2")
    world.define(
        "touchpoint", "account", channel="wechat_oa", title="account", settings={"appid": "wx1234567890abcdef"}
    )
    conditions: dict[str, Any] = {
        "may_text": {"consent": {"purpose": "marketing", "channel": "sms"}},
        "textable": {"reachable": "sms"},
        "followers": {"reachable": {"channel": "wechat_oa", "touchpoint": "account"}},
        "birthdays": {"attribute": "birthday", "anniversary": {"in": "next 3 days"}},
        "east": {
            "any": [{"attribute": "city", "region": ["浙江", "上海"]}, {"attribute": "region_code", "region": "浙江"}]
        },
    }
    for name, condition in conditions.items():
        world.define("segment", name, title=name, condition=condition)


def inside(world: World) -> set[str]:
    return {row["segment"] for row in world.rows("SELECT segment FROM segment_members")}


def event(name: str, **properties: Any) -> dict[str, Any]:
    return {"event": name, "userId": "u1", "properties": properties}


def test_segments_follow_words_addresses_days_and_places(world: World) -> None:
    define(world)
    world.send(event("signed_in", phone=PHONE))
    world.settle()
    assert inside(world) == {"textable"}
    world.send(event("consent_granted", purpose="marketing"))
    world.settle()
    assert inside(world) == {"textable", "may_text"}
    world.send(event("opted_out", message_channel="短信"))
    world.settle()
    assert inside(world) == set(), "a name of the channel in Chinese is the channel"
    world.send(event("consent_granted", purpose="marketing", for_channel="sms"))
    world.settle()
    assert inside(world) == {"textable", "may_text"}
    dead = event("message_failed", failure_reason="bad_address", message_channel="sms")
    number = {"context": {"externalIds": [{"id": PHONE, "type": "phone", "collection": "users"}]}}
    world.send({key: value for key, value in dead.items() if key != "userId"} | number)
    world.send({"type": "identify", "userId": "u1", "traits": {"birthday": "1990-03-05", "city": "杭州市"}})
    world.settle()
    assert inside(world) == {"may_text", "east"}, "a number that does not exist is no address"
    world.clock.advance(timedelta(days=2))
    world.drain()
    assert "birthdays" in inside(world), "at midnight, with nothing coming in"
    world.clock.advance(timedelta(days=3))
    world.drain()
    assert "birthdays" not in inside(world)
    world.restart()
    assert [f"{one.check}: {one.difference}" for one in verify(world.workspace) if one.difference] == []


def test_a_new_touchpoint_opens_a_way(world: World) -> None:
    world.define("touchpoint", "texts", channel="sms", title="texts", write_key="wk2")
    world.define("segment", "textable", title="x", condition={"reachable": "sms"})
    world.define("segment", "mailable", title="x", condition={"not": {"reachable": "sms"}})
    world.send(event("signed_in", phone=PHONE))
    world.settle()
    assert inside(world) == {"textable"}
    world.workspace.definitions.delete("touchpoint", "texts", author="test")
    world.drain()
    problems = world.worker._live.catalog.problems
    assert "no touchpoint carries messages" in problems["segment:textable"]
    world.define("touchpoint", "texts", channel="sms", title="texts", write_key="wk2")
    world.settle()
    assert inside(world) == {"textable"}
