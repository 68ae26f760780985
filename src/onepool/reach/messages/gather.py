"""What messages need to know of customers: from the run (kept with the send) and from the pool, a column per source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool import Session
from onepool.pool.engine import quote
from onepool.reach.messages.parse import Needs
from onepool.reach.messages.render import ZONE

_DECODER = msgspec.json.Decoder(list[dict[str, Any]])
_PROFILE_COLUMNS = "SELECT * FROM profiles LIMIT 0"
_TAGS = """SELECT customer_id, tag, coalesce(value, CAST(number AS VARCHAR), array_to_string(list, '、')) AS value
    FROM tag_values WHERE list_contains($tags, tag) AND customer_id IN (SELECT unnest($ids))"""


def gather(
    session: Session, needs: Needs, customers: pa.Int64Array, run: pa.StringArray | None, zone: str | None = None
) -> pa.Table:
    """A column for each source, row by row. ``run``: JSON objects of source -> value (``{"trigger.x": …}``).

    ``zone``: the attribute that holds the customer's zone; it becomes the column ``zone``.
    """
    rows = len(customers)
    found: dict[str, Any] = dict(run_columns(run, needs.run, rows))
    attributes = list(needs.attributes) + ([zone] if zone is not None and zone not in needs.attributes else [])
    found |= {f"attribute.{name}": one for name, one in _attributes(session, attributes, customers).items()}
    found |= {f"tag.{name}": one for name, one in _tags(session, needs.tags, customers).items()}
    if zone is not None and f"attribute.{zone}" in found:
        found[ZONE] = found[f"attribute.{zone}"].cast(pa.string())
    return pa.table(found) if found else pa.table({"customer_id": customers})


def run_columns(run: pa.StringArray | None, paths: Sequence[str], rows: int) -> Iterable[tuple[str, pa.Array]]:
    """Texts and numbers of JSON objects as columns of text; a list becomes its members joined."""
    if not paths:
        return []
    texts = [None] * rows if run is None else run.to_pylist()
    raw = "[" + ",".join(one or "{}" for one in texts) + "]"
    objects = _DECODER.decode(raw)
    return [(path, pa.array([_plain(one.get(path)) for one in objects], pa.string())) for path in paths]


def values_table(values: Mapping[str, Any], rows: int = 1) -> pa.Table:
    """The same values for every row: of previews, by source."""
    columns = {path: pa.array([_plain(value)] * rows, pa.string()) for path, value in values.items()}
    return pa.table(columns) if columns else pa.table({"customer_id": pa.array([0] * rows, pa.int64())})


def _attributes(session: Session, names: Sequence[str], customers: pa.Int64Array) -> dict[str, pa.Array]:
    there = set(session.query(_PROFILE_COLUMNS).column_names) if names else set()
    known = [name for name in names if name in there]
    if not known:
        return {}
    columns = ", ".join(quote(name) for name in known)
    table = session.query(
        f"SELECT customer_id, {columns} FROM profiles WHERE customer_id IN (SELECT unnest($ids))",
        {"ids": pc.unique(customers).to_pylist()},
    )
    places = pc.index_in(customers, table.column("customer_id").combine_chunks())
    return {name: table.column(name).combine_chunks().take(places) for name in known}


def _tags(session: Session, names: Sequence[str], customers: pa.Int64Array) -> dict[str, pa.Array]:
    if not names:
        return {}
    table = session.query(_TAGS, {"tags": list(names), "ids": pc.unique(customers).to_pylist()})
    found = {}
    for name in names:
        own = table.filter(pc.equal(table.column("tag"), name))
        places = pc.index_in(customers, own.column("customer_id").combine_chunks())
        found[name] = own.column("value").combine_chunks().take(places)
    return found


def _plain(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "、".join(str(one) for one in value)
    return str(value)
