"""One customer from Python."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from onepool.api.lookup import show_customer
from onepool.handle.table import Table
from onepool.pool import customers
from onepool.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer."""

    workspace: Workspace
    customer_id: int

    def timeline(self, limit: int = 1000) -> Table:
        """Their latest events, newest first: event_id, event, time, channel, touchpoint, amount, currency, fields."""
        with self.workspace.pool.read() as session:
            ids = customers.identifier_ids(session, self.customer_id)
            found = session.query(
                """SELECT event_id, event, time, channel, touchpoint, amount, currency, order_id, fields FROM events
                WHERE identifier_id IN (SELECT unnest($ids)) ORDER BY time DESC, seq DESC LIMIT $limit""",
                {"ids": ids, "limit": limit},
            )
        return Table(found)

    def tags(self) -> Table:
        """Their tags: tag, value, number, list, as_of."""
        found = self.workspace.pool.query(
            "SELECT tag, value, number, list, as_of FROM tag_values WHERE customer_id = $id ORDER BY tag",
            {"id": self.customer_id},
        )
        return Table(found)

    def show(self) -> dict[str, Table]:
        """The customer page as titled tables (customer, identifiers, attributes, tags, segments, latest events), masked
        as for one who may not see names."""
        workspace = self.workspace
        with workspace.pool.read() as session:
            found = show_customer(session, self.customer_id, workspace.standard(), workspace.settings.currency)
        return {title: Table(pa.Table.from_pylist(rows)) for title, rows in found.items()}
