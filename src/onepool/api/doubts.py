"""What can be used and is probably not meant: values that conditions compare with and that were never seen."""

from __future__ import annotations

from onepool.api.audience import finding
from onepool.api.models.common import Finding
from onepool.audience.conditions import Condition, Context
from onepool.audience.conditions.unseen import private_in, seen_values, unseen
from onepool.audience.tags import TagDefinition
from onepool.audience.tags.doubtful import tag_doubts
from onepool.pool.engine import Session
from onepool.standards import Standard


def warnings(session: Session, condition: Condition, ctx: Context, standard: Standard) -> list[Finding]:
    """A finding for each such value. What touches a person is not read for it."""
    seen = seen_values(session, condition, ctx.names, private_in(standard))
    return [finding(problem) for problem in unseen(condition, ctx.names, seen)]


def tag_warnings(session: Session, tag: TagDefinition, ctx: Context, standard: Standard) -> list[Finding]:
    """The same of a tag's conditions and filters."""
    return [finding(problem) for problem in tag_doubts(session, tag, ctx.names, private_in(standard))]
