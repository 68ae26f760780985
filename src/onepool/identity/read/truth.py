"""A truth file's records among the workspace's identifiers: which customer has each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.read.sources import Sources


@dataclass(frozen=True, slots=True)
class Found:
    """`clusters`: (record_id, cluster), the cluster being the customer. `ambiguous`: records that name identifiers of
    several customers; they are left out of it."""

    clusters: pa.Table
    ambiguous: int


def find_records(sources: Sources, records: pa.Array | pa.ChunkedArray, as_of: datetime | None = None) -> Found:
    """The customers of records written as `type@scope:value`, `type:value` or the bare value of a strong identifier.

    Of a value that had several owners over time: the one at `as_of` (None: now). Records that the workspace does not
    know are left out.
    """
    sources.session.relation("identity_records", pa.table({"record_id": pc.cast(records, pa.string())}))
    kinds = {name: rule.strength for name, rule in sources.registry.types.items()}
    found = sources.session.query(
        _FIND,
        {
            "kinds": list(kinds),
            "strong": [name for name, strength in kinds.items() if strength == "strong"],
            "at": as_of,
        },
    )
    several = pc.greater(found["customers"], 1)
    clear = found.filter(pc.invert(several))
    return Found(
        pa.table({"record_id": clear["record_id"], "cluster": clear["customer_id"]}),
        int(pc.sum(several).as_py() or 0),
    )


# A record may be written in other ways than identifiers are kept: phones without their country, addresses in capitals.
_FIND = """WITH written AS (
        SELECT record_id, regexp_extract(record_id, '^([^:@]+)(@[^:]*)?:(.*)$', ['kind', 'scope', 'value']) AS part
        FROM (SELECT DISTINCT record_id FROM identity_records)
    ), named AS (
        SELECT record_id, part.kind AS kind, nullif(part.scope, '')[2:] AS scope, part.value AS value
        FROM written WHERE list_contains($kinds, part.kind)
        UNION ALL SELECT record_id, NULL, NULL, record_id FROM written WHERE NOT list_contains($kinds, part.kind)
    ), spelt AS (
        SELECT record_id, kind, scope, unnest(list_distinct([value, lower(value), upper(value),
            CASE WHEN regexp_full_match(value, '1[3-9][0-9]{9}') THEN '+86' || value ELSE value END])) AS value
        FROM named
    ), tenures AS (
        SELECT s.record_id, i.identifier_id, row_number() OVER (
            PARTITION BY s.record_id, coalesce(i.base, i.identifier_id) ORDER BY i.generation DESC) AS place
        FROM spelt s JOIN identifiers i ON i.value = s.value
        WHERE CASE WHEN s.kind IS NULL THEN list_contains($strong, i.type) ELSE i.type = s.kind END
            AND (s.scope IS NULL OR i.scope = s.scope) AND (i.base IS NULL OR i.valid_from IS NOT NULL)
            AND ($at IS NULL OR i.valid_from IS NULL OR i.valid_from <= $at)
    )
    SELECT t.record_id, min(c.customer_id) AS customer_id, count(DISTINCT c.customer_id) AS customers
    FROM tenures t JOIN customer_of c USING (identifier_id) WHERE t.place = 1 GROUP BY 1 ORDER BY 1"""
