"""Likelihood over the workspace: learn a model from all customers, propose pairs, join the sure ones.

A record is what rules alone make of a customer: links that the model made before are left out, so that a run finds its
own earlier joins again, or takes them back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
from sqlalchemy import Connection, insert, select, update

from onepool.clock import to_micros
from onepool.identity.arrays import KIND, LIKELIHOOD, OFF, A, B
from onepool.identity.graph import Graph
from onepool.identity.links import LIKELY
from onepool.identity.matching import Model, Settings, cluster, fit
from onepool.identity.registry import Likelihood
from onepool.identity.store import RuledLink
from onepool.pool import Session
from onepool.state.schema import candidates

I64 = npt.NDArray[np.int64]
Step = Callable[[str, float | None], None]

COLUMNS: Mapping[str, str] = {
    "name": "name",
    "nickname": "nickname",
    "gender": "gender",
    "birthday": "date",
    "province": "region",
    "city": "region",
    "district": "region",
    "address": "address",
    "masked_phone": "masked_phone",
    "phone": "phone",
    "email": "email",
    "member_level": "category",
    "postcode": "postcode",
    "company": "text",
}
"""Attributes that records are compared by, and how."""

MODEL_KIND, MODEL_NAME = "model", "customers"

_DETAIL = 20
_MANY = ("name", "address", "email")
"""Attributes of which a customer may have several values, the latest first, all of which are compared."""
_SEVERAL = 4
_ROUNDS = 3
_RARE = 10.0
"""Bits of evidence of what about one in a thousand strangers shares."""
_LIKELY = 0.9
_AGAINST = ("birthday", "gender")


@dataclass(frozen=True)
class Found:
    """What a run over all customers found: the model, the pairs that people may be asked about, the pairs to join."""

    model: Model
    records: int
    pairs: pa.Table  # a, b, probability, detail
    joins: frozenset[tuple[int, int]]
    seconds: float


def deterministic(graph: Graph) -> I64:
    """Customer by node as rules and people alone have it; changes the graph (a copy is wanted)."""
    arrays = graph.arrays
    likely = arrays.e8[KIND, : graph.edges] == LIKELIHOOD
    if likely.any():
        arrays.e8[OFF, : graph.edges][likely] = 1
        graph.solve()
    return graph.customer.astype(np.int64)


def records_of(session: Session, customer: I64, only: I64 | None = None) -> pa.Table:
    """Records (record_id, one column for each attribute of COLUMNS; several values of a phone as a list)."""
    session.relation(
        "_records_of", pa.table({"identifier_id": np.arange(customer.size, dtype=np.int64), "record_id": customer})
    )
    wanted = ""
    if only is not None:
        session.relation("_records_wanted", pa.table({"record_id": only}))
        wanted = "SEMI JOIN _records_wanted w ON w.record_id = r.record_id"
    columns = ", ".join(
        f"list(value ORDER BY place) FILTER (attribute = '{name}' AND place <= {_SEVERAL}) AS {name}"
        if name in _MANY
        else f"max(value) FILTER (attribute = '{name}' AND place = 1) AS {name}"
        for name in COLUMNS
    )
    return session.query(
        f"""WITH said AS (
            SELECT r.record_id, f.attribute, f.value, max(f.time) AS time, max(f.seq) AS seq FROM attribute_facts f
            JOIN _records_of r ON r.identifier_id = f.identifier_id {wanted}
            WHERE f.attribute IN (SELECT unnest($names)) GROUP BY ALL),
        latest AS (
            SELECT record_id, attribute, value,
                row_number() OVER (PARTITION BY record_id, attribute ORDER BY time DESC, seq DESC) AS place FROM said)
        SELECT record_id, {columns} FROM latest GROUP BY record_id ORDER BY record_id""",
        {"names": list(COLUMNS)},
    )


def learn_all(records: pa.Table, labels: pa.Table | None, settings: Likelihood, step: Step) -> Found:
    """Fit a model to all records and say which pairs it would join. Raises MatchingError for too few records."""
    started = time.perf_counter()
    step("learning", None)
    present = [name for name in COLUMNS if records.column(name).null_count < records.num_rows]
    kinds = {name: COLUMNS[name] for name in present}
    found = fit(
        records.select(["record_id", *present]),
        kinds,
        labels=labels,
        settings=Settings(join=settings.join, review=settings.review),
    )
    step("proposing", None)
    pairs = found.pairs.filter(pc.greater_equal(found.pairs.column("probability"), min(settings.review, 0.5)))
    of = dict(
        zip(found.clusters.column("record_id").to_pylist(), found.clusters.column("cluster").to_pylist(), strict=True)
    )
    proposed = proposals(pairs, found.model).append_column("sure", surely(pairs, settings.join))
    joins = frozenset(
        (row["a"], row["b"])
        for row in proposed.select(["a", "b", "sure"]).to_pylist()
        if row["sure"] and of[row["a"]] == of[row["b"]]
    )
    return Found(found.model, records.num_rows, proposed.drop_columns(["sure"]), joins, time.perf_counter() - started)


def surely(pairs: pa.Table, least: float) -> pa.Table:
    """Which scored pairs may be joined without asking, as booleans.

    Those of a probability of at least `least`, and those whose whole names agree together with one more thing that few
    people share (a birthday, a home, a phone), with nothing against it: such patterns are right more often than the
    model, which counts them one by one, can tell.
    """
    sure = pc.greater_equal(pairs.column("probability"), least)
    told = {name for name in pairs.column_names if name.startswith("weight:")}
    if "weight:name" not in told:
        return sure
    weight = {name.removeprefix("weight:"): pairs.column(name).to_numpy() for name in told}
    other = np.max([weight[name] for name in weight if name != "name"] or [np.full(pairs.num_rows, -1.0)], axis=0)
    against = np.min([weight[name] for name in _AGAINST if name in weight] or [np.zeros(pairs.num_rows)], axis=0)
    agreed = (weight["name"] >= _RARE) & (other >= _RARE) & (against > -1.0)
    likely = pairs.column("probability").to_numpy() >= min(_LIKELY, least)
    return pc.or_(sure, pa.chunked_array([pa.array(agreed & likely)]))


def again(session: Session, found: Found, customer: I64, settings: Likelihood, step: Step) -> Found:
    """Compare what a first pass joined, as wholes, with each other: together they may say what neither said alone."""
    pairs, joins = found.pairs, set(found.joins)
    for _ in range(_ROUNDS):
        step("comparing again", None)
        merged = _merged(customer, joins)
        records = records_of(session, merged)
        records = records.select(["record_id", *(name for name in found.model.columns if name in COLUMNS)])
        scored = found.model.score(records, found.model.candidates(records))
        scored = scored.filter(surely(scored, settings.join))
        ids = records.column("record_id").combine_chunks()
        clusters = cluster(scored, ids, _LIKELY)
        of = dict(zip(clusters.column(0).to_pylist(), clusters.column(1).to_pylist(), strict=True))
        proposed = proposals(scored, found.model)
        ends = zip(proposed.column("a").to_pylist(), proposed.column("b").to_pylist(), strict=True)
        new = [pair[0] != pair[1] and of[pair[0]] == of[pair[1]] and pair not in joins for pair in ends]
        more = proposed.filter(pa.array(new, pa.bool_()))
        if more.num_rows == 0:
            break
        known = {(row["a"], row["b"]) for row in pairs.select(["a", "b"]).to_pylist()}
        fresh = [(row["a"], row["b"]) not in known for row in more.select(["a", "b"]).to_pylist()]
        pairs = pa.concat_tables([pairs, more.filter(pa.array(fresh, pa.bool_()))])
        joins |= set(zip(more.column("a").to_pylist(), more.column("b").to_pylist(), strict=True))
    return replace(found, pairs=pairs, joins=frozenset(joins))


def _merged(customer: I64, joins: Collection[tuple[int, int]]) -> I64:
    """Customers after joining pairs of them; the smallest number stays."""
    if not joins:
        return customer
    a, b = (np.array(side, np.int32) for side in zip(*joins, strict=True))
    size = int(customer.max()) + 1
    _, label = connected_components(coo_array((np.ones(a.size, np.int8), (a, b)), shape=(size, size)), directed=False)
    least = np.full(label.max() + 1, size, np.int64)
    np.minimum.at(least, label, np.arange(size, dtype=np.int64))
    found: I64 = least[label[customer]]
    return found


def proposals(pairs: pa.Table, model: Model) -> pa.Table:
    """Scored pairs as candidates: (a, b, probability, detail), a < b; `detail` says level and weight by comparison."""
    names = [name.removeprefix("weight:") for name in pairs.column_names if name.startswith("weight:")]
    left, right = pairs.column("left").to_numpy(), pairs.column("right").to_numpy()
    weights = {name: pairs.column(f"weight:{name}").to_pylist() for name in names}
    levels = {name: pairs.column(f"level:{name}").to_pylist() for name in names}
    called = {one.spec.name: one.spec.levels for one in model.comparisons}
    details = [
        json.dumps(
            [
                {
                    "comparison": name,
                    "level": called[name][levels[name][row]],
                    "weight": round(float(weights[name][row]), 3),
                }
                for name in names[:_DETAIL]
                if levels[name][row] is not None and levels[name][row] >= 0
            ],
            separators=(",", ":"),
        )
        for row in range(pairs.num_rows)
    ]
    return pa.table(
        {
            "a": np.minimum(left, right),
            "b": np.maximum(left, right),
            "probability": pairs.column("probability"),
            "detail": pa.array(details, pa.string()),
        }
    )


def labels_of(connection: Connection, customer: I64) -> pa.Table | None:
    """What people decided of pairs that the model proposed, as labels (left, right, match); None when nothing."""
    table = candidates
    rows = connection.execute(
        select(table.c.a, table.c.b, table.c.status).where(table.c.status.in_(("merged", "never")))
    ).all()
    if not rows:
        return None
    return pa.table(
        {
            "left": pa.array([int(customer[row.a]) for row in rows], pa.int64()),
            "right": pa.array([int(customer[row.b]) for row in rows], pa.int64()),
            "match": pa.array([row.status == "merged" for row in rows], pa.bool_()),
        }
    )


def store(
    connection: Connection, pairs: pa.Table, model: int, at: datetime, *, all_of_them: bool
) -> dict[tuple[int, int], tuple[int, str]]:
    """Keep candidates; what people decided stays decided. Returns (number, status) by pair.

    `all_of_them`: the pairs are everything that the model finds, so that open ones not among them are gone.
    """
    table = candidates
    known = {
        (row.a, row.b): (row.id, row.status)
        for row in connection.execute(select(table.c.id, table.c.a, table.c.b, table.c.status))
    }
    when = to_micros(at)
    rows = pairs.to_pylist()
    fresh = [row for row in rows if (row["a"], row["b"]) not in known]
    if fresh:
        connection.execute(
            insert(table),
            [{**row, "model": model, "at": when, "status": "open"} for row in fresh],
        )
    for row in rows:
        number, status = known.get((row["a"], row["b"]), (0, ""))
        if number:
            connection.execute(
                update(table)
                .where(table.c.id == number)
                .values(
                    probability=row["probability"],
                    detail=row["detail"],
                    model=model,
                    status="open" if status in ("gone", "joined") and all_of_them else status,
                )
            )
    if all_of_them:
        wanted = {(row["a"], row["b"]) for row in rows}
        gone = [
            number for pair, (number, status) in known.items() if pair not in wanted and status in ("open", "joined")
        ]
        for start in range(0, len(gone), 500):
            connection.execute(update(table).where(table.c.id.in_(gone[start : start + 500])).values(status="gone"))
    return {
        (row.a, row.b): (row.id, row.status)
        for row in connection.execute(select(table.c.id, table.c.a, table.c.b, table.c.status))
    }


def chances(pairs: pa.Table) -> dict[tuple[int, int], float]:
    """Probability by pair."""
    columns = (pairs.column(name).to_pylist() for name in ("a", "b", "probability"))
    return {(a, b): chance for a, b, chance in zip(*columns, strict=True)}


def to_join(
    known: Mapping[tuple[int, int], tuple[int, str]],
    by_pair: Mapping[tuple[int, int], float],
    wanted: Sequence[tuple[int, int]],
    at: datetime,
) -> list[RuledLink]:
    """Links for pairs that nobody has ruled on."""
    return [
        RuledLink(*pair, known[pair][0], at, LIKELY, by_pair[pair])
        for pair in sorted(wanted)
        if pair in known and known[pair][1] in ("open", "joined")
    ]


def no_longer(graph: Graph, wanted: frozenset[tuple[int, int]]) -> list[int]:
    """Links by likelihood that a new run does not want any more."""
    arrays = graph.arrays
    edges = np.flatnonzero((arrays.e8[KIND, : graph.edges] == LIKELIHOOD) & (arrays.e8[OFF, : graph.edges] == 0))
    return [e for e in edges.tolist() if (int(arrays.e32[A, e]), int(arrays.e32[B, e])) not in wanted]
