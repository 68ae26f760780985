"""What came of journeys: results, runs, versions beside each other, and why a customer got it or not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import func, select

from onepool.api import audience, journey_figures
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.called import names_of
from onepool.api.dictionary import titles
from onepool.api.models.common import Instant, Titles
from onepool.api.models.journey_results import (
    CustomerJourneys,
    JourneyComparison,
    JourneyOutcome,
    JourneyOutcomes,
    JourneyResults,
    RunDetail,
    RunList,
    RunRow,
    ShortUplift,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.showing import shown
from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock, from_micros, to_micros
from onepool.journeys import store
from onepool.journeys.explain.why import one_run, why
from onepool.journeys.results import runs
from onepool.journeys.results.funnel import Stage
from onepool.journeys.results.report import results, runs_behind
from onepool.journeys.results.types import Cohort
from onepool.journeys.states import RunState
from onepool.pool import customers
from onepool.privacy.roles import Permission
from onepool.state.journeys import journey_ticks

router = APIRouter(tags=["journeys"])
Reader = Annotated[Caller, Depends(Need(Permission.JOURNEYS_READ))]
JourneyName = Annotated[str, Path(max_length=63)]
From = Annotated[
    Instant | None, Query(alias="from", description="Runs that entered from here; 90 days back if unsaid.")
]
To = Annotated[Instant | None, Query(alias="to", description="Runs that entered before; now if unsaid.")]
Version = Annotated[int | None, Query(ge=1)]
_SPAN = timedelta(days=90)
_CURSOR = re.compile(r"(-?\d{1,17})\.(\d{1,19})", re.ASCII)


@router.get("/journeys/results")
def list_journey_results(_who: Reader, ws: Workspace, clock: Time) -> JourneyOutcomes:
    """Goal rate and uplift against the holdout (or a control arm) of all published journeys, over the last 90 days."""
    with ws.state.read() as connection:
        names = sorted(store.states(connection))
    items = []
    for name in names:
        with ws.pool.read() as session, ws.state.read() as connection:
            found = results(
                session, connection, ws, audience.context(ws), _cohort(name, clock, None, None, None)
            ).effect
        against = next((one for one in found.uplift if one.against != "global_control"), None)
        interval = None if against is None else against.difference
        items.append(
            JourneyOutcome(
                name=name,
                goal_rate=found.treated.rate if found.measure else None,
                uplift=None
                if interval is None
                else ShortUplift(value=interval.value, low=interval.low, high=interval.high),
            )
        )
    return JourneyOutcomes(items=items)


@router.get("/journeys/{name}/results")
def read_journey_results(
    name: JourneyName,
    _who: Reader,
    ws: Workspace,
    clock: Time,
    since: From = None,
    until: To = None,
    version: Version = None,
) -> JourneyResults:
    """Figures of the runs that entered in a time: nodes, edges, ends, funnel, uplift, fallback, money."""
    return _results(ws, _cohort(name, clock, since, until, version))


@router.get("/journeys/{name}/compare")
def compare_journey_results(
    name: JourneyName,
    _who: Reader,
    ws: Workspace,
    clock: Time,
    a: Annotated[int, Query(ge=1, description="A version.")],
    b: Annotated[int, Query(ge=1, description="Another one.")],
    since: From = None,
    until: To = None,
) -> JourneyComparison:
    """The results of two versions beside each other."""
    one, other = (_results(ws, _cohort(name, clock, since, until, version)) for version in (a, b))
    return JourneyComparison(a=one, b=other)


@router.get("/journeys/{name}/runs")
def list_journey_runs(
    name: JourneyName,
    who: Reader,
    ws: Workspace,
    clock: Time,
    node: Annotated[str | None, Query(max_length=128)] = None,
    state: Literal["live", "held", "ready", "wait_time", "wait_event", "wait_outcome", "paused", "ended"] | None = None,
    reason: Annotated[str | None, Query(max_length=64)] = None,
    edge: Annotated[str | None, Query(max_length=64, description="Only runs that took this way from `node`.")] = None,
    reached: Annotated[str | None, Query(max_length=128, description="Only runs that came to this node.")] = None,
    left: Annotated[str | None, Query(max_length=128, description="Only runs that went on from this node.")] = None,
    stage: Annotated[
        Stage | None, Query(description="Only those that the report's funnel counts here: one run of each customer.")
    ] = None,
    segment: Annotated[
        str | None, Query(max_length=63, description="With `stage` (entered when unsaid): only of this segment.")
    ] = None,
    since: From = None,
    until: To = None,
    version: Version = None,
    customer: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    cursor: Annotated[str | None, Query(max_length=80, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RunList:
    """The runs behind a figure."""
    place = _place(cursor)
    if since is None:
        since = datetime(2000, 1, 1, tzinfo=UTC)
    with ws.state.read() as connection:
        versions = store.versions(connection, name)
    if not versions:
        raise NotFound("it was never published", where=name, code="version-unknown")
    with ws.pool.read() as session:
        cohort = _cohort(name, clock, since, until, version)
        among = None
        if stage is not None or segment is not None:
            with ws.state.read() as connection:
                ctx = audience.context(ws)
                among = runs_behind(session, connection, ws, ctx, cohort, stage or "entered", segment)
        wanted = runs.Filter(node, state, reason, edge, customer, reached, left, among)
        rows, total = runs.find(session, cohort, versions, wanted, place, limit)
        names = names_of(ws, session, who, [row["customer_id"] for row in rows])
    items = [_row(row, names.get(row["customer_id"])) for row in rows]
    more = len(rows) == limit
    return RunList(
        items=items,
        next=f"{rows[-1]['entered']}.{rows[-1]['run_id']}" if more else None,
        total=total,
    )


@router.get("/journeys/{name}/runs/{run_id}")
def read_journey_run(
    name: JourneyName, run_id: Annotated[str, Path(pattern=r"^\d{1,19}$")], who: Reader, ws: Workspace
) -> RunDetail:
    """One run with every decision about it, in order and in words."""
    with ws.pool.read() as session, ws.state.read() as connection:
        found = one_run(session, connection, ws, int(run_id))
        if found is None or found.journey != name:
            raise NotFound("there is no such run", where=run_id, code="run-unknown")
        names = names_of(ws, session, who, [found.customer_id])
    return journey_figures.run_detail(found, names.get(found.customer_id), shown(who, ws.standard()))


@router.get("/customers/{customer_id}/journeys")
def read_customer_journeys(
    customer_id: Annotated[int, Path(ge=0, le=2**53)],
    who: Reader,
    ws: Workspace,
    journey: Annotated[str | None, Query(max_length=63, description="Only this one.")] = None,
) -> CustomerJourneys:
    """Why this customer did or did not get what journeys send: every step, and what was never started."""
    started = time.perf_counter()
    ctx = audience.context(ws)
    with ws.pool.read() as session, ws.state.read() as connection:
        present = customers.resolve(session, customer_id)
        if present is None:
            raise NotFound("there is no customer with this number", where=str(customer_id), code="customer-unknown")
        found = why(session, connection, ws, ctx, present, journey)
        names = names_of(ws, session, who, [present])
    view = shown(who, ws.standard())
    shown_titles = _titles(ws, (one.journey for one in found))
    return CustomerJourneys(
        customer_id=present,
        journeys=[journey_figures.why(one, shown_titles[one.journey], names.get(present), view) for one in found],
        seconds=time.perf_counter() - started,
    )


def _results(ws: WorkspaceLike, cohort: Cohort) -> JourneyResults:
    with ws.pool.read() as session, ws.state.read() as connection:
        found = results(session, connection, ws, audience.context(ws), cohort)
        as_of = connection.execute(select(func.max(journey_ticks.c.at))).scalar()
    return journey_figures.results(ws, found, as_of)


def _cohort(name: str, clock: Clock, since: datetime | None, until: datetime | None, version: int | None) -> Cohort:
    end = until if until is not None else clock.now() + timedelta(microseconds=1)
    begin = since if since is not None else end - _SPAN
    if begin >= end:
        raise Invalid("`from` is not before `to`", where="from")
    return Cohort(name, to_micros(begin), to_micros(end), version)


def _place(cursor: str | None) -> tuple[int, int] | None:
    """(entered, run_id) of the last row of the page before."""
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid("not a place in a list", where="cursor", hint="give `next` of the page before as it is")
    return int(found[1]), int(found[2])


def _row(row: dict[str, Any], name: str | None) -> RunRow:
    def instant(key: str) -> datetime | None:
        return None if row[key] is None else from_micros(row[key])

    return RunRow(
        run_id=str(row["run_id"]),
        customer_id=row["customer_id"],
        name=name,
        journey=row["journey"],
        version=row["version"],
        node=row["node_name"],
        state=RunState(row["state"]).name.lower(),
        due=instant("due"),
        entered=from_micros(row["entered"]),
        ended=instant("ended"),
        reason=row["reason"],
        goal_at=instant("goal_at"),
        key=row["key"],
    )


def _titles(ws: WorkspaceLike, names: Iterable[str]) -> dict[str, Titles]:
    bodies = {item.name: item.body.get("name") for item in ws.definitions.current(store.KIND)}
    return {name: titles(bodies.get(name), name) for name in names}
