"""Identity in the pool: identifiers, the map to customers, and whose the history of a value handed on is."""

from __future__ import annotations

import pyarrow as pa

from onepool.audience.lists import entries
from onepool.identity import Resolved, Resolver
from onepool.identity.arrays import LATER
from onepool.pool import Session
from onepool.tick.orders import SAID_BY


def write(session: Session, resolved: Resolved) -> None:
    """Bring the pool to what a batch meant for identity, its rows being there already."""
    if resolved.new.num_rows:
        session.append("identifiers", resolved.new)
    if resolved.seen.num_rows:
        session.relation("_seen", resolved.seen)
        session.execute(
            """UPDATE identifiers SET first_seen = least(identifiers.first_seen, s.first_seen),
                last_seen = greatest(identifiers.last_seen, s.last_seen) FROM _seen s
            WHERE coalesce(identifiers.base, identifiers.identifier_id) = s.identifier_id
                AND (s.last_seen > identifiers.last_seen OR s.first_seen < identifiers.first_seen
                    OR identifiers.last_seen IS NULL)"""
        )
    moved = resolved.moved
    if moved.num_rows:
        session.relation("_moved", moved)
        session.execute(
            """UPDATE customer_of SET customer_id = m.customer_id FROM _moved m
            WHERE customer_of.identifier_id = m.identifier_id AND m.was IS NOT NULL"""
        )
        session.execute(
            "INSERT INTO customer_of BY NAME SELECT identifier_id, customer_id FROM _moved WHERE was IS NULL"
        )
    retime(session, resolved.retimed)
    entries.rematch(session, resolved.new, resolved.retimed)


def retime(session: Session, tenures: pa.Table) -> None:
    """Give the history of values that were handed on to the tenure that each row falls into.

    `tenures`: (base, identifier_id, valid_from, valid_to in µs), all tenures of each base. The one exception to history
    never being rewritten: a phone number given to somebody else says nothing about which rows were whose.
    """
    if tenures.num_rows == 0:
        return
    session.relation("_tenures", tenures)
    session.execute(
        """CREATE OR REPLACE TEMP TABLE chain AS
        SELECT m.identifier_id AS was, t.identifier_id, t.valid_from, t.valid_to
        FROM _tenures m JOIN _tenures t ON t.base = m.base WHERE t.valid_from < t.valid_to"""
    )
    for table in ("events", "attribute_facts"):
        session.execute(
            f"""UPDATE {table} SET identifier_id = c.identifier_id FROM chain c
            WHERE {table}.identifier_id = c.was AND c.was <> c.identifier_id
                AND epoch_us({table}.time) >= c.valid_from AND epoch_us({table}.time) < c.valid_to"""
        )
    session.execute(
        f"""UPDATE orders SET identifier_id = e.identifier_id FROM events e
        WHERE e.seq = {SAID_BY} AND orders.identifier_id IN (SELECT was FROM chain)
            AND orders.identifier_id <> e.identifier_id"""
    )
    session.execute(
        f"""UPDATE identifiers SET valid_from = t.since, valid_to = t.until, first_seen = t.first_seen,
            last_seen = t.last_seen
        FROM (SELECT t.identifier_id, b.first_seen, b.last_seen,
                CASE WHEN t.valid_from < t.valid_to AND t.identifier_id <> t.base
                    THEN make_timestamptz(t.valid_from) END AS since,
                CASE WHEN t.valid_to < {LATER} THEN make_timestamptz(t.valid_to) END AS until
            FROM _tenures t JOIN identifiers b ON b.identifier_id = t.base) t
        WHERE identifiers.identifier_id = t.identifier_id"""
    )
    session.execute("DROP TABLE chain")


def level(session: Session, resolver: Resolver) -> pa.Table:
    """Give the pool the identities that the state has. Returns the customers concerned, as (customer_id)."""
    session.relation("_all", resolver.identifiers())
    session.relation("_map", resolver.customers())
    session.execute(
        """INSERT INTO identifiers BY NAME SELECT a.* FROM _all a
        ANTI JOIN identifiers i ON i.identifier_id = a.identifier_id"""
    )
    moved = session.query(
        """SELECT DISTINCT customer_id FROM (
            (SELECT identifier_id, customer_id FROM customer_of EXCEPT SELECT * FROM _map)
            UNION ALL (SELECT * FROM _map EXCEPT SELECT identifier_id, customer_id FROM customer_of))"""
    )
    session.execute("DELETE FROM customer_of")
    session.execute("INSERT INTO customer_of SELECT identifier_id, customer_id FROM _map")
    retime(session, resolver.tenures())
    entries.rematch_all(session)
    return moved
