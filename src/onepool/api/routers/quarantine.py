"""Quarantine: what waits, why, and trying again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.quarantine import (
    QuarantineDetail,
    QuarantineList,
    QuarantineRow,
    ReplayOutcome,
    ReplayRequest,
    ReplayResult,
    RuleCount,
)
from onepool.api.problems import Invalid, NotFound
from onepool.api.showing import shown
from onepool.collect.files import place_of
from onepool.pool import waiting
from onepool.privacy import audit
from onepool.privacy.masking import mask_text
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/quarantine", tags=["quarantine"])
_MOST_RECORDS = 100_000
Reader = Annotated[Caller, Depends(Need(Permission.QUARANTINE_READ))]


@router.get("")
def list_quarantine(
    _who: Reader,
    ws: Workspace,
    rule: Annotated[str | None, Query(max_length=200)] = None,
    field: Annotated[str | None, Query(max_length=200)] = None,
    touchpoint: Annotated[str | None, Query(max_length=200)] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuarantineList:
    """What waits, the latest first, and the counts of all reasons."""
    with ws.pool.read() as session:
        rows, total = waiting.page(
            session, rule=rule, field=field, touchpoint=touchpoint, offset=(page - 1) * size, limit=size
        )
        rules = waiting.by_rule(session)
    return QuarantineList(
        items=[_row(row) for row in rows],
        total=total,
        page=page,
        size=size,
        by_rule=[
            RuleCount(rule=row.rule, field=row.field, touchpoint=row.touchpoint, count=row.count) for row in rules
        ],
    )


@router.get("/{id}")
def read_quarantined(
    who: Reader, ws: Workspace, id: Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]
) -> QuarantineDetail:
    """One refused thing with its sample; what looks like a person's contact is masked."""
    with ws.pool.read() as session:
        found = waiting.detail(session, int(id))
    if found is None:
        raise NotFound("this does not wait in quarantine (any more)", where=id)
    return QuarantineDetail(
        **_row(found.row).model_dump(),
        standard_version=found.standard_version,
        sample=shown(who, ws.standard()).sample(found.row.sample, of_thing=found.row.kind == "object"),
    )


@router.post("/replay")
def replay_quarantine(
    body: ReplayRequest, who: Annotated[Caller, Depends(Need(Permission.QUARANTINE_REPLAY))], ws: Workspace, time: Time
) -> ReplayResult:
    """Try things again under the standard and mapping of now. The outcome shows after the next tick."""
    with ws.pool.read() as session:
        if body.ids:
            places = waiting.places_of(session, [int(id) for id in body.ids])
        else:
            places = waiting.places(session, rule=body.rule, field=body.field, touchpoint=body.touchpoint)
    if not places:
        return ReplayResult(replayed=0, offset=None, first=None)
    before = ws.log.end()
    count = ws.replay_quarantine(places)
    audit.record(
        ws.state,
        time,
        who.actor,
        "quarantine.replay",
        body.rule or "by id",
        {"count": count, "field": body.field, "touchpoint": body.touchpoint},
    )
    return ReplayResult(replayed=count, offset=ws.log.end(), first=before + 1)


@router.get("/replays/{first}/{last}")
def read_replay(
    _who: Reader,
    ws: Workspace,
    first: Annotated[int, Path(ge=1)],
    last: Annotated[int, Path(ge=1)],
) -> ReplayOutcome:
    """What became of a replay, by the offsets in its answer."""
    if not 0 <= last - first <= _MOST_RECORDS:
        raise Invalid(f"at most {_MOST_RECORDS:,} records of the log, first and last in order", where="last")
    places = ws.replayed(first, last)
    done = ws.applied() >= last
    with ws.pool.read() as session:
        still = waiting.still(session, places)
    return ReplayOutcome(
        done=done,
        tried=len(places),
        accepted=max(0, len(places) - sum(row.count for row in still)) if done else 0,
        waiting=[
            RuleCount(rule=row.rule, field=row.field, touchpoint=row.touchpoint, count=row.count) for row in still
        ],
    )


def _row(row: waiting.Waiting) -> QuarantineRow:
    file, number = place_of(row.rule, row.message, row.sample) or (None, None)
    return QuarantineRow(
        id=str(row.seq),
        received_at=row.received_at,
        touchpoint=row.touchpoint,
        kind=row.kind,
        name=row.name,
        rule=row.rule,
        field=row.field,
        message=mask_text(row.message),
        attempts=row.attempts,
        file=None if file is None else mask_text(file),
        row=number,
    )
