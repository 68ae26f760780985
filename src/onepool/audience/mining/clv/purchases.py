"""Purchases by customer and day, read in one pass, and the figures that the models want of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions import Context, Plan, Scope
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, col, every, filtered, fn, named, wall, when
from onepool.audience.conditions.names import find_field
from onepool.audience.conditions.windows import local
from onepool.audience.tags.learned import ClvTag
from onepool.clock import to_micros
from onepool.pool import Session

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Purchases:
    """Days with purchases, ordered by (customer, day).

    `customers`: ids, shape (n,); `place`: of each day, which customer; `day`: days since 1970 in the workspace's zone;
    `money`: spent on it (0 where the tag has no amount); `today`: the day of the instant; `earlier`: of each customer,
    whether there were purchases before the window.
    """

    customers: I64
    place: I64
    day: I64
    money: F64
    today: int
    earlier: npt.NDArray[np.bool_]

    def until(self, day: int) -> Purchases:
        """As it was at the end of a day: customers who had not bought yet are left out."""
        kept = self.day <= day
        present, place = np.unique(self.place[kept], return_inverse=True)
        return Purchases(self.customers[present], place, self.day[kept], self.money[kept], day, self.earlier[present])


@dataclass(frozen=True)
class Figures:
    """By customer: repeat purchases, times from the first to the last and to now (in units), and mean spend of repeat
    purchases with money (`paid`: how many those are)."""

    frequency: F64
    recency: F64
    age: F64
    paid: F64
    mean: F64


def read_purchases(session: Session, tag: ClvTag, at: datetime, scope: Scope, ctx: Context) -> Purchases:
    """The purchases that the tag means, before the instant."""
    compiler = Compiler(at, scope, ctx)
    events = compiler.events
    matching = events.match(tag.source.did[0], tag.source.behaviour(tag.within))
    day = exp.cast(wall(col("time"), ctx.zone), "DATE")
    money: E = exp.Literal.number(0)
    hit = matching.inside
    if tag.source.sum is not None:
        here = find_field(tag.source.sum, ctx.names)
        raw = events.reader.json_value(here, "DOUBLE") if here.source == "json" else col(here.name)
        money = events.column(matching.family, exp.cast(exp.func("COALESCE", raw, exp.Literal.number(0)), "DOUBLE"))
        if here.kind == "money":
            in_currency = events.column(matching.family, events.reader.currency(tag.source.currency))
            money = when((in_currency, money), otherwise=exp.cast(exp.Literal.number(0), "DOUBLE"))
    pair = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier("day"), expression=day),
            exp.PropertyEQ(this=exp.to_identifier("money"), expression=exp.cast(money, "DOUBLE")),
        ]
    )
    bought = events.measure(matching.family, filtered(fn("list", pair), hit))
    columns: list[E] = [named(bought, "bought")]
    if tag.within is not None:
        ever = events.match(tag.source.did[0], tag.source.behaviour(None))
        first = events.measure(ever.family, filtered(exp.Min(this=col("time")), ever.inside))
        inside = events.measure(matching.family, filtered(exp.Min(this=col("time")), every([hit])))
        columns.append(named(exp.LT(this=first, expression=inside), "earlier"))
    step = compiler.joined(*columns)
    rows = (
        exp.select(exp.Star())
        .from_(table("joined"))
        .where(exp.Not(this=exp.Is(this=col("bought"), expression=exp.null())))
    )
    steps = [*compiler.sources(), ("joined", step), ("result", rows)]
    found = Plan(lambda: steps, compiler.params.values).run(session)
    return _by_day(found.sort_by("customer_id"), at, ctx)


def _by_day(found: pa.Table, at: datetime, ctx: Context) -> Purchases:
    customers = found.column("customer_id").to_numpy()
    lists = found.column("bought").combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)
    pairs = lists.flatten()
    day = pairs.field("day").cast(pa.int32()).to_numpy().astype(np.int64)
    lengths = np.diff(lists.offsets.to_numpy())
    owner = np.repeat(np.arange(customers.size, dtype=np.int64), lengths)
    # Purchases of one day are one purchase.
    base = int(day.min()) if day.size else 0
    span = int(day.max()) - base + 1 if day.size else 1
    keys, place = np.unique(owner * span + (day - base), return_inverse=True)
    # Whole hundredths of a cent: the same sum in any order of rows.
    amounts = np.rint(pairs.field("money").to_numpy(zero_copy_only=False) * 10_000)
    money = np.bincount(place, amounts, keys.size) / 10_000
    earlier = (
        found.column("earlier").to_numpy().astype(bool)
        if "earlier" in found.column_names
        else np.zeros(customers.size, dtype=bool)
    )
    today = (local(to_micros(at), ctx.tz).date() - _EPOCH).days
    return Purchases(customers, keys // span, keys % span + base, money, today, earlier)


_EPOCH = datetime(1970, 1, 1).date()  # noqa: DTZ001 a date


def figures(purchases: Purchases, period: int | None = None) -> Figures:
    """In weeks; with `period` (days) in opportunities to buy: the spans of that length after the first purchase, of
    which only whole ones count."""
    size = purchases.customers.size
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, purchases.place, purchases.day)
    since = purchases.day - first[purchases.place]
    repeat = since > 0
    age = (purchases.today - first).astype(np.float64)
    if period is None:
        turn, whose, money = since[repeat] / 7, purchases.place[repeat], purchases.money[repeat]
        age = age / 7
    else:
        age = np.floor(age / period)
        turn = np.ceil(since / period)
        repeat &= turn <= age[purchases.place]
        keys, back = np.unique(purchases.place[repeat] * 1_000_000 + turn[repeat].astype(np.int64), return_inverse=True)
        whose, turn = keys // 1_000_000, (keys % 1_000_000).astype(np.float64)
        money = np.bincount(back, purchases.money[repeat], keys.size)
    recency = np.zeros(size)
    np.maximum.at(recency, whose, turn)
    spent = money > 0
    paid = np.bincount(whose[spent], minlength=size).astype(np.float64)
    total = np.bincount(whose[spent], money[spent], size)
    mean = np.divide(total, paid, out=np.zeros(size), where=paid > 0)
    return Figures(np.bincount(whose, minlength=size).astype(np.float64), recency, age, paid, mean)
