"""Features of all customers at an instant: a few grouped queries, then one matrix.

Nothing after the instant is read: events by their time (and their arrival, where the plan says so), attributes by the
time of the fact, tags by their dated changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions import Context
from onepool.audience.conditions.names import KINDS
from onepool.audience.mining.features.plan import Column, FeaturePlan
from onepool.pool import Session

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_WINDOWS = 5
# Fibonacci hashing: neighbours in number are far apart.
_MIXED, _MIX, _RANGE = 1_048_576, 2_654_435_761, 4_294_967_296
_OF_EVENTS = ("times", "days", "since", "first", "amount")


@dataclass(frozen=True)
class Frame:
    """Features of customers, by customer_id: `matrix` of shape (customers, columns),
    NaN where nothing is known."""

    customers: I64
    matrix: F32

    def of(self, customers: I64) -> F32:
        """The rows of these customers, all of whom are in the frame."""
        return self.matrix[np.searchsorted(self.customers, customers)]


def read_features(
    session: Session,
    plan: FeaturePlan,
    at: datetime,
    ctx: Context,
    customer: int | None = None,
    besides: I64 | None = None,
    share: float = 1.0,
) -> Frame:
    """The plan's features at the instant, of everybody or of one customer. `besides`: customers who are wanted though
    they did nothing in the history; `share`: of `drawn` customers only, the others are not even grouped."""
    windows = sorted({column.window for column in plan.columns if column.window is not None} | {plan.history})
    if len(windows) > _WINDOWS:
        raise ValueError(f"at most {_WINDOWS} windows can be read at once")
    events = sorted({column.of for column in plan.columns if column.kind in _OF_EVENTS and column.of})
    params: dict[str, object] = {
        "start": at - timedelta(days=plan.history),
        "end": at,
        "known": at if plan.by_arrival else _ALWAYS,
        "one": customer,
        "events": events,
        "currency": ctx.currency,
        "below": _below(share),
    }
    padded = windows + [windows[-1]] * (_WINDOWS - len(windows))
    deeds = session.query(_DEEDS, {**params, **{f"w{place}": days for place, days in enumerate(padded)}})
    everything = deeds.filter(pc.equal(deeds.column("code"), 0))
    customers = np.unique(everything.column("customer_id").to_numpy())
    if besides is not None:
        customers = np.union1d(customers, besides)
    # By columns, which is how it is filled.
    matrix = np.full((customers.size, len(plan.columns)), np.nan, dtype=np.float32, order="F")
    found = Frame(customers, matrix)
    _fill_deeds(found, plan, deeds, events, windows)
    here = {key: params[key] for key in ("start", "end", "known", "one", "below")}
    if channels := plan.named("channel"):
        _fill_counts(found, plan, "channel", session.query(_CHANNELS, {**here, "values": channels}), channels)
    if categories := plan.named("category"):
        of_events = {**here, "values": categories, "events": params["events"]}
        _fill_counts(found, plan, "category", session.query(_CATEGORIES, of_events), categories)
    if attributes := plan.named("attribute"):
        table = session.query(_ATTRIBUTES, {"end": at, "one": customer, "names": attributes})
        _fill_facts(found, plan, "attribute", table, at, ctx)
    if tags := plan.named("tag"):
        table = session.query(_TAGS, {"end": at, "one": customer, "names": tags})
        _fill_facts(found, plan, "tag", table, at, ctx)
    return found


def drawn(customers: I64, share: float) -> I64:
    """That share of the customers, always the same ones."""
    return customers[customers % _MIXED * _MIX % _RANGE < _below(share)]


def _below(share: float) -> int:
    return int(share * _RANGE)


def _rows(frame: Frame, table: pa.Table) -> tuple[I64, npt.NDArray[np.bool_]]:
    """For each row of the table its customer's place, and whether it is in the frame."""
    wanted = table.column("customer_id").to_numpy()
    place = np.minimum(np.searchsorted(frame.customers, wanted), max(frame.customers.size - 1, 0))
    return place, frame.customers[place] == wanted if frame.customers.size else np.zeros(wanted.size, dtype=bool)


def _fill_deeds(frame: Frame, plan: FeaturePlan, deeds: pa.Table, events: list[str], windows: list[int]) -> None:
    place, _ = _rows(frame, deeds)
    runs = _runs(deeds, ["", *events])
    values = {name: deeds.column(name).to_numpy() for name in deeds.column_names if name not in ("customer_id", "code")}
    for position, column in enumerate(plan.columns):
        if column.kind in ("channel", "category", "attribute", "tag"):
            continue
        slot = "" if column.window is None else str(windows.index(column.window))
        source = {"times": f"n{slot}", "days": f"d{slot}", "active": f"d{slot}", "amount": f"m{slot}"}
        if column.kind in source:
            frame.matrix[:, position] = 0.0
        here = runs[column.of]
        frame.matrix[place[here], position] = values[source.get(column.kind, column.kind)][here]


def _runs(table: pa.Table, names: list[str]) -> dict[str, I64]:
    """Where each name's rows stand: `code` is its place among the names."""
    codes = table.column("code").to_numpy()
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {name: order[edges[code] : edges[code + 1]] for code, name in enumerate(names)}


def _fill_counts(frame: Frame, plan: FeaturePlan, kind: str, table: pa.Table, names: list[str]) -> None:
    place, inside = _rows(frame, table)
    runs, times = _runs(table, ["", *names]), table.column("times").to_numpy()
    for position, column in enumerate(plan.columns):
        if column.kind == kind:
            frame.matrix[:, position] = 0.0
            here = runs[column.of][inside[runs[column.of]]]
            frame.matrix[place[here], position] = times[here]


def _fill_facts(frame: Frame, plan: FeaturePlan, kind: str, table: pa.Table, at: datetime, ctx: Context) -> None:
    for position, column in enumerate(plan.columns):
        if column.kind == kind:
            _fill_fact(frame, position, column, table, at, ctx)


def _fill_fact(frame: Frame, position: int, column: Column, table: pa.Table, at: datetime, ctx: Context) -> None:
    mine = table.filter(pc.equal(table.column("name"), column.of))
    place, inside = _rows(frame, mine)
    if column.levels is not None:
        codes = {text: code for code, text in enumerate(column.levels)}
        texts = mine.column("value").combine_chunks().dictionary_encode()
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        # Values that are none of the levels share a code of their own; no value is missing.
        lookup = np.array([codes.get(text, len(codes)) for text in texts.dictionary.to_pylist()], dtype=np.float32)
        indices = texts.indices.fill_null(-1).to_numpy()
        numbers = np.where(indices >= 0, lookup[indices] if lookup.size else np.nan, np.nan)
    else:
        kind = "number" if column.kind == "tag" else KINDS.get(str(ctx.names.attributes[column.of]), "any")
        numbers = mine.column("instant" if kind in ("time", "date") else "number").to_numpy(zero_copy_only=False)
        if kind in ("time", "date"):
            numbers = at.timestamp() / 86_400 - numbers
    frame.matrix[place[inside], position] = numbers[inside]


_ALWAYS: Any = datetime.fromisoformat("9999-01-01T00:00:00+00:00")

# Days ago are counted from the instant, so that no window depends on midnight. Events, channels and categories go by
# their place in the list that is asked for, 0 stands for all events: numbers group faster than texts (and DuckDB 2.0.0
# breaks on texts of a column grouped together with those of lists: "dict-surviving cache").
_DEEDS = """
WITH daily AS (
    SELECT customer_id, coalesce(nullif(list_position($events, event), 0), -1)::INTEGER AS code,
        (epoch_us($end) - epoch_us(time) - 1) // 86400000000 AS ago, count(*) AS n,
        coalesce(sum(amount) FILTER (currency IS NULL OR currency = $currency), 0)::DECIMAL(38, 4) AS m
    FROM events JOIN customer_of USING (identifier_id)
    WHERE time >= $start AND time < $end AND received_at <= $known AND ($one IS NULL OR customer_id = $one)
        AND customer_id % 1048576 * 2654435761 % 4294967296 < $below
    GROUP BY ALL
), deeds AS (
    SELECT * FROM daily WHERE code > 0
    UNION ALL
    SELECT customer_id, 0 AS code, ago, sum(n) AS n, 0::DECIMAL(38, 4) AS m FROM daily GROUP BY customer_id, ago
)
SELECT customer_id, code, min(ago)::DOUBLE AS since, max(ago)::DOUBLE AS first,
    coalesce(sum(n) FILTER (ago < $w0), 0)::DOUBLE AS n0, coalesce(sum(n) FILTER (ago < $w1), 0)::DOUBLE AS n1,
    coalesce(sum(n) FILTER (ago < $w2), 0)::DOUBLE AS n2, coalesce(sum(n) FILTER (ago < $w3), 0)::DOUBLE AS n3,
    coalesce(sum(n) FILTER (ago < $w4), 0)::DOUBLE AS n4,
    (count(*) FILTER (ago < $w0))::DOUBLE AS d0, (count(*) FILTER (ago < $w1))::DOUBLE AS d1,
    (count(*) FILTER (ago < $w2))::DOUBLE AS d2, (count(*) FILTER (ago < $w3))::DOUBLE AS d3,
    (count(*) FILTER (ago < $w4))::DOUBLE AS d4,
    coalesce(sum(m) FILTER (ago < $w0), 0)::DOUBLE AS m0, coalesce(sum(m) FILTER (ago < $w1), 0)::DOUBLE AS m1,
    coalesce(sum(m) FILTER (ago < $w2), 0)::DOUBLE AS m2, coalesce(sum(m) FILTER (ago < $w3), 0)::DOUBLE AS m3,
    coalesce(sum(m) FILTER (ago < $w4), 0)::DOUBLE AS m4
FROM deeds GROUP BY customer_id, code"""
_CHANNELS = """
SELECT customer_id, list_position($values, channel)::INTEGER AS code, count(*)::DOUBLE AS times
FROM events JOIN customer_of USING (identifier_id)
WHERE time >= $start AND time < $end AND received_at <= $known AND ($one IS NULL OR customer_id = $one)
    AND customer_id % 1048576 * 2654435761 % 4294967296 < $below AND list_contains($values, channel)
GROUP BY customer_id, code"""
_CATEGORIES = """
SELECT customer_id, code, count(*)::DOUBLE AS times FROM (
    SELECT customer_id, list_position($values, category)::INTEGER AS code
    FROM events JOIN customer_of USING (identifier_id)
    WHERE time >= $start AND time < $end AND received_at <= $known AND ($one IS NULL OR customer_id = $one)
        AND customer_id % 1048576 * 2654435761 % 4294967296 < $below
        AND list_contains($events, event) AND category IS NOT NULL
    UNION ALL
    SELECT customer_id,
        unnest(list_transform(items, lambda item: list_position($values, item.category)::INTEGER)) AS code
    FROM events JOIN customer_of USING (identifier_id)
    WHERE time >= $start AND time < $end AND received_at <= $known AND ($one IS NULL OR customer_id = $one)
        AND customer_id % 1048576 * 2654435761 % 4294967296 < $below
        AND list_contains($events, event) AND items IS NOT NULL
) WHERE code > 0 GROUP BY customer_id, code"""
_ATTRIBUTES = """
SELECT customer_id, name, value, coalesce(TRY_CAST(value AS DOUBLE), TRY_CAST(value AS BOOLEAN)::INTEGER) AS number,
    epoch(TRY_CAST(value AS TIMESTAMPTZ)) / 86400 AS instant
FROM (
    SELECT customer_id, attribute AS name,
        arg_max_null(value, epoch_us(time)::INT128 * 9223372036854775808::INT128 + seq) AS value
    FROM attribute_facts JOIN customer_of USING (identifier_id)
    WHERE time <= $end AND list_contains($names, attribute) AND ($one IS NULL OR customer_id = $one)
    GROUP BY customer_id, attribute
)"""
_TAGS = """
SELECT customer_id, tag AS name, arg_max_null(value, dated) AS value, arg_max_null(number, dated) AS number
FROM (
    SELECT *, epoch_us(as_of)::INT128 * 9223372036854775808::INT128 + change_id AS dated FROM tag_changes
    WHERE as_of <= $end AND list_contains($names, tag) AND ($one IS NULL OR customer_id = $one)
) GROUP BY customer_id, tag"""
