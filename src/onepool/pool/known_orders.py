"""What the pool knows of the figures of orders: asked by imports, to tell what an export says otherwise now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa

from onepool.pool.engine import Engine, PoolBusy

_DESCRIBED: Final = ["order_placed", "order_paid", "order_corrected"]


class KnownOrders:
    """The orders of one touchpoint (see `collect.files.known.Known`).

    ``hundredths``: its files give amounts so. ``fresh``: called for each file, so that what was imported just before is
    in the pool.
    """

    def __init__(
        self, pool: Callable[[], Engine], touchpoint: str, *, hundredths: bool, fresh: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._touchpoint = touchpoint
        self._times = 100 if hundredths else 1
        self._fresh = fresh

    def begin(self) -> bool:
        """To be called for each file, before the questions; whether anything is known at all."""
        self._fresh()
        try:
            found = self._pool().query(
                "SELECT 1 FROM orders WHERE touchpoint = $touchpoint LIMIT 1", {"touchpoint": self._touchpoint}
            )
        except PoolBusy:
            return False
        return bool(found.num_rows)

    def figures(self, order_ids: pa.ChunkedArray) -> pa.Table:
        """Of these orders, each pair of amount and discount that was ever told of them: ``order_id``, ``amount``,
        ``discount``, ``paid`` (whether the order was said to be paid)."""
        return self._asked(
            f"""SELECT order_id, (amount * {self._times})::DECIMAL(18,4) AS amount,
                (discount * {self._times})::DECIMAL(18,4) AS discount,
                bool_or(event = 'order_paid') AS paid
            FROM events WHERE touchpoint = $touchpoint AND event IN (SELECT unnest($names)) AND order_id IN
                (SELECT unnest($ids)) GROUP BY ALL""",
            order_ids,
            names=_DESCRIBED,
        )

    def refunds(self, order_ids: pa.ChunkedArray) -> pa.Table:
        """Of these orders, what their refunds came to after each of them: ``order_id``, ``refund_id``, ``amount``,
        ``latest`` (whether nothing came after it)."""
        return self._asked(
            f"""SELECT order_id, refund_id, (sum(amount) OVER told * {self._times})::DECIMAL(18,4) AS amount,
                lead(seq) OVER told IS NULL AS latest
            FROM events WHERE touchpoint = $touchpoint AND event = 'order_refunded' AND order_id IN
                (SELECT unnest($ids)) WINDOW told AS (PARTITION BY order_id, refund_id ORDER BY seq)""",
            order_ids,
        )

    def _asked(self, sql: str, order_ids: pa.ChunkedArray, **more: list[str]) -> pa.Table:
        return self._pool().query(sql, {"touchpoint": self._touchpoint, "ids": order_ids.to_pylist(), **more})
