"""How many codes of a batch are what. Kept beside the codes, in the same transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, and_, func, insert, select, update

from onepool.reach.coupons.model import Coupon
from onepool.reach.coupons.store import all_batches
from onepool.state.coupons import coupon_batches, coupon_codes, coupon_recalls

STATUSES: Final = ("free", "issued", "redeemed", "expired", "void")
_VOID: Final = STATUSES.index("void")


@dataclass(frozen=True, slots=True)
class Figures:
    """Codes of a batch by status. ``strays``: redemptions of a shared code by people who never got it here;
    ``recalled``: those of the void ones that had been given out."""

    free: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    void: int = 0
    strays: int = 0
    recalled: int = 0

    @property
    def given(self) -> int:
        """Codes that were given out, whatever became of them since: a shop may honour void ones too."""
        return self.issued + self.redeemed + self.expired + self.recalled

    def left(self, coupon: Coupon, at: int | None = None) -> int | None:
        """How many can still be given out; None: without end. ``at``: 0 outside of the batch's time."""
        start, end = coupon.valid.window
        if coupon.paused or (
            at is not None and ((start is not None and at < start) or (end is not None and at >= end))
        ):
            return 0
        stocked = None if coupon.stock is None else max(coupon.stock - self.given, 0)
        made = coupon.codes.generated
        if coupon.codes.shared is not None or (made is not None and made.on_demand):
            return stocked
        return self.free if stocked is None else min(self.free, stocked)


def figures_of(connection: Connection, batch: str) -> Figures:
    """The figures of one batch."""
    return all_figures(connection, [batch]).get(batch, Figures())


def all_figures(connection: Connection, batches: Sequence[str] | None = None) -> dict[str, Figures]:
    """The figures of batches (of all that have codes)."""
    table = coupon_batches.c
    query = select(
        table.batch, table.free, table.issued, table.redeemed, table.expired, table.void, table.strays,
        coupon_recalls.c["count"],
    ).outerjoin_from(coupon_batches, coupon_recalls, coupon_recalls.c.batch == table.batch)  # fmt: skip
    if batches is not None:
        query = query.where(table.batch.in_(list(batches)))
    found = {}
    for name, *counts, recalled in connection.execute(query).all():
        # Batches whose codes were made void before this was kept are counted until the next change.
        known = _recalled(connection, name) if recalled is None and counts[_VOID] else recalled
        found[name] = replace(Figures(*counts), recalled=known or 0)
    return found


def counted(connection: Connection, batch: str) -> Figures:
    """The same by counting every code: what the kept figures must agree with."""
    table = coupon_codes.c
    rows = connection.execute(select(table.status, func.count()).where(table.batch == batch).group_by(table.status))
    strays = figures_of(connection, batch).strays
    return Figures(**{row[0]: row[1] for row in rows}, strays=strays, recalled=_recalled(connection, batch))


def running_low(connection: Connection, at: int) -> dict[str, int]:
    """Batches of which fewer codes are left than there should be, while they are given out."""
    figures = all_figures(connection)
    found = {}
    for name, coupon in all_batches(connection).items():
        start, end = coupon.valid.window
        over = coupon.paused or (start is not None and at < start) or (end is not None and at >= end)
        left = figures.get(name, Figures()).left(coupon, at)
        if not over and left is not None and left < coupon.warns_below:
            found[name] = left
    return found


def lock(connection: Connection, batch: str, at: int) -> Figures:
    """Hold a batch until the transaction ends, so that nobody else gives out its codes; its figures."""
    table = coupon_batches
    found = connection.execute(select(table.c.batch).where(table.c.batch == batch).with_for_update()).first()
    if found is None:
        connection.execute(insert(table).values(batch=batch, changed=at))
    return figures_of(connection, batch)


def change(connection: Connection, batch: str, at: int, *, recalled: int = 0, **by: int) -> None:
    """Add to the figures of a batch (`lock` made its row), its codes being changed already."""
    table = coupon_batches
    if recalled:
        recalls = coupon_recalls
        more = update(recalls).where(recalls.c.batch == batch).values(count=recalls.c["count"] + recalled)
        if connection.execute(more).rowcount == 0:
            connection.execute(insert(recalls).values(batch=batch, count=_recalled(connection, batch)))
    values = {name: table.c[name] + count for name, count in by.items() if count}
    if values:
        connection.execute(update(table).where(table.c.batch == batch).values(**values, changed=at))


def _recalled(connection: Connection, batch: str) -> int:
    """Void codes of a batch that had been given out, counted."""
    table = coupon_codes.c
    void = and_(table.batch == batch, table.status == "void", table.issued.is_not(None))
    return connection.execute(select(func.count()).select_from(coupon_codes).where(void)).scalar_one()
