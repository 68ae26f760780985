"""One run, decision by decision: steps, hops, calls, receipts, in the order in which they happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from onepool.journeys.explain import counted
from onepool.journeys.explain.counted import Counted
from onepool.journeys.explain.words import CALLS, REASONS, STATES, Title, edge_words, reason_words, title
from onepool.journeys.store import Published
from onepool.pool import Session
from onepool.reach import policies
from onepool.reach.coupons.among import among
from onepool.reach.rules import ContactPolicy, SendPolicy
from onepool.reach.states import SendState
from onepool.state.journeys import runs
from onepool.state.outbox import send_attempts, sends

Kind = Literal["entry", "step", "hop", "claim", "attempt", "receipt", "end"]


@dataclass(frozen=True, slots=True)
class Told:
    """One decision. `at`: microseconds; `counted`: of a message over a cap, those that counted."""

    at: int
    kind: Kind
    node: str | None
    edge: str | None
    what: Title
    reason: str | None = None
    send_id: int | None = None
    channel: str | None = None
    counted: list[Counted] = field(default_factory=list)


def paths(
    session: Session,
    connection: Connection,
    run_ids: Sequence[int],
    versions: Mapping[int, Published],
    contact: ContactPolicy,
) -> dict[int, list[Told]]:
    """What happened to each run. `versions`: by id."""
    found: dict[int, list[tuple[int, float, Told]]] = {one: [] for one in run_ids}
    planned: dict[tuple[int, str | None, str], int] = {}
    for row in _steps(session, run_ids):
        version = versions.get(row["version_id"])
        node = None if version is None or row["node"] < 0 else version.nodes[row["node"]]
        edge = row["edge"]
        kind: Kind = "entry" if row["node"] < 0 and not edge.startswith("end:") else (
            "end" if edge.startswith("end:") else "hop" if edge == "hop" else "step"
        )  # fmt: skip
        detail = row["detail"] or ""
        channel, _, reason = detail.partition(":") if edge == "hop" else ("", "", detail)
        reason = reason if reason in REASONS else ""
        told = Told(
            row["at"], kind, node, edge, edge_words(edge, row["detail"]), reason or None, channel=channel or None
        )
        found[row["run_id"]].append((row["at"], row["seq"], told))
        if edge == "hop":
            planned.setdefault((row["run_id"], node, channel), row["seq"])
    rows = _sends(connection, run_ids)
    rules = policies.stored(connection, {row.policy for row in rows})
    attempts = _attempts(connection, [row.send_id for row in rows])
    for sent in rows:
        version = versions.get(sent.version_id)
        node = None if version is None else version.nodes[sent.node]
        for told in _of_send(connection, sent, node, attempts.get(sent.send_id, []), rules[sent.policy], contact):
            # What is told of a message stands behind the step that planned it.
            found[sent.run_id].append((told.at, planned.get((sent.run_id, node, sent.channel), 0) + 0.5, told))
    return {run_id: [told for _, _, told in sorted(some, key=lambda one: one[:2])] for run_id, some in found.items()}


def _steps(session: Session, run_ids: Sequence[int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.query(
        """SELECT run_id, version_id, seq, node, edge, "at", detail FROM journey_steps
        WHERE list_contains($runs::BIGINT[], run_id) ORDER BY run_id, seq""",
        {"runs": list(run_ids)},
    ).to_pylist()
    return rows


def _sends(connection: Connection, run_ids: Sequence[int]) -> Sequence[Row[Any]]:
    # Messages are found by their customers.
    whose = select(runs.c.customer_id).where(among(connection, runs.c.run_id, list(run_ids)))
    mine = among(connection, sends.c.run_id, list(run_ids))
    return connection.execute(select(sends).where(sends.c.customer_id.in_(whose), mine)).all()


def _attempts(connection: Connection, send_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    table = send_attempts
    found: dict[int, list[Row[Any]]] = {}
    where = among(connection, table.c.send_id, list(send_ids))
    for row in connection.execute(select(table).where(where).order_by(table.c.send_id, table.c.number)):
        found.setdefault(row.send_id, []).append(row)
    return found


def _of_send(
    connection: Connection,
    row: Row[Any],
    node: str | None,
    attempts: Sequence[Row[Any]],
    policy: SendPolicy,
    contact: ContactPolicy,
) -> list[Told]:
    """What is known of a message beside the steps of its run."""
    said: list[Told] = []

    def tell(at: int, kind: Kind, what: Title, reason: str | None = None, past: list[Counted] | None = None) -> None:
        said.append(Told(at, kind, node, None, what, reason, row.send_id, row.channel, past or []))

    state = SendState(row.state)
    if state == SendState.DEFERRED and row.due is not None:
        tell(row.planned, "claim", title("推迟到允许的时段再发", "put off until it may go out"))
    for one in attempts:
        zh, en = CALLS.get(one.state, (one.state, one.state))
        code = f" {one.code}" if one.code else ""
        why = reason_words(one.reason) if one.reason else None
        what = title(
            f"第 {one.number} 次调用：{zh}{code}" + (f"（{why['zh']}）" if why else ""),
            f"call {one.number}: {en}{code}" + (f" ({why['en']})" if why else ""),
        )
        tell(one.at, "attempt", what, one.reason)
    for name in ("delivered", "read", "clicked"):
        at = getattr(row, name)
        if at is not None:
            tell(at, "receipt", title(*STATES[name]))
    if state in (SendState.SUPPRESSED, SendState.CANCELLED, SendState.FAILED, SendState.BOUNCED, SendState.UNKNOWN):
        reason = row.reason or "unknown"
        past: list[Counted] = []
        at = row.concluded or row.planned
        if reason == "capped":
            over = Counted(row.send_id, at, row.journey, row.channel, row.category)
            before = counted.ledger(connection, row.customer_id, at - counted.LONGEST, at)
            past = counted.over(over, before, policy, contact, policy.zone_else or contact.zone)
        words, because = title(*STATES[state.name.lower()]), reason_words(reason)
        what = title(f"{words['zh']}：{because['zh']}", f"{words['en']}: {because['en']}")
        tell(at, "claim" if state in (SendState.SUPPRESSED, SendState.CANCELLED) else "receipt", what, reason, past)
    elif state >= SendState.ACCEPTED and not attempts:
        tell(row.concluded or row.planned, "receipt", title(*STATES["accepted"]))
    elif state in (SendState.TASK, SendState.QUEUED, SendState.CLAIMED, SendState.RETRY):
        tell(row.claimed or row.planned, "claim", title(*STATES[state.name.lower()]), row.reason)
    return said


def loaded(text: str | None) -> dict[str, Any]:
    """A JSON object of a run, without what the executor keeps for itself."""
    said = json.loads(text) if text else {}
    return {name: value for name, value in said.items() if not name.startswith("@")}
