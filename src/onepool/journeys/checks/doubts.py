"""What in a journey can be used and is probably not meant: values that it compares with and that were never seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from onepool.audience.conditions.check import join
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.unseen import seen_values, unseen
from onepool.journeys.inside import conditions_in, leaf_of, matches_in
from onepool.journeys.model import Journey
from onepool.pool.engine import Session


def journey_doubts(session: Session, journey: Journey, names: Names, private: Collection[str] = ()) -> list[Problem]:
    """A warning for each such value, with its place in the definition. `private`: as `seen_values` takes it."""
    return [
        replace(problem, place=join(under, problem.place))
        for under, condition in _asked(journey)
        for problem in unseen(condition, names, seen_values(session, condition, names, private))
    ]


def _asked(journey: Journey) -> Iterator[tuple[str, Condition]]:
    yield from ((asked.place, asked.condition) for asked in conditions_in(journey))
    yield from ((awaited.place, leaf_of(awaited.match)) for awaited in matches_in(journey) if awaited.match.where)
