"""What journeys name: tags, segments, lists, messages, coupons, other journeys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onepool.audience.conditions import ConditionError
from onepool.audience.conditions.model import DidLeaf, DidNotLeaf, ListLeaf, SegmentLeaf, TagLeaf, walk
from onepool.audience.conditions.moves.model import segments_moved
from onepool.journeys.inside import conditions_in
from onepool.journeys.model import (
    CallJourney,
    IssueCoupon,
    Journey,
    OneOffEntry,
    ScheduleEntry,
    SegmentEntry,
    SegmentExit,
    SegmentLeaveEntry,
    Send,
    TagNode,
)
from onepool.journeys.parse import parse_journey


def named(body: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """(kind, name) of everything that a definition names; nothing of one that can't be parsed."""
    try:
        return frozenset(_named(parse_journey(body)))
    except ConditionError:
        return frozenset()


def _named(journey: Journey) -> Iterator[tuple[str, str]]:
    for asked in conditions_in(journey):
        for _, leaf in walk(asked.condition):
            match leaf:
                case SegmentLeaf():
                    yield "segment", leaf.segment
                case DidLeaf() | DidNotLeaf():
                    yield from (("segment", name) for name in segments_moved(leaf.event, leaf))
                case TagLeaf():
                    yield "tag", leaf.tag
                case ListLeaf():
                    yield "list", leaf.list
    entry = journey.entry
    match entry:
        case SegmentEntry():
            yield "segment", entry.segment_enter
        case SegmentLeaveEntry():
            yield "segment", entry.segment_leave
        case ScheduleEntry() if entry.segment is not None:
            yield "segment", entry.segment
        case OneOffEntry() if entry.one_off.segment is not None:
            yield "segment", entry.one_off.segment
    yield from (("segment", one.segment_leave) for one in journey.exit if isinstance(one, SegmentExit))
    for node in journey.nodes.values():
        match node:
            case Send():
                yield "message", node.message
            case IssueCoupon():
                yield "coupon", node.batch
            case TagNode():
                yield from (("tag", tag) for tag in node.set)
            case CallJourney():
                yield "journey", node.journey
