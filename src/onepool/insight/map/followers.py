"""The customers of a touchpoint with and without an identifier that they could also have given.

Those who gave it show what giving it does: take the identifier away, and what is left of the customer on the
touchpoint's side stands where those who did not give it stand now. Whether the identifier is known apart from that
side says whether giving it joins two customers. This is leave-one-out over the graph as it was resolved, so whatever
the rules did (limits, names, numbers handed on) is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import select

from onepool.identity.read import Sources
from onepool.insight.map.gather import Gathered
from onepool.pool import Session
from onepool.state.schema import consents

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sides:
    """What the touchpoint's customers are without the identifier, one row each ("side").

    ``gave``: it is joined with such an identifier. ``refused``: only evidence that the rules did not let join.
    ``touchpoints``: how many know the side. ``events``: at the touchpoint.
    ``may_join``: the touchpoint's links may join this person (consent). Of those who gave: ``known``: the identifier is
    known apart from this side; ``elsewhere``: at a touchpoint that does not know the side.
    """

    customer: I64
    gave: Bools
    refused: Bools
    touchpoints: I64
    events: I64
    may_join: Bools
    known: Bools
    elsewhere: Bools

    @cached_property
    def without(self) -> Bools:
        """Who has none and did not try to give one."""
        return ~self.gave & ~self.refused


def sides(sources: Sources, gathered: Gathered, touchpoint: str | None, kind: str) -> Sides:
    """The sides of a touchpoint's customers (None: of every touchpoint) without identifiers of type ``kind``."""
    at = None if touchpoint is None else gathered.place(touchpoint)
    given = gathered.of_type(kind)
    strong = [slot for slot in gathered.strong(sources) if slot not in given]
    with gathered.read() as work:
        _pieces(work, given)
        _words(sources, work)
        basis = "free" if touchpoint is None else sources.registry.joining.get(touchpoint, "free")
        found = work.query(_SIDES, {"at": at, "given": given, "strong": strong, "basis": basis})

    def bools(name: str) -> Bools:
        values: Bools = found.column(name).to_numpy(zero_copy_only=False).astype(np.bool_)
        return values

    def numbers(name: str) -> I64:
        values: I64 = found.column(name).to_numpy().astype(np.int64)
        return values

    return Sides(
        customer=numbers("customer"),
        gave=bools("gave"),
        refused=bools("refused"),
        touchpoints=numbers("touchpoints"),
        events=numbers("events"),
        may_join=bools("may_join"),
        known=bools("known"),
        elsewhere=bools("elsewhere"),
    )


def _pieces(work: Session, given: list[int]) -> None:
    """Relation ``piece``: the part of its customer that each identifier falls into without those given."""
    kept = work.query(
        """SELECT l.a, l.b FROM link l JOIN ident x ON x.id = l.a JOIN ident y ON y.id = l.b
        WHERE l.joined AND x.slot NOT IN (SELECT unnest($given)) AND y.slot NOT IN (SELECT unnest($given))""",
        {"given": given},
    )
    ids = work.query("SELECT id FROM ident ORDER BY id").column("id").to_numpy()
    a, b = (np.searchsorted(ids, kept.column(end).to_numpy()) for end in ("a", "b"))
    # Loaded here: most who load this module ask for another part of the map.
    from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    graph = coo_matrix((np.ones(a.size, np.int8), (a, b)), shape=(ids.size, ids.size))
    _, label = connected_components(graph, directed=False)
    work.relation("piece", pa.table({"id": ids, "piece": label.astype(np.int64)}))


def _words(sources: Sources, work: Session) -> None:
    """Relation ``word``: what persons said on joining, by identifier."""

    with sources.state.read() as connection:
        rows = connection.execute(select(consents.c.identifier_id, consents.c.granted)).all()
    ids, said = pa.array([row[0] for row in rows], pa.int64()), pa.array([bool(row[1]) for row in rows], pa.bool_())
    work.relation("word", pa.table({"id": ids, "granted": said}))


# `tie`: evidence between an identifier given and a side. `latest`: the one that a side gave last.
_SIDES = """WITH mine AS (
        SELECT p.piece, any_value(s.customer) AS customer, sum(s.borne)::BIGINT AS events
        FROM seen s JOIN piece p USING (id)
        WHERE ($at IS NULL OR s.tp = $at) AND s.slot IN (SELECT unnest($strong)) GROUP BY 1
    ), whole AS (
        SELECT p.piece, count(DISTINCT s.tp) AS touchpoints, list(DISTINCT s.tp) AS tps
        FROM seen s JOIN piece p USING (id) SEMI JOIN mine USING (piece)
        WHERE s.slot NOT IN (SELECT unnest($given)) GROUP BY 1
    ), tie AS (
        SELECT x.id AS given, p.piece, l.tp, l.joined, l.last_at
        FROM (SELECT a, b, tp, joined, last_at FROM link UNION ALL SELECT b, a, tp, joined, last_at FROM link) l
        JOIN ident x ON x.id = l.a AND x.slot IN (SELECT unnest($given))
        JOIN ident y ON y.id = l.b AND y.slot NOT IN (SELECT unnest($given))
        JOIN piece p ON p.id = l.b
    ), latest AS (
        SELECT piece, arg_max(given, (last_at, given)) AS given FROM tie WHERE joined GROUP BY 1
    ), tried AS (
        SELECT DISTINCT piece FROM tie WHERE NOT joined
    ), spoken AS (
        SELECT p.piece, bool_or(w.granted) AS yes, bool_or(NOT w.granted) AS no
        FROM word w JOIN piece p USING (id) GROUP BY 1
    ), others AS (
        SELECT m.piece AS side, t.piece AS other FROM mine m JOIN latest l USING (piece)
        JOIN tie t ON t.given = l.given AND t.joined AND t.piece <> m.piece GROUP BY ALL
    ), places AS (
        -- touchpoints that know the identifier, or what else it is joined with, apart from the side
        SELECT o.side AS piece, s.tp FROM others o JOIN piece p ON p.piece = o.other JOIN seen s ON s.id = p.id
        UNION
        SELECT m.piece, s.tp FROM mine m JOIN latest l USING (piece) JOIN seen s ON s.id = l.given AND s.borne > 0
        WHERE NOT EXISTS (SELECT 1 FROM tie t WHERE t.given = l.given AND t.piece = m.piece AND t.tp = s.tp)
    ), apart AS (
        SELECT f.piece, true AS known, bool_or(NOT list_contains(w.tps, f.tp)) AS elsewhere
        FROM places f JOIN whole w USING (piece) GROUP BY 1
    )
    SELECT m.customer, l.piece IS NOT NULL AS gave, l.piece IS NULL AND t.piece IS NOT NULL AS refused,
        w.touchpoints, m.events,
        CASE $basis WHEN 'never' THEN false WHEN 'consent' THEN coalesce(k.yes AND NOT k.no, false)
            ELSE NOT coalesce(k.no, false) END AS may_join,
        coalesce(a.known, false) AS known, coalesce(a.elsewhere, false) AS elsewhere
    FROM mine m JOIN whole w USING (piece) LEFT JOIN latest l USING (piece) LEFT JOIN tried t USING (piece)
    LEFT JOIN spoken k USING (piece)
    LEFT JOIN apart a USING (piece) ORDER BY m.piece"""
