"""The journeys of a workspace as the executor knows them at a step: versions, what each is doing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, select

from onepool.errors import OnePoolError
from onepool.journeys import store
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.plan import Message, Plan
from onepool.journeys.model import CallJourney, EventEntry, EventExit, IssueCoupon, Wait
from onepool.journeys.store import Standing
from onepool.reach.keys import distinct
from onepool.reach.messages.store import plannable
from onepool.state.journeys import journey_states, journey_versions

ERASED = "customer_erased"
"""The event after which nothing of a customer goes on."""


class JourneyFault(OnePoolError):
    """One journey can't be evaluated; the others are to go on without it."""

    code = "journey-fault"

    def __init__(self, journey: str, reason: str) -> None:
        super().__init__(reason, where=journey)
        self.journey = journey
        self.reason = reason


@dataclass(frozen=True)
class Book:
    """`plans` by version id; `standings` by name; `aside`: journeys that can't be evaluated: they rest as if paused."""

    plans: Mapping[int, Plan]
    standings: Mapping[str, Standing]
    aside: frozenset[str] = frozenset()
    metering: Mapping[str, str] = field(default_factory=dict)
    _by_journey: dict[str, list[Plan]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for plan in sorted(self.plans.values(), key=lambda one: one.version_id):
            self._by_journey.setdefault(plan.journey, []).append(plan)

    def versions(self, journey: str) -> list[Plan]:
        """All versions of a journey, the oldest first."""
        return self._by_journey.get(journey, [])

    def version_ids(self, journeys: Iterable[str]) -> list[int]:
        return [plan.version_id for name in journeys for plan in self.versions(name)]

    def live(self) -> list[Plan]:
        """The versions that take entries now, by id."""
        found = [
            self.plans[one.version_id]
            for one in self.standings.values()
            if one.status == "live" and one.journey not in self.aside and one.version_id in self.plans
        ]
        return sorted(found, key=lambda plan: plan.version_id)

    def rests(self, journey: str) -> bool:
        """Whether runs of a journey stay where they are."""
        standing = self.standings.get(journey)
        return journey in self.aside or (standing is not None and standing.status == "paused")

    def group(self, plan: Plan) -> list[str]:
        """The journeys of which a customer is in one at a time, the plan's own among them."""
        name = plan.definition.group
        if name is None:
            return [plan.journey]
        latest = {journey: plans[-1] for journey, plans in self._by_journey.items()}
        return sorted({plan.journey, *(j for j, one in latest.items() if one.definition.group == name)})

    @property
    def priorities(self) -> Mapping[int, int]:
        """Of each version that of its journey's entries: the higher goes first."""
        return {version: plan.definition.entry.priority for version, plan in self.plans.items()}

    @property
    def scarce(self) -> frozenset[int]:
        """Versions that give out what there is not enough of for everybody: coupons, or room of accounts while some
        are held for it."""
        return frozenset(
            one
            for one, plan in self.plans.items()
            if any(isinstance(node, IssueCoupon) for node in plan.nodes)
            or '"again"' in self.metering.get(plan.journey, "")
        )

    @property
    def calls(self) -> bool:
        """Whether any version calls another journey."""
        return any(isinstance(node, CallJourney) for plan in self.plans.values() for node in plan.nodes)

    def awaited(self) -> frozenset[str]:
        """Names of events that mean something to runs: ends, what is waited for, what a hold looks out for."""
        found = {ERASED}
        for plan in self.plans.values():
            said = plan.definition
            if said.goal is not None:
                found.add(said.goal.did)
            found |= {one.did for one in said.exit if isinstance(one, EventExit)}
            found |= {node.until.did for node in plan.nodes if isinstance(node, Wait) and node.until is not None}
            if (
                isinstance(said.entry, EventEntry)
                and said.entry.hold is not None
                and said.entry.hold.unless is not None
            ):
                found.add(said.entry.hold.unless.did)
        return frozenset(found)

    def rank(self, versions: I64, nodes: I64) -> I64:
        """How far along each node is in its version; -1 before the first one."""
        found = np.full(nodes.size, -1, np.int64)
        for version in distinct(versions).tolist():
            rows = np.flatnonzero((versions == version) & (nodes >= 0))
            found[rows] = self.plans[version].rank[nodes[rows]]
        return found


class Shelf:
    """Loads books; versions stay parsed between steps."""

    def __init__(self, *, approved: bool = False) -> None:
        """`approved`: messages are sent as a second person approved them."""
        self._approved = approved
        self._plans: dict[tuple[int, tuple[tuple[str, int], ...]], Plan] = {}
        self.broken: dict[str, str] = {}
        """Journeys of which a version can't be read at all -> why."""

    def load(self, connection: Connection, aside: Iterable[str] = ()) -> Book:
        """The book as the connection sees it."""
        standings = store.states(connection)
        ids = connection.execute(select(journey_versions.c.id, journey_versions.c.journey)).all()
        planned = plannable(connection, approved=self._approved) if ids else {}
        messages = {name: Message(version, body) for name, (version, body) in planned.items()}
        versions = tuple(sorted((name, one.version) for name, one in messages.items()))
        kept: dict[tuple[int, tuple[tuple[str, int], ...]], Plan] = {}
        plans: dict[int, Plan] = {}
        self.broken = {}
        for version_id, journey in ids:
            key = (version_id, versions)
            plan = self._plans.get(key)
            if plan is None:
                try:
                    found = store.published(connection, version_id)
                    plan = Plan(version_id, found.definition, found.body, messages)
                # Whatever is wrong with it, the others are not to suffer.
                except (OnePoolError, ValueError, KeyError) as error:
                    self.broken[journey] = str(error)
                    continue
            kept[key] = plan
            plans[version_id] = plan
        self._plans = kept
        metering = connection.execute(select(journey_states.c.journey, journey_states.c.metering)).all()
        known = {journey: text for journey, text in metering if text}
        return Book(plans, standings, frozenset(aside) | frozenset(self.broken), known)
