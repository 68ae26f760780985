"""Further kinds of tags as they are written: imported, by SQL, by an expression, by a sequence, RFM."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import Part, Predicate, Window
from onepool.audience.conditions.sequence.model import MAX_STEPS, DidNotStep, DidStep, SequenceLeaf, Step
from onepool.audience.conditions.values import Name, Number, Span, SpanField, Text
from onepool.audience.tags.base import Cut, EventSource, FigureSource, ObjectName, TagBase

LONGEST_SQL = 20_000
LONGEST_EXPRESSION = 4_000


class ImportTag(TagBase):
    """Values that came from a file or over the API, for identifiers; a customer has the latest one of theirs.

    `mode`: what a further file does to values that it does not name: they stay (append) or are gone (overwrite).
    """

    kind: Literal["import"]
    type: Literal["text", "number"] = "text"
    mode: Literal["append", "overwrite"] = "append"


class SqlTag(TagBase):
    """One SELECT over the analysts' views with columns `id` (a customer_id) and `value`; `:as_of` is the instant."""

    kind: Literal["sql"]
    sql: Text = Field(min_length=1, max_length=LONGEST_SQL)
    type: Literal["text", "number", "list"] = "text"
    cut: Cut | None = None

    @model_validator(mode="after")
    def _fit(self) -> SqlTag:
        if self.cut is not None and self.type != "number":
            raise PydanticCustomError("value", "only numbers are cut into layers: write type: number")
        return self


class Input(FigureSource):
    """A figure over events, with a window of its own."""

    within: Window | None = None


class ExpressionTag(TagBase):
    """A formula over `inputs` (figures over events), attributes (`attribute.age`) and other tags (`tag.basket_size`).

    The language is in expression.py. A customer for whom something in it is missing has no value, unless the formula
    says what to take then (`coalesce(views, 0)`).
    """

    kind: Literal["expression"]
    inputs: dict[ObjectName, Input] = Field(default_factory=dict, max_length=24)
    expression: Text = Field(min_length=1, max_length=LONGEST_EXPRESSION)
    cut: Cut | None = None


class SequenceTag(TagBase):
    """`value` for customers for whom the sequence holds (`otherwise` for all others).

    `valid_for`: how long after it came true; it came true with the last `did` step, or when the spans without an event
    (`did_not … for`) after it were over.
    """

    kind: Literal["sequence"]
    sequence: list[Step] = Field(min_length=1, max_length=MAX_STEPS)
    within: Window | None = None
    span: SpanField | None = None
    value: Text
    otherwise: Text | None = None
    valid_for: SpanField | None = None

    @model_validator(mode="after")
    def _fit(self) -> SequenceTag:
        if self.valid_for is None:
            return self
        if any(span.micros is None for span in (self.valid_for, *self._waits())):
            raise PydanticCustomError("value", "valid_for and the spans before it are fixed: days, not months")
        if "time" in (self._last().where or {}):
            raise PydanticCustomError("value", "valid_for looks at the time of the last step: leave out where.time")
        return self

    def leaf(self) -> SequenceLeaf:
        """The condition that the value stands for at an instant."""
        steps: list[Step] = list(self.sequence)
        if self.valid_for is not None:
            # It came true when the last event was that old, so that event may be no older than this.
            micros = _micros(self.valid_for) + max((_micros(span) for span in self._waits()), default=0)
            last = self._last()
            recent = Predicate.model_validate({"last": Span(micros // _MINUTE, "minute")})
            steps[steps.index(last)] = last.model_copy(update={"where": {**(last.where or {}), "time": recent}})
        return SequenceLeaf(sequence=steps, within=self.within, span=self.span)

    def _last(self) -> DidStep:
        return next((step for step in reversed(self.sequence) if isinstance(step, DidStep)), _NO_STEP)

    def _waits(self) -> list[Span]:
        """Spans without an event that follow the last step."""
        found: list[Span] = []
        for step in reversed(self.sequence):
            if not isinstance(step, DidNotStep):
                break
            found += [step.for_] if step.for_ is not None else []
        return found


def _micros(span: Span) -> int:
    assert span.micros is not None
    return span.micros


_MINUTE = 60_000_000
_NO_STEP = DidStep(did="none")


def _four(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


_Points = Annotated[list[Number], BeforeValidator(_four), Field(min_length=1, max_length=4)]


class RfmSource(EventSource):
    """The purchases: one event and the field with its money."""

    sum: Name
    currency: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> RfmSource:
        if len(self.did) != 1:
            raise PydanticCustomError("value", "one event says what a purchase is")
        return self


class RfmPoints(Part):
    """Where each dimension is cut: days since the last purchase, purchases, money."""

    recency: _Points
    frequency: _Points
    monetary: _Points

    @model_validator(mode="after")
    def _rise(self) -> RfmPoints:
        for points in (self.recency, self.frequency, self.monetary):
            if any(low >= high for low, high in pairwise(points)):
                raise PydanticCustomError("value", "the cuts must rise")
        return self


class RfmTag(TagBase):
    """Recency, frequency and money of purchases, each high or low (8 cells) or from 1 to 5 (125 cells).

    `by`: `mean` (of all buyers), `value` (the points of `at`), `rank` (8 cells: the median; 125: fifths of the buyers).
    The value is the cell's label; of 125 cells it is three figures, such as `545`, unless `labels` has it. Whoever
    bought nothing within the window has no value.
    """

    kind: Literal["rfm"]
    source: RfmSource = Field(alias="from")
    within: Window | None = None
    frequency: Literal["times", "days"] = "times"
    by: Literal["mean", "value", "rank"] = "mean"
    cells: Literal[8, 125] = 8
    at: RfmPoints | None = None
    labels: dict[Text, Text] | None = None

    @model_validator(mode="after")
    def _fit(self) -> RfmTag:
        if (self.by == "value") != (self.at is not None):
            raise PydanticCustomError("value", "by: value and at go together")
        if self.by == "mean" and self.cells == 125:
            raise PydanticCustomError("value", "a mean makes two parts, not five: take by: rank or by: value")
        wanted = 1 if self.cells == 8 else 4
        for points in (self.at.recency, self.at.frequency, self.at.monetary) if self.at is not None else ():
            if len(points) != wanted:
                raise PydanticCustomError("value", "8 cells want one cut of each, 125 cells four")
        scores = "12" if self.cells == 8 else "12345"
        for cell in self.labels or {}:
            if len(cell) != 3 or not set(cell) <= set(scores):
                raise PydanticCustomError(
                    "value", "labels are by cell: three figures of {scores}, such as {example}",
                    {"scores": scores, "example": scores[-1] * 3},
                )  # fmt: skip
        return self
