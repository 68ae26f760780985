"""Further rounds of matching: customers that the first joined are compared as wholes, and take their numbers along."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.arrays import A_AT, B_AT, CONFLICT, CONTACT, EDGE_STATUS, EVENT, KIND, OFF, STRENGTH, STRONG, TYPE
from onepool.identity.graph import Graph
from onepool.identity.matching import Model
from onepool.identity.registry import Likelihood
from onepool.pool import Session
from onepool.tick import certainty
from onepool.tick.matching import Found, Step, known, proposals, proposed, records_of
from onepool.tick.proving import proved_numbers

I64 = npt.NDArray[np.int64]

MOST: Final = 8
"""Most rounds; each looks only at customers that the one before made, and mostly the third finds nothing more."""
PER_KEY: Final = 80
"""Most other customers that one is compared with by one blocking key; keys that more share say little."""
_ONLY: Final = 0.999
"""Probability that a number is of the only customer who gave it."""


def again(session: Session, found: Found, graph: Graph, customer: I64, settings: Likelihood, step: Step) -> Found:
    """Compare what a first pass joined, as wholes, with everybody: together they may say what no part said alone.

    `customer`: by node as rules alone have it, in `graph`. Lastly a phone or e-mail address that rules left alone,
    since several customers gave it, joins the one customer that these have become.
    """
    pairs, joins = found.pairs, set(found.joins)
    keys = found.model.keys(known(records_of(session, customer), found.model))
    changed = np.unique(merged(customer, joins)[[a for a, _ in joins]]) if joins else np.empty(0, np.int64)
    for _ in range(MOST):
        if changed.size == 0:
            break
        step("comparing again", None)
        whole = merged(customer, joins)
        scored = _scored(session, found.model, keys, whole, changed)
        new = certainty.joins(scored, pa.array(np.unique(whole)), settings.join) - joins
        pairs = _also(pairs, proposed(scored.filter(_among(scored, new)), 0.0))
        joins |= new
        changed = np.unique(merged(customer, joins)[[a for a, _ in new]]) if new else np.empty(0, np.int64)
    numbers = claims(graph, customer, merged(customer, joins))
    pairs = _also(pairs, numbers)
    joins |= set(zip(numbers.column("a").to_pylist(), numbers.column("b").to_pylist(), strict=True))
    return replace(found, pairs=pairs, joins=frozenset(joins))


def merged(customer: I64, joins: Collection[tuple[int, int]]) -> I64:
    """Customers after joining pairs of them; the smallest number stays."""
    if not joins:
        return customer
    a, b = (np.array(side, np.int32) for side in zip(*joins, strict=True))
    size = int(customer.max()) + 1
    # Loaded here: only likelihood matching wants it.
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    _, label = connected_components(coo_array((np.ones(a.size, np.int8), (a, b)), shape=(size, size)), directed=False)
    least = np.full(label.max() + 1, size, np.int64)
    np.minimum.at(least, label, np.arange(size, dtype=np.int64))
    found: I64 = least[label[customer]]
    return found


def _scored(session: Session, model: Model, keys: pa.Table, whole: I64, changed: I64) -> pa.Table:
    """Changed customers against all others that share a blocking key with them, as `proposals`."""
    own = known(records_of(session, whole, changed), model)
    others = pa.table({"record_id": whole[keys.column("record_id").to_numpy()], **_rest(keys)})
    pairs = sharing(session, model.keys(own), others)
    concerned = np.unique(np.concatenate([*pairs]))
    records = known(records_of(session, whole, concerned), model)
    numbers = proved_numbers(session, whole, concerned)
    return proposals(model.score(records, pa.table({"left": pairs[0], "right": pairs[1]})), model, numbers)


def _rest(keys: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: keys.column(name) for name in ("rule", "key")}


def sharing(session: Session, own: pa.Table, others: pa.Table) -> tuple[I64, I64]:
    """Pairs (left < right) of customers that share a blocking key (record_id, rule, key), one of them of `own`."""
    session.relation("_own_keys", own)
    session.relation("_other_keys", others)
    found = session.query(
        """WITH shared AS (
            SELECT DISTINCT o.record_id AS own, k.record_id AS other, o.rule, o.key FROM _own_keys o
            JOIN _other_keys k ON k.key = o.key AND k.rule = o.rule AND k.record_id <> o.record_id
            QUALIFY count(*) OVER (PARTITION BY o.record_id, o.rule, o.key) <= $most)
        SELECT DISTINCT least(own, other) AS a, greatest(own, other) AS b FROM shared ORDER BY a, b""",
        {"most": PER_KEY},
    )
    return found.column("a").to_numpy(), found.column("b").to_numpy()


def _among(pairs: pa.Table, wanted: Collection[tuple[int, int]]) -> pa.Array:
    ends = zip(pairs.column("a").to_pylist(), pairs.column("b").to_pylist(), strict=True)
    return pa.array([pair in wanted for pair in ends], pa.bool_())


def _also(pairs: pa.Table, more: pa.Table) -> pa.Table:
    """Candidates with others that are not among them yet."""
    there = set(zip(pairs.column("a").to_pylist(), pairs.column("b").to_pylist(), strict=True))
    ends = zip(more.column("a").to_pylist(), more.column("b").to_pylist(), strict=True)
    fresh = more.filter(pa.array([pair not in there for pair in ends], pa.bool_()))
    return pa.concat_tables([pairs, fresh.cast(pairs.schema)])


def claims(graph: Graph, customer: I64, whole: I64) -> pa.Table:
    """Numbers (phones, e-mail addresses) that stand alone by rules and that only one customer of `whole` has given: as
    candidates, the number's customer with that one."""
    arrays, end = graph.arrays, graph.edges
    tied = (arrays.e8[KIND, :end] == EVENT) & (arrays.e8[OFF, :end] == 0) & (arrays.e8[EDGE_STATUS, :end] <= CONFLICT)
    a, b = (arrays.e32[row, :end][tied].astype(np.int64) for row in (A_AT, B_AT))
    kind = arrays.n32[TYPE, : customer.size]
    contact = arrays.types[CONTACT, kind] == 1
    strong = arrays.types[STRENGTH, kind] == STRONG
    bound = np.zeros(whole.size, np.bool_)
    bound[whole[strong & ~contact]] = True
    number, giver = np.concatenate([a, b]), np.concatenate([b, a])
    asked = contact[number] & strong[giver] & ~contact[giver] & ~bound[whole[number]]
    ends = np.unique(np.stack([customer[number[asked]], whole[giver[asked]]], axis=1), axis=0)
    sets, count = np.unique(ends[:, 0], return_counts=True)
    single = ends[np.isin(ends[:, 0], sets[count == 1])]
    return pa.table(
        {
            "a": np.minimum(single[:, 0], single[:, 1]),
            "b": np.maximum(single[:, 0], single[:, 1]),
            "probability": np.full(len(single), _ONLY),
            "detail": pa.array([_DETAIL] * len(single), pa.string()),
        }
    )


_DETAIL: Final = '[{"comparison":"phone","level":"nobody else gave it","weight":10.0}]'
