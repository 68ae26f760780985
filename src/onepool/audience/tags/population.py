"""What all customers together look like, for tags that compare one with all: cut points and average shares."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, col, double, fn, named, number, paren
from onepool.audience.tags.model import Cut
from onepool.pool import Session

# tag -> key -> number: cut points by their place in the definition ("0", "1" …), average shares by value.
Populations: TypeAlias = dict[str, dict[str, float]]

POPULATION = "_population"
_KEY = "population:"


def cut_points(tag: str, cut: Cut, source: str, value: E) -> list[exp.Query]:
    """Queries (tag, key, number) of the cut points of a column of a step."""
    if cut.by == "number":
        return []
    found: list[exp.Query] = []
    for index, point in enumerate(cut.at):
        points = percent_of(source, value, point) if cut.by == "percent" else _rank(source, value, int(point))
        found.append(keyed(tag, str(index), points))
    return found


def percent_of(source: str, value: E, percent: float) -> exp.Query:
    """The least value such that at least that share of all values is not above it."""
    share = int(Decimal(str(percent)) * 10_000)
    place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[exp.Ordered(this=value.copy())]))
    of_all = exp.Window(this=exp.Count(this=exp.Star(), big_int=True))
    ranked = (
        exp.select(named(value, "number"), named(place, "place"), named(of_all, "of_all"))
        .from_(table(source))
        .where(known(value))
    )
    high = exp.GTE(
        this=exp.Mul(this=exp.column("place"), expression=number(1_000_000)),
        expression=exp.Mul(this=exp.column("of_all"), expression=number(share)),
    )
    return exp.select(named(exp.Min(this=exp.column("number")), "number")).from_(ranked.subquery("ranked")).where(high)


def percentiles(tag: str, prefix: str, source: str, value: E) -> exp.Query:
    """The 100 values such that at least 1, 2 … 100 percent of all values are not above them, under `prefix` + 001 …"""
    place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[exp.Ordered(this=value.copy())]))
    ranked = exp.select(named(value, "number"), named(place, "place")).from_(table(source)).where(known(value))
    of_all = exp.select(named(exp.Count(this=value.copy(), big_int=True), "of_all")).from_(table(source))
    percents = exp.select(named(fn("unnest", fn("range", number(1), number(101))), "percent"))
    share = exp.Add(this=exp.Mul(this=col("of_all"), expression=col("percent")), expression=number(99))
    wanted = exp.select(col("percent"), named(exp.IntDiv(this=paren(share), expression=number(100)), "place"))
    wanted = wanted.from_(of_all.subquery("counted")).join(percents.subquery("percents"), join_type="cross")
    padded = fn("lpad", exp.cast(col("percent"), "VARCHAR"), number(3), exp.Literal.string("0"))
    key = exp.DPipe(this=exp.Literal.string(prefix), expression=padded)
    return (
        exp.select(named(exp.Literal.string(tag), "tag"), named(key, "key"), named(col("number"), "number"))
        .from_(ranked.subquery("ranked"))
        .join(wanted.subquery("wanted"), using=["place"])
    )


def _rank(source: str, value: E, place: int) -> exp.Query:
    """The value at that place from the top (the least value where there are fewer)."""
    best = (
        exp.select(named(value, "number"))
        .from_(table(source))
        .where(known(value))
        .order_by(exp.Ordered(this=value.copy(), desc=True))
        .limit(place)
    )
    return exp.select(named(exp.Min(this=exp.column("number")), "number")).from_(best.subquery("best"))


def known(value: E) -> E:
    return exp.Not(this=exp.Is(this=value, expression=exp.null()))


def keyed(tag: str, key: str, values: exp.Query) -> exp.Query:
    """A query of one number as a row of what the population is compared by."""
    return (
        exp.select(
            named(exp.Literal.string(tag), "tag"),
            named(exp.Literal.string(key), "key"),
            named(exp.column("number"), "number"),
            copy=False,
        )
        .from_(values.subquery("cut", copy=False), copy=False)
        .where(known(exp.column("number")), copy=False)
    )


def labelled(tag: str, cut: Cut, value: E, source: str = POPULATION) -> E:
    """The label of a value's layer."""
    points: list[E] = [
        double(point) if cut.by == "number" else point_of(tag, str(index), source) for index, point in enumerate(cut.at)
    ]
    found = exp.Case()
    labels = [exp.Literal.string(label) for label in cut.labels]
    if cut.by == "rank":
        for point, label in zip(points, labels, strict=False):
            found = found.when(exp.GTE(this=value.copy(), expression=point), label, copy=False)
        return found.else_(labels[-1], copy=False)
    for index in reversed(range(len(points))):
        found = found.when(exp.GTE(this=value.copy(), expression=points[index]), labels[index + 1], copy=False)
    return found.else_(labels[0], copy=False)


def point_of(tag: str, key: str, source: str = POPULATION) -> E:
    """A number of the population (NULL: none)."""
    same = exp.EQ(this=col("tag"), expression=exp.Literal.string(tag))
    here = exp.EQ(this=col("key"), expression=exp.Literal.string(key))
    found = exp.select(exp.Max(this=col("number")), copy=False).from_(table(source), copy=False)
    return found.where(same, here, copy=False).subquery(copy=False)


def population_table(populations: Populations) -> pa.Table:
    """(tag, key, number) for the queries."""
    rows = [(tag, key, value) for tag, kept in populations.items() for key, value in kept.items()]
    return pa.table(
        {
            "tag": pa.array([row[0] for row in rows], pa.string()),
            "key": pa.array([row[1] for row in rows], pa.string()),
            "number": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def load_populations(session: Session, tags: Iterable[str]) -> Populations:
    """What was kept for these tags."""
    keys = [f"{_KEY}{tag}" for tag in tags]
    if not keys:
        return {}
    query = "SELECT key, value FROM meta WHERE list_contains($keys, key)"
    rows = session.query(query, {"keys": keys}).to_pylist()
    return {row["key"].removeprefix(_KEY): json.loads(row["value"]) for row in rows}


def save_populations(session: Session, populations: Populations) -> None:
    """Keep them in the pool, beside the values that they led to."""
    for tag, kept in populations.items():
        session.execute("DELETE FROM meta WHERE key = $key", {"key": f"{_KEY}{tag}"})
        value = json.dumps(kept, ensure_ascii=False, sort_keys=True)
        session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": f"{_KEY}{tag}", "value": value})
