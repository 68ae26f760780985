"""A case as it is written."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pyroaring import BitMap64

from onepool.audience.conditions.parse import plain_data
from onepool.errors import OnePoolError

KIND: Final = "case"
MOST: Final = 200
"""Customers that one case may name."""

DRAWN: Final = 20_000
"""Customers that a case is about at most, where it names none."""


class CaseError(OnePoolError):
    """A case is written wrongly, or can't be carried out."""

    code = "case"


def _zoned(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise PydanticCustomError("value", "an instant with its zone is wanted, such as 2026-10-01T00:00:00Z")
    return value


Moment = Annotated[datetime, AfterValidator(_zoned)]
Counts = dict[str, Annotated[int, Field(ge=0)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def check_shares(accepted: float, reasons: Mapping[str, float]) -> None:
    """Raises PydanticCustomError where the shares are more than all calls together."""
    total = accepted + sum(reasons.values())
    if total > 1 + 1e-9:
        raise PydanticCustomError(
            "value",
            "`accepted` and the shares of `reasons` are {total} together, of all calls: 1 at most (say `accepted` too)",
            {"total": f"{total:g}"},
        )


class Fate(_Part):
    """What is assumed of calls over one channel: the share accepted, reasons of the rest as shares of all."""

    accepted: float = Field(1.0, ge=0, le=1)
    reasons: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Fate:
        check_shares(self.accepted, self.reasons)
        return self


class Expected(_Part):
    """What has to come out again. `paths`: of named customers, each run's steps as `node edge`, in order; a customer
    without a run has none."""

    entered: int = 0
    live: int = 0
    ended: Counts = Field(default_factory=dict)
    turned_away: Counts = Field(default_factory=dict)
    sent: Counts = Field(default_factory=dict)
    suppressed: Counts = Field(default_factory=dict)
    failed: Counts = Field(default_factory=dict)
    paths: dict[str, list[list[str]]] = Field(default_factory=dict)


class Case(_Part):
    """Some customers over a stretch of the past: those named, those who were in a segment when it began, or those whom
    the journey may concern (`sample` of them, drawn by a hash). Once kept it is about the same people for good."""

    case: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[\w-]{1,60}$", max_length=128)
    journey: str
    note: str = ""
    start: Moment
    end: Moment
    customers: list[int] = Field(default_factory=list, max_length=MOST)
    segment: str | None = None
    sample: int = Field(2_000, ge=1, le=DRAWN)
    audience: str = Field(
        "", max_length=400_000, description="Who it was about when it was kept, packed: the same people every time."
    )
    drawn: str = Field("", max_length=200, description="Of which segment, and how many, the audience was drawn.")
    acceptance: dict[str, Fate] = Field(default_factory=dict)
    expected: Expected = Expected()

    @model_validator(mode="after")
    def _sound(self) -> Case:
        if self.case.partition(".")[0] != self.journey:
            raise PydanticCustomError("value", "the name is the journey's, a point, and what the case shows")
        if self.end <= self.start:
            raise PydanticCustomError("value", "`end` has to be behind `start`")
        if self.customers and self.segment:
            raise PydanticCustomError("value", "customers or a segment are wanted, not both")
        return self

    @model_validator(mode="after")
    def _packed(self) -> Case:
        try:
            count = len(self._members())
        # The bitmap's own errors have no common kind.
        except Exception as error:
            raise PydanticCustomError("value", "`audience` is not as it was kept: leave it out") from error
        if count > DRAWN:
            raise PydanticCustomError(
                "value", "`audience` is of {count} customers, {most} at most: leave it out",
                {"count": count, "most": DRAWN},
            )  # fmt: skip
        if self.audience and self.drawn and self.drawn != self._source():
            raise PydanticCustomError(
                "value", "`audience` was drawn of another segment or sample than the case names now: take `audience`, "
                "`drawn` and `expected` out and keep the case anew, or put back what it named",
            )  # fmt: skip
        return self

    def _source(self) -> str:
        """What the audience is drawn of."""
        return f"{self.segment or 'all'}, {self.sample}"

    def _members(self) -> BitMap64:
        """The audience as it is packed: how many they are costs nothing, however many it claims to hold."""
        return BitMap64.deserialize(b64decode(self.audience, validate=True)) if self.audience else BitMap64()

    def frozen(self) -> npt.NDArray[np.int64] | None:
        """The customers that it was kept with, ascending; None: they are yet to be drawn."""
        if not self.audience:
            return None
        return np.fromiter(self._members(), np.int64)

    def about(self, customers: npt.NDArray[np.int64]) -> Case:
        """The same about these customers, from now on."""
        packed = b64encode(BitMap64(customers.tolist()).serialize()).decode()
        return self.model_copy(update={"audience": packed, "drawn": self._source()})

    def body(self) -> dict[str, Any]:
        """As it is stored and written to a file."""
        return self.model_dump(mode="json", exclude_defaults=True)


def parse_case(body: Mapping[str, Any], where: str | None = None) -> Case:
    """Raises CaseError with every problem and its place."""
    try:
        return Case.model_validate(plain_data(body))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'case'}: {one['msg']}" for one in error.errors())
        raise CaseError(said, where=where) from None
