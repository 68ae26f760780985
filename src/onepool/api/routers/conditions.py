"""Conditions: trying out, schema, names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from onepool.api import audience
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import channel_titles, condition_attributes, condition_events, titles
from onepool.api.models.common import JsonObject
from onepool.api.models.segments import (
    ConditionNames,
    PlainName,
    Preview,
    PreviewRequest,
    SampleCustomer,
    TagName,
    TouchpointName,
)
from onepool.api.showing import shown
from onepool.pool import catalog, customers
from onepool.pool.home import customer_count
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/conditions", tags=["conditions"])
Reader = Annotated[Caller, Depends(Need(Permission.SEGMENTS_READ))]


@router.post("/preview")
def preview_condition(
    body: PreviewRequest, who: Annotated[Caller, Depends(Need(Permission.SEGMENTS_WRITE))], ws: Workspace, time: Time
) -> Preview:
    """How many customers a condition selects now, a few of them, and what it says. Nothing is saved."""
    standard = ws.standard()
    with ws.pool.read() as session:
        total = customer_count(session)
        ctx = audience.context(ws, catalog.event_names(session))
        condition, problems = audience.findings(body.condition, ctx)
        if condition is None:
            return Preview(size=None, total=total, sample=[], seconds=0.0, sentence=None, problems=problems, parts=[])
        counted = audience.count(session, condition, ctx, time.now(), with_parts=body.parts)
        rows = customers.rows(
            session, counted.sample, attributes=list(standard.attributes), currency=ws.settings.currency
        )
    view = shown(who, standard)
    return Preview(
        size=counted.size,
        total=total,
        sample=[SampleCustomer(customer_id=row.customer_id, name=view.name(row.attributes)) for row in rows],
        seconds=round(counted.seconds, 4),
        sentence=audience.read_back(condition, ctx),
        problems=[],
        parts=counted.parts,
    )


@router.get("/schema")
def read_condition_schema(_who: Reader) -> JsonObject:
    """The JSON Schema of conditions."""
    return audience.schema()


@router.get("/names")
def list_condition_names(_who: Reader, ws: Workspace) -> ConditionNames:
    """Everything that may be named in a condition, with titles, types and known values."""
    standard = ws.standard()
    with ws.pool.read() as session:
        values = catalog.tag_values(session)
        kept = [name for name in catalog.event_names(session) if name not in standard.events]
    names = audience.context(ws).names
    touchpoints = ws.touchpoints()
    return ConditionNames(
        events=condition_events(standard, kept),
        attributes=condition_attributes(standard),
        tags=[
            TagName(
                name=item.name,
                title=titles(item.body.get("title"), item.name),
                kind=str(item.body.get("kind", "")),
                type=names.tags[item.name].type,
                values=list(dict.fromkeys([*(names.tags[item.name].values or ()), *values.get(item.name, [])])),
            )
            for item in ws.definitions.current("tag")
            if item.name in names.tags
        ],
        segments=[
            PlainName(name=item.name, title=titles(item.body.get("title"), item.name))
            for item in ws.definitions.current("segment")
        ],
        channels=[
            PlainName(name=channel, title=channel_titles(standard, channel))
            for channel in sorted({touchpoint.channel for touchpoint in touchpoints.values()})
        ],
        touchpoints=[
            TouchpointName(name=name, title=titles(touchpoint.title, name), channel=touchpoint.channel)
            for name, touchpoint in sorted(touchpoints.items())
        ],
    )
