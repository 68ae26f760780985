"""Comments on journeys and their steps. They belong to no version: nothing that is published changes by them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, status

from onepool.api import programmes
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.journey_comments import (
    JourneyComment,
    JourneyCommentChange,
    JourneyComments,
    NewJourneyComment,
)
from onepool.clock import from_micros, to_micros
from onepool.journeys import comments
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/journeys/{name}/comments", tags=["journeys"])
Reader = Annotated[Caller, Depends(Need(Permission.JOURNEYS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.JOURNEYS_WRITE))]
JourneyName = Annotated[str, Path(max_length=63)]
CommentId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("")
def list_journey_comments(name: JourneyName, _who: Reader, ws: Workspace) -> JourneyComments:
    """What was said about a journey and its steps, also what is dealt with."""
    programmes.draft(ws, name)
    with ws.state.read() as connection:
        return JourneyComments(items=[_shown(one) for one in comments.listed(connection, name)])


@router.post("", status_code=status.HTTP_201_CREATED)
def add_journey_comment(
    name: JourneyName, body: NewJourneyComment, who: Writer, ws: Workspace, time: Time
) -> JourneyComment:
    """Say something about a journey or a step of it."""
    programmes.draft(ws, name)
    with ws.state.write() as connection:
        return _shown(comments.add(connection, name, body.node, body.text, who.actor, to_micros(time.now())))


@router.put("/{id}")
def change_journey_comment(
    name: JourneyName, id: CommentId, body: JourneyCommentChange, who: Writer, ws: Workspace, time: Time
) -> JourneyComment:
    """Say that a comment is dealt with, or open it again."""
    programmes.draft(ws, name)
    now = to_micros(time.now())
    with ws.state.write() as connection:
        return _shown(comments.resolve(connection, name, id, who.actor, now, resolved=body.resolved))


def _shown(one: comments.Comment) -> JourneyComment:
    return JourneyComment(
        id=one.id, node=one.node, text=one.text, author=one.author, at=from_micros(one.at),
        resolved_by=one.resolved_by, resolved_at=None if one.resolved_at is None else from_micros(one.resolved_at),
    )  # fmt: skip
