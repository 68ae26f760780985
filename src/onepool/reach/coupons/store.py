"""Batches of a workspace by name, parsed once."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock

from sqlalchemy import Connection, and_, select

from onepool.errors import OnePoolError
from onepool.reach.coupons.model import Coupon, parse_coupon
from onepool.state.schema import definitions

KIND = "coupon"
_MOST = 2000


class UnknownCoupon(OnePoolError):
    """There is no such batch of coupons."""

    code = "coupon-unknown"


_lock = Lock()
_parsed: OrderedDict[str, Coupon] = OrderedDict()


def load_batch(connection: Connection, name: str) -> Coupon:
    """The current version of a batch. Raises UnknownCoupon, CouponError."""
    found = all_batches(connection, name).get(name)
    if found is None:
        raise UnknownCoupon(f"there is no batch of coupons {name}", where=name)
    return found


def all_batches(connection: Connection, name: str | None = None, *, retired: bool = False) -> dict[str, Coupon]:
    """The current versions of all batches (or of one). `retired`: also the last ones of those that were retired, behind
    the others."""
    table = definitions.c
    wanted = [table.kind == KIND, table.current]
    if name is not None:
        wanted.append(table.name == name)
    if not retired:
        wanted.append(~table.deleted)
    query = select(table.name, table.hash, table.body).where(and_(*wanted)).order_by(table.deleted, table.id)
    return {row.name: _of(row.hash, row.body) for row in connection.execute(query)}


def _of(digest: str, body: str) -> Coupon:
    with _lock:
        found = _parsed.get(digest)
        if found is not None:
            _parsed.move_to_end(digest)
            return found
    found = parse_coupon(json.loads(body))
    with _lock:
        _parsed[digest] = found
        if len(_parsed) > _MOST:
            _parsed.popitem(last=False)
    return found
