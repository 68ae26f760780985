"""Sets of customers as compressed bitmaps: segments and tag values, for sizes, overlaps and set algebra at once.

A bitmap (Roaring: Lemire et al. 2018, "Roaring bitmaps: implementation of an optimized software library") holds a
million neighbouring customers in at most 125 kB and joins two of them in microseconds. Customers' numbers are 64-bit,
so `BitMap64` is used throughout; on numbers below 2^32 it is as quick as the 32-bit kind (bench/sets.py).

Nothing here is ever stale. What is kept carries the number of the outcome up to which it is complete; a reader asks its
own snapshot of the pool for that number and brings the set up to date from the recorded changes behind it. Kept bitmaps
are never changed in place: who has one keeps a consistent picture.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from onepool.audience import lists
from onepool.pool import Session

Members: TypeAlias = BitMap64

MOST_VALUES = 200
"""Of a tag so many values, the commonest, have a set of their own; the others are counted together."""


def members_of(ids: pa.Array | pa.ChunkedArray | npt.NDArray[np.int64]) -> Members:
    """The set of these customers' numbers (int64, not negative, in any order)."""
    numbers = ids if isinstance(ids, np.ndarray) else ids.to_numpy()
    return BitMap64(np.sort(numbers.astype(np.int64, copy=False)).astype(np.uint64))


def ids_of(members: Members) -> pa.Array:
    """The numbers of a set as int64, rising."""
    return pa.array(np.asarray(members.to_array(), dtype=np.uint64).astype(np.int64))


@dataclass(frozen=True, slots=True)
class TagSets:
    """A tag's customers. `values`: the commonest, each with its customers (a list tag: under every value it has);
    `complete`: these are all values that the tag has."""

    customers: Members
    values: Mapping[str, Members]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: int
    members: Members


@dataclass(frozen=True, slots=True)
class _KeptTag:
    revision: int
    sets: TagSets


class Sets:
    """The sets of one process, from any thread. Made once; each call reads with the caller's session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._segments: dict[str, _Kept] = {}
        self._tags: dict[str, _KeptTag] = {}
        self._marked: dict[str, tuple[tuple[str, ...], Members]] = {}

    def segments(self, session: Session, names: Sequence[str]) -> dict[str, Members]:
        """The members of these segments in the session's snapshot. A segment that nobody is in is an empty set."""
        wanted = list(dict.fromkeys(names))
        revision = outcome_number(session)
        with self._lock:
            kept = {name: self._segments[name] for name in wanted if name in self._segments}
        if revision is None:
            return self._load_segments(session, wanted)
        # A snapshot older than what is kept is read by itself.
        usable = {name: one for name, one in kept.items() if one.revision <= revision}
        found = {name: one.members for name, one in usable.items() if one.revision == revision}
        found |= self._moved(session, {name: one for name, one in usable.items() if one.revision < revision})
        found |= self._load_segments(session, [name for name in wanted if name not in found])
        with self._lock:
            for name, members in found.items():
                if name not in self._segments or self._segments[name].revision < revision:
                    self._segments[name] = _Kept(revision, members)
        return found

    def tags(self, session: Session, names: Sequence[str]) -> dict[str, TagSets]:
        """The customers of these tags by value. A tag that nobody has is empty."""
        wanted = list(dict.fromkeys(names))
        revision = outcome_number(session)
        with self._lock:
            kept = {name: self._tags[name] for name in wanted if name in self._tags}
        if revision is None:
            return _load_tags(session, wanted)
        usable = {name: one for name, one in kept.items() if one.revision <= revision}
        found = {name: one.sets for name, one in usable.items() if one.revision == revision}
        found |= _retagged(session, {name: one for name, one in usable.items() if one.revision < revision})
        found |= _load_tags(session, [name for name in wanted if name not in found])
        with self._lock:
            for name, sets in found.items():
                if name not in self._tags or self._tags[name].revision < revision:
                    self._tags[name] = _KeptTag(revision, sets)
        return found

    def tag_value(self, session: Session, tag: str, value: str) -> Members:
        """Those whose tag has this value (a list tag: among others)."""
        sets = self.tags(session, [tag])[tag]
        if value in sets.values or sets.complete:
            return sets.values.get(value, BitMap64())
        found = session.query(
            "SELECT customer_id FROM tag_values WHERE tag = $tag AND (value = $value OR list_contains(list, $value))",
            {"tag": tag, "value": value},
        )
        return members_of(found["customer_id"])

    def list(self, session: Session, name: str) -> Members:
        """Those who are on a list: kept until a list changes or customers do, since merges move them too."""
        return self._by_marks(session, f"list:{name}", lambda: lists.members(session, name)["customer_id"])

    def everyone(self, session: Session) -> Members:
        """All customers."""
        query = "SELECT DISTINCT customer_id FROM customer_of"
        return self._by_marks(session, "everyone", lambda: session.query(query)["customer_id"])

    def forget(self, segments: Iterable[str] = (), tags: Iterable[str] = ()) -> None:
        """Let go of sets that are not needed any more."""
        with self._lock:
            for name in segments:
                self._segments.pop(name, None)
            for name in tags:
                self._tags.pop(name, None)

    def size(self) -> int:
        """Bytes that the kept sets need in their portable form."""
        with self._lock:
            kept = [one.members for one in self._segments.values()]
            for tag in self._tags.values():
                kept += [tag.sets.customers, *tag.sets.values.values()]
            kept += [members for _, members in self._marked.values()]
        return sum(len(one.serialize()) for one in kept)

    def _by_marks(self, session: Session, key: str, load: Callable[[], pa.ChunkedArray]) -> Members:
        marks = marks_of(session)
        with self._lock:
            kept = self._marked.get(key)
        if marks and kept is not None and kept[0] == marks:
            return kept[1]
        members = members_of(load())
        if marks:
            with self._lock:
                self._marked[key] = (marks, members)
        return members

    @staticmethod
    def _load_segments(session: Session, names: Sequence[str]) -> dict[str, Members]:
        if not names:
            return {}
        found = session.query(
            """SELECT segment, list(customer_id) AS ids FROM segment_members
            WHERE segment IN (SELECT unnest($names)) GROUP BY segment""",
            {"names": list(names)},
        )
        loaded = {
            name.as_py(): members_of(ids.values) for name, ids in zip(found["segment"], found["ids"], strict=True)
        }
        return {name: loaded.get(name, BitMap64()) for name in names}

    @staticmethod
    def _moved(session: Session, kept: Mapping[str, _Kept]) -> dict[str, Members]:
        """The sets after the changes that followed."""
        if not kept:
            return {}
        changes = session.query(
            """SELECT segment, customer_id, change_id, change = 'enter' AS entered FROM segment_changes
            WHERE change_id > $after AND segment IN (SELECT unnest($names))
            QUALIFY row_number() OVER (PARTITION BY segment, customer_id ORDER BY change_id DESC) = 1""",
            {"after": min(one.revision for one in kept.values()), "names": list(kept)},
        )
        found = {}
        for name, one in kept.items():
            ours = changes.filter(
                pc.and_(pc.equal(changes["segment"], name), pc.greater(changes["change_id"], one.revision))
            )
            entered = members_of(ours["customer_id"].filter(ours["entered"]))
            left = members_of(ours["customer_id"].filter(pc.invert(ours["entered"])))
            found[name] = (one.members | entered) - left if ours.num_rows else one.members
        return found


def outcome_number(session: Session) -> int | None:
    """The number of the latest outcome in the pool; None where none was ever taken in (sets are not kept then)."""
    found = session.query("SELECT value FROM meta WHERE key = 'outcome_id'")
    return int(found["value"][0].as_py()) if found.num_rows else None


def marks_of(session: Session) -> tuple[str, ...]:
    """What changes whenever customers or lists do; nothing in a pool that no tick wrote."""
    found = session.query(
        """SELECT key, value FROM meta WHERE key IN ('log_offset', 'identity_epoch', 'list_change') ORDER BY key"""
    )
    return tuple(f"{row['key']}={row['value']}" for row in found.to_pylist())


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


def _load_tags(session: Session, names: Sequence[str]) -> dict[str, TagSets]:
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


def _retagged(session: Session, kept: Mapping[str, _KeptTag]) -> dict[str, TagSets]:
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


def _with_changes(kept: _KeptTag, changes: pa.Table) -> TagSets:
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
