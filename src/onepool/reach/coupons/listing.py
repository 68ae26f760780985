"""Codes of a batch one page after another, for people and for files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from onepool.state import State
from onepool.state.coupons import coupon_codes

PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Code:
    """One code. Instants in microseconds."""

    id: int
    code: str
    status: str
    customer_id: int | None
    run_id: int | None
    loaded: int
    issued: int | None
    valid_from: int | None
    valid_until: int | None
    redeemed: int | None
    order_id: str | None


def page(
    connection: Connection,
    batch: str,
    *,
    status: str | None = None,
    customer_id: int | None = None,
    code: str | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Code]:
    """Codes behind the one with the id ``after``, in the order in which they came in."""
    table = coupon_codes.c
    query = select(
        table.id, table.code, table.status, table.customer_id, table.run_id, table.loaded, table.issued,
        table.valid_from, table.valid_until, table.redeemed, table.order_id,
    ).where(table.batch == batch, table.id > after)  # fmt: skip
    for column, value in ((table.status, status), (table.customer_id, customer_id), (table.code, code)):
        if value is not None:
            query = query.where(column == value)
    return [Code(*row) for row in connection.execute(query.order_by(table.id).limit(limit))]


def every(state: State, batch: str, status: str | None = None) -> Iterator[list[Code]]:
    """All codes, a page at a time, each page on a connection of its own: a slow reader holds nothing up."""
    after = 0
    while True:
        with state.read() as connection:
            found = page(connection, batch, status=status, after=after, limit=PAGE)
        if found:
            yield found
        if len(found) < PAGE:
            return
        after = found[-1].id


def masked(code: str) -> str:
    """A code that can't be used: its ends stay."""
    return f"{code[:2]}****{code[-2:]}" if len(code) >= 8 else f"{code[:1]}****"
