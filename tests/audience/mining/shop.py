"""A shop whose customers' secrets are known: how often they look and buy, when they leave, what they spend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import TypeAdapter

from onepool.audience.conditions import Context, TagNames, names_of, parse_condition
from onepool.audience.tags.learned import AnyModelTag, ModelTag
from onepool.layout import columns_of
from onepool.pool import DuckDBEngine
from onepool.pool.schema import create
from onepool.standards import load_standard

DAYS = 200
START = datetime(2026, 3, 1, tzinfo=UTC)
AT = START + timedelta(days=DAYS)
ZONE = "Asia/Shanghai"
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_TIME = pa.timestamp("us", tz="UTC")
_ADAPTER: TypeAdapter[ModelTag] = TypeAdapter(AnyModelTag)


@dataclass(frozen=True)
class Shop:
    """By customer (ids from 1): views and orders a day, when the last thing is done, what an order costs; and events as
    (customer, kind, day, amount), kind 0: product_viewed, 1: order_paid, 2: coupon_redeemed."""

    rate: F64
    ends: F64
    spend: F64
    hunter: npt.NDArray[np.bool_]
    customer: I64
    kind: I64
    day: F64
    amount: F64


@lru_cache(maxsize=2)
def shop(size: int = 2500, seed: int = 4) -> Shop:
    """Customers arrive all the time, buy at their own rate (twice as likely in a week after looking around), stop at
    their own time. A fifth are bargain hunters, who redeem coupons and spend little."""
    chance = np.random.default_rng(seed)
    arrival = chance.uniform(0, DAYS * 0.6, size)
    rate = chance.gamma(1.2, 0.05, size) + 0.004
    ends = np.minimum(arrival + chance.exponential(110, size), DAYS)
    hunter = chance.random(size) < 0.2
    spend = np.where(hunter, 40.0, chance.gamma(4, 45, size) + 20)
    parts: list[tuple[I64, int, F64, F64]] = []

    def happen(kind: int, rates: F64, amounts: F64 | None = None) -> None:
        counts = chance.poisson(rates * np.maximum(ends - arrival, 0))
        who = np.repeat(np.arange(size), counts)
        when = arrival[who] + chance.random(who.size) * (ends - arrival)[who]
        money = np.zeros(who.size) if amounts is None else amounts[who] * chance.gamma(8, 1 / 8, who.size)
        parts.append((who + 1, kind, when, money))

    happen(0, rate * 4)
    happen(1, rate, spend)
    happen(2, np.where(hunter, rate * 0.8, rate * 0.02))
    parts.append((np.arange(size) + 1, 0, arrival, np.zeros(size)))
    customer = np.concatenate([part[0] for part in parts])
    kind = np.concatenate([np.full(part[0].size, part[1]) for part in parts])
    day, amount = np.concatenate([part[2] for part in parts]), np.concatenate([part[3] for part in parts])
    order = np.argsort(day, kind="stable")
    return Shop(rate, ends, spend, hunter, customer[order], kind[order], day[order], np.round(amount[order], 2))


NAMES = np.array(["product_viewed", "order_paid", "coupon_redeemed"])


def pool(known: Shop, *, late: float = 0.0) -> DuckDBEngine:
    """A pool with the shop's events; `late`: days by which they arrive after they happened."""
    engine = DuckDBEngine(":memory:", ZONE, threads=1)
    size = int(known.customer.max())
    time = pa.array((START.timestamp() + known.day * 86_400) * 1e6).cast(pa.int64(), safe=False)
    arrived = pa.array((START.timestamp() + (known.day + late) * 86_400) * 1e6).cast(pa.int64(), safe=False)
    money = pa.array(known.amount, mask=known.kind != 1).cast(pa.decimal128(18, 4))
    events = pa.table(
        {
            "seq": np.arange(known.day.size),
            "identifier_id": known.customer + 1_000_000,
            "event": NAMES[known.kind].tolist(),
            "time": time.cast(_TIME),
            "received_at": arrived.cast(_TIME),
            "channel": np.where(known.customer % 3 == 0, "wechat_mini", "web").tolist(),
            "amount": money,
            "category": np.where(known.kind == 0, np.where(known.customer % 2 == 0, "toys", "food"), "").tolist(),
        }
    )
    ids = np.arange(1, size + 1)
    # Some of the bargain hunters said so themselves.
    asked = ids[known.hunter & (ids % 2 == 0)]
    values = [["上海", "北京", "杭州"][one // 6 % 3] for one in range(size)] + ["bargains"] * asked.size
    facts = {
        "seq": np.arange(size + asked.size) + known.day.size,
        "identifier_id": np.concatenate([ids, asked]) + 1_000_000,
        "attribute": ["city"] * size + ["source"] * asked.size,
        "value": values,
        "time": pa.array([START] * len(values), _TIME),
    }
    with engine.write() as session:
        create(session, columns_of(STANDARD))
        session.append("customer_of", pa.table({"identifier_id": ids + 1_000_000, "customer_id": ids}))
        session.append("events", events)
        session.append("attribute_facts", pa.table(facts))
    return engine


STANDARD = load_standard([])


def context(**segments: Any) -> Context:
    """Names of the standard, a tag with numbers, and these segments."""
    names = names_of(
        STANDARD,
        tags={"points": TagNames("number"), "future": TagNames("number")},
        segments={name: parse_condition(body) for name, body in segments.items()},
    )
    return Context(names, ZONE, "CNY")


def tag(model: str, **said: Any) -> ModelTag:
    """A learned tag by its YAML form."""
    body = {"tag": "learned", "title": "Learned", "says": "value", "kind": "model", "model": model, **said}
    return _ADAPTER.validate_python(body)
