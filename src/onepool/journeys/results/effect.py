"""What a journey did, counted by customers: goals of the treated beside those who got nothing by lot; money.

The lot is drawn when a run begins, that is after its hold. Customers are the unit, each once: from the first of their
runs in the range that began or that the lot kept from it. Whose run ended while it was held (goal, exit), or is held
yet, is in no group: no lot was drawn, and to count those who came back by themselves as treated would be an effect of
counting. A split's control arm is compared with its other arms, among those who came to the split; whoever its lot
gives to the control arm is not among the treated of anything else. Those of the global control group are in neither
group when the holdout is looked at, and those of the holdout in neither when the global control group is. Whether
somebody reached the goal is asked of the pool in the same way for all of them, also after their run ended: an event of
the goal in (entry, entry + window].
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, and_

from onepool.audience.conditions.names import Context
from onepool.journeys.executor.ports import Sought
from onepool.journeys.executor.times import later
from onepool.journeys.keys import bucket
from onepool.journeys.model import EventMatch, Journey
from onepool.journeys.results import arms, uplift
from onepool.journeys.results.arms import kept_back
from onepool.journeys.results.credited import credited
from onepool.journeys.results.funnel import Measured, funnel
from onepool.journeys.results.types import Cohort, Effect, Group, Incremental, Measure, Revenue, Segment, Uplift
from onepool.journeys.store import Published
from onepool.journeys.world.events import Happened
from onepool.pool import Session
from onepool.pool.schema import NET_AMOUNT
from onepool.reach.rules import Control
from onepool.state.columns import fetch
from onepool.state.journeys import runs

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LATEST: Final = 1 << 42
"""A log offset behind all that there will be."""

BEGAN: Final = "(node_name IS NOT NULL OR reason = 'holdout')"
"""Of table journey_runs: the run came to its first node, or the lot kept it from that."""

PAID: Final = "order_paid"
_PEOPLE: Final = "_journey_people"
_PARTS: Final = 500_000
_LENT: Final = re.compile(r"\$(trigger|vars)\.")


class People:
    """Customers of a cohort by their first run that began or would have: columns of equal length."""

    def __init__(self, session: Session, cohort: Cohort, control: Control | None, journey: Journey) -> None:
        found = session.query(
            f"""SELECT customer_id, arg_min(run_id, (entered, run_id)) AS run_id, min(entered) AS entered,
                arg_min(reason, (entered, run_id)) IS NOT DISTINCT FROM 'holdout' AS held_out
            FROM journey_runs WHERE {cohort.where} AND parent IS NULL AND {BEGAN} GROUP BY 1 ORDER BY 1""",
            cohort.params,
        )
        self.customer: I64 = found.column("customer_id").to_numpy().astype(np.int64)
        self.run_id: I64 = found.column("run_id").to_numpy().astype(np.int64)
        self.entered: I64 = found.column("entered").to_numpy().astype(np.int64)
        self.holdout: Bools = np.array(found.column("held_out").to_numpy(zero_copy_only=False), np.bool_)
        self.control: Bools = np.zeros(self.customer.size, np.bool_)
        if control is not None and control.fraction > 0 and self.customer.size:
            self.control = bucket(control.salt, self.customer) < round(control.fraction * 10_000)
        self.kept_back: Bools = kept_back(journey, self.customer)

    @property
    def drawn(self) -> Bools:
        """Those in neither group that gets nothing: whom splits divide."""
        found: Bools = ~self.holdout & ~self.control
        return found

    @property
    def treated(self) -> Bools:
        found: Bools = self.drawn & ~self.kept_back
        return found

    @property
    def untreated(self) -> Bools:
        """Whose money is beside that of the treated: the holdout, or without one the control arms."""
        return self.holdout if self.holdout.any() else self.drawn & self.kept_back


def effect(
    session: Session,
    connection: Connection,
    ctx: Context,
    cohort: Cohort,
    journey: Journey,
    versions: Sequence[Published],
    control: Control | None,
    now: int,
    holdout: float,
) -> Effect:
    """`journey`: the version whose goal counts; `versions`: of the cohort; `control`: the global control group, where
    the journey respects it; `holdout`: the share that was to be drawn."""
    people = People(session, cohort, control, journey)
    measure, match, last = _goal(journey, people.entered)
    times = _times(session, connection, ctx, match, people, last, versions, cohort, now)
    hit = times >= 0
    treated = people.treated
    window = int(np.median(last - people.entered)) if last is not None and last.size else None
    compared = []
    if match is not None:
        if holdout > 0 or people.holdout.any():
            compared.append(_uplift("holdout", treated, people.holdout & ~people.control, hit, holdout))
        if control is not None and control.fraction > 0:
            aside = people.control & ~people.holdout
            compared.append(_uplift("global_control", treated, aside, hit, control.fraction))
        for one in arms.compared(session, cohort, journey, versions, people.run_id):
            some, idle = one.treated & people.drawn, one.control & people.drawn
            compared.append(_uplift(f"split:{one.node}", some, idle, hit, one.share))
    mine = np.flatnonzero(hit & treated)
    seconds = np.sort((times[mine] - people.entered[mine]) / 1e6)
    bounds = last if last is not None else people.entered
    return Effect(
        measure, window, _group(treated, hit), int(people.holdout.sum()), int(people.control.sum()),
        int((bounds > now).sum()), compared, funnel(session, cohort, _told(people, times, match)),
        seconds.tolist(), _by_day(times[mine], ctx.zone), _segments(session, people, hit),
        _revenue(session, cohort, people, hit, bounds, ctx.currency) if people.customer.size else None,
        credited(session, _hits(people, mine, bounds, times), versions, ctx.currency),
    )  # fmt: skip


def measured(
    session: Session,
    connection: Connection,
    ctx: Context,
    cohort: Cohort,
    journey: Journey,
    versions: Sequence[Published],
    control: Control | None,
    now: int,
) -> Measured:
    """Who is counted, and who of them reached what is compared: the arguments of `effect`."""
    people = People(session, cohort, control, journey)
    _, match, last = _goal(journey, people.entered)
    return _told(people, _times(session, connection, ctx, match, people, last, versions, cohort, now), match)


def _told(people: People, times: I64, match: EventMatch | None) -> Measured:
    return Measured(people.customer, people.run_id, people.treated, times, match is not None)


def _times(
    session: Session,
    connection: Connection,
    ctx: Context,
    match: EventMatch | None,
    people: People,
    last: I64 | None,
    versions: Sequence[Published],
    cohort: Cohort,
    now: int,
) -> I64:
    if match is None:
        return np.full(people.customer.size, -1, np.int64)
    ids = [one.version_id for one in versions]
    return _reached(session, connection, ctx, match, people, last, ids, cohort, now)


def goal_of(journey: Journey) -> tuple[Measure | None, EventMatch | None]:
    """What is compared: the goal; a paid order where the goal names what only the treated were given, so that nobody
    else could ever reach it; nothing without a goal."""
    goal = journey.goal
    if goal is None:
        return None, None
    match = EventMatch(did=goal.did, at=goal.at, where=goal.where)
    if "vars" in _LENT.findall(match.model_dump_json(by_alias=True)):
        return "order_paid", EventMatch(did=PAID)
    return "goal", match


def _goal(journey: Journey, entered: I64) -> tuple[Measure | None, EventMatch | None, I64 | None]:
    measure, match = goal_of(journey)
    if match is None or journey.goal is None:
        return None, None, None
    return measure, match, later(entered, journey.goal.within or journey.max_life, journey.zone.default)


def _reached(
    session: Session,
    connection: Connection,
    ctx: Context,
    match: EventMatch,
    people: People,
    last: I64 | None,
    version_ids: Sequence[int],
    cohort: Cohort,
    now: int,
) -> I64:
    """When each reached it, -1 where not (yet)."""
    times = np.full(people.customer.size, -1, np.int64)
    if people.customer.size == 0 or last is None:
        return times
    triggers = pa.nulls(people.customer.size, pa.string())
    if _LENT.search(match.model_dump_json(by_alias=True)):
        where = and_(
            runs.c.version_id.in_(list(version_ids)), runs.c.entered >= cohort.since, runs.c.entered < cohort.until
        )
        known = fetch(connection, [runs.c.run_id, runs.c.trigger], where)
        ids = known.column("run_id").to_numpy()
        if ids.size:
            order = np.argsort(ids)
            place = np.minimum(np.searchsorted(ids[order], people.run_id), ids.size - 1)
            there = ids[order][place] == people.run_id
            triggers = known.column("trigger").combine_chunks().take(pa.array(order[place], mask=~there))
    for start in range(0, people.customer.size, _PARTS):
        part = slice(start, start + _PARTS)
        count = people.customer[part].size
        window = pa.table(
            {
                "run_id": people.run_id[part], "customer_id": people.customer[part], "entered": people.entered[part],
                "trigger": triggers.slice(start, count), "vars": pa.nulls(count, pa.string()),
                "first": people.entered[part] + 1, "last": np.minimum(last[part], now),
                "but": np.full(count, -1, np.int64),
            }
        )  # fmt: skip
        found = Happened(session, ctx, LATEST + 1, LATEST, (), now).find([Sought(match, window, whole=True)])
        ids = found.column("run_id").to_numpy()
        order = np.argsort(people.run_id)
        times[order[np.searchsorted(people.run_id[order], ids)]] = found.column("time").to_numpy()
    return times


def _group(who: Bools, hit: Bools) -> Group:
    return Group(int(who.sum()), int((who & hit).sum()))


def _uplift(against: str, treated: Bools, control: Bools, hit: Bools, share: float) -> Uplift:
    one, other = _group(treated, hit), _group(control, hit)
    figures = (one.goals, one.size, other.goals, other.size)
    return Uplift(
        against, one, other, uplift.difference(*figures),
        uplift.ratio(*figures), uplift.p_value(*figures), uplift.split_p(one.size, other.size, share),
        uplift.enough(one.size, one.goals, other.size, other.goals),
    )  # fmt: skip


def _by_day(times: I64, zone: str) -> dict[str, int]:
    found: dict[str, int] = {}
    there = ZoneInfo(zone)
    # Days of a zone begin at a quarter of an hour of UTC: few different ones, however many goals.
    quarters, counts = np.unique(times // 900_000_000, return_counts=True)
    for quarter, count in zip(quarters.tolist(), counts.tolist(), strict=True):
        day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=quarter * 900)).astimezone(there).date().isoformat()
        found[day] = found.get(day, 0) + count
    return found


def _table(people: People, hit: Bools, bounds: I64) -> pa.Table:
    arm = np.where(people.treated, 0, np.where(people.untreated & ~people.control, 1, 2)).astype(np.int64)
    return pa.table(
        {"customer_id": people.customer, "entered": people.entered, "until": bounds, "arm": arm, "hit": hit}
    )


def _hits(people: People, mine: I64, bounds: I64, times: I64) -> pa.Table:
    return pa.table(
        {
            "run_id": people.run_id[mine], "customer_id": people.customer[mine], "entered": people.entered[mine],
            "until": bounds[mine], "at": times[mine],
        }
    )  # fmt: skip


def _segments(session: Session, people: People, hit: Bools) -> list[Segment]:
    if people.customer.size == 0:
        return []
    session.relation(_PEOPLE, _table(people, hit, people.entered))
    found = session.query(
        f"""SELECT m.segment, count(*) FILTER (p.arm = 0) AS treated, count(*) FILTER (p.arm = 0 AND p.hit) AS goals,
            count(*) FILTER (p.arm = 1) AS control, count(*) FILTER (p.arm = 1 AND p.hit) AS control_goals
        FROM segment_members m JOIN {_PEOPLE} p USING (customer_id) GROUP BY 1 ORDER BY treated DESC, m.segment"""
    )
    return [
        Segment(row["segment"], Group(row["treated"], row["goals"]), Group(row["control"], row["control_goals"]))
        for row in found.to_pylist()
    ]


def _revenue(session: Session, cohort: Cohort, people: People, hit: Bools, bounds: I64, currency: str) -> Revenue:
    session.relation(_PEOPLE, _table(people, hit, bounds))
    rows = session.query(
        f"""WITH paid AS (
            SELECT p.customer_id, sum({NET_AMOUNT}) AS value,
                count(*) AS orders
            FROM {_PEOPLE} p JOIN customer_of c USING (customer_id) JOIN orders o USING (identifier_id)
            WHERE epoch_us(o.paid_at) > p.entered AND epoch_us(o.paid_at) <= p.until
                AND coalesce(o.currency, $currency) = $currency GROUP BY 1)
        SELECT p.arm, p.hit, count(*) AS n, coalesce(sum(value), 0)::DECIMAL(18, 4) AS value,
            coalesce(sum(value::DOUBLE * value::DOUBLE), 0) AS squares, coalesce(sum(orders), 0)::BIGINT AS orders
        FROM {_PEOPLE} p LEFT JOIN paid USING (customer_id) GROUP BY 1, 2""",
        {"currency": currency},
    ).to_pylist()
    sent = session.query(
        f"""SELECT count(*) AS n, sum(s.cost)::DECIMAL(18, 4) AS cost FROM sends s
        JOIN (SELECT run_id FROM journey_runs WHERE {cohort.where}) r USING (run_id) WHERE s.state BETWEEN 10 AND 13""",
        cohort.params,
    ).to_pylist()[0]
    attributed = [row for row in rows if row["arm"] == 0 and row["hit"]]
    return Revenue(
        sum((row["value"] for row in attributed), Decimal(0)), sum(row["orders"] for row in attributed), sent["n"],
        int(people.treated.sum()), sent["cost"], _incremental(rows),
    )  # fmt: skip


def _incremental(rows: Sequence[Mapping[str, object]]) -> Incremental | None:
    figures = []
    for arm in (0, 1):
        mine = [row for row in rows if row["arm"] == arm]
        n = sum(int(str(row["n"])) for row in mine)
        total = sum((Decimal(str(row["value"])) for row in mine), Decimal(0))
        squares = sum(float(str(row["squares"])) for row in mine)
        mean = float(total) / n if n else 0.0
        variance = max(squares - n * mean * mean, 0.0) / (n - 1) if n > 1 else 0.0
        figures.append((mean, variance, n))
    found = uplift.mean_difference(*figures[0], *figures[1])
    if found is None:
        return None
    size = figures[0][2]

    def money(value: float) -> Decimal:
        return Decimal(str(round(value, 2)))

    return Incremental(
        money(figures[0][0]), money(figures[1][0]), money(found.value * size), money(found.low * size),
        money(found.high * size), min(size, figures[1][2]) >= uplift.FEWEST,
    )  # fmt: skip


__all__ = ["People", "effect", "goal_of", "measured"]
