"""What a preview answers: how customers, segments and conflicts would change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Engine = Literal["onepool", "splink"]
"""Who learns and scores pairs. What Splink (an extra) finds only waits for review."""

ChangeKind = Literal["merge", "never", "split", "block", "undo"]


@dataclass(frozen=True, slots=True)
class Change:
    """A decision to be tried out, in the terms of decisions: ends are identifiers.

    merge, never: `a`, `b` (the anchors); `pairs`: what a merge beyond the limits joins beside them. split: `part` is
    taken out of `a`'s customer, `pairs` of base identifiers are cut, `a`, `b` are the anchors of both sides (None: a
    side has none). block: `a`. undo: `decision`.
    """

    kind: ChangeKind
    a: int | None = None
    b: int | None = None
    part: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    decision: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A customer as a set of identifiers."""

    customer_id: int
    identifiers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SegmentEffect:
    """The size of a segment before and after; how many customers would come and go."""

    segment: str
    before: int
    after: int
    entering: int = 0
    leaving: int = 0


@dataclass(frozen=True, slots=True)
class Warned:
    """What to think of before going on. `detail`: a limit as type@scope, a number …"""

    code: Literal["limit", "name", "size", "never", "no-effect", "stopped", "overrules"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DecisionPreview:
    """What a decision would do. Only customers that change are in `before` and `after`."""

    before: list[Shape]
    after: list[Shape]
    merged: int
    split: int
    identifiers_moved: int
    segments: list[SegmentEffect] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RulesSample:
    """Customers that rules change: the sets of identifiers before and after."""

    before: list[tuple[int, ...]]
    after: list[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What rules would do to all customers. `largest`: the largest customers afterwards."""

    customers_before: int
    customers_after: int
    merged: int
    split: int
    identifiers_moved: int
    conflicts_before: int
    conflicts_after: int
    largest: list[Shape]
    samples: list[RulesSample]
    segments: list[SegmentEffect]
    seconds: float


@dataclass(frozen=True, slots=True)
class ThresholdsPreview:
    """What thresholds would do. `expected_wrong`: of the pairs joined, how many are expected to be two persons."""

    pairs_joined: int
    pairs_review: int
    customers_merged: int
    expected_wrong: float
    segments: list[SegmentEffect] = field(default_factory=list)


Verdict = Literal["join", "review", "none"]
"""What a model says of two customers: joined, shown to people, nothing."""


@dataclass(frozen=True, slots=True)
class PairChange:
    """Two customers (as rules alone make them) of whom two models say different things. The probability of one that
    does not propose the pair is 0."""

    a: int
    b: int
    before: Verdict
    after: Verdict
    probability_before: float
    probability_after: float


@dataclass(frozen=True, slots=True)
class ModelOutcome:
    """What a model says of all customers: pairs joined, pairs to review, how many of the joined are expected wrong."""

    joined: int
    review: int
    expected_wrong: float


@dataclass(frozen=True, slots=True)
class ModelsCompared:
    """Two versions of the model on all customers. `changed`: pairs of another answer, of which `pairs` names some, the
    largest differences first. `merged` and what follows: what the second would change now, where that was asked."""

    before: ModelOutcome
    after: ModelOutcome
    changed: int
    pairs: list[PairChange]
    seconds: float
    merged: int = 0
    split: int = 0
    identifiers_moved: int = 0
    segments: list[SegmentEffect] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last complete run over all customers."""

    at: datetime
    candidates: int
    joined: int
    seconds: float


@dataclass(frozen=True, slots=True)
class MatchingState:
    """What the model is doing. `progress`: 0 to 1, None when unknown; `problem`: why it failed, no personal data."""

    state: Literal["idle", "running", "done", "failed"] = "idle"
    step: str | None = None
    progress: float | None = None
    problem: str | None = None
    started: datetime | None = None
    last: LastRun | None = None
