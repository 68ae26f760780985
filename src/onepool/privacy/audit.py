"""The audit trail: rows are only ever added. No personal data in clear goes into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue
from sqlalchemy import Connection, desc, insert, select

from onepool.clock import Clock, from_micros, to_micros
from onepool.state import State
from onepool.state.schema import audit

Action = Literal[
    "session.start",
    "session.refused",
    "session.end",
    "user.add",
    "user.password",
    "user.disable",
    "key.add",
    "key.revoke",
    "definition.save",
    "definition.delete",
    "secret.keep",
    "message.test",
    "sandbox.act",
    "coupon.generate",
    "coupon.load",
    "coupon.void",
    "quarantine.replay",
    "file.import",
    "customer.reveal",
    "customer.copy",
    "query.run",
    "export",
    "identity.decide",
    "identity.undo",
    "identity.match",
    "identity.model.restore",
    "identity.postpone",
    "tag.run",
    "tag.backfill",
    "tag.values",
    "job.cancel",
    "list.upload",
    "list.snapshot",
    "journey.publish",
    "journey.pause",
    "journey.resume",
    "journey.stop",
    "journey.enter",
    "delivery.decide",
    "account.pause",
    "account.resume",
    "broadcast.save",
    "broadcast.delete",
    "broadcast.start",
    "broadcast.pause",
    "broadcast.resume",
    "broadcast.cancel",
    "task.done",
    "task.remind",
    "task.ask",
    "task.reassign",
    "approval.ask",
    "approval.decide",
    "consent.record",
    "consent.link",
    "consent.notice",
    "suppression.add",
    "suppression.lift",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did. `actor` is `user:EMAIL`, `key:ID` or `cli`."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, JsonValue]


def record(
    state: State, clock: Clock, actor: str, action: Action, subject: str, detail: Mapping[str, JsonValue] | None = None
) -> None:
    """Add a row in a transaction of its own, durable when it returns."""
    with state.write() as connection:
        record_in(connection, clock, actor, action, subject, detail)


def record_in(
    connection: Connection,
    clock: Clock,
    actor: str,
    action: Action,
    subject: str,
    detail: Mapping[str, JsonValue] | None = None,
) -> None:
    """Add a row in the transaction of what it tells of: both happen or neither."""
    connection.execute(
        insert(audit).values(
            at=to_micros(clock.now()),
            actor=actor[:256],
            action=action,
            subject=subject,
            detail=json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True),
        )
    )


def trail(state: State, *, limit: int = 100, before: int | None = None) -> list[tuple[int, Entry]]:
    """The latest rows with their ids, the latest first; `before`: only rows with a smaller id."""
    query = select(audit).order_by(desc(audit.c.id)).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    with state.read() as connection:
        return [
            (row.id, Entry(from_micros(row.at), row.actor, row.action, row.subject, json.loads(row.detail)))
            for row in connection.execute(query)
        ]


def details(connection: Connection, action: Action, subject: str) -> list[dict[str, Any]]:
    """What rows of one action upon one subject say beside that, the earliest first."""
    query = select(audit.c.detail).where(audit.c.action == action, audit.c.subject == subject).order_by(audit.c.id)
    return [json.loads(row.detail) for row in connection.execute(query)]
