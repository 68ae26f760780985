"""Whose codes are when customers become one and when they are parted again."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, and_, bindparam, insert, select, update

from onepool.reach.coupons.among import among
from onepool.state.bulk import update_many
from onepool.state.coupons import coupon_codes, coupon_origins

I64: TypeAlias = npt.NDArray[np.int64]


def moved(connection: Connection, absorbed: I64, survivors: I64) -> None:
    """Codes of customers that were merged belong to the survivors from now on; who had them first is kept."""
    gone, kept = np.asarray(absorbed, np.int64).tolist(), np.asarray(survivors, np.int64).tolist()
    table, first = coupon_codes.c, coupon_origins.c
    known = select(first.code_id).where(first.code_id == table.id).exists()
    theirs = select(table.id, table.customer_id).where(and_(among(connection, table.customer_id, gone), ~known))
    connection.execute(insert(coupon_origins).from_select(["code_id", "customer_id"], theirs))
    statement = (
        update(coupon_codes)
        .where(table.customer_id == bindparam("of_customer"))
        .values(customer_id=bindparam("to_customer"))
    )
    update_many(connection, statement, ("of_customer", "to_customer"), zip(gone, kept, strict=True))


def parted(connection: Connection, identifiers: I64) -> I64:
    """Those of these identifiers, which came to other customers by splits, as whose customers codes were given out
    that went over to others: `returned` gives them to whose the identifiers are now."""
    if len(identifiers) == 0 or connection.execute(select(coupon_origins.c.code_id).limit(1)).first() is None:
        return np.empty(0, np.int64)
    first = coupon_origins.c.customer_id
    found = select(first).where(among(connection, first, np.asarray(identifiers, np.int64).tolist())).distinct()
    return np.array(sorted(connection.execute(found).scalars()), np.int64)


def returned(connection: Connection, identifiers: I64, customers: I64) -> None:
    """Codes that were given out to the customers of these numbers belong to whose the identifiers are now."""
    first = coupon_origins.c
    mine = select(first.code_id).where(first.customer_id == bindparam("of_identifier"))
    statement = (
        update(coupon_codes)
        .where(and_(coupon_codes.c.id.in_(mine), coupon_codes.c.customer_id.is_not(None)))
        .values(customer_id=bindparam("to_customer"))
    )
    pairs = zip(np.asarray(identifiers, np.int64).tolist(), np.asarray(customers, np.int64).tolist(), strict=True)
    update_many(connection, statement, ("of_identifier", "to_customer"), pairs)
