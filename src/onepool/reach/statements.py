"""What somebody of the brand, or a program, writes down of a person's wishes on their behalf; and how they stand.

A statement goes into the log like every other word, so the pool, journeys and the ledger learn of it in one way; a
withdrawal keeps messages back from the moment it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlalchemy import Connection, select

from onepool.clock import Clock, to_micros
from onepool.collect.log import Log
from onepool.collect.preference_words import Choice, stated, stops_of
from onepool.errors import OnePoolError
from onepool.privacy.audit import record_in
from onepool.privacy.consents import ledger, links, stops
from onepool.privacy.consents.ledger import Entry
from onepool.privacy.consents.reading import ASKED, BEARERS, consented
from onepool.reach import suppression
from onepool.state import State
from onepool.state.schema import identifiers

_LASTING: Final = ("phone", "email", "unionid", "member_no", "user_id", "openid")
"""Types of identifiers by which a statement names the person best, the best first."""


class StatementError(OnePoolError):
    """A statement that can't be made."""

    code = "consent"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a customer has consented to a purpose over a channel, by which word, and what keeps messages back."""

    purpose: str
    category: str
    channel: str
    granted: bool
    proof: Entry | None
    stopped: str | None


def standing(
    connection: Connection, customer: int, nodes: Sequence[int], asked: Sequence[tuple[str, str, str]], at: int
) -> list[Standing]:
    """How a customer stands for each (purpose, category, channel) now. `nodes`: all identifiers of the customer."""
    if not asked:
        return []
    own = pa.table([[customer] * len(nodes), list(nodes)], schema=BEARERS)
    parts = [list(column) for column in zip(*asked, strict=True)]
    table = pa.table([[customer] * len(asked), *parts], schema=ASKED)
    held = consented(connection, own, table, at)
    why = suppression.suppressed(
        connection, own, table.append_column("identifier_id", pa.nulls(len(asked), pa.int64())), at
    )
    proofs = ledger.proofs(connection, [int(seq) for seq in set(held.seq.tolist()) if seq >= 0])
    return [
        Standing(*one, granted=bool(held.granted[row]), proof=proofs.get(int(held.seq[row])), stopped=why[row])
        for row, one in enumerate(asked)
    ]


def state_for(
    state: State,
    log: Log,
    clock: Clock,
    customer: int,
    nodes: Sequence[int],
    choices: Sequence[Choice],
    *,
    actor: str,
    method: str,
    reason: str,
    notice: str = "",
    notice_hash: str = "",
    evidence: str = "",
) -> int:
    """Write a person's wishes down; the offset in the log. On disk, audited and in force when it returns.

    `nodes`: all identifiers of the customer. Raises StatementError where there is nothing to say, or nobody to name.
    """
    if not choices:
        raise StatementError("say what is granted or withdrawn", where="choices")
    with state.read() as connection:
        node, whose = _named(connection, nodes)
    record = stated(
        whose, choices, clock.now(), method=method, reason=reason, notice=notice, notice_hash=notice_hash,
        evidence={"by": actor} | ({"note": evidence} if evidence else {}),
    )  # fmt: skip
    (offset,) = log.append([record])
    with state.write() as connection:
        wanted = stops_of(node, choices)
        stops.stop(connection, wanted, offset=offset, source=method, at=to_micros(clock.now()))
        told = [
            {"granted": one.yes, "purpose": one.purpose, "category": one.category, "channel": one.channel}
            for one in choices
        ]
        detail = {"choices": told, "reason": reason, "log_offset": offset}
        record_in(connection, clock, actor, "consent.record", f"customer:{customer}", detail)  # type: ignore[arg-type]
    return offset


def page_link(state: State, clock: Clock, customer: int, nodes: Sequence[int], *, actor: str) -> str:
    """The path of the customer's preference page, to be sent to them by hand."""
    with state.write() as connection:
        node, _ = _named(connection, nodes)
        (token,) = links.make(connection, [(node, None)], clock.now())
        record_in(connection, clock, actor, "consent.link", f"customer:{customer}")
    return f"/p/{token}"


def _named(connection: Connection, nodes: Sequence[int]) -> tuple[int, tuple[str, str, str]]:
    """The identifier by which a statement names the person: one that lasts, and that was never handed on."""
    t = identifiers.c
    found: list[tuple[int, int, tuple[str, str, str]]] = []
    for start in range(0, len(nodes), 500):
        some = list(nodes[start : start + 500])
        handed_on = select(t.base).where(t.base.in_(some))
        query = select(t.id, t.type, t.scope, t.value).where(t.id.in_(some), t.base.is_(None), t.id.not_in(handed_on))
        for row in connection.execute(query):
            rank = _LASTING.index(row.type) if row.type in _LASTING else len(_LASTING)
            found.append((rank, row.id, (row.type, row.scope, row.value)))
    if not found:
        raise StatementError("nothing names this customer alone", hint="ask the person to use their preference page")
    _, node, whose = min(found)
    return node, whose
