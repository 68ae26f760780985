"""Giving out codes: to many customers at once, each key exactly once, never beyond the stock.

Everything happens in the caller's write transaction, which holds the batch (`figures.lock`): what is not committed was
not given out, and whoever asks again with the same key gets the same code.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from onepool.reach.coupons import figures
from onepool.reach.coupons.among import among
from onepool.reach.coupons.codes import fresh_codes
from onepool.reach.coupons.model import Coupon
from onepool.reach.coupons.store import all_batches
from onepool.state.bulk import insert_many, update_many
from onepool.state.columns import fetch
from onepool.state.coupons import coupon_codes, coupon_origins

I64: TypeAlias = npt.NDArray[np.int64]

_GIVEN = ("batch", "code", "status", "key", "customer_id", "run_id", "loaded", "issued", "valid_from", "valid_until")
_TAKEN = ("to_status", "to_key", "to_customer", "to_run", "at", "since", "until", "of_id")


def issue(
    connection: Connection, batch: str, keys: I64, customers: I64, run_ids: I64 | None, at: int
) -> pa.StringArray:
    """The code of each key, null where there is none to give.

    ``keys``: 63-bit hashes that tell issues apart (a key that was here before gets its code again, whatever became of
    it); ``customers`` and ``run_ids`` beside them, row by row; ``at``: the instant, in microseconds. Null: the batch
    is unknown, paused, outside of its time or out of stock, or the customer has as many as one may have. Rows are
    served in their order. Codes come from the pool in the order in which they came into it.
    """
    keys = np.asarray(keys, np.int64)
    customers = np.asarray(customers, np.int64)
    runs = np.full(len(keys), -1, np.int64) if run_ids is None else np.asarray(run_ids, np.int64)
    if len(keys) == 0:
        return pa.array([], pa.string())
    now = figures.lock(connection, batch, at)
    different, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    codes = _before(connection, batch, different)
    coupon = all_batches(connection, batch).get(batch)
    if coupon is not None:
        new = np.sort(first[codes.is_null().to_numpy(zero_copy_only=False)])  # in the order of the rows
        new = new[_may(connection, coupon, customers[new])]
        left = now.left(coupon, at)
        new = new if left is None else new[:left]
        if len(new):
            given = _give(connection, coupon, keys[new], customers[new], runs[new], at)
            codes = _with(codes, inverse[new], given)
    return codes.take(pa.array(inverse))


def forget(connection: Connection, customers: I64) -> None:
    """Codes stay, whose they were does not."""
    table = coupon_codes
    wanted = np.asarray(customers, np.int64).tolist()
    theirs = select(table.c.id).where(among(connection, table.c.customer_id, wanted))
    connection.execute(delete(coupon_origins).where(coupon_origins.c.code_id.in_(theirs)))
    connection.execute(
        update(table)
        .where(among(connection, table.c.customer_id, wanted))
        .values(customer_id=None, run_id=None, order_id=None)
    )


def _before(connection: Connection, batch: str, keys: I64) -> pa.StringArray:
    """The codes that these keys (ascending) have already."""
    table = coupon_codes.c
    found = fetch(
        connection, [table.key, table.code], (table.batch == batch) & among(connection, table.key, keys.tolist())
    )
    empty = pa.nulls(len(keys), pa.string())
    if found.num_rows == 0:
        return empty
    places = np.searchsorted(keys, found.column("key").to_numpy())
    return _with(empty, places, found.column("code").cast(pa.string()).combine_chunks())


def _with(codes: pa.StringArray, places: npt.NDArray[np.int64], given: pa.StringArray) -> pa.StringArray:
    """The codes, those at some places put in."""
    source = np.arange(len(codes), dtype=np.int64)
    source[places] = len(codes) + np.arange(len(given), dtype=np.int64)
    return pa.concat_arrays([codes, given]).take(pa.array(source))


def _may(connection: Connection, coupon: Coupon, customers: I64) -> npt.NDArray[np.bool_]:
    """Which of these rows their customers may still get, each row counted before the later ones."""
    if len(customers) == 0:
        return np.zeros(0, np.bool_)
    table = coupon_codes.c
    people, inverse = np.unique(customers, return_inverse=True)
    had = np.zeros(len(people), np.int64)
    query = (
        select(table.customer_id, func.count())
        .where(table.batch == coupon.coupon, among(connection, table.customer_id, people.tolist()))
        .where(table.status != "void")
        .group_by(table.customer_id)
    )
    for customer, count in connection.execute(query):
        had[np.searchsorted(people, customer)] = count
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(len(people)))
    rank = np.empty(len(customers), np.int64)
    rank[order] = np.arange(len(customers)) - starts[inverse[order]]
    allowed: npt.NDArray[np.bool_] = had[inverse] + rank < coupon.per_customer
    return allowed


def _give(
    connection: Connection, coupon: Coupon, keys: I64, customers: I64, runs: I64, at: int
) -> pa.StringArray:  # fmt: skip
    """Codes for these rows, of which there are enough."""
    since, until = coupon.valid.of(at)
    told = [keys.tolist(), customers.tolist(), [None if run < 0 else run for run in runs.tolist()]]
    count = len(keys)
    shared = coupon.codes.shared
    if shared is not None:
        _insert(connection, coupon, [shared] * count, told, at, since, until)
        figures.change(connection, coupon.coupon, at, issued=count)
        return pa.array([shared] * count, pa.string())
    table = coupon_codes
    free = (table.c.batch == coupon.coupon) & (table.c.status == "free")
    last = select(table.c.id).where(free).order_by(table.c.id)
    behind = connection.execute(last.offset(count).limit(1)).scalar_one_or_none()
    found = fetch(connection, [table.c.id, table.c.code], free if behind is None else free & (table.c.id < behind))
    found = found.sort_by("id")
    ids, codes = found.column("id").to_pylist(), found.column("code").cast(pa.string()).to_pylist()
    taken = len(codes)
    if taken:
        statement = (
            update(table)
            .where(table.c.id == bindparam("of_id"))
            .values(
                status=bindparam("to_status"), key=bindparam("to_key"), customer_id=bindparam("to_customer"),
                run_id=bindparam("to_run"), issued=bindparam("at"), valid_from=bindparam("since"),
                valid_until=bindparam("until"),
            )
        )  # fmt: skip
        values = (
            ("issued", key, customer, run, at, since, until, one)
            for one, key, customer, run in zip(ids, *(one[:taken] for one in told), strict=True)
        )
        update_many(connection, statement, _TAKEN, values)
    if taken < count:
        made = fresh_codes(connection, coupon, count - taken)
        _insert(connection, coupon, made, [one[taken:] for one in told], at, since, until)
        codes += made
    figures.change(connection, coupon.coupon, at, free=-taken, issued=count)
    return pa.array(codes, pa.string())


def _insert(
    connection: Connection, coupon: Coupon, codes: list[str], told: list[list[int | None]], at: int, since: int,
    until: int | None,
) -> None:  # fmt: skip
    rows = (
        (coupon.coupon, code, "issued", key, customer, run, at, at, since, until)
        for code, key, customer, run in zip(codes, *told, strict=True)
    )
    insert_many(connection, insert(coupon_codes), _GIVEN, rows)
