"""A sequence as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import Behaviour, NodeAnchor, Part, Predicate, Slice, Window, bare_predicate
from onepool.audience.conditions.values import Name, SpanField

MAX_STEPS = 12


def _bare_gap(value: Any) -> Any:
    return {"at_most": value} if isinstance(value, str) else value


class Gap(Part):
    """Time from the event of the `did` step before to this one, both ends included. A bare span says `at_most`."""

    at_least: SpanField | None = None
    at_most: SpanField | None = None

    @model_validator(mode="after")
    def _something(self) -> Gap:
        if self.at_least is None and self.at_most is None:
            raise PydanticCustomError("value", "at_least or at_most is wanted, such as at_most: 2 days")
        return self


class _Step(Part):
    where: dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]] | None = None
    at: Slice | None = None

    @property
    def behaviour(self) -> Behaviour:
        """Which events of the name are meant."""
        return Behaviour.model_construct(where=self.where, at=self.at)


class DidStep(_Step):
    """An event after the one of the `did` step before."""

    did: Name
    gap: Annotated[Gap | None, BeforeValidator(_bare_gap)] = None

    @property
    def event(self) -> str:
        return self.did


class DidNotStep(_Step):
    """No such event: for a span that must be over, else until the next `did` step (at the end: until now)."""

    did_not: Name
    for_: Annotated[SpanField | None, Field(alias="for")] = None

    @property
    def event(self) -> str:
        return self.did_not


def _which(value: Any) -> str | None:
    if isinstance(value, Part):
        return "<did>" if isinstance(value, DidStep) else "<did_not>"
    if isinstance(value, dict):
        return next((f"<{head}>" for head in ("did", "did_not") if head in value), None)
    return None


Step: TypeAlias = Annotated[
    Annotated[DidStep, Tag("<did>")] | Annotated[DidNotStep, Tag("<did_not>")], Discriminator(_which)
]


class SequenceLeaf(Part):
    """The steps happened in this order. `within`: where every event lies; `span`: from the first to the last event;
    `since` (journeys only): every event is at or after the run's entry, or its coming to a node.

    Absence (`did_not`) is looked for among all events up to the instant, not only those in `within`.
    """

    sequence: list[Step] = Field(min_length=1, max_length=MAX_STEPS)
    within: Window | None = None
    span: SpanField | None = None
    since: Literal["entry"] | NodeAnchor | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A `did` step with its number in the sequence, and the `did_not` steps that follow it with theirs."""

    number: int
    step: DidStep
    absences: tuple[tuple[int, DidNotStep], ...]


def links(leaf: SequenceLeaf) -> list[Link]:
    """The sequence as its `did` steps, each with the absences that count from it (those before any are left out)."""
    found: list[tuple[int, DidStep, list[tuple[int, DidNotStep]]]] = []
    for number, step in enumerate(leaf.sequence):
        if isinstance(step, DidStep):
            found.append((number, step, []))
        elif found:
            found[-1][2].append((number, step))
    return [Link(number, step, tuple(absences)) for number, step, absences in found]


def micros_of(span: Any) -> int:
    """A span in microseconds; months, which `check` refuses here, as 30 days each."""
    fixed: int | None = span.micros
    return fixed if fixed is not None else int(span.count) * 30 * 86_400_000_000
