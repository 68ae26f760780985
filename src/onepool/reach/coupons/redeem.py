"""What becomes of codes that were given out: redeemed (told by events), expired (by the clock)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, bindparam, func, select, update

from onepool.reach.coupons import figures
from onepool.reach.coupons.among import among
from onepool.reach.coupons.model import Coupon
from onepool.reach.coupons.store import all_batches
from onepool.state.bulk import update_many
from onepool.state.coupons import coupon_codes

EVENT = "coupon_redeemed"
_NAMES = ("of_id", "to_status", "at", "order", "customer")


def fold(connection: Connection, events: pa.Table) -> int:
    """Take in redemptions; how many codes became redeemed by them.

    ``events``: time (microseconds, or timestamps), touchpoint, coupon_code, customer_id, order_id (all but the first
    three may be null or missing). A code counts at the touchpoints of its batch; the earliest redemption stays. Of a
    shared code the customer's oldest issue is redeemed; who never got it is counted as a stray, so events are handed
    over once.
    """
    rows = [row for row in _rows(events) if row["coupon_code"]]
    if not rows:
        return 0
    # What was given out of a retired batch is redeemed like any other.
    batches = all_batches(connection, retired=True)
    codes = sorted({row["coupon_code"] for row in rows})
    table = coupon_codes.c
    found = connection.execute(
        select(table.id, table.batch, table.code, table.status, table.customer_id, table.redeemed, table.issued)
        .where(among(connection, table.code, codes))
        .order_by(table.id)
    )  # fmt: skip
    held: dict[str, list[Any]] = defaultdict(list)
    for one in found:
        held[one.code].append(one)
    shared: dict[str, list[Coupon]] = defaultdict(list)
    for coupon in batches.values():
        if coupon.codes.shared is not None:
            shared[coupon.codes.shared].append(coupon)

    done: dict[int, tuple[int, str | None, int | None]] = {}
    was: dict[int, tuple[str, str, bool]] = {}
    strays: dict[str, int] = defaultdict(int)
    for row in sorted(rows, key=lambda one: one["time"]):
        hit = None
        for one in held.get(row["coupon_code"], ()):
            batch = batches.get(one.batch)
            if batch is not None and batch.touchpoints and row["touchpoint"] not in batch.touchpoints:
                continue
            common = batch is not None and batch.codes.shared == one.code
            mine = one.customer_id == row["customer_id"] and one.id not in done and one.status != "redeemed"
            if not common or mine:
                hit = one
                break
        if hit is None:
            for coupon in shared.get(row["coupon_code"], ()):
                if not coupon.touchpoints or row["touchpoint"] in coupon.touchpoints:
                    strays[coupon.coupon] += 1
                    break
            continue
        if hit.id in done or (hit.redeemed is not None and hit.redeemed <= row["time"]):
            continue
        whose = row["customer_id"] if hit.customer_id is None else hit.customer_id
        done[hit.id] = (row["time"], row["order_id"], whose)
        was[hit.id] = (hit.batch, hit.status, hit.issued is not None)
    return _write(connection, done, was, strays)


def expire(connection: Connection, at: int) -> int:
    """Codes whose time is over by ``at`` become expired; how many."""
    table = coupon_codes.c
    over = (table.status == "issued") & (table.valid_until <= at)
    counts = connection.execute(select(table.batch, func.count()).where(over).group_by(table.batch)).all()
    if not counts:
        return 0
    for batch, _ in counts:
        figures.lock(connection, batch, at)
    connection.execute(update(coupon_codes).where(over).values(status="expired"))
    for batch, count in counts:
        figures.change(connection, batch, at, issued=-count, expired=count)
    return sum(count for _, count in counts)


def _write(
    connection: Connection, done: dict[int, tuple[int, str | None, int | None]], was: dict[int, tuple[str, str, bool]],
    strays: dict[str, int],
) -> int:  # fmt: skip
    table = coupon_codes
    statement = (
        update(table)
        .where(table.c.id == bindparam("of_id"))
        .values(status=bindparam("to_status"), redeemed=bindparam("at"), order_id=bindparam("order"),
                customer_id=bindparam("customer"))
    )  # fmt: skip
    latest = max((at for at, _, _ in done.values()), default=0)
    changes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in done:
        batch, status, issued = was[one]
        if status != "redeemed":
            changes[batch][status] -= 1
            changes[batch]["redeemed"] += 1
            changes[batch]["recalled"] -= int(status == "void" and issued)
    for batch, count in strays.items():
        changes[batch]["strays"] += count
    for batch in sorted(changes):
        figures.lock(connection, batch, latest)
    update_many(connection, statement, _NAMES, ((one, "redeemed", *told) for one, told in done.items()))
    for batch, by in changes.items():
        figures.change(connection, batch, latest, **by)
    return sum(by.get("redeemed", 0) for by in changes.values())


def _rows(events: pa.Table) -> Iterable[dict[str, Any]]:
    names = events.column_names
    columns: dict[str, list[Any]] = {}
    for name in ("time", "touchpoint", "coupon_code", "customer_id", "order_id"):
        if name not in names:
            columns[name] = [None] * events.num_rows
            continue
        column = events.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
        columns[name] = column.to_pylist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
