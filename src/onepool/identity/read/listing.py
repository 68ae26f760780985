"""Identifiers of one type, all or those that one touchpoint named, the latest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, union

from onepool.identity.read.sources import Node, Sources, in_parts, nodes
from onepool.state import schema

_FIRST_LOOK = 200
_LONGEST_LOOK = 20_000


def identifiers(
    sources: Sources, kind: str, touchpoint: str | None = None, *, before: int | None = None, limit: int = 50
) -> tuple[list[Node], int | None]:
    """A page of identifiers, and where the next one begins (None: there is none), to be given as `before`.

    Tenures that are no longer in use are left out. An identifier was named at a touchpoint when a link, an event or a
    fact says so, as in the overview. Cost: that of the identifiers looked at, found by indexes; never of all links.
    """
    found: list[int] = []
    look = _FIRST_LOOK if touchpoint is not None else limit + 1
    while len(found) <= limit:
        some = _ids(sources, kind, before, look)
        if not some:
            break
        found += some if touchpoint is None else _named(sources, some, touchpoint)
        before = some[-1]
        look = min(4 * look, _LONGEST_LOOK)
    page = found[:limit]
    known = nodes(sources, page)
    return [known[one] for one in page if one in known], page[-1] if len(found) > limit else None


def _ids(sources: Sources, kind: str, before: int | None, limit: int) -> list[int]:
    found = sources.session.query(
        """SELECT identifier_id FROM identifiers WHERE type = $kind AND (base IS NULL OR valid_from IS NOT NULL)
            AND ($before IS NULL OR identifier_id < $before) ORDER BY identifier_id DESC LIMIT $limit""",
        {"kind": kind, "before": before, "limit": limit},
    )
    ids: list[int] = found["identifier_id"].to_pylist()
    return ids


def _named(sources: Sources, ids: Sequence[int], touchpoint: str) -> list[int]:
    """Those of some identifiers that a touchpoint named, in the same order."""
    table = schema.links
    named: set[int] = set()
    with sources.state.read() as connection:
        for part in in_parts(ids):
            seen = [
                select(end).where(end.in_(part), table.c.touchpoint == touchpoint) for end in (table.c.a, table.c.b)
            ]
            named |= set(connection.execute(union(*seen)).scalars())
    rows = sources.session.query(
        """SELECT identifier_id FROM events WHERE touchpoint = $touchpoint AND identifier_id IN (SELECT unnest($ids))
        UNION SELECT identifier_id FROM attribute_facts
            WHERE touchpoint = $touchpoint AND identifier_id IN (SELECT unnest($ids))""",
        {"touchpoint": touchpoint, "ids": list(ids)},
    )
    named |= set(rows["identifier_id"].to_pylist())
    return [one for one in ids if one in named]
