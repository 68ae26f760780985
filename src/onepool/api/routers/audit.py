"""The audit trail, for those who answer for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from onepool.api.access import Caller, Need, Workspace
from onepool.api.models.audit import AuditEntry, AuditTrail
from onepool.privacy import audit
from onepool.privacy.roles import Permission

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def list_audit(
    _who: Annotated[Caller, Depends(Need(Permission.AUDIT_READ))],
    ws: Workspace,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditTrail:
    """Who did what: sign-ins, changed definitions, values seen in clear, queries, replays."""
    rows = audit.trail(ws.state, limit=limit + 1, before=before)
    page = rows[:limit]
    return AuditTrail(
        items=[
            AuditEntry(
                id=number,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                detail=entry.detail,
            )
            for number, entry in page
        ],
        next=page[-1][0] if len(rows) > limit else None,
    )
