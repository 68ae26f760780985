"""A second person's word on a version of a definition: asked for by one, given by another.

An approval is of one version. A later version has none until it is asked for again, so what was approved is what goes
live.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

from sqlalchemy import Connection, Row, desc, func, insert, select, update

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy.audit import record_in
from onepool.state import State
from onepool.state.journeys import approvals

Status = Literal["asked", "approved", "refused", "withdrawn"]

KINDS: Final = ("journey", "message", "coupon", "broadcast", "policy")
"""What can be asked for."""

_LONGEST: Final = 2000


class ApprovalError(OnePoolError):
    """An approval that can't be asked for or decided like this."""

    code = "approval"


@dataclass(frozen=True, slots=True)
class Approval:
    """One question and its answer. `asked_by`, `decided_by`: actors as in the audit trail (`user:EMAIL`, `key:ID`)."""

    id: int
    kind: str
    name: str
    version: int
    status: Status
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str

    @property
    def approved(self) -> bool:
        """Whether this version may go live."""
        return self.status == "approved"


def ask(state: State, clock: Clock, kind: str, name: str, version: int, *, actor: str, note: str = "") -> Approval:
    """Ask for a version to be approved. One that is asked for already stays so; an approved one stays approved.

    Raises ApprovalError for a kind that knows no approval.
    """
    _known(kind)
    with state.write() as connection:
        before = _latest(connection, kind, name, version)
        if before is not None and before.status in ("asked", "approved"):
            return before
        connection.execute(
            insert(approvals).values(
                kind=kind, name=name, version=version, status="asked", asked_by=actor[:256],
                asked_at=to_micros(clock.now()), note=note[:_LONGEST],
            )
        )  # fmt: skip
        record_in(connection, clock, actor, "approval.ask", f"{kind}:{name}", {"version": version})
        made = _latest(connection, kind, name, version)
    assert made is not None
    return made


def decide(state: State, clock: Clock, number: int, *, approve: bool, actor: str, note: str = "") -> Approval:
    """Approve or refuse what was asked. Raises ApprovalError: unknown, decided already, or asked for by oneself."""
    with state.write() as connection:
        found = _open(connection, number)
        if found.asked_by == actor:
            raise ApprovalError(
                "somebody else has to decide on what one asked for oneself",
                where=f"{found.kind} {found.name}",
                hint="ask a colleague whose role may approve",
                code="approval-own",
            )
        return _close(connection, clock, found, "approved" if approve else "refused", actor, note)


def withdraw(state: State, clock: Clock, number: int, *, actor: str, note: str = "") -> Approval:
    """Take the question back. Raises ApprovalError when it is unknown or decided."""
    with state.write() as connection:
        return _close(connection, clock, _open(connection, number), "withdrawn", actor, note)


def latest(state: State, kind: str, name: str, version: int) -> Approval | None:
    """What was last asked for of this version, and how it was decided; None when nobody asked."""
    with state.read() as connection:
        return _latest(connection, kind, name, version)


def approved(state: State, kind: str, name: str, version: int) -> bool:
    """Whether this version has been approved."""
    found = latest(state, kind, name, version)
    return found is not None and found.approved


def last_version(state: State, kind: str, name: str) -> int:
    """The latest version of a name that anybody asked for; 0 for none."""
    with state.read() as connection:
        of = select(func.max(approvals.c.version)).where(approvals.c.kind == kind, approvals.c.name == name)
        return connection.execute(of).scalar_one() or 0


def find(state: State, number: int) -> Approval | None:
    """One by its number."""
    with state.read() as connection:
        row = connection.execute(select(approvals).where(approvals.c.id == number)).one_or_none()
    return None if row is None else _approval(row)


def waiting(state: State, kinds: Collection[str] | None = None, limit: int = 500) -> list[Approval]:
    """What waits for a decision, the oldest first."""
    query = select(approvals).where(approvals.c.status == "asked").order_by(approvals.c.id).limit(limit)
    if kinds is not None:
        query = query.where(approvals.c.kind.in_(list(kinds)))
    with state.read() as connection:
        return [_approval(row) for row in connection.execute(query)]


def history(state: State, kind: str, name: str, limit: int = 100) -> list[Approval]:
    """All questions about a definition, the latest first."""
    query = (
        select(approvals)
        .where(approvals.c.kind == kind, approvals.c.name == name)
        .order_by(desc(approvals.c.id))
        .limit(limit)
    )
    with state.read() as connection:
        return [_approval(row) for row in connection.execute(query)]


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise ApprovalError(f"there is no approval of a {kind}", where="kind", hint=f"one of {', '.join(KINDS)}")


def _latest(connection: Connection, kind: str, name: str, version: int) -> Approval | None:
    row = connection.execute(
        select(approvals)
        .where(approvals.c.kind == kind, approvals.c.name == name, approvals.c.version == version)
        .order_by(desc(approvals.c.id))
        .limit(1)
    ).one_or_none()
    return None if row is None else _approval(row)


def _open(connection: Connection, number: int) -> Approval:
    row = connection.execute(select(approvals).where(approvals.c.id == number)).one_or_none()
    if row is None:
        raise ApprovalError("there is no such approval", where=str(number), code="approval-unknown")
    found = _approval(row)
    if found.status != "asked":
        raise ApprovalError(
            f"it is {found.status} already", where=f"{found.kind} {found.name}", hint="ask again for the version",
            code="approval-decided",
        )  # fmt: skip
    return found


def _close(connection: Connection, clock: Clock, found: Approval, status: Status, actor: str, note: str) -> Approval:
    now = to_micros(clock.now())
    values = {"status": status, "decided_by": actor[:256], "decided_at": now}
    if note:
        values["note"] = note[:_LONGEST]
    connection.execute(update(approvals).where(approvals.c.id == found.id).values(**values))
    detail = {"version": found.version, "status": status, "note": note[:200]}
    record_in(connection, clock, actor, "approval.decide", f"{found.kind}:{found.name}", detail)
    return _approval(connection.execute(select(approvals).where(approvals.c.id == found.id)).one())


def _approval(row: Row[tuple[object, ...]]) -> Approval:
    return Approval(
        id=row.id,
        kind=row.kind,
        name=row.name,
        version=row.version,
        status=cast("Status", row.status),
        asked_by=row.asked_by,
        asked_at=from_micros(row.asked_at),
        decided_by=row.decided_by,
        decided_at=None if row.decided_at is None else from_micros(row.decided_at),
        note=row.note,
    )
