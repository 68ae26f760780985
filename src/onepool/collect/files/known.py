"""What an import asks about orders that became known before, to tell what an export says otherwise now."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Known(Protocol):
    """What is known of the orders of one touchpoint."""

    def begin(self) -> bool:
        """To be called for each file, before the questions; whether anything is known at all."""

    def figures(self, order_ids: pa.Array) -> pa.Table:
        """Of these orders, each pair of amount and discount that was ever told of them: ``order_id``, ``amount``,
        ``discount``, ``paid`` (whether the order was said to be paid)."""

    def refunds(self, order_ids: pa.Array) -> pa.Table:
        """Of these orders, what their refunds came to after each of them: ``order_id``, ``refund_id``, ``amount``,
        ``latest`` (whether nothing came after it)."""
