"""Customers side by side: what a reviewer sees of each. Values in clear."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from onepool.identity.read.sources import Node, Sources, members, nodes
from onepool.pool import customers

SHOWN = 50
"""Identifiers of one customer in a comparison."""


@dataclass(frozen=True, slots=True)
class Brief:
    """One customer. `row` is None when the pool has no profile of it (yet)."""

    customer_id: int
    row: customers.Row | None
    identifiers: list[Node]


def briefs(sources: Sources, ids: Collection[int], currency: str) -> dict[int, Brief]:
    """The briefs of present customers, by number."""
    wanted = sorted(set(ids))
    own = members(sources.session, wanted)
    rows = customers.rows(sources.session, wanted, attributes=list(sources.standard.attributes), currency=currency)
    row_of = {row.customer_id: row for row in rows}
    known = nodes(sources, {number for some in own.values() for number in some[:SHOWN]})
    return {
        number: Brief(
            number,
            row_of.get(number),
            [known[one] for one in own.get(number, [])[:SHOWN] if one in known],
        )
        for number in wanted
    }
