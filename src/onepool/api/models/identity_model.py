"""The model of likelihood: weights, thresholds, runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles
from onepool.api.models.identity_decisions import SegmentEffect
from onepool.api.models.identity_rules import LikelihoodRule


class ModelLevel(Model):
    """One level of a comparison. m, u: how often it occurs among pairs of one person, of two persons."""

    label: str
    m: float
    u: float
    weight: float = Field(description="log2(m / u): bits of evidence.")
    count: int = Field(description="Candidate pairs of this level.")
    matches: float = Field(description="How many of them are expected to be one person.")


class ModelComparison(Model):
    """How one attribute is compared; the best level first."""

    name: str
    title: Titles
    kind: str
    missing: int = Field(description="Candidate pairs of which one side has no value: no evidence either way.")
    levels: list[ModelLevel]


class BlockingRule(Model):
    """A rule by which pairs worth comparing are found."""

    rule: str
    pairs: int
    recall: float | None = Field(description="Share of the likely matches that it finds; null when unknown.")


class WeightCount(Model):
    """Pairs of about one weight."""

    weight: float = Field(description="Bits, rounded down.")
    pairs: int
    probability: float


class ThresholdPoint(Model):
    """What a threshold would give, as estimated from the model or from labels."""

    threshold: float
    precision: float | None
    recall: float | None
    pairs: int


class Thresholds(Model):
    """Probabilities from which pairs join, and wait for review."""

    join: float
    review: float


class IdentityModel(Model):
    """One version of the model."""

    version: int = Field(description="Counts each change of weights or thresholds.")
    at: Instant
    author: str | None
    records: int
    prior: float = Field(description="Probability that two records drawn at random are one person.")
    expected_matches: float | None
    comparisons: list[ModelComparison]
    blocking: list[BlockingRule]
    blocking_recall: float | None = Field(description="Share of the matches that the rules together reach, estimated.")
    histogram: list[WeightCount]
    thresholds: Thresholds
    curve: list[ThresholdPoint]
    labels: int
    method: Literal["weights", "boosted"] = Field(description="Sums of weights, or trees learned over them.")


class MatchingRun(Model):
    """The last complete run over all customers."""

    at: Instant
    candidates: int
    joined: int
    seconds: float


class MatchingState(Model):
    """What the model is doing now."""

    state: Literal["idle", "running", "done", "failed"]
    step: str | None
    progress: float | None = Field(ge=0, le=1)
    problem: str | None
    started: Instant | None


class ModelPage(Model):
    """The model in force or the version asked for, the settings in force, the last run."""

    model: IdentityModel | None
    settings: LikelihoodRule
    last_run: MatchingRun | None
    run: MatchingState
    versions: list[int] = Field(description="All of them, the newest first.")


class ThresholdsChange(LikelihoodRule):
    """Thresholds to be put in force."""

    reason: str = Field(min_length=3, max_length=500)


class ThresholdsPreview(Model):
    """What other thresholds would do."""

    pairs_joined: int
    pairs_review: int
    customers_merged: int
    expected_wrong: float = Field(description="Pairs among those joined that are expected to be two persons.")
    segments: list[SegmentEffect]
