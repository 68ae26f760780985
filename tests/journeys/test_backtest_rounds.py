"""Customers go through a back-test each in a time of its own, and it comes to what going together cell by cell comes
to, with every condition and event asked of the pool."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import insert
from tests.journeys.drawing_logs import DAY, HOUR, MINUTE, Case, Seeded, case
from tests.journeys.vocabulary import ATTRIBUTES, COLUMNS, MESSAGE, TOUCHPOINTS, context
from tests.kept import may_be_emptied

from onepool.clock import FakeClock, from_micros
from onepool.journeys.backtest import run, scope, world
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.types import Asked, Outcome
from onepool.journeys.keys import key
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create
from onepool.state.consents import consent_ledger, consent_states
from onepool.state.outbox import suppressions
from onepool.workspace import Workspace, init_workspace

POLICY = {"policy": "default", "purposes": {"promotion": "marketing"}, "prices": {"sms": 0.05}}
COUPON = {"face": {"amount": 20}, "codes": {"generated": {"on_demand": True}}, "per_customer": 1000}


@dataclass
class Lived:
    """A workspace's state with a pool of its own, in memory."""

    ws: Workspace
    pool: DuckDBEngine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ws, name)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    ws = init_workspace(tmp_path_factory.mktemp("rounds") / "w", clock=FakeClock(from_micros(0)))
    for name in ("sms1",):
        ws.save("touchpoint", name, {"touchpoint": name, "channel": TOUCHPOINTS[name]}, author="test")
    ws.definitions.save("message", "recall", MESSAGE.model_dump(mode="json", exclude_none=True), author="test")
    ws.definitions.save("policy", "default", POLICY, author="test")
    for batch in ("PLENTY", "SCARCE"):
        ws.definitions.save("coupon", batch, {"coupon": batch, **COUPON}, author="test")
    yield ws
    ws.close()


def lived(ws: Workspace, made: Case, seed: int) -> Lived:
    """The customers of a drawn case with phones, words on messages and a list of suppressions."""
    pool = DuckDBEngine(":memory:", made.zone, threads=1)
    dice = random.Random(seed)
    events, facts, phones, changes = [], [], [], []
    for quantum in made.quanta:
        for customer, event, event_id in quantum.events:
            time = from_micros(event.time)
            events.append(
                {"seq": event.seq, "event_id": event_id, "identifier_id": customer, "event": event.event, "time": time,
                 "received_at": time, "channel": event.channel, "touchpoint": event.touchpoint, **event.values,
                 "fields": "{}"}
            )  # fmt: skip
        for customer, fact in quantum.facts:
            facts.append({"seq": fact.seq, "identifier_id": customer, "attribute": fact.attribute, "value": fact.value,
                          "time": from_micros(fact.time)})  # fmt: skip
        for customer, segment, inside, at in quantum.segments:
            changes.append({"change_id": len(changes), "customer_id": customer, "segment": segment,
                            "change": "enter" if inside else "leave", "at": from_micros(at)})  # fmt: skip
    words, list_ = [], []
    end = made.quanta[-1].at
    for customer in made.customers:
        if dice.random() < 0.8:
            seen = from_micros(dice.choice([made.start - DAY, dice.randrange(made.start, end)]))
            phones.append({"identifier_id": customer, "type": "phone", "scope": "", "value": f"+861300000{customer}",
                           "first_seen": seen, "last_seen": seen, "generation": 0})  # fmt: skip
        for number in range(dice.randrange(4)):
            time = made.start - DAY if number == 0 else dice.randrange(made.start, end)
            words.append({"identifier_id": customer, "purpose": dice.choice(["marketing", "all"]), "category": "",
                          "channel": dice.choice(["", "sms"]), "granted": number == 0 or dice.random() < 0.6,
                          "time": time, "seq": customer * 10 + number})  # fmt: skip
        if dice.random() < 0.15:
            at = dice.randrange(made.start, end)
            list_.append({"customer_id": customer, "channel": "", "category": "", "reason": "manual", "source": "test",
                          "at": at, "lifted": at + 6 * HOUR if dice.random() < 0.5 else None})  # fmt: skip
    with pool.write() as session:
        create(session, Columns(events=COLUMNS, items={"category": "VARCHAR"}, attributes=ATTRIBUTES))
        ids = pa.array(made.customers, pa.int64())
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        for name, rows in (
            ("events", events), ("attribute_facts", facts), ("identifiers", phones), ("segment_changes", changes),
        ):  # fmt: skip
            if rows:
                session.append(name, pa.Table.from_pylist(rows))
    with ws.state.write() as connection:
        may_be_emptied(connection)
        for table in (consent_states, consent_ledger, suppressions):
            connection.execute(table.delete())
        latest: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in sorted(words, key=lambda one: (one["time"], one["seq"])):
            latest[row["identifier_id"], row["purpose"], row["channel"]] = row
            said = {name: value for name, value in row.items() if name != "granted"}
            action = "granted" if row["granted"] else "withdrawn"
            connection.execute(insert(consent_ledger).values(**said, action=action, at=row["time"], source="test"))
        for row in latest.values():
            connection.execute(insert(consent_states).values(**row))
        for row in list_:
            connection.execute(insert(suppressions).values(**row))
    return Lived(ws, pool)


def told(outcome: Outcome) -> dict[str, Any]:
    """What a back-test says, without how it came to it."""
    assert outcome.steps is not None
    names = ["run_id", "seq", "customer_id", "node", "visit", "edge", "at", "detail"]
    steps = outcome.steps.select(names).sort_by([(name, "ascending") for name in names]).to_pylist()
    sends = outcome.sends.drop_columns(["policy"] if "policy" in outcome.sends.column_names else [])
    return {
        "steps": steps, "runs": outcome.runs.to_pylist(), "sends": sends.sort_by("send_id").to_pylist(),
        "edges": sorted((row["node"], row["edge"], row["count"]) for row in outcome.edges.to_pylist()),
    }  # fmt: skip


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Without writes: the pool does not hear of them here."""
    nodes = {
        name: {"do": "wait", "for": "1 hour", "next": node["next"]} if node["do"] == "set_profile" else node
        for name, node in body["nodes"].items()
    }
    return {**body, "nodes": nodes}


def compared(ws: Workspace, seed: int, patch: pytest.MonkeyPatch) -> tuple[Outcome, Outcome]:
    made = case(Seeded(seed), 12, 8, calls=False)
    place = lived(ws, made, seed)
    body, end = plain(made.bodies[0]), made.quanta[-1].at
    one = Asked(body, made.start, end, grid=5 * MINUTE, paths=True)
    found = backtest(place, context(made.zone), one)
    with patch.context() as other:
        for module in (scope, world):
            other.setattr(module, "able", lambda *_: False)
            other.setattr(module, "answerable", lambda *_: False)
        together = backtest(place, context(made.zone), one)
    place.pool.close()
    return found, together


@pytest.mark.parametrize("seed", range(8))
def test_alone_as_together(workspace: Workspace, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found, together = compared(workspace, seed, monkeypatch)
    assert together.together and not found.together
    assert found.rounds <= together.rounds
    mine, theirs = told(found), told(together)
    for part in ("runs", "steps", "edges", "sends"):
        assert mine[part] == theirs[part], part


__all__ = ["Path", "key", "run"]
