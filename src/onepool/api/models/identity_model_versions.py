"""Versions of the model of likelihood: what each was, what two of them say differently, going back to one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles
from onepool.api.models.identity import IdentifierBrief
from onepool.api.models.identity_decisions import SegmentEffect

ModelCause = Literal["learned", "reviewed", "fitted", "thresholds", "restored"]
ModelVerdict = Literal["join", "review", "none"]


class ModelVersion(Model):
    """One version: from when on these weights and thresholds were in force."""

    version: int
    at: Instant
    author: str
    reason: str
    cause: ModelCause = Field(
        description="learned: anew, from all customers; reviewed: so, and from what people judged; fitted: on a file; "
        "thresholds: moved by hand; restored: an earlier version's."
    )
    current: bool
    weights: int = Field(description="Version of the weights: thresholds may move while they stay.")
    restored: int | None = Field(description="The version that had these weights first, where they were gone back to.")
    hash: str = Field(description="SHA-256 of the weights' content.")
    join: float
    review: float
    auto: bool
    records: int
    pairs: int
    labels: int = Field(description="Judged pairs that it learned from.")
    expected_matches: float | None
    method: Literal["weights", "boosted"]


class ModelVersions(Model):
    """All versions, the newest first."""

    items: list[ModelVersion]


class ModelWeightChange(Model):
    """A level that two versions weigh differently, in bits. Null: this version has no such level."""

    comparison: str
    title: Titles
    level: str
    before: float | None
    after: float | None


class ModelVerdicts(Model):
    """What a version says of all customers."""

    joined: int = Field(description="Pairs that it joins by itself.")
    review: int = Field(description="Pairs that it shows to people.")
    expected_wrong: float = Field(description="Of those joined, how many are expected to be two persons.")


class ModelPairChange(Model):
    """Two customers, as rules alone make them, of whom two versions say different things."""

    a: IdentifierBrief
    b: IdentifierBrief
    before: ModelVerdict
    after: ModelVerdict
    probability_before: float = Field(description="0 where this version does not propose the pair.")
    probability_after: float


class ModelDifference(Model):
    """What two versions say differently, computed on all customers."""

    before: ModelVersion
    after: ModelVersion
    weights: list[ModelWeightChange]
    blocking_added: list[str] = Field(description="Rules that find pairs, which only the second has.")
    blocking_removed: list[str]
    verdicts_before: ModelVerdicts
    verdicts_after: ModelVerdicts
    changed: int = Field(description="Pairs of another answer; `pairs` names the largest differences.")
    pairs: list[ModelPairChange]
    seconds: float


class ModelRestorePreviewRequest(Model):
    """Which version to try."""

    to: int = Field(ge=1)
    segments: list[str] = Field(default_factory=list, max_length=50, description="Segments to count; empty: all.")


class ModelRestorePreview(Model):
    """What going back to a version would change now."""

    difference: ModelDifference
    merged: int
    split: int
    identifiers_moved: int
    segments: list[SegmentEffect]


class ModelRestore(Model):
    """Going back to an earlier version: its weights and thresholds become a new one, and all customers are matched."""

    to: int = Field(ge=1, description="The version to go back to.")
    version: int = Field(ge=1, description="The version that was looked at: refused when there is a later one.")
    reason: str = Field(min_length=3, max_length=500)
