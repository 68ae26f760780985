"""Between the executor and the rest: what it is given, what it asks, what it gives back.

What all of it means says the package. Instants are microseconds since 1970 in UTC. In Arrow tables missing is null; in
the columns of `Runs` it is -1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions import Condition
from onepool.journeys.model import EventMatch

if TYPE_CHECKING:
    from onepool.journeys.executor.columns import Runs
    from onepool.reach.rules import Door, SendPolicy

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

PERSONS: Final = pa.schema(
    [
        ("customer_id", pa.int64()),  # a customer of then
        ("other_id", pa.int64()),  # who that one is now: another one
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


HELD_BACK: Final = 60_000_000
"""How long an audience, and whoever came by himself, waits until full accounts are looked at again."""

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
    """A match, and the runs it is sought for.

    `window`: columns `run_id`, `customer_id`, `first`, `last` (both included), `but` (seq of an event that counts not,
    -1), `trigger`, `vars` (JSON). `whole`: in all events that the pool has, else among those of the step.
    """

    match: EventMatch
    window: pa.Table
    whole: bool = False


@dataclass(frozen=True)
class Question:
    """Conditions asked of runs: `runs` has `run_id`, `customer_id`, `entered`, `trigger`, `vars` (JSON), `now` (the
    instant at which each is asked: the step's, but in back-tests)."""

    conditions: Mapping[str, Condition]
    runs: pa.Table


@dataclass(frozen=True)
class Clocks:
    """Instants of their own at which customers are looked at: in back-tests those of one step do not share one."""

    customers: I64  # ascending
    instants: I64  # not behind the step's

    def of(self, customers: I64, otherwise: int) -> I64:
        """The instant of each customer; `otherwise` of those who have none."""
        place = np.minimum(np.searchsorted(self.customers, customers), max(self.customers.size - 1, 0))
        if self.customers.size == 0:
            return np.full(customers.size, otherwise, np.int64)
        return np.where(self.customers[place] == customers, self.instants[place], otherwise)


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
        """Those whose date attribute is this day (days since 1970); yearly: its return (29 February: the 28th too)."""
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

    def associates(self, customers: I64, at: int) -> Sequence[str]:
        """The associate of each customer, as a message's is found; empty where there is none."""
        ...

    def give_up(self, gone: Sequence[tuple[int, int, str]]) -> None:
        """Messages given up in this step (send_id, state, reason): to the gate they are that from now on."""
        ...

    def due(self, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]) -> Runs:
        """Live, not paused runs with due <= at, by (due, run_id), at most so many; fewer only when these are all. Of
        more than that those whose version has the higher priority go first, but for a tenth where priorities differ:
        these are the longest due, whatever they are. Of the same priority those whose version is `scarce` go first,
        the longest due before the others, held ones of one due by their entry; the order of all else is the world's."""
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

    def runs_in(self, version: int, state: int, most: int, after: int = -1) -> Runs:
        """Runs of a version in a state, by id from the one behind `after` on, at most so many."""
        ...

    def any_runs(self, versions: Sequence[int]) -> bool:
        """Whether there is any run of these versions, ended or not."""
        ...

    def audiences(self, but: Collection[str]) -> Sequence[Audience]:
        """Audiences of which somebody is yet to be let in, with their customers. `but`: none of these journeys."""
        ...

    def room(self, door: Door) -> int | None:
        """How many more messages may be planned until all accounts of a door have too much to send; None: any number.
        What waits and goes after messages of the door's class of priority does not count."""
        ...

    def let_in(self, doors: Sequence[Door], count: int) -> None:
        """So many customers are let in who may get a message at once by one of these doors."""
        ...

    def persons(self, customers: I64, since: int) -> pa.Table:
        """PERSONS: of these customers of an instant, and of all who went up in the same persons since then."""
        ...

    def started(self) -> frozenset[str]:
        """The journeys that ever had an audience."""
        ...

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        """State of each of these messages that there is (one that is called again after an unknown call: unknown)."""
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
- `hop`: a hop was planned (detail: channel) or came to its end (channel:reason); `goal`: met, going on;
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
    """Who is to enter by a start of a schedule, a one-off or a date; let in as they stand here: in the order of the
    ids, or by lot where there may not be enough for all of them."""

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

    `runs`: every run that is new or other than before, as it is now; `created`: which of them are new; `before`: the
    others as they were; `rehomed`: of another customer or version than before; `removed`: runs taken away
    (not_qualified); `sends`: as the gate gave them back (send_id is the key; `policy` is a place in `policies`);
    `gone`: messages given up at their deadline (send_id, state, reason); `tasks_gone`: keys of tasks given up;
    `erased`: customers of whom nothing carried is to be kept; `requests`: rows of REQUESTS, without ids, by which a
    later step goes on with what was too much for this one.
    """

    at: int
    runs: Runs
    created: npt.NDArray[np.bool_]
    before: Runs
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
    erased: I64
    requests: Sequence[Mapping[str, object]]
    audiences: Sequence[Audience]
    changes: Sequence[StateChange]
    more: bool
    """Whether there was more due than one step takes: go on at the same instant."""
