"""A journey as a typed tree: what its YAML or JSON says, and nothing of how it is carried out.

`parse.parse_journey` makes these from data; `check` holds them against the names of the workspace. The order of
`Journey.nodes` as sorted by name numbers the nodes of a version (`node_numbers`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag

from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.parts import Part, Predicate, Slice, bare_predicate
from onepool.audience.conditions.values import Name, Names_, SpanField, Text
from onepool.channels.base.receipts import Reason
from onepool.journeys.moments import BackoffField, Clock, LocalSpan, RollingField, read_backoff

Title: TypeAlias = dict[Literal["zh", "en"], str]
Where: TypeAlias = dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]]


class EventMatch(Part):
    """An event of one name, its place and its fields: each event either matches or does not."""

    did: Name
    at: Slice | None = None
    where: Where | None = None


class Hold(Part):
    """The run begins `for` later, unless that event comes first (`did` at or after the entry)."""

    for_: SpanField = Field(alias="for")
    unless: EventMatch | None = None


class MaxRuns(Part):
    runs: int = Field(ge=1, le=1000)
    per: SpanField


class Reentry(Part):
    """`cooldown` counts from the last entry. `parallel`: live runs of one customer (and different keys) at a time."""

    when: Literal["never", "after_exit", "always"] = "never"
    cooldown: SpanField | None = None
    max: MaxRuns | None = None
    parallel: int = Field(default=1, ge=1, le=100)


class Rate(Part):
    """Entries let in at most; the others wait their turn, in the order of entry."""

    per_second: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)


class Admission(Part):
    """What all kinds of entry share. `key`: `$trigger.…`, tells runs of one customer apart."""

    key: Text | None = None
    eligible: Condition | None = None
    reentry: Reentry = Reentry()
    rate: Rate | None = None
    priority: int = Field(default=50, ge=0, le=99)


class EventEntry(EventMatch, Admission):
    hold: Hold | None = None


class SegmentEntry(Admission):
    """Edge-triggered. `backfill`: those who are in it at publication enter once."""

    segment_enter: Name
    backfill: bool = False


class SegmentLeaveEntry(Admission):
    segment_leave: Name


class ScheduleEntry(Admission):
    """At each time of a crontab line in the journey's zone, those of a segment or condition, frozen at that time."""

    schedule: Text
    segment: Name | None = None
    who: Condition | None = None


class DateEntry(Admission):
    """`offset` before or after (`-7 days`) a date attribute, at a local time; `every: year` for birthdays."""

    date: Name
    offset: Text | None = None
    time: Clock = Clock("10:00")
    every: Literal["year"] | None = None
    who: Condition | None = None


class ApiEntry(Admission):
    """Entries come over the API; `fields`: what they may carry, as `$trigger.…`."""

    api: Literal[True]
    fields: dict[Name, Literal["text", "number", "money", "time", "boolean"]] = Field(default_factory=dict)


class OneOff(Part):
    """`start`: an instant with zone, or unsaid: at publication."""

    start: Text | None = None
    segment: Name | None = None
    who: Condition | None = None


class OneOffEntry(Admission):
    one_off: OneOff


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


Category: TypeAlias = Literal["promotion", "service", "transactional"]


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


class Fresh(Part):
    """The node waits until all touchpoints' data and identities are at most this old (and at most until `max`)."""

    identity: SpanField
    max: SpanField | None = None


class Hop(Part):
    """One way to reach the customer. `template`: the content of the message (by default the one of that channel)."""

    channel: Name
    kind: Name | None = None
    touchpoint: Name | None = None
    template: Name | None = None
    staff: Text | None = None
    accept_within: SpanField | None = None
    unknown: Literal["resend", "query", "drop"] = "drop"
    next_on: list[Reason] = Field(default_factory=list)


_RETRIED: tuple[Reason, ...] = ("rate_limited", "transient")
_BACKOFF = ("10s", "1m", "5m", "30m", "2h")


class Retry(Part):
    on: list[Reason] = Field(default_factory=lambda: list(_RETRIED))
    max: int = Field(default=5, ge=0, le=20)
    backoff: list[BackoffField] = Field(
        default_factory=lambda: [read_backoff(one) for one in _BACKOFF], min_length=1, max_length=20
    )


class Send(Part):
    do: Literal["send"]
    message: Name
    chain: list[Hop] = Field(min_length=1, max_length=10)
    guard: Condition | None = None
    retry: Retry = Retry()
    category: Category | None = None
    expire_after: SpanField | None = None
    fresh: Fresh | None = None
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class DateOf(Part):
    """An instant read from an attribute or from what the run saved, moved by `offset`, at a local `time`."""

    attribute: Name | None = None
    var: Name | None = None
    offset: Text | None = None
    time: Clock | None = None
    every: Literal["year"] | None = None


class Wait(Part):
    """`for` a time; `until` an event; until a `date`; until a local `time` (on `weekdays`). `max` bounds a date.

    With `until`, `for` is the time-out: `next` is taken then, `on_event` (default `next`) when the event comes.
    """

    do: Literal["wait"]
    for_: LocalSpan | None = Field(default=None, alias="for")
    until: EventMatch | None = None
    date: DateOf | None = None
    time: Clock | None = None
    weekdays: Names_ | None = None
    max: SpanField | None = None
    next: Name
    on_event: Name | None = None
    else_: Name | None = Field(default=None, alias="else")
    note: Text | None = None


class Case(Part):
    when: Condition
    next: Name


class Branch(Part):
    do: Literal["branch"]
    cases: list[Case] = Field(min_length=1, max_length=50)
    else_: Name = Field(alias="else")
    note: Text | None = None


class Arm(Part):
    name: Name
    weight: int = Field(ge=1, le=10_000)
    control: bool = False
    next: Name


class Split(Part):
    """Customers go by the hash of (salt, customer); weights are relative."""

    do: Literal["split"]
    salt: Text | None = None
    arms: list[Arm] = Field(min_length=2, max_length=20)
    note: Text | None = None


class IssueCoupon(Part):
    do: Literal["issue_coupon"]
    batch: Text
    save: Name
    guard: Condition | None = None
    fresh: Fresh | None = None
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class SetProfile(Part):
    do: Literal["set_profile"]
    set: dict[Name, Any] = Field(min_length=1)
    next: Name
    note: Text | None = None


class TagNode(Part):
    """Writes values of tags of kind import; null takes a value away."""

    do: Literal["tag"]
    set: dict[Name, Any] = Field(min_length=1)
    next: Name
    note: Text | None = None


class Task(Part):
    """Work for an associate: `next` when it is done, `else` when nobody did it in time."""

    do: Literal["task"]
    title: Text
    body: Text | None = None
    staff: Text = "owner"
    within: SpanField
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class Webhook(Part):
    """A signed call to a touchpoint of channel `webhook`; `save`: variable -> type of an answer's member."""

    do: Literal["webhook"]
    touchpoint: Name
    body: dict[str, Any] = Field(default_factory=dict)
    save: dict[Name, Literal["text", "number", "boolean"]] = Field(default_factory=dict)
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class CallJourney(Part):
    do: Literal["call_journey"]
    journey: Name
    wait: bool = True
    next: Name
    note: Text | None = None


class Repeat(Part):
    """Back to node `back` at most `max` times (while the condition holds), then on to `next`."""

    do: Literal["repeat"]
    back: Name
    max: int = Field(ge=1, le=100)
    while_: Condition | None = Field(default=None, alias="while")
    next: Name
    note: Text | None = None


class End(Part):
    do: Literal["end"]
    as_: Name = Field(alias="as")
    note: Text | None = None


NODES: dict[str, type[Part]] = {
    "send": Send,
    "wait": Wait,
    "branch": Branch,
    "split": Split,
    "issue_coupon": IssueCoupon,
    "set_profile": SetProfile,
    "tag": TagNode,
    "task": Task,
    "webhook": Webhook,
    "call_journey": CallJourney,
    "repeat": Repeat,
    "end": End,
}


def _do(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{done}>" for done, part in NODES.items() if type(value) is part), None)
    done = value.get("do") if isinstance(value, dict) else None
    return f"<{done}>" if isinstance(done, str) and done in NODES else None


Node: TypeAlias = Annotated[
    Annotated[Send, Tag("<send>")]
    | Annotated[Wait, Tag("<wait>")]
    | Annotated[Branch, Tag("<branch>")]
    | Annotated[Split, Tag("<split>")]
    | Annotated[IssueCoupon, Tag("<issue_coupon>")]
    | Annotated[SetProfile, Tag("<set_profile>")]
    | Annotated[TagNode, Tag("<tag>")]
    | Annotated[Task, Tag("<task>")]
    | Annotated[Webhook, Tag("<webhook>")]
    | Annotated[CallJourney, Tag("<call_journey>")]
    | Annotated[Repeat, Tag("<repeat>")]
    | Annotated[End, Tag("<end>")],
    Discriminator(_do),
]

ENTRIES: dict[str, type[Part]] = {
    "did": EventEntry,
    "segment_enter": SegmentEntry,
    "segment_leave": SegmentLeaveEntry,
    "schedule": ScheduleEntry,
    "date": DateEntry,
    "api": ApiEntry,
    "one_off": OneOffEntry,
}


def _entry(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{head}>" for head, part in ENTRIES.items() if type(value) is part), None)
    return next((f"<{head}>" for head in ENTRIES if head in value), None) if isinstance(value, dict) else None


Entry: TypeAlias = Annotated[
    Annotated[EventEntry, Tag("<did>")]
    | Annotated[SegmentEntry, Tag("<segment_enter>")]
    | Annotated[SegmentLeaveEntry, Tag("<segment_leave>")]
    | Annotated[ScheduleEntry, Tag("<schedule>")]
    | Annotated[DateEntry, Tag("<date>")]
    | Annotated[ApiEntry, Tag("<api>")]
    | Annotated[OneOffEntry, Tag("<one_off>")],
    Discriminator(_entry),
]


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
