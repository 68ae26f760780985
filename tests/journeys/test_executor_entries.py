"""All the ways in: segments, schedules, one-offs, dates, the API; at what pace, in which group."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from tests.journeys.test_tick import publish, rows
from tests.journeys.test_world import customer
from tests.tick.conftest import World

from onepool.clock import to_micros
from onepool.identity import decisions
from onepool.journeys import store
from onepool.journeys.states import RunState
from onepool.journeys.store import JourneyError
from onepool.state.journeys import journey_audiences, journey_requests, journey_states, runs

SECOND = 1_000_000


def waiting(name: str, entry: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A journey in which everybody who entered waits for long."""
    nodes = {"stay": {"do": "wait", "for": "10 days", "next": "over"}, "over": {"do": "end", "as": "completed"}}
    return {"journey": name, "entry": entry, "max_life": "30 days", "start": "stay", "nodes": nodes, **more}


def people(world: World, count: int, **traits: Any) -> None:
    for number in range(count):
        said = {name: value[number] if isinstance(value, list) else value for name, value in traits.items()}
        world.send({"type": "identify", "userId": f"u{number}", "traits": {"city": "上海", **said}, "event": None})
    world.settle()


def inside(world: World, journey: str = "") -> list[dict[str, Any]]:
    versions = {}
    with world.workspace.state.read() as connection:
        for one in store.states(connection).values():
            versions |= {found.version_id: found.journey for found in store.versions(connection, one.journey)}
    return [row for row in rows(world, runs) if journey in ("", versions[row["version_id"]])]


def test_a_one_off_is_frozen_at_its_start_and_let_in_at_its_rate(world: World) -> None:
    people(world, 10)
    who = {"attribute": "city", "is": "上海"}
    publish(world, waiting("once", {"one_off": {"who": who}, "rate": {"per_second": 2}}))
    world.clock.advance(timedelta(seconds=1))
    world.drain()
    some = len(inside(world))
    assert 1 <= some <= 4
    # Who comes later is not in it.
    world.send({"type": "identify", "userId": "late", "traits": {"city": "上海"}, "event": None})
    for _ in range(8):
        world.settle()
    assert len(inside(world)) == 10
    [audience] = rows(world, journey_audiences)
    assert (audience["total"], audience["taken"], audience["done"]) == (10, 10, True)
    times = sorted(row["entered"] for row in inside(world))
    assert times[-1] - times[0] >= 3 * SECOND
    assert rows(world, journey_states)[0]["next_at"] is None


def test_a_day_takes_as_many_as_it_may(world: World) -> None:
    publish(world, waiting("few", {"did": "cart_added", "rate": {"per_day": 2}}))
    world.settle()
    for number in range(5):
        world.send({"event": "cart_added", "userId": f"u{number}", "properties": {"product_id": "P"}})
    world.settle()
    assert [row["state"] for row in inside(world)].count(RunState.WAIT_TIME) == 2
    held = sorted(row["due"] for row in inside(world) if row["state"] == RunState.HELD)
    shanghai = to_micros(datetime(2026, 3, 1, 16, 0, tzinfo=UTC))
    assert held == [shanghai, shanghai, shanghai + 24 * 3600 * SECOND]
    world.clock.set(datetime(2026, 3, 1, 16, 0, 1, tzinfo=UTC))
    world.drain()
    assert [row["state"] for row in inside(world)].count(RunState.WAIT_TIME) == 4


def test_a_schedule_starts_each_time_with_who_is_in_it_then(world: World) -> None:
    people(world, 3)
    publish(
        world,
        waiting(
            "daily",
            {
                "schedule": "0 13 * * *",
                "who": {"attribute": "city", "is": "上海"},
                "reentry": {"when": "always", "parallel": 9},
            },
        ),
    )
    world.settle()
    assert inside(world) == []
    # One o'clock in Shanghai.
    world.clock.set(datetime(2026, 3, 1, 5, 0, 1, tzinfo=UTC))
    world.drain()
    assert [row["entered"] for row in inside(world)] == [to_micros(datetime(2026, 3, 1, 5, 0, tzinfo=UTC))] * 3
    people(world, 4)
    world.clock.set(datetime(2026, 3, 2, 5, 0, 1, tzinfo=UTC))
    world.drain()
    assert len(inside(world)) == 7
    assert rows(world, journey_states)[0]["next_at"] == to_micros(datetime(2026, 3, 3, 5, 0, tzinfo=UTC))


def test_birthdays_begin_at_everybodys_own_clock(world: World) -> None:
    zones = ["Asia/Shanghai", "America/New_York", "Asia/Shanghai"]
    people(world, 3, birthday=["1990-03-09", "1991-03-09", "1990-03-10"], time_zone=zones)
    entry = {"date": "birthday", "offset": "-7 days", "time": "10:00", "every": "year"}
    publish(world, waiting("birthday", entry, zone={"from": "attribute.time_zone"}))
    for hour in range(0, 60, 3):
        world.clock.set(datetime(2026, 3, 1, 5, 0, tzinfo=UTC) + timedelta(hours=hour))
        world.drain()
    found = sorted(row["entered"] for row in inside(world))
    assert found == [
        to_micros(datetime(2026, 3, 2, 2, 0, tzinfo=UTC)),  # ten o'clock in Shanghai
        to_micros(datetime(2026, 3, 2, 15, 0, tzinfo=UTC)),  # ten o'clock in New York
        to_micros(datetime(2026, 3, 3, 2, 0, tzinfo=UTC)),
    ]


def test_of_two_who_became_one_before_their_birthday_one_is_let_in(world: World) -> None:
    """A profile goes with whom it is of: the pool names nobody for a day who went up in another one."""
    people(world, 3, birthday="1990-03-02")
    publish(world, waiting("birthday", {"date": "birthday", "time": "10:00", "every": "year"}))
    world.settle()
    ids = {name: customer(world, name) for name in ("u0", "u1", "u2")}
    sides = []
    for name in ("u1", "u2"):
        found = world.rows("SELECT identifier_id FROM customer_of WHERE customer_id = $c", c=ids[name])
        sides.append(decisions.Side(ids[name], tuple(row["identifier_id"] for row in found)))
    decisions.merge(world.workspace.state, world.clock, *sides, author="test")
    world.settle()
    world.clock.set(datetime(2026, 3, 2, 3, 0, tzinfo=UTC))
    world.drain()
    here = {customer(world, name) for name in ("u0", "u1", "u2")}
    assert len(here) == 2
    assert sorted(row["customer_id"] for row in inside(world)) == sorted(here)
    assert world.value("SELECT count(*) FROM profiles") == 2


def test_who_is_in_a_segment_already_enters_where_the_entry_says_so(world: World) -> None:
    world.define("segment", "locals", title="locals", condition={"attribute": "city", "is": "上海"})
    people(world, 2)
    world.clock.advance(timedelta(seconds=1))
    publish(world, waiting("all_of_them", {"segment_enter": "locals", "backfill": True}))
    publish(world, waiting("new_ones", {"segment_enter": "locals"}))
    world.settle()
    assert (len(inside(world, "all_of_them")), len(inside(world, "new_ones"))) == (2, 0)
    people(world, 3)
    world.settle()
    assert (len(inside(world, "all_of_them")), len(inside(world, "new_ones"))) == (3, 1)


def test_entries_over_the_api_carry_their_fields(world: World) -> None:
    people(world, 1)
    entry = {"api": True, "fields": {"order": "text", "sum": "number"}, "key": "$trigger.order"}
    publish(world, waiting("asked", entry | {"reentry": {"when": "always", "parallel": 3}}))
    [who] = world.rows("SELECT DISTINCT customer_id FROM customer_of")
    for order in ("A", "A", "B"):
        store.enter(
            world.workspace, world.clock, "asked", customer_id=who["customer_id"], fields={"order": order, "sum": 5},
            author="shop",
        )  # fmt: skip
    world.settle()
    assert sorted((row["key"], json.loads(row["trigger"])) for row in inside(world)) == [
        ("A", {"order": "A", "sum": "5"}),
        ("B", {"order": "B", "sum": "5"}),
    ]
    refused = world.rows("SELECT edge FROM journey_steps WHERE node = -1 AND edge LIKE 'refused%'")
    assert refused == [{"edge": "refused:reentry"}]


def test_a_request_that_cannot_be_read_holds_up_nobody(world: World) -> None:
    """Fields of callers may be called like ours, and what can't be read is left out alone."""
    people(world, 1)
    publish(world, waiting("asked", {"api": True, "fields": {"at": "time", "left": "text"}}))
    [who] = world.rows("SELECT DISTINCT customer_id FROM customer_of")
    with world.workspace.state.write() as connection:
        for kind, said in (("move", '{"to": "x"}'), ("resume", '{"left": [1]}'), ("stop_run", "{")):
            connection.execute(
                insert(journey_requests).values(
                    at=to_micros(world.clock.now()), journey="asked", kind=kind, key="", fields=said, author="t"
                )
            )  # fmt: skip
    fields = {"at": "2026-12-01T10:00:00+08:00", "left": "yes"}
    store.enter(world.workspace, world.clock, "asked", customer_id=who["customer_id"], fields=fields, author="shop")
    world.settle()
    assert [json.loads(row["trigger"]) for row in inside(world)] == [fields]
    for value in (float("nan"), "\ud800"):
        with pytest.raises(JourneyError, match="JSON"):
            store.enter(world.workspace, world.clock, "asked", who["customer_id"], fields={"at": value}, author="shop")


def test_two_events_of_one_batch_cannot_both_pass(world: World) -> None:
    publish(world, waiting("first", {"did": "cart_added", "reentry": {"when": "after_exit"}}, group="one_at_a_time"))
    publish(world, waiting("second", {"did": "product_viewed"}, group="one_at_a_time"))
    world.settle()
    seen = {"event": "product_viewed", "userId": "u1", "properties": {"product_id": "P"}}
    added = {"event": "cart_added", "userId": "u1", "properties": {"product_id": "P"}}
    world.send(added, added, seen)
    world.settle()
    assert (len(inside(world, "first")), len(inside(world, "second"))) == (1, 0)
    refused = sorted(row["edge"] for row in world.rows("SELECT edge FROM journey_steps WHERE edge LIKE 'refused%'"))
    assert refused == ["refused:group", "refused:reentry"]


def test_a_merge_leaves_one_run_of_a_journey(world: World) -> None:
    publish(world, waiting("one", {"did": "cart_added", "reentry": {"when": "after_exit"}}))
    world.settle()
    world.send({"event": "cart_added", "userId": "u1", "properties": {"product_id": "P"}})
    world.settle()
    world.send({"event": "cart_added", "anonymousId": "a1", "properties": {"product_id": "P"}})
    world.settle()
    before = {row["customer_id"] for row in inside(world)}
    world.send({"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": {}, "event": None})
    world.settle()
    owners = {row["customer_id"] for row in world.rows("SELECT DISTINCT customer_id FROM customer_of")}
    assert len(before) == 2 and len(owners) == 1
    found = sorted((row["state"], row["reason"], row["customer_id"]) for row in inside(world))
    [owner] = owners
    assert found == [(RunState.WAIT_TIME, None, owner), (RunState.ENDED, "merged", owner)]


def test_each_person_of_an_audience_has_one_turn_whoever_was_merged_and_split(world: World) -> None:
    users = [f"u{number}" for number in range(9)]
    people(world, len(users), city=["杭州", *["上海"] * 8])
    entry = {"one_off": {"who": {"attribute": "city", "is": "上海"}}, "rate": {"per_second": 1}}
    publish(world, waiting("once", entry | {"reentry": {"when": "always", "parallel": 9}}))
    world.settle()
    ids = {user: customer(world, user) for user in users}
    known = world.rows("SELECT customer_id, array_agg(identifier_id) AS ids FROM customer_of GROUP BY 1")
    sides = {row["customer_id"]: decisions.Side(row["customer_id"], tuple(row["ids"])) for row in known}
    state, clock = world.workspace.state, world.clock
    [entered] = {row["customer_id"] for row in inside(world)}
    waits = [ids[user] for user in users[1:] if ids[user] != entered]
    # One who was let in and one who waits go up in somebody who is no member: that person had a turn.
    for one in (entered, waits[-1]):
        decisions.merge(state, clock, sides[ids["u0"]], sides[one], author="test")
    # Two who wait become one and are apart again before their turn: both have one. Two others stay one.
    again = decisions.merge(state, clock, sides[waits[-2]], sides[waits[-3]], author="test")
    decisions.merge(state, clock, sides[waits[-4]], sides[waits[-5]], author="test")
    world.settle()
    decisions.undo(state, clock, again.id, author="test")
    for _ in range(10):
        world.settle()
    found = sorted(row["customer_id"] for row in inside(world))
    owner = {
        one: world.value("SELECT customer_id FROM customer_of WHERE identifier_id = $one", one=one) for one in waits
    }
    assert owner[waits[-2]] != owner[waits[-3]] and owner[waits[-4]] == owner[waits[-5]]
    assert found == sorted({*owner.values()})
    assert rows(world, journey_audiences)[0]["done"]
