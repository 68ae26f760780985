"""Sets of customers, kept as bitmaps: segments, tag values and lists, for sizes, overlaps and set algebra at once.

Nothing here is ever stale. What is kept carries the number of the outcome up to which it is complete; a reader asks its
own snapshot of the pool for that number and brings the set up to date from the recorded changes behind it. Kept bitmaps
are never changed in place: who has one keeps a consistent picture.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from onepool.audience import lists
from onepool.audience.bitmaps import Members, ids_of, members_of
from onepool.audience.tag_sets import MOST_VALUES, KeptTag, TagSets, load_tags, retagged
from onepool.pool import Session

__all__ = ["MOST_VALUES", "Members", "Sets", "TagSets", "ids_of", "marks_of", "members_of", "outcome_number"]


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: int
    members: Members


class Sets:
    """The sets of one process, from any thread. Made once; each call reads with the caller's session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._segments: dict[str, _Kept] = {}
        self._tags: dict[str, KeptTag] = {}
        self._derived: dict[str, tuple[TagSets, object]] = {}
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
            return load_tags(session, wanted)
        usable = {name: one for name, one in kept.items() if one.revision <= revision}
        found = {name: one.sets for name, one in usable.items() if one.revision == revision}
        found |= retagged(session, {name: one for name, one in usable.items() if one.revision < revision})
        found |= load_tags(session, [name for name in wanted if name not in found])
        with self._lock:
            for name, sets in found.items():
                if name not in self._tags or self._tags[name].revision < revision:
                    self._tags[name] = KeptTag(revision, sets)
        return found

    def derived(self, tag: str, sets: TagSets) -> object | None:
        """What was made of a tag's values while they were these, if anything was."""
        with self._lock:
            kept = self._derived.get(tag)
        return kept[1] if kept is not None and kept[0] is sets else None

    def derive(self, tag: str, sets: TagSets, made: object) -> None:
        """Keep what was made of a tag's values, read in the snapshot of `sets`, until they change."""
        with self._lock:
            self._derived[tag] = (sets, made)

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
