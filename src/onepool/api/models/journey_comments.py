"""What people say about a journey and its steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onepool.api.models.common import Instant, Model


class JourneyComment(Model):
    """One comment. `node`: the step that it is about; null: the journey. A step may be gone meanwhile."""

    id: int
    node: str | None
    text: str
    author: str
    at: Instant
    resolved_by: str = Field(description="Empty while it is open.")
    resolved_at: Instant | None


class JourneyComments(Model):
    items: list[JourneyComment] = Field(description="The oldest first; of more than 500 the newest.")


class NewJourneyComment(Model):
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    node: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")] | None = None


class JourneyCommentChange(Model):
    resolved: bool
