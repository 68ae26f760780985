"""The executor over the pool and the state, on SQLite and PostgreSQL, does what the naive interpreter does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from tests.journeys.differ import differences
from tests.journeys.differ_stored import Stored
from tests.journeys.drawing_logs import Seeded, case
from tests.postgres import postgres_server as postgres_server

from onepool.state import State


@pytest.mark.parametrize("part", range(4))
def test_on_sqlite(part: int) -> None:
    for seed in range(5000 + part, 5012, 4):
        state = State("sqlite://")
        found = differences(case(Seeded(seed), 30, 8), partial(Stored, state=state))
        state.close()
        assert not found, (seed, found[:6])


def test_on_postgresql(postgres_server: Callable[[], str]) -> None:
    for seed in range(6000, 6002):
        state = State(postgres_server())
        found = differences(case(Seeded(seed), 30, 8), partial(Stored, state=state))
        state.close()
        assert not found, (seed, found[:6])
