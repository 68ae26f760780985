"""Approvals: what waits for a second person, and their decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from onepool.api.access import Caller, Need, Time, Workspace
from onepool.api.models.consents import ApprovalDecision, ApprovalList, ApprovalNote, ApprovalRow
from onepool.privacy import approvals
from onepool.privacy.approvals import Approval, ApprovalError
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/approvals", tags=["approvals"])
Reader = Annotated[Caller, Depends(Need(Permission.JOURNEYS_READ))]
Asker = Annotated[Caller, Depends(Need(Permission.JOURNEYS_WRITE))]
Approver = Annotated[Caller, Depends(Need(Permission.JOURNEYS_APPROVE))]
Number = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str | None, Query(max_length=128)]


@router.get("")
def list_approvals(who: Reader, ws: Workspace, kind: Text = None, name: Text = None) -> ApprovalList:
    """What waits for a decision, the oldest first; with `kind` and `name` all of that one, the latest first."""
    if kind is not None and name is not None:
        found = approvals.history(ws.state, kind, name)
    else:
        found = approvals.waiting(ws.state, None if kind is None else [kind])
    return ApprovalList(items=[row(one, who) for one in found])


@router.post("/{id}/decide")
def decide_approval(id: Number, body: ApprovalDecision, who: Approver, ws: Workspace, time: Time) -> ApprovalRow:
    """Approve or refuse what somebody else asked for."""
    return row(approvals.decide(ws.state, time, id, approve=body.approve, actor=who.actor, note=body.note), who)


@router.post("/{id}/withdraw")
def withdraw_approval(id: Number, body: ApprovalNote, who: Asker, ws: Workspace, time: Time) -> ApprovalRow:
    """Take back what one asked for oneself; who may approve may take back anything."""
    found = approvals.find(ws.state, id)
    if found is not None and found.asked_by != who.actor and not who.may(Permission.JOURNEYS_APPROVE):
        raise ApprovalError("somebody else asked for it", where=str(id), code="approval-others")
    return row(approvals.withdraw(ws.state, time, id, actor=who.actor, note=body.note), who)


def row(one: Approval, who: Caller) -> ApprovalRow:
    return ApprovalRow(
        id=one.id,
        kind=one.kind,
        name=one.name,
        version=one.version,
        status=one.status,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        note=one.note,
        mine=one.asked_by == who.actor,
    )
