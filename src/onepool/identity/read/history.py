"""Whose an identifier was at an earlier time, from the moves that the tick wrote down."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, select

from onepool.identity.read.sources import Sources, customers_of, in_parts
from onepool.state import schema


def customers_at(sources: Sources, ids: Collection[int], instant: int) -> dict[int, int]:
    """The customer of each identifier as of an instant (µs), as the last tick at or before it left them.

    What was said of the time before and came in later is not in it: it answers what OnePool knew then. An identifier
    that came later has the customer that it began with; unknown ones are left out.
    """
    now = customers_of(sources.session, ids)
    with sources.state.read() as connection:
        return before(connection, now, instant)


def before(connection: Connection, now: Mapping[int, int], instant: int) -> dict[int, int]:
    """Customers as of an instant in µs, from those of now; both by identifier."""
    table = schema.customer_changes
    then = dict(now)
    for part in in_parts(now):
        later = (
            select(func.min(table.c.id))
            .where(table.c.customer_id.in_(part), table.c.at > instant)
            # Ticks are written one after the other: the first row after the instant says what it was until then.
            .group_by(table.c.customer_id)
        )
        rows = select(table.c.kind, table.c.customer_id, table.c.other_id).where(table.c.id.in_(later))
        for kind, identifier, other in connection.execute(rows):
            then[identifier] = identifier if kind == "merge" else other
    return then
