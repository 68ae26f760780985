"""Runs, messages and audiences as the state has them, a set at a time."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection, bindparam, select, text, update

from onepool.journeys.executor.columns import COLUMNS, I64, NULLABLE, Runs
from onepool.journeys.executor.members import unpacked
from onepool.journeys.executor.ports import Audience
from onepool.journeys.states import RunState
from onepool.journeys.world.backlog import DUE, IS_DUE, Backlog, many
from onepool.reach.keys import among_ordered, distinct
from onepool.reach.states import SendState, perhaps_out
from onepool.state.bulk import update_many
from onepool.state.columns import fetch
from onepool.state.journeys import journey_audiences, runs
from onepool.state.outbox import sends

if TYPE_CHECKING:
    from onepool.journeys.world.ahead import Ahead

_PARTS: Final = ", ".join(f"coalesce({name}, -1)" if name in NULLABLE else name for name in COLUMNS)
_READ: Final = f"SELECT {_PARTS} FROM runs WHERE "

_COLUMNS: Final = [runs.c[name] for name in COLUMNS]
_MANY: Final = 2_000
_AGAIN: Final = 3
_LIVE: Final = f"state <> {int(RunState.ENDED)}"


class Records:
    """What one connection of the state sees."""

    def __init__(self, connection: Connection, backlog: Backlog | None = None, ahead: Ahead | None = None) -> None:
        """`backlog`: what earlier steps know of timers that are due; without it each look is a new one. `ahead`: what
        was read already of those."""
        self._connection = connection
        self._backlog = backlog
        self._ahead = ahead

    def due(self, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int] = ()) -> Runs:
        """Live, not paused runs with due <= at, by (due, run_id): see the port."""
        backlog = Backlog() if self._backlog is None else self._backlog
        ids = backlog.take(at, most)
        found = Runs.empty() if ids is None else self._taken(ids, at)
        for _ in range(_AGAIN):
            # Some are no longer due: the next ones take their places.
            if len(found) == most or (ids := backlog.take(at, most - len(found))) is None:
                break
            found = Runs.joined([found, self.due_of(ids, at)])
        if len(found) < most:
            # Nothing is known of this instant, or much is not any more as it was.
            if many(self._connection, at, most):
                backlog.look(self._connection, at, most, priorities, scarce)
                ids = backlog.take(at, most)
                assert ids is not None
                found = self.due_of(ids, at)
            else:
                found = self._read(DUE, at=at)
        return found.take(np.lexsort((found.run_id, found.due)))

    def due_of(self, run_ids: I64, at: int) -> Runs:
        """Those of these runs that are due."""
        return self._among("run_id", run_ids, IS_DUE, at=at)

    def _taken(self, run_ids: I64, at: int) -> Runs:
        known = None if self._ahead is None else self._ahead.known(run_ids)
        if known is None:
            return self.due_of(run_ids, at)
        found, left = known
        return Runs.joined([found, self.due_of(left, at)]) if left.size else found

    def runs(self, run_ids: I64) -> Runs:
        return self._among("run_id", run_ids)

    def runs_of(self, customers: I64, *, live: bool) -> Runs:
        return self._among("customer_id", customers, _LIVE if live else "")

    def children(self, parents: I64) -> Runs:
        return self._among("parent", parents, "parent IS NOT NULL AND " + _LIVE)

    def runs_in(self, version: int, state: int, most: int, after: int = -1) -> Runs:
        """Runs of a version in a state, by id from the one behind `after` on, at most so many."""
        where = "version_id = :version AND state = :state AND run_id > :after ORDER BY run_id LIMIT :most"
        return self._read(where, version=version, state=state, after=after, most=most)

    def any_runs(self, versions: Sequence[int]) -> bool:
        listed = ", ".join(str(int(one)) for one in versions) or "-1"
        found = self._connection.execute(text(f"SELECT 1 FROM runs WHERE version_id IN ({listed}) LIMIT 1"))
        return found.first() is not None

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        """State of each of these messages that there is; one that waits to be called again since nobody can tell what
        came of the call is unknown."""
        if send_ids.size == 0:
            return {}
        where, values = self._in("send_id", distinct(send_ids))
        rows = self._connection.execute(text(f"SELECT send_id, state, reason FROM sends WHERE {where}"), values)
        return {
            int(send_id): int(SendState.UNKNOWN if perhaps_out(state, reason) else state)
            for send_id, state, reason in rows
        }

    def give_up(self, gone: Sequence[tuple[int, int, str]]) -> None:
        """Write down what became of messages: caps count them by it. All else of them is written with the step."""
        table = sends
        changed = update(table).where(table.c.send_id == bindparam("b_id"))
        rows = [(state, reason, send_id) for send_id, state, reason in gone]
        values: dict[str, Any] = {"state": bindparam("b_state"), "reason": bindparam("b_reason")}
        update_many(self._connection, changed.values(values), ["b_state", "b_reason", "b_id"], rows)

    def audiences(self, but: Collection[str]) -> list[Audience]:
        """Those of which somebody is yet to be let in. `but`: journeys whose audiences are not read."""
        table = journey_audiences
        query = select(table).where(table.c.done.is_(False), table.c.journey.not_in(but))
        rows = self._connection.execute(query.order_by(table.c.journey, table.c.at))
        return [
            Audience(row.journey, row.at, unpacked(row.customers), row.total, row.taken, done=False) for row in rows
        ]

    def started(self) -> frozenset[str]:
        """The journeys that ever had an audience."""
        return frozenset(self._connection.execute(select(journey_audiences.c.journey).distinct()).scalars())

    def _among(self, column: str, ids: I64, further: str = "", **given: int) -> Runs:
        if ids.size == 0:
            return Runs.empty()
        ids = distinct(ids)
        more = f" AND {further}" if further else ""
        if ids.size < _MANY:
            where, listed = self._in(column, ids)
            return self._read(f"{where}{more} ORDER BY run_id", **listed, **given)
        # Of many that lie side by side the database reads a stretch instead of seeking each one.
        span = f"{column} BETWEEN :low AND :high"
        values = {"low": int(ids[0]), "high": int(ids[-1])}
        counted = text(f"SELECT count(*) FROM (SELECT 1 FROM runs WHERE {span} LIMIT :most) AS stretch")
        beside = self._connection.execute(counted, {**values, "most": 2 * ids.size}).scalar_one()
        if beside == 0:
            return Runs.empty()
        if beside < 2 * ids.size:
            found = self._fetch(span + more, **values, **given)
            found = found.take(among_ordered(getattr(found, column), ids))
        else:
            where, listed = self._in(column, ids)
            found = self._fetch(where + more, **listed, **given)
        return found.take(np.argsort(found.run_id))

    def _fetch(self, where: str, **values: Any) -> Runs:
        """Many runs, column by column, in no order."""
        return Runs.of_table(fetch(self._connection, _COLUMNS, text(where).bindparams(**values)))

    def _in(self, column: str, ids: I64) -> tuple[str, dict[str, Any]]:
        """A column among many numbers, with one parameter."""
        listed = ids.tolist()
        if self._connection.dialect.name == "sqlite":
            return f"{column} IN (SELECT value FROM json_each(:ids))", {"ids": json.dumps(listed)}
        return f"{column} = ANY(CAST(:ids AS BIGINT[]))", {"ids": listed}

    def _read(self, where: str, **values: Any) -> Runs:
        with self._connection.execute(text(_READ + where), values) as result:
            # The driver's own rows: nothing here asks for names.
            return Runs.of_rows(result.cursor.fetchall() if result.cursor is not None else [])
