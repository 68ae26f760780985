"""All figures of a journey together, and the short ones of all journeys."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from onepool.audience.conditions.names import Context
from onepool.clock import Clock, to_micros
from onepool.definitions import Definitions
from onepool.journeys import store
from onepool.journeys.results import flow
from onepool.journeys.results.effect import effect, measured
from onepool.journeys.results.funnel import I64, Stage, behind
from onepool.journeys.results.types import Cohort, Results
from onepool.pool import Session
from onepool.reach.policies import Policies
from onepool.reach.rules import Control
from onepool.settings import Settings
from onepool.state import State


class Place(Protocol):
    """What of a workspace is needed here."""

    @property
    def state(self) -> State: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...


def results(session: Session, connection: Connection, place: Place, ctx: Context, cohort: Cohort) -> Results:
    """The results of runs that entered in a time. `session`, `connection`: of the pool and the state, for reading.

    Raises JourneyError when the journey was never published, or has no such version.
    """
    versions, mine = _versions(connection, cohort)
    definition = mine[0].definition
    found = effect(
        session,
        connection,
        ctx,
        cohort,
        definition,
        mine,
        control_of(place, definition.experiment.respect_global_control, definition.policy.category),
        to_micros(place.clock.now()),
        definition.experiment.holdout,
    )
    return Results(
        cohort,
        sorted(one.version for one in versions),
        flow.flow(session, cohort, versions),
        found,
        flow.days(session, cohort, ctx.zone),
    )


def runs_behind(
    session: Session, connection: Connection, place: Place, ctx: Context, cohort: Cohort, stage: Stage,
    segment: str | None = None,
) -> I64:  # fmt: skip
    """The runs that a figure of the funnel counts, all or those of a segment's members: one of each customer.

    Raises JourneyError as `results` does.
    """
    _, mine = _versions(connection, cohort)
    definition = mine[0].definition
    control = control_of(place, definition.experiment.respect_global_control, definition.policy.category)
    now = to_micros(place.clock.now())
    found = measured(session, connection, ctx, cohort, definition, mine, control, now)
    return behind(session, cohort, found, stage, segment)


def _versions(connection: Connection, cohort: Cohort) -> tuple[list[store.Published], list[store.Published]]:
    versions = store.versions(connection, cohort.journey)
    mine = [one for one in versions if cohort.version in (None, one.version)]
    if not mine:
        raise store.JourneyError(
            "there is no such version of a journey that was published", where=cohort.journey, hint="publish it first"
        )
    return versions, mine


def control_of(place: Place, respected: bool, category: str) -> Control | None:
    """The global control group as far as a journey of this category keeps to it."""
    control = Policies(place).now()[1].control
    return control if respected and control is not None and category in control.categories else None
