"""The live tick reads touched customers from the behaviour index and decides exactly what the tables say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool import health
from onepool.api.audience import count
from onepool.api.estimating import Sample
from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import explain_condition, parse_condition
from onepool.audience.live import Live
from onepool.audience.tags import explain_tag
from onepool.clock import FakeClock
from onepool.identity import decisions
from onepool.identity.decisions import Side
from onepool.pool.behaviour import BehaviourIndex, State
from onepool.pool.behaviour.status import kept, metrics
from onepool.tick import behaviour
from onepool.verify import verify
from onepool.workspace import init_workspace

from .conftest import START, World

SETTINGS = "behaviour:\n  from_events: 1\n"
SEGMENTS: dict[str, dict[str, Any]] = {
    "recent": {"did": "product_viewed", "within": {"last": "2 days"}},
    "keen": {"did": "product_viewed", "times": {"at_least": 3}, "within": {"last": "5 days"}},
    "spent": {"did": "order_paid", "sum": {"of": "amount", "at_least": 100}},
    "sweet": {"did": "order_paid", "where": {"items.category": {"in": ["tea"]}}},
    "noted": {"did": "cart_added", "where": {"note": {"is": "gift"}}, "within": {"last": "4 days"}},
    "first": {"did": "order_paid", "first": True, "within": {"last": "3 days"}},
    "left": {
        "all": [
            {"did": "cart_added", "within": {"last": "3 days"}},
            {"did_not": "order_paid", "within": {"last": "3 days"}},
        ]
    },
    "waiting": {"sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "24 hours"}]},
    "bought": {
        "sequence": [{"did": "product_viewed"}, {"did": "order_paid", "gap": "2 days"}],
        "within": {"last": "6 days"},
    },
    "no_recent": {"not": {"segment": "recent"}},
}
TAGS: dict[str, dict[str, Any]] = {
    "orders": {"kind": "metric", "source": {"did": "order_paid", "count": True}},
    "liked": {"kind": "preference", "source": {"did": ["product_viewed", "cart_added"], "field": "product_id"}},
    "last_product": {"kind": "first_last", "take": "last", "source": {"did": "cart_added", "field": "product_id"}},
}

person = st.sampled_from(["a", "b", "c"])
event = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["product_viewed", "cart_added", "order_paid"]),
        "who": person,
        "signed_in": st.sampled_from([None, None, "u1", "u2"]),
        "age_hours": st.integers(0, 24 * 7),
        "amount": st.integers(1, 80),
        "note": st.sampled_from([None, "gift"]),
        "category": st.sampled_from([None, "tea", "cups"]),
        "product": st.sampled_from(["P1", "P2"]),
    }
)
step = st.one_of(
    st.lists(event, min_size=1, max_size=4),
    st.lists(event, min_size=1, max_size=4),
    st.integers(1, 24 * 4).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(["restart", "build", "build", "define", "merge", "undo"]),
)


@contextmanager
def indexed_world() -> Iterator[World]:
    with TemporaryDirectory() as folder:
        clock = FakeClock(START)
        root = Path(folder) / "ws"
        world = World(root, clock, init_workspace(root, SETTINGS, clock))
        world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk")
        try:
            # However small the pool is, what is explained by the index is what the table says.
            with patch("onepool.audience.conditions.explain.LEAST_EVENTS", 0):
                yield world
        finally:
            world.close()


def send(world: World, events: list[dict[str, Any]]) -> None:
    world.send(
        *(
            {
                "event": one["event"],
                "anonymousId": one["who"],
                **({"userId": one["signed_in"]} if one["signed_in"] else {}),
                "timestamp": (world.clock.now() - timedelta(hours=one["age_hours"])).isoformat(),
                "properties": {
                    "order_id": f"O{number}",
                    "product_id": one["product"],
                    "amount": one["amount"],
                    "note": one["note"],
                    **({"items": [{"category": one["category"], "price": 1}]} if one["category"] else {}),
                },
            }
            for number, one in enumerate(events, world.clock.now().microsecond + world.workspace.log.end() * 100)
        )
    )
    world.drain()


def check(world: World) -> None:
    live = Live(world.workspace)
    with world.workspace.pool.read() as session:
        wrong = [found for found in live.differences(session, world.clock.now()) if found[3]]
        catalog = live.catalog
        for customer in _customers(world):
            for name in ("keen", "first", "bought", "left"):
                if name in catalog.segments:
                    asked = (catalog.segments[name], customer, world.clock.now(), session, catalog.context)
                    assert explain_condition(*asked, world.worker.index) == explain_condition(*asked)
            for tag in catalog.tags.values():
                asked_of = (tag, customer, world.clock.now(), session, catalog.context)
                assert explain_tag(*asked_of, world.worker.index) == explain_tag(*asked_of)
    assert wrong == []


@settings(max_examples=3, deadline=None)
@given(steps=st.lists(step, min_size=3, max_size=9))
def test_live_by_the_index_equals_recomputed_from_the_table(steps: list[Any]) -> None:
    with indexed_world() as world:
        for name, condition in SEGMENTS.items():
            world.define("segment", name, title=name, condition=condition)
        for name, body in TAGS.items():
            world.workspace.save("tag", name, {"tag": name, "title": name, **body}, author="test")
        made: list[int] = []
        for number, one in enumerate(["build", *steps]):
            if isinstance(one, list):
                send(world, one)
            elif isinstance(one, timedelta):
                world.clock.advance(one)
                world.drain()
            elif one == "restart":
                world.restart()
                world.drain()
            elif one == "build":
                index = world.worker.index
                assert index is not None
                index.build(threading.Event())
            elif one == "define":
                world.define("segment", f"new{number}", title="new", condition={"did": "cart_added", "where": {
                    "quantity": {"is_unset": True}}})  # fmt: skip
                world.drain()
            elif one == "merge" and len(customers := _customers(world)) > 1:
                state, clock = world.workspace.state, world.clock
                one_side, other = (_side(world, customer) for customer in customers[:2])
                made.append(decisions.merge(state, clock, one_side, other, author="test").id)
                world.drain()
            elif one == "undo" and made:
                decisions.undo(world.workspace.state, world.clock, made.pop(), author="test")
                world.drain()
            check(world)


def test_an_estimate_is_read_from_the_index() -> None:
    with indexed_world() as world:
        world.define("segment", "spent", title="spent", condition=SEGMENTS["spent"])
        send(world, [viewed("a"), viewed("b"), viewed("c")])
        world.send({"event": "order_paid", "anonymousId": "a", "properties": {"order_id": "O1", "amount": 120}})
        world.settle()
        assert world.worker.index is not None and world.worker.index.build(threading.Event())
        parts = {"any": [SEGMENTS["spent"], SEGMENTS["left"], SEGMENTS["bought"], {"not": SEGMENTS["recent"]}]}
        asked = (parse_condition(parts), load_catalog(world.workspace).context, world.clock.now())
        some = Sample(np.array(_customers(world)), 30)
        with world.workspace.pool.read() as session:
            with patch.object(State, "found", autospec=True, side_effect=State.found) as found:
                here = count(session, *asked, with_parts=True, index=world.worker.index, some=some)
            there = count(session, *asked, with_parts=True, some=some)
        assert found.called and 0 < here.size <= 30
        assert (here.size, here.sample, here.parts) == (there.size, there.sample, there.parts)


def test_touched_customers_are_read_from_the_index() -> None:
    with indexed_world() as world:
        world.define("segment", "spent", title="spent", condition=SEGMENTS["spent"])
        send(world, [viewed("a"), viewed("b")])
        # Names the columns that definitions need.
        send(world, [viewed("a")])
        assert world.worker.index is not None
        assert world.worker.index.build(threading.Event())
        with patch.object(State, "found", autospec=True, side_effect=State.found) as found:
            world.send({"event": "order_paid", "anonymousId": "a", "properties": {"order_id": "O1", "amount": 120}})
            world.settle()
        assert found.called
        assert [row["n"] for row in world.rows("SELECT count(*) AS n FROM segment_members")] == [1]
        check(world)


def _customers(world: World) -> list[int]:
    rows = world.rows("SELECT DISTINCT customer_id FROM customer_of ORDER BY 1")
    return [row["customer_id"] for row in rows]


def _side(world: World, customer: int) -> Side:
    rows = world.rows("SELECT identifier_id FROM customer_of WHERE customer_id = $c", c=customer)
    return Side(customer, tuple(row["identifier_id"] for row in rows))


def viewed(who: str) -> dict[str, Any]:
    return {"event": "product_viewed", "who": who, "signed_in": None, "age_hours": 1, "amount": 1, "note": None,
            "category": None, "product": "P1"}  # fmt: skip


def test_the_thread_builds_when_it_is_due_and_says_so() -> None:
    with indexed_world() as world:
        send(world, [viewed("a"), viewed("b")])
        index = world.worker.index
        assert index is not None
        built = threading.Event()

        def build(stop: threading.Event) -> bool:
            done = BehaviourIndex.build(index, stop)
            built.set()
            return done

        with patch.object(index, "build", build), behaviour.building(index, world.workspace.data):
            assert built.wait(60)
        found = kept(world.workspace.data)
        assert found is not None and (found.serving, found.building, found.events) == (True, False, 2)
        assert health.status(world.workspace)["behaviour_index"] == "2 events, 0 since, 0 identifiers moved"
        lines = [metric.samples[0] for metric in metrics(world.workspace.data)]
        assert {line.name: line.value for line in lines}["onepool_behaviour_events"] == 2
        send(world, [viewed("a")])
        world.close()
        findings = {one.check: one for one in verify(world.workspace)}
        assert findings["behaviour index"].compared == "3 events"
        assert not [one for one in findings.values() if one.difference]


def test_without_the_index_nothing_is_built_and_history_is_not_mistaken() -> None:
    with indexed_world() as world:
        send(world, [viewed("a")])
        assert world.worker.index is not None and world.worker.index.build(threading.Event())
        (world.root / "onepool.yaml").write_text("behaviour:\n  enabled: false\n")
        world.restart()
        assert world.worker.index is None
        send(world, [viewed("a"), viewed("b")])
        check(world)
        (world.root / "onepool.yaml").write_text(SETTINGS)
        world.restart()
        assert world.worker.index is not None
        status = world.worker.index.status()
        assert (status.serving, status.events, status.tail) == (True, 1, 2)
