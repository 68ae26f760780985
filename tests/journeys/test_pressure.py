"""Audiences are held back while accounts are full, and many runs are moved, stopped and resumed some at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, insert, select, update
from tests.journeys.test_executor_entries import inside, people, waiting
from tests.journeys.test_tick import MESSAGE, publish, rows
from tests.postgres import postgres_server, state, state_url  # noqa: F401
from tests.tick.conftest import World

from onepool.api import programmes
from onepool.clock import from_micros, to_micros
from onepool.health import problems
from onepool.journeys import store
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.plan import Message, Plan
from onepool.journeys.model import Journey
from onepool.journeys.states import RunState
from onepool.journeys.world.records import Records
from onepool.journeys.world.watch import conserved, watch
from onepool.reach import accounts, pressure
from onepool.reach.policies import Policies
from onepool.reach.pressure import Gauge
from onepool.reach.rules import Door
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.journeys import journey_audiences, journey_ticks, journey_versions, runs
from onepool.state.outbox import sends

TELL: dict[str, Any] = {
    "policy": {"category": "transactional"},
    "start": "tell",
    "nodes": {
        "tell": {
            "do": "send", "message": "hello", "chain": [{"channel": "sms", "kind": "notice"}], "next": "over",
            "else": "over",
        },
        "over": {"do": "end", "as": "completed"},
    },
}  # fmt: skip


def crowd(world: World, count: int, account: str = "sms", kind: str = "notice", priority: int = 900) -> None:
    """Messages of somebody else that wait at an account; with priority 900 of the same class."""
    now = to_micros(world.clock.now())
    with world.workspace.state.write() as connection:
        values = {
            "customer_id": 1, "journey": "other", "node": 0, "visit": 0, "hop": 0, "channel": "sms",
            "touchpoint": account, "kind": kind, "category": "transactional", "priority": priority,
            "state": int(SendState.QUEUED), "due": now, "planned": now, "changed": now, "message": "hello",
            "message_version": 1, "policy": 1,
        }  # fmt: skip
        first = connection.execute(select(func.count()).select_from(sends)).scalar_one()
        connection.execute(insert(sends), [{**values, "send_id": first + number} for number in range(count)])


def sent(world: World, below: int) -> None:
    """The first of these messages are sent."""
    with world.workspace.state.write() as connection:
        connection.execute(update(sends).where(sends.c.send_id < below).values(state=int(SendState.ACCEPTED), due=None))


ONCE = {"one_off": {"who": {"attribute": "city", "is": "上海"}}}


def paced(world: World, persons: int) -> None:
    """Six messages a minute; 61 wait, 60 are ten minutes' work."""
    world.define("touchpoint", "sms", channel="sms", title="sms")
    world.define("policy", "default", pace={"sms": [{"count": 6, "per": "minute"}]})
    world.define("message", "hello", **MESSAGE)
    people(world, persons)
    crowd(world, 61)


def test_while_an_account_is_full_audiences_wait_and_nobody_is_lost(world: World) -> None:
    paced(world, 4)
    publish(world, {**waiting("once", ONCE), **TELL})
    world.settle()
    [audience] = rows(world, journey_audiences)
    assert (audience["taken"], audience["done"], inside(world, "once")) == (0, False, [])
    with world.workspace.state.read() as connection:
        seen = watch(connection, to_micros(world.clock.now()))
    assert (seen.held_back, seen.never_woken) == ({"once": 4}, 0)
    assert [row["message"] for row in problems(world.workspace) if "holds 4 back who are to enter" in row["message"]]
    listed = programmes.rows(world.workspace)
    assert {row.name: (row.held_back, row.underway) for row in listed} == {"once": (4, None)}
    # Nothing is written for those who wait, but once a minute.
    before = len(rows(world, journey_ticks))
    for _ in range(3):
        world.clock.advance(timedelta(seconds=15))
        world.drain()
    assert len(rows(world, journey_ticks)) == before
    world.clock.advance(timedelta(seconds=25))
    world.drain()
    assert len(rows(world, journey_ticks)) == before + 1 and inside(world, "once") == []
    # As many as there is room for, the others when there is room again.
    sent(world, 3)
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    assert len(inside(world, "once")) == 2
    world.settle()
    assert len(inside(world, "once")) == 2
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    assert rows(world, journey_audiences)[0]["done"]
    found = inside(world, "once")
    assert len(found) == 4 and {row["state"] for row in found} == {RunState.ENDED}
    assert min(row["entered"] for row in found) > audience["at"], "who was held back enters when he is let in"
    with world.workspace.state.read() as connection:
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
        assert watch(connection, to_micros(world.clock.now())).held_back == {}


def adds(world: World, *users: str) -> None:
    world.send(*({"event": "cart_added", "userId": user, "properties": {"product_id": "P"}} for user in users))
    world.settle()


def states_of(world: World) -> list[str]:
    """What became of the runs, in the order of their entry."""
    found = sorted(inside(world), key=lambda row: row["entered"])
    return [row["reason"] or RunState(row["state"]).name for row in found]


def test_while_an_account_is_full_those_who_came_by_themselves_are_held_in_their_order(world: World) -> None:
    paced(world, 4)
    publish(world, {**waiting("added", {"did": "cart_added"}), **TELL})
    publish(world, waiting("patient", {"did": "app_opened"}))
    world.settle()
    adds(world, "u0")
    world.send({"event": "app_opened", "userId": "u0", "properties": {}})
    world.settle()
    assert states_of(world) == ["HELD", "WAIT_TIME"], "whoever waits first is not held"
    sent(world, 2)
    # There is room for one, and somebody came before: the later ones do not go before.
    adds(world, "u1")
    adds(world, "u2")
    assert [row["state"] for row in inside(world, "added")] == [RunState.HELD] * 3
    with world.workspace.state.read() as connection:
        seen = watch(connection, to_micros(world.clock.now()))
        assert (seen.held_back, seen.never_woken) == ({"added": 3}, 0)
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    by_age = sorted(inside(world, "added"), key=lambda row: row["entered"])
    assert [row["state"] for row in by_age] == [RunState.ENDED, RunState.HELD, RunState.HELD]
    sent(world, 61)
    adds(world, "u3")
    assert [row["state"] for row in inside(world, "added")].count(RunState.HELD) == 3, "it is looked once a minute"
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    assert {row["reason"] for row in inside(world, "added")} == {"completed"}
    # Nobody waits any more: who comes now begins at once.
    world.send({"event": "cart_added", "userId": "u0", "properties": {"product_id": "Q"}})
    world.settle()
    with world.workspace.state.read() as connection:
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
        assert watch(connection, to_micros(world.clock.now())).held_back == {}
    assert RunState.HELD not in {row["state"] for row in inside(world, "added")}


def test_who_is_held_for_longer_than_a_message_lasts_ends_as_expired(world: World) -> None:
    paced(world, 2)
    told = {**waiting("added", {"did": "cart_added"}), **TELL}
    publish(world, {**told, "policy": {"category": "transactional", "expire_after": "2 minutes"}})
    world.settle()
    adds(world, "u0")
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    assert states_of(world) == ["HELD"]
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    assert states_of(world) == ["expired"]
    assert [row for row in rows(world, sends) if row["journey"] == "added"] == []


def test_whose_hold_ends_later_begins_after_those_who_wait_for_full_accounts(world: World) -> None:
    paced(world, 2)
    publish(world, {**waiting("added", {"did": "cart_added", "hold": {"for": "1 minute"}}), **TELL})
    world.settle()
    adds(world, "u0")
    world.clock.advance(timedelta(seconds=30))
    adds(world, "u1")
    first, second = sorted(inside(world), key=lambda row: row["entered"])
    until(world, first["due"])
    waits = inside(world)
    assert {row["state"] for row in waits} == {RunState.HELD}
    # There is room for one when the hold of the second is over; the first one is looked at half a minute later.
    sent(world, 2)
    until(world, second["due"])
    assert [row["due"] for row in inside(world)] == [first["due"] + 60_000_000] * 2
    with world.workspace.state.read() as connection:
        assert watch(connection, to_micros(world.clock.now())).held_back == {"added": 2}
    until(world, first["due"] + 60_000_000)
    assert states_of(world) == ["completed", "HELD"]


def until(world: World, at: int) -> None:
    world.clock.advance(from_micros(at) - world.clock.now() + timedelta(milliseconds=1))
    world.drain()


def test_who_waited_for_the_rate_or_a_pause_is_not_held_for_that_time(world: World) -> None:
    paced(world, 2)
    told = {**waiting("added", {"did": "cart_added", "rate": {"per_day": 1}}), **TELL}
    publish(world, {**told, "policy": {"category": "transactional", "expire_after": "2 minutes"}})
    world.settle()
    adds(world, "u0")
    adds(world, "u1")
    second = max(inside(world), key=lambda row: row["due"])
    assert second["due"] > second["entered"] + 3_600_000_000
    until(world, second["due"])
    assert states_of(world) == ["expired", "HELD"]
    store.pause(world.workspace, world.clock, "added", author="boss")
    world.clock.advance(timedelta(minutes=10))
    world.drain()
    store.resume(world.workspace, world.clock, "added", author="boss")
    world.settle()
    world.settle()
    assert states_of(world) == ["expired", "HELD"]
    for _ in range(3):
        world.clock.advance(timedelta(seconds=61))
        world.drain()
    assert states_of(world) == ["expired", "expired"]


def test_those_who_begin_at_once_leave_that_much_less_room(world: World) -> None:
    paced(world, 2)
    sent(world, 3)
    for name in ("one", "two", "three"):
        publish(world, {**waiting(name, {"did": "cart_added"}), **TELL})
    world.settle()
    adds(world, "u0", "u1")
    found = [[row["state"] for row in inside(world, name)] for name in ("one", "two", "three")]
    assert found == [[RunState.ENDED] * 2, [RunState.HELD] * 2, [RunState.HELD] * 2]


def test_after_being_held_back_an_audience_enters_at_its_rate(world: World) -> None:
    paced(world, 8)
    publish(world, {**waiting("once", {**ONCE, "rate": {"per_second": 2, "per_day": 5}}), **TELL})
    world.settle()
    for _ in range(11):
        world.clock.advance(timedelta(seconds=61))
        world.drain()
    assert inside(world) == []
    sent(world, 61)
    world.clock.advance(timedelta(seconds=61))
    world.drain()
    for _ in range(6):
        world.settle()
    times = sorted(row["entered"] for row in inside(world))
    assert len(times) == 5, "a day takes as many as it may"
    assert times[-1] - times[0] >= 1_000_000 and max(times.count(one) for one in times) <= 3


def test_only_where_all_could_get_a_message_over_full_accounts_they_are_held_back(world: World) -> None:
    published = {"hello": Message(1, MESSAGE)}

    def doors(body: dict[str, Any]) -> list[tuple[str, str, str, int]]:
        made = {**waiting("once", ONCE), **body}
        return [tuple(one) for one in Plan(1, Journey.model_validate(made), made, published).doors]

    def tell(*chain: dict[str, Any]) -> dict[str, Any]:
        return {**TELL["nodes"]["tell"], "chain": list(chain)}

    sms, mail = {"channel": "sms", "touchpoint": "b"}, {"channel": "email", "kind": "mail"}
    nodes: dict[str, Any] = {
        "which": {"do": "branch", "cases": [{"when": ONCE["one_off"]["who"], "next": "tell"}], "else": "other"},
        "tell": tell(sms, mail), "other": tell(sms), "over": {"do": "end", "as": "completed"},
    }  # fmt: skip
    assert doors(TELL) == [("sms", "", "notice", 0)]
    assert doors({**TELL, "start": "which", "nodes": nodes}) == [("email", "", "mail", 0), ("sms", "b", "notice", 0)]
    some = {**nodes, "other": {"do": "wait", "for": "1 day", "next": "over"}}
    assert doors({**TELL, "start": "which", "nodes": some}) == []
    assert doors({}) == []


def test_how_much_room_accounts_have(world: World) -> None:
    for name, channel in (("a", "sms"), ("b", "sms"), ("oa", "wechat_oa")):
        world.define("touchpoint", name, channel=channel, title=name)
    minute = [{"count": 6, "per": "minute"}]
    world.define("policy", "default", pace={"a": minute, "b": minute})
    ws = world.workspace
    gauge = Gauge(ws, Policies(ws))

    def room(channel: str, over: str = "", kind: str = "notice", level: int = 0) -> int | None:
        world.clock.advance(timedelta(seconds=2))
        with ws.state.read() as connection:
            return gauge.room(connection, Door(channel, over, kind, level))

    assert (room("sms"), room("sms", "a"), room("email")) == (120, 60, None)
    crowd(world, 70, "a")
    assert (room("sms", "a"), room("sms", "b"), room("sms")) == (0, 60, 60), "all accounts of a channel are to be full"
    # Scheduled ones are behind triggered ones.
    crowd(world, 20, "b", priority=2500)
    assert [room("sms", "b", level=level) for level in (0, 1, 2)] == [60, 60, 40]
    # Those who were let in count until it is looked at again.
    with ws.state.read() as connection:
        assert gauge.room(connection, Door("sms", "b", "notice", 2)) == 40
        gauge.let_in([Door("sms", "", "notice", 2)], 15)
        assert gauge.room(connection, Door("sms", "b", "notice", 2)) == 25
    assert room("sms", "b", level=2) == 40
    # 100,000 templates a day are no pace, and other kinds are not counted among them.
    crowd(world, 30, "oa", "template")
    crowd(world, 700, "oa", "custom")
    assert (room("wechat_oa", kind="template"), room("wechat_oa", kind="custom")) == (99_970, None)
    policy, now = Policies(ws).now()[0], to_micros(world.clock.now())
    account = ws.touchpoints()["oa"]
    with ws.state.write() as connection:
        assert pressure.seconds(connection, account, policy, ws.settings, now) == 0.0
        standing = accounts.load(connection, account, policy, ws.settings.zone)
        standing.buckets.take(99_980, now, "template")
        accounts.save(connection, standing, now)
        assert pressure.full(connection, account, policy, ws.settings, now, kind="template")
        assert not pressure.full(connection, account, policy, ws.settings, now, kind="custom")
    assert room("wechat_oa", kind="template") == 0
    world.clock.advance(timedelta(days=1))
    assert room("wechat_oa", kind="template") == 99_970


def small(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setitem(Executor.__init__.__kwdefaults__, "most", most)


@pytest.mark.parametrize("kind", ["move", "stop", "resume"])
def test_many_runs_are_asked_something_in_portions_and_a_fall_in_between_loses_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    from onepool.tick import journeying

    small(monkeypatch, 3)
    publish(world, waiting("long", {"did": "cart_added"}))
    world.settle()
    world.send(*({"event": "cart_added", "userId": f"u{n}", "properties": {"product_id": "P"}} for n in range(10)))
    world.settle()
    assert len(inside(world)) == 10
    ws, clock = world.workspace, world.clock
    if kind == "resume":
        store.pause(ws, clock, "long", author="boss")
        world.clock.advance(timedelta(days=10))
        world.settle()
        for _ in range(9):
            world.settle()
        assert {row["state"] for row in inside(world)} == {RunState.PAUSED}
        store.resume(ws, clock, "long", author="boss")
    else:
        world.define("journey", "long", **{**waiting("long", {"did": "cart_added"}), "max_life": "40 days"})
        store.publish(ws, clock, "long", author="boss", may_approve=True, old_runs=kind)
    real, portions = journeying.tell, []

    def fail(*given: Any) -> None:
        real(*given)
        portions.append(watch(given[0], 0).underway)
        if len(portions) == 3:
            raise OSError("the power is gone")

    monkeypatch.setattr(journeying, "tell", fail)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(OSError):
        world.drain()
    monkeypatch.setattr(journeying, "tell", real)
    with ws.state.read() as connection:
        [(name, (what, done))] = watch(connection, to_micros(clock.now())).underway.items()
    assert (name, what) == ("long", {"stop": "stop_versions"}.get(kind, kind)) and 0 < done < 10
    world.restart()
    for _ in range(8):
        world.settle()
    found = inside(world)
    with world.workspace.state.read() as connection:
        latest = max(connection.execute(select(journey_versions.c.id)).scalars())
        seen = watch(connection, to_micros(clock.now()))
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
    assert len(found) == 10 and seen.underway == {} and seen.never_woken == 0
    if kind == "move":
        assert {(row["version_id"], row["state"]) for row in found} == {(latest, RunState.WAIT_TIME)}
    elif kind == "stop":
        assert {row["reason"] for row in found} == {"stopped"}
    else:
        assert {row["reason"] for row in found} == {"completed"}


def test_of_too_many_timers_the_important_and_some_of_the_oldest_come_first(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        plain = {"customer_id": 1, "key": "", "node": 0, "state": int(RunState.WAIT_TIME), "entered": 0, "arrived": 0}
        rows_ = [{**plain, "run_id": n, "version_id": 1 + (n >= 30), "due": n} for n in range(60)]
        connection.execute(insert(runs), rows_)
        records = Records(connection)
        alike = records.due(100, 20, {1: 50, 2: 50})
        assert alike.run_id.tolist() == list(range(20))
        found = records.due(100, 20, {1: 10, 2: 90})
        assert found.run_id.tolist() == [0, 1, *range(30, 48)]
        assert records.due(100, 60, {1: 10, 2: 90}).run_id.size == 60
        assert np.array_equal(records.runs_in(2, int(RunState.WAIT_TIME), 5, 40).run_id, np.arange(41, 46))


def test_what_may_have_gone_out_goes_on_counting_when_its_run_is_stopped(world: World) -> None:
    world.define("touchpoint", "sms", channel="sms", title="sms")
    world.define("message", "hello", **MESSAGE)
    publish(world, {**waiting("added", {"did": "cart_added"}), **TELL})
    world.settle()
    for user, phone in (("u1", "13800000001"), ("u2", "13800000002")):
        world.send({"type": "identify", "userId": user, "traits": {"phone": phone}, "event": None})
    world.settle()
    world.send(*({"event": "cart_added", "userId": one, "properties": {"product_id": "P"}} for one in ("u1", "u2")))
    world.settle()
    found = rows(world, sends)
    assert [SendState(row["state"]).name for row in found] == ["QUEUED", "QUEUED"]
    called = found[0]["send_id"]
    with world.workspace.state.write() as connection:
        values = {"state": int(SendState.RETRY), "reason": "unknown", "claimed": to_micros(world.clock.now())}
        connection.execute(update(sends).where(sends.c.send_id == called).values(**values))
        asked = Records(connection).open_sends(np.array([row["send_id"] for row in found], np.int64))
    assert asked[called] == SendState.UNKNOWN
    store.stop(world.workspace, world.clock, "added", author="boss")
    world.settle()
    stands = {row["send_id"]: (SendState(row["state"]).name, row["reason"]) for row in rows(world, sends)}
    assert stands.pop(called) == ("UNKNOWN", "unknown")
    assert list(stands.values()) == [("CANCELLED", "ended")]


def test_a_long_key_is_kept_short_and_tells_runs_apart(world: World) -> None:
    keyed = {"did": "cart_added", "key": "$trigger.cart_id", "reentry": {"when": "always", "parallel": 9}}
    publish(world, waiting("added", keyed))
    world.settle()
    long = "c" * 300
    for cart in (long, long + "x", long, "c" * 128):
        world.send({"event": "cart_added", "userId": "u1", "properties": {"cart_id": cart}})
        world.settle()
    kept = sorted(row["key"] for row in inside(world))
    assert len(kept) == len(set(kept)) == 3 and {len(one) for one in kept} == {128} and "c" * 128 in kept


@pytest.mark.parametrize("storm", [True, False])
def test_very_many_timers_are_taken_at_the_last_instant_each_at_its_own_time(
    world: World, monkeypatch: pytest.MonkeyPatch, storm: bool
) -> None:
    from onepool.tick import journeying

    monkeypatch.setattr(journeying, "_STORM", 8 if storm else 9)
    publish(world, waiting("added", {"did": "cart_added"}))
    world.settle()
    for number in range(8):
        world.clock.advance(timedelta(seconds=5))
        adds(world, f"u{number}")
    entered = sorted(row["entered"] for row in inside(world))
    before = len(rows(world, journey_ticks))
    world.clock.set(from_micros(entered[-1]) + timedelta(days=10, seconds=1))
    world.drain()
    found = inside(world)
    assert sorted(row["ended"] for row in found) == [one + 10 * 86_400_000_000 for one in entered]
    # With fewer it comes to the same, step by step.
    assert (len(rows(world, journey_ticks)) - before == 1) is storm
