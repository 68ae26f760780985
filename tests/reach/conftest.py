from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import ENGINES, postgres_server, state_url  # noqa: F401 fixtures

from .outbox import Outbox, make


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of a module that says BOTH_STATES run on SQLite and on PostgreSQL, the others on SQLite."""
    if "outbox" in metafunc.fixturenames:
        both = getattr(metafunc.module, "BOTH_STATES", False)
        metafunc.parametrize("outbox", ENGINES if both else ENGINES[:1], indirect=True)


@pytest.fixture
def outbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    """A workspace with its outbox; its state is a SQLite of its own, or a database of PostgreSQL."""
    monkeypatch.setenv("S", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    address = None
    if request.param != "sqlite":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_server")
        address = fresh()
    made = make(tmp_path / "ws", address)
    yield made
    made.close()
