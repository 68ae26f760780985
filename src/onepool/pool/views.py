"""The read-only views for analysts: the same names and columns on every engine (schema `analyst`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b

from onepool.pool import journeys
from onepool.pool.engine import Session, quote
from onepool.pool.schema import EVENT_CORE, FIRST_SEEN, IN_USE, LAST_SEEN, NET_AMOUNT, Columns

SCHEMA = "analyst"

VIEWS = (
    "customers",
    "identifiers",
    "events",
    "orders",
    "order_items",
    "products",
    "stores",
    "coupons",
    "campaigns",
    "tags",
    "tag_history",
    "segment_members",
    "segment_changes",
    "quarantine",
    "runs",
    "sends",
    "receipts",
)

_OBJECT_VIEWS = {"products": "product", "stores": "store", "coupons": "coupon", "campaigns": "campaign"}

MASKED_TYPES: Mapping[str, str] = {"phone": "contact", "email": "contact", "id_card": "id_card"}
"""Types of identifiers whose values are masked, and their class: what is no contact is not shown at all."""


def create(
    session: Session,
    columns: Columns,
    objects: Mapping[str, Mapping[str, str]],
    personal: frozenset[str],
    types: Mapping[str, str] = MASKED_TYPES,
) -> None:
    """(Re)make the views. `objects`: kind -> field -> SQL type; `personal`: attributes and event fields shown masked;
    `types`: types of identifiers shown masked -> class.

    Masked event fields are left out of the JSON of all fields, whatever they were called there by the standard.
    Views that are as they should be are left alone: a comment on the last one says what they were made from.
    """
    queries = _queries(columns, objects, personal, types)
    made_from = blake2b(repr((queries, columns)).encode(), digest_size=16).hexdigest()
    told = session.query(f"SELECT view_name, comment FROM duckdb_views() WHERE schema_name = '{SCHEMA}'").to_pydict()
    if queries.keys() <= set(told["view_name"]) and made_from in told["comment"]:
        return
    session.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for name, query in queries.items():
        session.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.{quote(name)} AS {query}")
    session.execute(f"COMMENT ON VIEW {SCHEMA}.{quote(name)} IS '{made_from}'")


def _queries(
    columns: Columns,
    objects: Mapping[str, Mapping[str, str]],
    personal: frozenset[str],
    types: Mapping[str, str],
) -> dict[str, str]:
    own = ", ".join(f"e.{quote(name)}" for name in EVENT_CORE if name not in ("seq", "identifier_id"))
    typed = ", ".join(_event_column(name, sql_type, personal) for name, sql_type in columns.events.items())
    fields = "e.fields"
    if personal:
        nothing = json.dumps(dict.fromkeys(sorted(personal)), ensure_ascii=False)
        fields = f"json_merge_patch(e.fields, {_literal(nothing)}) AS fields"
    items = ", ".join(f"x.item.{quote(name)} AS {quote(name)}" for name in columns.items)
    attributes = ", ".join(
        f"{_mask(f'p.{quote(name)}')} AS {quote(name)}" if name in personal else f"p.{quote(name)}"
        for name in columns.attributes
    )
    queries = {
        "customers": f"SELECT p.customer_id, p.first_seen, p.last_seen, {attributes} FROM main.profiles p",
        "identifiers": f"""SELECT c.customer_id, i.type, i.scope, {_identifier(types)} AS value,
            {FIRST_SEEN} AS first_seen, {LAST_SEEN} AS last_seen
            FROM main.identifiers i JOIN main.customer_of c USING (identifier_id) WHERE {IN_USE}""",
        "events": f"""SELECT e.event_id, c.customer_id, {own.replace('e."event_id", ', "")}, {typed}, e.items, {fields}
            FROM main.events e JOIN main.customer_of c USING (identifier_id)""",
        "orders": f"""SELECT o.order_id, c.customer_id, o.touchpoint, o.channel, o.placed_at, o.paid_at, o.refunded_at,
            o.closed_at, o.status, o.amount, o.discount, o.refunded_amount, o.currency, o.store_id,
            {NET_AMOUNT} AS net_amount
            FROM main.orders o JOIN main.customer_of c USING (identifier_id)""",
        "order_items": f"""SELECT x.order_id, x.touchpoint, c.customer_id, {items}
            FROM (SELECT order_id, touchpoint, identifier_id, unnest(items) AS item FROM main.orders) x
            JOIN main.customer_of c USING (identifier_id)""",
        "tags": "SELECT customer_id, tag, value, number, list, as_of FROM main.tag_values",
        # Changes as they happened, and what runs found: a value stands until the next row of the same customer and tag.
        "tag_history": """SELECT customer_id, tag, value, number, list, as_of, 'change' AS source FROM main.tag_changes
            UNION ALL SELECT customer_id, tag, value, number, list, as_of, 'run' AS source FROM main.tag_partitions""",
        "segment_members": "SELECT customer_id, segment, since FROM main.segment_members",
        "segment_changes": 'SELECT change_id, customer_id, segment, change, "at" FROM main.segment_changes',
        "quarantine": f"""SELECT seq AS id, received_at, touchpoint, kind, name, rule, field, message, attempts,
            {_FILE} AS file, {_FILE_ROW} AS "row" FROM main.quarantine""",
        **journeys.VIEWS,
    }
    for view, kind in _OBJECT_VIEWS.items():
        fields = "".join(
            f", TRY_CAST(o.fields->>{_literal('$.' + name)} AS {sql_type}) AS {quote(name)}"
            for name, sql_type in objects.get(kind, {}).items()
            if not sql_type.endswith("[]")
        )
        queries[view] = f"SELECT o.object_id AS {kind}_id{fields}, o.fields FROM main.objects o WHERE o.kind = '{kind}'"
    return queries


# Where in which file it stood, as `collect.files.place` reads it: of an item in its context, of a row of which none
# could be made in the message.
_ITEM = r""""import":\s*\{"file":\s*("(?:[^"\\]|\\.)*"),\s*"row":\s*(\d{1,18})\}"""
_MESSAGE = r"^(.{1,255}), row (\d{1,18}): "
_OF_FILES = "(rule LIKE 'file.%' OR rule LIKE 'order.%')"
_FILE = f"""coalesce(TRY_CAST(nullif(regexp_extract(sample, '{_ITEM}', 1), '') AS JSON)->>'$',
    CASE WHEN {_OF_FILES} THEN nullif(regexp_extract(message, '{_MESSAGE}', 1), '') END)"""
_FILE_ROW = f"""coalesce(TRY_CAST(nullif(regexp_extract(sample, '{_ITEM}', 2), '') AS BIGINT),
    CASE WHEN {_OF_FILES} THEN TRY_CAST(nullif(regexp_extract(message, '{_MESSAGE}', 2), '') AS BIGINT) END)"""


def _event_column(name: str, sql_type: str, personal: frozenset[str]) -> str:
    if name not in personal:
        return f"e.{quote(name)}"
    # Half a text may stay; half a number (a latitude) would be a wrong one.
    value = _mask(f"e.{quote(name)}") if sql_type == "VARCHAR" else f"NULL::{sql_type}"
    return f"{value} AS {quote(name)}"


def _identifier(types: Mapping[str, str]) -> str:
    """What a reader of identifiers without a special role gets to see of a value: of a contact an e-mail address's
    domain, the ends of anything else; nothing of a document."""
    contacts = ", ".join(_literal(name) for name, kind in sorted(types.items()) if kind == "contact") or "''"
    others = ", ".join(_literal(name) for name, kind in sorted(types.items()) if kind != "contact") or "''"
    return f"""CASE
    WHEN i.type IN ({others}) THEN '***'
    WHEN i.type NOT IN ({contacts}) THEN i.value
    WHEN contains(i.value, '@') THEN left(i.value, 1) || '***@' || split_part(i.value, '@', 2)
    WHEN i.type = 'phone' AND length(i.value) > 12
        THEN left(i.value, length(i.value) - 8) || '****' || right(i.value, 4)
    ELSE {_mask("i.value")} END"""


def _mask(column: str) -> str:
    """Numbers keep their ends, half of them at most; of other texts (a name, an address) the beginning stays."""
    column = f"{column}::VARCHAR"
    number = f"regexp_full_match({column}, '[+]?[0-9][0-9 ,*-]*')"
    return (
        f"CASE WHEN {column} IS NULL THEN NULL "
        f"WHEN contains({column}, '@') THEN left({column}, 1) || '***@' || split_part({column}, '@', 2) "
        f"WHEN length({column}) > 10 AND {number} THEN left({column}, 3) || '****' || right({column}, 4) "
        f"WHEN length({column}) > 7 AND NOT {number} THEN left({column}, 3) || '****' "
        f"ELSE left({column}, 1) || '**' END"
    )


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
