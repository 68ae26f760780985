"""What the state has of journeys: versions that were published, what each journey is doing, who is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Connection, Row, desc, func, select

from onepool.errors import OnePoolError
from onepool.journeys.model import Journey
from onepool.journeys.parse import parse_journey
from onepool.journeys.states import LIVE, RunState
from onepool.state.journeys import journey_states, journey_versions, runs

Status = Literal["live", "paused", "stopping", "stopped"]


class JourneyError(OnePoolError):
    """A journey can't be published, paused, resumed, stopped or entered as asked."""

    code = "journey"


@dataclass(frozen=True)
class Published:
    """One immutable version. `version`: of the definition; `nodes`: ids in the order of the numbers in `runs.node`."""

    version_id: int
    journey: str
    version: int
    hash: str
    body: Mapping[str, Any]
    nodes: tuple[str, ...]
    published_at: int
    published_by: str
    definition: Journey


@dataclass(frozen=True, slots=True)
class Standing:
    """What a journey is doing. Instants are microseconds since 1970; `problem`: why the tick can't go on with it."""

    journey: str
    status: Status
    version_id: int
    entries_from: int
    changed_at: int
    changed_by: str
    next_at: int | None
    problem: str
    problem_at: int | None


def states(connection: Connection) -> dict[str, Standing]:
    """Every journey that was ever published, by name."""
    rows = connection.execute(select(journey_states).order_by(journey_states.c.journey))
    return {row.journey: _standing(row) for row in rows}


def standing(connection: Connection, name: str) -> Standing | None:
    """What a journey is doing; None when it was never published."""
    row = connection.execute(select(journey_states).where(journey_states.c.journey == name)).one_or_none()
    return None if row is None else _standing(row)


def published(connection: Connection, version_id: int) -> Published:
    """A version by its id. Raises JourneyError when there is none."""
    row = connection.execute(select(journey_versions).where(journey_versions.c.id == version_id)).one_or_none()
    if row is None:
        raise JourneyError("there is no such version of a journey", where=str(version_id))
    return published_of(row)


def versions(connection: Connection, name: str) -> list[Published]:
    """All published versions of a journey, the latest first."""
    rows = connection.execute(
        select(journey_versions).where(journey_versions.c.journey == name).order_by(desc(journey_versions.c.id))
    )
    return [published_of(row) for row in rows]


def going(connection: Connection) -> list[Published]:
    """Versions that customers may meet: the present one of each journey that was not stopped, and older ones in which
    somebody still is."""
    present = {one.version_id for one in states(connection).values() if one.status != "stopped"}
    found = []
    for row in connection.execute(select(journey_versions).order_by(journey_versions.c.id)).all():
        live = select(runs.c.run_id).where(runs.c.version_id == row.id, runs.c.state < int(RunState.ENDED)).limit(1)
        if row.id in present or connection.execute(live).first() is not None:
            found.append(published_of(row))
    return found


def live_runs(connection: Connection, version_ids: list[int] | None = None) -> dict[int, int]:
    """Version -> runs that have not ended."""
    live = runs.c.state.in_([int(state) for state in LIVE])
    query = select(runs.c.version_id, func.count()).where(live).group_by(runs.c.version_id)
    if version_ids is not None:
        query = query.where(runs.c.version_id.in_(version_ids))
    return {int(version): int(count) for version, count in connection.execute(query)}


@lru_cache(maxsize=512)
def _parsed(text: str) -> Journey:
    return parse_journey(json.loads(text))


def published_of(row: Row[Any]) -> Published:
    """A row of `journey_versions`, parsed."""
    return Published(
        version_id=row.id,
        journey=row.journey,
        version=row.version,
        hash=row.hash,
        body=json.loads(row.body),
        nodes=tuple(json.loads(row.nodes)),
        published_at=row.published_at,
        published_by=row.published_by,
        definition=_parsed(row.body),
    )


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        journey=row.journey,
        status=row.status,
        version_id=row.version_id,
        entries_from=row.entries_from,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        next_at=row.next_at,
        problem=row.problem,
        problem_at=row.problem_at,
    )
