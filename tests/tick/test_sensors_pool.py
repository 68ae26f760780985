"""What Sensors' records come to in the pool: one person, one profile, objects."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from tests.tick.conftest import World

from onepool.clock import to_micros
from onepool.collect.log import NewRecord
from onepool.identity import decisions
from onepool.identity.decisions import Side
from onepool.pool.duckdb import DuckDBEngine
from onepool.rebuild import build, content_hashes


def send(world: World, *records: dict[str, Any]) -> None:
    now = to_micros(world.clock.now()) // 1000
    filled = [{"time": now, "properties": {}, **record} for record in records]
    body = b"data_list=" + base64.b64encode(json.dumps(filled).encode())
    world.workspace.log.append([NewRecord(world.clock.now(), "shop", "sensors", b"{}", body)])


def profile(kind: str, who: str, login: bool = True, **properties: Any) -> dict[str, Any]:
    return {"type": f"profile_{kind}", "distinct_id": who, "properties": {"$is_login_id": login, **properties}}


def held(world: World) -> dict[str, str | None]:
    found = world.rows(
        """SELECT attribute, value FROM attribute_facts
        QUALIFY row_number() OVER (PARTITION BY attribute ORDER BY time DESC, seq DESC) = 1"""
    )
    return {row["attribute"]: row["value"] for row in found}


def test_profiles_are_set_added_to_appended_to_and_unset(world: World) -> None:
    send(
        world,
        profile("set", "u1", nickname="张三", level_seen="gold"),
        profile("set_once", "u1", nickname="李四", first_shop="s1"),
        profile("increment", "u1", visits=2, points_balance=5),
        profile("append", "u1", interests=["tea"]),
        profile("unset", "u1", level_seen=True),
    )
    world.settle()
    send(world, profile("increment", "u1", visits=0.5), profile("append", "u1", interests=["cake", "tea"]))
    world.settle()
    assert world.rows("SELECT rule FROM quarantine") == []
    assert held(world) == {
        "nickname": "张三",
        "first_shop": "s1",
        "visits": "2.5",
        "points_balance": "5",
        "interests": '["tea","cake"]',
        "level_seen": None,
    }
    (row,) = world.rows("SELECT nickname, points_balance, interests FROM profiles")
    assert row == {"nickname": "张三", "points_balance": 5.0, "interests": ["tea", "cake"]}


def test_counts_of_two_visitors_add_up_when_they_turn_out_to_be_one(world: World) -> None:
    send(world, profile("increment", "a1", login=False, visits=2), profile("increment", "u1", visits=3))
    world.settle()
    assert sorted(row["value"] for row in world.rows("SELECT value FROM attribute_facts")) == ["2", "3"]
    send(world, {"type": "track_signup", "event": "$SignUp", "distinct_id": "u1", "original_id": "a1"})
    world.settle()
    assert held(world)["visits"] == "5"


def test_a_decision_adds_counts_up_an_undo_parts_them_and_a_rebuild_finds_the_same(world: World) -> None:
    send(world, profile("increment", "u1", visits=2), profile("append", "u1", interests=["tea"]))
    send(world, profile("increment", "u2", visits=3), profile("unset", "u2", nickname=True))
    world.settle()
    rows = world.rows("SELECT customer_id, identifier_id FROM customer_of ORDER BY customer_id")
    one, other = (Side(row["customer_id"], (row["identifier_id"],)) for row in rows)
    made = decisions.merge(world.workspace.state, world.clock, one, other, author="test")
    world.settle()
    assert held(world)["visits"] == "5"
    built(world)
    decisions.undo(world.workspace.state, world.clock, made.id, author="test")
    world.settle()
    said = world.rows("SELECT value FROM attribute_facts WHERE attribute = 'visits' ORDER BY seq")
    assert [row["value"] for row in said] == ["2", "3"]
    built(world)


def built(world: World) -> None:
    """A pool made anew from the log is the same, byte for byte."""
    path = world.root / "again.duckdb"
    path.unlink(missing_ok=True)
    build(world.workspace, path)
    again = DuckDBEngine(path)
    try:
        assert content_hashes(again) == content_hashes(world.workspace.pool)
    finally:
        again.close()


def test_a_late_one_counts_where_it_belongs(world: World) -> None:
    send(world, profile("set", "u1", visits=10))
    world.clock.advance(timedelta(minutes=1))
    send(world, profile("increment", "u1", visits=1))
    world.settle()
    early = to_micros(world.clock.now() - timedelta(hours=1)) // 1000
    send(world, {**profile("increment", "u1", visits=7), "time": early})
    world.settle()
    assert [row["value"] for row in world.rows("SELECT value FROM attribute_facts ORDER BY time")] == ["7", "10", "11"]


def test_what_can_not_be_added_waits(world: World) -> None:
    send(
        world,
        profile("increment", "u1", visits="two"),
        profile("increment", "u1", nickname=1),
        profile("append", "u1", points_balance=["x"]),
        profile("increment", "u1", visits=1e300),
    )
    world.settle()
    assert [row["rule"] for row in world.rows("SELECT rule FROM quarantine ORDER BY seq")] == [
        *("change.add", "change.add", "change.append", "change.add")
    ]


def test_a_mini_program_visitor_is_the_one_of_the_web(world: World) -> None:
    mini = {"$identity_mp_id": "m1", "$identity_mp_wx1_openid": "o1", "$identity_login_id": "u1"}
    send(
        world,
        {"type": "track", "event": "$MPViewScreen", "distinct_id": "u1", "login_id": "u1", "identities": mini},
        {
            "type": "track",
            "event": "$pageview",
            "distinct_id": "u1",
            "properties": {"$is_login_id": True, "$title": "T"},
        },
        {"type": "track", "event": "$AppEnd", "distinct_id": "x9"},
    )
    world.settle()
    scopes = {(row["type"], row["scope"]) for row in world.rows("SELECT type, scope FROM identifiers")}
    assert ("openid", "wx1") in scopes
    assert len(world.rows("SELECT DISTINCT customer_id FROM customer_of")) == 2
    assert world.rows("SELECT event, page_title FROM events ORDER BY event, page_title NULLS FIRST") == [
        {"event": "app_closed", "page_title": None},
        {"event": "page_viewed", "page_title": None},
        {"event": "page_viewed", "page_title": "T"},
    ]


def test_items_are_objects_until_they_are_deleted(world: World) -> None:
    book = {"type": "item_set", "item_type": "book", "item_id": "b1", "properties": {"price": 3}}
    send(world, book, {**book, "item_id": "b2"})
    world.settle()
    send(world, {"type": "item_delete", "item_type": "book", "item_id": "b2"})
    world.settle()
    assert world.rows("SELECT rule FROM quarantine") == []
    found = world.rows("SELECT kind, object_id, fields IS NULL AS gone FROM objects ORDER BY object_id")
    assert found == [
        {"kind": "product", "object_id": "b1", "gone": False},
        {"kind": "product", "object_id": "b2", "gone": True},
    ]
