"""Touchpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import channel_titles, titles
from onepool.api.models.touchpoints import Touchpoint, TouchpointList
from onepool.pool import home
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/touchpoints", tags=["touchpoints"])


@router.get("")
def list_touchpoints(
    who: Annotated[Caller, Depends(Need(Permission.TOUCHPOINTS_READ))], ws: Workspace, time: Time
) -> TouchpointList:
    """All touchpoints with what came from them in the last 24 hours."""
    with ws.pool.read() as session:
        intake = home.touchpoints(session, time.now())
    standard = ws.standard()
    shows_keys = who.may(Permission.TOUCHPOINTS_KEYS)
    items = []
    for name, touchpoint in sorted(ws.touchpoints().items()):
        figures = intake.get(name)
        items.append(
            Touchpoint(
                name=name,
                title=titles(touchpoint.title, name),
                channel=touchpoint.channel,
                channel_title=channel_titles(standard, touchpoint.channel),
                write_key=touchpoint.write_key if shows_keys else None,
                scopes=dict(touchpoint.scopes),
                events_24h=figures.accepted if figures else 0,
                quarantined_24h=figures.quarantined if figures else 0,
                last_at=figures.last_at if figures else None,
            )
        )
    return TouchpointList(items=items)
