"""The pool's physical tables. All of it is derived: `onepool rebuild` makes it again from log and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onepool.pool import journeys
from onepool.pool.engine import PoolError, Session, quote

VERSION = 1

# Columns that every event has, before the typed columns that the data standard gives.
EVENT_CORE = {
    "seq": "BIGINT",
    "event_id": "UUID",
    "identifier_id": "BIGINT",
    "event": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "received_at": "TIMESTAMPTZ",
    "channel": "VARCHAR",
    "touchpoint": "VARCHAR",
}

_PLAIN_TABLES: dict[str, dict[str, str]] = {
    "meta": {"key": "VARCHAR", "value": "VARCHAR"},
    "identifiers": {
        "identifier_id": "BIGINT",
        "type": "VARCHAR",
        "scope": "VARCHAR",
        "value": "VARCHAR",
        "first_seen": "TIMESTAMPTZ",
        "last_seen": "TIMESTAMPTZ",
        # A value handed on to somebody else has a further identifier for each tenure: `base` is the first one. All of
        # them say when the value was seen at all; a tenure's part of that is between `valid_from` and `valid_to`.
        "base": "BIGINT",
        "generation": "INTEGER",
        "valid_from": "TIMESTAMPTZ",
        "valid_to": "TIMESTAMPTZ",
    },
    # Every identifier has a row; merges and splits change nothing else.
    "customer_of": {"identifier_id": "BIGINT", "customer_id": "BIGINT"},
    # Ids of what was accepted though it carried no event (links, imported profiles): for dropping duplicates.
    "accepted_ids": {"seq": "BIGINT", "event_id": "UUID", "received_at": "TIMESTAMPTZ"},
    "attribute_facts": {
        "seq": "BIGINT",
        "identifier_id": "BIGINT",
        "attribute": "VARCHAR",
        # what holds after this fact; null: there is none any more
        "value": "VARCHAR",
        "time": "TIMESTAMPTZ",
        "touchpoint": "VARCHAR",
        # of facts that change the value before them (once, add, append): how, and what they said
        "change": "VARCHAR",
        "operand": "VARCHAR",
    },
    # without fields: deleted
    "objects": {
        "kind": "VARCHAR",
        "object_id": "VARCHAR",
        "fields": "JSON",
        "time": "TIMESTAMPTZ",
        "seq": "BIGINT",
        "touchpoint": "VARCHAR",
    },
    "tag_values": {
        "customer_id": "BIGINT",
        "tag": "VARCHAR",
        "value": "VARCHAR",
        "number": "DOUBLE",
        "list": "VARCHAR[]",
        "as_of": "TIMESTAMPTZ",
    },
    "tag_changes": {
        "change_id": "BIGINT",
        "customer_id": "BIGINT",
        "tag": "VARCHAR",
        "value": "VARCHAR",
        "number": "DOUBLE",
        "list": "VARCHAR[]",
        "as_of": "TIMESTAMPTZ",
    },
    # What a tag was for all customers at an instant; folds of the state's tag_runs.
    "tag_partitions": {
        "tag": "VARCHAR",
        "as_of": "TIMESTAMPTZ",
        "customer_id": "BIGINT",
        "value": "VARCHAR",
        "number": "DOUBLE",
        "list": "VARCHAR[]",
    },
    # Imported values of tags; an identifier of -1 says that what came before counts no more.
    "tag_inputs": {
        "seq": "BIGINT",
        "tag": "VARCHAR",
        "identifier_id": "BIGINT",
        "value": "VARCHAR",
        "number": "DOUBLE",
        "time": "TIMESTAMPTZ",
    },
    "segment_members": {"customer_id": "BIGINT", "segment": "VARCHAR", "since": "TIMESTAMPTZ"},
    "segment_changes": {
        "change_id": "BIGINT",
        "customer_id": "BIGINT",
        "segment": "VARCHAR",
        "change": "VARCHAR",
        "at": "TIMESTAMPTZ",
    },
    # Who is on a list, by identifier: null while nobody is known by it. `key`: digest of type, scope and value.
    "list_entries": {
        "list": "VARCHAR",
        "key": "UBIGINT",
        "type": "VARCHAR",
        "scope": "VARCHAR",
        "value": "VARCHAR",
        "time": "TIMESTAMPTZ",
        "identifier_id": "BIGINT",
    },
    # Who was on a list from `time` on and is no more since `until`.
    "list_past": {"list": "VARCHAR", "identifier_id": "BIGINT", "time": "TIMESTAMPTZ", "until": "TIMESTAMPTZ"},
    "due": {"customer_id": "BIGINT", "at": "TIMESTAMPTZ"},
    # For matching by likelihood: the blocking keys of all customers, and who is yet to be looked at.
    "match_keys": {"record_id": "BIGINT", "rule": "SMALLINT", "key": "BIGINT"},
    "match_pending": {"customer_id": "BIGINT"},
    "quarantine": {
        "seq": "BIGINT",
        "log_offset": "BIGINT",
        "item": "BIGINT",
        "received_at": "TIMESTAMPTZ",
        "touchpoint": "VARCHAR",
        "kind": "VARCHAR",
        "name": "VARCHAR",
        "rule": "VARCHAR",
        "field": "VARCHAR",
        "message": "VARCHAR",
        "sample": "VARCHAR",
        "standard_version": "VARCHAR",
        "attempts": "INTEGER",
    },
    "intake": {
        "hour": "TIMESTAMPTZ",
        "touchpoint": "VARCHAR",
        "kind": "VARCHAR",
        "event": "VARCHAR",
        "accepted": "BIGINT",
        "quarantined": "BIGINT",
        "duplicates": "BIGINT",
        "unknown": "BIGINT",
        # of the quarantined, those that wait no more since they were tried again: among the accepted or the doubles too
        "mended": "BIGINT",
    },
    # What was refused, also of what was mended since; both sum up to those of intake.
    "refusals": {
        "hour": "TIMESTAMPTZ",
        "touchpoint": "VARCHAR",
        "kind": "VARCHAR",
        "event": "VARCHAR",
        "rule": "VARCHAR",
        "field": "VARCHAR",
        "refused": "BIGINT",
        "mended": "BIGINT",
    },
}

ORDER_CORE = {
    "touchpoint": "VARCHAR",
    "order_id": "VARCHAR",
    "identifier_id": "BIGINT",
    "placed_at": "TIMESTAMPTZ",
    "paid_at": "TIMESTAMPTZ",
    "refunded_at": "TIMESTAMPTZ",
    "closed_at": "TIMESTAMPTZ",
    "status": "VARCHAR",
    "amount": "DECIMAL(18,4)",
    "discount": "DECIMAL(18,4)",
    "refunded_amount": "DECIMAL(18,4)",
    # What it is the larger of: the sum of refunds with a number, and of those without (see `tick.orders`).
    "refunded_numbered": "DECIMAL(18,4)",
    "refunded_unnumbered": "DECIMAL(18,4)",
    "currency": "VARCHAR",
    "store_id": "VARCHAR",
    "channel": "VARCHAR",
    # (time, seq) of the latest event and of the latest one that described the contents, as one sortable number
    "updated": "HUGEINT",
    "described": "HUGEINT",
    # The latest step that is no refund, and its (time, seq): what a completed order stays that is given back in part.
    "stage": "VARCHAR",
    "stage_at": "HUGEINT",
}


IN_USE = "(i.base IS NULL OR i.valid_from IS NOT NULL)"
"""Of table identifiers as `i`: not a tenure that later evidence made needless."""

FIRST_SEEN = "greatest(i.first_seen, coalesce(i.valid_from, i.first_seen))"
LAST_SEEN = "least(i.last_seen, coalesce(i.valid_to, i.last_seen))"
"""Of table identifiers as `i`: when it was seen in this tenure."""

NET_AMOUNT = """CASE WHEN o.status = 'cancelled' OR (o.refunded_at IS NOT NULL AND o.refunded_amount IS NULL)
    THEN 0::DECIMAL(18,4) ELSE coalesce(o.amount, 0) - coalesce(o.refunded_amount, 0) END"""
"""Of table orders as `o`: what a paid order brought. A refund that names no amount gave the whole order back, as a
cancellation does; every figure of money by order takes this and nothing else."""


@dataclass(frozen=True)
class Columns:
    """The typed columns that the data standard gives: name -> SQL type."""

    events: Mapping[str, str]
    items: Mapping[str, str]
    attributes: Mapping[str, str]

    @property
    def items_type(self) -> str:
        inner = ", ".join(f"{quote(name)} {sql_type}" for name, sql_type in self.items.items())
        return f"STRUCT({inner})[]"


def tables(columns: Columns) -> dict[str, dict[str, str]]:
    """Every table with its columns and their types, in order."""
    clash = sorted(set(columns.events) & {*EVENT_CORE, "items", "fields"})
    if clash:
        raise PoolError(f"the data standard may not name a field {clash}", hint="these columns are the pool's own")
    return {
        "events": {**EVENT_CORE, **columns.events, "items": columns.items_type, "fields": "JSON"},
        "profiles": {
            "customer_id": "BIGINT",
            "first_seen": "TIMESTAMPTZ",
            "last_seen": "TIMESTAMPTZ",
            **columns.attributes,
        },
        "orders": {**ORDER_CORE, "items": columns.items_type},
        **_PLAIN_TABLES,
        **journeys.TABLES,
    }


def create(session: Session, columns: Columns) -> None:
    """Make what is missing: tables, and columns that the standard gained since. Nothing is dropped."""
    found = session.query(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'main'"
    )
    existing: dict[str, dict[str, str]] = {}
    for row in found.to_pylist():
        existing.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    for table, wanted in tables(columns).items():
        if table not in existing:
            body = ", ".join(f"{quote(name)} {sql_type}" for name, sql_type in wanted.items())
            session.execute(f"CREATE TABLE {quote(table)} ({body})")
            continue
        for name, sql_type in wanted.items():
            if name not in existing[table]:
                session.execute(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(name)} {sql_type}")
            elif name == "items" and _plain(existing[table][name]) != _plain(sql_type):
                _widen(session, table, columns.items)


def _widen(session: Session, table: str, wanted: Mapping[str, str]) -> None:
    """Give order lines the fields that the standard gained; none is dropped. Rewrites the column, once."""
    found = session.query(f"SELECT unnest(items) AS item FROM {quote(table)} LIMIT 0").schema.field("item").type
    present = {found.field(number).name for number in range(found.num_fields)}
    lost = sorted(present - set(wanted))
    if lost:
        raise PoolError(f"the standard's order lines lack {lost}", hint="run: onepool rebuild", code="pool-outdated")
    inner = ", ".join(f"{quote(name)} {sql_type}" for name, sql_type in wanted.items())
    values = ", ".join(
        f"{quote(name)} := " + (f"line.{quote(name)}" if name in present else f"NULL::{sql_type}")
        for name, sql_type in wanted.items()
    )
    session.execute(
        f"""ALTER TABLE {quote(table)} ALTER COLUMN items TYPE STRUCT({inner})[]
        USING [struct_pack({values}) FOR line IN items]"""
    )


def clear(session: Session) -> None:
    """Drop every table and view of the pool."""
    session.execute("DROP SCHEMA IF EXISTS analyst CASCADE")
    found = session.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    for name in found.column("table_name").to_pylist():
        session.execute(f"DROP TABLE IF EXISTS {quote(name)}")


def _plain(sql_type: str) -> str:
    return sql_type.replace('"', "").replace(" ", "").upper()
