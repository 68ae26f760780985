"""Likelihood over the workspace: learn a model from all customers, propose pairs, join the sure ones.

A record is what rules alone make of a customer: links that the model made before are left out, so that a run finds its
own earlier joins again, or takes them back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select, update

from onepool.clock import to_micros
from onepool.identity.arrays import KIND, LIKELIHOOD, OFF, A, B
from onepool.identity.graph import Graph
from onepool.identity.links import LIKELY
from onepool.identity.matching import Model, Settings, fit
from onepool.identity.registry import Likelihood
from onepool.identity.store import RuledLink
from onepool.pool import Session
from onepool.state.schema import candidates
from onepool.tick import certainty, proving

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
    "phone": "phone",
    "email": "email",
    "member_level": "category",
    "postcode": "postcode",
    "company": "text",
    "product_id": "product",
    "order_time": "moment",
}
"""Attributes that records are compared by, and how; and what was bought when, which orders tell."""

MODEL_KIND, MODEL_NAME = "model", "customers"

_DETAIL = 20
_MANY = ("name", "nickname", "birthday", "address", "phone", "email")
"""Attributes of which a customer may have several values, the latest first, all of which are compared."""
_BOUGHT = ("product_id", "order_time")
_SEVERAL = 4
_TOGETHER: Mapping[str, tuple[str, ...]] = {"phone": ("phone", "masked_phone")}
"""What masks show is compared with numbers that are known, so both are values of one column."""
_LEVELS = b"levels"
_LEAST = 0.002
"""Probability below which a pair says nothing, as in fitting."""


@dataclass(frozen=True)
class Before:
    """What a run over all customers begins from: pairs that are linked by likelihood, pairs that wait or are joined.
    Only of these it may say that they are no more; others were found live while it was learning."""

    linked: frozenset[tuple[int, int]]
    waiting: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Found:
    """What a run over all customers found: the model, the pairs that people may be asked about, the pairs to join."""

    model: Model
    records: int
    pairs: pa.Table  # a, b, probability, detail
    joins: frozenset[tuple[int, int]]
    seconds: float
    before: Before = Before(frozenset(), frozenset())


def before(connection: Connection, graph: Graph) -> Before:
    """What there is by likelihood now."""
    table = candidates
    rows = connection.execute(select(table.c.a, table.c.b).where(table.c.status.in_(("open", "joined"))))
    waiting = frozenset((row.a, row.b) for row in rows)
    return Before(frozenset(_pair(graph, edge) for edge in _likely(graph)), waiting)


def deterministic(graph: Graph) -> I64:
    """Customer by node as rules and people alone have it; changes the graph (a copy is wanted)."""
    arrays = graph.arrays
    likely = arrays.e8[KIND, : graph.edges] == LIKELIHOOD
    if likely.any():
        arrays.e8[OFF, : graph.edges][likely] = 1
        graph.solve()
    return graph.customer.astype(np.int64)


def records_of(session: Session, customer: I64, only: I64 | None = None) -> pa.Table:
    """Records (record_id, one column for each attribute of COLUMNS), of customers given by node.

    Those of _MANY are lists of the latest values that differ; so are products and times (in UTC) of the latest orders.
    An address stands with the region told with it: estates and roads of one name are in every town.
    """
    session.relation(
        "_records_of", pa.table({"identifier_id": np.arange(customer.size, dtype=np.int64), "record_id": customer})
    )
    wanted = ""
    if only is not None:
        session.relation("_records_wanted", pa.table({"record_id": only}))
        wanted = "SEMI JOIN _records_wanted w ON w.record_id = r.record_id"
    told = [name for name in COLUMNS if name not in _BOUGHT]
    columns = ", ".join(_column(name) for name in told)
    return session.query(
        f"""WITH facts AS (
            SELECT r.record_id, f.identifier_id, f.attribute, f.value, f.time, f.seq FROM attribute_facts f
            JOIN _records_of r ON r.identifier_id = f.identifier_id {wanted}
            WHERE f.attribute IN (SELECT unnest($names)) AND f.value IS NOT NULL),
        places AS (
            SELECT identifier_id, seq, concat_ws(' ', max(value) FILTER (attribute = 'province'),
                max(value) FILTER (attribute = 'city'), max(value) FILTER (attribute = 'district')) AS place
            FROM facts WHERE attribute IN ('province', 'city', 'district') GROUP BY ALL),
        said AS (
            SELECT f.record_id, f.attribute, CASE f.attribute WHEN 'address' THEN concat_ws(' ', p.place, f.value)
                ELSE f.value END AS value, max(f.time) AS time, max(f.seq) AS seq
            FROM facts f LEFT JOIN places p
                ON f.attribute = 'address' AND p.identifier_id = f.identifier_id AND p.seq = f.seq
            GROUP BY ALL),
        latest AS (
            SELECT record_id, attribute, value,
                row_number() OVER (PARTITION BY record_id, attribute ORDER BY time DESC, seq DESC) AS place FROM said),
        bought AS (
            SELECT r.record_id, coalesce(o.placed_at, o.paid_at) AS "at", coalesce(o.items, []) AS items
            FROM orders o JOIN _records_of r ON r.identifier_id = o.identifier_id {wanted}
            WHERE coalesce(o.placed_at, o.paid_at) IS NOT NULL QUALIFY {_SEVERAL} >=
                row_number() OVER (PARTITION BY r.record_id ORDER BY "at" DESC, o.touchpoint, o.order_id)),
        baskets AS (
            SELECT record_id,
                list_sort(list(DISTINCT strftime("at" AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M'))) AS order_time,
                list_sort(list_distinct(flatten(list(list_transform(items, lambda line: line.product_id)))))
                    AS product_id
            FROM bought GROUP BY record_id)
        SELECT l.*, b.product_id, b.order_time
        FROM (SELECT record_id, {columns} FROM latest GROUP BY record_id) l LEFT JOIN baskets b USING (record_id)
        ORDER BY record_id""",
        {"names": [*told, *(one for many in _TOGETHER.values() for one in many)]},
    )


def _column(name: str) -> str:
    said = " OR ".join(f"attribute = '{one}'" for one in _TOGETHER.get(name, (name,)))
    if name in _MANY:
        return f"list(value ORDER BY attribute DESC, place) FILTER (({said}) AND place <= {_SEVERAL}) AS {name}"
    return f"max(value) FILTER (({said}) AND place = 1) AS {name}"


def known(records: pa.Table, model: Model) -> pa.Table:
    """The columns that a model reads; one that it knows and that is no more stands empty."""
    for name in model.columns:
        if name not in records.column_names:
            records = records.append_column(name, pa.nulls(records.num_rows, pa.string()))
    return records.select([name for name in records.column_names if name == "record_id" or name in model.columns])


def learn_all(records: pa.Table, numbers: pa.Table, labels: pa.Table | None, settings: Likelihood, step: Step) -> Found:
    """Fit a model to all records and say which pairs it would join. Raises MatchingError for too few records.

    `numbers`: the numbers that they proved, as `proving.proved_numbers` has them.
    """
    started = time.perf_counter()
    step("learning", None)
    labels = _usable(labels, records)
    present = [name for name in COLUMNS if records.column(name).null_count < records.num_rows]
    found = fit(
        records.select(["record_id", *present]),
        {name: COLUMNS[name] for name in present},
        labels=labels,
        settings=Settings(join=settings.join, review=settings.review),
    )
    step("proposing", None)
    pairs = proposals(found.pairs, found.model, numbers)
    joins = certainty.joins(pairs, records.column("record_id").combine_chunks(), settings.join)
    shown = proposed(pairs, min(settings.review, 0.5))
    report = {**found.model.report, "labels": 0 if labels is None else labels.num_rows}
    model = replace(found.model, report=report)
    return Found(model, records.num_rows, shown, joins, time.perf_counter() - started)


def match_all(records: pa.Table, numbers: pa.Table, model: Model, settings: Likelihood, step: Step) -> Found:
    """Which pairs of all records a model made before would join; as `learn_all`, without learning."""
    started = time.perf_counter()
    step("proposing", None)
    own = known(records, model)
    scored = model.score(own, model.candidates(own))
    scored = scored.filter(pc.greater_equal(scored.column("probability"), _LEAST))
    pairs = proposals(scored, model, numbers)
    joins = certainty.joins(pairs, records.column("record_id").combine_chunks(), settings.join)
    shown = proposed(pairs, min(settings.review, 0.5))
    return Found(model, records.num_rows, shown, joins, time.perf_counter() - started)


def model_of(body: Mapping[str, Any]) -> Model:
    """The model in a body of its definition. Raises MatchingError."""
    return Model.from_json(json.dumps({key: value for key, value in body.items() if key != "model"}))


def _usable(labels: pa.Table | None, records: pa.Table) -> pa.Table | None:
    """Labels of two records that there are: what people said of somebody who is no record any more (an identifier that
    consent took out, sides that rules made one) teaches nothing."""
    if labels is None:
        return None
    there = records.column("record_id").combine_chunks()
    both = pc.and_(pc.is_in(labels.column("left"), there), pc.is_in(labels.column("right"), there))
    kept = labels.filter(pc.and_(both, pc.not_equal(labels.column("left"), labels.column("right"))))
    return kept if kept.num_rows else None


def proposals(pairs: pa.Table, model: Model, numbers: pa.Table) -> pa.Table:
    """Scored pairs with what is certain of them: (a, b, probability, against, evidence, level: and weight: of each
    comparison), a < b. `against`: whether something contradicts that they are one person. `numbers`: those that the
    records proved (`proving.proved_numbers`)."""
    left, right = pairs.column("left").to_numpy(), pairs.column("right").to_numpy()
    told = [name for name in pairs.column_names if name.startswith(("level:", "weight:"))]
    table = pa.table(
        {
            "a": np.minimum(left, right),
            "b": np.maximum(left, right),
            "probability": certainty.probabilities(pairs, model, proving.both_proved(left, right, numbers)),
            "against": certainty.against(pairs, model),
            **{name: pairs.column(name) for name in told},
        }
    )
    return with_levels(table, {one.spec.name: one.spec.levels for one in model.comparisons})


def with_levels(pairs: pa.Table, levels: Mapping[str, Sequence[str]]) -> pa.Table:
    """Scored pairs that say what their levels are called, by comparison, as `proposed` reads it."""
    return pairs.replace_schema_metadata({_LEVELS: json.dumps({name: list(some) for name, some in levels.items()})})


def proposed(pairs: pa.Table, least: float) -> pa.Table:
    """Those of `proposals` of a probability of at least `least`, as candidates: (a, b, probability, detail); `detail`
    says level and weight by comparison."""
    called = json.loads(pairs.schema.metadata[_LEVELS])
    pairs = pairs.filter(pc.greater_equal(pairs.column("probability"), least))
    names = [name for name in called if f"weight:{name}" in pairs.column_names]
    weights = {name: pairs.column(f"weight:{name}").to_pylist() for name in names}
    levels = {name: pairs.column(f"level:{name}").to_pylist() for name in names}
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
    return pairs.select(["a", "b", "probability"]).append_column("detail", pa.array(details, pa.string()))


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
    connection: Connection,
    pairs: pa.Table,
    model: int,
    at: datetime,
    *,
    instead: frozenset[tuple[int, int]] | None = None,
) -> dict[tuple[int, int], tuple[int, str]]:
    """Keep candidates; what people decided stays decided. Returns (number, status) by pair.

    `instead`: the pairs are everything that the model finds in the place of these, of which those not among them are
    gone.
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
                    status="open" if status == "gone" or (status == "joined" and instead is not None) else status,
                )
            )
    if instead:
        gone_pairs = instead - {(row["a"], row["b"]) for row in rows}
        gone = [
            number for pair, (number, status) in known.items() if pair in gone_pairs and status in ("open", "joined")
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


def no_longer(graph: Graph, wanted: frozenset[tuple[int, int]], linked: frozenset[tuple[int, int]]) -> list[int]:
    """Links by likelihood among `linked` that a new run does not want any more."""
    return [edge for edge in _likely(graph) if _pair(graph, edge) in linked - wanted]


def never_again(
    connection: Connection,
    known: dict[tuple[int, int], tuple[int, str]],
    customer: npt.NDArray[np.signedinteger[Any]],
    never: Iterable[tuple[int, int]],
) -> dict[tuple[int, int], tuple[int, str]]:
    """Settle open candidates between customers of whom people said that they are never one, whichever identifiers they
    said it of. `known`: as of `store`, returned as it is then; `customer`: by node; `never`: pairs of nodes."""

    def sides(a: int, b: int) -> frozenset[int]:
        return frozenset((int(customer[a]), int(customer[b])))

    apart = {sides(*pair) for pair in never}
    settled = {pair: number for pair, (number, status) in known.items() if status == "open" and sides(*pair) in apart}
    numbers = sorted(settled.values())
    for start in range(0, len(numbers), 500):
        some = candidates.c.id.in_(numbers[start : start + 500])
        connection.execute(update(candidates).where(some).values(status="never"))
    return known | {pair: (number, "never") for pair, number in settled.items()}


def _likely(graph: Graph) -> list[int]:
    arrays = graph.arrays
    likely = (arrays.e8[KIND, : graph.edges] == LIKELIHOOD) & (arrays.e8[OFF, : graph.edges] == 0)
    return [int(edge) for edge in np.flatnonzero(likely)]


def _pair(graph: Graph, edge: int) -> tuple[int, int]:
    return int(graph.arrays.e32[A, edge]), int(graph.arrays.e32[B, edge])
