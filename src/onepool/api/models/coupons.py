"""Coupons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onepool.api.models.common import Finding, Instant, JsonObject, Model, Titles

Status = Literal["free", "issued", "redeemed", "expired", "void"]


class CouponFace(Model):
    """What a coupon is worth."""

    amount: float | None
    percent: float | None
    min_spend: float
    currency: str


class CouponFigures(Model):
    """Codes by status."""

    free: int
    issued: int = Field(description="Given out and neither redeemed nor expired.")
    redeemed: int
    expired: int
    void: int
    strays: int = Field(description="Redemptions of a shared code by people who never got it here.")
    given: int = Field(description="Given out, whatever became of them since.")
    left: int | None = Field(description="That can still be given out; null: without end.")
    low: bool = Field(description="Whether fewer are left than there should be.")


class CouponRow(Model):
    """A batch in the list."""

    name: str
    title: Titles
    face: CouponFace
    codes: Literal["generated", "uploaded", "shared"]
    on_demand: bool
    stock: int | None
    per_customer: int
    valid_for: str | None = Field(examples=["30 days"])
    valid_from: Instant | None
    valid_until: Instant | None = Field(description="Exclusive.")
    touchpoints: list[str]
    paused: bool
    figures: CouponFigures
    version: int
    changed_at: Instant
    used_by: list[str] = Field(examples=[["journey:cart_recall"]])


class CouponList(Model):
    """All batches."""

    items: list[CouponRow]


class CouponDetail(CouponRow):
    """One batch."""

    definition: JsonObject
    author: str
    reason: str
    codes_in_clear: bool = Field(description="Whether this role sees codes and may export them.")


class CouponVersion(Model):
    version: int
    author: str
    reason: str
    at: Instant
    definition: JsonObject | None = Field(description="null: retired with this version.")


class CouponVersions(Model):
    """Versions, the newest first."""

    items: list[CouponVersion]


class CouponCheckRequest(Model):
    definition: JsonObject


class CouponCheck(Model):
    """What is wrong with a definition."""

    problems: list[Finding]
    warnings: list[Finding]


class CouponInput(Model):
    definition: JsonObject
    reason: Annotated[str, Field(max_length=500)] = ""


class CouponChange(CouponInput):
    version: int | None = Field(default=None, description="The version that was edited; another one now: 409.")


class GenerateRequest(Model):
    count: Annotated[int, Field(ge=1, le=10_000_000)]


class GenerateResult(Model):
    made: int = Field(description="Fewer than asked for where the stock does not allow more.")
    figures: CouponFigures


class CodesUploaded(Model):
    """What became of a list of codes."""

    added: int
    duplicates: int
    refused: int
    samples: list[str]
    figures: CouponFigures


class VoidRequest(Model):
    """Codes to be taken out of use: those named, or all that nobody has yet."""

    codes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=10_000)] | None = None
    free: bool = False
    reason: Annotated[str, Field(min_length=3, max_length=500)]


class VoidResult(Model):
    voided: int
    figures: CouponFigures


class CouponCode(Model):
    """One code."""

    id: str
    code: str = Field(description="With its middle hidden, unless the role may see codes.")
    status: Status
    customer_id: str | None
    name: str | None = Field(description="What the customer is called, as far as the caller may see it.")
    run_id: str | None
    issued_at: Instant | None
    valid_until: Instant | None
    redeemed_at: Instant | None
    order_id: str | None


class CouponCodes(Model):
    """A page of codes, in the order in which they came in."""

    items: list[CouponCode]
    masked: bool
    next: str | None = Field(description="`after` of the next page.")
