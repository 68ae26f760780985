"""A version of a journey as a whole, and what holds for all of its steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name, SpanField, Text
from onepool.journeys.model.entry import Entry
from onepool.journeys.model.matching import Category, EventMatch, Title
from onepool.journeys.model.node import Node
from onepool.journeys.moments import Clock, RollingField


class Experiment(Part):
    """`holdout`: share of entrants who get nothing and are compared with; `salt` keeps the assignment stable."""

    respect_global_control: bool = True
    holdout: float = Field(default=0.0, ge=0.0, lt=1.0)
    salt: Text | None = None


class Quiet(Part):
    """Local hours in which nothing is sent; the window may go over midnight."""

    from_: Clock = Field(alias="from")
    to: Clock
    on_hit: Literal["defer", "skip", "ignore"] = "defer"
    max_defer: SpanField | None = None


class Cap(Part):
    """At most `count` messages per `local_day` or `rolling 7 days`, counted over a scope."""

    count: int = Field(ge=1, le=10_000)
    per: RollingField
    scope: Literal["all", "category", "channel", "journey"]
    on_hit: Literal["skip", "defer"] = "skip"


class Policy(Part):
    """What holds for every send of the journey. `purpose`: of the consent that is asked for (default by category)."""

    category: Category = "promotion"
    purpose: Name | None = None
    quiet: Quiet | None = None
    caps: list[Cap] = Field(default_factory=list)
    expire_after: SpanField | None = None


class Goal(EventMatch):
    """`within` counts from the entry; without it the goal is open as long as the run lives."""

    within: SpanField | None = None
    then: Literal["exit", "continue"] = "exit"


class EventExit(EventMatch):
    """`before`: only as long as the run has not come past that node."""

    as_: Name = Field(alias="as")
    before: Name | None = None


class SegmentExit(Part):
    segment_leave: Name
    as_: Name = Field(alias="as")
    before: Name | None = None


def _exit(value: Any) -> str | None:
    if isinstance(value, EventExit) or (isinstance(value, dict) and "did" in value):
        return "<did>"
    if isinstance(value, SegmentExit) or (isinstance(value, dict) and "segment_leave" in value):
        return "<segment_leave>"
    return None


Exit: TypeAlias = Annotated[
    Annotated[EventExit, Tag("<did>")] | Annotated[SegmentExit, Tag("<segment_leave>")], Discriminator(_exit)
]


class Zone(Part):
    """Whose wall clock: an attribute of the customer (`attribute.time_zone`), else the default."""

    from_: Text | None = Field(default=None, alias="from")
    default: Text = "Asia/Shanghai"


class Journey(Part):
    """One version of a journey. `group`: of journeys of one group a customer is in one at a time."""

    journey: Name
    name: Title | Text | None = None
    note: Text | None = None
    folder: Text | None = None
    group: Name | None = None
    params: dict[Name, Any] = Field(default_factory=dict)
    zone: Zone = Zone()
    entry: Entry
    experiment: Experiment = Experiment()
    policy: Policy = Policy()
    goal: Goal | None = None
    exit: list[Exit] = Field(default_factory=list)
    max_life: SpanField
    start: Name
    nodes: dict[Name, Node] = Field(min_length=1, max_length=500)

    def node_numbers(self) -> dict[str, int]:
        """Node id -> its number in this version: places in the sorted list of ids."""
        return {name: number for number, name in enumerate(sorted(self.nodes))}
