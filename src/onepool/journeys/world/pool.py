"""The world as the pool and the state are at a step: live, and over the past in back-tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection
from sqlglot import exp

from onepool.audience.conditions import Condition, Scope, compile_conditions
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import col, named
from onepool.audience.conditions.names import Context
from onepool.clock import from_micros
from onepool.journeys.executor.columns import I64, Runs
from onepool.journeys.executor.ports import Audience, Entering, Question, Sought
from onepool.journeys.world.ahead import Ahead
from onepool.journeys.world.asking import answers
from onepool.journeys.world.backlog import Backlog
from onepool.journeys.world.events import Happened
from onepool.journeys.world.persons import persons
from onepool.journeys.world.records import Records
from onepool.journeys.world.texts import text_of
from onepool.pool import Session, quote
from onepool.reach import coupons
from onepool.reach.associates import associates
from onepool.reach.gate import GateWorld, gate
from onepool.reach.keys import distinct
from onepool.reach.pressure import Gauge
from onepool.reach.rules import Door, SendPolicy

if TYPE_CHECKING:
    from onepool.journeys.executor.ports import World

_WANTED: Final = "_journey_customers"


class PoolWorld:
    """`executor.ports.World` over a session of the pool and a connection of the state (a write transaction)."""

    def __init__(
        self,
        session: Session,
        connection: Connection,
        ctx: Context,
        happened: Happened,
        gate_world: GateWorld,
        fresh_as_of: Callable[[], int],
        *,
        reserve: bool = False,
        gauge: Gauge | None = None,
        backlog: Backlog | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        """`reserve`: see `reach.gate` (back-tests, where nobody claims); `gauge`: without it no account is full;
        `backlog`: what earlier steps know of timers that are due; without it each step looks at all of them; `ahead`:
        what was read of them already."""
        self._session = session
        self._connection = connection
        self._ctx = ctx
        self._happened = happened
        self._gate = gate_world
        self._fresh = fresh_as_of
        self._reserve = reserve
        self._gauge = gauge
        self._records = Records(connection, backlog, ahead)

    # ------------------------------------------------------------------------------------------------------- events

    def event_names(self) -> frozenset[str]:
        return self._happened.names()

    def who_did(self, names: frozenset[str]) -> I64:
        return self._happened.who_did(names)

    def who_changed(self, attributes: frozenset[str]) -> I64:
        return self._happened.who_changed(attributes)

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        return self._happened.entrants(asked)

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        return self._happened.find(sought)

    # ---------------------------------------------------------------------------------------------------- customers

    def answers(self, question: Question, at: int) -> dict[str, npt.NDArray[np.bool_]]:
        return answers(self._session, self._ctx, question, at)

    def attributes(self, customers: I64, names: Sequence[str]) -> pa.Table:
        self._session.relation(_WANTED, pa.table({"customer_id": distinct(customers)}))
        types = self._ctx.names.attributes
        columns = [named(text_of(col(name), str(types[name])), name) for name in names if name in types]
        query = exp.select(col("customer_id"), *columns).from_(table("profiles")).where(
            exp.In(this=col("customer_id"), query=exp.select(col("customer_id")).from_(table(_WANTED)).subquery())
        )  # fmt: skip
        found = self._session.query(query)
        ids = found.column("customer_id").to_numpy()
        order = np.argsort(ids)
        place = np.searchsorted(ids[order], customers)
        place = np.minimum(place, max(ids.size - 1, 0))
        known = (ids[order][place] == customers) if ids.size else np.zeros(customers.size, np.bool_)
        picked = pa.array(order[place] if ids.size else np.zeros(customers.size, np.int64), mask=~known)
        columns_ = {name: found.column(name).take(picked) for name in names if name in types}
        nothing = pa.nulls(customers.size, pa.string())
        return pa.table({"customer_id": customers, **{name: columns_.get(name, nothing) for name in names}})

    def members(self, segment: str | None, who: Condition | None, at: int) -> I64:
        found = None
        if segment is not None:
            found = self._ids("SELECT customer_id FROM segment_members WHERE segment = $segment", {"segment": segment})
        if who is not None:
            scope = Scope.all()
            if found is not None:
                self._session.relation(_WANTED, pa.table({"customer_id": found}))
                scope = Scope.customers(_WANTED)
            answers = compile_conditions({"who": who}, from_micros(at), scope, self._ctx).run(self._session)
            holds = answers.column("customer_id").filter(answers.column("who"))
            return distinct(holds.to_numpy()).astype(np.int64)
        if found is not None:
            return found
        return self._ids("SELECT DISTINCT customer_id FROM customer_of", {})

    def dated(self, attribute: str, day: int, yearly: bool) -> I64:
        sql_type = str(self._ctx.names.attributes[attribute])
        column = f"CAST({quote(attribute)} AS DATE)"
        if sql_type == "VARCHAR":
            column = f"TRY_CAST({quote(attribute)} AS DATE)"
        wanted = "(DATE '1970-01-01' + $day::INTEGER)"
        if not yearly:
            return self._ids(f"SELECT customer_id FROM profiles WHERE {column} = {wanted}", {"day": day})
        same = f"month({column}) = month({wanted}) AND day({column}) = day({wanted})"
        leap = (
            f"month({column}) = 2 AND day({column}) = 29 AND month({wanted}) = 2 AND day({wanted}) = 28 "
            f"AND day(last_day({wanted})) = 28"
        )
        return self._ids(
            f"SELECT customer_id FROM profiles WHERE ({same}) OR ({leap})",
            {"day": day},
        )

    def fresh_as_of(self) -> int:
        return self._fresh()

    # -------------------------------------------------------------------------------------------------------- deeds

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> Sequence[str | None]:
        found = coupons.issue(self._connection, batch, keys, customers, runs, at)
        return list(found.to_pylist())

    def gate(self, planned: pa.Table, policies: Sequence[SendPolicy], at: int) -> pa.Table:
        return gate(planned, policies, self._gate, at, reserve=self._reserve)

    def associates(self, customers: I64, at: int) -> Sequence[str]:
        return associates(self._gate, customers, at)

    def give_up(self, gone: Sequence[tuple[int, int, str]]) -> None:
        self._records.give_up(gone)

    # ---------------------------------------------------------------------------------------------------- the state

    def due(self, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]) -> Runs:
        return self._records.due(at, most, priorities, scarce)

    def runs_of(self, customers: I64, *, live: bool) -> Runs:
        return self._records.runs_of(customers, live=live)

    def runs(self, run_ids: I64) -> Runs:
        return self._records.runs(run_ids)

    def children(self, parents: I64) -> Runs:
        return self._records.children(parents)

    def runs_in(self, version: int, state: int, most: int, after: int = -1) -> Runs:
        return self._records.runs_in(version, state, most, after)

    def any_runs(self, versions: Sequence[int]) -> bool:
        return self._records.any_runs(versions)

    def audiences(self, but: Collection[str]) -> Sequence[Audience]:
        return self._records.audiences(but)

    def room(self, door: Door) -> int | None:
        return None if self._gauge is None else self._gauge.room(self._connection, door)

    def let_in(self, doors: Sequence[Door], count: int) -> None:
        if self._gauge is not None:
            self._gauge.let_in(doors, count)

    def persons(self, customers: I64, since: int) -> pa.Table:
        return persons(self._session, self._connection, customers, since)

    def started(self) -> frozenset[str]:
        return self._records.started()

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        return self._records.open_sends(send_ids)

    def _ids(self, query: str, params: dict[str, object]) -> I64:
        found = self._session.query(query, params or None).column("customer_id").to_numpy()
        return distinct(found).astype(np.int64)


if TYPE_CHECKING:

    def _is_world(one: PoolWorld) -> World:
        return one
