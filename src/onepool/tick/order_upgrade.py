"""Orders of a pool that an earlier OnePool made, so that what it knows is known by the names of now. Once for a pool.

Steps of imported orders had identities of their own, so that a shop's order that came by file and was fetched as well
counted twice. Where both are in a pool already, making it again (`onepool rebuild`) leaves one.
"""

from __future__ import annotations

import hashlib
from typing import Final

import pyarrow as pa

from onepool.pool import Session
from onepool.standards.gathered import event_id
from onepool.tick import marks, orders

_MARK: Final = "orders"
_DONE: Final = "3"
_AT_ONCE: Final = 200_000


def upgrade(session: Session) -> None:
    """Bring the pool's orders up to date, in the caller's transaction."""
    if marks.get(session, _MARK) == _DONE:
        return
    if session.query("SELECT 1 FROM orders LIMIT 1").num_rows:
        _stages(session)
        _identities(session)
        _refunds(session)
    marks.put(session, _MARK, _DONE)


def _stages(session: Session) -> None:
    """What an order was beside its refunds; of one that is refunded it is not known any more what it was shipped."""
    session.execute(
        """UPDATE orders SET stage_at = updated - CASE status WHEN 'refunded' THEN 1 ELSE 0 END,
            stage = CASE WHEN status <> 'refunded' THEN status WHEN closed_at IS NOT NULL THEN 'completed'
                WHEN paid_at IS NOT NULL THEN 'paid' WHEN placed_at IS NOT NULL THEN 'placed' END
        WHERE stage_at IS NULL AND status IS NOT NULL"""
    )
    session.execute("UPDATE orders SET stage_at = NULL WHERE stage IS NULL")
    session.execute(f"UPDATE orders SET status = {orders.STANDS} WHERE status = 'refunded'")


def _refunds(session: Session) -> None:
    """What was given back with numbers and without, of which the larger is the order's now."""
    session.execute(
        """UPDATE orders SET refunded_numbered = r.numbered, refunded_unnumbered = r.unnumbered,
            refunded_amount = greatest(r.numbered, r.unnumbered)
        FROM (SELECT touchpoint, order_id, sum(amount) FILTER (refund_id IS NOT NULL) AS numbered,
                sum(amount) FILTER (refund_id IS NULL) AS unnumbered
            FROM events WHERE event = 'order_refunded' AND order_id IS NOT NULL GROUP BY ALL) r
        WHERE orders.touchpoint = r.touchpoint AND orders.order_id = r.order_id"""
    )
    session.execute(f"UPDATE orders SET status = {orders.STANDS} WHERE refunded_amount IS NOT NULL")


def _identities(session: Session) -> None:
    """Events whose identity is the one that imported files gave them."""
    last = -1
    while True:
        some = session.query(
            f"""SELECT seq, event_id::VARCHAR AS id, touchpoint, event, order_id, refund_id FROM events
            WHERE seq > $last AND order_id IS NOT NULL AND event IN ({", ".join(f"'{one}'" for one in orders.STATUS)})
            ORDER BY seq LIMIT {_AT_ONCE}""",
            {"last": last},
        )
        if some.num_rows == 0:
            return
        found = [(row["seq"], now) for row in some.to_pylist() if (now := _now(row)) is not None]
        if found:
            numbers, ids = zip(*found, strict=True)
            session.relation("_renamed", pa.table({"seq": pa.array(numbers, pa.int64()), "id": pa.array(ids)}))
            session.execute("UPDATE events SET event_id = r.id::UUID FROM _renamed r WHERE events.seq = r.seq")
        last = some.column("seq")[-1].as_py()


def _now(row: dict[str, str]) -> str | None:
    """The identity of an event now, where it is another than it was."""
    written = f"{row['event']}:{row['order_id']}"
    if row["event"] == "order_refunded" and row["refund_id"]:
        written += f":{row['refund_id']}"
    before = hashlib.blake2b(f"{row['touchpoint']}\0{written}".encode(), digest_size=16).hexdigest()
    now = event_id(row["touchpoint"], written).hex()
    return now if before == row["id"].replace("-", "") and now != before else None
