"""What the read models read: identifiers and links from the state, customers from the pool, as typed things.

Link ends are kept as base identifiers; here they are given as the tenures that the evidence belongs to: of a recycled
phone the one that held the value when the link was first seen. Values are in clear; whoever shows them masks them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from onepool.definitions import Definitions
from onepool.identity.arrays import PROVED, TYPED
from onepool.identity.links import LIKELY, RULED
from onepool.identity.registry import Registry, parse_rules
from onepool.pool import Session
from onepool.standards import Standard
from onepool.state import State, schema

_CHUNK = 5_000
"""Values bound in one statement; SQLite takes 32,766."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to read, and the rules in force."""

    state: State
    session: Session
    standard: Standard
    registry: Registry


@dataclass(frozen=True, slots=True)
class Node:
    """One identifier, or a later tenure of it. Instants in µs; `witness`: the code of the name last heard with it."""

    identifier_id: int
    base: int
    type: str
    scope: str
    value: str
    generation: int
    valid_from: int | None
    first_seen: int
    last_seen: int
    witness: int
    customer_id: int


@dataclass(frozen=True, slots=True)
class Link:
    """Evidence that `a` and `b` are one person, and what was concluded.

    Instants in µs; `consent`: see `_consent`. `pair`: the ends as the state has them. Events are None where a
    `decision` of people or a `candidate` of the model is the evidence. `trust`: how a contact became known, typed or
    proved; None when that was not said.
    """

    link_id: int
    pair: tuple[int, int]
    a: int
    b: int
    rule: str
    touchpoint: str
    decision: int | None
    candidate: int | None
    first_event: str | None
    first_time: int
    last_event: str | None
    last_time: int
    count: int
    trust: str | None
    confidence: float | None
    status: str
    reason: str
    consent: str

    @property
    def ends(self) -> tuple[int, int]:
        """Both ends."""
        return self.a, self.b


def sources_of(state: State, session: Session, standard: Standard, definitions: Definitions) -> Sources:
    """The sources of a workspace under its present rules."""
    rules = definitions.get("identity", "rules")
    parsed = parse_rules(rules.body if rules else None, standard)
    return Sources(state, session, standard, Registry.of(standard, parsed, joining_of(definitions)))


def joining_of(definitions: Definitions) -> dict[str, str]:
    """On what basis the evidence of each touchpoint joins: free, consent or never."""
    return {item.name: str(item.body.get("joining") or "free") for item in definitions.current("touchpoint")}


def customers_of(session: Session, ids: Collection[int]) -> dict[int, int]:
    """The present customers of identifiers."""
    if not ids:
        return {}
    found = session.query(
        "SELECT identifier_id, customer_id FROM customer_of WHERE identifier_id IN (SELECT unnest($ids))",
        {"ids": sorted(ids)},
    )
    return dict(zip(found["identifier_id"].to_pylist(), found["customer_id"].to_pylist(), strict=True))


def members(session: Session, customers: Collection[int]) -> dict[int, list[int]]:
    """The identifiers of customers, each in order of birth."""
    if not customers:
        return {}
    found = session.query(
        "SELECT customer_id, identifier_id FROM customer_of WHERE customer_id IN (SELECT unnest($ids))",
        {"ids": sorted(customers)},
    )
    own: dict[int, list[int]] = {}
    rows = zip(found["identifier_id"].to_pylist(), found["customer_id"].to_pylist(), strict=True)
    for number, customer in sorted(rows):
        own.setdefault(customer, []).append(number)
    return own


def nodes(
    sources: Sources,
    ids: Collection[int],
    owner: Mapping[int, int] | None = None,
    connection: Connection | None = None,
) -> dict[int, Node]:
    """Identifiers by id; unknown ones are left out. One that has no customer yet (the tick is at it) is its own.

    `owner`: their customers, where they are known already; `connection`: one to the state that is open already.
    """
    if not ids:
        return {}
    owner = customers_of(sources.session, ids) if owner is None else owner
    table = schema.identifiers
    found: dict[int, Node] = {}
    with sources.state.read() if connection is None else nullcontext(connection) as opened:
        for part in in_parts(ids):
            for row in opened.execute(select(table).where(table.c.id.in_(part))):
                found[row.id] = _node(row, owner.get(row.id, row.id))
    return found


def named(sources: Sources, kind: str, scope: str | None, values: Sequence[str]) -> list[Node]:
    """The identifiers of a type that have one of these values, of one scope or of any, all tenures of each."""
    found = sources.session.query(
        """SELECT identifier_id FROM identifiers WHERE type = $kind AND value IN (SELECT unnest($values))
            AND ($scope IS NULL OR scope = $scope) AND (base IS NULL OR valid_from IS NOT NULL) ORDER BY 1 LIMIT 100""",
        {"kind": kind, "values": list(values), "scope": scope},
    )
    return sorted(nodes(sources, found["identifier_id"].to_pylist()).values(), key=lambda node: node.identifier_id)


def links_of(
    sources: Sources, connection: Connection, ends: Mapping[int, Node], *, limit: int
) -> tuple[list[Link], bool]:
    """The links of these identifiers (those that belong to their tenure), by id; and whether there are more.

    At most `limit` links are read from either end.
    """
    table = schema.links
    # Evidence names base identifiers; people's and the model's links may name a later tenure itself.
    bases = {node.base for node in ends.values()} | set(ends)
    found: dict[int, Any] = {}
    more = False
    for part in in_parts(bases):
        for end in (table.c.a, table.c.b):
            query = select(table).where(end.in_(part)).order_by(table.c.id).limit(limit + 1)
            rows = connection.execute(query).all()
            more |= len(rows) > limit
            found |= {row.id: row for row in rows[:limit]}
    links = _links(connection, sources, [found[number] for number in sorted(found)])
    kept = [link for link in links if link.a in ends or link.b in ends]
    return kept[:limit], more or len(kept) > limit


def links_by_id(sources: Sources, ids: Collection[int]) -> dict[int, Link]:
    """Links by their ids; unknown ones are left out."""
    table = schema.links
    rows: list[Any] = []
    with sources.state.read() as connection:
        for part in in_parts(ids):
            rows += connection.execute(select(table).where(table.c.id.in_(part))).all()
        return {link.link_id: link for link in _links(connection, sources, rows)}


class Tenures:
    """Which tenure of a value holds at an instant."""

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """`rows`: (base, valid_from, id) of every later tenure."""
        self._of: dict[int, list[tuple[int, int]]] = {}
        for base, valid_from, number in rows:
            self._of.setdefault(base, []).append((valid_from, number))
        for spans in self._of.values():
            spans.sort()

    def at(self, base: int, time: int) -> int:
        """The id of the tenure of a base identifier at an instant in µs."""
        spans = self._of.get(base)
        if spans is None:
            return base
        place = bisect_right(spans, time, key=lambda span: span[0])
        return spans[place - 1][1] if place else base


def tenures(connection: Connection, bases: Collection[int] | None = None) -> Tenures:
    """The later tenures of these identifiers, or of all."""
    table = schema.identifiers
    query = select(table.c.base, table.c.valid_from, table.c.id).where(
        table.c.base.is_not(None), table.c.valid_from.is_not(None)
    )
    if bases is None:
        return Tenures(tuple(row) for row in connection.execute(query))
    rows: list[tuple[int, int, int]] = []
    for part in in_parts(bases):
        rows += [tuple(row) for row in connection.execute(query.where(table.c.base.in_(part)))]
    return Tenures(rows)


def consents_of(connection: Connection, ids: Collection[int]) -> dict[int, bool]:
    """Whether joining was granted (or withdrawn), of those identifiers whose person said so."""
    table = schema.consents
    found: dict[int, bool] = {}
    for part in in_parts(ids):
        for row in connection.execute(select(table).where(table.c.identifier_id.in_(part))):
            found[row.identifier_id] = bool(row.granted)
    return found


def between(connection: Connection, one: Collection[int], other: Collection[int]) -> list[Any]:
    """Candidates between two sets of identifiers."""
    table = schema.candidates
    left, right = list(one), list(other)
    query = select(table).where(
        or_(table.c.a.in_(left) & table.c.b.in_(right), table.c.a.in_(right) & table.c.b.in_(left))
    )
    return list(connection.execute(query.order_by(table.c.probability.desc(), table.c.id)).all())


def _links(connection: Connection, sources: Sources, rows: Sequence[Any]) -> list[Link]:
    ends = {row.a for row in rows} | {row.b for row in rows}
    spans = tenures(connection, ends)
    word = consents_of(connection, ends)
    return [_link(sources, row, spans, word) for row in rows]


def _link(sources: Sources, row: Any, spans: Tenures, word: Mapping[int, bool]) -> Link:
    told = row.rule not in (RULED, LIKELY)
    number = int.from_bytes(row.first_event, "big")
    return Link(
        link_id=row.id,
        pair=(row.a, row.b),
        a=spans.at(row.a, row.first_time),
        b=spans.at(row.b, row.first_time),
        rule=row.rule,
        touchpoint=row.touchpoint,
        decision=number if row.rule == RULED else None,
        candidate=number if row.rule == LIKELY else None,
        first_event=str(UUID(bytes=row.first_event)) if told else None,
        first_time=row.first_time,
        last_event=str(UUID(bytes=row.last_event)) if told else None,
        last_time=row.last_time,
        count=row._mapping["count"],  # a row's own `count` is that of tuples
        trust={TYPED: "typed", PROVED: "proved"}.get(row.trust),
        confidence=row.confidence,
        status=row.status,
        reason=row.reason,
        consent=_consent(sources.registry.joining.get(row.touchpoint, "free"), word.get(row.a), word.get(row.b)),
    )


def _consent(basis: str, *words: bool | None) -> str:
    """free: none is needed; granted, unknown, withdrawn: what the ends' person said; never: may not be used at all."""
    if False in words:
        return "withdrawn"
    if basis == "consent":
        return "granted" if True in words else "unknown"
    return basis


def _node(row: Any, customer_id: int) -> Node:
    return Node(
        identifier_id=row.id,
        base=row.id if row.base is None else row.base,
        type=row.type,
        scope=row.scope,
        value=row.value,
        generation=row.generation,
        valid_from=row.valid_from,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        witness=row.witness,
        customer_id=customer_id,
    )


def in_parts(ids: Collection[int]) -> Iterator[list[int]]:
    """Numbers in ascending parts, as many as one statement takes."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
