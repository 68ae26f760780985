"""Segments: definitions, members, history, what a change would do."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Path, Query, status

from onepool.api import audience, doubts
from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.dictionary import titles
from onepool.api.edited import refuse_outdated
from onepool.api.models.common import Instant, JsonObject, Titles
from onepool.api.models.lists import CustomerListDetail
from onepool.api.models.segments import (
    ConditionChange,
    MembershipChange,
    SampleCustomer,
    Segment,
    SegmentChange,
    SegmentHistory,
    SegmentInput,
    SegmentList,
    SegmentMember,
    SegmentMembers,
    SegmentPlan,
    SegmentPlanRequest,
    SegmentUse,
    SegmentVersion,
    SizePoint,
    SnapshotRequest,
    VersionDiff,
)
from onepool.api.problems import Conflict, NotFound
from onepool.api.routers.lists import detail as list_detail
from onepool.api.routers.portrait import KeptSets
from onepool.api.showing import shown
from onepool.api.usage import users_of
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions import Condition, ConditionError, Context, check, parse_condition
from onepool.audience.conditions.diff import Difference, differences
from onepool.audience.lists import LISTS, snapshot_list
from onepool.audience.past import sizes_at
from onepool.audience.sets import ids_of
from onepool.clock import Clock
from onepool.definitions import Definition
from onepool.insight.segments import plan_segment, spans
from onepool.insight.segments.words import uses_of
from onepool.pool import catalog, customers
from onepool.pool.home import customer_count, segment_sizes
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/segments", tags=["segments"])
Reader = Annotated[Caller, Depends(Need(Permission.SEGMENTS_READ))]
Writer = Annotated[Caller, Depends(Need(Permission.SEGMENTS_WRITE))]
SegmentName = Annotated[str, Path(max_length=200)]


@router.get("")
def list_segments(
    _who: Reader,
    ws: Workspace,
    as_of: Annotated[Instant | None, Query(description="Sizes as they were then, from all history; else now.")] = None,
) -> SegmentList:
    """All segments with their sizes."""
    used_by = users_of(ws.definitions, "segment")
    ctx = audience.context(ws)
    with ws.pool.read() as session:
        if as_of is None:
            sizes = segment_sizes(session)
        else:
            views = ws.behaviour.view if ws.behaviour is not None else None
            sizes = sizes_at(session, ctx.names.segments, as_of, ctx, views)
        total = customer_count(session)
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
    return _save(ws, time, who, body.name, SegmentChange(**body.model_dump(exclude={"name"}), version=0))


@router.get("/{name}")
def read_segment(name: SegmentName, _who: Reader, ws: Workspace) -> Segment:
    """One segment."""
    return _one(ws, _get(ws, name))


@router.put("/{name}")
def replace_segment(name: SegmentName, body: SegmentChange, who: Writer, ws: Workspace, time: Time) -> Segment:
    """Save a new version of a segment."""
    item = _get(ws, name)
    refuse_outdated(ws, item, body.version, "the segment")
    return _save(ws, time, who, name, body)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_segment(
    name: SegmentName, who: Writer, ws: Workspace, time: Time, reason: Annotated[str, Query(max_length=500)] = ""
) -> None:
    """Retire a segment. Refused while another definition refers to it; its history stays."""
    _get(ws, name)
    # A snapshot only says where it came from.
    users = [user for user in users_of(ws.definitions, "segment").get(name, []) if not user.startswith("list:")]
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
    name: SegmentName,
    _who: Reader,
    ws: Workspace,
    time: Time,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    step: Annotated[Literal["day", "hour"], Query(description="`hour`: of the last days, at most 14.")] = "day",
) -> SegmentHistory:
    """Size by calendar day or by hour since the segment is there, the latest entries and exits, and all versions."""
    versions = _versions(ws, name)
    count = days if step == "day" else min(days, 14) * 24
    with ws.pool.read() as session:
        found = spans(session, name, versions, time.now(), ws.settings.zone, step, count)
        moves = catalog.changes(session, name)
    return SegmentHistory(
        step=step,
        series=[
            SizePoint(
                start=span.start,
                at=span.at,
                size=span.size,
                entered=span.entered,
                left=span.left,
                version=span.version,
            )
            for span in found
        ],
        changes=[MembershipChange(customer_id=move.customer_id, change=move.change, at=move.at) for move in moves],
        versions=[_version(item) for item in versions],
    )


@router.get("/{name}/diff")
def compare_segment_versions(
    name: SegmentName,
    _who: Reader,
    ws: Workspace,
    before: Annotated[int, Query(ge=1)],
    after: Annotated[int | None, Query(ge=1, description="The latest when not given.")] = None,
) -> VersionDiff:
    """What changed between two versions of a segment, in words. To go back, save the condition of the old one."""
    versions = {item.version: item for item in _versions(ws, name)}
    pair = [versions.get(number) for number in (before, max(versions) if after is None else after)]
    for number, item in zip((before, after), pair, strict=True):
        if item is None:
            raise NotFound("there is no such version", where=str(number), code="version-unknown")
    old, new = cast(Definition, pair[0]), cast(Definition, pair[1])
    ctx = audience.context(ws)
    was, now_is = _readable(old), _readable(new)
    return VersionDiff(
        segment=name,
        before=_version(old),
        after=_version(new),
        before_sentence=None if was is None else audience.read_back(was, ctx),
        after_sentence=None if now_is is None else audience.read_back(now_is, ctx),
        diff=[] if was is None or now_is is None else [change(one, ctx) for one in differences(was, now_is)],
    )


@router.post("/plan")
def plan_segment_change(
    body: SegmentPlanRequest,
    who: Annotated[Caller, Depends(Need(Permission.SEGMENTS_WRITE))],
    ws: Workspace,
    time: Time,
) -> SegmentPlan:
    """What saving a condition would do: size before and after, who enters and leaves, what that means for everything
    that uses the segment. Nothing is saved."""
    standard = ws.standard()
    now = time.now()
    with ws.pool.read() as session:
        ctx = audience.context(ws, catalog.event_names(session))
        condition, problems = audience.findings(body.condition, ctx, body.name)
        if condition is None:
            return SegmentPlan(
                as_of=now,
                customers=customer_count(session),
                before=None,
                after=None,
                entered=0,
                left=0,
                used_by=[],
                sample_entered=[],
                sample_left=[],
                sentence=None,
                diff=[],
                problems=problems,
                warnings=[],
                steps=[],
                seconds=0.0,
            )
        found = plan_segment(
            session, body.name, condition, ctx, now, views=ws.behaviour.view if ws.behaviour is not None else None
        )
        warnings = doubts.warnings(session, condition, ctx, standard)
        rows = customers.rows(
            session,
            [*found.sample_entered, *found.sample_left],
            attributes=list(standard.attributes),
            currency=ws.settings.currency,
        )
    view = shown(who, standard)
    names = {row.customer_id: view.name(row.attributes) for row in rows}
    return SegmentPlan(
        as_of=found.at,
        customers=found.customers,
        before=found.before,
        after=found.after,
        entered=found.entered,
        left=found.left,
        used_by=[
            SegmentUse(
                kind=one.kind,
                name=one.name,
                title=titles(dict(one.title), one.name),
                before=one.before,
                after=one.after,
                entered=one.entered,
                left=one.left,
                means=Titles(**one.means),
            )
            for one in uses_of(ws.definitions, body.name, found)
        ],
        sample_entered=[SampleCustomer(customer_id=one, name=names.get(one)) for one in found.sample_entered],
        sample_left=[SampleCustomer(customer_id=one, name=names.get(one)) for one in found.sample_left],
        sentence=audience.read_back(condition, ctx),
        diff=[change(one, ctx) for one in found.differences],
        problems=[],
        warnings=warnings,
        steps=found.steps,
        seconds=round(found.seconds, 4),
    )


def change(one: Difference, ctx: Context) -> ConditionChange:
    """A difference between two conditions with its sentences."""
    place = one.after_place if one.after is not None else one.before_place
    return ConditionChange(
        op=one.op,
        group=one.group,
        place=place or "",
        before=None if one.before is None else audience.read_back(one.before, ctx),
        after=None if one.after is None else audience.read_back(one.after, ctx),
    )


@router.post("/{name}/snapshot", status_code=status.HTTP_201_CREATED)
def create_segment_snapshot(
    name: SegmentName, body: SnapshotRequest, who: Writer, ws: Workspace, sets: KeptSets
) -> CustomerListDetail:
    """Make a list of the members as they are now. It stays so, but later merges and splits carry members along."""
    _get(ws, name)
    if ws.definitions.get(LISTS, body.list) is not None:
        raise Conflict("there is a list with this name", where="list", code="list-exists")
    with ws.pool.read() as session:
        members = sets.segments(session, [name])[name]
    item = snapshot_list(
        ws,
        body.list,
        body.title.model_dump(),
        ids_of(members),
        author=who.actor,
        segment=name,
        reason=body.reason,
    )
    found = list_detail(ws, item)
    # Those on it come to the pool with the next tick; who they are is known.
    return found if found.entries else found.model_copy(update={"size": len(members), "entries": len(members)})


def _versions(ws: WorkspaceLike, name: str) -> list[Definition]:
    versions = ws.definitions.history("segment", name)
    if not versions:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    return versions


def _version(item: Definition) -> SegmentVersion:
    return SegmentVersion(
        version=item.version,
        author=item.author,
        reason=item.reason,
        at=item.created_at,
        condition=None if item.deleted else _written(item),
    )


def _readable(item: Definition) -> Condition | None:
    """The condition of a version; None when it was a removal, or was written for another edition."""
    try:
        return None if item.deleted else parse_condition(_written(item))
    except ConditionError:
        return None


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
    item = ws.save("segment", name, body, author=who.actor, reason=change.reason, expected=change.version)
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
