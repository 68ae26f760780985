"""Orders as a fold of order events: the same outcome whatever the order of arrival and the batches.

Who ordered, where and what is said by the latest event that describes the order; without any, by the latest event.
Its status is that of its latest step or refund; an order that was completed stays so where only a part of its money was
given back after that, and `refunded_amount` says how much.

Refunds with a number are told one by one and add up. What is given back without a number (by a file that has one column
for it, by a shop that numbers none) is of the order as a whole: the same money, where numbers became known as well.
So the order was given back the larger of both sums, whichever was told first.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from onepool.pool import Session

# What an order event says about the order's status.
STATUS = {
    "order_placed": "placed",
    "order_paid": "paid",
    "order_shipped": "shipped",
    "order_completed": "completed",
    "order_cancelled": "cancelled",
    "order_refunded": "refunded",
}

_NAMES = (*STATUS, "order_corrected")

EVENTS: Final = pa.array(list(_NAMES))
"""The events that are of orders."""

READ: Final = [
    *("touchpoint", "order_id", "event", "time", "seq", "amount"),
    *("identifier_id", "discount", "currency", "store_id", "channel", "items", "refund_id"),
]
"""The columns of them that are read."""

# Events whose contents (amount, items, store …) describe the whole order.
_CONTENT = ("order_placed", "order_paid", "order_corrected")

# (time, seq) as one sortable number.
_SHIFT = "9223372036854775807"
_AT = f"(epoch_us(time)::HUGEINT * {_SHIFT} + seq)"

DESCRIBED_AT = f"(described // {_SHIFT})::BIGINT"
"""Time in microseconds of the event that describes an order."""

SAID_BY = f"(coalesce(described, updated) % {_SHIFT})::BIGINT"
"""seq of the event that says who ordered."""


STANDS = """CASE WHEN stage IS NULL THEN CASE WHEN refunded_at IS NOT NULL THEN 'refunded' END
    WHEN updated > stage_at AND NOT coalesce(stage = 'completed' AND refunded_amount < amount, false) THEN 'refunded'
    ELSE stage END"""
"""The status of an order, of its other columns."""


def fold(session: Session) -> None:
    """Fold the order events of the relation `_events` (the columns `READ` of table events) into table `orders`."""
    cases = " ".join(f"WHEN '{event}' THEN '{status}'" for event, status in STATUS.items())
    names = ", ".join(f"'{event}'" for event in _NAMES)
    content = ", ".join(f"'{event}'" for event in _CONTENT)
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE order_facts AS
        SELECT touchpoint, order_id,
            min(time) FILTER (event = 'order_placed') AS placed_at,
            min(time) FILTER (event = 'order_paid') AS paid_at,
            max(time) FILTER (event = 'order_refunded') AS refunded_at,
            max(time) FILTER (event IN ('order_completed', 'order_cancelled')) AS closed_at,
            sum(amount) FILTER (event = 'order_refunded' AND refund_id IS NOT NULL) AS numbered,
            sum(amount) FILTER (event = 'order_refunded' AND refund_id IS NULL) AS unnumbered,
            arg_max(CASE event {cases} END, {_AT}) FILTER (event <> 'order_refunded') AS stage,
            max({_AT}) FILTER (event NOT IN ('order_corrected', 'order_refunded')) AS stage_at,
            max({_AT}) FILTER (event <> 'order_corrected') AS updated,
            max({_AT}) FILTER (event IN ({content})) AS described,
            arg_max(struct_pack(identifier_id, amount, discount, currency, store_id, channel, items), {_AT})
                FILTER (event IN ({content})) AS content,
            arg_max(struct_pack(identifier_id, currency, store_id, channel), {_AT}) AS latest
        FROM _events WHERE order_id IS NOT NULL AND event IN ({names}) GROUP BY touchpoint, order_id"""
    )
    session.execute(
        f"""CREATE OR REPLACE TEMP TABLE order_rows AS
        SELECT *, {STANDS} AS status FROM (SELECT *, greatest(refunded_numbered, refunded_unnumbered) AS refunded_amount
        FROM (SELECT n.touchpoint, n.order_id,
            CASE WHEN newer THEN n.said.identifier_id ELSE o.identifier_id END AS identifier_id,
            least(n.placed_at, o.placed_at) AS placed_at,
            least(n.paid_at, o.paid_at) AS paid_at,
            greatest(n.refunded_at, o.refunded_at) AS refunded_at,
            greatest(n.closed_at, o.closed_at) AS closed_at,
            CASE WHEN o.stage_at IS NULL OR n.stage_at > o.stage_at THEN n.stage ELSE o.stage END AS stage,
            greatest(n.stage_at, o.stage_at) AS stage_at,
            CASE WHEN newer THEN n.content.amount ELSE o.amount END AS amount,
            CASE WHEN newer THEN n.content.discount ELSE o.discount END AS discount,
            coalesce(n.numbered + o.refunded_numbered, n.numbered, o.refunded_numbered) AS refunded_numbered,
            coalesce(n.unnumbered + o.refunded_unnumbered, n.unnumbered, o.refunded_unnumbered)
                AS refunded_unnumbered,
            CASE WHEN newer THEN n.said.currency ELSE o.currency END AS currency,
            CASE WHEN newer THEN n.said.store_id ELSE o.store_id END AS store_id,
            CASE WHEN newer THEN n.said.channel ELSE o.channel END AS channel,
            greatest(n.updated, o.updated) AS updated,
            greatest(n.described, o.described) AS described,
            CASE WHEN newer THEN n.content.items ELSE o.items END AS items
        FROM (SELECT f.*,
                CASE WHEN f.described IS NULL THEN f.latest ELSE struct_pack(
                    identifier_id := f.content.identifier_id, currency := f.content.currency,
                    store_id := f.content.store_id, channel := f.content.channel) END AS said,
                CASE WHEN o.order_id IS NULL THEN true
                    WHEN o.described IS NULL THEN f.described IS NOT NULL OR f.updated > o.updated
                    ELSE coalesce(f.described > o.described, false) END AS newer
              FROM order_facts f LEFT JOIN orders o USING (touchpoint, order_id)) n
        LEFT JOIN orders o ON o.touchpoint = n.touchpoint AND o.order_id = n.order_id))"""
    )
    session.execute(
        "DELETE FROM orders o USING order_rows r WHERE o.touchpoint = r.touchpoint AND o.order_id = r.order_id"
    )
    session.execute("INSERT INTO orders BY NAME SELECT * FROM order_rows")
    session.execute("DROP TABLE order_rows")
    session.execute("DROP TABLE order_facts")
