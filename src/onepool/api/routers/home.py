"""The home page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.health import problems
from onepool.api.models.home import Home, Hour, Received, SegmentSize, TouchpointFigures
from onepool.pool.home import figures
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/home", tags=["home"])


@router.get("")
def read_home(_who: Annotated[Caller, Depends(Need(Permission.HOME_READ))], ws: Workspace, time: Time) -> Home:
    """What came in, how late the pool is, how large it is, and what is wrong."""
    now = time.now()
    with ws.pool.read() as session:
        found = figures(session, now, ws.settings.zone)
    applied, end = ws.applied(), ws.log.end()
    delay = 0.0
    if end > applied:
        waiting = ws.log.read(applied, 1, 1)
        delay = max(0.0, (now - waiting[0].received_at).total_seconds()) if waiting else 0.0
    touchpoints = []
    for name, touchpoint in sorted(ws.touchpoints().items()):
        intake = found.touchpoints.get(name)
        touchpoints.append(
            TouchpointFigures(
                name=name,
                title=titles(touchpoint.title, name),
                channel=touchpoint.channel,
                events_24h=intake.accepted if intake else 0,
                quarantined_24h=intake.quarantined if intake else 0,
                last_at=intake.last_at if intake else None,
            )
        )
    segments = [
        SegmentSize(
            name=item.name, title=titles(item.body.get("title"), item.name), size=found.segments.get(item.name, 0)
        )
        for item in ws.definitions.current("segment")
    ]
    return Home(
        received=Received(today=found.today, yesterday=found.yesterday, total_events=found.total_events),
        delay_seconds=delay,
        log_end=end,
        applied=applied,
        touchpoints=touchpoints,
        series=[Hour(hour=row.hour, accepted=row.accepted, quarantined=row.quarantined) for row in found.series],
        customers=found.customers,
        identifiers=found.identifiers,
        orders=found.orders,
        quarantine_open=found.quarantine_open,
        segments=segments,
        problems=problems(delay, found.total_events, found.quarantine_open, touchpoints, ws.problem),
    )
