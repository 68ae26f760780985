"""Portraits, overlaps and set algebra over segments."""

from __future__ import annotations

import time as watch
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, Request

from onepool.api import audience
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import channel_titles, titles
from onepool.api.models.common import Titles
from onepool.api.models.portrait import (
    AllOf,
    AnyOf,
    Combined,
    CombineRequest,
    Intersection,
    LeftOut,
    Likeness,
    NoneOf,
    Overlap,
    OverlapRequest,
    Portrait,
    PortraitCell,
    PortraitDimension,
    PortraitLeader,
    PortraitNumbers,
    PortraitSizes,
    SetExpression,
    SetOfList,
    SetOfTag,
    SetSize,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.algebra import Every, Expression, One, Some, Without, evaluate, exclusive, jaccard, leaves
from onepool.audience.conditions import Names
from onepool.audience.sets import Members, Sets
from onepool.insight import portrait as insight
from onepool.insight.portrait.attributes import AGE_BAND
from onepool.pool import Session
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission
from onepool.standards import Standard

router = APIRouter(prefix="/segments", tags=["segments"])
Reader = Annotated[Caller, Depends(Need(Permission.SEGMENTS_READ))]

MOST_DEPTH = 8

_METHOD = Titles(
    zh="TGI 的 95% 区间：两个占比之比的 Katz 对数区间；人群与基准有重叠时，按互不重叠的三部分计算方差",
    en="95 % interval of the TGI: Katz's log interval for the ratio of two shares; where segment and base overlap, "
    "with the variance over the three disjoint parts",
)
_AGE_TITLE = Titles(zh="年龄段（按生日）", en="Age band (by birthday)")
_CHANNEL_TITLE = Titles(zh="到访过的渠道", en="Channels they were met on")


def kept_sets(request: Request) -> Sets:
    """The sets of this app."""
    return cast(Sets, request.app.state.sets)


def kept_channels(request: Request) -> insight.Channels:
    """The channels' sets of this app."""
    return cast(insight.Channels, request.app.state.channel_sets)


KeptSets = Annotated[Sets, Depends(kept_sets)]


@router.get("/{name}/portrait")
def read_segment_portrait(
    name: Annotated[str, Path(max_length=200)],
    _who: Reader,
    ws: Workspace,
    time: Time,
    sets: KeptSets,
    channels: Annotated[insight.Channels, Depends(kept_channels)],
    base: Annotated[str, Query(max_length=200, description="`all`, or a segment.")] = insight.EVERYBODY,
    tags: Annotated[str | None, Query(max_length=4000, description="Only these tags, joined by commas.")] = None,
    min_cell: Annotated[int, Query(ge=1, le=10_000)] = insight.MIN_CELL,
) -> Portrait:
    """What sets a segment apart: every tag, attribute and channel against all customers or another segment."""
    _known(ws, [name, *([base] if base != insight.EVERYBODY else [])])
    known = [item.name for item in ws.definitions.current("tag")]
    wanted = None if tags is None else [one for one in tags.split(",") if one]
    for one in wanted or ():
        if one not in known:
            raise NotFound("there is no such tag", where=one, code="tag-unknown")
    standard = ws.standard()
    asked = insight.Asked(name, base, wanted, min_cell)
    with ws.pool.read() as session:
        found = insight.portrait(session, sets, channels, standard, known, asked, time.now(), ws.settings.time_zone)
    return view(found, ws, standard, min_cell)


@router.post("/overlap")
def compare_segments(body: OverlapRequest, _who: Reader, ws: Workspace, time: Time, sets: KeptSets) -> Overlap:
    """How two to six segments overlap: every exclusive intersection, and how alike each two are."""
    names = body.segments
    if len(set(names)) < len(names):
        raise Invalid("a segment is named twice", where="segments", code="segment-twice")
    _known(ws, names)
    started = watch.perf_counter()
    with ws.pool.read() as session:
        found = sets.segments(session, names)
        customers = len(sets.everyone(session))
    cells = exclusive({name: found[name] for name in names})
    pairs = [(a, b) for number, a in enumerate(names) for b in names[number + 1 :]]
    return Overlap(
        as_of=time.now(),
        customers=customers,
        union=sum(len(cell.members) for cell in cells),
        sizes=[SetSize(segment=name, title=_segment_title(ws, name), size=len(found[name])) for name in names],
        intersections=[
            Intersection.model_validate(
                {"in": list(cell.inside), "out": list(cell.outside), "count": len(cell.members)}
            )
            for cell in cells
        ],
        jaccard=[
            Likeness(a=a, b=b, common=found[a].intersection_cardinality(found[b]), jaccard=jaccard(found[a], found[b]))
            for a, b in pairs
        ],
        seconds=round(watch.perf_counter() - started, 4),
    )


@router.post("/combine")
def combine_segments(body: CombineRequest, _who: Reader, ws: Workspace, time: Time, sets: KeptSets) -> Combined:
    """How many customers are in an expression of segments, tags' values and lists."""
    expression = _expression(body.expression)
    named = list(leaves(expression))
    _known(ws, [one.name for one in named if one.kind == "segment"])
    for one in named:
        if one.kind in ("tag", "list") and ws.definitions.get(one.kind, one.name) is None:
            raise NotFound(f"there is no such {one.kind}", where=one.name, code=f"{one.kind}-unknown")
    started = watch.perf_counter()
    with ws.pool.read() as session:
        segments = sets.segments(session, [one.name for one in named if one.kind == "segment"])
        everyone = sets.everyone(session)
        found = evaluate(expression, lambda one: _members(one, segments, sets, session), lambda: everyone)
    return Combined(
        size=len(found),
        customers=len(everyone),
        as_of=time.now(),
        seconds=round(watch.perf_counter() - started, 4),
    )


def view(found: insight.Portrait, ws: WorkspaceLike, standard: Standard, min_cell: int) -> Portrait:
    """A portrait in the shape of the API."""
    tags = {item.name: item.body.get("title") for item in ws.definitions.current("tag")}
    words = audience.context(ws).names

    def title(kind: str, name: str) -> Titles:
        if kind == "tag":
            return titles(tags.get(name), name)
        if kind == "channel":
            return _CHANNEL_TITLE
        if name == AGE_BAND:
            return _AGE_TITLE
        attribute = standard.attributes.get(name)
        return titles(attribute.title if attribute else None, name)

    def cell(dimension: insight.Dimension, one: insight.Cell) -> PortraitCell:
        return PortraitCell(
            value=None if one.value is None else _shown(dimension, one.value),
            title=_value_title(standard, words, dimension, one.value),
            in_segment=one.counts.x_segment,
            in_base=one.counts.x_base,
            share=one.share,
            base_share=one.base_share,
            tgi=one.index.tgi,
            low=one.index.low,
            high=one.index.high,
            small=one.small,
        )

    return Portrait(
        segment=found.segment,
        base=found.base,
        as_of=found.at,
        sizes=PortraitSizes(segment=found.size, base=found.base_size, common=found.common),
        min_cell=min_cell,
        dimensions=[
            PortraitDimension(
                kind=one.kind,
                name=one.name,
                title=title(one.kind, one.name),
                several=one.several,
                known=one.known,
                base_known=one.base_known,
                cells=[cell(one, value) for value in one.cells],
                numbers=_numbers(one.numbers),
                base_numbers=_numbers(one.base_numbers),
            )
            for one in found.dimensions
        ],
        top=[
            PortraitLeader(
                kind=one.dimension.kind,
                name=one.dimension.name,
                title=title(one.dimension.kind, one.dimension.name),
                cell=cell(one.dimension, one.cell),
                bound=one.bound,
            )
            for one in found.top
        ],
        compared=found.compared,
        left_out=[
            LeftOut.model_validate({"kind": kind, "name": name, "title": title(kind, name), "why": why})
            for (kind, name), why in found.left_out.items()
        ],
        method=_METHOD,
        seconds=round(found.seconds, 4),
    )


def _numbers(found: insight.Numbers | None) -> PortraitNumbers | None:
    if found is None:
        return None
    return PortraitNumbers(n=found.n, mean=found.mean, p25=found.p25, median=found.median, p75=found.p75)


def _shown(dimension: insight.Dimension, value: str) -> str:
    # Attributes are what people and platforms wrote: a phone number may stand where a company should.
    return mask_text(value) if dimension.kind == "attribute" and dimension.name != AGE_BAND else value


def _value_title(standard: Standard, names: Names, dimension: insight.Dimension, value: str | None) -> Titles | None:
    if value is None:
        return None
    if dimension.kind == "tag":
        known = names.titles.get(f"value:tag:{dimension.name}:{value}")
        return titles(known, value) if known else None
    if dimension.kind == "channel":
        return channel_titles(standard, value)
    attribute = standard.attributes.get(dimension.name) if dimension.kind == "attribute" else None
    meant = (attribute.values or {}).get(value) if attribute else None
    return titles(meant.title, value) if meant else None


def _known(ws: WorkspaceLike, names: list[str]) -> None:
    for name in names:
        if ws.definitions.get("segment", name) is None:
            raise NotFound("there is no such segment", where=name, code="segment-unknown")


def _segment_title(ws: WorkspaceLike, name: str) -> Titles:
    item = ws.definitions.get("segment", name)
    return titles(item.body.get("title") if item else None, name)


def _expression(asked: SetExpression, depth: int = 1) -> Expression:
    if depth > MOST_DEPTH:
        raise Invalid(f"at most {MOST_DEPTH} levels can be nested", where="expression", code="too-deep")
    match asked:
        case str():
            return One("segment", asked)
        case SetOfTag():
            return One("tag", asked.tag, asked.value)
        case SetOfList():
            return One("list", asked.list)
        case AllOf():
            return Every(tuple(_expression(part, depth + 1) for part in asked.all))
        case AnyOf():
            return Some(tuple(_expression(part, depth + 1) for part in asked.any))
        case NoneOf():
            return Without(_expression(asked.not_, depth + 1))


def _members(one: One, segments: dict[str, Members], sets: Sets, session: Session) -> Members:
    if one.kind == "tag" and one.value is not None:
        return sets.tag_value(session, one.name, one.value)
    return sets.list(session, one.name) if one.kind == "list" else segments[one.name]
