"""A batch of coupons as it is written: what it is worth, how long it holds, where its codes come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator

from onepool.audience.conditions.errors import ConditionError
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Moment, Names_, SpanField, Text
from onepool.audience.conditions.windows import moment_bounds, shift
from onepool.reach.naming import AddressableName

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters of made codes: none that look like another one (0 O, 1 I)."""

UPLOADED: Final = 20
"""Characters that uploaded codes are taken to have."""

Title: TypeAlias = dict[Literal["zh", "en"], str]


class CouponError(ConditionError):
    """A batch of coupons can't be used as written; `problems` has every fault with its place."""

    code = "coupon"


class Face(Part):
    """What it is worth: an ``amount`` or a ``percent`` off, for orders of at least ``min_spend``."""

    amount: Annotated[float, Field(gt=0, lt=10**9)] | None = None
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    min_spend: Annotated[float, Field(ge=0, lt=10**9)] = 0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Face:
        if (self.amount is None) == (self.percent is None):
            raise ValueError("either amount or percent is wanted")
        return self


class Valid(Part):
    """How long a code holds: ``for`` a time after it was given out, and between ``from`` and ``until`` (dates count
    whole, in ``zone``)."""

    for_: SpanField | None = Field(default=None, alias="for")
    from_: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    zone: Text = "Asia/Shanghai"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; write one like Asia/Shanghai") from error
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Valid:
        start, end = self.window
        if start is not None and end is not None and start >= end:
            raise ValueError("until lies before from")
        return self

    @property
    def window(self) -> tuple[int | None, int | None]:
        """From (inclusive) and until (exclusive), in microseconds."""
        zone = ZoneInfo(self.zone)
        start = None if self.from_ is None else moment_bounds(self.from_, zone)[0]
        end = None if self.until is None else moment_bounds(self.until, zone)[1]
        return start, end

    def of(self, at: int) -> tuple[int, int | None]:
        """From when until when a code holds that is given out at an instant."""
        start, end = self.window
        until = end
        if self.for_ is not None:
            own = shift(at, self.for_, ZoneInfo(self.zone), 1)
            until = own if end is None else min(own, end)
        return at if start is None else max(at, start), until


class Generated(Part):
    """Random codes: ``prefix`` and ``length`` random letters. ``on_demand``: made when none is left in the pool, as
    long as the stock allows; otherwise only codes that were made before (because the shop has to know them)."""

    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,16}$")] = ""
    length: int = Field(default=10, ge=8, le=32)
    on_demand: bool = True


class Codes(Part):
    """Where codes come from: made here, uploaded, or one code that everybody shares."""

    generated: Generated | None = None
    uploaded: Literal[True] | None = None
    shared: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Codes:
        if sum(one is not None for one in (self.generated, self.uploaded, self.shared)) != 1:
            raise ValueError("one of generated, uploaded or shared is wanted")
        return self


class Coupon(Part):
    """One version of a batch. ``stock``: codes given out at most; ``low``: warn when fewer are left (default a tenth).

    ``touchpoints``: where a redemption counts (empty: everywhere).
    """

    coupon: AddressableName
    title: Title | Text | None = None
    note: Text | None = None
    face: Face
    valid: Valid = Valid()
    codes: Codes = Codes(generated=Generated())
    stock: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    per_customer: int = Field(default=1, ge=1, le=1000)
    touchpoints: Names_ = Field(default_factory=list)
    low: Annotated[int, Field(ge=0)] | None = None
    paused: bool = False

    @property
    def kind(self) -> Literal["generated", "uploaded", "shared"]:
        """Where its codes come from."""
        if self.codes.generated is not None:
            return "generated"
        return "shared" if self.codes.shared is not None else "uploaded"

    @property
    def code_length(self) -> int:
        """How long its codes are at most (of uploaded ones: as a rule)."""
        made, shared = self.codes.generated, self.codes.shared
        if made is not None:
            return len(made.prefix) + made.length
        return UPLOADED if shared is None else len(shared)

    @property
    def warns_below(self) -> int:
        """How many have to be left so that nobody is warned."""
        return self.low if self.low is not None else 0 if self.stock is None else max(self.stock // 10, 1)


def parse_coupon(body: Mapping[str, Any]) -> Coupon:
    """The batch that `body` defines. Raises CouponError with every problem and its place."""
    try:
        return Coupon.model_validate(plain_data(body))
    except ValidationError as error:
        name = body.get("coupon")
        where = f"coupon {name}" if isinstance(name, str) else None
        raise CouponError(problems_of(error, _KNOWN), where=where) from None
    except ConditionError as error:
        raise CouponError(error.problems) from None


def coupon_schema() -> dict[str, Any]:
    """The JSON Schema of batches (2020-12)."""
    return Coupon.model_json_schema(by_alias=True)


def _keys(part: type[Part]) -> list[str]:
    return [field.alias or name for name, field in part.model_fields.items()]


_KNOWN: Final = {
    "": _keys(Coupon), "face": _keys(Face), "valid": _keys(Valid), "codes": _keys(Codes),
    "codes.generated": _keys(Generated),
}  # fmt: skip

__all__ = ["ALPHABET", "Coupon", "CouponError", "coupon_schema", "parse_coupon"]
