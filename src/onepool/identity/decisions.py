"""People's rulings on who is one person: merge, never, split, block, and taking one back.

Rows are only ever added. The worker takes them up at its next tick. Ends (`a`, `b`) are identifiers as they stand,
later tenures of a recycled value included; pairs cut by a split are pairs of base identifiers, as links are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, desc, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy import audit
from onepool.state import State, schema
from onepool.state.store import get_meta

Kind = Literal["merge", "never", "split", "block", "undo"]

APPLIED = "decisions_applied"
"""Key in the state's meta: the latest decision that the tick took up."""

_PAIRWISE = ("merge", "never", "split")


class DecisionError(OnePoolError):
    """What is to be decided makes no sense."""

    code = "decision"


class Decided(DecisionError):
    """Somebody decided it meanwhile, or long ago."""

    code = "decided-meanwhile"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two customers as the decider sees it: all identifiers, and the smallest strong one (None: has none)."""

    anchor: int | None
    identifiers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row. `part`: what a split took out; `pairs`: what it cut, or what a merge joins beside its ends.

    `candidates`: proposals that it settled. `over`: decisions it ends.
    """

    id: int
    at: datetime
    kind: Kind
    a: int | None
    b: int | None
    author: str
    reason: str
    undoes: int | None
    undone_by: int | None
    applied: bool
    part: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    over: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()


def merge(
    state: State,
    clock: Clock,
    one: Side,
    other: Side,
    pairs: Iterable[tuple[int, int]] = (),
    *,
    author: str,
    reason: str = "",
    seen: int | None = None,
    candidate: int | None = None,
) -> Decision:
    """Make two customers one; `pairs`: identifiers to be joined beside the anchors, for a merge beyond the limits.

    `seen`: the latest decision that the author knew: later ones between the two refuse this one with Decided, earlier
    ones that kept them apart are overruled; without it any one in force refuses. `candidate`: the proposal that is
    answered; Decided when it was answered already.
    """
    return _rule(
        state, clock, "merge", one, other, author=author, reason=reason, seen=seen, candidate=candidate, pairs=pairs
    )


def never(
    state: State,
    clock: Clock,
    one: Side,
    other: Side,
    *,
    author: str,
    reason: str = "",
    seen: int | None = None,
    candidate: int | None = None,
) -> Decision:
    """Keep two customers apart, whatever evidence comes. Parameters and errors as of `merge`."""
    return _rule(state, clock, "never", one, other, author=author, reason=reason, seen=seen, candidate=candidate)


def split(
    state: State,
    clock: Clock,
    part: Side,
    rest: Side,
    pairs: Iterable[tuple[int, int]],
    *,
    author: str,
    reason: str = "",
    seen: int | None = None,
) -> Decision:
    """Take `part` out of a customer: the links `pairs` between both are cut, and their anchors kept apart.

    Raises Decided when another decision about the customer is newer than `seen` (without it: than what the tick took
    up, so that what was looked at is what is split).
    """
    if not part.identifiers or not rest.identifiers:
        raise DecisionError("a split needs identifiers on both sides", hint="name some of them, not all")
    cut = sorted({(min(a, b), max(a, b)) for a, b in pairs})
    payload = {"part": sorted(part.identifiers), "rest": sorted(rest.identifiers), "pairs": [list(p) for p in cut]}
    both = (*part.identifiers, *rest.identifiers)
    with state.write() as connection:
        known = applied(connection) if seen is None else seen
        _refuse(_read(connection, or_(*_either(both))), known)
        return _add(connection, clock, "split", part.anchor, rest.anchor, payload, author, reason)


def block(state: State, clock: Clock, identifier: int, *, author: str, reason: str = "") -> Decision:
    """Let an identifier join nobody. Raises Decided when it is blocked already."""
    with state.write() as connection:
        _refuse(_read(connection, and_(schema.decisions.c.kind == "block", schema.decisions.c.a == identifier)), 0)
        return _add(connection, clock, "block", identifier, None, {}, author, reason)


def undo(state: State, clock: Clock, decision: int, *, author: str, reason: str = "") -> Decision:
    """Take a decision back. Raises Decided when somebody did already; DecisionError when there is none to take back."""
    with state.write() as connection:
        found = _read(connection, schema.decisions.c.id == decision)
        if not found or found[0].kind == "undo":
            raise DecisionError("there is no such decision to take back", where=str(decision), code="decision-unknown")
        one = found[0]
        if one.undone_by is not None:
            raise _decided(_read(connection, schema.decisions.c.id == one.undone_by)[0])
        try:
            made = _add(connection, clock, "undo", one.a, one.b, {}, author, reason, undoes=decision)
        except IntegrityError as error:  # two at once on an engine whose writers don't wait for each other
            raise Decided("somebody took this decision back meanwhile", where=str(decision)) from error
        if one.candidates:
            table = schema.candidates
            connection.execute(update(table).where(table.c.id.in_(one.candidates)).values(status="open"))
    return made


def get(state: State, decision: int) -> Decision | None:
    """One decision."""
    with state.read() as connection:
        found = _read(connection, schema.decisions.c.id == decision)
    return found[0] if found else None


def history(
    state: State, identifiers: Collection[int] | None = None, *, offset: int = 0, limit: int = 50
) -> tuple[list[Decision], int]:
    """The latest decisions, of all or about these identifiers, and how many there are."""
    table = schema.decisions
    where = or_(*_either(identifiers)) if identifiers is not None else table.c.id.is_not(None)
    with state.read() as connection:
        total = connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        return _read(connection, where, offset=offset, limit=limit), total


def latest(state: State) -> int:
    """The id of the latest decision, 0 when there is none: what a decider has seen."""
    with state.read() as connection:
        return int(connection.execute(select(func.max(schema.decisions.c.id))).scalar_one() or 0)


def every(state: State) -> list[Decision]:
    """All decisions there are, by id."""
    with state.read() as connection:
        return sorted(_read(connection, schema.decisions.c.id.is_not(None)), key=lambda one: one.id)


def in_force(connection: Connection, identifiers: Collection[int]) -> list[Decision]:
    """The decisions about these identifiers that were not taken back and that no later one overrules, by id."""
    if not identifiers:
        return []
    rows = _read(connection, or_(*_either(identifiers)))
    found = [one for one in rows if one.kind != "undo" and one.undone_by is None]
    if any(one.kind in ("never", "split") for one in found):
        over = _overruled(connection)
        found = [one for one in found if one.id not in over]
    last: dict[tuple[int, int], int] = {}
    for one in found:
        if pair := _pair(one):
            last[pair] = max(one.id, last.get(pair, 0))
    return sorted((one for one in found if (pair := _pair(one)) is None or last[pair] == one.id), key=lambda d: d.id)


def unapplied(connection: Connection) -> list[Decision]:
    """The decisions that the tick has yet to take up, by id."""
    return sorted(_read(connection, schema.decisions.c.id > applied(connection)), key=lambda one: one.id)


def applied(connection: Connection) -> int:
    """The latest decision that the tick took up, 0 when none."""
    return int(get_meta(connection, APPLIED) or 0)


def _rule(
    state: State,
    clock: Clock,
    kind: Literal["merge", "never"],
    one: Side,
    other: Side,
    *,
    author: str,
    reason: str,
    seen: int | None,
    candidate: int | None,
    pairs: Iterable[tuple[int, int]] = (),
) -> Decision:
    if one.anchor is None or other.anchor is None:
        raise DecisionError(
            "one of the two has only identifiers that never join (a device, a cookie)",
            hint="such an identifier goes to whoever signs in with it",
            code="no-anchor",
        )
    if set(one.identifiers) & set(other.identifiers):
        raise DecisionError("both are the same customer", code="same-customer")
    decisions, candidates = schema.decisions, schema.candidates
    across = and_(
        decisions.c.kind.in_(_PAIRWISE),
        or_(
            and_(decisions.c.a.in_(one.identifiers), decisions.c.b.in_(other.identifiers)),
            and_(decisions.c.a.in_(other.identifiers), decisions.c.b.in_(one.identifiers)),
        ),
    )
    between = or_(
        and_(candidates.c.a.in_(one.identifiers), candidates.c.b.in_(other.identifiers)),
        and_(candidates.c.a.in_(other.identifiers), candidates.c.b.in_(one.identifiers)),
    )
    with state.write() as connection:
        standing = [ruling for ruling in _read(connection, across) if ruling.undone_by is None]
        waiting = connection.execute(select(candidates.c.id).where(and_(between, candidates.c.status == "open")))
        settled = sorted(waiting.scalars())
        # A proposal that came after the word on the same two, under other identifiers, may be answered as they were.
        apart = all(ruling.kind in ("never", "split") for ruling in standing)
        if not (kind == "never" and candidate in settled and apart):
            _refuse(standing, seen or 0)
        # A merge knowingly made ends what was ruled before, whichever identifiers that named.
        over = sorted(ruling.id for ruling in standing if kind == "merge" and ruling.kind != "merge")
        if candidate is not None and candidate not in settled:
            raise Decided("this proposal was answered meanwhile", where=f"candidate:{candidate}")
        if settled:
            status = "merged" if kind == "merge" else "never"
            connection.execute(update(candidates).where(candidates.c.id.in_(settled)).values(status=status))
        parts = {"candidates": settled, "over": over, "pairs": [list(pair) for pair in sorted(set(pairs))]}
        payload = {name: part for name, part in parts.items() if part}
        return _add(connection, clock, kind, one.anchor, other.anchor, payload, author, reason)


def _add(
    connection: Connection,
    clock: Clock,
    kind: Kind,
    a: int | None,
    b: int | None,
    payload: dict[str, Any],
    author: str,
    reason: str,
    undoes: int | None = None,
) -> Decision:
    made = connection.execute(
        insert(schema.decisions).values(
            at=to_micros(clock.now()),
            kind=kind,
            a=a,
            b=b,
            payload=json.dumps(payload, sort_keys=True, separators=(",", ":")),
            author=author[:256],
            reason=reason,
            undoes=undoes,
        )
    )
    assert made.inserted_primary_key is not None
    number = int(made.inserted_primary_key[0])
    action: Literal["identity.undo", "identity.decide"] = "identity.undo" if kind == "undo" else "identity.decide"
    # Identifiers are named by number: the trail holds no personal data.
    detail: dict[str, Any] = {"kind": kind, "a": a, "b": b, **({"undoes": undoes} if undoes is not None else {})}
    audit.record_in(connection, clock, author, action, f"decision:{number}", detail)
    return _read(connection, schema.decisions.c.id == number)[0]


def _refuse(about: Iterable[Decision], seen: int) -> None:
    """Raise Decided when one of the decisions about the same thing is in force and newer than `seen`."""
    for one in about:
        if one.id > seen and one.kind != "undo" and one.undone_by is None:
            raise _decided(one)


def _decided(one: Decision) -> Decided:
    words = {
        "merge": "merged them",
        "never": "said that they are never to be one",
        "split": "split them",
        "block": "blocked it",
        "undo": "took it back",
    }
    return Decided(
        f"{one.author} {words[one.kind]} on {one.at.isoformat(timespec='minutes')}",
        where=f"decision:{one.id}",
        hint="look at it again, or undo that decision first",
    )


def _overruled(connection: Connection) -> set[int]:
    """The rulings that merges in force overrule."""
    table = schema.decisions
    merges = _read(connection, and_(table.c.kind == "merge", table.c.payload.contains('"over"')))
    return {number for one in merges if one.undone_by is None for number in one.over}


def _pair(one: Decision) -> tuple[int, int] | None:
    """What it rules about, when that is a pair."""
    if one.kind not in _PAIRWISE or one.a is None or one.b is None:
        return None
    return min(one.a, one.b), max(one.a, one.b)


def _either(identifiers: Collection[int]) -> Sequence[ColumnElement[bool]]:
    return schema.decisions.c.a.in_(identifiers), schema.decisions.c.b.in_(identifiers)


def _read(
    connection: Connection, where: ColumnElement[bool], *, offset: int = 0, limit: int | None = None
) -> list[Decision]:
    """The decisions that a condition selects, the latest first, with what became of them."""
    table = schema.decisions
    undone = table.alias("undone")
    query = (
        select(table, undone.c.id.label("undone_by"))
        .outerjoin(undone, undone.c.undoes == table.c.id)
        .where(where)
        .order_by(desc(table.c.id))
        .offset(offset)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    done = applied(connection) if rows else 0
    return [_decision(row, done) for row in rows]


def _decision(row: Any, done: int) -> Decision:
    payload = json.loads(row.payload)
    return Decision(
        id=row.id,
        at=from_micros(row.at),
        kind=row.kind,
        a=row.a,
        b=row.b,
        author=row.author,
        reason=row.reason,
        undoes=row.undoes,
        undone_by=row.undone_by,
        applied=row.id <= done,
        part=tuple(payload.get("part", ())),
        pairs=tuple((a, b) for a, b in payload.get("pairs", ())),
        over=tuple(payload.get("over", ())),
        candidates=tuple(payload.get("candidates", ())),
    )
