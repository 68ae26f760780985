"""Segments: definitions, members, history."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query, status

from onepool.api import audience
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.models.common import JsonObject
from onepool.api.models.segments import (
    MembershipChange,
    Segment,
    SegmentChange,
    SegmentHistory,
    SegmentInput,
    SegmentList,
    SegmentMember,
    SegmentMembers,
    SegmentVersion,
    SizePoint,
)
from onepool.api.problems import Conflict, NotFound
from onepool.api.showing import shown
from onepool.api.usage import users_of
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import Context, check
from onepool.clock import Clock
from onepool.definitions import Definition
from onepool.pool import catalog, customers
from onepool.pool.home import customer_count, segment_sizes
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/segments", tags=["segments"])
Reader = Annotated[Caller, Depends(Need(Permission.SEGMENTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.SEGMENTS_WRITE))]
SegmentName = Annotated[str, Path(max_length=200)]


@router.get("")
def list_segments(_who: Reader, ws: Workspace) -> SegmentList:
    """All segments with their sizes."""
    with ws.pool.read() as session:
        sizes = segment_sizes(session)
        total = customer_count(session)
    used_by = users_of(ws.definitions, "segment")
    ctx = audience.context(ws)
    items = [
        _segment(item, ctx, sizes.get(item.name, 0), used_by.get(item.name, []))
        for item in ws.definitions.current("segment")
    ]
    return SegmentList(items=items, customers=total)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_segment(body: SegmentInput, who: Writer, ws: Workspace, time: Time) -> Segment:
    """Save a new segment. Members follow with the next tick."""
    if ws.definitions.get("segment", body.name) is not None:
        raise Conflict("there is a segment with this name", where="name", code="segment-exists")
    return _save(ws, time, who, body.name, SegmentChange(**body.model_dump(exclude={"name"})))


@router.get("/{name}")
def read_segment(name: SegmentName, _who: Reader, ws: Workspace) -> Segment:
    """One segment."""
    return _one(ws, _get(ws, name))


@router.put("/{name}")
def replace_segment(name: SegmentName, body: SegmentChange, who: Writer, ws: Workspace, time: Time) -> Segment:
    """Save a new version of a segment."""
    item = _get(ws, name)
    if body.version is not None and body.version != item.version:
        raise Conflict(
            f"somebody saved version {item.version} meanwhile", where="version", hint="load the segment anew"
        )
    return _save(ws, time, who, name, body)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_segment(
    name: SegmentName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a segment. Refused while another definition refers to it; its history stays."""
    _get(ws, name)
    users = users_of(ws.definitions, "segment").get(name, [])
    if users:
        raise Conflict(f"it is used by {', '.join(users)}", where=name, code="segment-in-use")
    ws.definitions.delete("segment", name, author=who.actor, reason=reason)
    audit.record(ws.state, time, who.actor, "definition.delete", f"segment:{name}", {"reason": reason})


@router.get("/{name}/members")
def list_segment_members(
    name: SegmentName,
    who: Annotated[Caller, Depends(Need(Permission.CUSTOMERS_READ))],
    ws: Workspace,
    page: Annotated[int, Query(ge=1, le=20_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SegmentMembers:
    """The members now, the latest entry first."""
    _get(ws, name)
    standard, currency = ws.standard(), ws.settings.currency
    with ws.pool.read() as session:
        members, total = catalog.members(session, name, offset=(page - 1) * size, limit=size)
        rows = customers.rows(
            session, [m.customer_id for m in members], attributes=list(standard.attributes), currency=currency
        )
    view = shown(who, standard)
    known = {row.customer_id: view.row(row, currency) for row in rows}
    items = []
    for member in members:
        row = known.get(member.customer_id)
        items.append(
            SegmentMember(
                customer_id=member.customer_id,
                name=row.name if row else None,
                phone=row.phone if row else None,
                email=row.email if row else None,
                since=member.since,
                last_seen=row.last_seen if row else None,
            )
        )
    return SegmentMembers(items=items, total=total, page=page, size=size)


@router.get("/{name}/history")
def read_segment_history(
    name: SegmentName, _who: Reader, ws: Workspace, time: Time, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> SegmentHistory:
    """Size by calendar day, the latest entries and exits, and all versions of the definition."""
    versions = ws.definitions.history("segment", name)
    if not versions:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    with ws.pool.read() as session:
        spans = catalog.days(session, name, time.now(), ws.settings.zone, days)
        moves = catalog.changes(session, name)
    return SegmentHistory(
        series=[SizePoint(at=span.at, size=span.size, entered=span.entered, left=span.left) for span in spans],
        changes=[MembershipChange(customer_id=move.customer_id, change=move.change, at=move.at) for move in moves],
        versions=[
            SegmentVersion(
                version=item.version,
                author=item.author,
                reason=item.reason,
                at=item.created_at,
                condition=None if item.deleted else _written(item),
            )
            for item in versions
        ],
    )


def _get(ws: WorkspaceLike, name: str) -> Definition:
    item = ws.definitions.get("segment", name)
    if item is None:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    return item


def _save(ws: WorkspaceLike, time: Clock, who: Caller, name: str, change: SegmentChange) -> Segment:
    before = ws.definitions.get("segment", name)
    condition = audience.checked(change.condition, audience.context(ws), name)
    body = {
        "segment": name,
        "title": change.title.model_dump(),
        "condition": condition.canonical(),
        **({"purpose": change.description} if change.description else {}),
        **({"owner": before.body["owner"]} if before and before.body.get("owner") else {}),
    }
    item = ws.save("segment", name, body, author=who.actor, reason=change.reason)
    audit.record(ws.state, time, who.actor, "definition.save", f"segment:{name}", {"version": item.version})
    return _one(ws, item)


def _one(ws: WorkspaceLike, item: Definition) -> Segment:
    with ws.pool.read() as session:
        size = segment_sizes(session).get(item.name, 0)
    return _segment(item, audience.context(ws), size, users_of(ws.definitions, "segment").get(item.name, []))


def _segment(item: Definition, ctx: Context, size: int, used_by: list[str]) -> Segment:
    written = _written(item)
    condition = ctx.names.segments.get(item.name)
    if condition is None:
        # Written for another edition: shown as it stands.
        _, problems = audience.findings(written, ctx, item.name)
    else:
        problems = [audience.finding(problem) for problem in check(condition, ctx.names, item.name)]
    return Segment(
        name=item.name,
        title=titles(item.body.get("title"), item.name),
        description=str(item.body.get("purpose") or ""),
        condition=written if condition is None else condition.canonical(),
        sentence=None if condition is None else audience.read_back(condition, ctx),
        size=size,
        version=item.version,
        author=item.author,
        changed_at=item.created_at,
        used_by=used_by,
        problems=problems,
    )


def _written(item: Definition) -> JsonObject:
    """The condition as it was written."""
    condition = item.body.get("condition")
    return cast(JsonObject, condition) if isinstance(condition, dict) else {}
