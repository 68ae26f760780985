"""Quarantine: input that breaks the data standard."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from onepool.api.models.common import Instant, Model


class QuarantineRow(Model):
    """One refused thing."""

    id: str = Field(description="As `quarantine` in SQL and on the command line has it.", examples=["4194304"])
    received_at: Instant
    touchpoint: str | None
    kind: str | None
    name: str | None = Field(description="Event name or object kind as sent.")
    rule: str = Field(examples=["type.money"])
    field: str | None
    message: str
    attempts: int
    file: str | None = Field(description="Of something imported: the file that it came from.")
    row: int | None = Field(description="Its row there, as a reader of the file counts.", examples=[42])


class RuleCount(Model):
    """How many wait for the same reason."""

    rule: str
    field: str | None
    touchpoint: str | None
    count: int


class QuarantineList(Model):
    """A page of what waits, the latest first."""

    items: list[QuarantineRow]
    total: int
    page: int
    size: int
    by_rule: list[RuleCount]


class QuarantineDetail(QuarantineRow):
    """One refused thing with its sample."""

    standard_version: str | None
    sample: str = Field(description="The item as sent, JSON text of at most 4 KB; personal values masked by role.")


class ReplayRequest(Model):
    """What to try again: a rule (all that wait for it, may be narrowed), or ids."""

    rule: str | None = None
    field: str | None = None
    touchpoint: str | None = None
    ids: list[Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]] = Field(default_factory=list, max_length=10_000)

    @model_validator(mode="after")
    def _something_chosen(self) -> Self:
        if bool(self.ids) == (self.rule is not None):
            raise ValueError("give either a rule or ids")
        return self


class ReplayResult(Model):
    """What was put back into the log. The outcome shows after the next tick."""

    replayed: int
    offset: int | None = Field(description="Log offset of the replay record; done when `applied` has reached it.")
    first: int | None = Field(description="Log offset of its first record: many things take several.")


class ReplayOutcome(Model):
    """What became of things that were tried again."""

    done: bool = Field(description="Whether the tick has been there; until then all still wait.")
    tried: int
    accepted: int = Field(description="In the pool now, or known there before.")
    waiting: list[RuleCount] = Field(description="What still waits, by the reason of now.")
