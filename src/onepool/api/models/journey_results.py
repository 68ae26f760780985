"""What came of journeys: counts, runs, uplift, money, and why a customer did or did not get something."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Titles


class OutcomeCount(Model):
    """So many for one reason."""

    reason: str
    count: int


class NodeFigures(Model):
    """What went through one node. `in` = `out` + `ended` + `waiting`, and the message figures of sends there."""

    node: str
    into: int = Field(alias="in", description="Runs that came to it; a run that `repeat` sent back counts again.")
    out: int = Field(description="Runs that went on from it.")
    waiting: int
    ended: int = Field(description="Runs that ended there.")
    suppressed: list[OutcomeCount] = Field(description="Messages that were not sent, by reason.")
    sent: int = Field(description="Messages that a channel accepted.")
    delivered: int
    read: int
    clicked: int
    failed: int
    underway: int = Field(description="Messages that are planned, waiting or with an associate.")
    goals: int = Field(
        description="Treated customers who reached what `goal` measures, and whose last message before came from here."
    )
    revenue: Decimal | None = Field(description="What they paid within the goal's time; null where nothing was sent.")
    per_send: Decimal | None = Field(description="`revenue` over `sent`.")


class EdgeFigures(Model):
    """How many runs took one way."""

    node: str | None = Field(description="Null: on the way in.")
    edge: str = Field(
        description="`next`, `else`, `on_event`, `cases[0]`, `arms[0]`, `back`; `end:goal` and the like for ends; on "
        "the way in `enter`, `held`, `holdout`, `not_qualified`, `refused:cooldown` and the like."
    )
    to: str | None
    count: int


class FunnelStep(Model):
    """Customers whose run began and that came that far (holdout, global control and control arms left out)."""

    step: Literal["entered", "reached", "delivered", "read", "clicked", "goal"]
    count: int


class GoalFigures(Model):
    """`measure`: `goal`, or `order_paid` where the goal needs what only the treated were given."""

    measure: Literal["goal", "order_paid"] | None
    treated: int
    goals: int
    rate: float | None
    running: int = Field(description="Customers of both groups whose time for the goal is not over yet.")
    window_seconds: int | None


class Uplift(Model):
    """Treated customers beside those who got nothing by lot. `value`: difference of rates, 95 % interval (Newcombe)."""

    against: str = Field(description="`holdout`, `global_control`, or `split:` and a split with a control arm.")
    treated: int
    treated_goals: int
    treated_rate: float | None
    control: int
    control_goals: int
    rate: float | None
    value: float | None
    low: float | None
    high: float | None
    relative: float | None = Field(description="Ratio of the rates minus 1.")
    relative_low: float | None = Field(description="95 % interval of the ratio (Katz) minus 1.")
    relative_high: float | None
    p: float | None = Field(description="Two-sided, of no difference (pooled z; Fisher's exact test for few).")
    split_p: float | None = Field(
        description="Of the groups' sizes being those that were drawn; small: do not trust it."
    )
    enough: bool


class TimeBucket(Model):
    """Goals that came within so long after the entry (and not within the span before)."""

    upto_seconds: int | None
    count: int


class Quantile(Model):
    """A share of the goals came within so long."""

    share: float
    seconds: float


class FallbackHop(Model):
    """One hop of a chain of channels."""

    node: str
    hop: int
    channel: str
    tried: int
    accepted: int
    underway: int
    reasons: list[OutcomeCount]


class Incremental(Model):
    """Revenue per head of both groups and what the difference comes to over all treated customers. Control arms of
    splits stand for the holdout where there is none."""

    treated_per_customer: Decimal
    holdout_per_customer: Decimal
    total: Decimal
    low: Decimal
    high: Decimal
    enough: bool


class RevenueFigures(Model):
    """`amount`: orders that customers who reached the goal paid within its time. Not caused by the journey, only after
    it; `incremental` says what can be said of cause, against the holdout only."""

    currency: str
    amount: Decimal
    orders: int
    sends: int
    per_send: Decimal | None
    per_customer: Decimal | None
    cost: Decimal | None
    incremental: Incremental | None


class SegmentFigures(Model):
    """Customers of one segment as it is now."""

    segment: str
    title: Titles
    entered: int
    goals: int
    rate: float | None
    control: int
    control_rate: float | None


class DayFigures(Model):
    """One day of the workspace's zone: runs that entered, goals reached and messages accepted on it."""

    day: str
    entered: int
    goals: int
    sends: int


class JourneyResults(Model):
    """Figures of the runs that entered between `from` and `to`, whatever happened to them since."""

    since: Instant = Field(alias="from")
    until: Instant = Field(alias="to")
    version: int | None
    versions: list[int]
    as_of: Instant | None = Field(description="Up to when the figures are complete.")
    entered: int = Field(description="All runs, those of the holdout included: live + ended.")
    live: int
    held: int
    holdout: int
    control: int = Field(description="Runs of customers in the global control group.")
    ended: list[OutcomeCount]
    turned_away: list[OutcomeCount] = Field(
        description="What might have entered and did not: refused:…, not_qualified."
    )
    nodes: list[NodeFigures]
    edges: list[EdgeFigures]
    funnel: list[FunnelStep]
    goal: GoalFigures
    uplift: list[Uplift]
    time_to_goal: list[TimeBucket]
    median_seconds: float | None
    quantiles: list[Quantile]
    fallback: list[FallbackHop]
    revenue: RevenueFigures | None
    segments: list[SegmentFigures]
    days: list[DayFigures]


class ShortUplift(Model):
    """Difference of goal rates against the holdout, with its 95 % interval."""

    value: float
    low: float
    high: float


class JourneyOutcome(Model):
    """The goal of one journey over the last 90 days."""

    name: str
    goal_rate: float | None
    uplift: ShortUplift | None


class JourneyOutcomes(Model):
    """Goals of all journeys that were ever published."""

    items: list[JourneyOutcome]


class JourneyComparison(Model):
    """Two versions beside each other. Nobody drew lots between them: customers of one came at another time."""

    a: JourneyResults
    b: JourneyResults


class RunRow(Model):
    """One run."""

    run_id: str
    customer_id: int
    name: str | None
    journey: str
    version: int
    node: str | None
    state: str
    due: Instant | None
    entered: Instant
    ended: Instant | None
    reason: str | None
    goal_at: Instant | None
    key: str


class RunList(Model):
    """Runs, the latest entries first."""

    items: list[RunRow]
    next: str | None
    total: int


class Told(Model):
    """One decision or happening, in words."""

    at: Instant
    kind: Literal["entry", "step", "hop", "claim", "attempt", "receipt", "end"]
    node: str | None
    edge: str | None
    what: Titles
    reason: str | None
    send_id: str | None
    channel: str | None
    counted: list[CountedSend] = Field(description="Of a message over a cap: the messages that counted.")


class CountedSend(Model):
    """A message that counted for a cap."""

    send_id: str
    at: Instant
    journey: str
    channel: str
    category: str


class RunDetail(RunRow):
    """A run with everything that was decided about it, in order."""

    steps: list[Told]
    vars: JsonObject
    trigger: JsonObject


class NotStarted(Model):
    """Something that might have started a run and did not."""

    at: Instant
    what: Titles
    reason: str


class JourneyWhy(Model):
    """One journey and one customer."""

    journey: str
    title: Titles
    status: str
    answer: Titles = Field(description="In one sentence: got it, did not and why, or is under way.")
    now: Titles | None = Field(description="Whether an entry would be let in at present, and what stands against it.")
    runs: list[RunDetail]
    not_started: list[NotStarted]


class CustomerJourneys(Model):
    """Why this customer did or did not get what journeys send."""

    customer_id: int
    journeys: list[JourneyWhy]
    seconds: float


Told.model_rebuild()
