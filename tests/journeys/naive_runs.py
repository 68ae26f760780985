"""What the naive interpreter works on: versions, runs, messages, what came in (see naive.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from tests.journeys.naive_times import later, zone_named

from onepool.audience.conditions.reference import Event
from onepool.journeys.graph import BACK, edges
from onepool.journeys.keys import action_keys, bucket
from onepool.journeys.model import Journey

READY = "ready"
DAY = 86_400_000_000
LATENESS = 3 * DAY
FOREVER = 2**62
HELD, TIME, EVENT, OUTCOME, ENDED = "held", "wait_time", "wait_event", "wait_outcome", "ended"
ERASED_EVENT = "customer_erased"
NOT_QUALIFIED = "not_qualified"


@dataclass
class Version:
    """One version of a journey."""

    version_id: int
    name: str
    journey: Journey
    numbers: Mapping[str, int] = field(default_factory=dict)
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Node -> itself and all nodes after it."""

    def __post_init__(self) -> None:
        self.numbers = {name: place for place, name in enumerate(sorted(self.journey.nodes))}
        self.behind = {name: frozenset(_after(self.journey, name)) for name in self.journey.nodes}


def _after(journey: Journey, start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for edge in edges(journey.nodes[waiting.pop()]):
            if edge.label != BACK and edge.target not in found:
                found.add(edge.target)
                waiting.append(edge.target)
    return found


@dataclass
class Run:
    run_id: int
    version: Version
    customer: int
    key: str
    entered: int
    now: int
    """The run's own time."""
    trigger: dict[str, str]
    but: int = -1
    """The event that started it."""
    node: str | None = None
    visit: int = 0
    hop: int = 0
    state: str = READY
    due: int | None = None
    arrived: int = 0
    ended: int | None = None
    reason: str | None = None
    goal_at: int | None = None
    parent: int | None = None
    depth: int = 0
    vars: dict[str, str] = field(default_factory=dict)
    seq: int = 0
    nodes: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()
    """After a merge, what may have started it as well."""
    full: bool = False
    """Held since accounts are full; `arrived` is when it could have begun."""
    parked: bool = False
    """Held beyond its time since its journey rests."""
    child: int | None = None
    """The run that it called and waits for."""

    @property
    def life(self) -> int:
        """When its life is over."""
        journey = self.version.journey
        return later(self.entered, journey.max_life, zone_named(None, journey.zone.default))


@dataclass
class Message:
    send_id: int
    run_id: int
    customer: int
    journey: str
    node: str
    visit: int
    hop: int
    channel: str
    category: str
    planned: int
    expires: int | None
    state: str = "QUEUED"
    reason: str | None = None
    due: int | None = None
    claimed: int | None = None
    concluded: int | None = None
    told: bool = False


@dataclass(frozen=True)
class Action:
    """Something that a run waits for: a task, a write, a call."""

    run: Run
    node: Any
    name: str
    kind: str
    visit: int
    created: int
    staff: str | None = None
    """Whose task it is."""


@dataclass(frozen=True)
class Taken:
    """One step of one run."""

    run_id: int
    seq: int
    node: int
    visit: int
    edge: str
    at: int


@dataclass
class Standing:
    """What a journey is doing."""

    version: Version
    status: str = "live"
    entries_from: int = 0
    next_at: int | None = None
    """When an audience is due."""
    started: bool = False
    held: int = -60_000_000
    """When an audience was last not let in since channels had too much to send."""
    again: int | None = None
    """When those who came by themselves and are held for that are looked at again."""
    slot: int = 0
    """Nobody is let in before, where there is a rate; `day` and `filled`: how many it let in on its last day."""
    day: date | None = None
    filled: int = 0


@dataclass
class Arrival:
    """A customer at a journey's door."""

    time: int
    order: int
    """The event's seq, else the place in the input."""
    customer: int
    version: Version
    key: str
    origin: int
    trigger: dict[str, str]
    but: int = -1
    metered: bool = False
    """The rate was asked already."""
    invited: bool = False
    """Of an audience."""


@dataclass
class Inputs:
    """What came in for one step."""

    events: Sequence[tuple[int, Event, str]] = ()
    """(customer, event, event id)."""
    segments: Sequence[tuple[int, str, bool, int]] = ()
    merges: Sequence[tuple[int, int, int]] = ()
    outcomes: Sequence[tuple[int, str, str, str | None, int, Mapping[str, str]]] = ()
    """(key, what, state, reason, at, saved)."""
    requests: Sequence[tuple[int, str, str, int, str, Mapping[str, str], int]] = ()
    """(number, journey, kind, customer, key, fields, at)."""
    changed: Sequence[tuple[int, str]] = ()
    """(customer, attribute) told anew."""
    statuses: Sequence[tuple[str, str]] = ()
    """(journey, paused or live)."""
    people: frozenset[int] | None = None
    """Who there is; None: as before. `inside`: who of them is in the segment."""
    inside: frozenset[int] = frozenset()
    crowded: frozenset[str] = frozenset()
    """Channels that have too much to send already."""


def single(value: int) -> Any:
    return np.array([value], np.int64)


def canonical(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def holdout(run: Run) -> bool:
    """Whether a run is one of those that get nothing."""
    experiment = run.version.journey.experiment
    if experiment.holdout <= 0:
        return False
    salt = experiment.salt or run.version.name
    return int(bucket(salt, single(run.customer))[0]) < round(experiment.holdout * 10_000)


def key_of(run: Run, hop: int = 0) -> int:
    assert run.node is not None
    return int(action_keys(single(run.run_id), run.node, single(run.visit), hop)[0])


def until(run: Run, state: str, due: int) -> None:
    run.state, run.due = state, min(due, run.life)
