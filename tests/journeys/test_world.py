"""The world over the pool: which events start, end and wake runs, and what is known of customers at a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from tests.tick.conftest import World

from onepool.audience.catalog import load_catalog
from onepool.audience.conditions.parse import parse_condition
from onepool.clock import to_micros
from onepool.journeys.executor.ports import Entering, Question, Sought
from onepool.journeys.model import EventMatch
from onepool.journeys.world.events import Happened
from onepool.journeys.world.pool import PoolWorld
from onepool.reach.world import Worlds

SECOND = 1_000_000


@contextmanager
def over(world: World, first: int, last: int) -> Iterator[PoolWorld]:
    """The world of a step that takes the log's records from `first` to `last`."""
    ws = world.workspace
    ctx = load_catalog(ws).context
    with world.worker.pool.read() as session, ws.state.write() as connection:
        at = to_micros(world.clock.now())
        happened = Happened(session, ctx, first, last, [], at)
        yield PoolWorld(session, connection, ctx, happened, Worlds(ws).over(session, connection), lambda: at)


def paid(who: str, order: str, *products: str, amount: float = 10.5, **more: Any) -> dict[str, Any]:
    items = [{"product_id": one, "quantity": 1, "price": 1} for one in products]
    return {
        "event": "order_paid",
        "userId": who,
        "properties": {"order_id": order, "amount": amount, "items": items},
        **more,
    }


def customer(world: World, who: str) -> int:
    [row] = world.rows(
        "SELECT customer_id FROM customer_of JOIN identifiers USING (identifier_id) WHERE value = $who", who=who
    )
    return int(row["customer_id"])


def window(
    world: World, who: str, run: int, first: int, last: int, trigger: str | None = None, but: int = -1
) -> pa.Table:
    return pa.table(
        {
            "run_id": pa.array([run], pa.int64()),
            "customer_id": pa.array([customer(world, who)], pa.int64()),
            "entered": pa.array([first], pa.int64()),
            "trigger": pa.array([trigger], pa.string()),
            "vars": pa.array([None], pa.string()),
            "first": pa.array([first], pa.int64()),
            "last": pa.array([last], pa.int64()),
            "but": pa.array([but], pa.int64()),
        }
    )


def test_entrants_carry_what_the_definition_names_as_text(world: World) -> None:
    world.send(paid("u1", "O1", "P1", amount=100.0), paid("u2", "O2", "P2", amount=99.95))
    world.drain()
    end = world.workspace.log.end()
    with over(world, end, end) as there:
        assert there.event_names() == {"order_paid"}
        match = EventMatch.model_validate({"did": "order_paid", "where": {"amount": {"at_least": 1}}})
        found = there.entrants([Entering(match, "order_id", ["amount", "no_such", "order_id", "time"])]).to_pylist()
        dear = EventMatch.model_validate({"did": "order_paid", "where": {"amount": {"at_least": 99.99}}})
        few = there.entrants([Entering(match, None, []), Entering(dear, None, [])]).to_pylist()
    assert [(one["customer_id"], one["key"]) for one in found] == [
        (customer(world, "u1"), "O1"),
        (customer(world, "u2"), "O2"),
    ]
    time = world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert found[0]["trigger"] == f'{{"amount":"100","no_such":null,"order_id":"O1","time":"{time}"}}'
    assert '"amount":"99.95"' in found[1]["trigger"]
    assert [(one["asked"], one["key"], one["trigger"]) for one in few] == [
        (0, None, None),
        (0, None, None),
        (1, None, None),
    ]


def test_the_earliest_match_inside_the_bounds_counts(world: World) -> None:
    start = to_micros(world.clock.now())
    for minute, product in ((0, "P1"), (1, "P2"), (2, "P1"), (3, "P1")):
        when = (world.clock.now() + timedelta(minutes=minute)).isoformat()
        world.send(paid("u1", f"O{minute}", product, timestamp=when))
    world.clock.advance(timedelta(minutes=5))
    world.drain()
    end = world.workspace.log.end()
    mine = EventMatch.model_validate(
        {"did": "order_paid", "where": {"items.product_id": {"is": "$trigger.product_id"}}}
    )
    lent, none = '{"product_id":"P1"}', '{"product_id":null}'
    minute = 60 * SECOND
    cases = [
        (window(world, "u1", 1, start, start + 10 * minute, lent), False, 0),
        (window(world, "u1", 2, start + 1, start + 10 * minute, lent), False, 2),
        (window(world, "u1", 3, start + 1, start + 2 * minute, lent), False, 2),
        (window(world, "u1", 4, start + 1, start + 2 * minute - 1, lent), False, None),
        (window(world, "u1", 5, start, start + 10 * minute, none), False, None),
    ]
    with over(world, end - 3, end) as there:
        found = {
            row["run_id"]: row["time"]
            for row in there.find([Sought(mine, one, all_) for one, all_, _ in cases]).to_pylist()
        }
    wanted = {number + 1: start + at * minute for number, (_, _, at) in enumerate(cases) if at is not None}
    assert found == wanted
    # A step that takes the last record only finds the others where all of the past is looked at.
    with over(world, end, end) as there:
        here = there.find([Sought(mine, cases[0][0], False), Sought(mine, cases[1][0], True)]).to_pylist()
    assert [(row["run_id"], row["time"]) for row in here] == [(1, start + 3 * minute), (2, start + 2 * minute)]
    # What came in behind the step is the next one's.
    with over(world, end - 3, end - 3) as there:
        [only] = there.find([Sought(mine, window(world, "u1", 1, start, start + 10 * minute, lent), True)]).to_pylist()
        seq = only["seq"]
        none_left = there.find([Sought(mine, window(world, "u1", 1, start, start + 10 * minute, lent, but=seq), True)])
    assert only["time"] == start and none_left.num_rows == 0


def test_conditions_read_what_runs_carry_in_the_order_asked(world: World) -> None:
    start = to_micros(world.clock.now())
    world.send(paid("u1", "O1", "P1"), paid("u2", "O2", "P2"))
    world.clock.advance(timedelta(minutes=1))
    world.drain()
    conditions = {
        "same": parse_condition(
            {"did": "order_paid", "where": {"order_id": {"is": "$trigger.order"}}, "since": "entry"}
        ),
        "saved": parse_condition({"did": "order_paid", "where": {"order_id": {"is": "$vars.order"}}}),
        "there": parse_condition({"did": "order_paid", "since": {"node": "later"}}),
    }
    ones = [customer(world, "u1"), customer(world, "u2"), customer(world, "u1")]
    asked = pa.table(
        {
            "run_id": pa.array([30, 20, 10], pa.int64()),
            "customer_id": pa.array(ones, pa.int64()),
            "entered": pa.array([start, start, start + SECOND], pa.int64()),
            "trigger": pa.array(['{"order":"O1"}', '{"order":"O1"}', '{"order":"O1"}'], pa.string()),
            "vars": pa.array([None, '{"order":"O2"}', f'{{"@later":{start + 1}}}'], pa.string()),
        }
    )
    with over(world, 1, world.workspace.log.end()) as there:
        found = there.answers(Question(conditions, asked), to_micros(world.clock.now()))
    assert {name: truth.tolist() for name, truth in found.items()} == {
        "same": [True, False, False],
        "saved": [False, True, False],
        "there": [False, False, False],
    }


def test_dates_come_round_and_attributes_are_in_order(world: World) -> None:
    for who, birthday in (("u1", "1990-02-28"), ("u2", "1992-02-29"), ("u3", "1990-03-01")):
        world.send({"type": "identify", "userId": who, "traits": {"birthday": birthday}, "event": None})
    world.drain()
    ids = {who: customer(world, who) for who in ("u1", "u2", "u3")}

    def day(text: str) -> int:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days

    with over(world, 1, world.workspace.log.end()) as there:
        assert there.dated("birthday", day("2026-02-28"), True).tolist() == sorted([ids["u1"], ids["u2"]])
        assert there.dated("birthday", day("2028-02-28"), True).tolist() == [ids["u1"]]
        assert there.dated("birthday", day("2028-02-29"), True).tolist() == [ids["u2"]]
        assert there.dated("birthday", day("1990-03-01"), False).tolist() == [ids["u3"]]
        asked = np.array([ids["u3"], 10**9, ids["u1"]], np.int64)
        found = there.attributes(asked, ["birthday", "nothing"])
        now = to_micros(world.clock.now()) + SECOND
        assert there.members(None, parse_condition({"attribute": "birthday", "is_set": True}), now).size == 3
        assert there.who_changed(frozenset(["birthday"])).tolist() == sorted(ids.values())
    assert found.column("birthday").to_pylist() == ["1990-03-01", None, "1990-02-28"]
    assert found.column("nothing").to_pylist() == [None, None, None]
