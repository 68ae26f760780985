"""Between the executor and the rest: what it is given, what it asks, what it gives back, and what all of it means.

Instants are microseconds since 1970 in UTC. In Arrow tables missing is null; in the columns of `Runs` it is -1.

**Meaning of a step** (`Executor.step(inputs, at)`), in this order; F(x) names a function of this package that is exact:

1. *Merges*: runs, sends and tasks of a customer that went up in another go to that one. Of two live runs of one journey
   in which only one may live (`reentry.parallel` 1, or `group`), the further one goes on, the other ends `merged`:
   further is more steps taken (`seq`), then entered earlier, then the smaller run_id. Splits leave runs where they are.
2. *Entries*, in the order (time, seq or place in the input, version_id): refused ones leave a step `refused:<why>`, with why
   `eligible`, `reentry` (never, after_exit, a live run of the same key), `parallel`, `cooldown`, `max`, `group`. A run
   already known is passed over in silence. Counted are runs that no other run called, in all versions of the journey:
   `never`: none before; `after_exit`: none live; `always`: fewer than `parallel` live, none live with the same key
   (when the entry has one). `cooldown` since the entry of the latest one, `max` those with entered > time - per.
   Entries of events older than LATENESS when they came in, or before `entries_from`, are passed over. The key is the
   canonical text of the trigger's field, "" where missing. Rate: slot k is at least 1/per_second after slot k-1;
   over `per_day` (local day of the zone's default) goes to the next midnight; a run is `held` until its slot.
   Hold-out: bucket(salt or journey, customer) < holdout * 10,000 ends `holdout` with edge `holdout` when it would begin.
3. *Erasure, goals and exits* of live runs: events with time in [entered, …], not the trigger itself; earliest (time, seq)
   wins, at equal time erasure, goal, exits in their order. Goal only with time <= entered + within. `then: continue` sets
   `goal_at` only. An exit with `before` only while the run's node is not at or behind that node (`order`); a run
   that has no place yet is before every node. `ended` = max(time, arrived). Runs that entered in this very step look at all
   events that the pool has, others at those of the step. Segment exits: the outcome's instant, >= entered.
4. *Outcomes* of messages, tasks, calls and writes: see `Outcome`.
5. *Awaited events* (time in (arrived, due], the earliest one) and *timers* (due <= at, by due). At equal time the event
   wins. Held runs: an event of `unless` with time in [entered, due] removes the run: step `not_qualified`.
   A run whose life is over (entered + max_life <= due) ends `expired`.
6. *Waves*: what is ready moves on, node by node in topological order, until nothing is ready. Time goes with the run, not
   with the tick: a run woken by its timer goes on at its due time, one woken by an event at the event's. So `arrived`
   of the next node is exact whatever the batch, and a late step's message expires as if it had been in time.

Sends: guard false -> hop 0 `suppressed(guard_false)`. After a final outcome of hop n: accepted (and what came after) ->
`next`; a reason in `next_on` of that hop -> hop n+1; `unknown` not listed -> `next` (it may have gone out); else -> `else`, the
reason kept in `runs.reason`. A hop without `accept_within` has its deadline one day after the message expires (LINGER).

`visit` counts how often `repeat` nodes sent the run back, so (node, visit) is unique. Names in `vars` that begin with `@`
are the executor's: `@node` (arrival at a node that a condition counts from), `@repeat` (times back).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions import Condition
from onepool.journeys.model import EventMatch

if TYPE_CHECKING:
    from onepool.journeys.executor.columns import Runs
    from onepool.reach.rules import SendPolicy

I64 = npt.NDArray[np.int64]

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
LATENESS: Final = 3 * DAY
"""Events that came in later than this after they happened start nothing."""

LINGER: Final = DAY
"""How long after a message expired its outcome is waited for."""

MOST_DUE: Final = 50_000
"""Timers, and members of an audience, that one step takes."""

# ---------------------------------------------------------------------------------------------------- what comes in

SEGMENTS: Final = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("segment", pa.string()),
        ("entered", pa.bool_()),  # false: left
        ("at", pa.int64()),  # when it was decided
    ]
)

MERGES: Final = pa.schema(
    [
        ("customer_id", pa.int64()),  # who went up in another
        ("other_id", pa.int64()),  # who goes on
        ("at", pa.int64()),
    ]
)

OUTCOMES: Final = pa.schema(
    [
        ("key", pa.int64()),  # send_id, or the action's key (keys.action_keys)
        ("run_id", pa.int64()),
        ("node", pa.int32()),
        ("visit", pa.int32()),
        ("hop", pa.int32()),
        ("what", pa.string()),  # send | task | write | webhook
        ("state", pa.int32()),  # of sends: reach/states.py; else 1 done, 0 failed
        ("reason", pa.string()),
        ("at", pa.int64()),  # when it was final
        ("saved", pa.string()),  # of webhooks: JSON object of what was saved
    ]
)
"""One that is not of the run's present node, visit and hop changes nothing (it came late)."""

REQUESTS: Final = pa.schema(
    [
        ("id", pa.int64()),
        ("journey", pa.string()),
        ("kind", pa.string()),  # enter | stop_run | start | stop_versions | move | resume
        ("customer_id", pa.int64()),
        ("key", pa.string()),
        ("fields", pa.string()),  # JSON object: the trigger of `enter`; run_id; except; to
        ("at", pa.int64()),
    ]
)


def _empty(schema: pa.Schema) -> pa.Table:
    return schema.empty_table()


@dataclass(frozen=True)
class Inputs:
    """What came in for one step, beside the events, which the world has."""

    segments: pa.Table = field(default_factory=lambda: _empty(SEGMENTS))
    merges: pa.Table = field(default_factory=lambda: _empty(MERGES))
    outcomes: pa.Table = field(default_factory=lambda: _empty(OUTCOMES))
    requests: pa.Table = field(default_factory=lambda: _empty(REQUESTS))


# ------------------------------------------------------------------------------------------------- what is asked

ENTRANTS: Final = pa.schema(
    [
        ("asked", pa.int32()),  # place in what was asked
        ("customer_id", pa.int64()),
        ("time", pa.int64()),
        ("seq", pa.int64()),
        ("received_at", pa.int64()),
        ("event_id", pa.string()),
        ("key", pa.string()),  # canonical text, null where missing
        ("trigger", pa.string()),  # JSON object: field -> canonical text (null: missing); null where no field is kept
    ]
)

FOUND: Final = pa.schema([("asked", pa.int32()), ("run_id", pa.int64()), ("time", pa.int64()), ("seq", pa.int64())])
"""The earliest matching event of each run and match, by (time, seq)."""


@dataclass(frozen=True)
class Entering:
    """An entry by event: what matches, the field that is the key (None: no key), the fields to be kept as trigger."""

    match: EventMatch
    key: str | None
    fields: Sequence[str]


@dataclass(frozen=True)
class Sought:
    """A match, and the runs it is sought for. `window`: columns `run_id`, `customer_id`, `first`, `last` (both included),
    `but` (seq of an event that does not count, -1), `trigger`, `vars` (JSON). `whole`: in all events that the pool has,
    else among those of the step."""

    match: EventMatch
    window: pa.Table
    whole: bool = False


@dataclass(frozen=True)
class Question:
    """Conditions asked of runs: `runs` has `run_id`, `customer_id`, `entered`, `trigger`, `vars` (JSON)."""

    conditions: Mapping[str, Condition]
    runs: pa.Table


class World(Protocol):
    """Everything outside of the executor: events and profiles at the step's instant, runs, stock, the gate."""

    def event_names(self) -> frozenset[str]:
        """The names of the step's events."""
        ...

    def who_did(self, names: frozenset[str]) -> I64:
        """The customers of the step's events of these names, distinct."""
        ...

    def who_changed(self, attributes: frozenset[str]) -> I64:
        """The customers of whom one of these attributes was told anew in this step."""
        ...

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        """ENTRANTS: the step's events that match, by (asked, time, seq)."""
        ...

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        """FOUND, by (asked, run_id)."""
        ...

    def answers(self, question: Question, at: int) -> dict[str, npt.NDArray[np.bool_]]:
        """Each condition's truth in the order of the question's runs; null is false."""
        ...

    def attributes(self, customers: I64, names: Sequence[str]) -> pa.Table:
        """`customer_id` and a column of canonical text for each name (null: missing), in the order given."""
        ...

    def members(self, segment: str | None, who: Condition | None, at: int) -> I64:
        """Those in a segment and for whom a condition holds, ascending."""
        ...

    def dated(self, attribute: str, day: int, yearly: bool) -> I64:
        """Those whose date attribute is this day (days since 1970); yearly: its return, 29 February on the 28th in years
        without one."""
        ...

    def fresh_as_of(self) -> int:
        """Up to when all touchpoints' data and identities are complete."""
        ...

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> Sequence[str | None]:
        """A coupon's code for each key, the same one for the same key; None: no stock (or not for this customer)."""
        ...

    def gate(self, planned: pa.Table, policies: Sequence[SendPolicy], at: int) -> pa.Table:
        """See reach.gate."""
        ...

    def due(self, at: int, most: int) -> Runs:
        """Live, not paused runs with due <= at, by (due, run_id), at most so many."""
        ...

    def runs_of(self, customers: I64, *, live: bool) -> Runs:
        """All runs of these customers, or only those not ended."""
        ...

    def runs(self, run_ids: I64) -> Runs:
        """These runs, as far as there are such."""
        ...

    def children(self, parents: I64) -> Runs:
        """The live runs that these called."""
        ...

    def runs_in(self, versions: Sequence[int], state: int | None, most: int) -> Runs:
        """Live runs of these versions (of one state), at most so many."""
        ...

    def any_runs(self, versions: Sequence[int]) -> bool:
        """Whether there is any run of these versions, ended or not."""
        ...

    def audiences(self) -> Sequence[Audience]:
        """Audiences of which somebody is yet to be let in, with their customers."""
        ...

    def started(self) -> frozenset[str]:
        """The journeys that ever had an audience."""
        ...

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        """State of each of these messages that there is."""
        ...


# ---------------------------------------------------------------------------------------------- what is given back

STEPS: Final = pa.schema(
    [
        ("run_id", pa.int64()),
        ("version_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("seq", pa.int32()),  # the run's steps, from 0 (its entry)
        ("node", pa.int32()),  # the node's number in the version; -1 before the first one
        ("visit", pa.int32()),
        ("edge", pa.string()),
        ("at", pa.int64()),  # the run's own time
        ("detail", pa.string()),  # a reason, an arm's name, a hop's channel
    ]
)
"""What each run did. `edge`:

- at node -1: `held`, `enter` (goes to the start), `holdout`, `refused:<why>`, `not_qualified`;
- ways on: `next`, `else`, `on_event`, `cases[i]`, `arms[i]`, `back` (graph.edges names the target);
- `end:<reason>`: the run ended there;
- `hop`: a hop was planned (detail: channel), or ended without the chain (detail: channel:reason); `goal`: met, going on;
- `moved` / `arrived`: to another version, node of the old and of the new one.
"""

EDGES: Final = pa.schema(
    [
        ("version_id", pa.int64()),
        ("node", pa.int32()),
        ("edge", pa.string()),
        ("day", pa.int32()),
        ("count", pa.int64()),
    ]
)
"""STEPS counted by version, node, edge and UTC day."""

EFFECTS: Final = pa.schema(
    [
        ("key", pa.int64()),
        ("run_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("node", pa.int32()),
        ("visit", pa.int32()),
        ("kind", pa.string()),  # set_profile | tag | webhook
        ("payload", pa.string()),  # JSON: {"set": {...}} or {"touchpoint": ..., "body": {...}, "save": {...}}
        ("created", pa.int64()),
        ("due", pa.int64()),  # given up then
    ]
)

TASKS: Final = pa.schema(
    [
        ("key", pa.int64()),
        ("run_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("node", pa.int32()),
        ("visit", pa.int32()),
        ("journey", pa.string()),
        ("title", pa.string()),
        ("body", pa.string()),
        ("staff", pa.string()),
        ("created", pa.int64()),
        ("due", pa.int64()),
    ]
)

CANCELLED: Final = pa.schema([("run_id", pa.int64()), ("reason", pa.string())])
"""Runs that ended: their messages that were not claimed yet are cancelled, with this reason."""


@dataclass(frozen=True)
class Audience:
    """Who is to enter by a start of a schedule, a one-off or a date; let in in the order of the ids."""

    journey: str
    at: int
    customers: I64 | None  # None: as it was
    total: int
    taken: int
    done: bool


@dataclass(frozen=True)
class StateChange:
    """A journey's own row: values by column of `journey_states`."""

    journey: str
    values: Mapping[str, int | str | None]


@dataclass(frozen=True)
class Step:
    """What one step decided; `apply.save` writes all of it in one transaction.

    `runs`: every run that is new or other than before, as it is now; `created`: which of them are new; `rehomed`: of another
    customer or version than before; `removed`: those
    taken away without a trace in `runs` (not_qualified); `sends`: as the gate gave them back (send_id is the key;
    `policy` is a place in `policies`);
    `gone`: sends given up at their deadline (send_id, state, reason); `tasks_gone`: keys of tasks given up.
    """

    at: int
    runs: Runs
    created: npt.NDArray[np.bool_]
    rehomed: npt.NDArray[np.bool_]
    removed: I64
    sends: pa.Table
    policies: Sequence[SendPolicy]
    cancelled: pa.Table
    gone: Sequence[tuple[int, int, str]]
    steps: pa.Table
    effects: pa.Table
    tasks: pa.Table
    tasks_gone: I64
    merges: pa.Table
    audiences: Sequence[Audience]
    changes: Sequence[StateChange]
    more: bool
    """Whether there was more due than one step takes: go on at the same instant."""
