"""Preference pages of numbers that somebody else has by now."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from onepool.clock import to_micros
from onepool.state.schema import identifiers

from .conftest import PHONE, Brand


def test_the_page_of_an_earlier_owner_says_nothing_for_the_later_one(brand: Brand) -> None:
    ws, now = brand.world.workspace, to_micros(brand.world.clock.now())
    token, first = brand.token(PHONE), brand.node(PHONE)

    def handed_on(generation: int, since: int | None) -> None:
        with ws.state.write() as connection:
            number = connection.execute(select(func.max(identifiers.c.id))).scalar_one() + 1
            connection.execute(
                insert(identifiers).values(
                    id=number, key=generation.to_bytes(16, "big"), type="phone", scope="", value=f"+86{PHONE}",
                    first_seen=1, last_seen=2, base=first, generation=generation, valid_from=since, witness=0,
                )
            )  # fmt: skip

    handed_on(1, None)
    handed_on(2, now + 1)
    assert brand.desk.view(token) is not None, "needless since, and tomorrow's"
    handed_on(3, now)
    assert brand.desk.view(token) is None
