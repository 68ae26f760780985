"""What the tick does for tags that it does not compute itself: imported values, and results of runs.

Both are in the state before they are in the pool. A run's result, its figures, the changes of values that it means and
the progress of its job are one transaction of the state: it happens once, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.catalog import Catalog
from onepool.audience.changes import tag_changes
from onepool.audience.live import Live
from onepool.audience.outcomes import TAG_SCHEMA, Outcome, OutcomeLog, apply_tags, empty_outcome
from onepool.audience.tags import inputs, runs, save_populations, tags_used
from onepool.audience.tags.computed import Computed, is_live
from onepool.audience.tags.figures import drift, measure
from onepool.pool import DuckDBEngine, Session
from onepool.state import State
from onepool.tick import jobs, marks
from onepool.tick.recovery import OUTCOME

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of one part of a job. `parts`: how many are kept with this one; `of`: how many there are."""

    job: int
    parts: int
    of: int
    tag: str
    version: int
    hash: str
    why: str
    as_of: datetime
    seconds: float
    computed: Computed


def level(pool: DuckDBEngine, state: State, live: Live, now: datetime) -> None:
    """Give the pool the imports and the runs that the state has and the pool has not."""
    with pool.write() as session:
        applied = int(marks.get(session, inputs.MARK) or 0)
        number, touched = inputs.fold(session, state, applied)
        if number != applied:
            marks.put(session, inputs.MARK, str(number))
            live.postpone(session, touched, now)
        applied = int(marks.get(session, runs.MARK) or 0)
        number, ran = runs.level(session, runs.RunStore(state), applied)
        if number != applied:
            marks.put(session, runs.MARK, str(number))
        for tag, as_of in ran:
            # The outcome of the run is there by now; who reads the tag has yet to see it.
            live.held(session, f"tag:{tag}")
            changed = session.query(
                "SELECT DISTINCT customer_id FROM tag_changes WHERE tag = $tag AND as_of = $as_of",
                {"tag": tag, "as_of": as_of},
            )
            live.postpone(session, changed.column("customer_id").to_numpy(), now)


def take(
    session: Session, state: State, live: Live, outcomes: OutcomeLog, ran: Ran, now: datetime, offset: int
) -> Outcome:
    """Take in a result: keep the run, and make the tag's values what it says where it is the latest there is."""
    store = runs.RunStore(state)
    catalog = live.catalog
    values, total = _known_then(session, ran, now)
    before = store.before(ran.tag, ran.as_of)
    latest = store.latest().get(ran.tag)
    tag = catalog.tags.get(ran.tag)
    newest = latest is None or latest.as_of <= ran.as_of
    outcome = empty_outcome(ran.as_of)
    if tag is not None and not is_live(tag) and newest and catalog.hashes.get(f"tag:{ran.tag}") == ran.hash:
        outcome = _changes(session, ran, values)
        apply_tags(session, outcome.tags, ran.as_of)
        live.held(session, f"tag:{ran.tag}")
        if ran.computed.populations:
            save_populations(session, ran.computed.populations)
        if outcome.tags.num_rows and _used(catalog, ran.tag):
            live.postpone(session, np.unique(outcome.tags.column("customer_id").to_numpy()), now)
    run = runs.NewRun(
        ran.tag, ran.as_of, now, ran.version, ran.hash, ran.why, ran.seconds, measure(values, total),
        None if before is None else drift(before.figures, values, total), values, ran.computed.card,
    )  # fmt: skip
    with state.write() as connection:
        number = store.save(connection, run)
        jobs.part_done(connection, ran.job, ran.parts, ran.of, now)
        if ran.computed.keep is not None:
            ran.computed.keep(connection, ran.version, now)
        if not outcome.empty:
            change = outcomes.save(connection, outcome, offset)
            outcomes.record(session, change, outcome)
            marks.put(session, OUTCOME, str(change))
    runs.fold(session, ran.tag, ran.as_of, values)
    runs.forget_old(session, store)
    marks.put(session, runs.MARK, str(number))
    return outcome


def _known_then(session: Session, ran: Ran, now: datetime) -> tuple[pa.Table, int]:
    """The values, and how many customers there were: of an earlier instant only those who had been seen by then."""
    session.relation("_ran", ran.computed.values)
    known = "SELECT DISTINCT customer_id FROM customer_of"
    if ran.as_of < now:
        known += " ANTI JOIN (SELECT customer_id FROM profiles WHERE first_seen > $as_of) USING (customer_id)"
    params = {"as_of": ran.as_of} if ran.as_of < now else None
    total = int(session.query(f"SELECT count(*) AS n FROM ({known})", params)["n"][0].as_py())
    values = session.query(f"SELECT * FROM _ran SEMI JOIN ({known}) USING (customer_id) ORDER BY customer_id", params)
    return values.select(runs.VALUES.names).cast(runs.VALUES), total


def _changes(session: Session, ran: Ran, values: pa.Table) -> Outcome:
    """How the values differ from those that the tag has."""
    names = pa.repeat(pa.scalar(ran.tag), values.num_rows)
    found = values.add_column(1, "tag", names).cast(TAG_SCHEMA)
    changes = tag_changes(session, found, [ran.tag])
    return Outcome(ran.as_of, changes, empty_outcome(ran.as_of).segments)


def _used(catalog: Catalog, name: str) -> bool:
    """Whether another definition reads the tag itself."""
    return any(name in tags_used(one) for one in (*catalog.segments.values(), *catalog.tags.values()))
