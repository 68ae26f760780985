"""What goes with customers who become one, and with identifiers that are parted from them again."""

from __future__ import annotations

from sqlalchemy import Connection

from onepool.journeys.world.inputs import Cut
from onepool.journeys.world.persons import present
from onepool.pool import Session
from onepool.reach import coupons


def coupons_follow(session: Session, connection: Connection, done: Cut) -> None:
    """Give codes to whose they are by now: before the step, which counts what a customer has."""
    merges = done.inputs.merges
    if merges.num_rows:
        gone = merges.column("customer_id").to_numpy()
        coupons.moved(connection, gone, merges.column("other_id").to_numpy())
    apart = coupons.parted(connection, done.parted)
    if apart.size:
        coupons.returned(connection, apart, present(session, apart))
