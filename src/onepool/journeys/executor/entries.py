"""Who enters: what started somebody, whether it may, when it is let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import pyarrow as pa

from onepool.journeys.executor.columns import I64, NONE, Bools, Runs, Texts, texts
from onepool.journeys.executor.metering import Meter
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import LATENESS, Entering, Inputs, Question
from onepool.journeys.executor.pressure import FULL, held_until
from onepool.journeys.executor.reentry import admit
from onepool.journeys.executor.starts import Starts
from onepool.journeys.executor.times import later
from onepool.journeys.executor.turn import Turn
from onepool.journeys.keys import MOST_KEY, bucket, event_origin, run_keys, short, text_numbers
from onepool.journeys.model import ApiEntry, EventEntry, SegmentEntry, SegmentLeaveEntry
from onepool.journeys.states import RunState
from onepool.reach.keys import among_ordered, distinct

BUCKETS = 10_000


@dataclass(frozen=True)
class Entrants:
    """Those who might enter one version, in any order. `order`: of events their seq, else the place in the input;
    `invited`: of an audience, which lets in as many as accounts have room for; `metered`: at the journey's rate."""

    plan: Plan
    customers: I64
    times: I64
    order: I64
    origins: I64
    keys: Texts
    triggers: Texts
    but: I64
    metered: bool = False
    invited: bool = False

    def take(self, rows: I64 | Bools) -> Entrants:
        return Entrants(
            self.plan, self.customers[rows], self.times[rows], self.order[rows], self.origins[rows], self.keys[rows],
            self.triggers[rows], self.but[rows], self.metered, self.invited,
        )  # fmt: skip

    @cached_property
    def run_ids(self) -> I64:
        return run_keys(self.plan.journey, self.customers, self.keys, self.origins)


def enter(turn: Turn, inputs: Inputs) -> None:
    """Take in all that starts runs in this step."""
    found = [
        *_by_events(turn),
        *_by_segments(turn, inputs),
        *_by_requests(turn, inputs),
        *Starts(turn).entrants(inputs),
    ]
    found = [_eligible(turn, one) for one in (_unknown(turn, one) for one in found if one.customers.size)]
    found = [one for one in found if one.customers.size]
    if not found:
        return
    for one, allowed in zip(found, admit(turn, found), strict=True):
        _let_in(turn, one.take(allowed))


def _by_events(turn: Turn) -> list[Entrants]:
    names = turn.world.event_names()
    plans = [
        plan
        for plan in turn.book.live()
        if isinstance(plan.definition.entry, EventEntry) and plan.definition.entry.did in names
    ]
    if not plans:
        return []
    asked = [
        Entering(_entry(plan), None if _entry(plan).key is None else str(_entry(plan).key).removeprefix("$trigger."),
                 plan.fields)
        for plan in plans
    ]  # fmt: skip
    table = turn.world.entrants(asked)
    if table.num_rows == 0:
        return []
    which = table.column("asked").to_numpy()
    found = []
    for number, plan in enumerate(plans):
        mine = table.filter(pa.array(which == number))
        time, seq = _ints(mine, "time"), _ints(mine, "seq")
        since = turn.book.standings[plan.journey].entries_from
        keep = (time >= since) & (_ints(mine, "received_at") - time <= LATENESS)
        mine, time, seq = mine.filter(pa.array(keep)), time[keep], seq[keep]
        found.append(
            Entrants(
                plan, _ints(mine, "customer_id"), np.minimum(time, turn.at), seq,
                event_origin(mine.column("event_id").to_pylist()), _key_column(mine), _texts(mine, "trigger"), seq,
            )
        )  # fmt: skip
    return found


def _by_segments(turn: Turn, inputs: Inputs) -> list[Entrants]:
    table = inputs.segments
    if table.num_rows == 0:
        return []
    names = np.array(table.column("segment").to_pylist(), object)
    entered = table.column("entered").to_numpy(zero_copy_only=False)
    customers, at = _ints(table, "customer_id"), _ints(table, "at")
    found = []
    for plan in turn.book.live():
        entry = plan.definition.entry
        if not isinstance(entry, SegmentEntry | SegmentLeaveEntry):
            continue
        comes = isinstance(entry, SegmentEntry)
        name = entry.segment_enter if isinstance(entry, SegmentEntry) else entry.segment_leave
        since = turn.book.standings[plan.journey].entries_from
        rows = np.flatnonzero((names == name) & (entered == comes) & (at >= since))
        if rows.size:
            found.append(_plain(plan, customers[rows], at[rows], rows))
    return found


def _by_requests(turn: Turn, inputs: Inputs) -> list[Entrants]:
    found = []
    rows = [row for row in inputs.requests.to_pylist() if row["kind"] == "enter" and row["customer_id"] is not None]
    for plan in turn.book.live():
        entry = plan.definition.entry
        mine = [row for row in rows if row["journey"] == plan.journey]
        if not isinstance(entry, ApiEntry) or not mine:
            continue
        fields = [_canonical(msgspec.json.decode(row["fields"] or "{}"), sorted(entry.fields)) for row in mine]
        name = None if entry.key is None else entry.key.removeprefix("$trigger.")
        keys = [
            row["key"] or short(str(said.get(name) or "") if name else "")
            for row, said in zip(mine, fields, strict=True)
        ]
        ids = np.array([row["id"] for row in mine], np.int64)
        count = len(mine)
        found.append(
            Entrants(
                plan, np.array([row["customer_id"] for row in mine], np.int64),
                np.array([row["at"] for row in mine], np.int64), ids, ids, texts(keys, count),
                texts([msgspec.json.encode(one, order="sorted").decode() if one else None for one in fields], count),
                np.full(count, NONE, np.int64),
            )
        )  # fmt: skip
    return found


def _plain(
    plan: Plan, customers: I64, times: I64, order: I64, *, metered: bool = False, invited: bool = False
) -> Entrants:
    """Entrants without an event: nothing is carried."""
    count = customers.size
    return Entrants(
        plan, customers.astype(np.int64), times, order.astype(np.int64), times, texts("", count), texts(None, count),
        np.full(count, NONE, np.int64), metered, invited,
    )  # fmt: skip


plain = _plain


def _unknown(turn: Turn, one: Entrants) -> Entrants:
    """Without those who entered by this before."""
    ids = one.run_ids
    if distinct(ids).size < ids.size:
        _, first = np.unique(ids, return_index=True)
        one = one.take(np.sort(first))
        ids = one.run_ids
    if not turn.world.any_runs(turn.book.version_ids([one.plan.journey])):
        return one
    out = (turn.places(ids) >= 0) | among_ordered(ids, distinct(turn.world.runs(ids).run_id))
    return one.take(~out) if out.any() else one


def _eligible(turn: Turn, one: Entrants) -> Entrants:
    condition = one.plan.definition.entry.eligible
    if condition is None or one.customers.size == 0:
        return one
    ids = one.run_ids
    asked = pa.table(
        {
            "run_id": ids,
            "customer_id": one.customers,
            "entered": one.times,
            "trigger": pa.array(one.triggers, pa.string()),
            "vars": pa.nulls(ids.size, pa.string()),
            "now": turn.clock(one.customers),
        }
    )
    holds = turn.world.answers(Question({"eligible": condition}, asked), turn.at)["eligible"]
    out = ~holds
    turn.note_strangers(ids[out], one.plan.version_id, one.customers[out], "refused:eligible", one.times[out])
    return one.take(holds)


def _let_in(turn: Turn, one: Entrants) -> None:
    """Make the runs: held for as long as the entry says, until the rate lets them in and accounts have room for what
    they did, else begun."""
    if one.customers.size == 0:
        return
    plan, entry = one.plan, one.plan.definition.entry
    one = one.take(np.lexsort((one.order, one.times)))
    due = one.times
    hold = entry.hold if isinstance(entry, EventEntry) else None
    if hold is not None:
        due = later(due, hold.for_, plan.zone)
    if entry.rate is not None and not one.metered:
        due = np.maximum(due, Meter(turn, plan).slots(due))
    held = np.full(due.size, hold is not None) | (due > turn.clock(one.customers))
    now = int(np.count_nonzero(~held))
    until = None if one.invited or now == 0 else held_until(turn, plan, now)
    arrived, waits = one.times, np.zeros(due.size, np.bool_)
    if until is not None:
        waits = ~held
        arrived, due = np.where(waits, due, arrived), np.where(waits, until, due)
        held[:] = True
    runs = Runs.new(
        due.size, run_id=one.run_ids, version_id=plan.version_id, customer_id=one.customers, key=one.keys,
        state=RunState.HELD, hop=np.where(waits, FULL, 0), due=due, entered=one.times, arrived=arrived,
        trigger=one.triggers,
    )  # fmt: skip
    places = turn.hold(runs, new=True, moment=due, but=one.but)
    turn.note(places[held], "held", one.times[held])
    begin(turn, places[~held], plan)


def begin(turn: Turn, rows: I64, plan: Plan) -> None:
    """Let runs go to their first node, or into the hold-out."""
    if rows.size == 0:
        return
    share = round(plan.definition.experiment.holdout * BUCKETS)
    if share:
        out = bucket(plan.salt, turn.runs.customer_id[rows]) < share
        turn.withhold(rows[out])
        rows = rows[~out]
    if rows.size == 0:
        return
    turn.note(rows, "enter", turn.moment[rows])
    turn.runs.node[rows] = plan.start
    turn.arrive(rows, plan, plan.start)


def _entry(plan: Plan) -> EventEntry:
    entry = plan.definition.entry
    assert isinstance(entry, EventEntry)
    return entry


def _canonical(fields: dict[str, object], names: Sequence[str]) -> dict[str, str | None]:
    def text(value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    return {name: text(fields.get(name)) for name in names}


def _key_column(table: pa.Table) -> Texts:
    found = _texts(table, "key")
    found[found == None] = ""  # noqa: E711 elementwise
    if max(map(len, found), default=0) > MOST_KEY:
        found[:] = [short(one) for one in found.tolist()]
    return found


def _texts(table: pa.Table, name: str) -> Texts:
    return texts(table.column(name).to_pylist(), table.num_rows)


def _ints(table: pa.Table, name: str) -> I64:
    found: I64 = table.column(name).to_numpy().astype(np.int64)
    return found


__all__ = ["Entrants", "begin", "enter", "plain", "text_numbers"]
