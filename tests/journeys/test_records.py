"""Runs as the state keeps them, on both databases."""

from __future__ import annotations

import numpy as np
import pytest
from tests.postgres import postgres_server, state, state_url  # noqa: F401

from onepool.journeys.world.records import Records
from onepool.state import State


@pytest.mark.parametrize("many", [3, 5000])
def test_runs_are_found_for_few_and_for_many(state: State, many: int) -> None:  # noqa: F811
    """Of many customers whose numbers lie side by side a stretch is read instead of seeking each one."""
    with state.write() as connection:
        assert len(Records(connection).runs_of(np.arange(many, dtype=np.int64), live=True)) == 0
