"""Coupons of a back-test: as many as there were when it begins, and those that came into the batch since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, and_, func, select

from onepool.journeys.backtest.types import I64
from onepool.reach.coupons import Coupon, all_batches
from onepool.state.coupons import coupon_codes

Reading = Callable[[], AbstractContextManager[Connection]]


@dataclass
class _Batch:
    """`loaded`: when each code came into it, ascending (None: they are made when they are asked for); `before`: codes
    given out before the span; `real`: by key, those that were really given out since; `had`: by customer."""

    coupon: Coupon
    loaded: I64 | None
    before: int
    real: dict[int, str]
    had: dict[int, int]
    recalled: int  # void ones that had been given out before: they count towards the stock only
    given: dict[int, str] = field(default_factory=dict)

    def left(self, at: int) -> int | None:
        """How many can be given out at an instant; None: without end."""
        start, end = self.coupon.valid.window
        if (start is not None and at < start) or (end is not None and at >= end):
            return 0
        return self.there(at)

    def there(self, at: int) -> int | None:
        """How many there are at an instant, whether they may be given out then or not; None: without end."""
        gone = self.before + len(self.given)
        stocked = None if self.coupon.stock is None else max(self.coupon.stock - gone - self.recalled, 0)
        if self.loaded is None:
            return stocked
        free = max(int(np.searchsorted(self.loaded, at, side="right")) - gone, 0)
        return free if stocked is None else min(free, stocked)


class Stock:
    """Gives out codes in the order in which they are asked for, each key once."""

    def __init__(self, reading: Reading, start: int) -> None:
        """`reading`: a connection of the workspace's state, which is only read; `start`: of the span."""
        self._reading, self._start = reading, start
        self._batches: dict[str, _Batch | None] = {}

    def room(self, batch: str, end: int) -> tuple[int, int] | None:
        """How many there are when the span begins and when it ends, if none is given out; None: without end."""
        found = self._batch(batch)
        if found is None:
            return 0, 0
        first, last = found.there(self._start), found.there(end)
        return None if first is None or last is None else (first, last)

    def codes(self, batch: str, keys: I64, customers: I64, now: I64) -> Sequence[str | None]:
        """A code for each key: the one that was really given out for it, else a made-up one; None: out of stock, out of
        its time, or the customer has as many as one may have."""
        found = self._batch(batch)
        if found is None:
            return [None] * keys.size
        codes: list[str | None] = []
        for key, customer, at in zip(keys.tolist(), customers.tolist(), now.tolist(), strict=True):
            code = found.given.get(key)
            if code is None and found.had.get(customer, 0) < found.coupon.per_customer:
                left = found.left(at)
                if left is None or left > 0:
                    code = found.given[key] = found.coupon.codes.shared or found.real.get(key, f"TRY{key:X}")
                    found.had[customer] = found.had.get(customer, 0) + 1
            codes.append(code)
        return codes

    def _batch(self, name: str) -> _Batch | None:
        if name not in self._batches:
            with self._reading() as connection:
                coupon = all_batches(connection, name).get(name)
                self._batches[name] = None if coupon is None else self._read(connection, coupon)
        return self._batches[name]

    def _read(self, connection: Connection, coupon: Coupon) -> _Batch:
        t = coupon_codes.c
        mine = and_(t.batch == coupon.coupon, t.status != "void")
        earlier = and_(mine, t.issued < self._start)
        before = connection.execute(select(func.count()).select_from(coupon_codes).where(earlier)).scalar_one()
        void = and_(t.batch == coupon.coupon, t.status == "void", t.issued < self._start)
        recalled = connection.execute(select(func.count()).select_from(coupon_codes).where(void)).scalar_one()
        had = connection.execute(
            select(t.customer_id, func.count()).where(earlier, t.customer_id.is_not(None)).group_by(t.customer_id)
        ).all()
        real = connection.execute(select(t.key, t.code).where(mine, t.issued >= self._start, t.key.is_not(None))).all()
        made = coupon.codes.generated
        loaded = None
        if coupon.codes.shared is None and (made is None or not made.on_demand):
            times = connection.execute(select(t.loaded).where(mine).order_by(t.loaded)).scalars()
            loaded = np.fromiter(times, np.int64)
        return _Batch(
            coupon, loaded, int(before), {int(key): str(code) for key, code in real},
            {int(customer): int(count) for customer, count in had}, int(recalled),
        )  # fmt: skip
