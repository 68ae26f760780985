"""The rows of a destination, as one query over the pool: only the columns that it names."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from onepool.layout import columns_of
from onepool.pool import Engine
from onepool.pool.engine import quote
from onepool.pool.schema import IN_USE, LAST_SEEN
from onepool.reach.definition import Destination, split
from onepool.standards import Standard

_BASE = {
    "profiles": "SELECT p.customer_id, p.first_seen, p.last_seen FROM profiles p",
    "members": "SELECT customer_id, segment, since FROM segment_members WHERE list_contains($segments, segment)",
    "list_members": """SELECT c.customer_id, e.list, min(e.time) AS since FROM list_entries e
        JOIN customer_of c USING (identifier_id) WHERE list_contains($lists, e.list) GROUP BY ALL""",
    "changes": 'SELECT change_id, customer_id, segment, change, "at" FROM segment_changes',
    "tags": """SELECT customer_id, tag, as_of,
        coalesce(value, CAST(number AS VARCHAR), CAST(to_json(list) AS VARCHAR)) AS value FROM tag_values""",
    "orders": """SELECT o.order_id, o.touchpoint, o.channel, c.customer_id, o.status, o.placed_at, o.paid_at,
        o.refunded_at, o.closed_at, o.amount, o.discount, o.refunded_amount, o.currency, o.store_id
        FROM orders o JOIN customer_of c USING (identifier_id)""",
}

_IDENTIFIER = f"""(SELECT c.customer_id, arg_max(i.value, ({LAST_SEEN}, i.identifier_id)) AS value
    FROM identifiers i JOIN customer_of c USING (identifier_id)
    WHERE {IN_USE} AND i.type = $%s AND ($%s = '' OR i.scope = $%s) GROUP BY c.customer_id)"""

_TAG = """(SELECT customer_id, coalesce(value, CAST(number AS VARCHAR), CAST(to_json(list) AS VARCHAR)) AS value
    FROM tag_values WHERE tag = $%s)"""

_LISTED = """(SELECT DISTINCT c.customer_id, true AS value FROM list_entries e JOIN customer_of c USING (identifier_id)
    WHERE e.list = $%s)"""

_MEMBER = "(SELECT customer_id, true AS value FROM segment_members WHERE segment = $%s)"


def rows(
    pool: Engine, destination: Destination, standard: Standard, *, after: int | None = None, limit: int | None = None
) -> pa.Table:
    """The rows with the target's column names, ordered by the key. ``after``: changes of segments behind this one."""
    sql, params = query(destination, standard, after=after, limit=limit)
    return pool.query(sql, params)


def query(
    destination: Destination, standard: Standard, *, after: int | None = None, limit: int | None = None
) -> tuple[str, dict[str, Any]]:
    """The statement and its bound values. Names in it are the registry's, quoted."""
    attributes = columns_of(standard).attributes
    params: dict[str, Any] = {}

    def bound(value: Any) -> str:
        params[f"p{len(params)}"] = value
        return f"p{len(params) - 1}"

    joins: list[str] = []
    chosen: list[str] = []
    profile = False
    for number, (name, source) in enumerate(destination.columns.items()):
        kind, of, scope = split(source)
        if not of:
            value = f"b.{quote(source)}"
        elif kind == "attribute":
            profile = True
            value = f"a.{quote(of)}"
            if attributes[of].endswith("[]"):
                value = f"CAST(to_json({value}) AS VARCHAR)"
        else:
            if kind == "identifier":
                told = bound(scope)
                inner = _IDENTIFIER % (bound(of), told, told)
            else:
                inner = {"tag": _TAG, "segment": _MEMBER, "list": _LISTED}[kind] % bound(of)
            joins.append(f"LEFT JOIN {inner} j{number} USING (customer_id)")
            yes_or_no = kind in ("segment", "list")
            value = f"coalesce(j{number}.value, false)" if yes_or_no else f"j{number}.value"
        chosen.append(f"{value} AS {quote(name)}")
    if profile:
        joins.append("LEFT JOIN profiles a USING (customer_id)")
    conditions = _conditions(destination, after, bound)
    if destination.what == "members":
        params["segments"] = list(destination.segments)
    elif destination.what == "list_members":
        params["lists"] = list(destination.lists)
    order = ", ".join(quote(key) for key in destination.keys)
    sql = (
        f"SELECT {', '.join(chosen)} FROM ({_BASE[destination.what]}) b {' '.join(joins)}"
        f" {'WHERE ' + ' AND '.join(conditions) if conditions else ''} ORDER BY {order}"
    )
    return (sql if limit is None else f"{sql} LIMIT {int(limit)}"), params


def _conditions(destination: Destination, after: int | None, bound: Any) -> list[str]:
    found = []
    if destination.what == "profiles":
        # Whoever has no identifier any more (joined with somebody else) is no customer.
        found.append("b.customer_id IN (SELECT customer_id FROM customer_of)")
    if destination.segments and destination.what == "changes":
        found.append(f"list_contains(${bound(list(destination.segments))}, b.segment)")
    elif destination.segments and destination.what != "members":
        wanted = bound(list(destination.segments))
        found.append(
            f"b.customer_id IN (SELECT customer_id FROM segment_members WHERE list_contains(${wanted}, segment))"
        )
    if destination.tags and destination.what == "tags":
        found.append(f"list_contains(${bound(list(destination.tags))}, b.tag)")
    if after is not None:
        found.append(f"b.change_id > ${bound(after)}")
    return found
