"""Messages sent by hand to look at them: how many a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from onepool.clock import to_micros
from onepool.errors import OnePoolError
from onepool.state import State
from onepool.state.schema import audit

ACTION: Final = "message.test"


class TooManyTests(OnePoolError):
    """The tests of the day are used up."""

    code = "too-many-tests"


def tests_left(state: State, now: datetime, most: int) -> int:
    """How many tests may still be sent, this one among them. Those of touchpoints count too. Raises TooManyTests."""
    since = to_micros(now - timedelta(days=1))
    with state.read() as connection:
        query = select(func.count()).where(audit.c.action == ACTION, audit.c.at > since)
        left = most - int(connection.execute(query).scalar_one())
    if left <= 0:
        raise TooManyTests(
            "the tests of these 24 hours are used up", hint="try again later, or raise messages.tests_per_day"
        )
    return left
