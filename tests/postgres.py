"""The state on PostgreSQL: one server of its own for the tests of a process, a fresh database for each test.

A test module (or a folder's conftest) takes the fixtures by importing them: `postgres_server`, `state_url`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.databases import server

from onepool.state import State

ENGINES = ("sqlite", "postgres")
_TEMPLATE = "onepool_empty"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], str]]:
    """Gives the address of a fresh, empty state; skips where PostgreSQL is not installed."""
    with server("postgres") as url:
        base = url.rsplit("/", 1)[0]
        _run(url, f"CREATE DATABASE {_TEMPLATE}")
        State(f"{base}/{_TEMPLATE}").close()

        def fresh() -> str:
            name = f"state_{next(_numbers)}"
            # A database with its tables is copied in a fraction of the time that making them takes.
            _run(url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
            return f"{base}/{name}"

        yield fresh


@pytest.fixture(params=ENGINES)
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty state, on SQLite and on PostgreSQL: a test that takes it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.sqlite"
    fresh: Callable[[], str] = request.getfixturevalue("postgres_server")
    return fresh()


@pytest.fixture
def state(state_url: str) -> Iterator[State]:
    """An empty state, on SQLite and on PostgreSQL."""
    made = State(state_url)
    yield made
    made.close()


def _run(url: str, sql: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
