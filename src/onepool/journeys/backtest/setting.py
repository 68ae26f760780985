"""What a back-test stands on: the journey as a version of its own, a database in memory, the workspace that is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.journeys import store
from onepool.journeys.backtest.types import DAY, Asked
from onepool.journeys.executor.plan import Message, Plan
from onepool.journeys.model import CallJourney, Journey
from onepool.journeys.parse import parse_journey
from onepool.journeys.starts import next_start
from onepool.journeys.store import Standing
from onepool.pool.engine import Engine as Pool
from onepool.settings import Settings
from onepool.state import State
from onepool.state.journeys import journey_audiences, journey_edges, journey_effects, journey_states, runs, tasks
from onepool.state.outbox import send_policies, sends
from onepool.state.tables import metadata

_TABLES = (
    runs, journey_states, journey_audiences, journey_edges, journey_effects, tasks, sends, send_policies,
)  # fmt: skip


class Place(Protocol):
    """What of a workspace is needed here; nothing of it is written."""

    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


def plans_of(place: Place, asked: Asked) -> tuple[dict[int, Plan], dict[str, Standing]]:
    """The journey as version 1, and the published versions of those that it calls, which take no entries here."""
    definition = parse_journey(asked.body)
    messages = messages_of(place)
    plans = {1: Plan(1, definition, asked.body, messages)}
    first = next_start(definition, asked.start - 1)
    standings = {definition.journey: _standing(definition.journey, 1, asked.start, first)}
    with place.state.read() as connection:
        known = store.states(connection)
        wanted = _called(definition)
        while wanted:
            name = wanted.pop()
            if name in standings or name not in known or known[name].status != "live":
                continue
            other = store.published(connection, known[name].version_id)
            number = len(plans) + 1
            plans[number] = Plan(number, other.definition, other.body, messages)
            standings[name] = _standing(name, number, asked.end + 10_000 * DAY, None)
            wanted += _called(other.definition)
    return plans, standings


def _standing(name: str, version_id: int, since: int, first: int | None) -> Standing:
    return Standing(name, "live", version_id, since, since, "backtest", first, "", None)


def _called(definition: Journey) -> list[str]:
    return [node.journey for node in definition.nodes.values() if isinstance(node, CallJourney)]


def messages_of(place: Place) -> Mapping[str, Message]:
    """The current version of every message."""
    return {one.name: Message(one.version, one.body) for one in place.definitions.current("message")}


@contextmanager
def virtual() -> Iterator[Connection]:
    """A database in memory with the tables that a step writes; gone when it is left."""
    engine: Engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            metadata.create_all(connection, tables=list(_TABLES))
            yield connection
    finally:
        engine.dispose()
