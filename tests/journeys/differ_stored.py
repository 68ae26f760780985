"""The executor over the pool and the state, as it runs live, in the place of the world in memory (see differ.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Connection, insert, select, update
from tests.journeys.differ import Columnar, _some, claim, stock
from tests.journeys.drawing_logs import Case, Quantum
from tests.journeys.memory import FakeGate, ledger_of
from tests.journeys.naive import DAY
from tests.journeys.vocabulary import ATTRIBUTES, COLUMNS

from onepool.audience.conditions.reference import Fact
from onepool.audience.conditions.texts import read_text
from onepool.clock import from_micros
from onepool.journeys.executor.apply import move, save
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import MERGES, OUTCOMES, REQUESTS, SEGMENTS, Inputs
from onepool.journeys.model import Journey
from onepool.journeys.states import RunState
from onepool.journeys.world.events import Happened
from onepool.journeys.world.pool import PoolWorld
from onepool.pool import Columns, DuckDBEngine, Session
from onepool.pool.schema import create
from onepool.reach.rules import ContactPolicy, Door
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.journeys import journey_edges, runs
from onepool.state.outbox import sends
from onepool.state.schema import customer_changes

_TIME = pa.timestamp("us", tz="UTC")
_EVENTS = pa.schema(
    [
        ("seq", pa.int64()), ("event_id", pa.string()), ("identifier_id", pa.int64()), ("event", pa.string()),
        ("time", _TIME), ("received_at", _TIME), ("channel", pa.string()), ("touchpoint", pa.string()),
        ("amount", pa.decimal128(18, 4)), ("currency", pa.string()), ("cart_id", pa.string()),
        ("coupon_code", pa.string()), ("fields", pa.string()),
    ]
)  # fmt: skip
_FACTS = pa.schema(
    [
        ("seq", pa.int64()), ("identifier_id", pa.int64()), ("attribute", pa.string()), ("value", pa.string()),
        ("time", _TIME),
    ]
)  # fmt: skip
_PROFILES = {
    "city": pa.string(), "time_zone": pa.string(), "birthday": pa.date32(), "renewal": _TIME
}  # fmt: skip


class _World(PoolWorld):
    """Codes of coupons come from the same rule as the naive interpreter's."""

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> Sequence[str | None]:
        del runs, at
        return [stock(batch, int(key), int(one)) for key, one in zip(keys, customers, strict=True)]

    crowded: frozenset[str] = frozenset()

    def room(self, door: Door) -> int | None:
        return 0 if door.channel in self.crowded else None


class Stored(Columnar):
    """As `Columnar`, with tables in the place of dictionaries."""

    def __init__(self, case: Case, journeys: list[Journey], ctx: Any, *, state: State) -> None:
        super().__init__(case, journeys, ctx)
        self.ctx = ctx
        self.state = state
        self.pool = DuckDBEngine(":memory:", case.zone, threads=1)
        with self.pool.write() as session:
            create(session, Columns(events=COLUMNS, items={"category": "VARCHAR"}, attributes=ATTRIBUTES))
            ids = pa.array(case.customers, pa.int64())
            session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        self._last = 0

    def step(self, quantum: Quantum, since: int) -> None:
        with self.state.write() as connection:
            told, facts = self._told(connection, quantum, since)
            self._learn(connection, quantum, facts)
            inputs = Inputs(
                segments=_rows(quantum.segments, SEGMENTS), merges=_rows(quantum.merges, MERGES), outcomes=told,
                requests=_rows([self._request(*one) for one in quantum.requests], REQUESTS),
            )  # fmt: skip
            for customer in self.world.histories:
                self.zones[customer] = self._zone(customer, quantum.at)
            gate = FakeGate(
                ContactPolicy(control=self.world.gate_world.policy.control), self.zones,
                partial(self._ledger, connection),
            )  # fmt: skip
            self.turn(quantum)
            move(connection, inputs.merges, quantum.at)
            last = quantum.at // 1_000_000 - 1
            with self.pool.read() as session:
                again = True
                while again:
                    happened = Happened(session, self.ctx, self._last, last, (), quantum.at)
                    world = _World(session, connection, self.ctx, happened, gate, lambda: quantum.at)
                    world.crowded = quantum.crowded
                    step = Executor(self.book, world).step(inputs, quantum.at)
                    save(connection, step, quantum.at)
                    self._note(step)
                    # A day's audience after the other, with what came in at the first one.
                    again, inputs, self._last = step.more, Inputs(), last + 1

    def _told(self, connection: Connection, quantum: Quantum, since: int) -> tuple[pa.Table, list[tuple[int, Fact]]]:
        rows = {row["send_id"]: dict(row) for row in connection.execute(select(sends)).mappings()}
        outcomes = claim(rows, since, quantum.at)
        for send_id, row in rows.items():
            values = {"state": int(row["state"]), "claimed": row["claimed"]}
            connection.execute(update(sends).where(sends.c.send_id == send_id).values(**values))
        found = []
        for key, state, why, when in outcomes:
            connection.execute(update(sends).where(sends.c.send_id == key).values(state=int(state), reason=why))
            row = rows[key]
            place = (row["run_id"], row["node"], row["visit"], row["hop"])
            found.append((key, *place, "send", int(state), why, when, "{}"))
        acted, facts = self.acted(quantum, since, self._customer(connection))
        found += [self._outcome(*one) for one in acted]
        return _rows(sorted(found, key=lambda one: (one[8], one[0])), OUTCOMES), facts

    @staticmethod
    def _customer(connection: Connection) -> Callable[[int], int]:
        def of(run_id: int) -> int:
            query = select(runs.c.customer_id).where(runs.c.run_id == run_id)
            return int(connection.execute(query).scalar_one())

        return of

    def _learn(self, connection: Connection, quantum: Quantum, facts: list[tuple[int, Fact]]) -> None:
        """The same into the pool's tables as into the histories."""
        world = self.world
        world.at = quantum.at
        for loser, winner, _ in quantum.merges:
            world.merge(loser, winner)
        world.learn(quantum.events, facts)
        rows = [
            {
                "seq": event.seq, "event_id": event_id, "identifier_id": customer, "event": event.event,
                "time": from_micros(event.time), "received_at": from_micros(event.received_at),
                "channel": event.channel, "touchpoint": event.touchpoint, **event.values, "fields": "{}",
            }
            for customer, event, event_id in quantum.events
        ]  # fmt: skip
        for loser, winner, when in quantum.merges:
            values = {"at": when, "log_offset": 0, "kind": "merge", "customer_id": loser, "other_id": winner}
            connection.execute(insert(customer_changes).values(**values))
        told = [
            ((self._last << 20) + number, customer, fact.attribute, fact.value, from_micros(fact.time))
            for number, (customer, fact) in enumerate(facts)
        ]
        with self.pool.write() as session:
            for loser, winner, _ in quantum.merges:
                session.execute(f"UPDATE customer_of SET customer_id = {winner} WHERE customer_id = {loser}")
                # As in the pool (tick/profiles.py): who went up in another one has no profile any more.
                session.execute(f"DELETE FROM profiles WHERE customer_id = {loser}")
            session.execute("DELETE FROM segment_members")
            members = pa.array(sorted(quantum.inside), pa.int64())
            segment = pa.repeat(pa.scalar("buyers"), len(members))
            session.append("segment_members", pa.table({"segment": segment, "customer_id": members}))
            session.append("events", pa.Table.from_pylist(rows, schema=_EVENTS))
            session.append("attribute_facts", _rows(told, _FACTS))
            touched = {customer for customer, _ in facts} | {winner for _, winner, _ in quantum.merges}
            self._profiles(session, sorted(touched), quantum.at)

    def _profiles(self, session: Session, customers: list[int], at: int) -> None:
        if not customers:
            return
        listed = ", ".join(map(str, customers))
        session.execute(f"DELETE FROM profiles WHERE customer_id IN ({listed})")
        columns: dict[str, pa.Array] = {"customer_id": pa.array(customers, pa.int64())}
        for name, kind in _PROFILES.items():
            values = [self._value(customer, name, at) for customer in customers]
            columns[name] = pa.array(values, kind)
        session.append("profiles", pa.table(columns))

    def _value(self, customer: int, name: str, at: int) -> Any:
        text = self._said(customer, name, at)
        value = None if text is None else read_text(text, ATTRIBUTES[name], ZoneInfo(self.ctx.zone))
        return from_micros(value) if ATTRIBUTES[name] == "TIMESTAMPTZ" and value is not None else value

    @staticmethod
    def _ledger(connection: Connection) -> list[tuple[Any, ...]]:
        return ledger_of({row["send_id"]: dict(row) for row in connection.execute(select(sends)).mappings()})

    def runs(self) -> dict[int, dict[str, Any]]:
        with self.state.read() as connection:
            rows = [dict(row) for row in connection.execute(select(runs)).mappings()]
        return {row["run_id"]: self._run(row, lambda value: value) for row in rows}

    def sends(self) -> dict[int, dict[str, Any]]:
        with self.state.read() as connection:
            rows = [dict(row) for row in connection.execute(select(sends)).mappings()]
        return {row["send_id"]: self._send(row) for row in rows}

    def stored_edges(self) -> dict[tuple[int, int, str, int], int]:
        """What the table of edges has counted."""
        with self.state.read() as connection:
            rows = connection.execute(select(journey_edges)).all()
        return {(row.version_id, row.node, row.edge, row.day): row.count for row in rows}

    def close(self) -> None:
        self.pool.close()


def _rows(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    columns = [pa.array([row[place] for row in rows], one.type) for place, one in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


__all__ = ["DAY", "RunState", "SendState", "Stored", "_some", "json"]
