"""Model cards: what a learned tag was learned from, how good it is, and what speaks against it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Words(_Shape):
    """A text in both languages."""

    zh: str
    en: str


class Notice(_Shape):
    """A reason not to publish, or a warning. `code` is stable."""

    code: str = Field(examples=["few-repeat-buyers"])
    words: Words
    advice: Words | None = Field(None, description="What to do about it.")


class FeatureWeight(_Shape):
    """How much a feature decides: its share of the model's whole gain (of clusters: of the variance explained)."""

    name: str = Field(examples=["order_paid_times_30d"])
    title: Words
    weight: float = Field(description="0 to 1; all together 1.")


class CalibrationBin(_Shape):
    """Customers with similar predictions: what was predicted on average, and what came."""

    predicted: float
    observed: float
    customers: int


class LiftBin(_Shape):
    """A tenth of the customers, the highest scores first."""

    decile: int
    customers: int
    positives: float = Field(description="How many it came true of (of a lifetime value: purchases).")
    rate: float
    lift: float = Field(description="The rate over that of all.")
    captured: float = Field(description="Share of all positives in this tenth and those before it.")


class Parameter(_Shape):
    """An estimated parameter with its standard error (null: unknown)."""

    name: str
    value: float
    error: float | None = None


class Sample(_Shape):
    """Customers at one cut-off, and what they were used for."""

    use: Literal["train", "calibrate", "test", "score"]
    cut_off: AwareDatetime
    rows: int
    positives: int | None = None


class ClusterTrait(_Shape):
    """What sets a cluster apart: the share of it with much of a feature, over the share of all, times 100."""

    name: str
    title: Words
    tgi: float
    share: float
    base_share: float


class ClusterCard(_Shape):
    """One cluster."""

    name: str
    title: Words
    customers: int
    share: float
    before: str | None = Field(None, description="The cluster of the run before that it goes on from.")
    traits: list[ClusterTrait]


class ModelCard(_Shape):
    """All that is known of one run of a learned tag. Times are instants in UTC."""

    model: Literal["clv", "classifier", "lookalike", "cluster"]
    method: str = Field(description="bg_nbd, mbg_nbd, pareto_nbd, bg_bb, lightgbm or kmeans", examples=["bg_nbd"])
    as_of: AwareDatetime
    summary: Words
    rows: int = Field(description="Customers (at cut-offs) that it was learned from.")
    scored: int = Field(description="Customers that got a value.")
    features: list[FeatureWeight] = Field(default_factory=list)
    metrics: dict[str, float] = Field(default_factory=dict, description="auc, brier, log_likelihood, silhouette …")
    calibration: list[CalibrationBin] = Field(default_factory=list)
    lift: list[LiftBin] = Field(default_factory=list)
    parameters: list[Parameter] = Field(default_factory=list)
    samples: list[Sample] = Field(default_factory=list)
    clusters: list[ClusterCard] = Field(default_factory=list)
    refusals: list[Notice] = Field(default_factory=list, description="Why nothing was published; empty: it was.")
    warnings: list[Notice] = Field(default_factory=list)


class Figure(_Shape):
    """A figure behind one customer's value."""

    name: str
    title: Words
    value: float | str | None


class Contribution(_Shape):
    """How one feature moved one customer's score. `effect`: in log-odds, above 0 raises it."""

    name: str
    title: Words
    value: float | str | None
    effect: float
    sentence: Words


class CustomerModel(_Shape):
    """Why a customer has this value of a learned tag."""

    customer_id: int
    as_of: datetime
    value: str | None
    number: float | None
    figures: list[Figure] = Field(default_factory=list)
    contributions: list[Contribution] = Field(default_factory=list, description="The strongest first.")


def notice(code: str, zh: str, en: str, advice: tuple[str, str] | None = None) -> Notice:
    """A notice in both languages."""
    said = None if advice is None else Words(zh=advice[0], en=advice[1])
    return Notice(code=code, words=Words(zh=zh, en=en), advice=said)


def counted(count: int, one: str, many: str) -> str:
    """How many of something in English: `no customer`, `1 customer`, `2,000 customers`."""
    return f"no {one}" if count == 0 else f"{count:,} {one if count == 1 else many}"
