"""Messages of which it can't be told whether they went out: whose sender died, and what people decide about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, func, select, update

from onepool.channels import registry
from onepool.reach import policies
from onepool.reach.claim import RESEND_WITHIN
from onepool.reach.outcomes import end_attempts, keep_since, lost, verdict, write
from onepool.reach.rules import MINUTE
from onepool.reach.states import SendState
from onepool.state.outbox import send_attempts, sends

LEASE: Final = 5 * MINUTE
"""A claim of somebody else that is older than this is nobody's any more: no call takes so long."""

Decision = Literal["resend", "sent", "drop"]

_CHUNK: Final = 500


def recover(connection: Connection, now: int, *, dead: str | None, alive: Collection[int] = ()) -> int:
    """Messages that a dead sender has left claimed become unknown, and are treated by their policies. Returns how many.

    ``dead``: what the names of senders begin with that are surely gone (this machine's, at the start); None: only those
    whose lease is over. ``alive``: messages that this process holds.
    """
    t = sends.c
    query = select(sends).where(t.state == int(SendState.CLAIMED))
    gone = t.claimer.startswith(dead, autoescape=True) if dead is not None else t.claimed < now - LEASE
    rows = [row for row in connection.execute(query.where(gone)) if row.send_id not in alive]
    if not rows:
        return 0
    rules = policies.stored(connection, (row.policy for row in rows))
    receipt = lost()
    written, attempts = [], []
    for row in rows:
        channel = registry.find(row.channel)
        kinds = {} if channel is None else {one.name: one for one in channel.manifest.messages}
        askable = channel is not None and channel.reach is not None and channel.reach.askable
        found = verdict(
            receipt, rules[row.policy], row.attempts, row.send_id, now=now, planned=row.planned, expires=row.expires,
            idempotent=row.kind in kinds and kinds[row.kind].idempotent, askable=askable,
        )  # fmt: skip
        concluded = now if found.final else None
        written.append((int(found.state), found.reason, found.due, concluded, row.provider_id, row.code, None, now,
                        row.send_id))  # fmt: skip
        attempts.append((now, "unknown", "unknown", "", "", receipt.detail, row.send_id, row.attempts))
    write(connection, written)
    # What was called again since a call before may have gone out (the reason says so still) may be out since then.
    keep_since(connection, [(_since(connection, row), row.send_id) for row in rows if row.reason == "unknown"])
    end_attempts(connection, attempts)
    return len(rows)


def _since(connection: Connection, row: Row[Any]) -> int:
    """When the first call was begun that may have brought out a message that is claimed again: no earlier than a claim
    would have let it be called again."""
    t = send_attempts.c
    near = t.at.between(row.claimed - RESEND_WITHIN, row.claimed)
    query = select(func.min(t.at)).where(t.send_id == row.send_id, t.state == "unknown", near)
    return int(connection.execute(query).scalar() or row.claimed)


def decide(connection: Connection, numbers: Sequence[int], decision: Decision, actor: str, now: int) -> list[int]:
    """What a person says of unknown messages: `resend` (it may arrive twice), `sent` (it did), `drop`. Returns those it
    was said of; others are not unknown (any more)."""
    found: list[int] = []
    t = sends.c
    for start in range(0, len(numbers), _CHUNK):
        some = t.send_id.in_(list(numbers[start : start + _CHUNK]))
        query = select(t.send_id, t.attempts, t.concluded).where(some, t.state == int(SendState.UNKNOWN))
        for row in connection.execute(query.order_by(t.send_id)).all():
            values = {"changed": now, "due": None, "concluded": row.concluded or now}
            if decision == "resend":
                values |= {"state": int(SendState.RETRY), "reason": "unknown", "due": now, "claimed": now,
                           "concluded": row.concluded}  # fmt: skip
            elif decision == "sent":
                values |= {"state": int(SendState.ACCEPTED), "reason": None}
            else:
                values |= {"state": int(SendState.FAILED), "reason": "unknown"}
            connection.execute(update(sends).where(t.send_id == row.send_id).values(**values))
            said = f"decided by {actor}: {decision}"[:1000]
            which = (send_attempts.c.send_id == row.send_id, send_attempts.c.number == row.attempts)
            connection.execute(update(send_attempts).where(*which).values(detail=said))
            found.append(row.send_id)
    return found
