"""What in a tag can be used and is probably not meant: values that its conditions and filters compare with and that
were never seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from onepool.audience.conditions.check import join
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.model import Condition, DidLeaf
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.unseen import seen_values, unseen
from onepool.audience.tags.base import EventSource
from onepool.audience.tags.further import ExpressionTag, RfmTag
from onepool.audience.tags.model import FirstLastTag, MetricTag, PreferenceTag, StateTag, TagDefinition
from onepool.audience.tags.uses import conditions_in
from onepool.pool.engine import Session


def tag_doubts(session: Session, tag: TagDefinition, names: Names, private: Collection[str] = ()) -> list[Problem]:
    """A warning for each such value, with its place in the definition. `private`: as `seen_values` takes it."""
    return [
        replace(problem, place=join(under, problem.place))
        for under, condition in (*conditions_in(tag), *_filters(tag))
        for problem in unseen(condition, names, seen_values(session, condition, names, private))
    ]


def _filters(tag: TagDefinition) -> Iterator[tuple[str, Condition]]:
    """(place, condition that somebody did such a thing) of every filter on events."""
    for place, source in _sources(tag):
        if source.where:
            yield place, DidLeaf(did=source.did[0], where=source.where)


def _sources(tag: TagDefinition) -> Iterator[tuple[str, EventSource]]:
    match tag:
        case MetricTag():
            yield "from", tag.source
            if tag.over is not None:
                yield "over", tag.over
        case FirstLastTag() | PreferenceTag() | RfmTag():
            yield "from", tag.source
        case ExpressionTag():
            yield from ((f"inputs.{name}", figure) for name, figure in tag.inputs.items())
        case StateTag():
            for index, rule in enumerate(tag.states):
                if rule.quiet is not None:
                    yield f"states[{index}].quiet", rule.quiet
