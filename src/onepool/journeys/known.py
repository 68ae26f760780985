"""What a journey may name: the names of conditions, and messages, coupons, channels, touchpoints, other journeys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from onepool.audience.conditions import ConditionError, Names
from onepool.audience.conditions.parse import plain_data
from onepool.audience.conditions.standing.consents import PURPOSES
from onepool.audience.definitions import workspace_names
from onepool.audience.tags import parse_tag
from onepool.channels import registry
from onepool.channels.base import Channel
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.journeys.model import Journey
from onepool.journeys.parse import parse_journey
from onepool.reach.messages.model import Message
from onepool.standards import Standard

Bodies = Mapping[str, Mapping[str, Any]]


class Place(Protocol):
    """What of a workspace is needed here."""

    @property
    def definitions(self) -> Definitions: ...

    def standard(self) -> Standard: ...

    def touchpoints(self) -> dict[str, Touchpoint]: ...


@dataclass(frozen=True)
class Known:
    """Everything that can be named. `touchpoints`: name -> channel; `imported`: tags that journeys may write;
    `identifying`: attributes that are identifiers too, which they may not."""

    names: Names = field(default_factory=Names)
    messages: Mapping[str, Message] = field(default_factory=dict)
    coupons: frozenset[str] = frozenset()
    journeys: Mapping[str, Journey] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    touchpoints: Mapping[str, str] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    identifying: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset(PURPOSES)


def load_known(place: Place, kept_events: Iterable[str] = ()) -> Known:
    """What the current definitions of a workspace name. `kept_events`: found in the pool, unknown to the standard."""
    bodies = {
        kind: {one.name: one.body for one in place.definitions.current(kind)}
        for kind in ("tag", "segment", "list", "message", "coupon", "journey")
    }
    return known_of(place.standard(), bodies, place.touchpoints().values(), kept_events)


def known_of(
    standard: Standard, bodies: Mapping[str, Bodies], touchpoints: Iterable[Touchpoint], kept_events: Iterable[str] = ()
) -> Known:
    """The same from bodies by kind and name. A body that can't be read names nothing."""
    every = list(touchpoints)
    tags = bodies.get("tag", {})
    names = workspace_names(
        standard, tags, bodies.get("segment", {}), every, kept_events, list(bodies.get("list", {}).values())
    )
    return Known(
        names=names,
        messages={name: one for name, body in bodies.get("message", {}).items() if (one := _message(body)) is not None},
        coupons=frozenset(bodies.get("coupon", {})),
        journeys={name: it for name, body in bodies.get("journey", {}).items() if (it := _journey(body)) is not None},
        channels={one.name: registry.channel(one.name) for one in registry.manifests()},
        touchpoints={one.name: one.channel for one in every},
        imported=frozenset(name for name, body in tags.items() if _is_import(body)),
        identifying=frozenset(name for name, one in standard.attributes.items() if one.identifier is not None),
    )


def _message(body: Mapping[str, Any]) -> Message | None:
    try:
        return Message.model_validate(plain_data(body))
    except (ValidationError, ConditionError):
        return None


def _journey(body: Mapping[str, Any]) -> Journey | None:
    try:
        return parse_journey(body)
    except ConditionError:
        return None


def _is_import(body: Mapping[str, Any]) -> bool:
    try:
        return parse_tag(body).kind == "import"
    except ConditionError:
        return False
