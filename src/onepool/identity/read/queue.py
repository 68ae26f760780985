"""What waits for people: links that a rule rejected, and pairs that the model finds alike, by the money at stake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import select, text

from onepool.identity import decisions
from onepool.identity.read.sources import Sources, Tenures, customers_of, links_by_id, tenures
from onepool.pool import Session
from onepool.pool.schema import NET_AMOUNT
from onepool.state import schema

Kind = Literal["candidate", "conflict"]

# Written as the partial index `links_unjoined` is: SQLite uses it only for this very text.
UNJOINED = text("links.status NOT IN ('joined', 'follows')")

OPEN_REASONS = ("limit", "name", "unproved", "size")
"""Why links wait for people; `never` is what people said themselves."""

# Pairs of two customers (or of one, where `same`) that nobody ruled on.
_ENDS = """ends AS (
        SELECT p.ref, p.kind, p.a, p.b, one.customer_id AS customer_a, other.customer_id AS customer_b
        FROM identity_pairs p JOIN customer_of one ON one.identifier_id = p.a
            JOIN customer_of other ON other.identifier_id = p.b
        WHERE (one.customer_id <> other.customer_id OR $same) AND NOT EXISTS (
            FROM identity_settled s JOIN customer_of left_one ON left_one.identifier_id = s.a
                JOIN customer_of right_one ON right_one.identifier_id = s.b
            WHERE (left_one.customer_id, right_one.customer_id) IN (
                (one.customer_id, other.customer_id), (other.customer_id, one.customer_id)))
        QUALIFY NOT $once OR row_number() OVER (
            PARTITION BY p.kind, least(one.customer_id, other.customer_id), greatest(one.customer_id, other.customer_id)
            ORDER BY p.ref) = 1
    )"""

# Paid minus refunded of the customers of pairs, in the workspace's currency (a missing one counts as that).
_RANKED = f"""WITH {_ENDS}, spent AS (
        SELECT c.customer_id, sum({NET_AMOUNT}) AS spend
        FROM orders o JOIN customer_of c USING (identifier_id)
        WHERE o.paid_at IS NOT NULL AND coalesce(o.currency, $currency) = $currency AND c.customer_id IN (
            SELECT customer_a FROM ends UNION ALL SELECT customer_b FROM ends)
        GROUP BY 1
    )
    SELECT e.*, CASE WHEN customer_a = customer_b THEN coalesce(one.spend, 0)
            ELSE coalesce(one.spend, 0) + coalesce(other.spend, 0) END AS value, count(*) OVER () AS total
    FROM ends e LEFT JOIN spent one ON one.customer_id = customer_a
        LEFT JOIN spent other ON other.customer_id = customer_b
    ORDER BY value DESC, kind, ref LIMIT $limit OFFSET $offset"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two identifiers of (mostly) two customers, and what both customers paid. `ref`: id of the candidate or link."""

    kind: Kind
    ref: int
    a: int
    b: int
    customer_a: int
    customer_b: int
    value: Decimal


def ranked(
    session: Session,
    pairs: Iterable[tuple[Kind, int, int, int]],
    *,
    currency: str,
    offset: int = 0,
    limit: int = 50,
    same: bool = False,
    once: bool = False,
    settled: Sequence[tuple[int, int]] = (),
) -> tuple[list[Pair], int]:
    """A page of pairs (kind, ref, a, b), the most valuable first, and how many there are.

    Left out: pairs whose ends have become one customer, but for `same`; pairs of customers that `settled` rules on.
    `once`: of the same two customers one proposal and one conflict at most: one judgement settles all others.
    """
    _offer_pairs(session, pairs, settled)
    params = {"currency": currency, "limit": limit, "offset": offset, "same": same, "once": once}
    found = session.query(_RANKED, params).to_pylist()
    total = found[0]["total"] if found else 0
    if not found and offset:
        # Beyond the last page: the number is still asked for.
        first = session.query(_RANKED, {**params, "limit": 1, "offset": 0}).to_pylist()
        total = first[0]["total"] if first else 0
    return [
        Pair(r["kind"], r["ref"], r["a"], r["b"], r["customer_a"], r["customer_b"], Decimal(r["value"])) for r in found
    ], total


def count_ranked(
    session: Session, pairs: Iterable[tuple[Kind, int, int, int]], *, once: bool = False,
    settled: Sequence[tuple[int, int]] = (),
) -> int:  # fmt: skip
    """How many pairs `ranked` would list of these."""
    _offer_pairs(session, pairs, settled)
    found = session.query(f"WITH {_ENDS} SELECT count(*) AS n FROM ends", {"same": False, "once": once})
    return int(found["n"][0].as_py())


def _offer_pairs(
    session: Session, pairs: Iterable[tuple[Kind, int, int, int]], settled: Sequence[tuple[int, int]]
) -> None:
    """Let `_ENDS` read pairs and rulings, as the relations identity_pairs and identity_settled."""
    rows = list(pairs)
    columns = ("kind", pa.string()), ("ref", pa.int64()), ("a", pa.int64()), ("b", pa.int64())
    table = pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(columns)})
    session.relation("identity_pairs", table)
    ends = {name: pa.array([pair[place] for pair in settled], pa.int64()) for place, name in enumerate(("a", "b"))}
    session.relation("identity_settled", pa.table(ends))


def open_conflicts(sources: Sources, reason: str | None = None) -> list[tuple[Kind, int, int, int]]:
    """Links that a limit or a name keeps from joining and that nobody ruled on: (kind, link id, a, b).

    `reason`: only those of this reason (limit, name, unproved, size); `never`: those that people keep apart.
    """
    table = schema.links
    query = select(table.c.id, table.c.a, table.c.b, table.c.first_time, table.c.reason).where(
        UNJOINED, table.c.status == "conflict"
    )
    with sources.state.read() as connection:
        spans = tenures(connection)
        rows = connection.execute(query).all()
    return [_pair(row, spans) for row in rows if _wanted(row, reason)]


def settled(sources: Sources) -> list[tuple[int, int]]:
    """Pairs that people ruled on and that the tick has yet to take up: nobody need be asked about them again."""
    with sources.state.read() as connection:
        rulings = decisions.unapplied(connection)
    pairs = [(one.a, one.b) for one in rulings if one.kind in ("merge", "never") and one.undone_by is None]
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def candidates(sources: Sources, status: Sequence[str]) -> list[tuple[Kind, int, int, int]]:
    """Pairs that the model proposed: (kind, candidate id, a, b)."""
    table = schema.candidates
    with sources.state.read() as connection:
        rows = connection.execute(select(table.c.id, table.c.a, table.c.b).where(table.c.status.in_(status))).all()
    return [("candidate", row.id, row.a, row.b) for row in rows]


def alike(sources: Sources, items: Iterable[tuple[Kind, int]]) -> list[tuple[Kind, int]]:
    """These items, and all others of their kind that wait for a judgement on the same two customers."""
    named = set(items)
    waiting = candidates(sources, ["open"]) + open_conflicts(sources)
    owner = customers_of(sources.session, {end for _, _, a, b in waiting for end in (a, b)})
    pairs = {(kind, ref): (kind, frozenset((owner.get(a), owner.get(b)))) for kind, ref, a, b in waiting}
    wanted = {pairs[one] for one in named if one in pairs and len(pairs[one][1]) == 2}
    return sorted(named | {one for one, pair in pairs.items() if pair in wanted})


def ends(sources: Sources, kind: str, number: int) -> tuple[int, int] | None:
    """The two identifiers of a candidate or of a conflict; None when there is no such thing (any more)."""
    if kind == "candidate":
        row = candidates_by_id(sources, [number]).get(number)
        return None if row is None else (row.a, row.b)
    link = links_by_id(sources, [number]).get(number)
    return None if link is None or link.status != "conflict" else (link.a, link.b)


def candidates_by_id(sources: Sources, ids: Sequence[int]) -> dict[int, Any]:
    """Candidates by their ids."""
    table = schema.candidates
    with sources.state.read() as connection:
        return {row.id: row for row in connection.execute(select(table).where(table.c.id.in_(ids)))}


def reason_code(reason: str) -> str:
    """limit, name, unproved, size or never."""
    return reason.partition(":")[0]


def _wanted(row: Any, reason: str | None) -> bool:
    code = reason_code(row.reason)
    return code != "never" if reason is None else code == reason


def _pair(row: Any, spans: Tenures) -> tuple[Kind, int, int, int]:
    return "conflict", row.id, spans.at(row.a, row.first_time), spans.at(row.b, row.first_time)
