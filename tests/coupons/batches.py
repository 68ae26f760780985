"""Batches of coupons for tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from onepool.clock import FakeClock, to_micros
from onepool.definitions import Definitions
from onepool.reach import coupons
from onepool.state import State

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
AT = to_micros(NOW)
DAY = 86_400_000_000
_numbers = itertools.count()


def batch(state: State, **more: Any) -> str:
    """A new batch; its name."""
    name = f"B{next(_numbers)}"
    body = {"coupon": name, "face": {"amount": 20}, **more}
    coupons.parse_coupon(body)
    Definitions(state, FakeClock(NOW)).save("coupon", name, body, author="t")
    return name


def generate(state: State, name: str, count: int) -> int:
    with state.write() as connection:
        return coupons.generate(connection, coupons.load_batch(connection, name), count, AT)


def issue(
    state: State, name: str, keys: list[int], customers: list[int] | None = None, at: int = AT
) -> list[str | None]:
    with state.write() as connection:
        found = coupons.issue(
            connection, name, np.array(keys, np.int64), np.array(customers or keys, np.int64), None, at
        )
    codes: list[str | None] = found.to_pylist()
    return codes


def redeem(state: State, code: str, touchpoint: str = "mini", at: int = AT, customer: int | None = None) -> int:
    events = pa.table(
        {
            "time": pa.array([at], pa.int64()),
            "touchpoint": [touchpoint],
            "coupon_code": [code],
            "customer_id": pa.array([customer], pa.int64()),
            "order_id": ["O1"],
        }
    )
    with state.write() as connection:
        return coupons.fold(connection, events)


def figures(state: State, name: str) -> coupons.Figures:
    """The kept figures, which agree with a count of the codes."""
    with state.read() as connection:
        kept = coupons.figures_of(connection, name)
        assert kept == coupons.counted(connection, name)
    return kept
