"""The executor over the pool and the state, on SQLite and PostgreSQL, does what the naive interpreter does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import select
from tests.journeys.differ import differences
from tests.journeys.differ_stored import Stored
from tests.journeys.drawing_logs import MINUTE, Case, Quantum, Seeded, case
from tests.journeys.naive_times import instant
from tests.postgres import postgres_server as postgres_server

from onepool.audience.conditions.reference import Fact
from onepool.state import State
from onepool.state.journeys import runs


@pytest.mark.parametrize("part", range(4))
def test_on_sqlite(part: int) -> None:
    for seed in range(5000 + part, 5012, 4):
        state = State("sqlite://")
        found = differences(case(Seeded(seed), 30, 8), partial(Stored, state=state))
        state.close()
        assert not found, (seed, found[:6])


def test_of_two_who_became_one_before_their_birthday_one_is_let_in() -> None:
    """Drawn as case 1000043: the pool of the test still had the profile of the one who went up in the other."""
    entry = {"date": "birthday", "time": "10:00", "every": "year"}
    wait = {"do": "wait", "for": "2 days", "next": "over"}
    body = {
        "journey": "above", "entry": entry, "policy": {"category": "promotion"}, "max_life": "1 month", "start": "n0",
        "zone": {"default": "Asia/Shanghai"}, "nodes": {"n0": wait, "over": {"do": "end", "as": "other"}},
    }  # fmt: skip
    start = instant(datetime(2026, 3, 1, tzinfo=UTC))
    hour, who = 60 * MINUTE, [1000, 1007, 1014]
    told = [(one, Fact("birthday", "1990-03-02", start - hour, one)) for one in who]
    quanta = [
        Quantum(start + hour, facts=told, people=frozenset(who)),
        Quantum(start + 2 * hour, merges=[(1007, 1014, start + 2 * hour - 3)], people=frozenset(who) - {1007}),
        # Ten o'clock in Shanghai on the second of March.
        Quantum(start + 27 * hour, people=frozenset(who) - {1007}),
    ]
    made = Case("Asia/Shanghai", start, [body], who, quanta, {})
    state = State("sqlite://")
    assert differences(made, partial(Stored, state=state)) == []
    with state.read() as connection:
        assert sorted(connection.execute(select(runs.c.customer_id)).scalars()) == [1000, 1014]
    state.close()


def test_on_postgresql(postgres_server: Callable[[], str]) -> None:
    for seed in range(6000, 6002):
        state = State(postgres_server())
        found = differences(case(Seeded(seed), 30, 8), partial(Stored, state=state))
        state.close()
        assert not found, (seed, found[:6])
