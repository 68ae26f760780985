"""What a run over all customers may say of pairs found while it was learning, and of those that people ruled on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import select, update
from tests.identity.test_resolve import DAY, tables

from onepool.identity import Registry, Resolved, Resolver, TypeRule
from onepool.identity.registry import Likelihood
from onepool.state import State
from onepool.state.schema import candidates
from onepool.tick import matching

from .conftest import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Place:
    """Members A to D, of whom nothing joins two."""

    def __init__(self, folder: Path) -> None:
        self.state = State.at(folder / "state.sqlite")
        self.resolver = Resolver(self.state, Registry({"member_no": TypeRule("strong", 70)}))
        self.save(
            self.resolver.resolve(*tables([(n * DAY, [("member_no", "", one)], "") for n, one in enumerate("ABCD")]))
        )

    def save(self, resolved: Resolved) -> None:
        with self.state.write() as connection:
            self.resolver.save(connection, resolved, at=0, offset=1)

    def before(self) -> matching.Before:
        with self.state.read() as connection:
            return matching.before(connection, self.resolver.graph)

    def live(self, *pairs: tuple[int, int]) -> None:
        """What the tick does with newcomers."""
        found = _pairs(*pairs)
        with self.state.write() as connection:
            known = matching.store(connection, found, 1, NOW)
        self.save(self.resolver.propose(matching.to_join(known, matching.chances(found), pairs, NOW)))

    def run(self, before: matching.Before, *pairs: tuple[int, int]) -> None:
        """What it does with a run over all customers that began with `before`."""
        found = _pairs(*pairs)
        with self.state.write() as connection:
            known = matching.store(connection, found, 2, NOW, instead=before.waiting)
        joins = matching.to_join(known, matching.chances(found), pairs, NOW)
        kept = frozenset((one.a, one.b) for one in joins)
        retired = matching.no_longer(self.resolver.graph, kept, before.linked)
        self.save(self.resolver.propose(joins, retired))

    def customers(self) -> list[int]:
        return [int(one) for one in self.resolver.graph.customer[:4]]

    def statuses(self) -> dict[tuple[int, int], str]:
        with self.state.read() as connection:
            rows = connection.execute(select(candidates.c.a, candidates.c.b, candidates.c.status))
            return {(row.a, row.b): row.status for row in rows}


def _pairs(*pairs: tuple[int, int]) -> pa.Table:
    return pa.table(
        {
            "a": pa.array([a for a, _ in pairs], pa.int64()),
            "b": pa.array([b for _, b in pairs], pa.int64()),
            "probability": pa.array([0.999] * len(pairs), pa.float64()),
            "detail": pa.array(["[]"] * len(pairs), pa.string()),
        }
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_was_joined_while_a_run_was_learning_stays(place: Place) -> None:
    before = place.before()
    place.live((2, 3))
    place.run(before, (0, 1))
    assert place.customers() == [0, 0, 2, 2] and place.statuses() == {(2, 3): "joined", (0, 1): "joined"}
    place.run(place.before(), (0, 1))
    assert place.customers() == [0, 0, 2, 3] and place.statuses() == {(2, 3): "gone", (0, 1): "joined"}


def test_what_a_run_took_back_may_be_joined_again_by_new_evidence(place: Place) -> None:
    place.live((2, 3))
    place.run(place.before())
    assert place.customers() == [0, 1, 2, 3] and place.statuses() == {(2, 3): "gone"}
    place.live((2, 3))
    assert place.customers() == [0, 1, 2, 2] and place.statuses() == {(2, 3): "joined"}


def test_people_s_word_holds_for_the_same_two_under_other_identifiers(place: Place) -> None:
    place.live((1, 3))
    customer = place.resolver.graph.customer.astype("int64")
    with place.state.write() as connection:
        known = matching.store(connection, _pairs((0, 3), (0, 2)), 1, NOW)
        # 1 and 3 are one customer now; people said that 1 and 0 are not.
        settled = matching.never_again(connection, known, customer, [(0, 1)])
    assert {pair: status for pair, (_, status) in settled.items()} == {
        (0, 3): "never",
        (0, 2): "open",
        (1, 3): "joined",
    }
    assert place.statuses() == {pair: status for pair, (_, status) in settled.items()}


def test_labels_of_records_that_are_no_more_teach_nothing_and_stop_nothing() -> None:
    names = pa.array([f"王{chr(0x4E00 + n)}{chr(0x5000 + n % 50)}" for n in range(400)])
    columns = {name: pa.nulls(400, pa.string()) for name in matching.COLUMNS}
    columns |= {"name": names, "phone": pa.array([f"+86138{n % 200:08d}" for n in range(400)])}
    records = pa.table({"record_id": pa.array(range(400), pa.int64()), **columns})
    numbers = pa.table({"record_id": pa.array([], pa.int64()), "number": pa.array([], pa.string())})

    def learned(labels: pa.Table | None) -> str:
        found = matching.learn_all(records, numbers, labels, Likelihood(), lambda name, progress: None)
        return found.model.to_json()

    stale = pa.table(
        {
            "left": pa.array([1, 7, 9999], pa.int64()),
            "right": pa.array([9999, 7, 9998], pa.int64()),
            "match": pa.array([True, True, False]),
        }
    )
    assert learned(stale) == learned(None)


def test_a_proposal_that_came_after_people_s_word_can_be_answered(place: Place) -> None:
    with place.state.write() as connection:
        matching.store(connection, _pairs((0, 1)), 1, NOW)
        connection.execute(update(candidates).values(status="never"))
        known = matching.store(connection, _pairs((0, 1), (1, 2)), 1, NOW)
    assert known[0, 1][1] == "never" and known[1, 2][1] == "open", "what people decided stays decided"


def test_what_was_bought_and_when_is_compared_too(world: World) -> None:
    """Of the latest orders, whichever of a customer's identifiers placed them."""
    known = {"name": "王小明"}
    for number, product in enumerate(("P-1", "P-2", "P-2", "P-3", "P-4", "P-5")):
        lines = [{"product_id": product, "price": 9.9, "quantity": 1}]
        told = {"order_id": f"o{number}", "amount": 9.9, "items": lines}
        at = (world.clock.now() - timedelta(hours=10 - number)).isoformat()
        world.send({"event": "order_placed", "userId": "u1", "timestamp": at, "properties": told})
    world.send(*({"type": "identify", "userId": who, "traits": known} for who in ("u1", "u2")))
    world.settle()
    owner = {row["value"]: row["identifier_id"] for row in world.rows("SELECT value, identifier_id FROM identifiers")}
    alone = np.arange(max(owner.values()) + 1, dtype=np.int64)
    with world.workspace.pool.read() as session:
        rows = {row["record_id"]: row for row in matching.records_of(session, alone).to_pylist()}
        some = matching.records_of(session, alone, np.array([owner["u1"]])).to_pylist()
    assert rows[owner["u1"]]["product_id"] == ["P-2", "P-3", "P-4", "P-5"]
    assert rows[owner["u1"]]["order_time"] == [f"2026-02-28T{hour}:00" for hour in (20, 21, 22, 23)]
    assert rows[owner["u2"]]["product_id"] is None and rows[owner["u2"]]["name"] == ["王小明"]
    assert some == [rows[owner["u1"]]]
