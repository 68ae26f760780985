"""Pairs of the review that people put off: kept out of the queue until a day, or until new evidence arrives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from onepool.clock import Clock, from_micros, to_micros
from onepool.identity.decisions import DecisionError
from onepool.identity.read.queue import Kind, alike, candidates_by_id
from onepool.identity.read.sources import Sources, customers_of, links_by_id
from onepool.privacy import audit
from onepool.state import schema

USUAL = timedelta(days=7)
"""How long a pair is put off where nothing is said."""

LONGEST = timedelta(days=366)

Item = tuple[Kind, int]
"""A candidate or a conflict, and its id."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """One pair that was put off: until when, by whom, and why."""

    kind: Kind
    ref: int
    until: datetime
    author: str
    reason: str


def postpone(
    sources: Sources, clock: Clock, items: Iterable[Item], until: datetime | None, *, author: str, reason: str = ""
) -> datetime:
    """Put pairs off until an instant (without: a week); returns it. Those that are put off already get the new one.

    With an item go those of its kind that wait for a judgement on the same two customers; what comes later does not.
    Raises DecisionError for an instant that is past or more than a year away.
    """
    now = clock.now()
    until = until or now + USUAL
    if not now < until <= now + LONGEST:
        raise DecisionError(
            "a pair can be put off until an instant within the next 366 days", where=until.isoformat(), code="until"
        )
    wanted = alike(sources, items)
    evidence = _evidence(sources, wanted)
    with sources.state.write() as connection:
        for item in wanted:
            _forget(connection, item)
            values = {"until": to_micros(until), "at": to_micros(now), "author": author[:256], "reason": reason}
            said = {"kind": item[0], "ref": item[1], "evidence": evidence.get(item, "")}
            connection.execute(insert(schema.postponed).values(**said, **values))
            detail = {"until": until.isoformat()}
            audit.record_in(connection, clock, author, "identity.postpone", f"{item[0]}:{item[1]}", detail)
    return until


def resume(sources: Sources, clock: Clock, items: Iterable[Item], *, author: str) -> int:
    """Bring pairs back to the queue before their time. Returns how many items were put off."""
    found = 0
    wanted = alike(sources, items)
    with sources.state.write() as connection:
        for item in wanted:
            if _forget(connection, item):
                audit.record_in(connection, clock, author, "identity.postpone", f"{item[0]}:{item[1]}", {"until": None})
                found += 1
    return found


def postponed(sources: Sources, now: datetime) -> dict[Item, Postponed]:
    """The pairs that are put off now: their time has not come, and nothing new is known of them."""
    table = schema.postponed
    with sources.state.read() as connection:
        rows = connection.execute(select(table).where(table.c.until > to_micros(now))).all()
    evidence = _evidence(sources, [(row.kind, row.ref) for row in rows])
    return {
        (row.kind, row.ref): Postponed(row.kind, row.ref, from_micros(row.until), row.author, row.reason)
        for row in rows
        if evidence.get((row.kind, row.ref)) == row.evidence
    }


def _forget(connection: Connection, item: Item) -> bool:
    table = schema.postponed
    return connection.execute(delete(table).where(table.c.kind == item[0], table.c.ref == item[1])).rowcount > 0


def _evidence(sources: Sources, items: Sequence[Item]) -> dict[Item, str]:
    """A digest of what speaks for each pair: scores and comparisons of a proposal, sightings of a link, both customers.

    Whatever of it changes (another score, a further sighting, a merge on either side) is new evidence.
    """
    proposals = candidates_by_id(sources, [ref for kind, ref in items if kind == "candidate"])
    links = links_by_id(sources, [ref for kind, ref in items if kind == "conflict"])
    ends = {(row.a, row.b) for row in proposals.values()} | {link.ends for link in links.values()}
    owner = customers_of(sources.session, {end for pair in ends for end in pair})
    found: dict[Item, str] = {}
    for ref, row in proposals.items():
        score = (round(row.probability, 4), row.detail)
        found["candidate", ref] = _digest([*score, row.status, owner.get(row.a), owner.get(row.b)])
    for ref, link in links.items():
        seen = (link.count, link.last_time, link.trust, link.reason)
        found["conflict", ref] = _digest([*seen, owner.get(link.a), owner.get(link.b)])
    return found


def _digest(told: list[Any]) -> str:
    return blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()
