"""How newly found values of tags and members of segments differ from those that the pool has."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from onepool.audience.conditions import Scope
from onepool.audience.outcomes import SEGMENT_SCHEMA, TAG_SCHEMA
from onepool.pool import Session

TOUCHED = "_touched_customers"
"""The relation of a session that holds the customers looked at, where not all are."""
TOUCHED_ONLY = "AND customer_id IN (SELECT customer_id FROM _touched_customers)"


def tag_changes(session: Session, found: pa.Table, names: Sequence[str], scope: Scope | None = None) -> pa.Table:
    """How newly computed values differ from the kept ones; a customer without a new value loses the old one."""
    session.relation("_found_tags", found.select(TAG_SCHEMA.names).cast(TAG_SCHEMA))
    inside = "" if scope is None or scope.everyone else TOUCHED_ONLY
    query = f"""
        WITH old AS (SELECT * FROM tag_values WHERE tag IN (SELECT unnest($names)) {inside})
        SELECT coalesce(n.customer_id, o.customer_id) AS customer_id, coalesce(n.tag, o.tag) AS tag,
            n.value, n.number, n.list
        FROM _found_tags n FULL JOIN old o ON o.customer_id = n.customer_id AND o.tag = n.tag
        WHERE n.customer_id IS NULL OR o.customer_id IS NULL OR n.value IS DISTINCT FROM o.value
            OR n.number IS DISTINCT FROM o.number OR n.list IS DISTINCT FROM o.list
        ORDER BY customer_id, tag"""  # noqa: S608 the relation's name is a constant
    return session.query(query, {"names": list(names)}).cast(TAG_SCHEMA)


def differs_from_run(session: Session, name: str) -> tuple[int, int]:
    """(customers of a tag's latest run who are still there, those of them and others whose value is not the run's)."""
    found = session.query(
        """WITH ran AS (SELECT customer_id, value, number, list FROM tag_partitions
            WHERE tag = $tag AND as_of = (SELECT max(as_of) FROM tag_partitions WHERE tag = $tag)
                AND customer_id IN (SELECT customer_id FROM customer_of)),
        kept AS (SELECT customer_id, value, number, list FROM tag_values WHERE tag = $tag)
        SELECT (SELECT count(*) FROM ran) AS size, count(*) AS wrong
        FROM ran r FULL JOIN kept k USING (customer_id) WHERE r.value IS DISTINCT FROM k.value
            OR r.number IS DISTINCT FROM k.number OR r.list IS DISTINCT FROM k.list""",
        {"tag": name},
    ).to_pylist()[0]
    return found["size"], found["wrong"]


def segment_changes(session: Session, members: pa.Table, names: Sequence[str], scope: Scope) -> pa.Table:
    """How newly computed members (customer_id, segment) differ from the kept ones."""
    session.relation("_found_members", members.select(["customer_id", "segment"]))
    inside = "" if scope.everyone else TOUCHED_ONLY
    query = f"""
        WITH old AS (SELECT customer_id, segment FROM segment_members WHERE segment IN (SELECT unnest($names)) {inside})
        SELECT coalesce(n.customer_id, o.customer_id) AS customer_id, coalesce(n.segment, o.segment) AS segment,
            CASE WHEN o.customer_id IS NULL THEN 'enter' ELSE 'exit' END AS change
        FROM _found_members n FULL JOIN old o ON o.customer_id = n.customer_id AND o.segment = n.segment
        WHERE n.customer_id IS NULL OR o.customer_id IS NULL ORDER BY customer_id, segment"""  # noqa: S608 constant name
    return session.query(query, {"names": list(names)}).cast(SEGMENT_SCHEMA)


def members_in(found: pa.Table, names: Sequence[str]) -> pa.Table:
    """From one boolean column for each segment to rows (customer_id, segment)."""
    parts = []
    for name in names:
        ids = found.column("customer_id").filter(found.column(name))
        parts.append(pa.table({"customer_id": ids, "segment": pa.repeat(pa.scalar(name), len(ids))}))
    return pa.concat_tables(parts)
