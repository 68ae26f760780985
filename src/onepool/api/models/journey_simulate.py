"""Before a journey is published: what it would do, over the past and from now on."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from onepool.api.models.common import Instant, JsonObject, Model, Titles
from onepool.api.models.journey_results import EdgeFigures, OutcomeCount
from onepool.api.models.journeys import JourneyProblem
from onepool.journeys.cases.model import check_shares

MOST_CASES: Final = 50
"""Cases that one request carries out."""


class Money(Model):
    """What messages cost by the price list."""

    currency: str
    total: Decimal


class PlanRequest(Model):
    """A definition, saved or not."""

    definition: JsonObject
    old_runs: Literal["finish", "move", "stop"] = "finish"
    days: int = Field(30, ge=1, le=90, description="How far ahead, and over how much of the past.")


class DayCount(Model):
    """So many on one day of the workspace's zone."""

    day: str
    count: int


class PlannedSends(Model):
    """Messages of one node over one channel."""

    node: str
    channel: str
    per_day: list[DayCount]
    total: int
    cost: Decimal | None


class JourneyOverlap(Model):
    """Customers who would enter and are in another journey, or would enter it, too."""

    journey: str
    title: Titles
    customers: int
    inside: int = Field(description="Those of them who are in it now.")
    capped_together: bool = Field(description="Messages of both count for the same caps.")


class InFlight(Model):
    """Runs of older versions at one node, and what becomes of them."""

    version: int
    node: str
    runs: int
    fate: Literal["finish", "move", "stop", "stays"]
    why: Titles | None


class ApprovalNeed(Model):
    """Whether a second person has to say yes."""

    needed: bool
    status: Literal["asked", "approved", "refused", "withdrawn"] | None
    why: Titles | None


class JourneyPlan(Model):
    """What publishing would do. Figures beyond a day are expectations: of event entries, what the past days would have
    brought; `sample` of `population` customers were followed and the counts scaled up."""

    entrants_now: int
    entrants_per_day: float | None
    holdout: int
    control: int
    basis: Literal["audience", "past"]
    sample: int
    population: int
    start: Instant
    end: Instant
    problems: list[JourneyProblem]
    sends: list[PlannedSends]
    cost: Money | None
    caps_hit: int
    quiet_hit: int = Field(description="Messages put off to a later hour, or skipped, because of quiet hours.")
    unreachable: int
    no_consent: int
    suppressed: list[OutcomeCount]
    overlap: list[JourneyOverlap]
    in_flight: list[InFlight]
    approval: ApprovalNeed
    notes: list[Titles]
    seconds: float


class Acceptance(Model):
    """What is assumed of calls over one channel."""

    accepted: float = Field(1.0, ge=0, le=1)
    reasons: dict[str, float] = Field(default_factory=dict, description="Reason -> share of all calls.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        check_shares(self.accepted, self.reasons)
        return self


class SimulationRequest(Model):
    """A definition over the past. Without customers and segment everybody is looked at."""

    definition: JsonObject
    customers: list[int] = Field(default_factory=list, max_length=10_000)
    segment: str | None = Field(None, max_length=63)
    sample: int = Field(2_000, ge=1, le=20_000)
    start: Instant
    days: int = Field(14, ge=1, le=366)
    step_minutes: int | None = Field(
        None, ge=1, le=1440, description="Length of a step of virtual time; chosen by the work there is when left out."
    )
    acceptance: dict[str, Acceptance] = Field(default_factory=dict, description="By channel; all accepted when unsaid.")


class SimulatedSend(Model):
    """A message as it would have been."""

    channel: str
    state: str
    reason: str | None
    text: str | None = Field(description="As the customer would have seen it.")
    title: str | None
    planned: Instant
    due: Instant | None


class SimulatedStep(Model):
    """One step of a path."""

    at: Instant
    node: str | None
    edge: str | None
    what: Titles
    send: SimulatedSend | None


class SimulatedRun(Model):
    """The path of one customer, or why there is none."""

    customer_id: int
    name: str | None
    entered: Instant | None
    not_entered: Titles | None
    ended: Instant | None
    reason: str | None
    steps: list[SimulatedStep]


class HourCount(Model):
    """Messages of one channel in one hour."""

    at: Instant
    channel: str
    count: int


class Simulation(Model):
    """What a journey would have done."""

    start: Instant
    end: Instant
    step_seconds: float
    seconds: float
    customers: int = Field(description="Customers that were looked at.")
    entered: int
    live: int
    ended: list[OutcomeCount]
    turned_away: list[OutcomeCount]
    edges: list[EdgeFigures]
    runs: list[SimulatedRun]
    sends_per_hour: list[HourCount]
    sent: list[OutcomeCount] = Field(description="Accepted messages by channel.")
    suppressed: list[OutcomeCount]
    failed: list[OutcomeCount]
    capped: int
    quiet: int
    cost: Money | None
    notes: list[Titles]


class DifferenceRequest(SimulationRequest):
    """Two definitions over the same past; `before` left out: the published version."""

    before: JsonObject | None = None


class CountDifference(Model):
    """One figure on both sides."""

    figure: str = Field(examples=["entered", "sent:sms", "ended:goal", "suppressed:capped"])
    before: int
    after: int


class MessageDifference(Model):
    """How many messages one customer would have got on both sides."""

    customer_id: int
    name: str | None
    before: int
    after: int


class SimulationDifference(Model):
    """How two definitions differ in what they would have done to the same customers."""

    before: Simulation
    after: Simulation
    figures: list[CountDifference]
    other_path: int = Field(description="Customers whose path is another.")
    sample: list[int] = Field(description="Some of them.")
    gets_more: int = Field(description="Customers who would get more messages.")
    gets_fewer: int
    messages: list[MessageDifference] = Field(description="Those with the greatest difference.")


class BacktestJob(Model):
    """A long back-test: how far it is."""

    id: str
    journey: str
    status: Literal["running", "done", "failed", "cancelled"]
    progress: float
    at: Instant | None = Field(description="How far virtual time has come.")
    problem: str | None
    result: Simulation | None


class JourneyCaseRequest(SimulationRequest):
    """Keep a simulation as a case: what comes out of it now is expected from then on."""

    name: str = Field(pattern=r"^[\w-]{1,60}$", description="What it shows; the journey's name stands before it.")
    note: str = Field("", max_length=500)


class JourneyCase(Model):
    """A simulation that a journey has to come to again."""

    name: str
    note: str
    start: Instant
    end: Instant
    customers: list[int]
    segment: str | None
    sample: int
    entered: int
    sent: list[OutcomeCount]
    author: str
    saved_at: Instant


class JourneyCases(Model):
    """The cases of one journey."""

    items: list[JourneyCase]


class JourneyCasesRun(Model):
    """A definition, saved or not, that the cases of its journey are carried out over."""

    definition: JsonObject
    names: list[str] | None = Field(
        None,
        max_length=MOST_CASES,
        description=f"Only these; all (at most {MOST_CASES}) when left out. One by one they show how far it is.",
    )


class CaseDifference(Model):
    """One figure that came out otherwise. Of paths `figure` is `path:CUSTOMER`, and `step` the first one that
    differs."""

    figure: str
    expected: str
    found: str
    step: int | None


class JourneyCaseResult(Model):
    """What came of one case; `problem`: why it could not be carried out."""

    name: str
    passed: bool
    seconds: float
    differences: list[CaseDifference]
    problem: str | None = None


class JourneyCaseResults(Model):
    """All of them."""

    items: list[JourneyCaseResult]
