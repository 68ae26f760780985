"""Two customers with a conflict and a proposal between them, a shared device, and a desk that answers by rote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from tests.identity.written import T0, Written

from onepool.api.app import create_app
from onepool.identity.read.preview_types import (
    Change,
    DecisionPreview,
    Engine,
    LastRun,
    MatchingState,
    ModelOutcome,
    ModelsCompared,
    PairChange,
    RulesPreview,
    RulesSample,
    SegmentEffect,
    Shape,
    ThresholdsPreview,
    Warned,
)
from onepool.pool import DuckDBEngine

from .conftest import World

WEI, LI = "+8613711112222", "+8613733334444"
DETAIL = json.dumps(
    [
        {"comparison": "name", "level": "same pinyin", "weight": 7.5},
        {"comparison": "phone", "level": "same last four", "weight": 4.25},
    ]
)


@dataclass
class Rote:
    """A desk that remembers what it was asked."""

    asked: list[Any] = field(default_factory=list)
    state: MatchingState = field(default_factory=MatchingState)
    segments: list[str] = field(default_factory=list)
    learned: bool | None = None
    engine: Engine | None = None
    running: bool = False

    def preview_decision(self, change: Change, segments: Sequence[str] = ()) -> DecisionPreview:
        self.asked.append(change)
        self.segments = list(segments)
        return DecisionPreview(
            before=[Shape(1, (1, 2, 3)), Shape(4, (4,))],
            after=[Shape(1, (1, 2, 3, 4))],
            merged=1,
            split=0,
            identifiers_moved=1,
            segments=[SegmentEffect("vip", 3, 2, leaving=1)],
            warnings=[Warned("limit", "unionid@wx-open"), Warned("overrules", "7")],
        )

    def preview_rules(self, body: Mapping[str, Any], segments: Sequence[str]) -> RulesPreview:
        self.asked.append((body, segments))
        return RulesPreview(
            customers_before=2,
            customers_after=1,
            merged=1,
            split=0,
            identifiers_moved=1,
            conflicts_before=1,
            conflicts_after=0,
            largest=[Shape(1, (1, 2, 3, 4))],
            samples=[RulesSample([(1, 2, 3), (4,)], [(1, 2, 3, 4)])],
            segments=[SegmentEffect("vip", 3, 2)],
            seconds=0.25,
        )

    def preview_thresholds(self, join: float, review: float) -> ThresholdsPreview:
        self.asked.append((join, review))
        return ThresholdsPreview(12, 30, 9, 0.5)

    def compare_models(
        self, before: int, after: int, effects: bool = False, segments: Sequence[str] = ()
    ) -> ModelsCompared:
        self.asked.append((before, after, effects, list(segments)))
        return ModelsCompared(
            before=ModelOutcome(12, 30, 0.5),
            after=ModelOutcome(11, 31, 0.25),
            changed=1,
            pairs=[PairChange(1, 4, "join", "review", 0.99, 0.8)],
            seconds=0.5,
            split=1 if effects else 0,
            identifiers_moved=2 if effects else 0,
            segments=[SegmentEffect("vip", 3, 3)] if effects else [],
        )

    def start_matching(self, learn: bool = True, engine: Engine = "onepool") -> MatchingState:
        self.learned, self.engine = learn, engine
        self.state = MatchingState("running", "learning", 0.25, started=T0)
        return self.state

    def matching_state(self) -> MatchingState:
        if self.running:
            return MatchingState("running", "learning")
        return MatchingState("done", progress=1.0, last=LastRun(datetime(2026, 11, 19, tzinfo=UTC), 40, 12, 8.5))


@dataclass
class Identified:
    """The world, what is written in it, and the desk."""

    world: World
    written: Written
    desk: Rote
    conflict: int
    candidate: int


def fill(world: World) -> Identified:
    """Customer 1: phone 1, unionid 2, device 3. Customer 4: phone 4, unionid 5. The device 6, void, knows both."""
    ws = world.ws
    made = Written(ws.state, cast(DuckDBEngine, ws.pool), world.clock, ws.standard())
    wei = made.identifier("phone", WEI)
    first = made.identifier("unionid", "uA", wei, scope="wx-open")
    device = made.identifier("device", "d-1", wei, scope="app")
    li = made.identifier("phone", LI)
    second = made.identifier("unionid", "uB", li, scope="wx-open")
    counter = made.identifier("device", "counter", scope="app")
    made.link(wei, first, day=1)
    made.link(wei, device, "follows", day=2)
    made.link(li, second, day=1)
    conflict = made.link(first, second, "conflict", "limit:unionid@wx-open", day=3)
    made.link(wei, counter, "void", day=4)
    made.link(li, counter, "void", day=4)
    candidate = made.candidate(wei, li, 0.91, detail=DETAIL)
    made.order(wei, "120.50")
    made.order(li, "30")
    made.put(
        "profiles",
        {"customer_id": wei, "first_seen": T0, "last_seen": T0, "name": "张伟", "phone": WEI},
        {"customer_id": li, "first_seen": T0, "last_seen": T0, "name": "张玮", "phone": LI},
    )
    ws.save("touchpoint", "shop", {"channel": "tmall", "title": {"zh": "旗舰店", "en": "Flagship"}}, author="test")
    desk = Rote()
    world.app = create_app(ws, world.feed, world.clock, desk)
    return Identified(world, made, desk, conflict, candidate)
