"""Conditions: trying out, schema, names."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from onepool.api import audience, doubts, estimating
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import channel_titles, condition_attributes, condition_events, titles, value_titles
from onepool.api.models.common import JsonObject
from onepool.api.models.segments import (
    ConditionNames,
    EventName,
    FieldName,
    PlainName,
    Preview,
    PreviewRequest,
    ReachableChannel,
    RegionName,
    RegionNames,
    SampleCustomer,
    TagName,
    TouchpointName,
)
from onepool.api.problems import NotFound
from onepool.api.showing import shown
from onepool.audience.conditions.moves.model import FIELD, MOVES, TITLES
from onepool.audience.conditions.standing.consents import PURPOSES, seen_purposes
from onepool.pool import catalog, customers
from onepool.pool.home import customer_count
from onepool.privacy.roles import Permission
from onepool.standards.normalise import region_tree
from onepool.standards.normalise.region import Division

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
            return Preview(
                size=None, approximate=False, between=None, total=total, sample=[], seconds=0.0, sentence=None,
                problems=problems, warnings=[], parts=[],
            )  # fmt: skip
        some = estimating.drawn(session, total) if body.approximate and total > estimating.EXACT else None
        counted = audience.count(
            session, condition, ctx, time.now(), with_parts=body.parts, index=ws.behaviour, some=some
        )
        warnings = doubts.warnings(session, condition, ctx, standard)
        rows = customers.rows(
            session, counted.sample, attributes=list(standard.attributes), currency=ws.settings.currency
        )
    view = shown(who, standard)
    return Preview(
        size=counted.size,
        approximate=counted.between is not None,
        between=None if counted.between is None else list(counted.between),
        total=total,
        sample=[SampleCustomer(customer_id=row.customer_id, name=view.name(row.attributes)) for row in rows],
        seconds=round(counted.seconds, 4),
        sentence=audience.read_back(condition, ctx),
        problems=[],
        warnings=warnings,
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
        purposes = seen_purposes(session)
    names = audience.context(ws).names
    touchpoints = ws.touchpoints()
    segments = ws.definitions.current("segment")
    called = {item.name: titles(item.body.get("title"), item.name) for item in segments}
    field_title = titles(TITLES[f"field:{FIELD}"], FIELD)
    own = FieldName(name=FIELD, title=field_title, type="text", values=list(called), value_titles=called)
    return ConditionNames(
        events=condition_events(standard, kept),
        moves=[
            EventName(name=name, title=titles(TITLES[f"event:{name}"], name), group=None, fields=[own])
            for name in MOVES
        ],
        attributes=condition_attributes(standard),
        tags=[
            TagName(
                name=item.name,
                title=titles(item.body.get("title"), item.name),
                kind=str(item.body.get("kind", "")),
                type=names.tags[item.name].type,
                values=(
                    known := list(dict.fromkeys([*(names.tags[item.name].values or ()), *values.get(item.name, [])]))
                ),
                value_titles=value_titles(names, f"tag:{item.name}", known),
            )
            for item in ws.definitions.current("tag")
            if item.name in names.tags
        ],
        segments=[PlainName(name=name, title=title) for name, title in called.items()],
        channels=[
            PlainName(name=channel, title=channel_titles(standard, channel))
            for channel in sorted({touchpoint.channel for touchpoint in touchpoints.values()})
        ],
        touchpoints=[
            TouchpointName(name=name, title=titles(touchpoint.title, name), channel=touchpoint.channel)
            for name, touchpoint in sorted(touchpoints.items())
        ],
        purposes=[
            PlainName(name=one, title=titles(PURPOSES.get(one), one)) for one in dict.fromkeys([*PURPOSES, *purposes])
        ],
        consent_channels=[
            PlainName(name=channel, title=channel_titles(standard, channel)) for channel in standard.channels
        ],
        reach_channels=[
            ReachableChannel(
                name=channel,
                title=channel_titles(standard, channel),
                touchpoints=[
                    PlainName(name=one, title=titles(touchpoints[one].title, one))
                    for one in sorted({one for way in ways for one in way.touchpoints})
                ],
            )
            for channel, ways in sorted(names.ways.items())
        ],
        lists=[
            PlainName(name=item.name, title=titles(item.body.get("title"), item.name))
            for item in ws.definitions.current("list")
        ],
        regions=[_region(one) for one in region_tree.children(None)],
    )


@router.get("/regions")
def list_condition_regions(
    _who: Reader,
    parent: Annotated[str, Query(max_length=100, description="Code or name: the divisions right below it.")] = "",
    q: Annotated[str, Query(max_length=100, description="Part of a name, or the beginning of a code.")] = "",
    codes: Annotated[str, Query(max_length=20_000, description="Exactly these, by code or name, with commas.")] = "",
) -> RegionNames:
    """Administrative divisions: the provinces, those below one, those found by name, or exactly those asked for.

    A name that several have gives all of them; one that nobody has is left out.
    """
    if codes:
        found = [one for text in codes.split(",") if text.strip() for one in region_tree.find(text)]
    elif q:
        found = region_tree.search(q)
    else:
        above = region_tree.find(parent) if parent else ()
        if parent and len(above) != 1:
            raise NotFound("there is no such region", where="parent", code="region-unknown")
        found = region_tree.children(above[0] if above else None)
    return RegionNames(items=[_region(one) for one in dict.fromkeys(found)])


def _region(one: Division) -> RegionName:
    above = region_tree.parent(one)
    level: Literal[1, 2, 3] = 1 if one.level == 1 else 2 if one.level == 2 else 3
    return RegionName(
        code=region_tree.token(one),
        name=one.name,
        full_name=region_tree.full_name(one),
        level=level,
        parent=None if above is None else region_tree.token(above),
        children=level < 3,
    )
