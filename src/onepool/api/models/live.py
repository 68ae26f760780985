"""What /api/v1/live sends: server-sent events whose data is one of these, as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model


class SegmentMoved(Model):
    """A customer entered or left a segment."""

    type: Literal["segment_entered", "segment_left"]
    segment: str
    customer_id: int
    at: Instant


class Applied(Model):
    """The pool is complete up to this log offset."""

    type: Literal["applied"] = "applied"
    applied: int
    log_end: int | None = Field(description="Where the log ends; only in the first message.")
    at: Instant


class Missed(Model):
    """The client was too slow and some messages were dropped: read the figures anew."""

    type: Literal["missed"] = "missed"
    count: int


LiveMessage = Annotated[SegmentMoved | Applied | Missed, Field(discriminator="type")]
