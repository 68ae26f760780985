"""A tag's customers by value, as bitmaps: read whole, or brought up to date from the changes that followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from onepool.audience.bitmaps import Members, members_of
from onepool.pool import Session

MOST_VALUES = 200
"""Of a tag so many values, the commonest, have a set of their own; the others are counted together."""


@dataclass(frozen=True, slots=True)
class TagSets:
    """A tag's customers. `values`: the commonest, each with its customers (a list tag: under every value it has);
    `complete`: these are all values that the tag has."""

    customers: Members
    values: Mapping[str, Members]
    complete: bool


@dataclass(frozen=True, slots=True)
class KeptTag:
    """A tag's sets as they were after the outcome of this number."""

    revision: int
    sets: TagSets


_LOAD = """WITH said AS (
        SELECT tag, customer_id, unnest(CASE WHEN list IS NULL OR len(list) = 0 THEN [value] ELSE list END) AS value
        FROM tag_values WHERE tag IN (SELECT unnest($names))),
    found AS (SELECT tag, value, list(customer_id) AS ids FROM said GROUP BY tag, value),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY tag ORDER BY value IS NULL, len(ids) DESC, value) AS place,
            count(value) OVER (PARTITION BY tag) AS values FROM found)
    SELECT tag, value, ids, values FROM ranked WHERE place <= $most AND value IS NOT NULL
    UNION ALL SELECT tag, NULL, flatten(list(ids)), max(values) FROM ranked
        WHERE place > $most OR value IS NULL GROUP BY tag"""


def load_tags(session: Session, names: Sequence[str]) -> dict[str, TagSets]:
    """One pass over the values. Those beyond the commonest come as one list, as do customers with a number alone."""
    if not names:
        return {}
    found = session.query(_LOAD, {"names": list(names), "most": MOST_VALUES})
    values: dict[str, dict[str, Members]] = {name: {} for name in names}
    customers = {name: BitMap64() for name in names}
    complete = dict.fromkeys(names, True)
    for tag, value, ids, count in zip(*(found[name] for name in ("tag", "value", "ids", "values")), strict=True):
        name, members = tag.as_py(), members_of(ids.values)
        customers[name] |= members
        complete[name] = count.as_py() <= MOST_VALUES
        if value.is_valid:
            values[name][value.as_py()] = members
    return {name: TagSets(customers[name], values[name], complete[name]) for name in names}


def retagged(session: Session, kept: Mapping[str, KeptTag]) -> dict[str, TagSets]:
    """The tags after the changes that followed."""
    if not kept:
        return {}
    changes = session.query(
        """SELECT tag, customer_id, change_id, CASE WHEN list IS NULL THEN [value] ELSE list END AS values,
            value IS NOT NULL OR number IS NOT NULL OR list IS NOT NULL AS has FROM tag_changes
        WHERE change_id > $after AND tag IN (SELECT unnest($names))
        QUALIFY row_number() OVER (PARTITION BY tag, customer_id ORDER BY change_id DESC) = 1""",
        {"after": min(one.revision for one in kept.values()), "names": list(kept)},
    )
    return {name: _with_changes(one, _of_tag(changes, name, one.revision)) for name, one in kept.items()}


def _of_tag(changes: pa.Table, tag: str, after: int) -> pa.Table:
    return changes.filter(pc.and_(pc.equal(changes["tag"], tag), pc.greater(changes["change_id"], after)))


def _with_changes(kept: KeptTag, changes: pa.Table) -> TagSets:
    """One tag's sets after its changes (one row per customer, the latest)."""
    before = kept.sets
    if changes.num_rows == 0:
        return before
    changed = members_of(changes["customer_id"])
    lists = changes["values"].combine_chunks()
    rows = pa.table(
        {"value": pc.list_flatten(lists), "customer_id": changes["customer_id"].take(pc.list_parent_indices(lists))}
    )
    rows = rows.filter(pc.is_valid(rows["value"]))
    values = {value: members - changed for value, members in before.values.items()}
    complete = before.complete
    for value in pc.unique(rows["value"]).to_pylist():
        members = members_of(rows["customer_id"].filter(pc.equal(rows["value"], value)))
        if value in values:
            values[value] |= members
        elif complete and len(values) < MOST_VALUES:
            values[value] = members
        else:
            complete = False
    kept_values = {value: members for value, members in values.items() if members}
    has = members_of(changes["customer_id"].filter(changes["has"]))
    return TagSets((before.customers - changed) | has, kept_values, complete)
