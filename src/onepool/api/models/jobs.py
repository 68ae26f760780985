"""Jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model


class Job(Model):
    """Work beside the tick: a run of a tag, or its backfill."""

    id: int
    kind: Literal["tag_run", "tag_backfill"]
    subject: str = Field(description="Name of the tag.", examples=["rfm_segment"])
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    why: str = Field(description="saved, schedule, run or backfill")
    author: str
    step: str = Field(description="What it is doing.")
    progress: float = Field(description="0 to 1, over all its parts.")
    done: int = Field(description="Instants that are computed and kept.")
    parts: int = Field(description="Instants asked for.")
    problem: str | None = Field(description="Why it failed.")
    cancelling: bool = Field(description="Somebody asked for it to be stopped.")
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


class JobList(Model):
    """The latest jobs, the newest first."""

    items: list[Job]
